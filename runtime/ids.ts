/**
 * The rule for ids that callers make up: of runs, batches, threads and decisions. Doors publish it as a pattern in their
 * schemas. Ids that were recorded before the rule stay as they are: whoever reads takes any text, and a run or batch that
 * exists may be asked for again under its own id. Pure.
 */
import { PlatformError } from '../config/errors.ts';
import { BIDIRECTIONAL, CONTROLS } from './characters.ts';

/** In Unicode characters, as JSON Schema counts them, not in the units that JavaScript counts. */
export const ID_MAX = 200;
const BARRED = `${CONTROLS}${BIDIRECTIONAL}`;

/**
 * No two ids differ only in what people and programs outside pass over: no outer white space, no control or bidirectional
 * characters. `..` is barred because addresses and paths are made of ids.
 */
export const NEW_ID = new RegExp(`^(?!\\s|.*\\.\\.)[^${BARRED}]{0,${ID_MAX - 1}}[^\\s${BARRED}]$`, 'u');
export const NEW_ID_RULE = `1 to ${ID_MAX} characters, no white space at either end, no control characters, no bidirectional ones, no ".."`;
/** A batch id names a folder of reports, so it is stricter. */
export const BATCH_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
export const NEW_BATCH_ID = new RegExp(`^(?!.*\\.\\.)${BATCH_ID.source.slice(1)}`);

/** The name of somebody: one line. */
export const NAME = new RegExp(`^(?=.*\\S)[^${BARRED}]{1,${ID_MAX}}$`, 'u');
export const NAME_RULE = `1 to ${ID_MAX} characters, not only blanks, no control characters, no bidirectional ones`;

const RECORDABLE = new RegExp(`^[^${BARRED}]{1,${ID_MAX}}$`, 'u');

export function isNewId(id: string): boolean {
  return NEW_ID.test(id) && id.isWellFormed();
}

/** @throws PlatformError `run.invalid` */
export function refuseNewId(id: string): never {
  throw new PlatformError('run.invalid', `the id of a new run has ${NEW_ID_RULE}, got ${JSON.stringify(id)}`);
}

/**
 * Checks a run id that is made of a batch's and of what the data calls a target: data is taken as it is, as long as the id
 * can be recorded and shown.
 * @throws PlatformError `run.invalid`
 */
export function checkTargetRun(run: string): void {
  if (RECORDABLE.test(run) && run.isWellFormed()) return;
  throw new PlatformError(
    'run.invalid',
    `a run id has 1 to ${ID_MAX} characters, no control characters, no bidirectional ones and no half of a surrogate pair, got ${JSON.stringify(run)}`,
  );
}
