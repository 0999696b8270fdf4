import { quoteName, quoteQualified } from '../../core/quote.ts';

/** A column as a migration in code makes it. */
export interface MadeColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull?: boolean;
  readonly primary?: boolean;
  readonly unique?: boolean;
  /** As it stands in SQL. */
  readonly fallback?: string | undefined;
  readonly references?: MadeReference | undefined;
}

/** Where a key leads. */
export interface MadeReference {
  readonly table: string;
  readonly columns: readonly string[];
  readonly onDelete?: string | undefined;
}

function columnList(columns: readonly string[]): string {
  return columns.map(quoteName).join(', ');
}

/** `create table …` with its columns and what is said of several of them. */
export function createTable(name: string, columns: readonly MadeColumn[], constraints: readonly string[] = []): string {
  const primary = columns.filter(column => column.primary === true).map(column => column.name);
  const parts = [
    ...columns.map(columnText),
    ...(primary.length === 0 ? [] : [`primary key (${columnList(primary)})`]),
    ...columns.flatMap(({ name: own, references }) =>
      references === undefined ? [] : [foreignKey([own], references)],
    ),
    ...constraints,
  ];
  return `create table ${quoteQualified(name)} (${parts.join(', ')})`;
}

/** `alter table … add column …`. */
export function addColumn(table: string, column: MadeColumn): string {
  const { primary, references } = column;
  const more = [
    ...(primary === true ? ['primary key'] : []),
    ...(references === undefined ? [] : [referencesText(references)]),
  ];
  return `alter table ${quoteQualified(table)} add column ${[columnText(column), ...more].join(' ')}`;
}

/** `alter table … add …` for a constraint. */
export function addConstraint(table: string, constraint: string): string {
  return `alter table ${quoteQualified(table)} add ${constraint}`;
}

/** `drop table …`, with what hangs on it. */
export function dropTable(table: string): string {
  return `drop table if exists ${quoteQualified(table)} cascade`;
}

/** `alter table … rename to …`; the new name has no schema. */
export function renameTable(table: string, to: string): string {
  return `alter table ${quoteQualified(table)} rename to ${quoteName(to)}`;
}

/** `alter table … drop column …`. */
export function dropColumn(table: string, column: string): string {
  return `alter table ${quoteQualified(table)} drop column if exists ${quoteName(column)} cascade`;
}

/** `alter table … rename column … to …`. */
export function renameColumn(table: string, from: string, to: string): string {
  return `alter table ${quoteQualified(table)} rename column ${quoteName(from)} to ${quoteName(to)}`;
}

/** A key that leads to another table. */
export function foreignKey(columns: readonly string[], references: MadeReference): string {
  return `foreign key (${columnList(columns)}) ${referencesText(references)}`;
}

/** Columns that no two rows have alike. */
export function uniqueKey(columns: readonly string[]): string {
  return `unique (${columnList(columns)})`;
}

/** The key of a table. */
export function primaryKey(columns: readonly string[]): string {
  return `primary key (${columnList(columns)})`;
}

/** An index that holds each value once. */
export function uniqueIndex(table: string, columns: readonly string[]): string {
  return `create unique index on ${quoteQualified(table)} (${columnList(columns)})`;
}

const onDeletes: ReadonlySet<string> = new Set(['CASCADE', 'SET NULL', 'RESTRICT', 'NO ACTION', 'SET DEFAULT']);

function referencesText({ table, columns, onDelete }: MadeReference): string {
  const rule = onDelete?.toUpperCase().replaceAll('_', ' ');
  return `references ${quoteQualified(table)} (${columnList(columns)})${rule !== undefined && onDeletes.has(rule) ? ` on delete ${rule}` : ''}`;
}

function columnText({ name, type, notNull, unique, fallback, primary }: MadeColumn): string {
  return [
    `${columnList([name])} ${postgresType(type)}`,
    ...(notNull === true && primary !== true ? ['not null'] : []),
    ...(unique === true ? ['unique'] : []),
    ...(fallback === undefined ? [] : [`default ${fallback}`]),
  ].join(' ');
}

const types: readonly (readonly [RegExp, string])[] = [
  [/^(?:small|big)?serial$|^(?:var)?char\b|^character\b|^numeric\b|^decimal\b|^timestamp|^time\b|^interval$/, ''],
  [/^(?:text|uuid|jsonb?|date|bytea|inet|citext|integer|bigint|smallint|boolean|real|double precision)(?:\[\])?$/, ''],
  [/^bool/, 'boolean'],
  [/^(?:int|int4|mediumint|number)\b/, 'integer'],
  [/^(?:int8|bigint)\b/, 'bigint'],
  [/^(?:int2|tinyint)\b/, 'smallint'],
  [/^(?:float|double)/, 'double precision'],
  [/^datetime/, 'timestamp with time zone'],
  [/^(?:blob|binary|varbinary|longblob)/, 'bytea'],
  [/^json/, 'jsonb'],
];

/** The type of Postgres that a library's name for it stands for; of another that it does not have, text. */
export function postgresType(given: string): string {
  const name = given.trim().toLowerCase();
  const found = types.find(([pattern]) => pattern.test(name));
  if (found === undefined) return 'text';
  return found[1] === '' ? name.replace(/^citext/, 'text') : found[1];
}

/** A default value in SQL, of a constant or of a text that says how the database makes it. */
export function fallbackText(value: string | number | boolean | null | undefined, isSql = false): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return 'null';
  if (typeof value !== 'string') return String(value);
  if (/uuid/i.test(value) && /\(\s*\)/.test(value)) return 'gen_random_uuid()';
  if (/^(?:now\(\)|current_timestamp(?:\(\d*\))?)$/i.test(value)) return 'now()';
  return isSql
    ? /^'.*'$|^-?\d+(?:\.\d+)?$|^true$|^false$/i.test(value)
      ? value
      : undefined
    : `'${value.replaceAll("'", "''")}'`;
}
