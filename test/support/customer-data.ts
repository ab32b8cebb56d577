import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { Playbook } from '../../packs/customer-success/playbook.ts';

const PACK = new URL('../../packs/customer-success/', import.meta.url);

export const SAMPLE_FOLDER = fileURLToPath(new URL('sample', PACK));

/** The pack's own playbook, as committed. */
export function defaultPlaybook(): Playbook {
  return Playbook.parse(parse(readFileSync(new URL('playbook.yaml', PACK), 'utf8')));
}

export const HEADERS = {
  'accounts.csv': 'account_id,name,status,plan_tier,mrr_usd,created_date,renewal_date,owner,owner_channel',
  'usage.csv': 'account_id,user_id,date,feature',
  'tickets.csv': 'ticket_id,account_id,opened_date,escalated_date',
  'nps.csv': 'account_id,date,score',
  'contacts.csv': 'account_id,name,role',
  'memories.csv': 'account_id,date,scope,kind,assessment,dip_percent,resolved_by,text',
};
export type DataFile = keyof typeof HEADERS;

/** The four required files with one row each, all good. */
const GOOD: Partial<Record<DataFile, string[]>> = {
  'accounts.csv': ['one,One Ltd,active,growth,100.50,2026-01-01,2027-01-01,Ann Lee,#ann'],
  'usage.csv': ['one,u1,2026-06-30,reports'],
  'tickets.csv': ['T-1,one,2026-06-01,'],
  'nps.csv': ['one,2026-06-02,9'],
};

/** A new data folder: the good rows, with the rows of the files that are given instead. */
export function dataFolder(rows: Partial<Record<DataFile, string[]>> = {}): string {
  const files = Object.entries({ ...GOOD, ...rows }).map(([file, lines]) => [
    file,
    `${[HEADERS[file as DataFile], ...lines].join('\n')}\n`,
  ]);
  return rawFolder(Object.fromEntries(files));
}

const folders: string[] = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder with these files' bytes, removed when the process ends. */
export function rawFolder(files: Record<string, string | Buffer>): string {
  const folder = mkdtempSync(join(tmpdir(), 'customer-data-'));
  folders.push(folder);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  return folder;
}
