import { defineCode, definePack } from 'agent-platform/sdk';
import { conditions } from './conditions.ts';
import { openData } from './data/open.ts';
import { customerTables } from './data/tables.ts';
import { Playbook } from './playbook.ts';
import { accountHealthMain } from './player/account-health-main.ts';
import { csmBriefing } from './player/csm-briefing.ts';
import { riskAnalysis } from './player/risk-analysis.ts';
import { checks } from './policy/checks.ts';
import { HealthReport, RiskReport } from './reports.ts';
import { healthRow } from './row.ts';
import { CsmAlert, CsmBriefing } from './schemas.ts';
import { getAccountLifecycle } from './tools/get_account_lifecycle.ts';
import { getAccountMetrics } from './tools/get_account_metrics.ts';

export default definePack({
  parameters: { playbook: Playbook },
  create: ({ parameters: { playbook } }) =>
    defineCode({
      tools: [getAccountMetrics(playbook), getAccountLifecycle()],
      agents: ['account_health_main', 'risk_analysis', 'csm_briefing'],
      conditions: conditions(playbook),
      checks: checks(playbook),
      schemas: { CsmAlert, CsmBriefing },
      reports: { account_health_main: HealthReport, risk_analysis: RiskReport },
      players: {
        account_health_main: accountHealthMain(playbook),
        risk_analysis: riskAnalysis(playbook),
        csm_briefing: csmBriefing(playbook),
      },
      open: (folder) => openData(folder, playbook),
      check: customerTables.check,
      row: (_schedule, run) => healthRow(run, playbook),
    }),
});
