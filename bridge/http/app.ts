/** The HTTP door as an app: routes and what every answer has. Tests ask it by `app.request()`, without a socket. */
import { Hono, type MiddlewareHandler } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { PlatformError } from '../../config/errors.ts';
import { type HttpOperation, httpRoutes } from '../contract/http-routes.ts';
import { refusalBody, refusalOf } from '../contract/refusals.ts';
import { escapedJson } from '../terminal/terminal.ts';
import { traceFrom } from '../contract/trace.ts';
import type { Env, HttpContext, HttpRequest } from './context.ts';
import { eventRoute } from './events.ts';
import { guard, securityHeaders } from './guard.ts';
import { healthRoutes } from './health.ts';
import { humanRoutes } from './human.ts';
import { metricsRoute } from './metrics.ts';
import { runRoutes } from './runs.ts';

/** What is answered on a connection beyond the limits, too. */
const HEALTH = new Set(['/healthz', '/readyz']);

export type HttpApp = Hono<Env>;

/** Answers are read on terminals, too: JSON escapes the characters that would steer one. */
const readable: MiddlewareHandler = async (c, next) => {
  await next();
  if (!c.res.headers.get('content-type')?.startsWith('application/json')) return;
  c.res = new Response(escapedJson(await c.res.text()), c.res);
};

export function httpApp(context: HttpContext): HttpApp {
  const { runtime, settings } = context.platform;
  const app: HttpApp = new Hono<Env>();
  const health = healthRoutes(context);
  const runs = runRoutes(context);
  const human = humanRoutes(context);

  app.use(readable);
  app.use(securityHeaders);
  app.use(async (c, next) => {
    const correlationId = c.req.header('x-correlation-id');
    const traceparent = c.req.header('traceparent');
    const trace = traceFrom(
      { ...(correlationId !== undefined && { correlationId }), ...(traceparent !== undefined && { traceparent }) },
      runtime.id,
    );
    c.set('trace', trace);
    await next();
    c.res.headers.set('x-correlation-id', trace.correlation_id);
  });
  app.use(async (c, next) => {
    const socket = c.env?.incoming?.socket;
    if (!socket || !context.isSpare?.(socket)) return next();
    if (!HEALTH.has(c.req.path)) {
      c.header('connection', 'close');
      throw new PlatformError('platform.busy', 'too many connections are open, in all or from this address');
    }
    await next();
    c.res.headers.set('connection', 'close');
  });
  app.use(guard(settings.httpToken));
  app.use(methodNotAllowed({ app, onMethodNotAllowed: methodRefused }));

  const handlers: Record<HttpOperation, (c: HttpRequest) => Response | Promise<Response>> = {
    startRun: runs.start,
    getRun: runs.get,
    followRun: eventRoute(context),
    cancelRun: human.cancel,
    listTasks: human.list,
    getTask: human.show,
    decideTask: human.decide,
    getBatch: runs.batch,
    startTargets: runs.startTargets,
    healthz: health.healthz,
    readyz: health.readyz,
    metrics: metricsRoute(context),
  };
  for (const [id, { method, path }] of httpRoutes()) app[method](honoPath(path), handlers[id]);

  app.notFound((c) => refused(c, new PlatformError('request.path_unknown', 'there is nothing at this path')));
  app.onError((error, c) => refused(c, error));

  function refused(c: HttpRequest, error: unknown): Response {
    const answer = refusalOf(error);
    const trace = c.get('trace');
    if (answer.unexpected) runtime.log.error({ err: error, ...trace, path: c.req.path }, 'a request failed');
    if (answer.status === 401) c.header('www-authenticate', 'Bearer realm="agent-platform"');
    // What is left of the body is not wanted; neither is the connection that it would come on.
    if (answer.status === 413) c.header('connection', 'close');
    if (answer.status === 503 || answer.status === 504 || answer.status === 507) c.header('retry-after', '5');
    return c.json(refusalBody(answer), answer.status);
  }

  function methodRefused(c: HttpRequest, allowed: string[]): Response {
    c.header('allow', allowed.join(', '));
    return refused(c, new PlatformError('request.method_unknown', `this path takes ${allowed.join(', ')}`));
  }

  return app;
}

/** `/runs/:id` of `/runs/{id}`. */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
