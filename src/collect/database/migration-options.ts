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
  uniqueIndex,
  uniqueKey,
  type MadeColumn,
  type MadeReference,
} from './migration-tables.ts';

function isCalled(expression: Expression, name: RegExp): boolean {
  if (expression.kind === 'name') return name.test(expression.binding.name);
  return expression.kind === 'member' && name.test(expression.property);
}

// TypeORM ------------------------------------------------------------------------------------------------------------

/** `queryRunner.query('…')`, `queryRunner.createTable(new Table({ … }))` and the like of TypeORM. */
export function runQueryRunner(call: CallExpression, callee: Member, literals: Literals, emit: Emit): boolean {
  if (!isCalled(callee.object, /^(?:queryRunner|runner|qr)$/i)) return false;
  const [first, second, third] = call.arguments.map(({ value }) => value);
  const table = literals.text(first) ?? literals.text(literals.field(first, 'name'));
  if (callee.property === 'query') {
    const sql = literals.text(first);
    if (sql !== undefined) emit(sql, call.at);
    return true;
  }
  if (table === undefined) return true;
  const one = (value: Expression | undefined): readonly Expression[] => {
    const items = literals.items(value);
    return items.length > 0 || value === undefined ? items : [value];
  };
  switch (callee.property) {
    case 'createTable': {
      const part = (name: string): readonly Expression[] => literals.items(literals.field(first, name));
      const columns = part('columns').map(column => ormColumn(column, literals));
      const constraints = [
        ...part('foreignKeys').flatMap(key => ormForeignKey(key, literals)),
        ...part('uniques').map(key => uniqueKey(literals.texts(literals.field(key, 'columnNames')))),
      ];
      emit(createTable(table, columns, constraints), call.at);
      for (const index of part('indices')) emitOrmIndex(table, index, literals, emit, call.at);
      return true;
    }
    case 'addColumn':
    case 'addColumns':
      for (const column of one(second)) emit(addColumn(table, ormColumn(column, literals)), call.at);
      return true;
    case 'createForeignKey':
    case 'createForeignKeys':
      for (const key of one(second).flatMap(value => ormForeignKey(value, literals)))
        emit(addConstraint(table, key), call.at);
      return true;
    case 'createUniqueConstraint':
      emit(addConstraint(table, uniqueKey(literals.texts(literals.field(second, 'columnNames')))), call.at);
      return true;
    case 'createPrimaryKey':
      emit(addConstraint(table, primaryKey(literals.texts(second))), call.at);
      return true;
    case 'createIndex':
    case 'createIndices':
      for (const index of one(second)) emitOrmIndex(table, index, literals, emit, call.at);
      return true;
    case 'renameColumn':
      emitRename(table, literals.text(second), literals.text(third), emit, call.at);
      return true;
    case 'dropColumn':
      emitDropColumn(table, literals.text(second), emit, call.at);
      return true;
    case 'dropTable':
      emit(dropTable(table), call.at);
      return true;
    case 'renameTable': {
      const other = literals.text(second);
      if (other !== undefined) emit(renameTable(table, other), call.at);
      return true;
    }
    default:
      return true;
  }
}

function ormColumn(given: Expression, literals: Literals): MadeColumn {
  const field = (name: string): Expression | undefined => literals.field(given, name);
  const isGenerated = literals.isTrue(field('isGenerated'));
  const strategy = literals.text(field('generationStrategy'));
  const type = literals.text(field('type')) ?? 'text';
  const isSerial = isGenerated && strategy !== 'uuid' && /^(?:int|integer|bigint|number)/i.test(type);
  return {
    name: literals.text(field('name')) ?? '',
    type: isSerial ? (/^big/i.test(type) ? 'bigserial' : 'serial') : type,
    notNull: !literals.isTrue(field('isNullable')),
    unique: literals.isTrue(field('isUnique')),
    primary: literals.isTrue(field('isPrimary')),
    fallback: isGenerated
      ? isSerial
        ? undefined
        : 'gen_random_uuid()'
      : fallbackText(literals.constant(field('default')), true),
  };
}

function ormForeignKey(given: Expression, literals: Literals): readonly string[] {
  const table = literals.text(literals.field(given, 'referencedTableName'));
  const columns = literals.texts(literals.field(given, 'columnNames'));
  if (table === undefined || columns.length === 0) return [];
  const target = literals.texts(literals.field(given, 'referencedColumnNames'));
  return [foreignKey(columns, { table, columns: target, onDelete: literals.text(literals.field(given, 'onDelete')) })];
}

function emitOrmIndex(table: string, given: Expression, literals: Literals, emit: Emit, at: number): void {
  const columns = literals.texts(literals.field(given, 'columnNames'));
  const isPartial = literals.field(given, 'where') !== undefined;
  if (columns.length > 0 && !isPartial && literals.isTrue(literals.field(given, 'isUnique')))
    emit(uniqueIndex(table, columns), at);
}

