import type { DatabaseModel } from './types.ts';

/** Whether a function of this name gives one value, and no set of them, during a whole statement, as far as its declaration says. */
export function steadyFunctions(database: DatabaseModel): (name: string) => boolean {
  const byName = new Map<string, boolean>();
  for (const { name, volatility, returnsSet } of database.functions)
    byName.set(name, (byName.get(name) ?? true) && volatility === 'stable' && !returnsSet);
  return name =>
    /^(auth\.(uid|jwt|role|email)|realtime\.topic|current_setting)$/.test(name) ||
    byName.get(name.replace(/^public\./, '')) === true;
}
