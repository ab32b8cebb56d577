/**
 * The NATS door: the micro service `agent-platform` (ADR-32). It carries requests in and answers out; what they mean is
 * `bridge/api`.
 *
 * Invariants:
 * 1. Every request is answered once: with its reply, or with a coded error that has changed nothing.
 * 2. What a handler throws ends that request only; what was not expected is logged and told without its details.
 * 3. `stop` takes no new request, answers those under way, and resolves when they are answered. It leaves the
 *    connection open.
 */
import { headers, Match, type MsgHdrs, type Service, type ServiceMsg, type Subscription } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import type { Trace } from '../../runtime/journal/entry.ts';
import { apiSubject, parseApiSubject } from '../../runtime/subjects.ts';
import { type ApiEndpoint, endpointsOf } from '../contract/endpoints.ts';
import { parseRequest } from '../contract/parse.ts';
import { refusalBody, refusalOf } from '../contract/refusals.ts';
import { traceFrom } from '../contract/trace.ts';
import { dataOf, type Platform } from '../platform/platform.ts';
import { harmless, jsonText } from '../terminal/terminal.ts';
import type { Door } from '../serve/up.ts';
import { packageVersion } from '../platform/version.ts';
import { count, type Counts, noCounts } from './counts.ts';
import { perform } from './handlers.ts';
import { LoginFile } from './login-file.ts';
import { announce, patternsOf, UNSERVED_QUEUE, whyUnserved } from './unserved.ts';

const SERVICE = 'agent-platform';
const QUEUE = 'q';
const ERROR_TEXT_MAX = 1_000;

