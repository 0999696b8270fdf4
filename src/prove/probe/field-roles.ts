import type { Field, FieldShape } from '../../collect/runtime/field-shape.ts';
import type { JudgedPath } from '../../checks/check.ts';
import type { Predicate, RowVariable, Term } from '../../core/predicate.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';

/** What a value of a request stands for. */
export type FieldRole =
  | { readonly kind: 'tenant' }
  | { readonly kind: 'user' }
  /** It names a row: `table.column` is compared with it. */
  | { readonly kind: 'object'; readonly table: string; readonly column: string }
  /** Whoever knows it may: only ever sent by its owner. */
  | { readonly kind: 'capability'; readonly table: string; readonly column: string }
  /** An API key of the caller's own tenant. */
  | { readonly kind: 'credential'; readonly scheme: 'Bearer ' | '' }
  | { readonly kind: 'search' }
  /** Plain content, stored in or compared with this column where known. */
  | { readonly kind: 'plain'; readonly table?: string; readonly column?: string };

/** What roles are decided from. */
export interface RoleContext {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  /** Judged paths of the entry point. */
  readonly paths: readonly JudgedPath[];
  /** Tables that the entry point is about, by its paths and by its name. */
  readonly tables: readonly string[];
  /** The URL pattern or name it is about, for values that only their neighbourhood explains. */
  readonly text: string;
}

const tenantWords = /^(?:org|organi[sz]ation|tenant|team|workspace|account|company|client_account)$/;
const searchWords = /^(?:q|query|search|term|keyword|text|filter)$/;
const userWords = /^(?:user|owner|author|assignee|created_by|creator|principal|uploaded_by)$/;

/** What a field stands for: from the queries it reaches where the trace knows them, by its name otherwise. */
export function roleOf(field: Field, context: RoleContext): FieldRole {
  if (/^(?:authorization|x-api-key|api-?key)$/i.test(field.name))
    return { kind: 'credential', scheme: /^authorization$/i.test(field.name) ? 'Bearer ' : '' };
  const fromPaths = columnsComparedWith(field.name, context.paths).flatMap(place => roleOfColumn(place, context) ?? []);
  const telling = fromPaths.find(role => role.kind !== 'plain');
  if (telling !== undefined) return telling;
  return roleByName(field, context) ?? fromPaths[0] ?? { kind: 'plain', ...plainColumn(field.name, context) };
}

interface ColumnPlace {
  readonly table: string;
  readonly column: string;
}

/** Columns that the entry point's queries compare with, or assign from, a client value of this name. */
function columnsComparedWith(name: string, paths: readonly JudgedPath[]): readonly ColumnPlace[] {
  return paths.flatMap(path => {
    const query = path.model.query;
    const self: RowVariable = { name: 'self', table: query.table, where: query.where };
    const facts = [...path.model.facts, ...path.model.factsAfter];
    const rows = [self, ...query.joined, ...facts.flatMap(fact => (fact.holds.kind === 'row' ? [fact.holds.row] : []))];
    const compared = rows.flatMap(row => comparisons(row.where, [row, ...rows], name));
    const assigned = query.values
      .filter(entry => names(entry.value, name))
      .map(entry => ({ table: query.table, column: entry.column }));
    return [...compared, ...assigned];
  });
}

function comparisons(predicate: Predicate, rows: readonly RowVariable[], name: string): readonly ColumnPlace[] {
  switch (predicate.kind) {
    case 'compare': {
      const [column, other] =
        predicate.left.kind === 'column' ? [predicate.left, predicate.right] : [predicate.right, predicate.left];
      if (column.kind !== 'column' || !names(other, name)) return [];
      const table =
        rows.find(row => row.name === column.row)?.table ?? (column.row === 'self' ? rows[0]?.table : undefined);
      return table === undefined ? [] : [{ table, column: column.column }];
    }
    case 'and':
    case 'or':
      return predicate.operands.flatMap(operand => comparisons(operand, rows, name));
    case 'not':
    case 'maybe-absent':
      return comparisons(predicate.operand, rows, name);
    case 'exists':
      return comparisons(predicate.row.where, [predicate.row, ...rows], name);
    default:
      return [];
  }
}

