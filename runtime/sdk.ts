/** All that a pack may import, as `agent-platform/sdk`. `z` is here so that a pack needs no packages of its own. */
export { z } from 'zod';
export { type ErrorCode, PlatformError } from '../config/errors.ts';
export { checkLocated, type LocatedYaml, parseLocated } from './definitions/located.ts';
export type { Finding } from './definitions/resolved.ts';
export type { Json, JsonObject } from './json.ts';
export { MemoryDraft, type MemorySeed, type Recalled } from './memory/memory.ts';
export {
  type CallRecord,
  type Conversation,
  type Player,
  type PlayerTurn,
  resultOf,
  type Task,
} from './model/player.ts';
export {
  type CallCount,
  type Check,
  type CheckView,
  type Condition,
  type DataCount,
  type DataProblem,
  defineCode,
  definePack,
  formatDataProblem,
  type PackCode,
  type PolicyView,
  type Row,
  type RunSummary,
  type Source,
  type Target,
  type Warning,
} from './pack.ts';
export { type AgentReport, flattenReports } from './report.ts';
export {
  delegateTool,
  EMIT_EVENT,
  ESCALATE,
  RECALL_MEMORY,
  STORE_MEMORY,
  SUBMIT_REPORT,
} from './tools/builtin.ts';
export { defineTool, type FactsOf, type OutputOf, type Tool, type ToolContext } from './tools/tool.ts';
