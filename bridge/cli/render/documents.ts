import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PlatformError } from '../../../config/errors.ts';
import { digestOf } from '../../../runtime/digest.ts';
import { escapeToken } from '../../../runtime/subjects.ts';
import type { BatchResult } from '../../views/batch-results.ts';
import { safeMarkdown } from './markdown.ts';

const TOKEN_MAX = 200;
const TOKEN_KEPT = 160;

export interface WrittenDocuments {
  /** As a person in `cwd` would type it. */
  folder: string;
  /** What the documents are, by their rows' field: `{briefing: 5}`. */
  written: Record<string, number>;
}

/**
 * Writes each result's document to `<state folder>/reports/<batch>/<target>.md`, for the owner only, and puts its path
 * into the row's field. Writing the same again changes nothing.
 * @throws PlatformError `state.denied`
 */
export function writeDocuments(
  results: readonly BatchResult[],
  { stateDir, batch, cwd }: { stateDir: string; batch: string; cwd: string },
): WrittenDocuments {
  const folder = join(stateDir, 'reports', batch);
  const written: Record<string, number> = {};
  for (const { target, document, fields } of results) {
    if (document === null) continue;
    const path = join(folder, `${fileToken(target)}.md`);
    write(folder, path, safeMarkdown(document.text));
    fields[document.field] = typed(path, cwd);
    written[document.field] = (written[document.field] ?? 0) + 1;
  }
  return { folder: typed(folder, cwd), written };
}

/** A file name has at most 255 bytes, and while it is written a suffix. No token holds a `~`, so none is met twice. */
function fileToken(target: string): string {
  const token = escapeToken(target);
  return token.length <= TOKEN_MAX ? token : `${token.slice(0, TOKEN_KEPT)}~${digestOf(target).slice(0, 16)}`;
}

/** Whoever reads the file meanwhile sees the old one or the new one, never half of it. */
function write(folder: string, path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(draft, text.endsWith('\n') ? text : `${text}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch (cause) {
    throw new PlatformError('state.denied', `the report ${path} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function typed(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.startsWith('..') ? path : short;
}
