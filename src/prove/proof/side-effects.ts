import { objectName, type Cell } from '../../core/cell.ts';
import { compareText } from '../../core/place.ts';
import { mayUse } from '../../model/database/roles.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import { changedThrough } from './accesses.ts';

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
  const leaking =
    [...functions, ...views, ...parts(tables, database)].find(name => cells.some(cell => isLeakThrough(cell, name))) ??
    firing(functions, database).find(name => cells.some(cell => isLeakThrough(cell, name))) ??
    ruled(tables, database)[0] ??
    passing(tables, cells, database)[0];
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
        : `what is written by way of '${leaking}' is seen by no policy of the tables that it comes to`,
  };
}

/** What is written into a part of a table is read in the whole. */
function parts(tables: readonly string[], database: DatabaseModel): readonly string[] {
  const found = new Set(tables);
  for (const name of found)
    for (const table of database.tables) if (table.parents?.includes(name) === true) found.add(table.name);
  return [...found].filter(name => !tables.includes(name));
}

/** The tables and views whose changes call one of the functions. */
function firing(functions: readonly string[], { tables, views }: DatabaseModel): readonly string[] {
  return [...tables, ...views]
    .filter(({ triggers = [] }) => triggers.some(trigger => functions.includes(trigger.function)))
    .map(({ name }) => name);
}

/** Views of one table that those who ask may write through with their owner's rights: what becomes of the table no policy says. */
function passing(tables: readonly string[], cells: readonly Cell[], database: DatabaseModel): readonly string[] {
  const roles = [...new Set(cells.map(({ role }) => role))].filter(role => role !== 'owner');
  return database.views
    .filter(view => !view.securityInvoker && !view.materialized)
    .filter(view =>
      roles.some(role => (['insert', 'update'] as const).some(command => mayUse(role, command, view, database))),
    )
    .filter(view => tables.includes(changedThrough(view, database) ?? ''))
    .map(({ name }) => name);
}

/** The tables and views of which a rule makes a change of one of the tables, with the rights of their owner. */
function ruled(tables: readonly string[], database: DatabaseModel): readonly string[] {
  return [...database.tables, ...database.views]
    .filter(({ rules = [] }) => rules.some(rule => tables.some(table => writesTo(rule, table))))
    .map(({ name }) => name);
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
  const writes = cell.command === 'execute' || cell.command === 'insert' || cell.command === 'update';
  return objectName(cell) === name && writes && cell.verdict === 'leaks';
}
