import { plainName, snakeCase } from '../core/names.ts';
import type { Predicate, RowVariable, Term } from '../core/predicate.ts';
import { shapeOf, shapesText } from '../core/shape.ts';
import type { DatabaseModel, Table } from '../model/database/types.ts';
import { byOneWay } from './one-way.ts';
import type { Membership, Owner, OwnerHop, TenancyModel, TenantRoot } from '../model/tenancy/types.ts';
import { factsIn, join, joinAll, knownFrom, shapeOfKnown, shapeOfRow, shapeOfTerm } from './branches.ts';
import type { AbsenceReading, Branch, Choice } from './branches.ts';
import { Closure, tablesByName } from './closure.ts';
import { isCredential, isHashOfSent, isSentKey } from './credentials.ts';
import { keepPresent, mayVanish, presentTerms } from './presence.ts';
import { relatedTo, understood, type Premise } from './premises.ts';
import { isPublished } from './published.ts';
import { isChosen, termKey } from './terms.ts';

/** The question put to `entails`: do these premises tie the row to one of the principal's tenants? */
export interface Question {
  /** The row asked about, with what the query says of it. */
  readonly row: RowVariable;
  /** Rows known to exist. */
  readonly rows: readonly RowVariable[];
  /** Conditions known to hold. */
  readonly conditions: readonly Predicate[];
  /** Tenants that a library verified to be the principal's. */
  readonly memberTenants: readonly Term[];
  /** Somebody is verified to ask; without it nothing is the principal's. */
  readonly signedIn: boolean;
  /** How a filter whose value may be undefined is read. */
  readonly absence: AbsenceReading;
  /** For a new row: it belongs to whom its owner column names, whatever else it refers to. */
  readonly ownerColumnAlone?: boolean;
  /** More columns, by table, that authorise whoever knows them. */
  readonly open?: ReadonlyMap<string, readonly string[]>;
  /** The row is only looked at: what its owner shows to everybody may be. */
  readonly reads?: boolean;
  /** Values that are there whenever the question matters: one that is not there is not written. */
  readonly present?: readonly Term[];
}

/**
 * By what right a row is the principal's; `nobody` means that no row satisfies the premises, `published` that its owner
 * shows it to everybody.
 */
export type OwnedBy = 'session' | 'membership' | 'capability' | 'published' | 'nobody';

/** What follows. */
export type Answer =
  | { readonly kind: 'owned'; readonly by: OwnedBy }
  | { readonly kind: 'not-owned' }
  /** Something that might have tied the row was not understood. */
  | { readonly kind: 'opaque'; readonly reason: string };

/** What entailment knows of the world. */
export interface World {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  /** Columns, by table, of e-mail addresses whose owners confirmed that they are in the row. */
  readonly confirmed?: ReadonlyMap<string, readonly string[]>;
  /** Columns of the users' table that name a tenant of the user's. */
  readonly ownTenants?: ReadonlySet<string>;
}

const callersId: Term = { kind: 'principal', attribute: 'user.id' };
const callersEmail: Term = { kind: 'principal', attribute: 'user.email' };
const emailKey = termKey(callersEmail);
/** Names of columns that say whom a row is about. */
const naming = /(?:_id|Id|_by|By)$|[Ee]mail|user|owner|author|creator/;
const maximumHops = 8;
const maximumRows = 24;

/**
 * Whether every row that satisfies the question's premises is owned by a tenant of the principal.
 * Sound for `owned`: the premises are only ever weakened (negations, ranges and unknown functions are forgotten).
 */
export function entails(question: Question, world: World): Answer {
  const premises = premisesOf(question);
  if (premises === undefined) return { kind: 'owned', by: 'nobody' };
  const { related, unrelated } = relatedTo(question, premises);
  const answers = answersIn(world);
  const rest = `possible ${textOf({ ...question, ...asksNothing }, unrelated)}`;
  const possible = answers.get(rest) ?? (new Search(question, world, []).isPossible(unrelated) ? notOwned : ofNobody);
  answers.set(rest, possible);
  if (possible === ofNobody) return ofNobody;
  const text = textOf(question, related);
  const known = answers.get(text);
  if (known !== undefined) return known;
  const answer = new Search(question, world, rowsAmong(question.rows, related)).answer(related);
  answers.set(text, answer);
  return answer;
}

const notOwned: Answer = { kind: 'not-owned' };
const ofNobody: Answer = { kind: 'owned', by: 'nobody' };

const answered = new WeakMap<World, Map<string, Answer>>();

/** Answers in one world by what they rest on: paths that differ in what does not matter ask the same. */
function answersIn(world: World): Map<string, Answer> {
  const answers = answered.get(world) ?? new Map<string, Answer>();
  answered.set(world, answers);
  return answers;
}

/** What of a question its answer depends on, besides premises. */
interface Asked extends Pick<Question, 'row' | 'memberTenants' | 'signedIn' | 'ownerColumnAlone'> {
  readonly open?: Question['open'] | undefined;
  readonly reads?: boolean | undefined;
}

/** What has nothing to do with whether something is possible at all. */
const asksNothing = { memberTenants: [], open: undefined, reads: undefined };

/** The question with these premises; how filters that may vanish are read shows in them. */
function textOf(
  { row, memberTenants, signedIn, ownerColumnAlone, open, reads }: Asked,
  premises: readonly Premise[],
): string {
  const opened = open === undefined ? '' : JSON.stringify([...open]);
  return shapesText([
    shapeOf(`${signedIn} ${ownerColumnAlone} ${opened} ${reads} ${memberTenants.length}`, []),
    shapeOfRow(row),
    ...memberTenants.map(shapeOfTerm),
    ...premises.flatMap(({ known, row: of }) => [of === undefined ? noRow : shapeOfRow(of), shapeOfKnown(known)]),
  ]);
}

const noRow = shapeOf('', []);

function weakest(answers: readonly Answer[]): Answer {
  const kinds = ['published', 'capability', 'membership', 'session', 'nobody'] as const;
  for (const by of kinds) {
    const answer = answers.find(candidate => candidate.kind === 'owned' && candidate.by === by);
    if (answer !== undefined) return answer;
  }
  return { kind: 'not-owned' };
}

/** Everything that is known, what the query says of its own row first; `undefined` when no row satisfies it. */
function premisesOf(question: Question): readonly Premise[] | undefined {
  const conditions = [...question.conditions, ...question.rows.map(row => row.where)];
  // Whoever is signed in has an address: a filter by it does not go.
  const also = [...(question.present ?? []), ...(question.signedIn ? [callersEmail] : [])];
  const all = [question.row.where, ...conditions];
  const present = all.some(mayVanish) ? presentTerms(all, also) : new Set<string>();
  const own = knownFrom(keepPresent(question.row.where, present), question.absence);
  if (own === undefined) return undefined;
  const premises: Premise[] = [{ known: own, row: question.row }];
  for (const [index, condition] of conditions.entries()) {
    const known = knownFrom(keepPresent(condition, present), question.absence);
    if (known === undefined) return undefined;
    const row = question.rows[index - question.conditions.length];
    premises.push({ known: understood(known), row });
  }
  return premises;
}

