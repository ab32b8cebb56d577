import { loadPacks } from '../../runtime/definitions/load.ts';
import { cell, renderTable } from '../table.ts';
import { needPacks, type Session } from './session.ts';

export async function listSchedules(session: Session): Promise<number> {
  const { settings, logFile, json, width, paint, say, sayJson } = session;
  needPacks(settings);
  const packs = await loadPacks(settings.packs, { log: logFile.log });
  const schedules = packs.flatMap(({ manifest }) =>
    Object.entries(manifest.schedules).map(([name, { description, cron, agent, targets }]) => ({
      name,
      pack: manifest.metadata.name,
      description,
      cron,
      agent,
      targets,
    })),
  );
  if (json) sayJson({ schedules });
  else if (schedules.length === 0) say('no loaded pack declares a schedule');
  else {
    const columns = ['Name', 'Cron (UTC)', 'Agent', 'Targets', 'Description'].map((title) => ({ title }));
    const rows = schedules.map(({ name, cron, agent, targets, description }) =>
      [name, cron, agent, targets, description].map((each) => cell(each)),
    );
    say(renderTable(columns, rows, { width, paint }));
  }
  return 0;
}
