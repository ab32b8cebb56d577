/**
 * How a foreign client on this machine reaches an embedded NATS server, whose port and login are new at every start:
 * `<state folder>/nats.json`, `{"url": "nats://user:password@127.0.0.1:port"}`, for the folder's owner only. Every door
 * on these servers writes the same, and none removes it: it goes with the servers, whose keeper sees to that. The address
 * of a server from the settings is the user's own, and nothing is written.
 */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../config/errors.ts';
import type { NatsAddress } from '../../config/services/address.ts';
import { loginPath } from '../../config/services/login-path.ts';
import type { Platform } from '../platform/platform.ts';

export class LoginFile {
  private readonly path: string | null;
  private readonly text: string;

  constructor({ settings, services }: Pick<Platform, 'settings' | 'services'>) {
    this.path = settings.natsUrl === undefined ? loginPath(join(settings.stateDir, 'services')) : null;
    this.text = `${JSON.stringify({ url: urlWithLogin(services.nats) })}\n`;
  }

  /** For people: where the login is. */
  get says(): string[] {
    return this.path === null ? [] : [`login in ${this.path}`];
  }

  /** @throws PlatformError `state.denied` */
  async write(): Promise<void> {
    if (this.path === null) return;
    const draft = `${this.path}.${process.pid}.tmp`;
    try {
      await writeFile(draft, this.text, { mode: 0o600 });
      await rename(draft, this.path);
    } catch (cause) {
      throw new PlatformError('state.denied', `${this.path} cannot be written: ${(cause as Error).message}`, { cause });
    }
  }
}

function urlWithLogin({ url, user, pass, token }: NatsAddress): string {
  const login = user === undefined ? token : `${encodeURIComponent(user)}:${encodeURIComponent(pass ?? '')}`;
  return login === undefined ? url : url.replace('://', `://${login}@`);
}