// Sequelize ----------------------------------------------------------------------------------------------------------

/** `queryInterface.createTable('bills', { … })` and the like of Sequelize. */
export function runQueryInterface(call: CallExpression, callee: Member, literals: Literals, emit: Emit): boolean {
  const isRaw = callee.property === 'query' && isCalled(callee.object, /^sequelize$/i);
  if (!isRaw && !isCalled(callee.object, /^(?:queryInterface|qi)$/i)) return false;
  const [first, second, third] = call.arguments.map(({ value }) => value);
  const table = tableName(first, literals);
  if (table === undefined) return false;
  if (isRaw) {
    emit(table, call.at);
    return true;
  }
  const name = literals.text(second);
  switch (callee.property) {
    case 'createTable': {
      const columns = literals.fields(second).map(([column, said]) => sequelizeColumn(column, said, literals));
      const uniques = literals.fields(literals.field(third, 'uniqueKeys'));
      const keys = uniques.map(([, key]) => uniqueKey(literals.texts(literals.field(key, 'fields'))));
      emit(createTable(table, columns, keys), call.at);
      return true;
    }
    case 'addColumn':
      if (name !== undefined && third !== undefined)
        emit(addColumn(table, sequelizeColumn(name, third, literals)), call.at);
      return true;
    case 'addConstraint': {
      // Version 4 gives the columns apart, later ones among the options.
      const options = third ?? second;
      const columns = literals.texts(literals.field(options, 'fields') ?? second);
      const type = literals.text(literals.field(options, 'type'))?.toLowerCase();
      const references = referenceOf(literals.field(options, 'references'), literals, options);
      if (type === 'unique') emit(addConstraint(table, uniqueKey(columns)), call.at);
      if (type === 'primary key') emit(addConstraint(table, primaryKey(columns)), call.at);
      if (type === 'foreign key' && references !== undefined)
        emit(addConstraint(table, foreignKey(columns, references)), call.at);
      return true;
    }
    case 'addIndex': {
      const options = third ?? second;
      const columns = literals.texts(literals.field(second, 'fields') ?? second);
      const isUnique =
        literals.isTrue(literals.field(options, 'unique')) ||
        literals.text(literals.field(options, 'type'))?.toUpperCase() === 'UNIQUE';
      if (isUnique && columns.length > 0 && literals.field(options, 'where') === undefined)
        emit(uniqueIndex(table, columns), call.at);
      return true;
    }
    case 'renameColumn':
      emitRename(table, name, literals.text(third), emit, call.at);
      return true;
    case 'removeColumn':
      emitDropColumn(table, name, emit, call.at);
      return true;
    case 'dropTable':
      emit(dropTable(table), call.at);
      return true;
    case 'renameTable':
      if (name !== undefined) emit(renameTable(table, name), call.at);
      return true;
    default:
      return true;
  }
}

/** A name, or one with its schema: `{ tableName, schema }`. */
function tableName(given: Expression | undefined, literals: Literals): string | undefined {
  const plain = literals.text(given) ?? literals.text(literals.field(given, 'tableName'));
  const schema = literals.text(literals.field(given, 'schema'));
  return plain === undefined || schema === undefined || schema === 'public' ? plain : `${schema}.${plain}`;
}

const sequelizeTypes: readonly (readonly [RegExp, string])[] = [
  [/^UUID/, 'uuid'],
  [/^BIGINT/, 'bigint'],
  [/^(?:SMALL|TINY)INT/, 'smallint'],
  [/^(?:INTEGER|MEDIUMINT|NUMBER)/, 'integer'],
  [/^(?:FLOAT|REAL|DOUBLE)/, 'double precision'],
  [/^DECIMAL/, 'numeric'],
  [/^BOOLEAN/, 'boolean'],
  [/^DATEONLY/, 'date'],
  [/^(?:DATE|NOW)/, 'timestamp with time zone'],
  [/^JSON/, 'jsonb'],
  [/^BLOB/, 'bytea'],
];

function sequelizeColumn(name: string, given: Expression, literals: Literals): MadeColumn {
  const options = literals.resolve(given);
  const isObject = options?.kind === 'object';
  const field = (key: string): Expression | undefined => (isObject ? literals.field(options, key) : undefined);
  const type = isObject ? literals.field(options, 'type') : options;
  const written = literals.text(type) ?? memberName(type);
  const known = sequelizeTypes.find(([pattern]) => pattern.test(written))?.[1] ?? 'text';
  const isSerial = literals.isTrue(field('autoIncrement')) && /int/.test(known);
  const fallback = field('defaultValue');
  const generated = fallback?.kind === 'member' ? fallback.property : '';
  const isUuid = /^UUIDV[14]$/.test(generated);
  const isMade = fallback?.kind === 'call' || generated === 'NOW';
  return {
    name,
    type: isSerial ? (known === 'bigint' ? 'bigserial' : 'serial') : known,
    notNull: literals.constant(field('allowNull')) === false,
    unique: literals.isTrue(field('unique')),
    primary: literals.isTrue(field('primaryKey')),
    fallback: isUuid
      ? 'gen_random_uuid()'
      : isMade
        ? /timestamp|date/.test(known)
          ? 'now()'
          : undefined
        : fallbackText(literals.constant(fallback)),
    references: referenceOf(field('references'), literals, options),
  };
}