function rowsAmong(rows: readonly RowVariable[], premises: readonly Premise[]): readonly RowVariable[] {
  const kept = new Set(premises.map(premise => premise.row));
  return rows.filter(row => kept.has(row));
}

/** Hardly a question that is answered needs more; one that does is not answered. */
const mostBranches = 64;

/** Goes through the branches of what is known: one after the other, and no further down than needed. */
class Search {
  readonly #question: Question;
  readonly #world: World;
  readonly #rows: readonly RowVariable[];
  #left = mostBranches;

  constructor(question: Question, world: World, rows: readonly RowVariable[]) {
    this.#question = question;
    this.#world = world;
    this.#rows = rows;
  }

  /** Whether the row is owned in every branch. */
  answer(premises: readonly Premise[]): Answer {
    const sure = joinAll(premises.map(({ known }) => known.sure));
    const choices = premises.flatMap(({ known }) => known.choices).toSorted(byWeight);
    if (choices.length > 0) {
      // One branch in which the row is nobody's decides, and mostly any does.
      const some = this.#try(firstBranch(sure, choices));
      if (some.kind === 'not-owned') return some;
    }
    const ordered = choices.length < 3 ? choices : this.#byWhatTheyTie(sure, choices);
    return this.#below(sure, new Set(factsIn(sure)), ordered);
  }

