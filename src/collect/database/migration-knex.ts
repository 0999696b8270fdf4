import type { Expression } from '../source/ir.ts';
import type { CallExpression, Emit, Member } from './migration-code.ts';
import type { Literals } from './migration-literals.ts';
import {
  addColumn,
  addConstraint,
  createTable,
  dropColumn,
  dropTable,
  fallbackText,
  foreignKey,
  primaryKey,
  renameColumn,
  renameTable,
  uniqueKey,
  type MadeColumn,
  type MadeReference,
} from './migration-tables.ts';

/** A method of a chain with what it was given, the first one first. */
interface Link {
  readonly name: string;
  readonly call: CallExpression;
}

/** `knex.schema.createTable('bills', table => { … })` and the like; false when it is something else. */
export function addKnexTable(call: CallExpression, callee: Member, literals: Literals, emit: Emit): boolean {
  const [first, second, third] = call.arguments.map(({ value }) => value);
  const name = literals.text(first);
  const builder = [second, third].find(value => value?.kind === 'function');
  if (callee.property === 'raw' && name !== undefined) {
    emit(name, call.at);
    return true;
  }
  if (!isSchema(callee.object) || name === undefined) return false;
  switch (callee.property) {
    case 'createTable':
    case 'createTableIfNotExists': {
      if (builder?.kind !== 'function') return false;
      const { columns, constraints } = readBuilder(builder, literals);
      emit(createTable(name, columns, constraints), call.at);
      return true;
    }
    case 'alterTable':
    case 'table': {
      if (builder?.kind !== 'function') return false;
      const { columns, constraints, changes } = readBuilder(builder, literals);
      for (const column of columns) emit(addColumn(name, column), call.at);
      for (const constraint of constraints) emit(addConstraint(name, constraint), call.at);
      for (const change of changes) emit(change(name), call.at);
      return true;
    }
    case 'dropTable':
    case 'dropTableIfExists':
      emit(dropTable(name), call.at);
      return true;
    case 'renameTable': {
      const other = literals.text(second);
      if (other !== undefined) emit(renameTable(name, other), call.at);
      return true;
    }
    default:
      return false;
  }
}

/** `knex.schema`, with what stands before in the chain. */
function isSchema(expression: Expression): boolean {
  if (expression.kind === 'call' && expression.callee.kind === 'member') return isSchema(expression.callee.object);
  return expression.kind === 'member' && expression.property === 'schema';
}

interface Built {
  readonly columns: readonly MadeColumn[];
  readonly constraints: readonly string[];
  /** What is done to columns that are there, for a table of this name. */
  readonly changes: readonly ((table: string) => string)[];
}

function readBuilder(builder: Extract<Expression, { kind: 'function' }>, literals: Literals): Built {
  const columns: MadeColumn[] = [];
  const constraints: string[] = [];
  const changes: ((table: string) => string)[] = [];
  for (const statement of builder.code.body) {
    const expression =
      statement.kind === 'expression'
        ? statement.expression
        : statement.kind === 'return'
          ? statement.value
          : undefined;
    const links = expression === undefined ? [] : linksOf(expression);
    const [first] = links;
    if (first === undefined) continue;
    const said = argumentsOf(first);
    const names = literals.texts(said[0]);
    switch (first.name) {
      case 'timestamps':
        for (const name of ['created_at', 'updated_at'])
          columns.push({ name, type: 'timestamp with time zone', fallback: 'now()' });
        break;
      case 'unique':
        if (names.length > 0) constraints.push(uniqueKey(names));
        break;
      case 'primary':
        if (names.length > 0) constraints.push(primaryKey(names));
        break;
      case 'foreign': {
        const references = referenceIn(links, literals);
        if (references !== undefined && names.length > 0) constraints.push(foreignKey(names, references));
        break;
      }
      case 'dropColumn':
      case 'dropColumns':
        for (const name of said.flatMap(value => literals.texts(value))) changes.push(table => dropColumn(table, name));
        break;
      case 'renameColumn': {
        const [from, to] = [literals.text(said[0]), literals.text(said[1])];
        if (from !== undefined && to !== undefined) changes.push(table => renameColumn(table, from, to));
        break;
      }
      default: {
        const column = links.some(link => link.name === 'alter') ? undefined : columnOf(links, literals);
        if (column !== undefined) columns.push(column);
      }
    }
  }
  return { columns, constraints, changes };
}

