import type { Finding } from '../../core/finding.ts';
import type { Policy, Table } from '../../model/database/types.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { ownershipOf } from '../idioms/ownership.ts';
import { ownerCondition, quoted, quotedName, recreatePolicy } from '../idioms/policy.ts';
import { narrow } from './database.ts';
import { bareName, hint, migration } from './statements.ts';

/** A policy that asks for the row's own owner lets it name rows of others: each row that it names has to be the caller's, too. */
export function tieReferences(finding: Finding, context: FixContext): Draft | Refused {
  return tied(finding, context, ownersCondition, {
    title: "rows of the caller's",
    explanation: "each key in it now has to lead to a row of the caller's.",
  });
}

/**
 * The same where several share what it names: each row that it names has to be one that the caller sees. Policies apply within
 * policies. https://www.postgresql.org/docs/18/ddl-rowsecurity.html
 */
export function tieToSeen(finding: Finding, context: FixContext): Draft | Refused {
  return tied(finding, context, (_, target) => (isShared(target) ? 'true' : undefined), {
    title: 'rows that the caller sees',
    explanation: 'each key in it now has to lead to a row that the caller may read.',
  });
}

/** Whether others than one owner see its rows. */
function isShared({ rowSecurity, policies }: Table): boolean {
  const reading = policies.filter(
    ({ permissive, command }) => permissive && (command === 'select' || command === 'all'),
  );
  return rowSecurity && reading.some(({ usingPredicate: seen }) => seen !== undefined && seen.kind !== 'compare');
}

type TargetCondition = (context: FixContext, target: Table) => string | undefined;

const ownersCondition: TargetCondition = (context, target) => ownerCondition(context, target.name, { row: 'named' });

function tied(
  finding: Finding,
  context: FixContext,
  conditionOn: TargetCondition,
  words: { readonly title: string; readonly explanation: string },
): Draft | Refused {
  const table = context.database.tables.find(each => each.name === (hint(finding, 'table') ?? finding.object));
  const policy = table?.policies.find(each => each.name === hint(finding, 'policy'));
  const condition = table === undefined ? undefined : ownerCondition(context, table.name);
  if (table === undefined || policy === undefined || condition === undefined || policy.command === 'select')
    return { refused: '' };
  const writes = policy.check ?? (policy.command === 'insert' ? undefined : policy.using);
  const ties = referencesOf(table, context, conditionOn);
  // Where the owner is not asked for yet, that is the fault.
  if (writes === undefined || writes === 'true' || ties.length === 0) return { refused: '' };
  if (narrow(context, policy, table, condition) !== undefined) return { refused: '' };
  const repaired: Policy = { ...policy, check: [`(${writes})`, ...ties].join('\n    and ') };
  const drop = `drop policy ${quotedName(policy.name)} on ${quoted(table.name)};`;
  return migration(
    {
      name: `tie_references_of_${bareName(table.name)}`,
      up: [drop, recreatePolicy(repaired)],
      down: [drop, recreatePolicy(policy)],
    },
    {
      title: `Let '${policy.name}' on ${table.name} name only ${words.title}`,
      explanation: `The row was the caller's own, and what it named somebody else's: ${words.explanation}`,
    },
  );
}

function referencesOf(table: Table, context: FixContext, conditionOn: TargetCondition): readonly string[] {
  const { tenancy, database } = context;
  const owning = ownershipOf(context, table.name)?.hops[0].column;
  return table.foreignKeys.flatMap(key => {
    const [column, more] = key.columns;
    const [referenced] = key.referencedColumns;
    const target = database.tables.find(each => each.name === key.table);
    const isPerson = key.table === tenancy.principal?.table || key.table === tenancy.root?.table;
    if (column === undefined || referenced === undefined || more !== undefined) return [];
    if (target === undefined || isPerson || column === owning || target.name === table.name) return [];
    const condition = conditionOn(context, target);
    if (condition === undefined) return [];
    const own = `${quotedName(bareName(table.name))}.${quotedName(column)}`;
    const further = condition === 'true' ? '' : ` and ${condition}`;
    const found = `exists (select from ${quoted(target.name)} named where named.${quotedName(referenced)} = ${own}${further})`;
    const isNeeded = table.columns.some(each => each.name === column && each.notNull);
    return [isNeeded ? found : `(${own} is null or ${found})`];
  });
}
