import type { ClassField } from '../../../../collect/source/ir.ts';
import { callValue } from '../../calls.ts';
import { asClass, lineageOf, readDecorators, type ClassNative, type Decorator } from '../../classes.ts';
import { exportNames, exportValue } from '../../expressions.ts';
import { nativeValue, type Call, type Handler, type Machine, type NativeValue } from '../../machine.ts';
import { alternativesOf } from '../../operations.ts';
import { constant, objectOf, type Value } from '../../value.ts';
import { primaryKeyOf, type OrmColumn, type OrmKey, type OrmModel, type OrmRelation } from '../orm/model.ts';
import { noteRowMembers, noteRowMethods, ownGetter, ownMethod, type RowMethods } from '../orm/rows.ts';
import { textsOf } from '../query-builder.ts';

/**
 * Entities as TypeORM reads them: classes with decorators, or `EntitySchema`.
 * https://typeorm.io/docs/entity/entities, https://typeorm.io/docs/entity/separating-entity-definition
 */

interface Registry {
  readonly models: Map<string, OrmModel>;
  readonly names: Map<string, OrmModel>;
  isComplete: boolean;
}

function registryOf(machine: Machine): Registry {
  return machine.remember('typeorm entities', () => ({ models: new Map(), names: new Map(), isComplete: false }));
}

/** What instances of entities do besides their own methods; set by the repositories, which know how to save them. */
export interface EntityBehaviour {
  readonly ofInstance: (model: OrmModel) => RowMethods;
}

const behaviourName = 'typeorm behaviour';

/** Says what instances of entities do. */
export function noteEntityBehaviour(machine: Machine, behaviour: EntityBehaviour): void {
  machine.remember(behaviourName, () => behaviour);
}

const entityNames: ReadonlySet<string> = new Set(['Entity', 'ViewEntity', 'ChildEntity']);

/** The model of an entity: a class, an `EntitySchema`, or the name of either. */
export function entityOf(
  call: Pick<Call, 'machine' | 'frame' | 'at' | 'end'>,
  value: Value | undefined,
): OrmModel | undefined {
  const { machine } = call;
  if (value === undefined) return undefined;
  const [name] = textsOf(value);
  if (name !== undefined) {
    everyEntity(machine);
    return registryOf(machine).names.get(name);
  }
  const schema = asSchema(value);
  if (schema !== undefined) return modelOfSchema(call, schema);
  const native = asClass(value);
  if (native !== undefined) return modelOfClass(machine, native);
  // A repository of whichever class: none that can be told.
  const [only, ...others] = alternativesOf(value);
  return only !== undefined && others.length === 0 && only.value !== value ? entityOf(call, only.value) : undefined;
}

