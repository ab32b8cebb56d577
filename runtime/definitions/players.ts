import type { PackCode } from '../pack.ts';

/** The model whose replies are those of the pack's players. */
export const PLAYED_MODEL = 'rehearsal';
export const NO_PLAYER = 'has no player: it needs a real model';

/** Of these agents, those that the model cannot answer for, since their pack has no player for them. Pure. */
export function unplayedAgents(model: string, agents: Iterable<string>, { players }: PackCode): string[] {
  return model === PLAYED_MODEL ? [...agents].filter((name) => !Object.hasOwn(players, name)) : [];
}
