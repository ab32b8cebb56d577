/** Fields that several requests have. A request's text and ids are bounded, so that no door takes what a journal could not hold. */
import { z } from 'zod';

export const Id = z.string().min(1).max(200);
export const NO_BLANKS = 'more than blanks';
/** Who does something, for whoever reads the journal. */
export const Name = Id.regex(/\S/, NO_BLANKS);
export const Text = z.string().max(20_000);
