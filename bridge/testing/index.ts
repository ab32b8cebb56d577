/** All that a test of a pack may import besides the SDK, as `agent-platform/testing`. Works with any test runner. */
export type { Memory } from '../../runtime/memory/memory.ts';
export { type ScriptedTurn, scriptedModel } from '../../runtime/model/scripted.ts';
export type { HumanDecision, HumanTaskDetail } from '../contract/human-schemas.ts';
export type { RunTree } from '../journals/runs.ts';
export { chain } from './chain.ts';
export { startTestPlatform, type TestPlatform, type TestPlatformOptions } from './kit.ts';
export type { TestBatch } from './process.ts';
export type { StoredEvent } from '../follow/topic-events.ts';
