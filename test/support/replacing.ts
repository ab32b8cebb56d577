import type { Suite } from './suite.ts';

type Replace = <T extends object, K extends keyof T>(owner: T, name: K, value: (was: T[K]) => T[K]) => void;

/** Replaces a part until the test ends: code of a pack is loaded once per process, and other files use it after this one. */
export function replacing(test: Suite): Replace {
  const replaced: (() => void)[] = [];
  test.after.each(() => {
    for (const restore of replaced.splice(0).reverse()) restore();
  });
  return (owner, name, value) => {
    const was = owner[name];
    owner[name] = value(was);
    replaced.push(() => void (owner[name] = was));
  };
}