  /** First the choices whose options, taken together, would tie the row. */
  #byWhatTheyTie(sure: Branch, choices: readonly Choice[]): readonly Choice[] {
    const ties = new Set(
      choices.filter(choice => {
        const together = joinAll([sure, ...choice.map(option => option.sure)]);
        return this.#prover(together).ownerOf(this.#question.row) !== undefined;
      }),
    );
    return [...choices.filter(choice => ties.has(choice)), ...choices.filter(choice => !ties.has(choice))];
  }

  #below(branch: Branch, facts: ReadonlySet<string>, choices: readonly Choice[]): Answer {
    if (this.#left-- <= 0) return { kind: 'opaque', reason: 'the condition has too many branches' };
    const here = this.#try(branch);
    const [choice, ...others] = choices.filter(each => !isSettled(each, facts));
    if (here.kind === 'owned' || choice === undefined) return here;
    const answers: Answer[] = [];
    for (const option of choice) {
      const more = new Set([...facts, ...factsIn(option.sure)]);
      const answer = this.#below(join(branch, option.sure), more, [...option.choices, ...others]);
      if (answer.kind === 'not-owned') return answer;
      answers.push(answer);
    }
    return answers.find(answer => answer.kind === 'opaque') ?? weakest(answers);
  }

  #try(branch: Branch): Answer {
    const prover = this.#prover(branch);
    if (prover.isContradiction()) return { kind: 'owned', by: 'nobody' };
    const by = prover.ownerOf(this.#question.row);
    if (by !== undefined) return { kind: 'owned', by };
    const opaque = prover.opaqueOnTheWay();
    return opaque === undefined ? { kind: 'not-owned' } : { kind: 'opaque', reason: opaque };
  }

  #prover(branch: Branch): OwnershipProver {
    const closure = new Closure(this.#world.database, [this.#question.row, ...this.#rows], branch);
    return new OwnershipProver(this.#question, closure, this.#world, branch);
  }

  /** Whether the premises contradict each other in every branch; in doubt they do not. */
  isPossible(premises: readonly Premise[]): boolean {
    if (premises.length === 0) return true;
    const search = new Search(
      this.#question,
      this.#world,
      premises.flatMap(({ row }) => row ?? []),
    );
    return search.#hasBranch(
      joinAll(premises.map(({ known }) => known.sure)),
      premises.flatMap(({ known }) => known.choices),
    );
  }

  #hasBranch(branch: Branch, choices: readonly Choice[]): boolean {
    if (this.#left-- <= 0) return true;
    if (this.#prover(branch).isContradiction()) return false;
    const [choice, ...others] = choices;
    return (
      choice === undefined ||
      choice.some(option => this.#hasBranch(join(branch, option.sure), [...option.choices, ...others]))
    );
  }
}

/** The first option of each choice. */
function firstBranch(sure: Branch, choices: readonly Choice[]): Branch {
  return choices.reduce((branch, [option]) => {
    return option === undefined ? branch : firstBranch(join(branch, option.sure), option.choices);
  }, sure);
}

/** Whether one of the options is known to hold. */
function isSettled(choice: Choice, facts: ReadonlySet<string>): boolean {
  return choice.some(
    ({ sure, choices }) =>
      factsIn(sure).every(fact => facts.has(fact)) && choices.every(inner => isSettled(inner, facts)),
  );
}

/** Choices that say only which constant something is come last: they tie nothing to anybody. */
function byWeight(left: Choice, right: Choice): number {
  return Number(isOfConstants(left)) - Number(isOfConstants(right));
}

function isOfConstants(choice: Choice): boolean {
  return choice.every(
    ({ sure, choices }) =>
      choices.length === 0 &&
      sure.rows.length === 0 &&
      sure.equalities.every(({ left, right }) => left.kind === 'constant' || right.kind === 'constant'),
  );
}

/** A foreign key: the column that identifies the parent, and the columns that must agree with it. */
interface ParentKey {
  readonly hop: OwnerHop;
  readonly others: readonly OwnerHop[];
}

/** A row whose owner matters. */
interface Wanted {
  readonly row: RowVariable;
  /** How many keys away it is. */
  readonly hops: number;
  /** How much was known when it was looked at last: what finds no owner finds none until more is known. */
  without: number;
}

/** A row that says who belongs to which tenant. */
interface MembershipRow {
  readonly row: RowVariable;
  readonly membership: Membership;
}

type RightKind = 'tenant' | 'user' | 'colleague';

/** Follows owner paths through one branch's equalities. */
class OwnershipProver {
  readonly #question: Question;
  readonly #closure: Closure;
  readonly #world: World;
  readonly #branch: Branch;
  readonly #index: WorldIndex;
  /** Rows whose owner matters, and those of them that turned out to be the principal's. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #owned = new Map<string, OwnedBy>();
  /** What was found out about a term, knowing as much. */
  readonly #rights: Readonly<Record<RightKind, Map<unknown, OwnedBy | undefined>>> = {
    tenant: new Map(),
    user: new Map(),
    colleague: new Map(),
  };
  #rightsVersion = 0;
  /** Memberships among so many rows. */
  #membershipRows: { readonly of: number; readonly found: readonly MembershipRow[] } = { of: 0, found: [] };
  /** Without a key that the caller sent, or a hash of what they sent, no row is a key. */
  readonly #hasSecret: boolean;
  /** Without a comparison of secrets none is proven. */
  readonly #hasProof: boolean;

  constructor(question: Question, closure: Closure, world: World, branch: Branch) {
    this.#question = question;
    this.#closure = closure;
    this.#world = world;
    this.#branch = branch;
    this.#index = indexOf(world);
    const isProof = (term: Term): boolean => term.kind === 'call' && term.name === 'verified-secret';
    this.#hasProof = branch.equalities.some(({ left, right }) => isProof(left) || isProof(right));
    const isSecret = (term: Term): boolean => isHashOfSent(term) || isSentKey(term);
    this.#hasSecret = branch.equalities.some(({ left, right }) => isSecret(left) || isSecret(right));
  }

  /** Two different constants are equal, or a nobody's id is compared: the branch holds for no row. */
  isContradiction(): boolean {
    // Whoever is signed in has an id and an address.
    const isUser = (term: Term): boolean =>
      term.kind === 'principal' && (term.attribute === 'user.id' || term.attribute === 'user.email');
    if (this.#question.signedIn && this.#branch.nulls.some(term => this.#closure.equalTo(term).some(isUser)))
      return true;
    if (this.#branch.absent.some(row => this.#mustExist(row))) return true;
    // Terms that are equal are one list, mostly of several equalities.
    const seen = new Set<readonly Term[]>();
    return this.#branch.equalities.some(({ left, strict }) => {
      const equal = this.#closure.equalTo(left);
      if (strict && this.#branch.nulls.some(term => this.#closure.same(term, left))) return true;
      if (seen.has(equal)) return strict && this.#isNeverStrict(equal);
      seen.add(equal);
      return this.#isNever(equal) || (strict && this.#isNeverStrict(equal));
    });
  }

  /** Two different constants, or the id of who asks where nobody does. */
  #isNever(equal: readonly Term[]): boolean {
    let constant: string | undefined;
    for (const term of equal) {
      if (term.kind === 'principal' && term.attribute === 'user.id' && !this.#question.signedIn) return true;
      if (term.kind !== 'constant') continue;
      const text = String(term.value);
      if (constant !== undefined && constant !== text) return true;
      constant = text;
    }
    return false;
  }

  /** What equals nothing by `=`: NULL, or a date and a text. */
  #isNeverStrict(equal: readonly Term[]): boolean {
    if (equal.some(term => term.kind === 'constant' && String(term.value) === 'null')) return true;
    if (equal.some(term => term.kind === 'constant' && term.value === '') && equal.some(term => this.#names(term)))
      return true;
    return equal.some(isDate) && equal.some(term => this.#isText(term));
  }

  /** A column that says which row, or whom: it is never an empty text (`session?.user.email ?? ''` asks for nobody). */
  #names(term: Term): boolean {
    const row = term.kind === 'column' ? this.#closure.rowNamed(term.row) : undefined;
    if (term.kind !== 'column' || row === undefined) return false;
    const table = this.#index.tables.get(row.table);
    const keys = [table?.primaryKey ?? [], ...(table?.foreignKeys ?? []).map(({ columns }) => columns)];
    return /^e_?mail$/i.test(term.column) || keys.some(key => key.includes(term.column));
  }

  /** A column of texts or ids: no date equals what it holds. */
  #isText(term: Term): boolean {
    if (term.kind !== 'column') return false;
    const row = this.#closure.rowNamed(term.row);
    const table = row === undefined ? undefined : this.#index.tables.get(row.table);
    const type = table?.columns.find(({ name }) => name === term.column)?.type ?? '';
    return /^(?:text|uuid|citext|varchar|character)\b/.test(type);
  }

  /** A row that is said not to be there, and is: found on the way, or what a row that is there refers to by a key. */
  #mustExist(absent: RowVariable): boolean {
    if (this.#closure.rowNamed(absent.name) !== undefined) return true;
    const { where } = absent;
    if (where.kind !== 'compare' || where.operator !== '=') return false;
    const [own, other] =
      where.left.kind === 'column' && where.left.row === absent.name
        ? [where.left, where.right]
        : [where.right, where.left];
    if (own.kind !== 'column' || own.row !== absent.name) return false;
    // What it was looked for by was read from a row of the same table, which is the one.
    if (other.kind === 'column' && other.column === own.column)
      if (this.#closure.rows.some(row => row.name === other.row && row.table === absent.table)) return true;
    // Policies may have kept it from whoever looked.
    if (this.#index.tables.get(absent.table)?.rowSecurity === true) return false;
    // One that was made since may well be there; a row that nobody was seen making is not.
    const there = this.#closure.rows.filter(
      row => row.table === absent.table && this.#closure.columnIs(row, own.column, other),
    );
    if (there.length > 0) return there.every(row => row === this.#question.row) && this.#isFoundNow(absent);
    return this.#closure.rows.some(row => {
      const table = this.#index.tables.get(row.table);
      return table?.foreignKeys.some(key => {
        const [from, to] = [key.columns[0], key.referencedColumns[0]];
        if (key.table !== absent.table || key.columns.length > 1 || to !== own.column || from === undefined)
          return false;
        const isRequired = table.columns.some(candidate => candidate.name === from && candidate.notNull);
        return isRequired && this.#closure.columnIs(row, from, other);
      });
    });
  }

  /** The row that is asked for is one of the stored ones, and looking for it before would have found it. */
  #isFoundNow({ table }: RowVariable): boolean {
    return (
      this.#question.ownerColumnAlone !== true &&
      !this.#closure.rows.some(row => row.table === table && row.created === true)
    );
  }

  /**
   * By what right the row belongs to the principal; `undefined` when nothing ties it.
   * The least fixed point: a row is owned when something that is owned already ties it, so nothing proves itself.
   */
  ownerOf(row: RowVariable): OwnedBy | undefined {
    this.#ownerAcross(row, 0);
    for (let known = -1; known !== this.#knowledge();) {
      known = this.#knowledge();
      for (const wanted of this.#wanted.values()) {
        const before = this.#knowledge();
        if (this.#owned.has(wanted.row.name) || wanted.without === before) continue;
        const right = this.#ownerOf(wanted.row, wanted.hops);
        wanted.without = before;
        if (right === undefined) continue;
        this.#owned.set(wanted.row.name, right);
        if (wanted.row === row) return right;
      }
    }
    return undefined;
  }

  #knowledge(): number {
    return this.#closure.version + this.#owned.size + this.#wanted.size;
  }

  /** By what right a row so many keys away is owned, as far as is known; it is looked at from now on. */
  #ownerAcross(row: RowVariable, hops: number): OwnedBy | undefined {
    if (hops < maximumHops && !this.#wanted.has(row.name)) this.#wanted.set(row.name, { row, hops, without: -1 });
    return this.#owned.get(row.name);
  }

  #ownerOf(row: RowVariable, hops: number): OwnedBy | undefined {
    // Everyone's rows refer to reference data: being referred to makes it nobody's.
    if (this.#index.owners.get(row.table)?.ownership.kind === 'shared') return undefined;
    const { principal } = this.#world.tenancy;
    const root = this.#index.roots.get(row.table);
    if (root !== undefined) {
      const right = this.#tenantRight(column(row, root.key));
      if (right !== undefined) return right;
    }
    if (principal !== undefined && row.table === principal.table) {
      const right =
        this.#userRight(column(row, principal.key)) ??
        this.#colleagueRight(column(row, principal.key)) ??
        this.#rightByOwnTenant(row);
      if (right !== undefined) return right;
    }
    const alone = this.#question.ownerColumnAlone === true && row === this.#question.row;
    for (const membership of this.#index.memberships.get(row.table) ?? []) {
      const byTenant = this.#tenantRight(column(row, membership.tenantColumn));
      // A new membership is a right that is given away: whoever gives it to themselves joins any tenant.
      if (alone) return byTenant;
      const right = byTenant ?? this.#rightByMember(row, membership);
      if (right !== undefined) return right;
    }
    if (alone) return this.#rightByOwner(row, hops);
    return (
      this.#rightByOwner(row, hops) ??
      this.#rightByParent(row, hops) ??
      this.#rightByAddress(row, hops) ??
      this.#rightByName(row) ??
      this.#capability(row) ??
      (this.#isAddressed(row) || this.#isKeyedByCaller(row) ? 'session' : undefined) ??
      this.#rightByChild(row, hops) ??
      (this.#isPublished(row) ? 'published' : undefined)
    );
  }

  /** A row whose own key is the caller's id: settings of each user, kept under it. Numbers are counted up in every table. */
  #isKeyedByCaller(row: RowVariable): boolean {
    const key = this.#index.tables.get(row.table)?.primaryKey ?? [];
    const [only] = key;
    if (!this.#question.signedIn || only === undefined || key.length > 1) return false;
    return this.#closure.columnIs(row, only, callersId) && this.#isText(column(row, only));
  }

  /** Another name of the row: both have the same key. */
  #isSameRow(name: string, row: RowVariable): boolean {
    if (name === row.name) return true;
    const other = this.#closure.rowNamed(name);
    if (other === undefined || other.table !== row.table) return false;
    const keys = this.#index.tables.get(row.table)?.uniqueKeys ?? [];
    return keys.some(key => key.length > 0 && key.every(part => this.#closure.sameColumns(other, part, row, part)));
  }

  /** A row that its owner shows to everybody, by a column that says so. */
  #isPublished(row: RowVariable): boolean {
    if (this.#question.reads !== true) return false;
    if (this.#branch.shown.some(term => term.kind === 'column' && this.#isSameRow(term.row, row))) return true;
    for (const name of this.#closure.knownColumns(row))
      if (this.#closure.known(row, name).some(value => isPublished(name, value))) return true;
    return false;
  }

  /** A row to which a row of the principal's own refers: references across tenants are leaks of their own. */
  #rightByChild(row: RowVariable, hops: number): OwnedBy | undefined {
    if (row.table === this.#world.tenancy.principal?.table) return undefined;
    const isRoot = this.#index.roots.has(row.table);
    for (const child of this.#closure.rows.slice(0, maximumRows)) {
      if (child.name === row.name) continue;
      const refers = this.#keysToParents(child.table).some(
        ({ hop }) => hop.table === row.table && this.#closure.sameColumns(child, hop.column, row, hop.referencedColumn),
      );
      if (!refers || (isRoot && this.#isOnlyNamed(child))) continue;
      const right = this.#ownerAcross(child, hops + 1);
      // What is shown to everybody says nothing of what it hangs on.
      if (right !== undefined && right !== 'nobody' && right !== 'published') return right;
    }
    return undefined;
  }

  /** An invitation is its addressee's; the tenant that invites is not. */
  #isOnlyNamed(row: RowVariable): boolean {
    return this.#rightByName(row) !== undefined || this.#isAddressed(row);
  }

  #rightByOwner(row: RowVariable, hops: number): OwnedBy | undefined {
    const ownership = this.#index.owners.get(row.table)?.ownership;
    if (ownership === undefined || ownership.kind === 'shared' || ownership.kind === 'unknown') return undefined;
    const [first] = ownership.path;
    const value = column(row, first.column);
    if (this.#isNull(value) || this.#isLeftToNobody(row, first.column, hops)) return 'nobody';
    const across = (): OwnedBy | undefined =>
      hops + 1 < maximumHops
        ? this.#ownerAcross(this.#closure.rowWith(first.table, first.referencedColumn, value), hops + 1)
        : undefined;
    const copied = this.#rightOfCopied(row, first.column, hops);
    if (copied !== undefined) return copied;
    if (ownership.path.length > 1) return across();
    if (ownership.kind === 'user') return this.#userRight(value) ?? this.#colleagueRight(value);
    const root = this.#index.roots.get(first.table);
    // The tenant may be named by something else that is its alone (its slug).
    return (
      this.#tenantRight(value) ?? (root === undefined || root.key === first.referencedColumn ? undefined : across())
    );
  }

  /** A copy of the caller's own row, which stays where that is. */
  #rightOfCopied(row: RowVariable, owner: string, hops: number): OwnedBy | undefined {
    if (this.#question.ownerColumnAlone !== true || row !== this.#question.row) return undefined;
    for (const term of this.#closure.equalTo(column(row, owner))) {
      const other = term.kind === 'column' && term.column === owner ? this.#closure.rowNamed(term.row) : undefined;
      if (other === undefined || other === row || other.table !== row.table || other.created === true) continue;
      const right = this.#ownerAcross(other, hops + 1);
      if (right === 'session' || right === 'membership') return right;
    }
    return undefined;
  }

  /** A new row whose owner is NULL, and that hangs on nothing of anybody else's. */
  #isLeftToNobody(row: RowVariable, owner: string, hops: number): boolean {
    if (this.#question.ownerColumnAlone !== true || row !== this.#question.row) return false;
    const isNull = (name: string): boolean =>
      this.#closure.known(row, name).some(term => term.kind === 'constant' && term.value === null);
    const isOwn = (key: ParentKey): boolean =>
      key.hop.table === this.#world.tenancy.principal?.table
        ? this.#userRight(column(row, key.hop.column)) !== undefined
        : this.#ownerAcross(this.#parentOf(row, key), hops + 1) !== undefined;
    return (
      isNull(owner) &&
      this.#keysToParents(row.table).every(
        key => this.#closure.known(row, key.hop.column).length <= 1 || isNull(key.hop.column) || isOwn(key),
      )
    );
  }

  /** A row whose parent is the principal's own belongs to the same tenant. */
  #rightByParent(row: RowVariable, hops: number): OwnedBy | undefined {
    if (hops + 1 >= maximumHops) return undefined;
    for (const key of this.#keysToParents(row.table)) {
      if (this.#closure.known(row, key.hop.column).length <= 1) continue;
      // A link shows which tenant's it is, and not everything that hangs on the tenant.
      if (this.#question.open !== undefined && this.#index.roots.has(key.hop.table)) continue;
      const right =
        key.hop.table === this.#world.tenancy.principal?.table
          ? this.#userRight(column(row, key.hop.column))
          : this.#ownerAcross(this.#parentOf(row, key), hops + 1);
      if (right !== undefined && right !== 'nobody') return right;
    }
    return undefined;
  }

  /** A row of the user whose e-mail address a row of the principal's own has: they confirmed that it has it. */
  #rightByAddress(row: RowVariable, hops: number): OwnedBy | undefined {
    const { confirmed, tenancy } = this.#world;
    const { principal } = tenancy;
    if (confirmed === undefined || confirmed.size === 0 || principal === undefined || hops + 1 >= maximumHops)
      return undefined;
    const keys = this.#keysToParents(row.table).filter(({ hop }) => hop.table === principal.table);
    const users = this.#closure.rows.filter(
      user =>
        user.table === principal.table &&
        keys.some(({ hop }) => this.#closure.sameColumns(row, hop.column, user, principal.key)),
    );
    for (const term of users.flatMap(user => this.#closure.equalTo(column(user, 'email')))) {
      if (term.kind !== 'column') continue;
      const holder = this.#closure.rowNamed(term.row);
      if (holder === undefined || confirmed.get(holder.table)?.includes(term.column) !== true) continue;
      const right = this.#ownerAcross(holder, hops + 1);
      if (right !== undefined && right !== 'nobody') return 'membership';
    }
    return undefined;
  }

  /** A column without a foreign key that equals the id or the e-mail of who asks (`guest_id`, an invitation's `email`): the row names them. */
  #rightByName(row: RowVariable): OwnedBy | undefined {
    if (!this.#question.signedIn) return undefined;
    for (const name of this.#closure.knownColumns(row))
      if (this.#index.names(row.table, name) && this.#isOfCaller(row, name)) return 'session';
    return undefined;
  }

  /** Whether the column equals the id or the e-mail of who asks, or what their token says. */
  #isOfCaller(row: RowVariable, name: string): boolean {
    const { principal } = this.#world.tenancy;
    return (
      this.#closure.columnIs(row, name, callersId) ||
      this.#closure.columnIs(row, name, callersEmail) ||
      this.#closure.known(row, name).some(isFromToken) ||
      this.#closure.rows.some(
        other =>
          other.table === principal?.table &&
          other.name !== row.name &&
          this.#closure.sameColumns(row, name, other, 'email') &&
          this.#userRight(column(other, principal.key)) !== undefined,
      )
    );
  }

  /** The referenced row; a key of several columns makes them all equal. */
  #parentOf(row: RowVariable, { hop, others }: ParentKey): RowVariable {
    const parent = this.#closure.rowWith(hop.table, hop.referencedColumn, column(row, hop.column));
    for (const other of others) this.#closure.add(column(parent, other.referencedColumn), column(row, other.column));
    return parent;
  }

  #keysToParents(table: string): readonly ParentKey[] {
    return this.#index.keysToParents(table);
  }

  /** What `find` says of the term, asked once while nothing more becomes known. */
  #once(kind: RightKind, term: Term, find: () => OwnedBy | undefined): OwnedBy | undefined {
    if (this.#rightsVersion !== this.#closure.version) for (const rights of Object.values(this.#rights)) rights.clear();
    this.#rightsVersion = this.#closure.version;
    const rights = this.#rights[kind];
    // Terms that are equal are one list. What a user is named by may make a difference.
    const equal = this.#closure.equalTo(term);
    const key = equal.length === 1 || kind === 'user' ? termKey(term) : equal;
    const known = rights.get(key);
    if (known !== undefined || rights.has(key)) return known;
    const right = find();
    rights.set(key, right);
    return right;
  }

  #tenantRight(tenant: Term): OwnedBy | undefined {
    return this.#once('tenant', tenant, () => this.#findTenantRight(tenant));
  }

  #findTenantRight(tenant: Term): OwnedBy | undefined {
    const equal = this.#closure.equalTo(tenant);
    for (const root of this.#index.roots.values()) if (this.#isCreated(root.table, root.key, tenant)) return 'session';
    const isOwn = (term: Term): boolean =>
      isTenantOfPrincipal(term) ||
      isFromToken(term) ||
      this.#index.isTenantOfSession(term) ||
      this.#isTenantOfOwnRow(term);
    if (this.#question.signedIn && equal.some(isOwn)) return 'session';
    if (this.#question.signedIn && this.#isKnownTenant(tenant, isOwn)) return 'session';
    if (this.#question.memberTenants.some(member => this.#closure.same(member, tenant))) return 'membership';
    if (
      this.#memberships().some(
        ({ row, membership }) =>
          this.#closure.columnIs(row, membership.tenantColumn, tenant) &&
          this.#rightByMember(row, membership) !== undefined,
      )
    ) {
      return 'membership';
    }
    return this.#rightByCredential(tenant);
  }

  /** The caller's own row says which tenant is theirs (`user.defaultTeam`), and nothing writes into it which is not. */
  #isTenantOfOwnRow(term: Term): boolean {
    const { ownTenants, tenancy } = this.#world;
    if (term.kind !== 'column' || ownTenants === undefined || tenancy.principal === undefined) return false;
    const row = this.#closure.rowNamed(term.row);
    return (
      row?.table === tenancy.principal.table &&
      ownTenants.has(term.column) &&
      this.#userRight(column(row, tenancy.principal.key)) !== undefined
    );
  }

  /** A user whose row names the caller's tenant as theirs. */
  #rightByOwnTenant(user: RowVariable): OwnedBy | undefined {
    const named = [...(this.#world.ownTenants ?? [])].flatMap(name => this.#closure.known(user, name));
    const isOwn = (term: Term): boolean => {
      const row = term.kind === 'column' ? this.#closure.rowNamed(term.row) : undefined;
      const root = row === undefined ? undefined : this.#index.roots.get(row.table);
      return (
        term.kind === 'column' &&
        row !== undefined &&
        root !== undefined &&
        (root.key === term.column || this.#index.identifying(row.table).includes(term.column)) &&
        this.#tenantRight(column(row, root.key)) !== undefined
      );
    };
    return named.some(isOwn) ? 'membership' : undefined;
  }

  /** The tenant's row has the id by which the sign-in service knows the caller's organization. */
  #isKnownTenant(tenant: Term, isOwn: (term: Term) => boolean): boolean {
    return this.#closure.rows.some(row => {
      const root = this.#index.roots.get(row.table);
      if (root === undefined || !this.#closure.columnIs(row, root.key, tenant)) return false;
      return this.#index.identifying(row.table).some(name => this.#closure.known(row, name).some(isOwn));
    });
  }

  /** The tenant or user that a row names which was found by a secret: who knows the secret acts for it. */
  #rightByCredential(value: Term): OwnedBy | undefined {
    for (const term of this.#closure.equalTo(value)) {
      if (term.kind !== 'column') continue;
      const row = this.#closure.rowNamed(term.row);
      const ownership = row === undefined ? undefined : this.#index.owners.get(row.table)?.ownership;
      if (row === undefined || (ownership?.kind !== 'tenant' && ownership?.kind !== 'user')) continue;
      if (this.#isMadeFor(row, term.column)) return 'capability';
      if (ownership.path[0].column !== term.column) continue;
      // A link opens its row, not everything of the tenant's.
      if (this.#capability(row, false) !== undefined || this.#hasKey(row)) return 'capability';
      if (this.#isAddressed(row)) return 'session';
    }
    return undefined;
  }

  /** A row that the same path has inserted: whose tenant or user it is, asks. */
  #isCreated(table: string, key: string, value: Term): boolean {
    return this.#closure.rows.some(
      row => row.created === true && row.table === table && this.#closure.columnIs(row, key, value),
    );
  }

  /** An invitation to the caller's own address. */
  #isAddressed(row: RowVariable): boolean {
    if (!/invit/i.test(row.table)) return false;
    const { principal } = this.#world.tenancy;
    const addresses: readonly Term[] = [
      ...(this.#question.signedIn ? [callersEmail] : []),
      ...this.#closure.rows
        .filter(other => other.table === principal?.table && this.#isCallersOwn(column(other, principal.key)))
        .map(other => column(other, 'email')),
    ];
    return ['email', 'invited_email', 'invitee_email', 'recipient_email', 'email_address'].some(name =>
      addresses.some(address => this.#closure.columnIs(row, name, address)),
    );
  }

  /** The id of who is signed in, or of whom a key was made for that the caller has. */
  #isCallersOwn(user: Term): boolean {
    return this.#closure.equalTo(user).some(term => {
      if (term.kind !== 'column') return this.#question.signedIn && termKey(term) === termKey(callersId);
      const key = this.#closure.rowNamed(term.row);
      return key !== undefined && this.#isMadeFor(key, term.column);
    });
  }

  /** The row's e-mail address is in a row that was found by a secret, which was sent to that address. */
  #wasWrittenTo(row: RowVariable): boolean {
    return this.#closure.known(row, 'email').some(term => {
      if (term.kind !== 'column' || term.row === row.name || !/^(email|identifier)$/.test(term.column)) return false;
      const letter = this.#closure.rowNamed(term.row);
      return letter !== undefined && letter.table !== row.table && this.#capability(letter) !== undefined;
    });
  }

  #userRight(user: Term): OwnedBy | undefined {
    return this.#once('user', user, () => this.#findUserRight(user));
  }

  #findUserRight(user: Term): OwnedBy | undefined {
    const credential = this.#rightByCredential(user);
    if (credential !== undefined) return credential;
    const { principal } = this.#world.tenancy;
    if (principal !== undefined) {
      if (this.#isCreated(principal.table, principal.key, user)) return 'session';
      const isUser = (row: RowVariable): boolean =>
        row.table === principal.table && this.#closure.columnIs(row, principal.key, user);
      if (this.#closure.rows.some(row => isUser(row) && (this.#isProven(row) || this.#wasWrittenTo(row))))
        return 'capability';
    }
    if (!this.#question.signedIn) return undefined;
    const equal = this.#closure.equalTo(user);
    if (equal.some(term => isFromToken(term) || (term.kind === 'principal' && term.attribute === 'user.id')))
      return 'session';
    // Where users are known by their verified e-mail, it is what other tables name them by.
    if (user.kind === 'column' && /e_?mail$/i.test(user.column) && equal.some(isCallersEmail)) return 'session';
    if (principal === undefined) return undefined;
    const self = this.#closure.rows.find(
      row =>
        row.table === principal.table && this.#closure.columnIs(row, principal.key, user) && this.#isPrincipalRow(row),
    );
    return self === undefined ? undefined : 'session';
  }

  /** A row of the users' table that was found by the verified e-mail, or by the id that the sign-in service gave the caller. */
  #isPrincipalRow(row: RowVariable): boolean {
    return (
      this.#closure.known(row, 'email').some(isCallersEmail) ||
      this.#index.identifying(row.table).some(name => this.#closure.columnIs(row, name, callersId))
    );
  }

  /** The row of a membership is about the caller, or the list in the tenant's row holds him. */
  #rightByMember(row: RowVariable, { userColumn, lists }: Membership): OwnedBy | undefined {
    if (lists === undefined) return this.#userRight(column(row, userColumn));
    const isCaller = (term: Term): boolean =>
      lists === 'keys'
        ? this.#userRight(term) !== undefined
        : this.#closure.equalTo(term).some(each => each.kind === 'principal' && each.attribute === 'user.email');
    const isListed = this.#closure.equalTo({ kind: 'constant', value: true }).some(term => {
      if (term.kind !== 'call' || term.name !== 'holds') return false;
      const [list, value] = term.arguments;
      return (
        list !== undefined &&
        value !== undefined &&
        this.#closure.same(list, column(row, userColumn)) &&
        isCaller(value)
      );
    });
    return isListed ? 'membership' : undefined;
  }

  /** A user who shares a tenant with the principal. */
  #colleagueRight(user: Term): OwnedBy | undefined {
    return this.#once('colleague', user, () => this.#findColleagueRight(user));
  }

  #findColleagueRight(user: Term): OwnedBy | undefined {
    const shared = this.#memberships().some(
      ({ row, membership }) =>
        this.#closure.columnIs(row, membership.userColumn, user) &&
        this.#tenantRight(column(row, membership.tenantColumn)) !== undefined,
    );
    return shared ? 'membership' : undefined;
  }

  #memberships(): readonly MembershipRow[] {
    if (this.#membershipRows.of === this.#closure.rows.length) return this.#membershipRows.found;
    // A membership that is about to be written proves none.
    const isWritten = (row: RowVariable): boolean =>
      this.#question.ownerColumnAlone === true && row === this.#question.row;
    const found = this.#closure.rows.flatMap((row): readonly MembershipRow[] => {
      const memberships = this.#index.memberships.get(row.table);
      return memberships === undefined || isWritten(row) ? [] : memberships.map(membership => ({ row, membership }));
    });
    this.#membershipRows = { of: this.#closure.rows.length, found };
    return found;
  }

  /** The row was found by a secret that only those who were given it know. */
  #capability(row: RowVariable, withLinks = true): OwnedBy | undefined {
    if (this.#isNew(row)) return undefined;
    const isSecret = (name: string): boolean =>
      this.#closure.known(row, name).some(term => term.kind === 'client' || term.kind === 'call');
    if (this.#index.owners.get(row.table)?.capabilityColumns.some(isSecret) === true) return 'capability';
    if (withLinks && this.#question.open?.get(row.table)?.some(isSecret) === true) return 'capability';
    if (this.#isSealed(row)) return 'capability';
    return this.#isKey(row) || this.#isProven(row) ? 'capability' : undefined;
  }

  /** The row that a token names which the server signed or sealed: whoever was given the token was given the row. */
  #isSealed(row: RowVariable): boolean {
    if (!this.#question.signedIn) return false;
    const keys = this.#index.tables.get(row.table)?.uniqueKeys ?? [];
    return keys.some(key => key.length === 1 && key.some(name => this.#closure.known(row, name).some(isFromToken)));
  }

  /** What a new row holds was chosen by whoever writes it: knowing it shows nothing. */
  #isNew(row: RowVariable): boolean {
    return row.created === true || (this.#question.ownerColumnAlone === true && row === this.#question.row);
  }

  /** The row was found by a secret that the caller sent, or by its hash. */
  #isKey(row: RowVariable): boolean {
    if (!this.#hasSecret || this.#isNew(row)) return false;
    for (const name of this.#closure.knownColumns(row)) {
      const own = column(row, name);
      if (this.#closure.equalTo(own).some(term => isCredential(own, term))) return true;
    }
    return false;
  }

  /** A key was made for the row, one that lies below a tenant (a team of an organisation). */
  #hasKey(row: RowVariable): boolean {
    if (!this.#hasSecret && !this.#hasProof) return false;
    return this.#closure.rows.some(
      key =>
        this.#keysToParents(key.table).some(
          ({ hop }) => hop.table === row.table && this.#closure.sameColumns(key, hop.column, row, hop.referencedColumn),
        ) && this.#isKeyOrProven(key),
    );
  }

  /** The user or tenant that a key was made for: whoever has the key acts for both. */
  #isMadeFor(row: RowVariable, name: string): boolean {
    const { root, principal } = this.#world.tenancy;
    const parents = this.#keysToParents(row.table).filter(({ hop }) => hop.column === name);
    return (
      parents.some(({ hop }) => hop.table === principal?.table || hop.table === root?.table) && this.#isKeyOrProven(row)
    );
  }

  /** A key that was found by its secret, or by its name, and then its secret compared with the hash that it keeps. */
  #isKeyOrProven(row: RowVariable): boolean {
    return this.#isKey(row) || this.#isProven(row, keepsSecretOfKey);
  }

  /** The caller has presented a secret that the row keeps (a password, a code), and it was compared. */
  #isProven(row: RowVariable, mayKeep: (column: string) => boolean = () => true): boolean {
    if (!this.#hasProof || this.#isNew(row)) return false;
    return this.#branch.equalities.some(({ left, right }) =>
      [
        [left, right],
        [right, left],
      ].some(
        ([kept, sent]) =>
          kept?.kind === 'column' &&
          kept.row === row.name &&
          mayKeep(kept.column) &&
          sent?.kind === 'call' &&
          sent.name === 'verified-secret',
      ),
    );
  }

  #isNull(term: Term): boolean {
    return this.#branch.nulls.some(candidate => this.#closure.same(candidate, term));
  }

  /** Something not understood stands where the owner could be tied. */
  opaqueOnTheWay(): string | undefined {
    const [reason] = this.#branch.opaque;
    if (reason !== undefined) return reason;
    for (const { row } of this.#wanted.values()) {
      for (const name of this.#index.scopingColumns(row.table)) {
        for (const term of this.#closure.known(row, name)) {
          const opaque = unfollowedIn(term);
          if (opaque !== undefined) return opaque;
        }
      }
    }
    return undefined;
  }
}

