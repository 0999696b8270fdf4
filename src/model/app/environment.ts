import type { SourceFiles } from '../../collect/source/read-source.ts';
import { constant, type Value } from './value.ts';

/** What frameworks and platforms set in production, by variable: what only another value does is not the launched app. */
const inProduction: ReadonlyMap<string, string> = new Map([['NODE_ENV', 'production']]);

/** https://vercel.com/docs/environment-variables/system-environment-variables */
const onVercel: ReadonlyMap<string, string> = new Map([
  ['VERCEL', '1'],
  ['VERCEL_ENV', 'production'],
  ['NEXT_PUBLIC_VERCEL_ENV', 'production'],
]);

/** A variable of the environment: what it is in production where that is certain, else known by its name alone. */
export function environmentValue(source: SourceFiles, name: string, maybeUndefined = true): Value {
  const certain = inProduction.get(name) ?? (isForVercel(source) ? onVercel.get(name) : undefined);
  if (certain !== undefined) return constant(certain);
  return { kind: 'term', term: { kind: 'environment', name }, maybeUndefined };
}

const deployed = new WeakMap<SourceFiles, boolean>();

/** The app configures its deployment on Vercel. */
function isForVercel(source: SourceFiles): boolean {
  const known = deployed.get(source) ?? source.paths.some(path => /(?:^|\/)vercel\.(?:json|ts)$/.test(path));
  deployed.set(source, known);
  return known;
}
