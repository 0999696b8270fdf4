import { equals, type RowVariable, type Term } from '../core/predicate.ts';
import { tablesByName } from '../logic/closure.ts';
import { isProof } from '../logic/credentials.ts';
import type { Answer } from '../logic/entails.ts';
import { equalitiesOf } from '../logic/equalities.ts';
import { termKey, termsOf } from '../logic/terms.ts';
import type { Fact, QueryPath } from '../model/app/types.ts';
import type { JudgeWorld, Judgement } from './paths.ts';

/** How the judge of a service asks about rows of the database. */
export interface ServiceQuestions {
  /** Whether a row is the caller's, given facts. */
  readonly ask: (row: RowVariable, facts: readonly Fact[]) => Answer;
  /** Which leak it is. */
  readonly classify: (facts: readonly Fact[]) => Judgement;
}

/**
 * Whether a term is the caller's own: fixed by the app, tied to the caller, a secret that only those know who were given
 * it, read from a row that is judged where it was read, none of these, or not understood.
 */
type Tie = 'fixed' | 'tied' | 'secret' | 'derived' | 'free' | 'opaque';

/**
 * Judges a call of a service that keeps tenants' data. The service knows no tenants: what chooses the data must be the
 * session's, a tenant that was verified, or a column of a row that is the caller's own.
 */
export function judgeService(model: QueryPath, world: JudgeWorld, questions: ServiceQuestions): Judgement {
  const strong = model.facts.filter(fact => fact.weakness === undefined);
  const before = new Ties(model, strong, world, questions);
  const chosen = equalitiesOf(model.query.where).map(([, value]) => value);
  const ties = chosen.map(term => before.of(term));
  if (ties.includes('tied')) return isolated('scoped-by-session', 'What chooses the data is the caller’s own.');
  const after = [...strong, ...model.factsAfter.filter(fact => fact.weakness === undefined)];
  if (model.query.operation === 'read') {
    if (new Ties(model, after, world, questions).ofAnswer('self'))
      return isolated('guarded-lookup', 'The answer is compared with the caller before it is used.');
    if (!model.escapes) return isolated('guarded-lookup', 'The answer itself never reaches the caller.');
  }
  if (ties.includes('free')) {
    const judged = questions.classify(strong);
    return {
      ...judged,
      notes: [
        ...judged.notes,
        `'${model.query.service?.name ?? ''}' keeps every tenant’s data and asks nobody whose it is.`,
      ],
    };
  }
  if (ties.includes('secret'))
    return isolated('capability', 'The data is chosen by a secret that only those who were given it know.');
  if (ties.includes('derived'))
    return isolated('guarded-lookup', 'A row that was read before chooses the data; it is judged where it was read.');
  if (ties.includes('opaque'))
    return { verdict: 'unknown', reason: 'opaque', notes: ['Could not tell: what chooses the data was not followed.'] };
  return { verdict: 'public', reason: 'no-owner', notes: ['What chooses the data is fixed by the app.'] };
}

function isolated(reason: Judgement['reason'], note: string): Judgement {
  return { verdict: 'isolated', reason, notes: [note] };
}

/** What the facts say about terms. */
class Ties {
  readonly #facts: readonly Fact[];
  readonly #world: JudgeWorld;
  readonly #questions: ServiceQuestions;
  readonly #rows: readonly RowVariable[];
  readonly #known = new Map<string, Tie>();

  constructor(model: QueryPath, facts: readonly Fact[], world: JudgeWorld, questions: ServiceQuestions) {
    this.#facts = facts;
    this.#world = world;
    this.#questions = questions;
    const found = facts.flatMap(({ holds }) => (holds.kind === 'row' ? [holds.row] : []));
    this.#rows = [...found, ...(model.query.service?.sources ?? [])];
  }

  of(term: Term): Tie {
    const key = termKey(term);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    // Against going round in circles.
    this.#known.set(key, 'free');
    const tie = this.#of(term);
    this.#known.set(key, tie);
    return tie;
  }

  #of(term: Term): Tie {
    switch (term.kind) {
      case 'principal':
        return 'tied';
      case 'constant':
      case 'environment':
      case 'setting':
      case 'event':
        return 'fixed';
      case 'opaque':
        return 'opaque';
      case 'column':
        return this.#isOwnRow(term.row) || this.#isCallers(term) ? 'tied' : 'derived';
      case 'client':
      case 'tool-argument':
        if (this.#isCallers(term) || this.#isKeyOfOwnRow(term)) return 'tied';
        return isProof(term) ? 'secret' : 'free';
      case 'call':
        return this.#isCallers(term)
          ? 'tied'
          : this.#ofParts(
              term.name,
              term.arguments.map(part => this.of(part)),
            );
    }
  }

  /** Texts that hold an own part are other texts for others; of several values each has to be one's own. */
  #ofParts(name: string, parts: readonly Tie[]): Tie {
    if (name === 'concat' && parts.includes('tied')) return 'tied';
    if (name === 'concat' && parts.includes('secret')) return 'secret';
    return (['free', 'opaque', 'secret', 'derived', 'tied'] as const).find(tie => parts.includes(tie)) ?? 'fixed';
  }

  /** The tenant, or the user: the session's, or verified. */
  #isCallers(term: Term): boolean {
    const { root, principal } = this.#world.tenancy;
    return [root, principal].some(entry => {
      if (entry === undefined) return false;
      const name = 'whose';
      const where = equals({ kind: 'column', row: name, column: entry.key }, term);
      return this.#owns({ name, table: entry.table, where });
    });
  }

  #isOwnRow(name: string): boolean {
    const row = this.#rows.find(candidate => candidate.name === name);
    return row !== undefined && (this.#owns(row) || this.#isOwnAnswer(row));
  }

  #owns(row: RowVariable): boolean {
    return this.#questions.ask(row, this.#facts).kind === 'owned';
  }

  /** Somebody's own row was found by it: a key that leads to this row only. */
  #isKeyOfOwnRow(term: Term): boolean {
    const key = termKey(term);
    return this.#rows.some(row => {
      const unique = tablesByName(this.#world.database).get(row.table)?.uniqueKeys;
      const chooses = equalitiesOf(row.where).some(
        ([column, value]) =>
          column.kind === 'column' &&
          column.row === row.name &&
          termKey(value) === key &&
          (unique === undefined || unique.some(names => names.includes(column.column))),
      );
      return chooses && (unique === undefined ? this.#isOwnAnswer(row) : this.#owns(row));
    });
  }

  /** An answer of a service that was looked up before, and compared with the caller. */
  #isOwnAnswer(row: RowVariable): boolean {
    return (
      tablesByName(this.#world.database).get(row.table) === undefined &&
      (this.ofAnswer(row.name) || equalitiesOf(row.where).some(([, value]) => this.of(value) === 'tied'))
    );
  }

  /** Something in the answer of a service equals the caller's tenant or user. */
  ofAnswer(row: string): boolean {
    const conditions = this.#facts.flatMap(({ holds }) =>
      holds.kind === 'condition' ? [holds.condition] : holds.kind === 'row' ? [holds.row.where] : [],
    );
    const inside = conditions.flatMap(termsOf).filter(term => columnsIn(term).includes(row));
    const each = new Map(inside.map(term => [termKey(term), term]));
    return [...each.values()].some(term => this.#isCallers(term));
  }
}

function columnsIn(term: Term): readonly string[] {
  if (term.kind === 'column') return [term.row];
  return term.kind === 'call' && term.name.startsWith('.') ? term.arguments.flatMap(columnsIn) : [];
}