/** Every entity that the app's files export. */
export function everyEntity(machine: Machine): readonly OrmModel[] {
  const registry = registryOf(machine);
  if (!registry.isComplete) {
    registry.isComplete = true;
    for (const file of machine.source.filesThat(/@(?:\w+\.)?(?:Entity|ViewEntity|ChildEntity)\(|new EntitySchema\b/)) {
      const module = machine.source.module(file);
      if (module === undefined) continue;
      for (const name of exportNames(machine, module)) {
        const value = exportValue(machine, module, name);
        const native = asClass(value);
        const schema = asSchema(value);
        if (native !== undefined) modelOfClass(machine, native);
        if (schema !== undefined) modelOfSchema(schema.call, schema);
      }
    }
  }
  return [...registry.models.values()];
}

// Names --------------------------------------------------------------------------------------------------------------

function isSnake(machine: Machine): boolean {
  return machine.remember(
    'typeorm names are snake_case',
    () => machine.source.filesThat(/\bSnake(?:Case)?NamingStrategy\b/).length > 0,
  );
}

/** `teamId` as `team_id`. */
export function snakeCase(name: string): string {
  return name
    .replaceAll(/([A-Z])([A-Z])([a-z])/g, '$1_$2$3')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
}

function columnName(machine: Machine, property: string, given: string | undefined, prefix: string): string {
  if (prefix === '') return given ?? (isSnake(machine) ? snakeCase(property) : property);
  return isSnake(machine) ? snakeCase(`${prefix}_${given ?? property}`) : camelCase(`${prefix}_${given ?? property}`);
}

function joinedName(machine: Machine, ...parts: readonly string[]): string {
  return isSnake(machine) ? snakeCase(parts.join('_')) : camelCase(parts.join('_'));
}

// Classes ------------------------------------------------------------------------------------------------------------

function modelOfClass(machine: Machine, native: ClassNative): OrmModel | undefined {
  const registry = registryOf(machine);
  const known = registry.models.get(native.key);
  if (known !== undefined) return known;
  const said = lineageOf(native).map(held => readDecorators(machine, held.frame, held.classCode.decorators ?? []));
  const entity = said[0]?.find(decorator => entityNames.has(decorator.name) && decorator.library === 'typeorm');
  if (entity === undefined) return undefined;
  const { name } = native.classCode;
  // A class of an inheritance in one table is kept where its parent is.
  const parent = entity.name === 'ChildEntity' ? asClass(native.parent) : undefined;
  const over = parent === undefined ? undefined : modelOfClass(machine, parent);
  const fields = fieldsOf(machine, native);
  const columns = new Map<string, OrmColumn>();
  for (const field of fields) readColumn(machine, field, '', columns);
  let relations: ReadonlyMap<string, OrmRelation> | undefined;
  const model: OrmModel = {
    key: native.key,
    name,
    table: over?.table ?? tableName(entity, name),
    columns,
    get relations() {
      relations ??= readRelations(machine, model, native, fields);
      return relations;
    },
    get uniqueKeys() {
      return said.flat().flatMap(decorator => uniqueKey(model, decorator));
    },
    place: machine.place(native.frame, native.classCode.at),
  };
  remember(machine, model, native);
  return model;
}

function remember(machine: Machine, model: OrmModel, native: ClassNative | undefined): void {
  const registry = registryOf(machine);
  registry.models.set(model.key, model);
  registry.names.set(model.name, model);
  const behaviour = machine.memory.get(behaviourName) as EntityBehaviour | undefined;
  const methods: RowMethods = (self, name, call) =>
    ownMethod(native, self, name, call) ?? behaviour?.ofInstance(model)(self, name, call);
  noteRowMethods(machine, model.table, methods);
  noteRowMembers(machine, model.table, (self, name, call) => ownGetter(native, self, name, call));
  if (native !== undefined) noteRowMethods(machine, model.key, methods);
}

function tableName({ arguments: [first, second] }: Decorator, name: string): string {
  const options = first?.kind === 'object' ? first : second;
  const given = textsOf(first)[0] ?? textOption(options, 'name');
  const table = given ?? snakeCase(name);
  const schema = textOption(options, 'schema');
  return schema === undefined || schema === 'public' ? table : `${schema}.${table}`;
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly decorators: readonly Decorator[];
}

/** Decorated fields, those of parents first. */
function fieldsOf(machine: Machine, native: ClassNative): readonly Field[] {
  return lineageOf(native)
    .toReversed()
    .flatMap(held =>
      held.classCode.fields.flatMap(({ name, declared }: ClassField) =>
        declared === undefined
          ? []
          : [{ name, type: declared.type, decorators: readDecorators(machine, held.frame, declared.decorators) }],
      ),
    );
}

const columnKinds: ReadonlyMap<string, Partial<OrmColumn>> = new Map<string, Partial<OrmColumn>>([
  ['Column', {}],
  ['ViewColumn', {}],
  ['PrimaryColumn', { primary: true }],
  ['PrimaryGeneratedColumn', { primary: true, hasDefault: true, type: 'integer' }],
  ['ObjectIdColumn', { primary: true, hasDefault: true }],
  ['CreateDateColumn', { hasDefault: true, type: 'timestamp without time zone' }],
  ['UpdateDateColumn', { hasDefault: true, type: 'timestamp without time zone' }],
  ['DeleteDateColumn', { notNull: false, type: 'timestamp without time zone' }],
  ['VersionColumn', { hasDefault: true, type: 'integer' }],
]);

const deepestEmbedded = 3;

function readColumn(
  machine: Machine,
  field: Field,
  prefix: string,
  found: Map<string, OrmColumn>,
  path = '',
  depth = 0,
): void {
  const decorator = field.decorators.find(candidate => columnKinds.has(candidate.name));
  if (decorator === undefined) return;
  const [first, second] = decorator.arguments;
  const options = first?.kind === 'object' ? first : second;
  const property = `${path}${field.name}`;
  if (first?.kind === 'function') {
    const embedded = asClass(targetOf(machine, first));
    if (embedded === undefined || depth >= deepestEmbedded) return;
    const given = options === undefined ? undefined : fieldIn(options, 'prefix');
    const isBare = given?.kind === 'constant' && (given.value === false || given.value === '');
    const part = isBare ? '' : (textsOf(given)[0] ?? field.name);
    const inner = [prefix, part].filter(text => text !== '').join('_');
    for (const own of fieldsOf(machine, embedded)) readColumn(machine, own, inner, found, `${property}.`, depth + 1);
    return;
  }
  const kind = columnKinds.get(decorator.name) ?? {};
  const index = field.decorators.find(candidate => candidate.name === 'Index' || candidate.name === 'Unique');
  const isUnique =
    index !== undefined && (index.name === 'Unique' || index.arguments.some(argument => isTrue(argument, 'unique')));
  const given = textsOf(first)[0] ?? textOption(options, 'type');
  const nullable = isTrue(options, 'nullable');
  found.set(property, {
    name: columnName(machine, field.name, textOption(options, 'name'), prefix),
    type: given === undefined ? (kind.type ?? typeOf(field.type)) : sqlType(given),
    notNull: kind.notNull ?? !nullable,
    hasDefault:
      kind.hasDefault ?? (hasOption(options, 'default') || field.decorators.some(({ name }) => name === 'Generated')),
    primary: kind.primary ?? isTrue(options, 'primary'),
    unique: isUnique || isTrue(options, 'unique'),
    hidden: fieldIn(options, 'select')?.kind === 'constant' && !isTrue(options, 'select'),
  });
}

const sqlTypes: Readonly<Record<string, string>> = {
  varchar: 'text',
  string: 'text',
  int: 'integer',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  datetime: 'timestamp without time zone',
  enum: 'text',
  'simple-json': 'jsonb',
  json: 'jsonb',
  increment: 'integer',
  identity: 'integer',
  rowid: 'integer',
};

function sqlType(type: string): string {
  return sqlTypes[type] ?? type;
}

/** The type of a column whose decorator names none: that of the property. */
function typeOf(type: string): string {
  const plain = type.replaceAll(/\s*\|\s*(?:null|undefined)\b/g, '').trim();
  const types: Readonly<Record<string, string>> = {
    number: 'integer',
    boolean: 'boolean',
    Date: 'timestamp without time zone',
    Buffer: 'bytea',
  };
  return types[plain] ?? 'text';
}

function uniqueKey(model: OrmModel, { name, arguments: given }: Decorator): readonly (readonly string[])[] {
  if (name !== 'Unique' && name !== 'Index') return [];
  if (name === 'Index' && !given.some(argument => isTrue(argument, 'unique'))) return [];
  const list = given.find(argument => argument.kind === 'array');
  const columns = textsOf(list).flatMap(property => columnsNamed(model, property));
  return columns.length === 0 ? [] : [columns];
}

/** The columns of a property: its own, or the key of a relation. */
export function columnsNamed(model: OrmModel, property: string): readonly string[] {
  const column = model.columns.get(property);
  if (column !== undefined) return [column.name];
  const relation = model.relations.get(property);
  return relation?.isOwner === true ? relation.keys.map(key => key.own) : [];
}

// Relations ----------------------------------------------------------------------------------------------------------

const relationKinds: ReadonlySet<string> = new Set([
  'ManyToOne',
  'OneToMany',
  'OneToOne',
  'ManyToMany',
  'TreeParent',
  'TreeChildren',
]);

function readRelations(
  machine: Machine,
  model: OrmModel,
  native: ClassNative,
  fields: readonly Field[],
): ReadonlyMap<string, OrmRelation> {
  const found = new Map<string, OrmRelation>();
  for (const field of fields) {
    const decorator = field.decorators.find(candidate => relationKinds.has(candidate.name));
    if (decorator === undefined) continue;
    const [first, second, third] = decorator.arguments;
    const isTree = decorator.name.startsWith('Tree');
    const target = isTree ? model : targetModel(machine, native, first);
    if (target === undefined) continue;
    const options = [first, second, third].find(argument => argument?.kind === 'object');
    found.set(
      field.name,
      makeRelation(machine, model, {
        kind:
          decorator.name === 'TreeParent'
            ? 'ManyToOne'
            : decorator.name === 'TreeChildren'
              ? 'OneToMany'
              : decorator.name,
        property: field.name,
        target,
        inverse: isTree ? treeParent(fields) : inverseName(machine, native, second),
        joinColumns: field.decorators
          .filter(({ name }) => name === 'JoinColumn')
          .flatMap(({ arguments: given }) => given),
        ownsOne: field.decorators.some(({ name }) => name === 'JoinColumn'),
        joinTable: field.decorators.find(({ name }) => name === 'JoinTable')?.arguments[0],
        ownsTable: field.decorators.some(({ name }) => name === 'JoinTable'),
        options,
      }),
    );
  }
  return found;
}

function treeParent(fields: readonly Field[]): string | undefined {
  return fields.find(({ decorators }) => decorators.some(({ name }) => name === 'TreeParent'))?.name;
}

interface RelationSaid {
  readonly kind: string;
  readonly property: string;
  readonly target: OrmModel;
  readonly inverse: string | undefined;
  readonly joinColumns: readonly Value[];
  readonly ownsOne: boolean;
  readonly joinTable: Value | undefined;
  readonly ownsTable: boolean;
  readonly options: Value | undefined;
}

function makeRelation(machine: Machine, model: OrmModel, said: RelationSaid): OrmRelation {
  const { kind, target, options } = said;
  const isOwner = kind === 'ManyToOne' || (kind === 'OneToOne' && said.ownsOne);
  const onDelete = textOption(options, 'onDelete');
  const shared = {
    target,
    many: kind.endsWith('ToMany'),
    isOwner,
    onlyOne: isOwner && kind === 'OneToOne',
    // A relation may be missing unless it says otherwise.
    notNull: isOwner && fieldIn(options, 'nullable')?.kind === 'constant' && !isTrue(options, 'nullable'),
    eager: isTrue(options, 'eager'),
    ...(onDelete === undefined ? {} : { onDelete }),
  };
  if (kind === 'ManyToMany') {
    const through = throughOf(machine, model, said);
    return through === undefined ? { ...shared, keys: [] } : { ...shared, keys: [], through };
  }
  return {
    ...shared,
    get keys() {
      return isOwner ? ownKeys(machine, said) : inverseKeys(said);
    },
  };
}

function ownKeys(machine: Machine, { property, target, joinColumns }: RelationSaid): readonly OrmKey[] {
  const given = joinColumns.flatMap(value => (value.kind === 'array' ? value.items : [value]));
  const primary = primaryKeyOf(target);
  const written = given.length > 0 ? given : primary.map(() => objectOf({}));
  return written.map((value, index) => {
    const referenced = textOption(value, 'referencedColumnName');
    const other =
      referenced === undefined ? (primary[index] ?? 'id') : (target.columns.get(referenced)?.name ?? referenced);
    const own = textOption(value, 'name') ?? textsOf(value)[0];
    return { own: own ?? joinedName(machine, property, referenced ?? other), other };
  });
}

/** The other side has the key. */
function inverseKeys({ target, inverse }: RelationSaid): readonly OrmKey[] {
  const relation = inverse === undefined ? undefined : target.relations.get(inverse);
  return (relation?.keys ?? []).map(({ own, other }) => ({ own: other, other: own }));
}

/** The table between two, from whichever side names it. */
function throughOf(machine: Machine, model: OrmModel, said: RelationSaid): OrmRelation['through'] {
  const { target } = said;
  if (!said.ownsTable) {
    const other = said.inverse;
    if (other === undefined) return undefined;
    let known: OrmRelation['through'];
    const through = (): NonNullable<OrmRelation['through']> => {
      known ??= target.relations.get(other)?.through;
      return known ?? { table: `${target.table}_${model.table}`, own: [], other: [] };
    };
    return {
      get table() {
        return through().table;
      },
      get own() {
        return through().other;
      },
      get other() {
        return through().own;
      },
    };
  }
  const table =
    textOption(said.joinTable, 'name') ??
    snakeCase(`${bare(model.table)}_${said.property.replaceAll('.', '_')}_${bare(target.table)}`);
  const keys = (of: OrmModel, option: string): readonly OrmKey[] => {
    const given = fieldIn(said.joinTable, option);
    return primaryKeyOf(of).map(other => ({
      own: textOption(given, 'name') ?? joinedName(machine, bare(of.table), other),
      other,
    }));
  };
  return { table, own: keys(model, 'joinColumn'), other: keys(target, 'inverseJoinColumn') };
}

function bare(table: string): string {
  return table.slice(table.lastIndexOf('.') + 1);
}

/** `() => Team`, `'Team'`, `Team`. */
function targetModel(machine: Machine, native: ClassNative, value: Value | undefined): OrmModel | undefined {
  const target = value?.kind === 'function' ? targetOf(machine, value) : value;
  return entityOf({ machine, frame: native.frame, at: native.classCode.at, end: native.classCode.at }, target);
}

function targetOf(machine: Machine, value: Extract<Value, { kind: 'function' }>): Value {
  const { frame } = value.closure as { readonly frame: Call['frame'] };
  return callValue(machine, frame, value, [], { at: 0, end: 0 });
}

/** `team => team.bills`: the name of the property that it reads. */
function inverseName(machine: Machine, native: ClassNative, value: Value | undefined): string | undefined {
  const [text] = textsOf(value);
  if (text !== undefined || value?.kind !== 'function') return text;
  const probe: NativeValue = { name: 'entity', key: 'entity', member: name => constant(name) };
  const read = callValue(machine, native.frame, value, [nativeValue(probe)], { at: 0, end: 0 });
  return textsOf(read)[0];
}

// Schemas ------------------------------------------------------------------------------------------------------------

interface SchemaNative extends NativeValue {
  readonly entitySchema: Value;
  readonly call: Call;
}

function asSchema(value: Value): SchemaNative | undefined {
  return value.kind === 'native' && 'entitySchema' in value.native ? (value.native as SchemaNative) : undefined;
}

/** `new EntitySchema({ name, columns, relations })`. */
export const entitySchema: Handler = call => {
  const { file, line } = call.machine.place(call.frame, call.at);
  const native: SchemaNative = {
    name: 'entity schema',
    key: `entity schema ${file}:${line}:${call.at}`,
    entitySchema: call.arguments[0] ?? objectOf({}),
    call,
  };
  return nativeValue(native);
};

const schemaKinds: Readonly<Record<string, string>> = {
  'many-to-one': 'ManyToOne',
  'one-to-many': 'OneToMany',
  'one-to-one': 'OneToOne',
  'many-to-many': 'ManyToMany',
};

function modelOfSchema(call: Pick<Call, 'machine' | 'frame' | 'at' | 'end'>, native: SchemaNative): OrmModel {
  const { machine } = call;
  const known = registryOf(machine).models.get(native.key);
  if (known !== undefined) return known;
  const options = native.entitySchema;
  const target = fieldIn(options, 'target');
  const name = textOption(options, 'name') ?? asClass(target)?.classCode.name ?? '';
  const columns = new Map<string, OrmColumn>();
  for (const [property, said] of entriesOf(fieldIn(options, 'columns')))
    columns.set(property, {
      name: columnName(machine, property, textOption(said, 'name'), ''),
      type: sqlType(textOption(said, 'type') ?? 'text'),
      notNull: !isTrue(said, 'nullable'),
      hasDefault: hasOption(said, 'default') || hasOption(said, 'generated'),
      primary: isTrue(said, 'primary'),
      unique: isTrue(said, 'unique'),
      hidden: fieldIn(said, 'select')?.kind === 'constant' && !isTrue(said, 'select'),
    });
  const table = textOption(options, 'tableName') ?? snakeCase(name);
  const schema = textOption(options, 'schema');
  let relations: ReadonlyMap<string, OrmRelation> | undefined;
  const model: OrmModel = {
    key: native.key,
    name,
    table: schema === undefined || schema === 'public' ? table : `${schema}.${table}`,
    columns,
    get relations() {
      relations ??= schemaRelations(native.call, model, fieldIn(options, 'relations'));
      return relations;
    },
    get uniqueKeys() {
      const said = [
        ...itemsIn(fieldIn(options, 'uniques')),
        ...itemsIn(fieldIn(options, 'indices')).filter(index => isTrue(index, 'unique')),
      ];
      return said.map(key => textsOf(fieldIn(key, 'columns')).flatMap(property => columnsNamed(model, property)));
    },
    place: machine.place(native.call.frame, native.call.at),
  };
  remember(machine, model, undefined);
  if (target !== undefined && asClass(target) !== undefined)
    registryOf(machine).models.set(asClass(target)?.key ?? '', model);
  return model;
}

function schemaRelations(call: Call, model: OrmModel, said: Value | undefined): ReadonlyMap<string, OrmRelation> {
  const found = new Map<string, OrmRelation>();
  for (const [property, value] of entriesOf(said)) {
    const given = fieldIn(value, 'target');
    const target = entityOf(call, given?.kind === 'function' ? targetOf(call.machine, given) : given);
    const kind = schemaKinds[textOption(value, 'type') ?? ''];
    if (target === undefined || kind === undefined) continue;
    const joinColumn = fieldIn(value, 'joinColumn');
    const joinTable = fieldIn(value, 'joinTable');
    found.set(
      property,
      makeRelation(call.machine, model, {
        kind,
        property,
        target,
        inverse: textOption(value, 'inverseSide'),
        joinColumns: joinColumn?.kind === 'object' || joinColumn?.kind === 'array' ? [joinColumn] : [],
        ownsOne: joinColumn !== undefined,
        joinTable,
        ownsTable: joinTable !== undefined,
        options: value,
      }),
    );
  }
  return found;
}

// Options ------------------------------------------------------------------------------------------------------------

function fieldIn(value: Value | undefined, name: string): Value | undefined {
  return value?.kind === 'object' ? value.fields.get(name) : undefined;
}

function textOption(value: Value | undefined, name: string): string | undefined {
  return textsOf(fieldIn(value, name))[0];
}

function hasOption(value: Value | undefined, name: string): boolean {
  return fieldIn(value, name) !== undefined;
}

function isTrue(value: Value | undefined, name: string): boolean {
  const option = fieldIn(value, name);
  return option?.kind === 'constant' && option.value === true;
}

function entriesOf(value: Value | undefined): readonly (readonly [string, Value])[] {
  return value?.kind === 'object' ? [...value.fields] : [];
}

function itemsIn(value: Value | undefined): readonly Value[] {
  return value?.kind === 'array' ? value.items : [];
}
