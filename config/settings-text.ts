/** Values of settings in words, without what is secret in them. Pure. */
import { type DataSetting, dataText } from './data-setting.ts';
import { withoutCredentials } from './services/address.ts';

/** What of a setting's rule decides how it is shown. */
interface Shown {
  readonly path?: 'one' | 'many' | 'of_packs';
  readonly secret?: true;
}

/** A value that was taken. */
export function display(key: string, rule: Shown, value: unknown): string {
  if (rule.path === 'of_packs') return dataText(value as DataSetting);
  if (!rule.secret && Array.isArray(value)) return value.join(', ') || 'none';
  if (!rule.secret) return typeof value === 'object' ? JSON.stringify(value) : String(value);
  return isAddress(key) ? withoutCredentials(String(value)) : '(hidden)';
}

/** A value that was refused, as it was written. */
export function shown(key: string, rule: Shown, value: unknown, isOption: boolean): string {
  if (value === true && isOption) return 'no value';
  if (rule.secret && !isAddress(key)) return `something else (${typeof value}, not shown)`;
  if (!rule.secret || typeof value !== 'string') return JSON.stringify(value);
  const bare = withoutCredentials(value);
  return `${JSON.stringify(bare)}${bare === value.trim() ? '' : ' and what is not shown here'}`;
}

/** Of secrets, addresses can be shown without their credentials. */
function isAddress(key: string): boolean {
  return key.endsWith('_url');
}

/** Copies of streams that no embedded server could keep. */
export function copiesProblem(lines: readonly { key: string; value?: string; origin: string }[]): string[] {
  const [copies, url] = ['nats_replicas', 'nats_url'].map((key) => lines.find((line) => line.key === key));
  if (copies?.value === undefined || copies.value === '1' || url?.value !== undefined) return [];
  return [
    `${copies.origin}: nats_replicas: ${copies.value} copies need a NATS cluster of your own, and nats_url is not set`,
  ];
}
