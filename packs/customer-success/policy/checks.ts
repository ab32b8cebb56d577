import type { Check } from 'agent-platform/sdk';
import { channelIn, firstIn, formProblem } from 'agent-platform/text';
import { accountName, type Facts, readFacts, type View } from '../known.ts';
import { briefingForm, type Playbook } from '../playbook.ts';
import { memoryCited, noInaction, ownAccount, reasonsHold, twoSignals } from './assessed.ts';
import { concessionIn } from './concessions.ts';
import { figuresHold } from './figures.ts';
import { forecastIn } from './forecast.ts';
import { givenAway, internalsOf } from './internals.ts';
import { unknownName } from './names.ts';
import { signalsCited, statusHolds } from './routed.ts';
import { oneAssessment } from './stated.ts';
import { recommended, told, worded } from './told.ts';

/** The checks behind `enforce` rules without an expression, by the rule's id. Numbers are the playbook's. */
export function checks(playbook: Playbook): Record<string, Check<Facts>> {
  return {
    signals_cited: (view) => signalsCited(view, playbook),
    no_forecast: (view) =>
      firstIn(worded(view), ({ where, text }) => forecastIn(text, where === 'instructions' && view.call !== null)),
    status_holds: (view) => statusHolds(view, playbook),
    figures_hold: (view) => figuresHold(view, playbook),
    no_internals: noInternals,

    memory_cited: memoryCited,
    two_signals: (view) => twoSignals(view, playbook),
    own_account: ownAccount,
    reasons_hold: (view) => reasonsHold(view, playbook),
    no_inaction: (view) => noInaction(view, playbook),
    one_assessment: oneAssessment,
    no_concessions: (view) => firstIn(recommended(view), ({ text }) => concessionIn(text)),

    four_sections: ({ report, facts }) =>
      report === null ? null : formProblem(report.text, briefingForm(playbook), accountName(readFacts(facts))),
    no_channels: (view) => firstIn(worded(view), ({ text }) => channelIn(text)),
    known_names: (view) => {
      const known = readFacts(view.facts);
      return firstIn(told(view), ({ text }) => unknownName(text, known));
    },
  };
}

function noInternals(view: View): string | null {
  const internals = internalsOf(readFacts(view.facts), view.subject);
  return firstIn(told(view), ({ text }) => givenAway(text, internals));
}
