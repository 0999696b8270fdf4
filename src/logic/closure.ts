import type { RowVariable, Term } from '../core/predicate.ts';
import type { DatabaseModel, Table } from '../model/database/types.ts';
import type { Branch } from './branches.ts';
import { termKey } from './terms.ts';

/** Terms known to be equal, in the order in which they were first met. */
interface EqualTerms {
  members: readonly Member[];
}

interface Member {
  readonly key: string;
  readonly term: Term;
  readonly order: number;
}

/**
 * Equalities closed under transitivity, and under keys: two rows of one table that agree on a unique key are one row.
 * Classes of equal terms by their texts; the number of rows on a path is small.
 */
export class Closure {
  readonly rows: RowVariable[] = [];
  readonly #classes = new Map<string, EqualTerms>();
  readonly #sameRows = new Map<string, Set<string>>();
  readonly #tables: ReadonlyMap<string, Table>;

  constructor(database: DatabaseModel, rows: readonly RowVariable[], branch: Branch) {
    this.#tables = tablesByName(database);
    for (const row of [...rows, ...branch.rows]) {
      if (!this.rows.some(known => known.name === row.name)) this.rows.push(row);
    }
    for (const { left, right } of branch.equalities) this.#union(left, right);
    this.#closeUnderKeys();
  }

  /** Whether the two are known to be equal. */
  same(left: Term, right: Term): boolean {
    return this.#find(left) === this.#find(right);
  }

  /** Every term known to be equal to this one, itself included. */
  equalTo(term: Term): readonly Term[] {
    return this.#find(term).members.map(member => member.term);
  }

  /** The row of `table` whose `column` equals `value`: a known one, or a new one that a foreign key promises. */
  rowWith(table: string, column: string, value: Term): RowVariable {
    const known = this.rows.find(
      row => row.table === table && this.same({ kind: 'column', row: row.name, column }, value),
    );
    if (known !== undefined) return known;
    const row: RowVariable = { name: `${table}[${column}=${termKey(value)}]`, table, where: { kind: 'true' } };
    this.rows.push(row);
    this.#union({ kind: 'column', row: row.name, column }, value);
    this.#closeUnderKeys();
    return row;
  }

  /** Adds an equality that a foreign key promises. */
  add(left: Term, right: Term): void {
    this.#union(left, right);
    this.#closeUnderKeys();
  }

  #closeUnderKeys(): void {
    for (let changed = true; changed;) {
      changed = false;
      for (const [index, left] of this.rows.entries()) {
        for (let next = index + 1; next < this.rows.length; next += 1) {
          const right = this.rows[next];
          if (left.table === right?.table && this.#mergeIfSameRow(left, right)) changed = true;
        }
      }
    }
  }

  #mergeIfSameRow(left: RowVariable, right: RowVariable): boolean {
    const table = this.#tables.get(left.table);
    if (table === undefined || this.#sameRows.get(left.name)?.has(right.name) === true) return false;
    const column = (row: RowVariable, name: string): Term => ({ kind: 'column', row: row.name, column: name });
    const agree = table.uniqueKeys.some(
      key => key.length > 0 && key.every(name => this.same(column(left, name), column(right, name))),
    );
    if (!agree) return false;
    const apart = table.columns.filter(({ name }) => !this.same(column(left, name), column(right, name)));
    for (const { name } of apart) this.#union(column(left, name), column(right, name));
    // Once they are one row they stay one.
    this.#sameRows.set(left.name, (this.#sameRows.get(left.name) ?? new Set()).add(right.name));
    return apart.length > 0;
  }

  #find(term: Term): EqualTerms {
    const key = termKey(term);
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const alone: EqualTerms = { members: [{ key, term, order: this.#classes.size }] };
    this.#classes.set(key, alone);
    return alone;
  }

  #union(left: Term, right: Term): void {
    const [from, to] = [this.#find(left), this.#find(right)];
    if (from === to) return;
    to.members = [...from.members, ...to.members].toSorted((one, other) => one.order - other.order);
    for (const { key } of from.members) this.#classes.set(key, to);
  }
}

const tableIndex = new WeakMap<DatabaseModel, ReadonlyMap<string, Table>>();

/** Tables by the name that predicates use: `schema.table`, or `table` for public. */
export function tablesByName(database: DatabaseModel): ReadonlyMap<string, Table> {
  const known = tableIndex.get(database);
  if (known !== undefined) return known;
  const made = new Map(database.tables.map(table => [sqlName(table), table]));
  tableIndex.set(database, made);
  return made;
}

/** `schema.table`, or `table` for public; names that already carry their schema stay. */
export function sqlName(object: { readonly schema: string; readonly name: string }): string {
  return object.schema === 'public' || object.name.includes('.') ? object.name : `${object.schema}.${object.name}`;
}
