import type { Term } from '../core/predicate.ts';
import { isChosen, termKey, termsOf } from '../logic/terms.ts';
import type { QueryPath } from '../model/app/types.ts';
import type { JudgeWorld, Judgement } from './paths.ts';
import { sqlRoleOf } from './policies.ts';
import { membershipTables } from '../model/tenancy/memberships.ts';

/** Supabase keeps every object of every bucket in this table; a path in a bucket is a query in disguise. */
export const storageTable = 'storage.objects';

/** Judges an access to object storage: by the path's first folder, or by the bucket's policies. */
export function judgeStorage(model: QueryPath, world: JudgeWorld): Judgement {
  const terms = [...termsOf(model.query.where), ...model.query.values.map(({ value }) => value)];
  if (terms.some(term => startsWithOwn(term, model, world))) {
    return {
      verdict: 'isolated',
      reason: 'scoped-by-session',
      notes: ["The object's path begins with the caller's own tenant or user."],
    };
  }
  const role = sqlRoleOf(model.client);
  if (role === undefined) {
    const chosen = terms.some(isChosen);
    const note = chosen
      ? 'A path from the browser selects the object, and the service role bypasses policies.'
      : 'The service role reads the bucket as a whole.';
    return { verdict: 'leaks', reason: chosen ? 'client-id' : 'unscoped', notes: [note] };
  }
  const bucket: readonly string[] = terms.flatMap(term =>
    term.kind === 'constant' && typeof term.value === 'string' ? [term.value] : [],
  );
  const command = model.query.operation === 'read' ? 'select' : model.query.operation;
  const cells = world.cells.filter(cell => cell.role === role && cell.command === command && cell.bucket !== undefined);
  const named = cells.filter(cell => bucket.includes(cell.bucket ?? ''));
  const mine = named.length > 0 ? named : cells;
  const cell = mine.find(candidate => candidate.verdict === 'leaks') ?? mine[0];
  if (cell === undefined)
    return { verdict: 'unknown', reason: 'opaque', notes: ["The bucket's policies were not replayed."] };
  if (cell.verdict === 'leaks') return { verdict: 'leaks', reason: 'policy-leaks', notes: [cell.because] };
  return { verdict: 'isolated', reason: 'scoped-by-policy', notes: [cell.because] };
}

/** `${session.tenant}/…`: a text whose first part the server verified. */
function startsWithOwn(term: Term, model: QueryPath, { tenancy }: JudgeWorld): boolean {
  if (term.kind !== 'call') return false;
  const [first] = term.arguments;
  if (first?.kind === 'principal') return true;
  return model.facts.some(({ holds, weakness }) => {
    if (weakness !== undefined || first === undefined) return false;
    if (holds.kind === 'member') return termKey(holds.tenant) === termKey(first);
    if (holds.kind !== 'row' || first.kind !== 'column' || first.row !== holds.row.name) return false;
    const membership = membershipTables(tenancy).find(entry => entry.table === holds.row.table);
    const user: Term = { kind: 'principal', attribute: 'user.id' };
    return (
      membership?.tenantColumn === first.column &&
      termsOf(holds.row.where).some(each => termKey(each) === termKey(user))
    );
  });
}
