import type { RowVariable, Term } from '../core/predicate.ts';
import type { DatabaseModel, Table } from '../model/database/types.ts';
import type { Branch } from './branches.ts';
import { termKey } from './terms.ts';

/** Terms known to be equal, in the order in which they were first met. */
interface EqualTerms {
  readonly id: number;
  members: readonly Member[];
  /** The terms alone, once somebody asks for them. */
  terms: readonly Term[] | undefined;
}

interface Member {
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
  readonly #columns = new Map<string, Map<string, EqualTerms>>();
  #count = 0;
  #version = 0;
  readonly #tables: ReadonlyMap<string, Table>;

  constructor(database: DatabaseModel, rows: readonly RowVariable[], branch: Branch) {
    this.#tables = tablesByName(database);
    for (const row of [...rows, ...branch.rows]) {
      if (!this.rows.some(known => known.name === row.name)) this.rows.push(row);
    }
    for (const { left, right } of branch.equalities) this.#union(left, right);
    this.#closeUnderKeys();
  }

  /** Changes when more becomes known: an equality, or a row. */
  get version(): number {
    return this.#version;
  }

  /** Whether the two are known to be equal. */
  same(left: Term, right: Term): boolean {
    const known = this.#classOf(left);
    if (known !== undefined) return known === this.#classOf(right);
    return this.#classOf(right) === undefined && termKey(left) === termKey(right);
  }

  /** Every term known to be equal to this one, itself included. */
  equalTo(term: Term): readonly Term[] {
    const known = this.#classOf(term);
    if (known === undefined) return [term];
    known.terms ??= known.members.map(member => member.term);
    return known.terms;
  }

  /** The columns of a row that are known to equal something. */
  knownColumns(row: RowVariable): readonly string[] {
    return [...(this.#columns.get(row.name)?.keys() ?? [])];
  }

  /** The row of `table` whose `column` equals `value`: a known one, or a new one that a foreign key promises. */
  rowWith(table: string, column: string, value: Term): RowVariable {
    const known = this.rows.find(
      row => row.table === table && this.same({ kind: 'column', row: row.name, column }, value),
    );
    if (known !== undefined) return known;
    const row: RowVariable = { name: `${table}[${this.rows.length}]`, table, where: { kind: 'true' } };
    this.rows.push(row);
    this.#version += 1;
    this.#union({ kind: 'column', row: row.name, column }, value);
    this.#closeUnderKeys();
    return row;
  }

  /** Adds an equality that a foreign key promises. */
  add(left: Term, right: Term): void {
    this.#union(left, right);
    this.#closeUnderKeys();
  }

  /** Rows of one table whose columns of a key are equal become one: every column of theirs is equal. */
  #closeUnderKeys(): void {
    for (let changed = true; changed;) {
      changed = false;
      const byKey = new Map<string, RowVariable>();
      for (const row of this.rows) {
        for (const [index, key] of (this.#tables.get(row.table)?.uniqueKeys ?? []).entries()) {
          const values = this.#valuesOf(row, key);
          if (values === undefined) continue;
          const text = `${row.table} ${index} ${values.join(' ')}`;
          const twin = byKey.get(text);
          if (twin === undefined) byKey.set(text, row);
          else if (twin.name !== row.name && this.#makeOne(twin, row)) changed = true;
        }
      }
    }
  }

  /** The classes that a row's columns belong to; `undefined` when nothing is known to equal one of them. */
  #valuesOf(row: RowVariable, columns: readonly string[]): readonly number[] | undefined {
    const known = this.#columns.get(row.name);
    if (known === undefined || columns.length === 0) return undefined;
    const values: number[] = [];
    for (const name of columns) {
      const value = known.get(name);
      if (value === undefined) return undefined;
      values.push(value.id);
    }
    return values;
  }

  /** Makes equal what is known of either; what becomes known later is made equal the next time. */
  #makeOne(left: RowVariable, right: RowVariable): boolean {
    const known = new Set([...this.knownColumns(left), ...this.knownColumns(right)]);
    let changed = false;
    for (const column of known) {
      const [one, other]: readonly Term[] = [
        { kind: 'column', row: left.name, column },
        { kind: 'column', row: right.name, column },
      ];
      if (one === undefined || other === undefined || this.same(one, other)) continue;
      this.#union(one, other);
      changed = true;
    }
    return changed;
  }

  /** Columns are most of what is asked for: they are found without writing a key. */
  #classOf(term: Term): EqualTerms | undefined {
    return term.kind === 'column' ? this.#columns.get(term.row)?.get(term.column) : this.#classes.get(termKey(term));
  }

  #find(term: Term): EqualTerms {
    const known = this.#classOf(term);
    if (known !== undefined) return known;
    const order = this.#count++;
    const alone: EqualTerms = { id: order, members: [{ term, order }], terms: [term] };
    this.#place(term, alone);
    return alone;
  }

  #place(term: Term, equal: EqualTerms): void {
    if (term.kind !== 'column') {
      this.#classes.set(termKey(term), equal);
      return;
    }
    const ofRow = this.#columns.get(term.row) ?? new Map<string, EqualTerms>();
    this.#columns.set(term.row, ofRow);
    ofRow.set(term.column, equal);
  }

  #union(left: Term, right: Term): void {
    const [one, other] = [this.#find(left), this.#find(right)];
    if (one === other) return;
    const [from, to] = one.members.length <= other.members.length ? [one, other] : [other, one];
    to.members = merged(from.members, to.members);
    to.terms = undefined;
    for (const { term } of from.members) this.#place(term, to);
    this.#version += 1;
  }
}

/** Both lists in one order. */
function merged(left: readonly Member[], right: readonly Member[]): readonly Member[] {
  const all: Member[] = [];
  let next = 0;
  for (const member of left) {
    for (let other = right[next]; other !== undefined && other.order < member.order; other = right[next]) {
      all.push(other);
      next += 1;
    }
    all.push(member);
  }
  all.push(...right.slice(next));
  return all;
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
