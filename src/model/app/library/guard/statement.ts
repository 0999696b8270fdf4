import { and, equals, type RowVariable, type Term } from '../../../../core/predicate.ts';
import { commonFacts, rowFact } from '../../facts.ts';
import { termKey } from '../../keys.ts';
import type { Call, Machine } from '../../machine.ts';
import { termOf } from '../../operations.ts';
import type { DatabaseClient, Fact } from '../../types.ts';
import type { Value } from '../../value.ts';
import { asked, readScope, scopeHere, type Scope } from './scope.ts';
import { settingsRead } from './settings-read.ts';

/** A pool of @drydock/guard, as its statements reach the database: under a role of row security, with who is asking. */
export interface Guard {
  readonly key: string;
  readonly role: string;
  readonly settings: { readonly tenant: string; readonly user: string };
  /** The table in which each statement looks the membership up; absent where the options do not tell it. */
  readonly membership: { readonly table: string; readonly user: string; readonly tenant: string } | undefined;
  /** Finds the scope where the code runs in none. */
  readonly resolve: Value | undefined;
  readonly hasAdmin: boolean;
}

/** One way in which a statement reaches the database, with what holds then. */
export interface Sent {
  readonly client: DatabaseClient;
  readonly facts: readonly Fact[];
  /** What also holds afterwards: without it the statement would have failed. */
  readonly after: readonly Fact[];
}

/** How a statement on a guarded pool reaches the database from here. */
export function sentBy(
  call: Pick<Call, 'machine' | 'frame' | 'at' | 'end'>,
  guard: Guard,
  client: DatabaseClient,
  tables: readonly string[],
): readonly Sent[] {
  return waysOf(call, guard, client).map(way => ({ ...way, client: withoutUnread(call.machine, way.client, tables) }));
}

/** Without the settings that no policy of the tables reads: the result does not depend on them. */
function withoutUnread({ database }: Machine, client: DatabaseClient, tables: readonly string[]): DatabaseClient {
  const read =
    database === undefined || client.sqlRole === undefined ? undefined : settingsRead(database, client.sqlRole, tables);
  return read === undefined ? client : { ...client, settings: client.settings.filter(({ name }) => read.has(name)) };
}

function waysOf(
  call: Pick<Call, 'machine' | 'frame' | 'at' | 'end'>,
  guard: Guard,
  client: DatabaseClient,
): readonly Sent[] {
  const { machine } = call;
  const scope = scopeHere(machine);
  if (scope !== undefined && scope !== 'nobody') return [sent(machine, guard, client, readScope(scope))];
  if (scope === 'nobody' || guard.resolve === undefined) return [sent(machine, guard, client, undefined)];
  const found = asked({ ...call, arguments: [] }, guard.resolve).flatMap(({ value, facts }) => {
    const resolved = readScope(value);
    return resolved === undefined ? [] : [{ scope: resolved, facts }];
  });
  if (found.length === 0) return [sent(machine, guard, client, undefined)];
  const shared = commonFacts(found.map(({ facts }) => facts));
  return withoutNarrower(found).map(({ scope: resolved, facts }) => {
    const one = sent(machine, guard, client, resolved);
    // Who asks without a tenant is asked for no membership.
    const after = found.length === 1 ? one.after : shared;
    return { client: one.client, facts: [...facts, ...one.facts], after };
  });
}

interface Found {
  readonly scope: Scope;
  readonly facts: readonly Fact[];
}

/** A user without a tenant sees nothing that the same user in a tenant would not. */
function withoutNarrower(found: readonly Found[]): readonly Found[] {
  const users = new Set(found.flatMap(({ scope }) => (scope.mode === 'tenant' ? [termKey(termOf(scope.user))] : [])));
  return found.filter(({ scope }) => scope.mode !== 'user' || !users.has(termKey(termOf(scope.user))));
}

function sent(machine: Machine, guard: Guard, client: DatabaseClient, scope: Scope | undefined): Sent {
  if (scope?.mode === 'admin' && guard.hasAdmin)
    return { client: { ...client, role: 'service' }, facts: [], after: [] };
  const own = client.settings.filter(({ name }) => !Object.values(guard.settings).includes(name));
  const settings = [...own, ...settingsOf(guard, scope)];
  const facts = scope?.mode === 'tenant' ? memberFacts(machine, guard, client, scope) : [];
  return { client: { ...client, role: 'guarded', sqlRole: guard.role, settings }, facts, after: facts };
}

function settingsOf({ settings }: Guard, scope: Scope | undefined): DatabaseClient['settings'] {
  switch (scope?.mode) {
    case 'tenant':
      return [
        { name: settings.user, value: termOf(scope.user) },
        { name: settings.tenant, value: termOf(scope.tenant) },
      ];
    case 'user':
      return [{ name: settings.user, value: termOf(scope.user) }];
    case 'system':
      return [{ name: settings.tenant, value: termOf(scope.tenant) }];
    case 'untold':
      return Object.values(settings).map(name => ({ name, value: termOf(scope.value) }));
    // Without a scope the guard refuses, and so it does as admin without a pool for it.
    default:
      return [];
  }
}

/** Each statement of a tenant's scope looks its membership up first, and fails where there is none. */
function memberFacts(
  machine: Machine,
  { membership }: Guard,
  { place }: DatabaseClient,
  scope: Extract<Scope, { mode: 'tenant' }>,
): readonly Fact[] {
  if (membership === undefined) return [];
  const user = termOf(scope.user);
  const tenant = termOf(scope.tenant);
  const rows = machine.remember('memberships of guarded pools', () => new Map<string, RowVariable>());
  const key = `${membership.table} ${termKey(user)} ${termKey(tenant)}`;
  const row = rows.get(key) ?? memberRow(machine, membership, user, tenant);
  rows.set(key, row);
  return [rowFact(row, place, 'the guard looked the membership up')];
}

function memberRow(
  machine: Machine,
  { table, ...columns }: NonNullable<Guard['membership']>,
  user: Term,
  tenant: Term,
): RowVariable {
  const fresh = machine.newRow(table, { kind: 'true' });
  const column = (name: string): Term => ({ kind: 'column', row: fresh.name, column: name });
  const where = and([equals(column(columns.user), user), equals(column(columns.tenant), tenant)]);
  const row = { ...fresh, where };
  machine.rows.set(row.name, row);
  return row;
}
