import type { FunctionCode, ModuleCode } from '../../../../collect/source/ir.ts';
import type { Place } from '../../../../core/place.ts';
import { asClass, lineageOf, readDecorators, type ClassNative, type Decorator } from '../../classes.ts';
import { callMethod, callValue } from '../../calls.ts';
import { exportNames, exportValue, moduleFrame, runModule } from '../../expressions.ts';
import { behaviourOf, nativeValue, type Call, type Machine } from '../../machine.ts';
import { objectOf, type Value } from '../../value.ts';
import { primaryKeyOf, type OrmColumn, type OrmKey, type OrmModel, type OrmRelation } from '../orm/model.ts';
import { textsOf } from '../query-builder.ts';

/** A model as Sequelize keeps it: attributes are given at once, associations and scopes as the program goes on. */
export interface SequelizeModel extends OrmModel {
  readonly options: Value;
  /** The class of the program, where there is one: its methods are those of the rows. */
  readonly made: ClassNative | undefined;
  readonly associations: Association[];
  readonly scopes: Map<string, Value>;
  /** What the program puts on the model later: `Bill.associate = …`. */
  readonly statics: Map<string, Value>;
  /** Methods that the program gives its rows later: `Bill.prototype.isPaid = …`. */
  readonly rowMethods: Map<string, Value>;
  /** The scope that each query has unless it says otherwise. */
  defaultScope: Value | undefined;
}

/** What one model says of another. */
export interface Association {
  readonly kind: 'belongsTo' | 'hasOne' | 'hasMany' | 'belongsToMany';
  readonly target: () => SequelizeModel | undefined;
  readonly options: Value;
  readonly as: string | undefined;
  /** The class or name of the model between two. */
  readonly through: (() => Value) | undefined;
}

interface Registry {
  readonly models: Map<string, SequelizeModel>;
  readonly names: Map<string, SequelizeModel>;
  isReady: boolean;
  /** Grows with every model and association: what was read of them is read again. */
  version: number;
}

/** Packages that are Sequelize. */
export const packages = ['sequelize', 'sequelize-typescript', '@sequelize/core'] as const;

function registryOf(machine: Machine): Registry {
  return machine.remember('sequelize models', () => ({
    models: new Map(),
    names: new Map(),
    isReady: false,
    version: 0,
  }));
}

