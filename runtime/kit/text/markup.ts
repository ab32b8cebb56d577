/** Links and HTML in a text for people. What a reader does not see, or is led to, is looked at here. Pure. */

/** The first HTML tag or comment; null when there is none. `a < b` is none. */
export function htmlIn(text: string): string | null {
  return /<!--|<\/?[a-z][a-z0-9-]*(?:\s[^<>]*)?\/?>/i.exec(text)?.[0] ?? null;
}

/** A comment is text that nobody sees. */
export function htmlCommentIn(text: string): boolean {
  return text.includes('<!--');
}

const LINKS = [
  // [text](target), [text]: target
  /\]\(\s*<?([^\s()<>]+)/g,
  /^\s{0,3}\[[^\]]+\]:\s*<?([^\s<>]+)/gm,
  // In HTML, and as it stands.
  /\b(?:href|src)\s*=\s*["']?([^\s"'<>]+)/gi,
  /\b([a-z][a-z0-9+.-]*:\/\/[^\s<>()"'`\]]+|(?:mailto|javascript|data|tel):[^\s<>()"'`\]]+|www\.[^\s<>()"'`\]]+)/gi,
];

/** Where the links of a text lead, each once, in the order of the text per kind of link. */
export function linksIn(text: string): string[] {
  const found = LINKS.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, target = '']) => target.replace(/[.,;:!?]+$/, '')),
  );
  return [...new Set(found)].filter((target) => target !== '');
}

/** The first link that does not lead by HTTP to one of these hosts, or a host below one; null when all do. */
export function foreignLinkIn(text: string, hosts: readonly string[]): string | null {
  const isOwn = (target: string): boolean => {
    const whole = target.startsWith('www.') ? `https://${target}` : target;
    if (!URL.canParse(whole)) return false;
    const { protocol, hostname } = new URL(whole);
    return /^https?:$/.test(protocol) && hosts.some((host) => hostname === host || hostname.endsWith(`.${host}`));
  };
  return linksIn(text).find((target) => !isOwn(target)) ?? null;
}
