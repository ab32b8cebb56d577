/** How journals hang together: who delegated to whom. Pure. */
import { addressKey } from '../../runtime/address.ts';
import type { Told, ToldInvocation } from './told.ts';

/** All journals, by `addressKey`. */
export type Journals = ReadonlyMap<string, Told>;

export function at(all: Journals, tenant: string, run: string, path: string): Told | undefined {
  return all.get(addressKey({ tenant, run, path }));
}

/** An invocation and all that it delegated to, as far as they have journals. */
export function treeOf(root: ToldInvocation, all: Journals): ToldInvocation[] {
  const children = delegated(root).flatMap(({ path }) => {
    const child = at(all, root.address.tenant, root.address.run, path);
    return child?.kind === 'invocation' ? treeOf(child, all) : [];
  });
  return [root, ...children];
}

/** The delegations of an invocation, and whether it still waits for them. */
export function delegated({
  context,
}: ToldInvocation): { agent: string; path: string; waits: boolean; started: boolean }[] {
  return context.turns.flatMap(({ calls }) =>
    calls.flatMap(({ delegate, status }) =>
      delegate ? [{ ...delegate, waits: status === 'running', started: status !== 'pending' }] : [],
    ),
  );
}
