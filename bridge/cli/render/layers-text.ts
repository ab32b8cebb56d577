import type { Layer } from '../../../runtime/context/compose.ts';
import type { LoadedAgent } from '../../../runtime/definitions/resolved.ts';
import type { Paint } from '../../terminal/terminal.ts';

/** An agent's six layers for people: the text is what a model is sent, unchanged. Pure. */
export function layersText({ digest, resolved }: LoadedAgent, layers: readonly Layer[], paint: Paint): string {
  const { name, version, role, model_tier } = resolved.definition.metadata;
  const sections = layers.map(({ n, title, text }) => `${paint.strong(`── ${n} ${title}`)}\n\n${text.trim()}`);
  return [
    `${paint.strong(name)} ${version}, ${role}, model tier ${model_tier}\ndefinition ${digest}`,
    ...sections,
  ].join('\n\n');
}
