/** The two kinds of YAML that people write. */
export const DEFINITION_KINDS = ['agent', 'pack'] as const;
export type DefinitionKind = (typeof DEFINITION_KINDS)[number];