/** The last part of a client term's path is the name by which the request carries it. */
function names(term: Term, name: string): boolean {
  if (term.kind === 'client' || term.kind === 'tool-argument')
    return (
      term.path === name ||
      term.path
        .split(/[.[\]]+/)
        .filter(part => part !== '')
        .at(-1) === name
    );
  return term.kind === 'call' && term.arguments.some(argument => names(argument, name));
}

function roleOfColumn(place: ColumnPlace, context: RoleContext): FieldRole | undefined {
  const table = context.database.tables.find(candidate => candidate.name === place.table);
  if (table === undefined) return undefined;
  const { tenancy } = context;
  const owner = tenancy.owners.find(candidate => candidate.table === place.table);
  const reference = table.foreignKeys.find(key => key.columns.length === 1 && key.columns[0] === place.column);
  const target =
    reference?.table ??
    (owner?.ownership.kind === 'tenant' &&
    owner.ownership.path.length === 1 &&
    owner.ownership.path[0].column === place.column
      ? tenancy.root?.table
      : undefined);
  if (place.table === tenancy.root?.table && place.column === tenancy.root.key) return { kind: 'tenant' };
  if (target !== undefined && target === tenancy.root?.table) return { kind: 'tenant' };
  if (
    (target !== undefined && target === tenancy.principal?.table) ||
    (place.table === tenancy.principal?.table && place.column === tenancy.principal.key)
  )
    return { kind: 'user' };
  if (owner?.capabilityColumns.includes(place.column) === true)
    return { kind: 'capability', table: place.table, column: place.column };
  if (reference?.referencedColumns[0] !== undefined)
    return { kind: 'object', table: reference.table, column: reference.referencedColumns[0] };
  const unique = table.uniqueKeys.some(key => key.length === 1 && key[0] === place.column);
  if (unique || /^(?:id|slug|uuid|.*_id)$/.test(place.column))
    return { kind: 'object', table: place.table, column: place.column };
  return { kind: 'plain', table: place.table, column: place.column };
}

function roleByName(field: Field, context: RoleContext): FieldRole | undefined {
  const words = snake(field.name).replace(/^x_/, '');
  const prefix = prefixOf(field.shape);
  if (prefix === 'cus_' || prefix === 'sub_')
    return columnLike(context, prefix === 'cus_' ? /stripe_?customer|^customer_stripe/i : /stripe_?subscription/i);
  if (/^(?:secret|token|key|code|signature)$|_(?:token|secret)$/.test(words)) return capabilityByName(words, context);
  if (searchWords.test(words)) return { kind: 'search' };
  const base = /^(.*?)_?(ids?|slug|uuid)$/.exec(words);
  const [, stem = '', suffix = ''] = base ?? [];
  if (base === null) return tenantWords.test(words) ? { kind: 'tenant' } : undefined;
  const column = suffix === 'slug' ? 'slug' : 'id';
  if (stem === '') return firstWithColumn(context, context.tables, column);
  if (tenantWords.test(stem) || singular(context.tenancy.root?.table ?? '') === stem) {
    const root = context.database.tables.find(table => table.name === context.tenancy.root?.table);
    return column === 'slug' && root?.columns.some(candidate => candidate.name === 'slug') === true
      ? { kind: 'object', table: root.name, column }
      : { kind: 'tenant' };
  }
  if (userWords.test(stem) || singular(context.tenancy.principal?.table ?? '') === stem) return { kind: 'user' };
  const named = context.database.tables
    .filter(table => singular(bare(table)) === stem || singular(bare(table)).endsWith(`_${stem}`))
    .map(table => table.name);
  return firstWithColumn(context, [...context.tables.filter(table => named.includes(table)), ...named], column);
}

