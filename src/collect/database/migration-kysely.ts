import type { Expression } from '../source/ir.ts';
import type { CallExpression, Emit } from './migration-code.ts';
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
  uniqueIndex,
  uniqueKey,
  type MadeColumn,
} from './migration-tables.ts';

interface Link {
  readonly name: string;
  readonly arguments: readonly Expression[];
  readonly at: number;
}

function linksOf(expression: Expression): readonly Link[] {
  if (expression.kind !== 'call' || expression.callee.kind !== 'member') return [];
  const { object, property } = expression.callee;
  const link = { name: property, arguments: expression.arguments.map(({ value }) => value), at: expression.at };
  return [...linksOf(object), link];
}

/** `db.schema.createTable('bill').addColumn(…).execute()`: the whole chain is one statement. */
export function isKyselyChain(call: CallExpression): boolean {
  return call.callee.kind === 'member' && call.callee.property === 'execute' && linksOf(call).length > 1;
}

/** What such a chain makes. */
export function addKyselyTable(call: CallExpression, literals: Literals, emit: Emit): void {
  const [first, ...rest] = linksOf(call);
  const name = literals.text(first?.arguments[0]);
  if (first === undefined || name === undefined) return;
  const columns = rest.flatMap(link => (link.name === 'addColumn' ? (columnOf(link, literals) ?? []) : []));
  const constraints = rest.flatMap(link => constraintOf(link, literals));
  switch (first.name) {
    case 'createTable':
      emit(createTable(name, columns, constraints), first.at);
      return;
    case 'alterTable':
      for (const column of columns) emit(addColumn(name, column), first.at);
      for (const constraint of constraints) emit(addConstraint(name, constraint), first.at);
      for (const { name: method, arguments: said } of rest) {
        const column = literals.text(said[0]);
        const other = literals.text(said[1]);
        if (method === 'dropColumn' && column !== undefined) emit(dropColumn(name, column), first.at);
        if (method === 'renameColumn' && column !== undefined && other !== undefined)
          emit(renameColumn(name, column, other), first.at);
        if (method === 'renameTo' && column !== undefined) emit(renameTable(name, column), first.at);
      }
      return;
    case 'dropTable':
      emit(dropTable(name), first.at);
      return;
    case 'createIndex': {
      const table = literals.text(rest.find(link => link.name === 'on')?.arguments[0]);
      const on = rest.flatMap(link => (/^columns?$/.test(link.name) ? literals.texts(link.arguments[0]) : []));
      if (table !== undefined && on.length > 0 && rest.some(link => link.name === 'unique'))
        emit(uniqueIndex(table, on), first.at);
      return;
    }
    default:
  }
}

function columnOf({ arguments: [named, typed, built] }: Link, literals: Literals): MadeColumn | undefined {
  const name = literals.text(named);
  if (name === undefined) return undefined;
  const tagged = literals.resolve(typed);
  const type = literals.text(typed) ?? (tagged?.kind === 'template' ? tagged.texts.join('') : 'text');
  const body = built?.kind === 'function' ? built.code.body : [];
  const returned = body.map(statement => (statement.kind === 'return' ? statement.value : undefined))[0];
  const links = returned === undefined ? [] : linksOf(returned);
  const has = (method: string): boolean => links.some(link => link.name === method);
  const target = literals.text(links.find(link => link.name === 'references')?.arguments[0]);
  const dot = target?.lastIndexOf('.') ?? -1;
  const fallback = literals.resolve(links.find(link => link.name === 'defaultTo')?.arguments[0]);
  return {
    name,
    type,
    notNull: has('notNull'),
    unique: has('unique'),
    primary: has('primaryKey'),
    fallback:
      fallback?.kind === 'template'
        ? fallbackText(fallback.texts.join(''), true)
        : fallbackText(literals.constant(fallback)),
    references:
      target === undefined || dot < 0
        ? undefined
        : {
            table: target.slice(0, dot),
            columns: [target.slice(dot + 1)],
            onDelete: literals.text(links.find(link => link.name === 'onDelete')?.arguments[0]),
          },
  };
}

function constraintOf({ name, arguments: said }: Link, literals: Literals): readonly string[] {
  const columns = literals.texts(said[1]);
  if (name === 'addPrimaryKeyConstraint') return [primaryKey(columns)];
  if (name === 'addUniqueConstraint') return [uniqueKey(columns)];
  const table = literals.text(said[2]);
  return name === 'addForeignKeyConstraint' && table !== undefined
    ? [foreignKey(columns, { table, columns: literals.texts(said[3]) })]
    : [];
}
