/** The conversation of an invocation, as the Messages API wants it: roles take turns, and each call has its result. Pure. */
import { asError, asRefusal, asResult } from '../model/data.ts';
import { isThinking, type Message, type ReplyBlock, type ToolResultBlock } from '../model/provider.ts';
import type { Json } from '../json.ts';
import type { CallState, TurnState } from './invocation.ts';
import { shorten, type Shortened } from './shorten.ts';

export interface Showing {
  /** How many characters of a call's result are shown. */
  most(call: CallState): number;
  /** How to ask for the rest, in a sentence of the tool's own; null when it has none. */
  rest(call: CallState): string | null;
}

const WHOLE: Showing = { most: () => Infinity, rest: () => null };

/** `thinks`: reasoning goes back with its turn. */
export function conversation(
  opening: Message,
  turns: readonly TurnState[],
  thinks: boolean,
  showing: Showing = WHOLE,
): Message[] {
  const taken = new Set<string>();
  const messages = [opening];
  for (const turn of turns) {
    const ids = turn.calls.map(({ id }) => ownId(id, taken));
    for (const message of messagesOf(turn, ids, thinks, showing)) append(messages, message);
  }
  return messages.map((message) => ({ ...message, content: wellFormed(message.content) }) as Message);
}

/** Half of a surrogate pair is no character: a body that holds one is refused as no JSON, and would be at every try. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), wellFormed(each)]));
}

/** An answer that says nothing is not sent back, nor is reasoning alone; what it was told about that is. */
function messagesOf(turn: TurnState, ids: readonly string[], thinks: boolean, showing: Showing): Message[] {
  const content = shown(turn.content, ids, thinks);
  const says = content.some(({ type }) => type === 'text' || type === 'tool_use');
  const notes: string[] = [];
  const results = turn.calls.flatMap((call, i) => {
    const id = ids[i] ?? call.id;
    const { value, left_out } = shownOf(call, showing.most(call));
    if (left_out.length > 0) notes.push(shortenedNote(call, id, left_out, showing.rest(call)));
    return resultOf(call, value, id, turn.remark);
  });
  const remarks = [...notes, turn.correction, turn.remark].flatMap((text) =>
    text === null ? [] : [{ type: 'text' as const, text }],
  );
  const answers = [...results, ...remarks];
  const by = turn.asked !== undefined && content.some(isThinking) ? { model: turn.asked } : {};
  return [
    ...(says ? [{ role: 'assistant' as const, content, ...by }] : []),
    ...(answers.length > 0 ? [{ role: 'user' as const, content: answers }] : []),
  ];
}

function append(messages: Message[], message: Message): void {
  const last = messages.at(-1);
  if (last?.role === 'user' && message.role === 'user') last.content.push(...message.content);
  else messages.push(message);
}

/** Providers refuse empty texts, know no field of ours, and take no name or id but in their own letters. */
function shown(content: ReplyBlock[], ids: readonly string[], thinks: boolean): ReplyBlock[] {
  let nth = 0;
  return content.flatMap((block): ReplyBlock[] => {
    if (block.type === 'text') return block.text.trim() === '' ? [] : [block];
    if (isThinking(block)) return thinks ? [block] : [];
    const id = ids[nth] ?? block.id;
    nth += 1;
    return [{ type: 'tool_use', id, name: inLetters(block.name, 'unnamed'), input: block.input }];
  });
}

/** Each result answers one call: a conversation in which two have the same id is refused. */
function ownId(id: string, taken: Set<string>): string {
  const wanted = inLetters(id, 'call');
  let own = wanted;
  for (let nth = 2; taken.has(own); nth += 1) own = `${wanted}_${nth}`;
  taken.add(own);
  return own;
}

const LONGEST = 128;

function inLetters(text: string, otherwise: string): string {
  return text.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, LONGEST) || otherwise;
}

function shownOf({ status, result }: CallState, most: number): Shortened {
  const settled = status === 'ok' || status === 'error';
  return settled && most !== Infinity ? shorten(wellFormed(result) as Json, most) : { value: result, left_out: [] };
}

/** Said by the platform, outside of the data: what is not there, and how to get it. */
function shortenedNote({ name, kind }: CallState, id: string, left: readonly string[], rest: string | null): string {
  const again = kind === 'delegate' ? 'ask the agent again for' : 'call the tool again with an input that selects only';
  const what = `of the result of ${inLetters(name, 'unnamed')} (${id}) only this is shown: ${left.join('; ')}`;
  return `SHORTENED by the platform: ${what}. ${rest ?? `To see what is left out, ${again} the part that you need.`}`;
}

/** What is said of a turn that a person sent back; each call that it held has `why` for its error. */
export function notTaken(why: string): string {
  return `The turn did not take effect. ${why}`;
}

/** `shown`: the result, or what of it is shown. */
function resultOf(call: CallState, shown: Json, id: string, remark: string | null): ToolResultBlock[] {
  const { status, result, verdicts } = call;
  if (status === 'ok')
    return [{ type: 'tool_result', tool_use_id: id, content: asResult(JSON.stringify(wellFormed(shown))) }];
  if (status !== 'error') return [];
  const inText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const refused = verdicts.some(({ ok }) => !ok) || remark === notTaken(inText(result));
  const marked = refused ? asRefusal(inText(shown)) : asError(inText(shown));
  return [{ type: 'tool_result', tool_use_id: id, content: marked, is_error: true }];
}
