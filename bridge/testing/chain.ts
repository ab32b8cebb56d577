import type { RunTree } from '../journals/runs.ts';

/**
 * The journal of a run in words: the machine events of its invocations as `path state: event+event`, in the order they
 * were appended, such as `0 thinking: invoked` or `0-1 completed: model.replied+completed`. Pure.
 */
export function chain(tree: RunTree): string[] {
  const all = (each: RunTree): { seq: number; text: string }[] => [
    ...each.entries.map((entry) => ({
      seq: entry.seq,
      text: `${each.address.path} ${entry.state}: ${entry.events.map(({ type }) => type).join('+')}`,
    })),
    ...each.children.flatMap(all),
  ];
  return all(tree)
    .sort((a, b) => a.seq - b.seq)
    .map(({ text }) => text);
}
