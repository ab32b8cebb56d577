/** All that a test of a pack may import besides the SDK, as `agent-platform/testing`. Works with any test runner. */
export type { Memory } from '../runtime/memory/memory.ts';
export { type ScriptedTurn, scriptedModel } from '../runtime/model/scripted.ts';
export type { HumanDecision, HumanTaskDetail } from './api/human-schemas.ts';
export type { RunTree } from './runs.ts';
export { chain } from './testing/chain.ts';
export { startTestPlatform, type TestPlatform, type TestPlatformOptions } from './testing/kit.ts';
export type { TestBatch } from './testing/process.ts';
export type { StoredEvent } from './topic-events.ts';