function capabilityByName(words: string, context: RoleContext): FieldRole | undefined {
  const candidates = context.tenancy.owners.flatMap(owner =>
    owner.capabilityColumns.map(column => ({ table: owner.table, column })),
  );
  const around = snake(context.text)
    .split(/[^a-z0-9]+/)
    .filter(part => part.length > 3 && part !== words);
  const near =
    candidates.find(place => around.some(part => place.column === `${part}_${words}`)) ??
    candidates.find(place => around.some(part => place.table.startsWith(part)));
  if (near !== undefined && !candidates.some(place => context.tables[0] === place.table))
    return { kind: 'capability', ...near };
  const named =
    candidates.find(place => context.tables.includes(place.table) && place.column.endsWith(words)) ??
    candidates.find(place => place.column === words) ??
    candidates.find(place => place.column.endsWith(words));
  const literal = context.tables
    .flatMap(name => context.database.tables.filter(table => table.name === name))
    .find(table => table.columns.some(column => column.name === words));
  if (named !== undefined) return { kind: 'capability', ...named };
  const anywhere =
    literal ??
    context.database.tables.find(table =>
      table.columns.some(
        column => column.name === words && table.uniqueKeys.some(key => key.length === 1 && key[0] === words),
      ),
    );
  return anywhere === undefined ? undefined : { kind: 'capability', table: anywhere.name, column: words };
}

function columnLike(context: RoleContext, pattern: RegExp): FieldRole | undefined {
  for (const table of context.database.tables) {
    const column = table.columns.find(candidate => pattern.test(candidate.name));
    if (column !== undefined) return { kind: 'object', table: table.name, column: column.name };
  }
  return undefined;
}

function firstWithColumn(context: RoleContext, tables: readonly string[], column: string): FieldRole | undefined {
  for (const name of tables) {
    const table = context.database.tables.find(candidate => candidate.name === name);
    if (table === undefined) continue;
    if (name === context.tenancy.root?.table && column === 'id') return { kind: 'tenant' };
    const chosen = table.columns.some(candidate => candidate.name === column)
      ? column
      : column === 'id'
        ? table.primaryKey[0]
        : undefined;
    if (chosen !== undefined) return { kind: 'object', table: name, column: chosen };
  }
  return undefined;
}

function plainColumn(name: string, context: RoleContext): { readonly table: string; readonly column: string } | object {
  const column = snake(name);
  const table = context.tables.find(candidate =>
    context.database.tables.some(entry => entry.name === candidate && entry.columns.some(item => item.name === column)),
  );
  return table === undefined ? {} : { table, column };
}

/** Tables that a URL pattern, a file or a function name is about, the most telling first. */
export function tablesNamedIn(text: string, database: DatabaseModel): readonly string[] {
  const words = snake(text.replace(/\[[^\]]*\]/g, ' ').replace(/\.\w+$/, ''))
    .split(/[^a-z0-9]+/)
    .filter(word => word.length > 2);
  const joined = words.map((word, index) => [
    word,
    words[index + 1] === undefined ? word : `${word}_${words[index + 1] ?? ''}`,
  ]);
  const matches = joined
    .toReversed()
    .flatMap(([word = '', pair = '']) =>
      database.tables
        .filter(table =>
          [word, pair].some(
            candidate =>
              singular(bare(table)) === singular(candidate) ||
              singular(bare(table)) === singular(candidate.replaceAll('-', '_')),
          ),
        )
        .map(table => table.name),
    );
  return [...new Set(matches)];
}

/** The table that a dynamic segment of a URL stands behind: `/orders/[id]/messages` gives `orders` for `id`. */
export function tableBeforeSegment(pattern: string, parameter: string, database: DatabaseModel): string | undefined {
  const before = pattern.split(new RegExp(`/\\[\\[?(?:\\.\\.\\.)?${parameter}\\]`))[0] ?? '';
  const segment = before.split('/').findLast(part => part !== '' && !part.startsWith('['));
  return segment === undefined ? undefined : tablesNamedIn(segment, database)[0];
}

/** `customerId` and `customer-id` as `customer_id`. */
export function snake(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}

/** Good enough for table names: `companies`, `boxes`, `orders`. */
export function singular(word: string): string {
  if (word.endsWith('ies')) return word.replace(/ies$/, 'y');
  if (/(?:ss|x|ch|sh)es$/.test(word)) return word.replace(/es$/, '');
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

function bare(table: Table): string {
  return table.name.split('.').at(-1) ?? table.name;
}

function prefixOf(shape: FieldShape): string | undefined {
  return shape.kind === 'string' ? shape.prefix : undefined;
}
