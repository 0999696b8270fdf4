import { opensFor, type MeasuredPlan, type PolicySpeed, type PolicyText, type TableRules } from '../core/rules.ts';
import { count, grouped } from './words.ts';

/** A table's list with the policies that decide what it shows. */
export interface ShownSpeed {
  readonly speed: PolicySpeed;
  readonly policies: readonly PolicyText[];
}

/** Lists that can be faster, and those that cannot; the slowest first. */
export function speedsIn(
  speeds: readonly PolicySpeed[],
  tables: readonly TableRules[] = [],
): { readonly slow: readonly ShownSpeed[]; readonly right: readonly ShownSpeed[] } {
  const shown = orderSpeeds(speeds).map(speed => ({ speed, policies: policiesOf(speed, tables) }));
  return {
    slow: shown.filter(({ speed }) => speed.faster !== undefined),
    right: shown.filter(({ speed }) => speed.faster === undefined),
  };
}

/** The slowest first. */
export function orderSpeeds(speeds: readonly PolicySpeed[]): readonly PolicySpeed[] {
  const sortable = ({ asWritten }: PolicySpeed): number => asWritten.elapsedMs ?? Number.POSITIVE_INFINITY;
  return speeds.toSorted((left, right) => sortable(right) - sortable(left));
}

function policiesOf({ table, role }: PolicySpeed, tables: readonly TableRules[]): readonly PolicyText[] {
  const policies = tables.find(each => each.table === table)?.policies ?? [];
  return policies.filter(policy => opensFor({ ...policy, permissive: true }, 'select', [role]));
}

/** What a policy asks of a row that is listed, as its statement would say it. */
export function listingPolicy({ name, table }: { readonly name: string; readonly table: string }, using = ''): string {
  return `create policy "${name}" on ${table} … using (${using.replaceAll(/\s+/g, ' ')})`;
}

/** How many of the lists can be faster. */
export function speedsSentence(speeds: readonly PolicySpeed[]): string {
  const slow = speeds.filter(speed => speed.faster !== undefined).length;
  if (speeds.length === 0) return 'No list was measured: no role may list a table with an owner under policies.';
  return slow === 0
    ? `${count(speeds.length, 'list')} measured; nothing that is known makes one of them faster.`
    : `${slow} of ${count(speeds.length, 'list')} can be faster.`;
}

/** Whose rows were listed, and as whom. */
export function speedVolume({ rows, tenants, visible, role }: PolicySpeed): string {
  return `${grouped(visible)} of ${grouped(rows)} rows, ${grouped(tenants)} tenants, as ${role}`;
}

/** How long it took. */
export function speedTime({ elapsedMs }: MeasuredPlan): string {
  return elapsedMs === undefined ? 'did not end in time' : `${elapsedMs.toFixed(1)} ms`;
}