function linksOf(expression: Expression): readonly Link[] {
  if (expression.kind !== 'call' || expression.callee.kind !== 'member') return [];
  const { object, property } = expression.callee;
  return [...linksOf(object), { name: property, call: expression }];
}

function argumentsOf(link: Link | undefined): readonly Expression[] {
  return link?.call.arguments.map(({ value }) => value) ?? [];
}

const serials: ReadonlySet<string> = new Set(['increments', 'bigIncrements', 'bigincrements']);
const typeNames: Readonly<Record<string, string>> = {
  string: 'varchar(255)',
  text: 'text',
  integer: 'integer',
  int: 'integer',
  tinyint: 'smallint',
  smallint: 'smallint',
  mediumint: 'integer',
  bigint: 'bigint',
  bigInteger: 'bigint',
  boolean: 'boolean',
  uuid: 'uuid',
  date: 'date',
  datetime: 'timestamp with time zone',
  timestamp: 'timestamp with time zone',
  time: 'time',
  float: 'real',
  double: 'double precision',
  decimal: 'decimal',
  json: 'json',
  jsonb: 'jsonb',
  binary: 'bytea',
  enu: 'text',
  enum: 'text',
};

function columnOf(links: readonly Link[], literals: Literals): MadeColumn | undefined {
  const [first, ...rest] = links;
  const said = argumentsOf(first);
  if (first === undefined) return undefined;
  const has = (name: string): boolean => rest.some(link => link.name === name);
  if (serials.has(first.name))
    return {
      name: literals.text(said[0]) ?? 'id',
      type: first.name === 'increments' ? 'serial' : 'bigserial',
      primary: true,
    };
  const name = literals.text(said[0]);
  const type = first.name === 'specificType' ? literals.text(said[1]) : typeNames[first.name];
  if (name === undefined || type === undefined) return undefined;
  return {
    name,
    type,
    notNull: has('notNullable'),
    unique: has('unique'),
    primary: has('primary'),
    fallback: defaultOf(rest, literals),
    references: referenceIn(rest, literals),
  };
}

function defaultOf(links: readonly Link[], literals: Literals): string | undefined {
  const [value] = argumentsOf(links.find(link => link.name === 'defaultTo'));
  const given = literals.resolve(value);
  if (given?.kind === 'call' && given.callee.kind === 'member') {
    if (given.callee.property === 'now') return 'now()';
    if (given.callee.property === 'uuid') return 'gen_random_uuid()';
    return fallbackText(literals.text(given.arguments[0]?.value), true);
  }
  return fallbackText(literals.constant(given));
}

/** `.references('id').inTable('firms')`, `.references('firms.id')`. */
function referenceIn(links: readonly Link[], literals: Literals): MadeReference | undefined {
  const [target] = argumentsOf(links.find(link => link.name === 'references'));
  const [inside] = argumentsOf(links.find(link => link.name === 'inTable'));
  const [onDelete] = argumentsOf(links.find(link => link.name === 'onDelete'));
  const columns = literals.texts(target);
  const named = literals.text(inside);
  const [only = ''] = columns;
  const dot = only.lastIndexOf('.');
  const table = named ?? (dot < 0 ? undefined : only.slice(0, dot));
  if (table === undefined || columns.length === 0) return undefined;
  return {
    table,
    columns: named === undefined ? [only.slice(dot + 1)] : columns,
    onDelete: literals.text(onDelete),
  };
}