export class NatsDoor implements Door {
  readonly name = 'nats';
  private readonly platform: Platform;
  private readonly login: LoginFile;
  private readonly counts: Counts[] = [];
  private readonly tenants = new Set<string>();
  private readonly announced: Subscription[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly closing = new AbortController();
  private service: Service | null = null;
  private stopping: Promise<void> | null = null;

  constructor(platform: Platform) {
    this.platform = platform;
    this.login = new LoginFile(platform);
  }

  /** Resolves when the server knows of every endpoint; says where requests are taken. */
  async start(): Promise<string> {
    const { nc, runtime, settings } = this.platform;
    const endpoints = endpointsOf(runtime.catalog.packs);
    const service = await nc.services.add({
      name: SERVICE,
      version: packageVersion(),
      description: 'Starts runs and batches of agents, and says where they stand.',
      metadata: { packs: runtime.catalog.packs.map(({ manifest }) => manifest.metadata.name).join(',') },
      queue: QUEUE,
    });
    this.service = service;
    const told = service.stats.bind(service);
    service.stats = async () => {
      const stats = await told();
      return { ...stats, endpoints: stats.endpoints?.map((each, i) => ({ ...each, ...this.counts[i] })) ?? [] };
    };
    for (const endpoint of endpoints) {
      for (const tenant of new Set(endpoint.packs.map((pack) => dataOf(settings, pack).tenant))) {
        this.tenants.add(tenant);
        this.serve(endpoint, tenant);
      }
    }
    for (const { group, name } of patternsOf(endpoints)) {
      this.listen(`${group}-${name === '*' ? 'any' : name}-unserved`, apiSubject('*', group, name), UNSERVED_QUEUE, {
        description: 'Answers with an error what no platform serves.',
        answer: (message) => this.refuseUnserved(message),
      });
    }
    await nc.flush();
    await this.login.write();
    const subjects = [...this.tenants].map((tenant) => apiSubject(tenant, '*', '*'));
    return [this.platform.services.nats.url, ...subjects, ...this.login.says].join(', ');
  }

  async stop(): Promise<void> {
    this.stopping ??= this.drain();
    return this.stopping;
  }

  private async drain(): Promise<void> {
    this.closing.abort();
    // While an endpoint takes requests it must count as served, or another process would refuse them meanwhile.
    await this.service?.stop();
    for (const subscription of this.announced) subscription.unsubscribe();
    while (this.underWay.size > 0) await Promise.all(this.underWay);
    if (!this.platform.nc.isClosed()) await this.platform.nc.flush();
  }

  private serve(endpoint: ApiEndpoint, tenant: string): void {
    const { group, name, description, request, deed } = endpoint;
    const { nc, settings } = this.platform;
    this.announced.push(announce(nc, tenant, endpoint));
    this.listen(`${group}-${name}`, apiSubject(tenant, group, name), QUEUE, {
      description,
      answer: (message, echo) =>
        this.answered(message, echo, async () => {
          const trace = this.traceOf(message);
          echo.set('correlation-id', trace.correlation_id);
          const { length } = message.data;
          if (length > settings.maxRequestBytes) {
            const most = settings.maxRequestBytes;
            throw new PlatformError('request.too_large', `the request has ${length} bytes, expected at most ${most}`);
          }
          const asked = parseRequest(request, message.data);
          return perform(this.platform, deed, { tenant, request: asked, trace, closing: this.closing.signal });
        }),
    });
  }

  private traceOf({ headers: sent }: ServiceMsg): Trace {
    const correlationId = sent?.get('correlation-id', Match.IgnoreCase) ?? '';
    const traceparent = sent?.get('traceparent', Match.IgnoreCase) ?? '';
    return traceFrom({ correlationId, traceparent }, this.platform.runtime.id);
  }

  /** Adds an endpoint; `answer` resolves to the error that was answered, null for none, undefined when none was due. */
  private listen(
    name: string,
    subject: string,
    queue: string,
    { description, answer }: { description: string; answer: Answer },
  ): void {
    const counts = noCounts();
    this.counts.push(counts);
    this.service?.addEndpoint(name, {
      subject,
      queue,
      metadata: { description },
      handler: (lost, message) => {
        if (lost) return;
        const began = performance.now();
        const work = answer(message, headers())
          .then((error) => {
            if (error !== undefined) count(counts, performance.now() - began, error);
          })
          .catch((err) => this.platform.runtime.log.error({ err, subject: message.subject }, 'no answer was sent'))
          .finally(() => this.underWay.delete(work));
        this.underWay.add(work);
      },
    });
  }

  private async refuseUnserved(message: ServiceMsg): Promise<string | null | undefined> {
    const { nc } = this.platform;
    const why = await whyUnserved(nc, message.subject, this.tenants);
    if (why === null) return undefined;
    const { tenant, group, name } = parseApiSubject(message.subject);
    const echo = headers();
    return this.answered(message, echo, async () => {
      echo.set('correlation-id', this.traceOf(message).correlation_id);
      // A sub-agent is known, and refused for its role.
      const hosted = group === 'run' && this.tenants.has(tenant) && this.platform.runtime.catalog.agent(name);
      if (hosted && hosted.resolved.definition.metadata.role === 'sub_agent') {
        throw new PlatformError('admission.refused', `role.allows_start: ${name} has the role sub_agent`);
      }
      throw why;
    });
  }

  /** Does the work and sends its reply or its refusal. (1) (2) */
  private async answered(message: ServiceMsg, echo: MsgHdrs, work: () => Promise<unknown>): Promise<string | null> {
    try {
      const body = jsonText(await work());
      const limit = this.platform.nc.info?.max_payload ?? Infinity;
      if (Buffer.byteLength(body) > limit) {
        throw new PlatformError('message.too_large', `the answer is larger than the ${limit} bytes of a message`);
      }
      message.respond(Buffer.from(body), { headers: echo });
      return null;
    } catch (error) {
      const refused = refusalOf(error);
      const { log } = this.platform.runtime;
      if (refused.unexpected) log.error({ err: error, subject: message.subject }, 'a request failed');
      const text = harmless(refused.message).replace(/\s+/g, ' ').slice(0, ERROR_TEXT_MAX);
      echo.set('Nats-Service-Error-Code', refused.code);
      echo.set('Nats-Service-Error', text);
      message.respond(Buffer.from(jsonText(refusalBody(refused))), { headers: echo });
      return text;
    }
  }
}

type Answer = (message: ServiceMsg, echo: MsgHdrs) => Promise<string | null | undefined>;
