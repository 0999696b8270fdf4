import type { CallExpression } from 'oxc-parser';
import { isSessionValue } from '../idioms/caller.ts';
import { propertyOf } from '../source/code-tables.ts';
import { textOf } from '../source/parsed-file.ts';
import { meansTable, propertyNode } from '../source/query-site.ts';
import type { QuerySite } from '../source/query-site.ts';
import { addConjunct, drizzleCondition } from './condition.ts';
import { chainBreak, objectsOf, separatorAfter } from './work.ts';
import type { Work } from './work.ts';

/** Ties a Drizzle select, update or delete to the caller; the reason when it cannot be. */
export function scopeDrizzle(work: Work, site: Extract<QuerySite, { kind: 'drizzle' }>): string | undefined {
  const { parsed, edits, codeTable } = work;
  if (codeTable === undefined) return `The code's table object for '${work.target.table}' was not found.`;
  const table = site.tables.find(each => meansTable(work.context, parsed, each, codeTable));
  if (table === undefined) return `The query does not name '${codeTable.name}'.`;
  const condition = drizzleCondition(work, textOf(parsed, table), textOf(parsed, site.client), site.tables);
  if (condition === undefined)
    return `The columns that lead from '${work.target.table}' to its owner are not in the code's schema.`;
  replaceWritten(work, site.calls.get('set'));
  const count = site.calls.get('$count');
  const filter = count?.arguments[1];
  if (count !== undefined) {
    if (filter === undefined) edits.insert(parsed, table.end, `, ${condition}`);
    else if (filter.type !== 'SpreadElement') addConjunct(work, filter, condition);
    return undefined;
  }
  const where = site.calls.get('where');
  const argument = where?.arguments[0];
  if (where === undefined) {
    const anchor = lastJoin(site) ?? site.calls.get('set') ?? site.calls.get('from') ?? site.calls.get('delete');
    if (anchor === undefined) return 'The query has no place for a condition.';
    edits.insert(parsed, anchor.end, `${chainBreak(parsed, anchor)}.where(${condition})`);
    return undefined;
  }
  if (argument === undefined) edits.insert(parsed, where.end - 1, condition);
  else if (argument.type === 'SpreadElement') return 'The condition is spread.';
  else addConjunct(work, argument, condition);
  return undefined;
}

function lastJoin(site: Extract<QuerySite, { kind: 'drizzle' }>): CallExpression | undefined {
  return [...site.calls]
    .filter(([name]) => name.endsWith('Join'))
    .map(([, call]) => call)
    .sort((left, right) => right.end - left.end)[0];
}

/** Gives inserted rows the caller as their owner; the reason when it cannot be. */
export function scopeInsert(work: Work, site: Extract<QuerySite, { kind: 'drizzle' }>): string | undefined {
  return replaceWritten(work, site.calls.get('values'), 'required');
}

// The owner's column in `values({…})` and `set({…})` gets the caller's own value.
function replaceWritten(work: Work, call: CallExpression | undefined, required?: 'required'): string | undefined {
  const { parsed, edits, codeTable, ownership, value, context } = work;
  const property = codeTable === undefined ? undefined : propertyOf(codeTable, ownership.hops[0].column);
  if (ownership.hops.length > 1 || property === undefined)
    return required === undefined
      ? undefined
      : `Rows of '${work.target.table}' name their owner only over other tables.`;
  const argument = call?.arguments[0];
  const objects = argument === undefined ? [] : objectsOf(parsed, argument);
  if (objects.length === 0)
    return required === undefined ? undefined : 'The inserted values are not written as an object here.';
  for (const object of objects) {
    const existing = propertyNode(object, property);
    if (existing === undefined) {
      const spread = object.properties.some(each => each.type === 'SpreadElement');
      const last = object.properties.at(-1);
      if ((required !== undefined || spread) && last !== undefined)
        edits.insert(parsed, last.end, `${separatorAfter(parsed, object, last)}${property}: ${value}`);
      continue;
    }
    const written = existing.value;
    const last = object.properties.at(-1);
    const overwritten = object.properties.some(each => each.type === 'SpreadElement' && each.start > existing.start);
    if (overwritten && last !== undefined) {
      const next = object.properties[object.properties.indexOf(existing) + 1];
      edits.replace(parsed, { start: existing.start, end: next?.start ?? existing.end }, '');
      edits.insert(parsed, last.end, `${separatorAfter(parsed, object, last)}${property}: ${value}`);
      continue;
    }
    const isOwn =
      written.type === 'Identifier' || written.type === 'MemberExpression'
        ? isSessionValue(context, parsed, written, ownership.wanted, 0)
        : false;
    if (!isOwn) edits.replace(parsed, existing, value === property ? property : `${property}: ${value}`);
  }
  return undefined;
}
