import type { Player, PlayerTurn } from 'agent-platform/sdk';
import { writeBriefing } from '../briefing.ts';
import { readBriefingContext } from '../briefing-context.ts';
import { readFacts } from '../known.ts';
import type { Playbook } from '../playbook.ts';
import { seesAllItsTurns } from './whole-conversation.ts';

/** The reply, also after an escalation that was refused. */
const TURNS = 2;

/** Plays csm_briefing: replies with the briefing, or escalates to its parent when the task lacks what a briefing needs. */
export function csmBriefing(playbook: Playbook): Player {
  return (conversation) => {
    seesAllItsTurns(conversation, TURNS);
    const { task } = conversation;
    const context = readBriefingContext(task.payload);
    const { metrics, lifecycle } = readFacts(task.facts);
    if (typeof context === 'string') return missing(context);
    if (metrics === null) return missing('the metrics of the account are missing');
    if (lifecycle === null) return missing('the lifecycle of the account is missing');
    return { text: writeBriefing(context, { metrics, lifecycle }, playbook) };
  };
}

function missing(reason: string): PlayerTurn {
  return { calls: [{ name: 'escalate', input: { condition: 'missing_assessment_context', reason } }] };
}