/** The secret of a key acts for whom the key was made; the password of a document opens the document. */
function keepsSecretOfKey(name: string): boolean {
  const plain = snakeCase(name);
  return /(?:^|_)(?:key|secret|token)(?:_|$)/.test(plain) && !/pass|(?:^|_)(?:pin|otp|code)(?:_|$)/.test(plain);
}

/** Why a value was not followed: itself, or all that it may be or was made of. What the caller has a part in, the caller chose. */
function unfollowedIn(term: Term): string | undefined {
  if (term.kind === 'opaque') return term.reason;
  if (term.kind !== 'call' || isChosen(term)) return undefined;
  for (const argument of term.arguments) {
    const reason = unfollowedIn(argument);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

const indices = new WeakMap<World, WorldIndex>();

function indexOf(world: World): WorldIndex {
  const known = indices.get(world) ?? new WorldIndex(world);
  indices.set(world, known);
  return known;
}

/** How columns are called that hold the id of a user at the service that signs them in. */
const ofService =
  /^(?:clerk|auth0?|workos|firebase|supabase|cognito|kinde|stack|privy|descope|propel_?auth|oidc|sso|idp|entra|azure|external)_?(?:user_?|org_?|organization_?)?(?:id|uid|sub)$|^(?:uid|sub)$/;

/** What every search looks up in a world, by table. */
class WorldIndex {
  readonly tables: ReadonlyMap<string, Table>;
  readonly owners: ReadonlyMap<string, Owner>;
  /** Tenants of every kind. */
  readonly roots: ReadonlyMap<string, TenantRoot>;
  /** Who belongs to tenants of any kind. */
  readonly memberships: ReadonlyMap<string, readonly Membership[]>;
  readonly #database: DatabaseModel;
  readonly #parentKeys = new Map<string, readonly ParentKey[]>();
  readonly #scoping = new Map<string, readonly string[]>();
  readonly #naming = new Map<string, boolean>();
  readonly #identifying = new Map<string, readonly string[]>();

  constructor({ database, tenancy }: World) {
    this.#database = database;
    this.tables = tablesByName(database);
    this.owners = ownersByTable(tenancy);
    // The first of a table counts.
    this.roots = new Map(
      rootsOf(tenancy)
        .toReversed()
        .map(root => [root.table, root]),
    );
    const memberships = new Map<string, Membership[]>();
    for (const membership of membershipsOf(tenancy)) once(memberships, membership.table, () => []).push(membership);
    this.memberships = memberships;
  }

  /** Whether the session names a tenant of the caller's: `session.activeTeamId`, `session.user.defaultPartnerId`. */
  isTenantOfSession(term: Term): boolean {
    if (term.kind !== 'principal' || !/^(?:user|session)\./.test(term.attribute)) return false;
    const name = /^(?:(?:active|current|default|selected|primary|own)_)?(.+)_(?:id|uuid)$/.exec(
      plainName(term.attribute.slice(term.attribute.lastIndexOf('.') + 1)),
    )?.[1];
    return name !== undefined && [...this.roots.keys()].some(table => plainName(table) === name);
  }

  /** The foreign keys of a table that identify a parent row. */
  keysToParents(table: string): readonly ParentKey[] {
    return once(this.#parentKeys, table, () => readKeysToParents(this.#database, table));
  }

  /** The columns of a table that may tie a row to somebody. */
  scopingColumns(table: string): readonly string[] {
    return once(this.#scoping, table, () => {
      const ownership = this.owners.get(table)?.ownership;
      const isOwned = ownership?.kind === 'tenant' || ownership?.kind === 'user';
      return [
        ...(isOwned ? [ownership.path[0].column] : []),
        ...(this.tables.get(table)?.uniqueKeys.flat() ?? []),
        ...this.identifying(table),
        ...this.keysToParents(table).map(key => key.hop.column),
        ...(this.memberships.get(table) ?? []).flatMap(entry => [entry.tenantColumn, entry.userColumn]),
      ];
    });
  }

  /** Columns that hold the id by which a service of the sign-in, or the app itself, knows the one that a row stands for. */
  identifying(table: string): readonly string[] {
    return once(this.#identifying, table, () => {
      const found = this.tables.get(table);
      const referring = new Set(found?.foreignKeys.flatMap(key => key.columns));
      const names = found?.columns.map(({ name }) => name) ?? [];
      return names.filter(
        name =>
          !referring.has(name) &&
          (found?.uniqueKeys.some(key => key.length === 1 && key[0] === name) === true ||
            ofService.test(plainName(name))),
      );
    });
  }

  /** Whether a column says whom its row is about, and is no key. */
  names(table: string, column: string): boolean {
    return once(this.#naming, `${table} ${column}`, () => {
      const found = this.tables.get(table);
      return (
        found !== undefined &&
        naming.test(column) &&
        !found.primaryKey.includes(column) &&
        !found.foreignKeys.some(key => key.columns.includes(column))
      );
    });
  }
}

