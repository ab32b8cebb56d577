/** Parts of large values that no object names: a process was killed while it wrote one. Reads every name, so only when asked. */
import type { NatsConnection } from 'nats';
import pMap from 'p-map';
import { AT_ONCE } from '../../runtime/at-once.ts';
import { OBJECTS_BUCKET, OBJECTS_STREAM } from '../../runtime/subjects.ts';
import { type Finding, ok, plural, warn } from './finding.ts';

export async function examineObjects(nc: NatsConnection): Promise<Finding[]> {
  const manager = await nc.jetstreamManager();
  const there: string[] = [];
  for await (const { config } of manager.streams.list()) there.push(config.name);
  if (!there.includes(OBJECTS_STREAM)) return [ok('objects', 'there are none yet')];
  const subjects = async (filter: string) =>
    Object.entries((await manager.streams.info(OBJECTS_STREAM, { subjects_filter: filter })).state.subjects ?? {});
  // Chunks first: an object that is being written now has its name by then, or is told wrongly this once.
  const chunks = await subjects(`$O.${OBJECTS_BUCKET}.C.>`);
  const metas = (await subjects(`$O.${OBJECTS_BUCKET}.M.>`)).map(([subject]) => subject);
  const named = new Set<string>();
  const read = async (subject: string): Promise<void> => {
    const { data } = await manager.streams.getMessage(OBJECTS_STREAM, { last_by_subj: subject });
    const { nuid, deleted } = JSON.parse(new TextDecoder().decode(data)) as { nuid: string; deleted?: boolean };
    if (deleted !== true) named.add(nuid);
  };
  await pMap(metas, read, AT_ONCE);
  const orphans = chunks.filter(([subject]) => !named.has(subject.split('.').at(-1) ?? ''));
  const objects = plural(named.size, 'object');
  if (orphans.length === 0) return [ok('objects', `${objects}, no chunk without one`)];
  const count = orphans.reduce((sum, [, messages]) => sum + messages, 0);
  const text = `${objects}, and ${plural(count, 'chunk')} of ${orphans.length} that no object names: a write broke off, or goes on now`;
  const remedy = `run it again; if they stay: nats stream purge ${OBJECTS_STREAM} --subject '${orphans[0]?.[0] ?? ''}'`;
  return [warn('objects', text, remedy)];
}
