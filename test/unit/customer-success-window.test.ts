import assert from 'node:assert/strict';
import { accountHealthMain } from '../../packs/customer-success/player/account-health-main.ts';
import { csmBriefing } from '../../packs/customer-success/player/csm-briefing.ts';
import { riskAnalysis } from '../../packs/customer-success/player/risk-analysis.ts';
import type { JsonObject, Player } from '../../runtime/sdk.ts';
import { AS_OF, lifecycle, metrics, playbook } from '../support/accounts.ts';
import { suite } from '../support/suite.ts';

const test = suite('the players and a small working memory');

const PLAYERS: [agent: string, player: Player, turns: number][] = [
  ['account_health_main', accountHealthMain(playbook), 3],
  ['risk_analysis', riskAnalysis(playbook), 4],
  ['csm_briefing', csmBriefing(playbook), 2],
];

const facts = { get_account_metrics: metrics(), get_account_lifecycle: lifecycle() } as unknown as JsonObject;

for (const [agent, player, turns] of PLAYERS) {
  test(`${agent} stops when turns of its own are no longer shown, instead of doing them again`, () => {
    const answer = (dropped_turns?: number) =>
      player({
        agent,
        task: {
          instructions: 'Weekly health check',
          payload: { assessment: 'watch', reasons: ['One signal declines.'] },
          subject: 'acme-corp',
          as_of: AS_OF,
          facts,
          ...(dropped_turns !== undefined && { dropped_turns }),
        },
        calls: [],
        tools: [],
      });
    answer();
    const needs = `the working_memory_window of this agent is too small for its playbook: ${agent} needs at least ${turns} turns`;
    assert.throws(() => answer(1), { message: `${needs}, and its first one is no longer shown` });
    assert.throws(() => answer(7), { message: `${needs}, and its first 7 are no longer shown` });
  });
}

test.run();
