/** What has passed lately on the mail subjects: to be sent again, in another order, or to know what is active. */
import type { Msg, NatsConnection } from 'nats';
import { addressKey, type Mailbox } from '../../runtime/address.ts';
import { parseMail } from '../../runtime/mail/mail.ts';
import { parseMailbox } from '../../runtime/subjects.ts';
import type { Chance } from './random.ts';

const REMEMBERED = 200;
const LATELY = 40;

export class MailTap {
  private readonly mail: Msg[] = [];
  private readonly reports: Msg[] = [];
  private readonly starts: Msg[] = [];
  private readonly nc: NatsConnection;

  constructor(nc: NatsConnection) {
    this.nc = nc;
    const remember = (message: Msg): void => {
      keep(this.mail, message);
      if (message.subject.startsWith('start.')) keep(this.starts, message);
      if (parseMail(message.string())?.type === 'child.reported') keep(this.reports, message);
    };
    for (const subject of ['mail.>', 'start.>']) {
      nc.subscribe(subject, { callback: (error, message) => void (error ?? remember(message)) });
    }
  }

  /** Posts copies of some mail, without its expectation to be the first. Returns how many. */
  async again(chance: Chance): Promise<number> {
    const copies = Array.from({ length: Math.ceil(chance.between(0, 5)) }, () => chance.pick(this.mail));
    return this.post(copies.filter((message) => message !== undefined));
  }

  /** Posts copies of the latest reports of children, the last first. Returns how many. */
  async reorder(chance: Chance): Promise<number> {
    const copies = this.reports.slice(-Math.ceil(chance.between(2, 12))).reverse();
    return copies.length < 2 ? 0 : this.post(copies);
  }

  /** The addresses that mail went to lately, the latest first. */
  activeKeys(): string[] {
    const keys = this.mail.slice(-LATELY).map(({ subject }) => addressKey(parseMailbox(subject)));
    return [...new Set(keys.reverse())];
  }

  /** The root of a run, or of a batch, that was started lately. */
  root(chance: Chance, what: 'run' | 'batch'): Mailbox | null {
    const roots = this.starts.map(({ subject }) => parseMailbox(subject));
    const wanted = roots.filter(({ agent }) => agent.startsWith('_') === (what === 'batch')).slice(-LATELY);
    return chance.pick(wanted) ?? null;
  }

  private async post(copies: Msg[]): Promise<number> {
    const js = this.nc.jetstream();
    for (const { subject, data } of copies) await js.publish(subject, data);
    return copies.length;
  }
}

function keep(list: Msg[], message: Msg): void {
  list.push(message);
  if (list.length > REMEMBERED) list.shift();
}
