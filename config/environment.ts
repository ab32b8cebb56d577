/**
 * Builds what reads the environment by itself, without the variables that begin so: settings are read in one place, and a
 * variable that nobody named could send a key elsewhere, or another one.
 */
export function withoutVariables<T>(prefix: string, build: () => T): T {
  const hidden = Object.entries(process.env).filter(([name]) => name.startsWith(prefix));
  for (const [name] of hidden) delete process.env[name];
  try {
    return build();
  } finally {
    Object.assign(process.env, Object.fromEntries(hidden));
  }
}
