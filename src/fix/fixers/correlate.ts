import type { Finding } from '../../core/finding.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { quoted, quotedName, recreatePolicy } from '../idioms/policy.ts';
import { bareName, hint, migration } from './statements.ts';

/** Names the row's own table where a sub-query of its policy compared another table with itself. */
export function correlatePolicy(finding: Finding, { database }: FixContext): Draft | Refused {
  const table = database.tables.find(each => each.name === hint(finding, 'table'));
  const policy = table?.policies.find(each => each.name === hint(finding, 'policy'));
  const [other, column] = [hint(finding, 'other'), hint(finding, 'column')];
  if (table === undefined || policy === undefined || other === undefined || column === undefined)
    return { refused: 'The policy is not in the database model.' };
  if (!table.columns.some(each => each.name === column))
    return { refused: `'${table.name}' has no column '${column}' with which '${other}' could be compared.` };
  const tie = (condition: string): string => tied(condition, { other, column, own: bareName(table.name) });
  const repaired = {
    ...policy,
    ...(policy.using === undefined ? {} : { using: tie(policy.using) }),
    ...(policy.check === undefined ? {} : { check: tie(policy.check) }),
  };
  if (repaired.using === policy.using && repaired.check === policy.check)
    return { refused: `Where '${other}' is compared with itself cannot be rewritten.` };
  const drop = `drop policy ${quotedName(policy.name)} on ${quoted(policy.table)};`;
  return migration(
    {
      name: `tie_policy_of_${bareName(table.name)}`,
      up: [drop, recreatePolicy(repaired)],
      down: [drop, recreatePolicy(policy)],
    },
    {
      title: `Compare with the row of ${table.name} in '${policy.name}'`,
      explanation: 'The sub-query compared a table with itself, so that its answer was the same for every row.',
    },
  );
}

/** `r.topic_id = r.id` becomes `r.topic_id = topics.id`: the side that was meant for the row names its table. */
function tied(
  condition: string,
  { other, column, own }: { readonly other: string; readonly column: string; readonly own: string },
): string {
  const [theirs, name] = [other, column].map(part => part.replaceAll(/\W/g, '\\$&'));
  const side = `"?${theirs}"?\\."?`;
  const meant = `${quoted(own)}.${quoted(column)}`;
  const right = new RegExp(`(${side}\\w+"? = )${side}${name}"?(?!\\w)`);
  const left = new RegExp(`${side}${name}"?( = ${side}\\w+"?)`);
  return right.test(condition) ? condition.replace(right, `$1${meant}`) : condition.replace(left, `${meant}$1`);
}