/** Every model, once all files that define or tie models have run. */
export function everyModel(machine: Machine): readonly SequelizeModel[] {
  const registry = registryOf(machine);
  if (!registry.isReady) {
    registry.isReady = true;
    const files = machine.source.filesThat(
      /(?:\bfrom\s+|\brequire\(\s*)['"](?:sequelize|sequelize-typescript|@sequelize\/core)['"]|\.(?:belongsTo|belongsToMany|hasMany|hasOne)\(|\(\s*sequelize\s*,\s*DataTypes\b/,
    );
    for (const file of files) {
      const module = machine.source.module(file);
      if (module === undefined) continue;
      for (const name of exportNames(machine, module)) {
        const native = asClass(exportValue(machine, module, name));
        if (native !== undefined) modelOfClass(machine, native);
      }
      runModule(machine, module);
    }
    for (const file of files) {
      const module = machine.source.module(file);
      if (module !== undefined) runMakers(machine, module);
    }
    for (const model of registry.models.values()) tieByConvention(machine, model);
  }
  return [...registry.models.values()];
}

/** The program calls `Bill.associate(models)` for each of its models, in a way that was not followed. */
function tieByConvention(machine: Machine, model: SequelizeModel): void {
  const { made, statics, associations } = model;
  if (associations.length > 0) return;
  const module = machine.source.module(model.place.file);
  if (module === undefined) return;
  const frame = moduleFrame(machine, module);
  const call: Call = { machine, frame, arguments: [], at: 0, end: 0 };
  const instance = machine.handlers.get('sequelize#new Sequelize')?.(call);
  const models = instance?.kind === 'native' ? behaviourOf(instance).member?.('models', call) : undefined;
  if (models?.kind !== 'native') return;
  const isTied = statics.has('associate') || made?.classCode.statics.some(({ name }) => name === 'associate') === true;
  const self = made === undefined ? behaviourOf(models).member?.(model.name, call) : nativeValue(made);
  if (isTied && self !== undefined) callMethod(machine, frame, self, 'associate', [models], call);
  frame.dead = false;
  frame.facts = [];
  frame.effects = [];
}

/** Models that are made when an instance is there: `static initModel(sequelize)`, `initModels(sequelize)`. */
function runMakers(machine: Machine, module: ModuleCode): void {
  const frame = moduleFrame(machine, module);
  const call: Call = { machine, frame, arguments: [], at: 0, end: 0 };
  const instance = machine.handlers.get('sequelize#new Sequelize')?.(call);
  if (instance === undefined) return;
  const given = [instance, { kind: 'external', library: 'sequelize', path: 'DataTypes', arguments: [] } as const];
  for (const name of exportNames(machine, module)) {
    const value = exportValue(machine, module, name);
    const native = asClass(value);
    if (value.kind === 'function' && takesInstance(value)) callValue(machine, frame, value, given, { at: 0, end: 0 });
    const isUnmade = native !== undefined && !registryOf(machine).models.has(native.key);
    for (const made of isUnmade ? native.classCode.statics : [])
      if (made.value?.kind === 'function' && firstName(made.value.code) === 'sequelize')
        native?.method?.(made.name, { ...call, arguments: given });
    frame.dead = false;
    frame.facts = [];
    frame.effects = [];
  }
}

function takesInstance(value: Extract<Value, { kind: 'function' }>): boolean {
  return firstName((value.closure as { readonly code: FunctionCode }).code) === 'sequelize';
}

function firstName({ parameters: [first] }: FunctionCode): string | undefined {
  return first?.kind === 'name' ? first.binding.name : undefined;
}

/** The model that a value stands for: a class, what `define` gave, or a name. */
export function modelOf(machine: Machine, value: Value | undefined): SequelizeModel | undefined {
  everyModel(machine);
  if (value === undefined) return undefined;
  const [name] = textsOf(value);
  if (name !== undefined) return registryOf(machine).names.get(name);
  const native = asClass(value);
  if (native !== undefined) return modelOfClass(machine, native);
  return value.kind === 'native' && 'sequelizeModel' in value.native
    ? (value.native as { readonly sequelizeModel: SequelizeModel }).sequelizeModel
    : undefined;
}

// Names --------------------------------------------------------------------------------------------------------------

const irregular: Readonly<Record<string, string>> = { person: 'people', child: 'children', man: 'men', woman: 'women' };

function pluralize(name: string): string {
  const [, before = '', last = name] = /^(.*?)([A-Z]?[a-z]+)$/.exec(name) ?? [];
  const known = irregular[last.toLowerCase()];
  if (known !== undefined)
    return before + (/^[A-Z]/.test(last) ? known.charAt(0).toUpperCase() + known.slice(1) : known);
  if (/[^s]s$/.test(name)) return name;
  if (/[^aeiou]y$/i.test(name)) return `${name.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/i.test(name) ? `${name}es` : `${name}s`;
}

function singularize(name: string): string {
  if (name.endsWith('ies')) return `${name.slice(0, -3)}y`;
  if (/(?:ss|x|z|ch|sh)es$/.test(name)) return name.slice(0, -2);
  return /[^s]s$/.test(name) ? name.slice(0, -1) : name;
}

function underscored(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[\s-]+/g, '_')
    .toLowerCase();
}

function camelize(text: string): string {
  return text.replaceAll(/[-_\s]+(.)?/g, (_all, letter?: string) => (letter ?? '').toUpperCase());
}

// Definitions --------------------------------------------------------------------------------------------------------

/** What is defined: a name, attributes and options, of `define`, of `init`, or of decorators. */
export interface Definition {
  readonly key: string;
  readonly name: string;
  readonly attributes: Value;
  readonly options: Value;
  readonly made?: ClassNative;
  readonly place: Place;
}

/** Remembers a model. */
export function defineModel(machine: Machine, definition: Definition): SequelizeModel {
  const { key, name, options, place } = definition;
  const known = registryOf(machine).models.get(key);
  if (known !== undefined) return known;
  const isUnderscored = isTrue(options, 'underscored');
  const own = isTrue(options, 'freezeTableName') ? name : pluralize(name);
  const table =
    textOption(options, 'tableName') ?? (isUnderscored && !isTrue(options, 'freezeTableName') ? underscored(own) : own);
  const schema = textOption(options, 'schema');
  const written = attributesOf(machine, definition, isUnderscored);
  const registry = registryOf(machine);
  let at = -1;
  let columns: ReadonlyMap<string, OrmColumn> = new Map();
  let relations: ReadonlyMap<string, OrmRelation> = new Map();
  const refresh = (): void => {
    if (at === registry.version) return;
    at = registry.version;
    columns = written;
    relations = new Map();
    const found = relationsOf(machine, model);
    columns = withKeys(written, found);
    relations = found;
  };
  const model: SequelizeModel = {
    key,
    name,
    table: schema === undefined || schema === 'public' ? table : `${schema}.${table}`,
    get columns() {
      refresh();
      return columns;
    },
    get relations() {
      refresh();
      return relations;
    },
    uniqueKeys: [...namedKeys(definition, written), ...indexKeys(options, written)],
    options,
    made: definition.made,
    associations: [],
    scopes: scopesIn(fieldIn(options, 'scopes')),
    statics: new Map(),
    rowMethods: new Map(),
    defaultScope: fieldIn(options, 'defaultScope'),
    place,
  };
  registry.version += 1;
  registry.models.set(key, model);
  if (!registry.names.has(name)) registry.names.set(name, model);
  return model;
}

function scopesIn(value: Value | undefined): Map<string, Value> {
  return new Map(value?.kind === 'object' ? value.fields : []);
}

function attributesOf(
  machine: Machine,
  { attributes, options }: Definition,
  isUnderscored: boolean,
): ReadonlyMap<string, OrmColumn> {
  const found = new Map<string, OrmColumn>();
  const columnOf = (property: string): string => (isUnderscored ? underscored(property) : property);
  for (const [property, said] of attributes.kind === 'object' ? attributes.fields : []) {
    const isVirtual = /\bVIRTUAL\b/.test(typeText(said));
    if (isVirtual) continue;
    const references = fieldIn(said, 'references');
    const target = fieldIn(references, 'model');
    const targetTable =
      textsOf(target)[0] ??
      textOption(target, 'tableName') ??
      (asClass(target) === undefined ? undefined : modelOf(machine, target)?.table);
    found.set(property, {
      name: textOption(said, 'field') ?? columnOf(property),
      type: sqlType(typeText(said)),
      notNull: isFalse(said, 'allowNull') || isTrue(said, 'primaryKey'),
      hasDefault: fieldIn(said, 'defaultValue') !== undefined || isTrue(said, 'autoIncrement'),
      primary: isTrue(said, 'primaryKey'),
      unique: isTrue(said, 'unique'),
      hidden: false,
      ...(targetTable === undefined
        ? {}
        : { refersTo: { table: targetTable, column: textOption(references, 'key') ?? 'id' } }),
    });
  }
  const hasKey = [...found.values()].some(column => column.primary);
  const given = { notNull: true, hasDefault: true, primary: false, unique: false, hidden: false };
  const all =
    hasKey || found.has('id')
      ? found
      : new Map([['id', { ...given, name: 'id', type: 'integer', primary: true }], ...found]);
  if (!hasKey && found.has('id'))
    all.set('id', { ...given, name: 'id', type: found.get('id')?.type ?? 'integer', primary: true });
  const stamps = isFalse(options, 'timestamps')
    ? []
    : ['createdAt', 'updatedAt', ...(isTrue(options, 'paranoid') ? ['deletedAt'] : [])];
  for (const stamp of stamps) {
    if (isFalse(options, stamp)) continue;
    const property = textOption(options, stamp) ?? stamp;
    if (!all.has(property))
      all.set(property, {
        ...given,
        name: columnOf(property),
        type: 'timestamp with time zone',
        notNull: stamp !== 'deletedAt',
      });
  }
  return all;
}

/** `DataTypes.STRING(40)`, alone or as `{ type }`. */
function typeText(said: Value): string {
  const type = said.kind === 'object' ? fieldIn(said, 'type') : said;
  return type?.kind === 'external' ? type.path : '';
}

const types: readonly (readonly [RegExp, string])[] = [
  [/\bUUID/, 'uuid'],
  [/\b(?:BIGINT)/, 'bigint'],
  [/\b(?:INTEGER|SMALLINT|TINYINT|MEDIUMINT|NUMBER)/, 'integer'],
  [/\b(?:FLOAT|REAL|DOUBLE|DECIMAL)/, 'numeric'],
  [/\bBOOLEAN/, 'boolean'],
  [/\bDATEONLY/, 'date'],
  [/\b(?:DATE|NOW)/, 'timestamp with time zone'],
  [/\bJSON/, 'jsonb'],
];

function sqlType(text: string): string {
  return types.find(([name]) => name.test(text))?.[1] ?? 'text';
}

/** `unique: 'name'` on several attributes is one key. */
function namedKeys(
  { attributes }: Definition,
  columns: ReadonlyMap<string, OrmColumn>,
): readonly (readonly string[])[] {
  const byName = new Map<string, string[]>();
  for (const [property, said] of attributes.kind === 'object' ? attributes.fields : []) {
    const unique = fieldIn(said, 'unique');
    const name = textsOf(unique)[0] ?? textOption(unique, 'name');
    const column = columns.get(property)?.name;
    if (name !== undefined && column !== undefined) byName.set(name, [...(byName.get(name) ?? []), column]);
  }
  return [...byName.values()];
}

function indexKeys(options: Value, columns: ReadonlyMap<string, OrmColumn>): readonly (readonly string[])[] {
  const indexes = fieldIn(options, 'indexes');
  const items = indexes?.kind === 'array' ? indexes.items : [];
  return items
    .filter(index => isTrue(index, 'unique') && fieldIn(index, 'where') === undefined)
    .map(index => textsOf(fieldIn(index, 'fields')).map(property => columns.get(property)?.name ?? property))
    .filter(key => key.length > 0);
}

/** Associations add the attributes that hold their keys. */
function withKeys(
  columns: ReadonlyMap<string, OrmColumn>,
  relations: ReadonlyMap<string, OrmRelation>,
): ReadonlyMap<string, OrmColumn> {
  const all = new Map(columns);
  const known = new Set([...columns.values()].map(column => column.name));
  for (const relation of relations.values()) {
    for (const key of relation.isOwner ? relation.keys : []) {
      if (known.has(key.own)) continue;
      const property = keyProperties.get(key) ?? key.own;
      const referenced = [...relation.target.columns.values()].find(column => column.name === key.other);
      all.set(property, {
        name: key.own,
        type: referenced?.type ?? 'integer',
        notNull: false,
        hasDefault: false,
        primary: false,
        unique: false,
        hidden: false,
      });
    }
  }
  return all;
}

/** The attribute that a generated key is read by. */
const keyProperties = new WeakMap<OrmKey, string>();

// Associations -------------------------------------------------------------------------------------------------------

/** `Bill.belongsTo(Firm, { as, foreignKey })`. */
export function associate(machine: Machine, model: SequelizeModel, association: Association): void {
  model.associations.push(association);
  registryOf(machine).version += 1;
}

/** The name by which an association is included. */
export function aliasOf(association: Association, target: SequelizeModel): string {
  if (association.as !== undefined) return association.as;
  const isMany = association.kind === 'hasMany' || association.kind === 'belongsToMany';
  return isMany ? pluralize(target.name) : singularize(target.name);
}

function relationsOf(machine: Machine, model: SequelizeModel): ReadonlyMap<string, OrmRelation> {
  const found = new Map<string, OrmRelation>();
  for (const association of model.associations) {
    const target = association.target();
    if (target === undefined) continue;
    const alias = aliasOf(association, target);
    found.set(alias, toRelation(machine, model, target, association, alias));
  }
  for (const [name, relation] of impliedBy(machine, model)) {
    const columns = relation.keys.map(key => key.own).join();
    const isKnown = [...found.values()].some(
      other => other.isOwner && other.keys.map(key => key.own).join() === columns,
    );
    if (!isKnown) found.set(name, relation);
  }
  return found;
}

/** `Firm.hasMany(Bill)` alone puts the key into Bill's table, under no name that Bill could include. */
function impliedBy(machine: Machine, model: SequelizeModel): readonly (readonly [string, OrmRelation])[] {
  return [...registryOf(machine).models.values()].flatMap(other =>
    other.associations.flatMap(association => {
      const isTheirs = association.kind === 'hasMany' || association.kind === 'hasOne';
      if (!isTheirs || association.target() !== model) return [];
      const { keys, ...relation } = toRelation(machine, other, model, association, aliasOf(association, model));
      const own = keys.map(key => {
        const turned = { own: key.other, other: key.own };
        keyProperties.set(turned, keyProperties.get(key) ?? turned.own);
        return turned;
      });
      return [[`key of ${other.name}`, { ...relation, target: other, many: false, isOwner: true, keys: own }] as const];
    }),
  );
}

function toRelation(
  machine: Machine,
  model: SequelizeModel,
  target: SequelizeModel,
  association: Association,
  alias: string,
): OrmRelation {
  const { kind, options } = association;
  const given = fieldIn(options, 'foreignKey');
  const name = textsOf(given)[0] ?? textOption(given, 'name') ?? textOption(given, 'field');
  const onDelete = textOption(options, 'onDelete');
  const shared = {
    target,
    many: kind === 'hasMany' || kind === 'belongsToMany',
    isOwner: kind === 'belongsTo',
    notNull: kind === 'belongsTo' && isFalse(given, 'allowNull'),
    onlyOne: false,
    eager: false,
    ...(onDelete === undefined ? {} : { onDelete }),
  };
  const keyColumn = (holder: SequelizeModel, other: SequelizeModel, as: string): OrmKey => {
    const [primary = 'id'] = primaryKeyIn(other);
    const property = name ?? camelize(`${as}_${primary}`);
    const field = textOption(given, 'field');
    const known = plainColumn(holder, property);
    const column = field ?? known ?? (isTrue(holder.options, 'underscored') ? underscored(property) : property);
    const referenced = textOption(options, kind === 'belongsTo' ? 'targetKey' : 'sourceKey');
    const key = {
      own: column,
      other: referenced === undefined ? primary : (plainColumn(other, referenced) ?? referenced),
    };
    keyProperties.set(key, property);
    return key;
  };
  switch (kind) {
    case 'belongsTo':
      return { ...shared, keys: [keyColumn(model, target, alias)] };
    case 'belongsToMany':
      return { ...shared, keys: [], through: throughOf(machine, model, target, association) };
    default: {
      const key = keyColumn(target, model, singularize(model.name));
      const turned = { own: key.other, other: key.own };
      keyProperties.set(turned, keyProperties.get(key) ?? key.own);
      return { ...shared, keys: [turned] };
    }
  }
}

/** The column of an attribute that was written out, not made by an association. */
function plainColumn(model: SequelizeModel, property: string): string | undefined {
  return model.columns.get(property)?.name;
}

function primaryKeyIn(model: SequelizeModel): readonly string[] {
  return primaryKeyOf(model);
}

function throughOf(
  machine: Machine,
  model: SequelizeModel,
  target: SequelizeModel,
  { options, through }: Association,
): NonNullable<OrmRelation['through']> {
  const between = through?.() ?? fieldIn(options, 'through');
  const given = between?.kind === 'object' ? fieldIn(between, 'model') : between;
  const known = given === undefined ? undefined : modelOf(machine, given);
  const table = known?.table ?? textsOf(given)[0] ?? `${model.table}_${target.table}`;
  const column = (of: SequelizeModel, option: string): OrmKey => {
    const [primary = 'id'] = primaryKeyIn(of);
    const said = fieldIn(options, option);
    const property = textsOf(said)[0] ?? textOption(said, 'name') ?? camelize(`${singularize(of.name)}_${primary}`);
    const column = known === undefined ? undefined : plainColumn(known, property);
    return { own: column ?? (isTrue(model.options, 'underscored') ? underscored(property) : property), other: primary };
  };
  return { table, own: [column(model, 'foreignKey')], other: [column(target, 'otherKey')] };
}

// Classes with decorators --------------------------------------------------------------------------------------------

/** A model that decorators describe, or one that `init` made. */
function modelOfClass(machine: Machine, native: ClassNative): SequelizeModel | undefined {
  const registry = registryOf(machine);
  const known = registry.models.get(native.key);
  if (known !== undefined) return known;
  const lineage = lineageOf(native);
  const said = readDecorators(machine, native.frame, native.classCode.decorators ?? []);
  const fields = lineage
    .toReversed()
    .flatMap(held =>
      held.classCode.fields.flatMap(({ name, declared }) =>
        declared === undefined
          ? []
          : [{ name, type: declared.type, decorators: readDecorators(machine, held.frame, declared.decorators) }],
      ),
    );
  const table = said.find(({ name }) => name === 'Table');
  if (table === undefined && !fields.some(({ decorators }) => decorators.some(isAttribute))) {
    // `Bill.init(…)` stands below the class, in its file.
    runModule(machine, native.frame.module);
    return registry.models.get(native.key);
  }
  const attributes = new Map<string, Value>();
  for (const { name, type, decorators } of fields)
    if (decorators.some(isAttribute)) attributes.set(name, attributeOf(machine, native, type, decorators));
  const scopes = said.find(({ name }) => name === 'Scopes')?.arguments[0];
  const defaultScope = said.find(({ name }) => name === 'DefaultScope')?.arguments[0];
  const options = table?.arguments[0] ?? objectOf({});
  const model = defineModel(machine, {
    key: native.key,
    name: textOption(options, 'modelName') ?? native.classCode.name,
    attributes: { kind: 'object', fields: attributes, spread: [] },
    options,
    made: native,
    place: machine.place(native.frame, native.classCode.at),
  });
  if (defaultScope !== undefined) model.defaultScope = called(machine, native, defaultScope);
  const named = scopes === undefined ? undefined : called(machine, native, scopes);
  if (named?.kind === 'object') for (const [name, scope] of named.fields) model.scopes.set(name, scope);
  for (const field of fields) associateField(machine, native, model, field.name, field.decorators);
  return model;
}

function isAttribute({ name }: Decorator): boolean {
  return name === 'Column' || name === 'Attribute' || name === 'PrimaryKey' || name === 'ForeignKey';
}

function attributeOf(machine: Machine, native: ClassNative, type: string, decorators: readonly Decorator[]): Value {
  const fields = new Map<string, Value>();
  const given = decorators.find(({ name }) => name === 'Column' || name === 'Attribute')?.arguments[0];
  if (given?.kind === 'object') for (const [name, value] of given.fields) fields.set(name, value);
  else if (given?.kind === 'external') fields.set('type', given);
  if (!fields.has('type'))
    fields.set('type', { kind: 'external', library: 'sequelize', path: byType(type), arguments: [] });
  const flag = (name: string, value: boolean): void => {
    fields.set(name, { kind: 'constant', value });
  };
  for (const { name, arguments: said } of decorators) {
    const isOff = said[0]?.kind === 'constant' && said[0].value === false;
    if (name === 'PrimaryKey') flag('primaryKey', true);
    if (name === 'AllowNull') flag('allowNull', !isOff);
    if (name === 'NotNull') flag('allowNull', false);
    if (name === 'Unique' && said[0]?.kind !== 'object')
      fields.set('unique', said[0] ?? { kind: 'constant', value: true });
    if (name === 'AutoIncrement') flag('autoIncrement', true);
    if (name === 'Default') fields.set('defaultValue', said[0] ?? { kind: 'constant', value: null });
    if (name === 'ForeignKey') {
      const target = said[0] === undefined ? undefined : called(machine, native, said[0]);
      if (target !== undefined) fields.set('references', objectOf({ model: target }));
    }
  }
  return { kind: 'object', fields, spread: [] };
}

function byType(type: string): string {
  const names: Readonly<Record<string, string>> = { number: 'INTEGER', boolean: 'BOOLEAN', Date: 'DATE' };
  return names[type.replaceAll(/\s*\|\s*(?:null|undefined)\b/g, '').trim()] ?? 'STRING';
}

const kinds: Readonly<Record<string, Association['kind']>> = {
  BelongsTo: 'belongsTo',
  HasOne: 'hasOne',
  HasMany: 'hasMany',
  BelongsToMany: 'belongsToMany',
};

function associateField(
  machine: Machine,
  native: ClassNative,
  model: SequelizeModel,
  property: string,
  decorators: readonly Decorator[],
): void {
  for (const { name, arguments: said } of decorators) {
    const kind = kinds[name];
    const [first, second, third] = said;
    if (kind === undefined || first === undefined) continue;
    const options = said.findLast(argument => argument.kind === 'object');
    const key = kind === 'belongsToMany' ? third : second;
    const named = textsOf(key)[0];
    const own = named ?? foreignKeyFor(machine, native, kind, first);
    associate(machine, model, {
      kind,
      as: property,
      target: () => modelOf(machine, called(machine, native, first)),
      through: kind !== 'belongsToMany' || second === undefined ? undefined : () => called(machine, native, second),
      options: {
        kind: 'object',
        fields: new Map([
          ...(own === undefined
            ? []
            : ([['foreignKey', { kind: 'constant', value: own }]] satisfies [string, Value][])),
          ...(options?.kind === 'object' ? options.fields : []),
        ]),
        spread: [],
      },
    });
  }
}

/** The attribute with `@ForeignKey(() => Target)`, on the side that has the key. */
function foreignKeyFor(
  machine: Machine,
  native: ClassNative,
  kind: Association['kind'],
  target: Value,
): string | undefined {
  if (kind === 'belongsToMany') return undefined;
  const other = asClass(called(machine, native, target));
  const [holder, wanted] = kind === 'belongsTo' ? [native, other] : [other, native];
  if (holder === undefined || wanted === undefined) return undefined;
  for (const { name, declared } of holder.classCode.fields) {
    if (declared === undefined) continue;
    for (const decorator of readDecorators(machine, holder.frame, declared.decorators)) {
      const [said] = decorator.arguments;
      if (
        decorator.name === 'ForeignKey' &&
        said !== undefined &&
        asClass(called(machine, holder, said))?.key === wanted.key
      )
        return name;
    }
  }
  return undefined;
}

/** `() => Firm`, or what it gives itself. */
function called(machine: Machine, native: ClassNative, value: Value): Value {
  if (value.kind !== 'function') return value;
  const at: Pick<Call, 'at' | 'end'> = { at: native.classCode.at, end: native.classCode.at };
  return callValue(machine, native.frame, value, [], at);
}

// Options ------------------------------------------------------------------------------------------------------------

/** A field of an object of options. */
export function fieldIn(value: Value | undefined, name: string): Value | undefined {
  if (value?.kind !== 'object') return undefined;
  const own = value.fields.get(name);
  if (own !== undefined) return own;
  for (const part of value.spread.toReversed()) {
    const inner = fieldIn(part, name);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** A text among options. */
export function textOption(value: Value | undefined, name: string): string | undefined {
  return textsOf(fieldIn(value, name))[0];
}

/** An option that is set. */
export function isTrue(value: Value | undefined, name: string): boolean {
  const option = fieldIn(value, name);
  return option?.kind === 'constant' && option.value === true;
}

/** An option that is set to false. */
export function isFalse(value: Value | undefined, name: string): boolean {
  const option = fieldIn(value, name);
  return option?.kind === 'constant' && option.value === false;
}
