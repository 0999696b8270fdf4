import type { Place } from '../../core/place.ts';
import type { Term } from '../../core/predicate.ts';
import { termsOf } from '../../model/app/observe/predicates.ts';
import { atoms } from '../../model/app/value.ts';
import type { CheckInput, JudgedPath } from '../check.ts';
import { isAdministrative } from './administration.ts';

/** Who is calling was taken from a cookie that nothing verified; that has a check of its own. */
export function trustsStoredSession(path: JudgedPath): boolean {
  return path.principal === 'anonymous' && storedSessionAt(path) !== undefined;
}

/** Where the path takes the session out of the cookie, to let the caller in or to pick rows by who it says it is. */
export function storedSessionAt({ model, steps }: JudgedPath): Place | undefined {
  const gate = model.facts.find(
    ({ holds }) =>
      holds.kind === 'condition' && holds.condition.kind === 'not' && termsOf(holds.condition).some(isStoredSession),
  );
  if (gate !== undefined) return gate.place;
  const used = [...termsOf(model.query.where), ...model.query.values.flatMap(({ value }) => atoms(value))];
  if (!used.some(isStoredSession)) return undefined;
  return steps.find(step => step.role === 'source' && step.label.includes(storedSession)) ?? model.place;
}

const storedSession = 'cookie.session';

function isStoredSession(term: Term): boolean {
  return term.kind === 'client' && (term.path === storedSession || term.path.startsWith(`${storedSession}.user`));
}

/** The query is at fault, and not the entry point that lets anybody in or asks for no role. */
export function isOfQuery(path: JudgedPath): boolean {
  if (trustsStoredSession(path)) return false;
  return path.reason === 'no-authentication' ? isPartOfPage(path) : !isAdministrative(path);
}

/** The entry point is at fault: nobody is asked who they are. */
export function isOfEntryPoint(path: JudgedPath, input: CheckInput): boolean {
  return !isPartOfPage(path) && !isUnverifiedWebhook(path, input) && !trustsStoredSession(path);
}

/** Metadata and parameters are asked for by the page, which lets its callers in or not. */
function isPartOfPage({ entryPoint }: JudgedPath): boolean {
  return entryPoint.kind === 'metadata' || entryPoint.kind === 'static-params';
}

/** Such a webhook has a check of its own. */
function isUnverifiedWebhook(path: JudgedPath, { app }: CheckInput): boolean {
  const observations = app?.observations ?? [];
  return observations.some(
    seen => seen.kind === 'webhook' && !seen.verified && seen.entryPoint === path.entryPoint.name,
  );
}
