/** Which models are asked by workers that live: each says so for its agents, for as long as it takes mail. */
import type { NatsConnection } from 'nats';
import { PLAYED_MODEL } from '../../runtime/definitions/players.ts';
import { isListened, listen } from '../../runtime/bus/presence.ts';
import { modelSubject } from '../../runtime/subjects.ts';
import type { Platform } from './platform.ts';

/** Says which model this process's worker asks, until the result is called. Every worker plays what is played: that is not said. */
export function announceModel({ nc, runtime }: Platform): () => void {
  const { model, catalog } = runtime;
  if (model.name === PLAYED_MODEL) return () => {};
  const said = catalog
    .agents()
    .map(({ resolved }) => listen(nc, modelSubject(model.name, resolved.definition.metadata.name)));
  return () => {
    for (const each of said) each.unsubscribe();
  };
}

/** Whether a worker lives that asks the model for the agent. */
export function isAsked(nc: NatsConnection, model: string, agent: string): Promise<boolean> {
  return isListened(nc, modelSubject(model, agent));
}
