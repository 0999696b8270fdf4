import { callValue } from '../calls.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import type { Value } from '../value.ts';

/** What a column builder of Drizzle was told. */
export interface ColumnDefinition {
  /** SQL name, where it was given. */
  readonly name: string | undefined;
  /** As Postgres prints it. */
  readonly type: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly primary: boolean;
  readonly unique: boolean;
  /** `() => users.id`, and what a deletion does. */
  readonly references: { readonly target: Value; readonly onDelete: string | undefined } | undefined;
}

/** What a table says besides its columns: keys of several columns. */
export type TableConstraint =
  | { readonly kind: 'primary' | 'unique'; readonly columns: readonly Value[] }
  | {
      readonly kind: 'foreign';
      readonly columns: readonly Value[];
      readonly foreignColumns: readonly Value[];
      readonly onDelete: string | undefined;
    };

interface ColumnBuilderNative extends NativeValue {
  readonly columnDefinition: ColumnDefinition;
}

interface ConstraintNative extends NativeValue {
  readonly constraint: TableConstraint;
}

/** A column that is being described. */
export function columnBuilder(definition: ColumnDefinition): Value {
  const native: ColumnBuilderNative = {
    name: 'column builder',
    key: `column builder ${definition.name ?? ''} ${definition.type}`,
    columnDefinition: definition,
    method: (name, call) => columnBuilder({ ...definition, ...change(name, call, definition) }),
    member: () => columnBuilder(definition),
  };
  return nativeValue(native);
}

function change(name: string, call: Call, { type }: ColumnDefinition): Partial<ColumnDefinition> {
  const [first, second] = call.arguments;
  switch (name) {
    case 'notNull':
      return { notNull: true };
    case 'primaryKey':
      return { primary: true, notNull: true };
    case 'unique':
      return { unique: true };
    case 'array':
      return { type: `${type}[]` };
    case 'default':
    case 'defaultNow':
    case 'defaultRandom':
    case '$default':
    case '$defaultFn':
    case '$onUpdate':
    case '$onUpdateFn':
    case 'autoincrement':
    case 'generatedAlwaysAs':
    case 'generatedAlwaysAsIdentity':
    case 'generatedByDefaultAsIdentity':
      return { hasDefault: true };
    case 'references':
      return first === undefined ? {} : { references: { target: first, onDelete: textField(second, 'onDelete') } };
    default:
      return {};
  }
}

function textField(value: Value | undefined, name: string): string | undefined {
  const field = value?.kind === 'object' ? value.fields.get(name) : undefined;
  return field?.kind === 'constant' && typeof field.value === 'string' ? field.value : undefined;
}

/** What a column builder was told; absent for any other value. */
export function columnDefinitionOf(value: Value): ColumnDefinition | undefined {
  return value.kind === 'native' && 'columnDefinition' in value.native
    ? (value.native as ColumnBuilderNative).columnDefinition
    : undefined;
}

/** The constraint that a value of a table's extra configuration is; absent for indexes and policies. */
export function constraintOf(value: Value): TableConstraint | undefined {
  return value.kind === 'native' && 'constraint' in value.native
    ? (value.native as ConstraintNative).constraint
    : undefined;
}

/** A column of a type. */
export function columnOfType(type: string): Handler {
  return ({ arguments: [first] }) =>
    columnBuilder({
      name: first?.kind === 'constant' && typeof first.value === 'string' ? first.value : undefined,
      type,
      notNull: false,
      hasDefault: type.endsWith('serial'),
      primary: false,
      unique: false,
      references: undefined,
    });
}

/** `customType({ dataType: () => 'varchar(15)' })`: a function that describes columns, as those of the package do. */
const customType: Handler = ({ machine, frame, at, end, arguments: [options] }) => {
  const told = options?.kind === 'object' ? options.fields.get('dataType') : undefined;
  const said = told?.kind === 'function' ? callValue(machine, frame, told, [], { at, end }) : undefined;
  const describe = columnOfType(said?.kind === 'constant' ? typeNamed(String(said.value)) : 'text');
  const native: NativeValue = { name: 'column type', key: `column type ${at}`, invoke: describe };
  return nativeValue(native);
};

/** A type as SQL writes it, as Postgres prints it. */
function typeNamed(text: string): string {
  const bare = text
    .toLowerCase()
    .replace(/\(.*\)/, '')
    .trim();
  return types[bare] ?? bare;
}

function constraintValue(constraint: TableConstraint): Value {
  const native: ConstraintNative = {
    name: 'constraint',
    key: `constraint ${constraint.kind}`,
    constraint,
    method: (name, call) => {
      const [first] = call.arguments;
      if (name === 'on') return constraintValue({ ...constraint, columns: call.arguments });
      // A key of some rows only says nothing about the others.
      if (name === 'where') return constraintValue({ ...constraint, columns: [] });
      if (name === 'onDelete' && constraint.kind === 'foreign' && first?.kind === 'constant')
        return constraintValue({ ...constraint, onDelete: String(first.value) });
      return constraintValue(constraint);
    },
  };
  return nativeValue(native);
}

const primaryKey: Handler = ({ arguments: given }) => {
  const [first] = given;
  const columns = first?.kind === 'object' ? itemsOf(first.fields.get('columns')) : given;
  return constraintValue({ kind: 'primary', columns });
};

const foreignKey: Handler = ({ arguments: [first] }) => {
  const fields = first?.kind === 'object' ? first.fields : new Map<string, Value>();
  return constraintValue({
    kind: 'foreign',
    columns: itemsOf(fields.get('columns')),
    foreignColumns: itemsOf(fields.get('foreignColumns')),
    onDelete: undefined,
  });
};

function itemsOf(value: Value | undefined): readonly Value[] {
  return value?.kind === 'array' ? value.items : [];
}

const types: Readonly<Record<string, string>> = {
  text: 'text',
  varchar: 'character varying',
  char: 'character',
  citext: 'citext',
  uuid: 'uuid',
  integer: 'integer',
  int: 'integer',
  serial: 'serial',
  bigint: 'bigint',
  bigserial: 'bigserial',
  smallint: 'smallint',
  tinyint: 'smallint',
  mediumint: 'integer',
  boolean: 'boolean',
  timestamp: 'timestamp without time zone',
  datetime: 'timestamp without time zone',
  date: 'date',
  time: 'time without time zone',
  json: 'json',
  jsonb: 'jsonb',
  numeric: 'numeric',
  decimal: 'numeric',
  real: 'real',
  float: 'real',
  double: 'double precision',
  doublePrecision: 'double precision',
  bytea: 'bytea',
  blob: 'bytea',
  binary: 'bytea',
  varbinary: 'bytea',
  inet: 'inet',
  mysqlEnum: 'text',
};

/** Column types and constraints of one of Drizzle's `*-core` packages. */
export function columnHandlers(core: string): Readonly<Record<string, Handler>> {
  return {
    ...Object.fromEntries(Object.entries(types).map(([name, type]) => [`${core}#${name}`, columnOfType(type)])),
    [`${core}#primaryKey`]: primaryKey,
    [`${core}#foreignKey`]: foreignKey,
    [`${core}#unique`]: () => constraintValue({ kind: 'unique', columns: [] }),
    [`${core}#uniqueIndex`]: () => constraintValue({ kind: 'unique', columns: [] }),
    [`${core}#customType`]: customType,
    [`${core}#*`]: columnOfType('text'),
  };
}
