import { PlatformError } from '../../../config/errors.ts';
import { type StoredEvent, tailTopic } from '../../follow/topic-events.ts';
import { jsonText, type Paint } from '../../terminal/terminal.ts';
import { untilInterrupted } from '../session/interruption.ts';
import { type Session, withPlatformUntil } from '../session/session.ts';

export interface EventsTailOptions {
  since?: Date;
  limit: number;
  follow: boolean;
}

export async function tailEvents(
  session: Session,
  topic: string,
  { since, limit, follow }: EventsTailOptions,
): Promise<number> {
  const { json, note, paint, say, sayJson, settings } = session;
  return withPlatformUntil(session, async (platform, signal) => {
    const { catalog } = platform.runtime;
    if (!catalog.topic(topic)) {
      const known = catalog.packs.flatMap((pack) => Object.keys(pack.manifest.topics));
      throw new PlatformError('topic.unknown', `no topic is called ${topic}; there are: ${known.join(', ') || 'none'}`);
    }
    let shown = 0;
    await tailTopic(platform, topic, {
      ...(settings.tenant !== undefined && { tenant: settings.tenant }),
      ...(since !== undefined && { since }),
      limit,
      follow,
      signal,
      onEvent: (event) => {
        shown += 1;
        if (json) sayJson(event);
        else say(eventText(event, paint));
      },
    });
    if (follow) await untilInterrupted(signal);
    else if (shown === 0) note(`${topic} has no such events`);
    return 0;
  });
}

function eventText({ time, tenant, subject, id, data }: StoredEvent, paint: Paint): string {
  const head = `${time}  ${paint.strong(subject ?? '–')}  ${paint.faint(`${tenant} ${id}`)}`;
  return `${head}\n  ${jsonText(data)}`;
}