function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

function readKeysToParents(database: DatabaseModel, table: string): readonly ParentKey[] {
  const tables = tablesByName(database);
  const declared = (tables.get(table)?.foreignKeys ?? []).flatMap((key): ParentKey[] => {
    const pairs = key.columns.flatMap((from, index): OwnerHop[] => {
      const to = key.referencedColumns[index];
      return to === undefined ? [] : [{ column: from, table: key.table, referencedColumn: to }];
    });
    const identifies = (pair: OwnerHop): boolean =>
      pairs.length === 1 ||
      tables.get(key.table)?.uniqueKeys.some(unique => unique.length === 1 && unique[0] === pair.referencedColumn) ===
        true;
    const hop = pairs.find(identifies);
    return hop === undefined ? [] : [{ hop, others: pairs.filter(pair => pair !== hop) }];
  });
  return [...declared, ...keysByName(database, table)];
}

/**
 * Columns without a foreign key that are named after the table whose key they hold (`defaultProgramId` of `Program`):
 * schemas that leave references to the app declare none.
 */
function keysByName(database: DatabaseModel, table: string): readonly ParentKey[] {
  const tables = tablesByName(database);
  const own = tables.get(table);
  if (own === undefined) return [];
  const bound = new Set([...own.primaryKey, ...own.foreignKeys.flatMap(key => key.columns)]);
  return own.columns.flatMap(({ name, type }): ParentKey[] => {
    if (bound.has(name) || !/(?:Id|_id)$/.test(name)) return [];
    const words = wordsOf(name).slice(0, -1);
    const named = [...tables].filter(([other, { columns, uniqueKeys }]) => {
      const parts = wordsOf(other.slice(other.indexOf('.') + 1));
      return (
        other !== table &&
        parts.length <= words.length &&
        parts.every((part, index) => isSameWord(part, words[words.length - parts.length + index] ?? '')) &&
        uniqueKeys.some(key => key.length === 1 && key[0] === 'id') &&
        columns.some(column => column.name === 'id' && column.type === type)
      );
    });
    const most = Math.max(...named.map(([other]) => wordsOf(other).length));
    const [parent, ...others] = named.filter(([other]) => wordsOf(other).length === most);
    if (parent === undefined || others.length > 0) return [];
    return [{ hop: { column: name, table: parent[0], referencedColumn: 'id' }, others: [] }];
  });
}

