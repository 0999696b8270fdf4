import type { Finding } from '../../core/finding.ts';
import type { Fixer } from '../context.ts';
import { scopeQuery } from './scope-query.ts';

/** Fixers by the kind of repair that a check asks for, the most fitting first. */
const byKind: ReadonlyMap<string, readonly Fixer[]> = new Map([
  ['scope-query', [scopeQuery]],
  ['tie-object', [scopeQuery]],
  ['ignore-client-tenant', [scopeQuery]],
  ['drop-filter-option', [scopeQuery]],
]);

/** The fixers to try for a finding, in order. */
export function fixersFor(finding: Finding): readonly Fixer[] {
  return finding.repair === undefined ? [] : (byKind.get(finding.repair.kind) ?? []);
}
