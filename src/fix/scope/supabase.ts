import { isSessionValue } from '../idioms/caller.ts';
import { styleOf } from '../source/edit-set.ts';
import { stringValue } from '../source/parsed-file.ts';
import { propertyNode } from '../source/query-site.ts';
import type { QuerySite } from '../source/query-site.ts';
import { chainBreak, objectsOf, separatorAfter } from './work.ts';
import type { Work } from './work.ts';

/** Ties a supabase-js chain to the caller; the reason when it cannot be. */
export function scopeSupabase(work: Work, site: Extract<QuerySite, { kind: 'supabase' }>): string | undefined {
  const { parsed, edits, ownership, value, context } = work;
  if (ownership.hops.length > 1) return `Rows of '${work.target.table}' name their owner only over other tables.`;
  const { column } = ownership.hops[0];
  const { quote } = styleOf(parsed);
  const written = site.calls.find(each => each.name === 'insert' || each.name === 'upsert');
  if (written !== undefined) {
    const argument = written.call.arguments[0];
    const objects = argument === undefined ? [] : objectsOf(parsed, argument);
    if (objects.length === 0) return 'The inserted values are not written as an object here.';
    for (const object of objects) {
      const existing = propertyNode(object, column);
      const last = object.properties.at(-1);
      if (existing !== undefined) edits.replace(parsed, existing, `${column}: ${value}`);
      else if (last !== undefined)
        edits.insert(parsed, last.end, `${separatorAfter(parsed, object, last)}${column}: ${value}`);
    }
    return undefined;
  }
  const existing = site.calls.find(each => each.name === 'eq' && stringValue(each.call.arguments[0]) === column);
  const argument = existing?.call.arguments[1];
  if (
    argument !== undefined &&
    argument.type !== 'SpreadElement' &&
    !isSessionValue(context, parsed, argument, ownership.wanted, 0)
  ) {
    edits.replace(parsed, argument, value);
    return undefined;
  }
  const anchor = site.calls[0]?.call;
  if (anchor === undefined) return 'The query is not finished here.';
  edits.insert(parsed, anchor.end, `${chainBreak(parsed, anchor)}.eq(${quote}${column}${quote}, ${value})`);
  return undefined;
}
