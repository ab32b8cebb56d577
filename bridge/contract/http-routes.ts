/** What the HTTP door serves, by the ids that OpenAPI knows its operations by. The door and the document are both made from it. */
export const HTTP_ROUTES = {
  startRun: { method: 'post', path: '/run' },
  getRun: { method: 'get', path: '/runs/{id}' },
  followRun: { method: 'get', path: '/runs/{id}/events' },
  cancelRun: { method: 'post', path: '/runs/{id}/cancel' },
  listTasks: { method: 'get', path: '/human' },
  getTask: { method: 'get', path: '/human/{id}' },
  decideTask: { method: 'post', path: '/human/{id}/decide' },
  getBatch: { method: 'get', path: '/batches/{id}' },
  startTargets: { method: 'post', path: '/schedules/{id}/start' },
  healthz: { method: 'get', path: '/healthz' },
  readyz: { method: 'get', path: '/readyz' },
  metrics: { method: 'get', path: '/metrics' },
} as const;

export type HttpOperation = keyof typeof HTTP_ROUTES;

export function httpRoutes(): [HttpOperation, { method: 'get' | 'post'; path: string }][] {
  return Object.entries(HTTP_ROUTES) as [HttpOperation, { method: 'get' | 'post'; path: string }][];
}
