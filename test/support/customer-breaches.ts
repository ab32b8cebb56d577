import { accountHealthMain } from '../../packs/customer-success/player/account-health-main.ts';
import { csmBriefing } from '../../packs/customer-success/player/csm-briefing.ts';
import { riskAnalysis } from '../../packs/customer-success/player/risk-analysis.ts';
import { scriptedModel } from '../../runtime/model/scripted.ts';
import type { Conversation, JsonObject, Player, PlayerTurn } from '../../runtime/sdk.ts';
import { agentReport, playbook } from './accounts.ts';
import type { Input } from './customer-policy.ts';

/**
 * A model that plays the pack's agents by the playbook, except that it spoils what it is told to, as often as it is told to.
 * What a rule refused it does not see, so that it goes on as if it had not been tried.
 */
/** A turn in place of the player's; null leaves that one as it is. */
export type Spoil = (turn: PlayerTurn, conversation: Conversation) => PlayerTurn | null;

export interface Breach {
  agent: string;
  times: number;
  spoil: Spoil;
}

/** A sentence of the definitions that a rule holds, with a way to break it. */
export interface Case {
  sentence: string;
  agent: 'account_health_main' | 'risk_analysis' | 'csm_briefing';
  rule: string;
  spoil: Spoil;
  /** Tools that must not have taken effect while the rule is broken. */
  held: string[];
  account?: string;
}

const PLAYERS: Record<string, Player> = {
  account_health_main: accountHealthMain(playbook),
  risk_analysis: riskAnalysis(playbook),
  csm_briefing: csmBriefing(playbook),
};

export function breachingModel(breach: () => Breach | null) {
  const broken = new WeakMap<Breach, number>();
  return scriptedModel((conversation) => {
    const unseen = /^enforce\./;
    const calls = conversation.calls.filter(({ ok, result }) => ok || !unseen.test(String(result)));
    const seen = { ...conversation, calls };
    const turn = playerOf(conversation.agent)(seen);
    const now = breach();
    if (now === null || now.agent !== conversation.agent) return turn;
    const before = broken.get(now) ?? 0;
    const spoilt = before < now.times ? now.spoil(structuredClone(turn), seen) : null;
    if (spoilt === null) return turn;
    broken.set(now, before + 1);
    return spoilt;
  });
}

function playerOf(agent: string): Player {
  const player = PLAYERS[agent];
  if (!player) throw new Error(`there is no player of ${agent}`);
  return player;
}

/** Spoils the calls of that name, in the turn that makes one. */
export function spoilt(name: string, change: (input: Input) => void): Spoil {
  return (turn) => {
    const calls = turn.calls?.filter((call) => call.name === name) ?? [];
    for (const { input } of calls) change(input as unknown as Input);
    return calls.length > 0 ? turn : null;
  };
}

/** All of them, in the turn that makes one. */
export function allOf(...spoils: Spoil[]): Spoil {
  return (turn, conversation) => {
    const made = spoils.map((spoil) => spoil(turn, conversation));
    return made.some((one) => one !== null) ? turn : null;
  };
}

/** In place of the turn that calls `name`, what the player would do once these calls had succeeded. */
export function skippedTo(name: string, ...results: [name: string, result: unknown][]): Spoil {
  return (turn, conversation) => {
    if (!turn.calls?.some((call) => call.name === name)) return null;
    const made = results.map(([tool, result]) => ({ name: tool, input: {}, ok: true, result: result as JsonObject }));
    return playerOf(conversation.agent)({ ...conversation, calls: [...conversation.calls, ...made] });
  };
}

/** In place of the turn that calls `name`, this call. */
export function instead(name: string, call: { name: string; input: JsonObject }): Spoil {
  return (turn) => (turn.calls?.some((one) => one.name === name) ? { calls: [call] } : null);
}

/** Spoils the text of a turn without calls. */
export function text(change: (text: string) => string): Spoil {
  return (turn) => (turn.calls?.length ? null : { text: change(turn.text ?? '') });
}

export const NO_MEMORIES: [string, unknown] = ['recall_memory', { memories: [] }];
export const ACTED: [string, unknown][] = [
  ['emit_event', { id: 'e' }],
  ['store_memory', { id: 'm' }],
  ['delegate_to_csm_briefing', agentReport('csm_briefing')],
];
