import { describedTable } from '../../database/described.ts';
import type { SourceFiles } from '../../../collect/source/read-source.ts';
import type { Column, DatabaseModel, ForeignKey, Table } from '../../database/types.ts';
import { callValue } from '../calls.ts';
import { exportNames, exportValue } from '../expressions.ts';
import { Machine } from '../machine.ts';
import type { Value } from '../value.ts';
import { constraintOf, type TableConstraint } from './drizzle-columns.ts';
import { declaredPolicies, policyOf } from './drizzle-policies.ts';
import {
  columnReference,
  drizzleHandlers,
  enumDefinitions,
  relationNamed,
  relationsOf,
  rowSecurityDeclared,
  sqlTextOf,
  tableDefinitions,
  type TableDefinition,
} from './drizzle.ts';

/**
 * The tables that Drizzle's schema files define, with the policies that they declare, found by running those files.
 * Relations count as keys where the columns have none, and what only the database knows (grants) is absent.
 */
export function databaseOfDrizzle(source: SourceFiles): DatabaseModel | undefined {
  if (!source.dependencies.has('drizzle-orm')) return undefined;
  const machine = new Machine(source, undefined, new Map(Object.entries(drizzleHandlers)));
  for (const file of source.filesThat(/from\s+['"]drizzle-orm\/(?:pg|mysql|sqlite|singlestore)-core['"]/)) {
    const module = source.module(file);
    if (module === undefined) continue;
    for (const name of exportNames(machine, module)) exportValue(machine, module, name);
  }
  const definitions = [...tableDefinitions(machine).values()];
  const isSnake = source.filesThat(/\bcasing:\s*['"]snake_case['"]/).length > 0;
  const named = (table: string, column: string): string =>
    isSnake && tableDefinitions(machine).get(table)?.columns.get(column)?.name === undefined
      ? snakeCase(column)
      : column;
  return {
    tables: definitions.map(definition => toTable(definition, machine, named)),
    views: [],
    functions: [],
    roles: [],
    enums: [...enumDefinitions(machine)].map(([name, values]) => ({ name, values })),
    buckets: [],
    platform: 'plain',
  };
}

type Naming = (table: string, column: string) => string;

function toTable(definition: TableDefinition, machine: Machine, named: Naming): Table {
  const { table, columns, call } = definition;
  const own = (column: string): string => named(table.table, column);
  const described = [...columns].map(([property, column]) => ({ ...column, name: own(column.name ?? property) }));
  const extra = extraOf(definition, machine);
  const constraints = extra.flatMap(value => constraintOf(value) ?? []);
  const policies = declaredPolicies(extra).map(policy => policyOf(policy, table.table, sqlTextOf));
  const namesOf = (values: readonly Value[]): readonly string[] =>
    values.flatMap(value => columnReference(value)?.column ?? []).map(own);
  const composite = constraints.find(constraint => constraint.kind === 'primary');
  const single = described.filter(column => column.primary).map(column => column.name);
  const primaryKey = composite === undefined ? single : namesOf(composite.columns);
  const unique = constraints
    .filter(constraint => constraint.kind === 'unique')
    .map(constraint => namesOf(constraint.columns));
  const foreignKeys = [
    ...columnKeys(definition, machine, named),
    ...constraints.flatMap(constraint => tableKey(constraint, own, named)),
  ];
  const dot = table.table.indexOf('.');
  return {
    ...describedTable,
    name: table.table,
    schema: dot === -1 ? 'public' : table.table.slice(0, dot),
    columns: described.map((column): Column => ({
      name: column.name,
      type: column.type,
      notNull: column.notNull,
      hasDefault: column.hasDefault,
      generated: false,
    })),
    primaryKey,
    uniqueKeys: [
      primaryKey,
      ...described.filter(column => column.unique).map(column => [column.name]),
      ...unique,
    ].filter(key => key.length > 0),
    foreignKeys: [...foreignKeys, ...relationKeys(table.table, machine, named, foreignKeys)],
    rowSecurity: policies.length > 0 || rowSecurityDeclared(machine).has(table.table),
    policies,
    definedAt: machine.place(call.frame, call.at),
  };
}

/** Keys, indexes and policies that stand beside the columns. */
function extraOf({ table, extra, call }: TableDefinition, machine: Machine): readonly Value[] {
  if (extra?.kind !== 'function') return [];
  const self: Value = { kind: 'native', native: table };
  const result = callValue(machine, call.frame, extra, [self], { at: call.at, end: call.end });
  return result.kind === 'array' ? result.items : result.kind === 'object' ? [...result.fields.values()] : [];
}

/** `.references(() => users.id)`. */
function columnKeys({ table, columns, call }: TableDefinition, machine: Machine, named: Naming): readonly ForeignKey[] {
  return [...columns].flatMap(([property, { name, references }]) => {
    if (references?.target.kind !== 'function') return [];
    const site = { at: call.at, end: call.end };
    const target = columnReference(callValue(machine, call.frame, references.target, [], site));
    if (target === undefined) return [];
    const column = named(table.table, name ?? property);
    return [toKey([column], target.table, [named(target.table, target.column)], references.onDelete)];
  });
}

function tableKey(constraint: TableConstraint, own: (column: string) => string, named: Naming): readonly ForeignKey[] {
  if (constraint.kind !== 'foreign') return [];
  const columns = constraint.columns.flatMap(value => columnReference(value)?.column ?? []);
  const targets = constraint.foreignColumns.flatMap(value => columnReference(value) ?? []);
  const [first] = targets;
  if (first === undefined || columns.length !== targets.length) return [];
  const referenced = targets.map(target => named(target.table, target.column));
  return [toKey(columns.map(own), first.table, referenced, constraint.onDelete)];
}

/** What `relations()` declares, where no key says it. */
function relationKeys(
  table: string,
  machine: Machine,
  named: Naming,
  known: readonly ForeignKey[],
): readonly ForeignKey[] {
  const declared = relationsOf(machine).get(table) ?? new Map<string, unknown>();
  const self = tableDefinitions(machine).get(table)?.table;
  return [...declared.keys()].flatMap(name => {
    const relation = self === undefined ? undefined : relationNamed(machine, self, name);
    if (relation === undefined || relation.many || relation.fields.length === 0) return [];
    const columns = relation.fields.map(column => named(table, column));
    if (known.some(key => key.columns.join() === columns.join())) return [];
    const target = relation.target.table;
    // The side whose own key stands for the other row owns nothing.
    const definition = tableDefinitions(machine).get(table);
    const isOwnKey = relation.fields.every(field =>
      [...(definition?.columns ?? [])].some(
        ([property, column]) => (column.name ?? property) === field && column.primary,
      ),
    );
    if (isOwnKey) return [];
    return [
      toKey(
        columns,
        target,
        relation.references.map(column => named(target, column)),
        undefined,
      ),
    ];
  });
}

const actions: ReadonlySet<string> = new Set(['no action', 'restrict', 'cascade', 'set null', 'set default']);

function isAction(value: string): value is ForeignKey['onDelete'] {
  return actions.has(value);
}

function toKey(
  columns: readonly string[],
  table: string,
  referencedColumns: readonly string[],
  onDelete: string | undefined,
): ForeignKey {
  return {
    name: `${columns.join('_')}_${table}`,
    columns,
    table,
    referencedColumns,
    onDelete: onDelete !== undefined && isAction(onDelete) ? onDelete : 'no action',
  };
}

function snakeCase(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}
