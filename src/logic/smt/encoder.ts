import type { DatabaseFunction, Table } from '../../model/database/types.ts';
import type { SqlNode } from '../sql-tree.ts';
import type { Variable } from './formula.ts';
import type { Session } from './session.ts';
import type { Truth, Value } from './value.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What encodes expressions, queries, policies and functions; its parts call each other through it. */
export interface Encoder {
  readonly vocabulary: Vocabulary;
  readonly session: Session;
  expression(node: SqlNode, scope: Scope): Value;
  select(body: SqlNode, scope: Scope): readonly Arm[];
  /** A row of the table is there and may be read with these rights. */
  visible(table: Table, row: string, scope: Scope): Truth;
  /** What a function of the database answers; undefined where it cannot be followed. */
  answer(definition: DatabaseFunction, values: readonly NamedValue[], scope: Scope): Value | undefined;
  /** The rows of a set that a function gives; undefined where it cannot be followed. */
  rows(definition: DatabaseFunction, values: readonly NamedValue[], scope: Scope): readonly Arm[] | undefined;
}

/** One of the queries that a SELECT is made of: its rows, when there is such a row, what it shows. */
export interface Arm {
  readonly variables: readonly Variable[];
  readonly condition: Truth;
  readonly targets: readonly { readonly name: string; readonly value: Value }[];
  /** The rows of tables among the variables. */
  readonly rows: readonly { readonly table: string; readonly row: string }[];
  /** The rows that an aggregate is made of; for others the same as above. */
  readonly below: Pick<Arm, 'variables' | 'condition' | 'rows'>;
}

/** An argument, with its name where it has one. */
export interface NamedValue {
  readonly name: string;
  readonly value: Value;
}

/** A relation in scope. */
export interface Binding {
  readonly alias: string;
  /** Its columns' names, in order. */
  readonly columns: readonly string[];
  readonly get: (column: string) => Value | undefined;
}

/** Where an expression stands. */
export interface Scope {
  /** Innermost last. */
  readonly bindings: readonly Binding[];
  /** Arguments and variables of functions. */
  readonly named: ReadonlyMap<string, Value>;
  readonly positional: readonly Value[];
  /** Row variables that are bound around the expression. */
  readonly variables: readonly Variable[];
  /** With whose rights tables are read; undefined where row security does not apply at all. */
  readonly role: string | undefined;
  readonly searchPath: readonly string[];
  /** Queries that `with` names. */
  readonly queries: ReadonlyMap<string, () => readonly Arm[]>;
  /** Functions and tables on the way here. */
  readonly trail: readonly string[];
}

/** The scope of a condition on a row of a table. */
export function scopeOfRow(encoder: Encoder, table: Table, row: Variable, role: string | undefined): Scope {
  return {
    bindings: [bindTable(encoder, table, row.name, table.name.split('.').at(-1) ?? table.name)],
    named: new Map(),
    positional: [],
    variables: [row],
    role,
    searchPath: ['public'],
    queries: new Map(),
    trail: [],
  };
}

/** The columns of a row of a table. */
export function bindTable({ vocabulary }: Encoder, table: Table, row: string, alias: string): Binding {
  return {
    alias,
    columns: table.columns.map(column => column.name),
    get: name => {
      const column = table.columns.find(candidate => candidate.name === name);
      if (column === undefined) return undefined;
      return {
        kind: 'choice',
        alternatives: [{ variables: [], when: 'true', scalar: vocabulary.column(table, column, row) }],
      };
    },
  };
}
