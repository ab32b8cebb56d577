/** Fields that several requests have. A request's text and ids are bounded, so that no door takes what a journal could not hold. */
import { z } from 'zod';
import { BATCH_ID, ID_MAX, NAME, NAME_RULE, NEW_BATCH_ID, NEW_ID, NEW_ID_RULE } from '../../runtime/ids.ts';

/** Names what exists, under whatever rule it was made. JavaScript counts up to two units for a character. */
export const Id = z
  .string()
  .min(1)
  .max(2 * ID_MAX);
/** Made up by the caller. */
export const NewId = z.string().regex(NEW_ID, NEW_ID_RULE).meta({ minLength: 1, maxLength: ID_MAX });
/**
 * The id of a run or batch that may be new: the door looks whether it is, and then holds it to the pattern that is
 * published here (`run.invalid`).
 */
export const NewRunId = z
  .string()
  .regex(new RegExp(`^[^]{1,${ID_MAX}}$`, 'u'), `1 to ${ID_MAX} characters`)
  .meta({ pattern: NEW_ID.source, minLength: 1, maxLength: ID_MAX });
export const NewBatchId = z.string().regex(BATCH_ID).meta({ pattern: NEW_BATCH_ID.source });
export const NO_BLANKS = 'more than blanks';
/** Who does something, for whoever reads the journal. */
export const Name = z.string().regex(NAME, NAME_RULE).meta({ minLength: 1, maxLength: ID_MAX });
export const Text = z.string().max(20_000);
