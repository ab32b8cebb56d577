import type { Conversation } from 'agent-platform/sdk';

/**
 * Players go by the calls that the conversation shows. Where the window has dropped turns, a player that went on would do
 * again what it has done, alerts and memories included: it stops with an error instead. `turns`: of its longest course.
 */
export function seesAllItsTurns({ agent, task }: Conversation, turns: number): void {
  const dropped = task.dropped_turns ?? 0;
  if (dropped === 0) return;
  throw new Error(
    `the working_memory_window of this agent is too small for its playbook: ${agent} needs at least ${turns} turns, ` +
      `and its first ${dropped === 1 ? 'one is' : `${dropped} are`} no longer shown`,
  );
}
