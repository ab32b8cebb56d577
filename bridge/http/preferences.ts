/** The header `Prefer` (RFC 7240), as far as this door knows it. Pure. */
export interface Preferences {
  respondAsync: boolean;
  /** Seconds. */
  wait: number | null;
}

export function preferencesOf(header: string | undefined): Preferences {
  const preferences: Preferences = { respondAsync: false, wait: null };
  for (const part of (header ?? '').split(',')) {
    const [name = '', value = ''] = (part.split(';')[0] ?? '').split('=').map((text) => text.trim());
    if (name.toLowerCase() === 'respond-async') preferences.respondAsync = true;
    const seconds = /^"?(\d{1,6})"?$/.exec(value)?.[1];
    // The first one counts.
    if (name.toLowerCase() === 'wait' && seconds !== undefined) preferences.wait ??= Number(seconds);
  }
  return preferences;
}
