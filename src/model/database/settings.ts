import type { DatabaseFunction } from './types.ts';

/** A setting of the app's own that a function makes. */
export interface MadeSetting {
  readonly name: string;
  /** Whether it ends with the transaction, and so with the request. */
  readonly isLocal: boolean;
}

/** `set_config('app.tenant_id', …, false)` and `set app.tenant_id to …` in a function's body. */
export function settingsMadeBy({ body }: Pick<DatabaseFunction, 'body'>): readonly MadeSetting[] {
  const calls = [...body.matchAll(/\bset_config\s*\(\s*'(\w+\.[\w.]+)'([^;]*)/gi)].map(([, name = '', rest = '']) => ({
    name,
    isLocal: /^[^;]*?,\s*(?:is_local\s*(?::=|=>)\s*)?true\s*\)/i.test(rest),
  }));
  const statements = [...body.matchAll(/\bset\s+(local\s+|session\s+)?(\w+\.[\w.]+)\s*(?:=|\bto\b)/gi)].map(
    ([, scope = '', name = '']) => ({ name, isLocal: /local/i.test(scope) }),
  );
  return [...calls, ...statements];
}
