import type { JsonObject } from '../json.ts';
import { escapeToken } from '../subjects.ts';

/**
 * Fills a topic's subject template. `{tenant}` `{subject}` `{event}` and `{data.<field>}` each become one escaped token;
 * an absent field becomes the empty token.
 */
export function topicSubject(
  template: string,
  values: { tenant: string; subject: string | null; event: string; data: JsonObject },
): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) => {
    if (name === 'tenant') return values.tenant;
    if (name === 'subject') return escapeToken(values.subject ?? '');
    if (name === 'event') return escapeToken(values.event);
    const value = values.data[name.replace(/^data\./, '')];
    return escapeToken(value === undefined || value === null ? '' : String(value));
  });
}
