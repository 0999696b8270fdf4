import type { Before, CallFacts } from '../hooks.ts';
import { currentRequest, tenantOf, userOf } from '../scope.ts';
import type { Scope } from '../scope.ts';

/** What may refuse a tool before it runs. */
export interface ToolHooks {
  /** Limits, freezes and whatever else may refuse. They know a tool by its own name. */
  readonly before?: readonly Before[];
  /** What tools do, by name. A tool that is not named here counts as a `write`, so that a freeze of writes stops it. */
  readonly kinds?: Readonly<Record<string, CallFacts['kind']>>;
}

/** Asks the hooks about a tool, for whom it works. */
export async function askBefore(
  tool: string,
  { before = [], kinds = {} }: ToolHooks,
  scope: Scope,
  otherwise: CallFacts['kind'] = 'write',
): Promise<void> {
  if (before.length === 0) return;
  const [user, tenant, { address }] = [userOf(scope), tenantOf(scope), currentRequest()];
  const facts: CallFacts = {
    name: tool,
    kind: (Object.hasOwn(kinds, tool) ? kinds[tool] : undefined) ?? otherwise,
    ...(user === undefined ? {} : { user }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(address === undefined ? {} : { address }),
  };
  // oxlint-disable-next-line no-await-in-loop -- what the first refuses the second need not count
  for (const hook of before) await hook(facts);
}
