import { plainName } from '../core/names.ts';
import type { RowVariable, Term } from '../core/predicate.ts';
import { rootsOf, ownersByTable } from '../logic/entails.ts';
import { equalitiesOf } from '../logic/equalities.ts';
import type { Fact } from '../model/app/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';

/** Keys that are made to stand in pages: they say for which tenant a visitor does something, and keep nobody out. */
const shown = /(?:^|_)(?:publishable|public|client|write|site|embed|ingest)_(?:api_)?key$/;

/** That the tenants which such keys name are asked for, so far as rows were found by what the caller sent as one. */
export function membersByShownKey(facts: readonly Fact[], tenancy: TenancyModel): readonly Fact[] {
  return facts.flatMap((fact): readonly Fact[] => {
    if (fact.holds.kind !== 'row' || fact.weakness !== undefined || fact.each !== undefined) return [];
    const { row } = fact.holds;
    const tenant = isFoundByShownKey(row) ? tenantOf(row, tenancy) : undefined;
    return tenant === undefined ? [] : [{ ...fact, holds: { kind: 'member', tenant } }];
  });
}

function isFoundByShownKey(row: RowVariable): boolean {
  const isKey = (term: Term): boolean =>
    term.kind === 'column' && term.row === row.name && shown.test(plainName(term.column));
  const isSent = (term: Term): boolean =>
    term.kind === 'client' || (term.kind === 'call' && term.arguments.some(isSent));
  return equalitiesOf(row.where).some(
    ([left, right]) => (isKey(left) && isSent(right)) || (isKey(right) && isSent(left)),
  );
}

function tenantOf(row: RowVariable, tenancy: TenancyModel): Term | undefined {
  const root = rootsOf(tenancy).find(({ table }) => table === row.table);
  if (root !== undefined) return { kind: 'column', row: row.name, column: root.key };
  const ownership = ownersByTable(tenancy).get(row.table)?.ownership;
  if (ownership?.kind !== 'tenant' || ownership.path.length > 1) return undefined;
  return { kind: 'column', row: row.name, column: ownership.path[0].column };
}
