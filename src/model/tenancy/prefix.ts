import type { DatabaseModel } from '../database/types.ts';
import type { TenancyHints } from './infer.ts';
import { isTenantNoun, isUserNoun } from './names.ts';
import type { Membership, OwnerHop, TenancyModel } from './types.ts';

/** Fewer tables with one first word are chance. */
const fewest = 4;

/** A database whose tables lost the word that nearly all of them begin with (`crm_user`), and the way back. */
export interface WithoutPrefix {
  readonly database: DatabaseModel;
  readonly hints: TenancyHints;
  restore(tenancy: TenancyModel): TenancyModel;
}

/** Takes off the prefix that an app gives to all its tables; `undefined` where there is none. */
export function withoutPrefix(database: DatabaseModel, hints: TenancyHints): WithoutPrefix | undefined {
  const prefix = commonPrefix(database);
  if (prefix === undefined) return undefined;
  const bare = (name: string): string => {
    const dot = name.lastIndexOf('.') + 1;
    return name.startsWith(prefix, dot) ? name.slice(0, dot) + name.slice(dot + prefix.length) : name;
  };
  const names = new Map(database.tables.map(({ name }) => [bare(name), name]));
  if (names.size < database.tables.length) return undefined;
  const full = (name: string): string => names.get(name) ?? name;
  return {
    database: {
      ...database,
      tables: database.tables.map(table => ({
        ...table,
        name: bare(table.name),
        foreignKeys: table.foreignKeys.map(key => ({ ...key, table: bare(key.table) })),
      })),
    },
    hints: {
      ...hints,
      ...(hints.root === undefined ? {} : { root: bare(hints.root) }),
      ...(hints.principal === undefined ? {} : { principal: bare(hints.principal) }),
      ...(hints.memberships === undefined ? {} : { memberships: hints.memberships.map(bare) }),
      ...keyed('shared', hints.shared, bare),
      ...keyed('tenantColumns', hints.tenantColumns, bare),
      ...keyed('secretColumns', hints.secretColumns, bare),
      ...keyed('openColumns', hints.openColumns, bare),
      ...(hints.hops === undefined
        ? {}
        : {
            hops: Object.fromEntries(
              Object.entries(hints.hops).map(([table, hop]) => [bare(table), { ...hop, table: bare(hop.table) }]),
            ),
          }),
    },
    restore: tenancy => withNames(tenancy, full),
  };
}

/** One hint by table, its tables renamed. */
function keyed<Name extends keyof TenancyHints, Value>(
  name: Name,
  hint: Readonly<Record<string, Value>> | undefined,
  bare: (name: string) => string,
): { readonly [key in Name]?: Readonly<Record<string, Value>> } {
  if (hint === undefined) return {};
  const renamed = Object.fromEntries(Object.entries(hint).map(([table, value]) => [bare(table), value]));
  return { [name]: renamed } as { readonly [key in Name]: Readonly<Record<string, Value>> };
}

/** `crm_`, where four fifths of the tables begin so, the word is no kind of tenant or user, and no policy reads them. */
function commonPrefix({ tables }: DatabaseModel): string | undefined {
  if (tables.some(table => table.policies.length > 0)) return undefined;
  const counts = new Map<string, number>();
  for (const { name } of tables) {
    const word = /^[a-z][a-z0-9-]*_(?=\w)/i.exec(name.slice(name.lastIndexOf('.') + 1))?.[0];
    if (word !== undefined) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted(([, left], [, right]) => right - left);
  if (most === undefined || most[1] < fewest || most[1] < tables.length * 0.8) return undefined;
  const word = most[0].slice(0, -1);
  return isTenantNoun(word) || isUserNoun(word) ? undefined : most[0];
}

function withNames(tenancy: TenancyModel, full: (name: string) => string): TenancyModel {
  const renamed = <T extends { readonly table: string }>(part: T): T => ({ ...part, table: full(part.table) });
  const memberships = (list: readonly Membership[]): readonly Membership[] => list.map(renamed);
  const { root, principal, otherRoots } = tenancy;
  return {
    ...tenancy,
    root: root === undefined ? undefined : renamed(root),
    principal: principal === undefined ? undefined : renamed(principal),
    memberships: memberships(tenancy.memberships),
    ...(otherRoots === undefined
      ? {}
      : { otherRoots: otherRoots.map(other => ({ ...renamed(other), memberships: memberships(other.memberships) })) }),
    owners: tenancy.owners.map(owner => {
      const { ownership } = owner;
      if (ownership.kind !== 'tenant' && ownership.kind !== 'user') return renamed(owner);
      const [first, ...rest] = ownership.path;
      const path: readonly [OwnerHop, ...OwnerHop[]] = [renamed(first), ...rest.map(renamed)];
      return { ...renamed(owner), ownership: { ...ownership, path } };
    }),
    reasons: tenancy.reasons.map(reason =>
      reason.replaceAll(/'([\w.-]+)'/g, (_all, name: string) => `'${full(name)}'`),
    ),
  };
}
