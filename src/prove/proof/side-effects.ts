import { objectName, type Cell } from '../../core/cell.ts';
import { compareText } from '../../core/place.ts';
import type { DatabaseModel } from '../../model/database/types.ts';

/** What else writes to tables, besides the statements that the policies see. */
export interface SideEffects {
  /** What a proof then takes for granted. */
  readonly assumptions: readonly string[];
  /** One of them was seen to leak: nothing can be taken for granted. */
  readonly leaking: string | undefined;
}

/** Functions with their owner's rights, and views that pass on changes, that write to one of the tables. */
export function sideEffects(tables: readonly string[], cells: readonly Cell[], database: DatabaseModel): SideEffects {
  const functions = database.functions
    .filter(definition => definition.securityDefiner && definition.volatility === 'volatile')
    .filter(definition => tables.some(table => writesTo(definition.body, table)))
    .map(definition => definition.name);
  const views = database.views
    .filter(view => !view.securityInvoker && !view.materialized && view.reads.some(name => tables.includes(name)))
    .filter(view => view.grants.some(grant => grant.privilege === 'insert' || grant.privilege === 'update'))
    .map(view => view.name);
  const leaking = [...functions, ...views].find(name => cells.some(cell => isLeakThrough(cell, name)));
  const say = (names: readonly string[], text: (list: string) => string): readonly string[] =>
    names.length === 0
      ? []
      : [
          text(
            [...new Set(names)]
              .sort(compareText)
              .map(name => `'${name}'`)
              .join(', '),
          ),
        ];
  return {
    assumptions: [
      ...say(
        functions,
        list => `what these functions write with their owner's rights ties nobody to a tenant on his own wish: ${list}`,
      ),
      ...say(views, list => `what is written through these views ties nobody to a tenant on his own wish: ${list}`),
    ],
    leaking:
      leaking === undefined
        ? undefined
        : `'${leaking}' writes rows that no policy sees, and was seen to reach others' rows`,
  };
}

function writesTo(body: string, table: string): boolean {
  const [schema, name] = table.includes('.') ? table.split('.') : ['public', table];
  const target = `(?:"?${escape(schema ?? '')}"?\\s*\\.\\s*)?"?${escape(name ?? '')}"?(?![\\w."])`;
  return new RegExp(
    `\\b(?:insert\\s+into|update|merge\\s+into|copy)\\s+(?:only\\s+)?${target}|\\bexecute\\s+(?!function|procedure)`,
    'i',
  ).test(body);
}

function escape(text: string): string {
  return text.replace(/\W/g, '\\$&');
}

function isLeakThrough(cell: Cell, name: string): boolean {
  const writes = cell.objectKind === 'function' || cell.command === 'insert' || cell.command === 'update';
  return objectName(cell) === name && writes && cell.verdict === 'leaks';
}
