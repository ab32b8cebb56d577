/**
 * Where large values stand in entries and in mail: results of tools, reports of children, facts that are handed down, lists of
 * a batch's targets.
 * They are cut when an entry or a mail is written and made whole when it is read, so that nobody else meets a reference.
 */
import type { Json, JsonObject } from '../json.ts';
import type { AgentReport } from '../report.ts';
import type { Entry, Invocation, JournaledEvent } from './entry.ts';
import { LARGEST_INLINE } from './objects.ts';

/** Cuts a value, or makes it whole. */
export type Swap = (value: Json) => Promise<Json>;

/** Whether a text of JSON may hold values to cut or references to make whole: most do not, and are left alone. Pure. */
export function mayHoldLarge(text: string): boolean {
  return text.length * 3 > LARGEST_INLINE || text.includes('"$object"');
}

export async function swapEntry<E extends Entry>(entry: E, swap: Swap): Promise<E> {
  const events: JournaledEvent[] = [];
  for (const event of entry.events) events.push(await swapEvent(event, swap));
  return { ...entry, events };
}

async function swapEvent(event: JournaledEvent, swap: Swap): Promise<JournaledEvent> {
  switch (event.type) {
    case 'tool.settled':
      return { ...event, result: await swap(event.result) };
    case 'child.reported':
      return 'report' in event ? { ...event, report: await swapReport(event.report, swap) } : event;
    case 'invoked':
      return 'invocation' in event
        ? { ...event, invocation: await swapInvocation(event.invocation, swap) }
        : { ...event, batch: { ...event.batch, only: (await swap(event.batch.only)) as string[] | null } };
    case 'targets.listed':
      return { ...event, targets: (await swap(event.targets)) as typeof event.targets };
    default:
      return event;
  }
}

export async function swapReport(report: AgentReport, swap: Swap): Promise<AgentReport> {
  const children = await swap(report.children as unknown as Json);
  return { ...report, data: await swap(report.data), children: children as unknown as AgentReport[] };
}

export async function swapInvocation(invocation: Invocation, swap: Swap): Promise<Invocation> {
  return { ...invocation, facts: (await swap(invocation.facts)) as JsonObject };
}
