import { createHash } from 'node:crypto';

import type { JudgedPath } from '../checks/check.ts';
import { compareText } from '../core/place.ts';
import type { PolicyPredicate, TablePolicy } from '../core/policy.ts';
import type { Predicate } from '../core/predicate.ts';
import type { Owner, TenancyModel } from '../model/tenancy/types.ts';
import { predicateText } from './sql-text.ts';

const longest = 320;

/** The conditions under which every table is reached, in an order that only changes when they do. */
export function policyTable(paths: readonly JudgedPath[], tenancy: TenancyModel): readonly TablePolicy[] {
  const tables = new Map<string, Map<string, PolicyPredicate>>();
  for (const path of paths) {
    const predicate = canonical(conditionOf(path));
    const { table, operation, role } = path.sink;
    const key = [operation, role, path.verdict, predicate].join('\n');
    const known = tables.get(table) ?? new Map<string, PolicyPredicate>();
    tables.set(table, known);
    const names = new Set([...(known.get(key)?.entryPoints ?? []), path.entryPoint.name]);
    known.set(key, {
      predicate,
      operation,
      role,
      verdict: path.verdict,
      entryPoints: [...names].toSorted(compareText),
    });
  }
  const owners = new Map(tenancy.owners.map(owner => [owner.table, owner]));
  return [...tables]
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([table, predicates]) => ({
      table,
      owner: ownerWords(owners.get(table)),
      predicates: [...predicates]
        .toSorted(([left], [right]) => compareText(left, right))
        .map(([, predicate]) => predicate),
    }));
}

/** The filter of the query's own row, or of the row that it joins. */
function conditionOf({ model, sink }: JudgedPath): Predicate {
  if (sink.table === model.query.table) return model.query.where;
  return model.query.joined.find(row => row.table === sink.table)?.where ?? model.query.where;
}

/** The parts of a condition in the order of their texts, each once. */
function canonical(predicate: Predicate): string {
  const parts = predicate.kind === 'and' ? predicate.operands : [predicate];
  const texts = [
    ...new Set(parts.map(part => (part.kind === 'or' ? `(${predicateText(part)})` : predicateText(part)))),
  ];
  const text = predicate.kind === 'true' ? 'every row' : texts.toSorted(compareText).join(' and ');
  if (text.length <= longest) return text;
  return `${text.slice(0, longest)} … #${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}

function ownerWords(owner: Owner | undefined): string {
  if (owner === undefined) return 'in no schema that was read';
  const { ownership } = owner;
  switch (ownership.kind) {
    case 'tenant':
    case 'user':
      return `${ownership.kind} by ${ownership.path.map(hop => hop.column).join(' → ')}`;
    case 'shared':
      return 'nobody’s';
    case 'unknown':
      return 'owner not known';
  }
}