/** The words of a name: `defaultProgramId` and `default_program_id` have the same three. */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split('_')
    .filter(word => word !== '');
}

function isSameWord(left: string, right: string): boolean {
  const plain = (word: string): string => word.replace(/ies$/, 'y').replace(/s$/, '');
  return plain(left) === plain(right);
}

function column(row: RowVariable, name: string): Term {
  return { kind: 'column', row: row.name, column: name };
}

/** What stands in a token that the server signed or sealed, and no key of it that everybody's token has alike. */
/** The verified e-mail of who asks, in whichever letters it is compared. */
function isCallersEmail(term: Term): boolean {
  if (term.kind === 'call' && /^(?:toLowerCase|toLocaleLowerCase|trim|lower|normalize|String)$/.test(term.name)) {
    const [only, ...others] = term.arguments;
    return only !== undefined && others.length === 0 && isCallersEmail(only);
  }
  return termKey(term) === emailKey;
}

function isFromToken(term: Term): boolean {
  // What the server makes of it and of its own secrets: an id that stands in the token encrypted.
  if (term.kind === 'call')
    return term.arguments.some(isFromToken) && term.arguments.every(part => isOfServer(part) || isFromToken(part));
  return (
    term.kind === 'principal' && /^token\.(?!(?:iat|exp|nbf|iss|aud|type|typ|purpose|scope|role)$)/.test(term.attribute)
  );
}

