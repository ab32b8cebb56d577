/** Questions to people and their answers, as they stand in journals. */
import type { Json } from '../json.ts';

export interface Escalation {
  /** Name of the rule that decided. */
  rule: string;
  target: 'human' | 'parent';
  reason: string;
  /** What a person is asked; only and always with the target `human`. */
  task?: HumanTask;
}

/** A question to a person. What it wants to do is the turn that it holds: the invocation's last one. */
export interface HumanTask {
  /** `<run>.<path>.<n>`: the n-th task of that invocation. */
  id: string;
  /**
   * `approval`: the turn takes effect when a person approves. `breach`: the turn breaks an `enforce` rule, which no approval
   * lifts: it is edited, sent back or rejected. `budget`: approving grants the same once more. `quarantine`: the invocation
   * has failed; approving has it go on from its journal. `model`: the model refused the request; approving asks it again.
   */
  kind: 'approval' | 'breach' | 'budget' | 'quarantine' | 'model';
  /** All rules that ask; approving answers them all. */
  rules: string[];
  /** Why a person is asked, with the evidence. */
  question: string;
  decides: Deciders;
  /** ISO times; `due` is null for a task that never expires. */
  opened: string;
  due: string | null;
  on_expiry: OnExpiry;
}

/** Who may decide: the person of that name, and everyone with that role. */
export interface Deciders {
  name: string | null;
  role: string;
}

/** `refuse`: ends as refused. `approve`: as if approved. `escalate`: handed to whoever started it. */
export type OnExpiry = 'refuse' | 'approve' | 'escalate';

export interface Decision {
  /** The caller's own id: the same decision may be sent again. */
  id: string;
  task: string;
  answer: 'approve' | 'edit' | 'reject' | 'ask_again';
  /** Who decided, and as what; the platform takes the door's word for it. */
  by: string;
  role: string | null;
  note: string;
  /** ISO time at which the door took it. */
  at: string;
}

/** What an `edit` puts in place of what was proposed. */
export interface Edits {
  /** New inputs of calls of the held turn, by ordinal. */
  calls?: { ordinal: number; input: Json }[];
  report?: { text: string; data: Json };
}
