import type { Term } from '../../../core/predicate.ts';
import { ownerColumnOf } from '../../../logic/entails.ts';
import { keyOf, nameOf } from '../../../model/app/observe/predicates.ts';
import type { DatabaseModel } from '../../../model/database/types.ts';
import type { TenancyModel } from '../../../model/tenancy/types.ts';
import { humanizeTable, isOwned, quoteAll } from '../../harm.ts';
import { observedCheck, type Observed } from '../../observed.ts';

/** A cache that outlives the request, whose content depends on who asked and whose key does not: the next caller gets the first one's rows. */
export const check = observedCheck({
  id: 'cache/personal-data-in-shared-cache',
  title: 'Personal data in a shared cache',
  severity: 'high',
  cwe: 524,
  kind: 'cache',
  faults: (seen, { tenancy, database }) => {
    const table = seen.tables.find(name => isOwned(tenancy, name));
    const all = missingFromKey(seen);
    // Another name, another filter: within one owner's rows that is wrong, and shows nobody another's.
    const missing = isOfOneOwner(seen, tenancy, database) ? all.filter(term => term.kind === 'principal') : all;
    if (table === undefined || missing.length === 0) return [];
    const terms = missing.map(nameOf);
    return [
      {
        harm: `Whoever asks first fills the cache, and other customers are then shown that customer's ${humanizeTable(table)}.`,
        message: `${describe(seen)} holds rows of '${table}' that depend on ${quoteAll(terms)}, which is not in its key.`,
        entryPoints: seen.entryPoints,
        object: table,
        repair: { kind: 'key-cache', place: seen.place, mechanism: seen.mechanism, terms },
      },
    ];
  },
});

/** What identifies the caller and is no part of the key. A key that names the user serves nobody else, whatever else it lacks. */
function missingFromKey({ dependsOn, keyed }: Observed<'cache'>): readonly Term[] {
  if (keyed.some(term => term.kind === 'principal' && term.attribute === 'user.id')) return [];
  const present = new Set(keyed.map(keyOf));
  return dependsOn.filter(term => !present.has(keyOf(term)));
}

/** Whether each entry holds rows of one owner: the key says whose rows the queries ask for, or which row. */
function isOfOneOwner({ fixed }: Observed<'cache'>, tenancy: TenancyModel, database: DatabaseModel): boolean {
  return fixed
    .filter(({ table }) => isOwned(tenancy, table))
    .every(({ table, columns }) => {
      const owner = ownerColumnOf(table, tenancy);
      const keys = database.tables.find(({ name }) => name === table)?.uniqueKeys ?? [];
      const isFixed = (name: string | undefined): boolean => name !== undefined && columns.includes(name);
      return isFixed(owner) || keys.some(([key, ...others]) => others.length === 0 && isFixed(key));
    });
}

function describe({ mechanism, name }: Observed<'cache'>): string {
  switch (mechanism) {
    case 'unstable_cache':
      return `The 'unstable_cache' in '${name}'`;
    case 'use-cache':
      return `'${name}', which is cached by 'use cache',`;
    case 'module-map':
      return `'${name}', which lives as long as the process,`;
    case 'fetch':
      return `The cached 'fetch' in '${name}'`;
  }
}