/** `new Date(value)`, as a cached row gets its dates back. */
function isDate(term: Term): boolean {
  return term.kind === 'call' && term.name === 'Date';
}

/** Made of constants and of what the server is configured with alone. */
function isOfServer(term: Term): boolean {
  if (term.kind === 'call') return term.arguments.every(isOfServer);
  return term.kind === 'constant' || term.kind === 'environment';
}

function isTenantOfPrincipal(term: Term): boolean {
  return (
    term.kind === 'principal' && (term.attribute === 'tenant.id' || term.attribute.startsWith('claims.app_metadata.'))
  );
}

/** Tenants of every kind. */
export function rootsOf({ root, otherRoots = [] }: TenancyModel): readonly TenantRoot[] {
  return root === undefined ? otherRoots : [root, ...otherRoots];
}

/** Who belongs to tenants of any kind. */
export function membershipsOf({ memberships, otherRoots = [] }: TenancyModel): readonly Membership[] {
  return [...memberships, ...otherRoots.flatMap(root => root.memberships)];
}

const ownerIndex = new WeakMap<TenancyModel, ReadonlyMap<string, Owner>>();

/** Owners by table, as far as one way leads to them. */
export function ownersByTable(tenancy: TenancyModel): ReadonlyMap<string, Owner> {
  const known = ownerIndex.get(tenancy);
  if (known !== undefined) return known;
  const made = new Map(tenancy.owners.map(owner => [owner.table, byOneWay(owner)]));
  ownerIndex.set(tenancy, made);
  return made;
}

/** The column by which a row of the table hangs on its owner; `undefined` where it belongs to nobody, or to whom is unknown. */
export function ownerColumnOf(table: string, tenancy: TenancyModel): string | undefined {
  const ownership = ownersByTable(tenancy).get(table)?.ownership;
  return ownership?.kind === 'tenant' || ownership?.kind === 'user' ? ownership.path[0].column : undefined;
}
