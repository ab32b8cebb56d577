import { z } from 'zod';

/** A whole number that arrives as text (options, environment) or typed (YAML). */
export const integer = (min: number, max: number) =>
  z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).pipe(z.number().int().min(min).max(max));
