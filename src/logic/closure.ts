import type { RowVariable, Term } from '../core/predicate.ts';
import type { DatabaseModel, Table } from '../model/database/types.ts';
import type { Branch } from './branches.ts';
import { termKey } from './terms.ts';

/** Terms known to be equal, in the order in which they were first met. */
interface EqualTerms {
  members: readonly Member[];
  /** The terms alone, once somebody asks for them. */
  terms: readonly Term[] | undefined;
}

interface Member {
  readonly term: Term;
  readonly order: number;
}

const noTerms: readonly Term[] = [];
const nothingKnown: ReadonlyMap<string, EqualTerms> = new Map();

/**
 * Equalities closed under transitivity, and under keys: two rows of one table that agree on a unique key are one row.
 * Classes of equal terms by their texts; the number of rows on a path is small.
 */
export class Closure {
  readonly rows: RowVariable[] = [];
  readonly #rowsByName = new Map<string, RowVariable>();
  readonly #rowsByTable = new Map<string, RowVariable[]>();
  readonly #classes = new Map<string, EqualTerms>();
  readonly #columns = new Map<string, Map<string, EqualTerms>>();
  #count = 0;
  #version = 0;
  readonly #tables: ReadonlyMap<string, Table>;

  constructor(database: DatabaseModel, rows: readonly RowVariable[], branch: Branch) {
    this.#tables = tablesByName(database);
    for (const row of rows) this.#addRow(row);
    for (const row of branch.rows) this.#addRow(row);
    for (const { left, right } of branch.equalities) this.#union(left, right);
    this.#closeUnderKeys();
  }

  #addRow(row: RowVariable): void {
    if (this.#rowsByName.has(row.name)) return;
    this.#rowsByName.set(row.name, row);
    this.rows.push(row);
    const ofTable = this.#rowsByTable.get(row.table);
    if (ofTable === undefined) this.#rowsByTable.set(row.table, [row]);
    else ofTable.push(row);
  }

  /** Changes when more becomes known: an equality, or a row. */
  get version(): number {
    return this.#version;
  }

  /** The row of that name. */
  rowNamed(name: string): RowVariable | undefined {
    return this.#rowsByName.get(name);
  }

  /** Whether the two are known to be equal. */
  same(left: Term, right: Term): boolean {
    const known = this.#classOf(left);
    if (known !== undefined) return known === this.#classOf(right);
    return this.#classOf(right) === undefined && termKey(left) === termKey(right);
  }

  /** Whether columns of two rows are known to be equal. */
  sameColumns(row: RowVariable, column: string, other: RowVariable, otherColumn: string): boolean {
    const known = this.#classOfColumn(row.name, column);
    if (known !== undefined) return known === this.#classOfColumn(other.name, otherColumn);
    return row.name === other.name && column === otherColumn;
  }

  /** Whether the column of the row is known to equal the term. */
  columnIs(row: RowVariable, column: string, term: Term): boolean {
    const known = this.#classOfColumn(row.name, column);
    if (known !== undefined) return known === this.#classOf(term);
    return term.kind === 'column' && term.row === row.name && term.column === column;
  }

  /** Every term known to be equal to this one, itself included. */
  equalTo(term: Term): readonly Term[] {
    const known = this.#classOf(term);
    return known === undefined ? [term] : termsOf(known);
  }

  /** Every term that the column of the row is known to equal, itself included; none when nothing is known of it. */
  known(row: RowVariable, column: string): readonly Term[] {
    const known = this.#classOfColumn(row.name, column);
    return known === undefined ? noTerms : termsOf(known);
  }

  /** The columns of a row that are known to equal something. */
  knownColumns(row: RowVariable): Iterable<string> {
    return (this.#columns.get(row.name) ?? nothingKnown).keys();
  }

  /** The row of `table` whose `column` equals `value`: a known one, or a new one that a foreign key promises. */
  rowWith(table: string, column: string, value: Term): RowVariable {
    const known = this.#rowsByTable.get(table)?.find(row => this.columnIs(row, column, value));
    if (known !== undefined) return known;
    const row: RowVariable = { name: `${table}[${this.rows.length}]`, table, where: { kind: 'true' } };
    this.#addRow(row);
    this.#version += 1;
    this.add({ kind: 'column', row: row.name, column }, value);
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
      for (const row of this.rows) {
        const ofTable = this.#rowsByTable.get(row.table) ?? [];
        if (ofTable[0] === row) continue;
        const known = this.#columns.get(row.name);
        if (known === undefined) continue;
        for (const key of this.#tables.get(row.table)?.uniqueKeys ?? []) {
          if (key.length === 0 || !key.every(column => known.has(column))) continue;
          const twin = this.#twin(row, key, ofTable);
          if (twin !== undefined && this.#makeOne(twin, row)) changed = true;
        }
      }
    }
  }

  /** The first of the table's rows before one that has the same key. */
  #twin(row: RowVariable, key: readonly string[], ofTable: readonly RowVariable[]): RowVariable | undefined {
    for (const other of ofTable) {
      if (other === row) return undefined;
      if (key.every(column => this.sameColumns(other, column, row, column))) return other;
    }
    return undefined;
  }

  /** Makes equal what is known of either; what becomes known later is made equal the next time. */
  #makeOne(left: RowVariable, right: RowVariable): boolean {
    let changed = false;
    for (const column of new Set([...this.knownColumns(left), ...this.knownColumns(right)])) {
      if (this.sameColumns(left, column, right, column)) continue;
      this.#union({ kind: 'column', row: left.name, column }, { kind: 'column', row: right.name, column });
      changed = true;
    }
    return changed;
  }

  /** Columns are most of what is asked for: they are found without writing a key. */
  #classOf(term: Term): EqualTerms | undefined {
    return term.kind === 'column' ? this.#classOfColumn(term.row, term.column) : this.#classes.get(termKey(term));
  }

  #classOfColumn(row: string, column: string): EqualTerms | undefined {
    return this.#columns.get(row)?.get(column);
  }

  #find(term: Term): EqualTerms {
    const known = this.#classOf(term);
    if (known !== undefined) return known;
    const order = this.#count++;
    const alone: EqualTerms = { members: [{ term, order }], terms: [term] };
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

function termsOf(known: EqualTerms): readonly Term[] {
  known.terms ??= known.members.map(member => member.term);
  return known.terms;
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