/** The last name of `Sequelize.DataTypes.STRING(40)`. */
function memberName(expression: Expression | undefined): string {
  if (expression?.kind === 'call') return memberName(expression.callee);
  if (expression?.kind !== 'member') return '';
  return /^[A-Z]+$/.test(expression.property) ? expression.property : memberName(expression.object);
}

function referenceOf(
  given: Expression | undefined,
  literals: Literals,
  options: Expression | undefined,
): MadeReference | undefined {
  const target = literals.field(given, 'model') ?? literals.field(given, 'table');
  const table = tableName(target, literals) ?? (given === undefined ? undefined : literals.text(given));
  if (table === undefined) return undefined;
  const key = literals.text(literals.field(given, 'key')) ?? literals.text(literals.field(given, 'field')) ?? 'id';
  return { table, columns: [key], onDelete: literals.text(literals.field(options, 'onDelete')) };
}

// node-pg-migrate ----------------------------------------------------------------------------------------------------

/** `pgm.createTable('bills', { … })` and the like of node-pg-migrate. */
export function runPgm(call: CallExpression, callee: Member, literals: Literals, emit: Emit): boolean {
  if (!isCalled(callee.object, /^pgm$/)) return false;
  const [first, second, third] = call.arguments.map(({ value }) => value);
  const table = literals.text(first) ?? literals.text(literals.field(first, 'name'));
  if (table === undefined) return true;
  switch (callee.property) {
    case 'sql':
      emit(table, call.at);
      return true;
    case 'createTable':
      emit(
        createTable(
          table,
          literals.fields(second).map(column => pgmColumn(column, literals)),
        ),
        call.at,
      );
      return true;
    case 'addColumn':
    case 'addColumns':
      for (const column of literals.fields(second)) emit(addColumn(table, pgmColumn(column, literals)), call.at);
      return true;
    case 'dropColumn':
    case 'dropColumns':
      for (const column of literals.texts(second)) emitDropColumn(table, column, emit, call.at);
      return true;
    case 'addConstraint': {
      const unique = literals.texts(literals.field(third, 'unique'));
      if (unique.length > 0) emit(addConstraint(table, uniqueKey(unique)), call.at);
      const primary = literals.texts(literals.field(third, 'primaryKey'));
      if (primary.length > 0) emit(addConstraint(table, primaryKey(primary)), call.at);
      return true;
    }
    case 'addIndex':
    case 'createIndex':
      if (literals.isTrue(literals.field(third, 'unique')) && literals.field(third, 'where') === undefined)
        emit(uniqueIndex(table, literals.texts(second)), call.at);
      return true;
    case 'dropTable':
      emit(dropTable(table), call.at);
      return true;
    default:
      return true;
  }
}

function pgmColumn([name, given]: readonly [string, Expression], literals: Literals): MadeColumn {
  const short = literals.text(given);
  if (short === 'id') return { name, type: 'serial', primary: true };
  if (short !== undefined) return { name, type: short };
  const field = (key: string): Expression | undefined => literals.field(given, key);
  const target = literals.text(field('references'));
  const table = target?.replaceAll('"', '').replace(/\s*\(.*$/, '');
  const fallback = field('default');
  const isFunction = fallback?.kind === 'call';
  return {
    name,
    type: literals.text(field('type')) ?? 'text',
    notNull: literals.isTrue(field('notNull')),
    unique: literals.isTrue(field('unique')),
    primary: literals.isTrue(field('primaryKey')),
    fallback: isFunction
      ? fallbackText(literals.text(fallback.arguments[0]?.value), true)
      : fallbackText(literals.constant(fallback)),
    references:
      table === undefined
        ? undefined
        : {
            table,
            columns: [/\(\s*"?(\w+)"?\s*\)/.exec(target ?? '')?.[1] ?? 'id'],
            onDelete: literals.text(field('onDelete')),
          },
  };
}

function emitRename(table: string, from: string | undefined, to: string | undefined, emit: Emit, at: number): void {
  if (from !== undefined && to !== undefined) emit(renameColumn(table, from, to), at);
}

function emitDropColumn(table: string, column: string | undefined, emit: Emit, at: number): void {
  if (column !== undefined) emit(dropColumn(table, column), at);
}
