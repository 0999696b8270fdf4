import type { AppEvent, ObserveInput } from '../events.ts';
import type { Observation } from '../types.ts';
import { termsIn, visit, type Value } from '../value.ts';
import { byEntry } from './by-entry.ts';
import { termsOfQuery } from './predicates.ts';

type CacheControl = Extract<Observation, { kind: 'cache-control' }>;

/** Answers that say how a shared cache may keep them, and whether their content belongs to one principal. */
export function observeCacheControl(input: ObserveInput): readonly CacheControl[] {
  const queries = byEntry(input.queries);
  return input.events.flatMap(event =>
    headersOf(event).flatMap(value => {
      const paths = queries(event.entryPoint.name).filter(path => path.query.operation === 'read');
      const personal = paths.some(
        path => termsOfQuery(path).some(term => term.kind === 'principal') || path.facts.some(isIdentity),
      );
      const tables = [...new Set(paths.map(path => path.query.table))].toSorted();
      return [
        {
          kind: 'cache-control',
          place: event.place,
          value,
          entryPoint: event.entryPoint.name,
          personal,
          tables,
        } as const,
      ];
    }),
  );
}

function isIdentity(fact: { readonly holds: { readonly kind: string } }): boolean {
  return fact.holds.kind === 'signed-in' || fact.holds.kind === 'member' || fact.holds.kind === 'role';
}

/** The values of Cache-Control (and of the CDN's own variants) that the event sets. */
function headersOf(event: AppEvent): readonly string[] {
  if (event.kind === 'call' && /(^|\.)(set|append|setHeader)$/.test(event.callee)) {
    const [name, value] = event.arguments;
    return name !== undefined && value !== undefined && constantsIn(name).some(isCacheHeader) ? textOf(value) : [];
  }
  if (
    event.kind !== 'return' &&
    !(event.kind === 'call' && /(^new |\.)(Next)?Response(\.json)?$|Response\.json$/.test(event.callee))
  )
    return [];
  const found: string[] = [];
  for (const value of event.kind === 'return' ? [event.value] : event.arguments) {
    visit(value, inner => {
      if (inner.kind !== 'object') return;
      for (const [name, field] of inner.fields) if (isCacheHeader(name)) found.push(...textOf(field));
    });
  }
  return found;
}

function isCacheHeader(name: string): boolean {
  return /^(?:(?:[\w-]+-)?cache-control|surrogate-control)$/i.test(name);
}

function textOf(value: Value): readonly string[] {
  const constants = constantsIn(value);
  return constants.length === 0 ? [] : [constants.join('')];
}

function constantsIn(value: Value): readonly string[] {
  if (value.kind === 'constant') return typeof value.value === 'string' ? [value.value] : [];
  return termsIn(value).flatMap(term =>
    term.kind === 'constant' && typeof term.value === 'string' ? [term.value] : [],
  );
}
