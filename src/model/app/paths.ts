import { codeOf } from '../../collect/source/ir.ts';
import type { EntryPoint, Principal, Step } from '../../core/path.ts';
import { comparePlaces, formatPlace, type Place } from '../../core/place.ts';
import { and, type Predicate, type RowVariable, type Term } from '../../core/predicate.ts';
import { isFoundByCredential, provesCredential } from '../../logic/credentials.ts';
import { equalitiesOf } from '../../logic/equalities.ts';
import { contradicted, handedOut, hiddenIn, hides, isAnswer, type Hidden } from './carriers.ts';
import type { AppEvent } from './events.ts';
import { factsFor, keysOfElements } from './each.ts';
import { addFacts, inAll, isTelling, rowFact, without } from './facts.ts';
import { factsKey, predicateText, sayingOf, termKey, type Saying } from './keys.ts';
import { someEffect, type CachedCall, type Effect, type Machine, type QueryDraft } from './machine.ts';
import { makeNotes } from '../../core/notes.ts';
import { issuedSecrets, toldIn } from './issued.ts';
import { rowsReadBy } from './recursion.ts';
import { renameFact, renamePredicate, renameRow, renameTerm, type Renaming } from './rename.ts';
import { canonical, factsShape, hash } from './shapes.ts';
import type { DatabaseClient, Fact, QueryPath } from './types.ts';
import type { LengthNative } from './operations.ts';
import { atoms, partsOf, rowsIn, type Alternative, type RowUse, type Value } from './value.ts';

/** One run of an entry point: what it did, and what it answers with. */
export interface EntryRun {
  readonly entryPoint: EntryPoint;
  readonly effects: readonly Effect[];
  readonly results: readonly Alternative[];
  /** What holds before it starts. */
  readonly facts: readonly Fact[];
}

/** What came out of the runs. */
export interface Flattened {
  readonly queries: readonly QueryPath[];
  readonly events: readonly AppEvent[];
}

interface Source {
  readonly key: string;
  readonly place: Place;
  readonly code: string;
}

interface Reached {
  readonly draft: QueryDraft;
  readonly facts: readonly Fact[];
  readonly steps: readonly Step[];
  /** The sources seen so far: the first so many of a list that grows. */
  readonly sources: readonly Source[];
  readonly sourceCount: number;
  readonly inside: readonly string[];
  readonly entryPoint: EntryPoint;
  /** How many events came before it. */
  readonly eventsBefore: number;
}

/** An event that hands something out: these rows, or something that was not followed. */
interface Carrier {
  readonly index: number;
  readonly entryPoint: string;
  readonly facts: readonly Fact[];
  readonly hidden: readonly Hidden[];
  readonly rows: readonly string[];
  /** It is what the caller is answered with, not a call that may do anything. */
  readonly answers: boolean;
  /** The event by which the answer that it hands out was made, where that is known. */
  readonly madeBy?: number;
}

/** The effects of an entry point, walked from the beginning. */
interface Walked {
  readonly effects: readonly Effect[];
  readonly entryPoint: EntryPoint;
}

interface Use {
  readonly row: string;
  readonly facts: readonly Fact[];
}

/** Uses of rows, found by the row, in the order in which they came. */
class UsesByRow<T extends Use> {
  readonly #byRow = new Map<string, { readonly at: number; readonly use: T }[]>();
  #count = 0;

  add(row: string, use: T): void {
    const list = this.#byRow.get(row) ?? [];
    this.#byRow.set(row, list);
    list.push({ at: this.#count++, use });
  }

  of(rows: ReadonlySet<string>): readonly T[] {
    const found = [...rows].flatMap(row => this.#byRow.get(row) ?? []);
    return found.toSorted((left, right) => left.at - right.at).map(({ use }) => use);
  }
}

/** What earlier runs met: an entry point inside others is reached from each of them. */
interface Seen {
  /** Ids of paths by site and context. */
  readonly contexts: Map<string, Contexts>;
  /** Effects of inner entry points that were walked, with what held before them. */
  readonly entries: Map<readonly Effect[], Set<string>>;
}

const mostContexts = 12;
/** In how many ways one function is followed from one entry point: more are hardly ever judged otherwise. */
const mostCallContexts = 24;

function callKey(facts: readonly Fact[], inside: readonly string[]): string {
  return `${factsKey(facts)}|${inside.join(',')}`;
}

/** Turns the nested effects of entry points into flat paths and events. */
export class Flattening {
  readonly #machine: Machine;
  readonly #queries: QueryPath[] = [];
  readonly #events: AppEvent[] = [];
  readonly #seen: Seen = { contexts: new Map(), entries: new Map() };

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  result(): Flattened {
    return { queries: this.#queries, events: this.#events };
  }

  add(run: EntryRun): void {
    if (answering.has(run.entryPoint.kind) && run.results.length === 0 && !does(run.effects))
      this.#machine.gap('Following it came to an end before it read, wrote or answered anything.', {
        file: run.entryPoint.file,
        line: run.entryPoint.line,
      });
    const walk = new Walk(this.#machine, this.#seen);
    walk.effects(run.effects, run.facts, [], [], run.entryPoint);
    for (const { value, facts } of run.results)
      walk.answer(run.entryPoint, value, addFacts(run.facts, facts), {
        file: run.entryPoint.file,
        line: run.entryPoint.line,
      });
    const { queries, events } = walk.finish();
    for (const query of queries) this.#queries.push(query);
    for (const event of events) this.#events.push(event);
  }
}

class Walk {
  readonly #machine: Machine;
  readonly #reached: Reached[] = [];
  readonly #events: AppEvent[] = [];
  readonly #uses = new UsesByRow<Use>();
  readonly #lookups = new UsesByRow<Use & { readonly changes: boolean }>();
  readonly #cached: {
    readonly event: Extract<AppEvent, { kind: 'cached' }>;
    readonly from: number;
    readonly to: number;
  }[] = [];
  readonly #sources: Source[] = [];
  #lastSum: readonly [readonly Fact[], readonly Fact[], readonly Fact[]] = [[], [], []];
  #clients: ReadonlyMap<string, DatabaseClient> | undefined;
  readonly #inner: Walk[] = [];
  /** Rows of which the code only asks whether they are there, and those with which it does more. */
  readonly #tested = new Set<string>();
  readonly #handled = new Set<string>();
  #toldSecrets: ReadonlySet<string> | undefined;
  #carriers: readonly Carrier[] | undefined;
  /** What is known of a copy of a row, as it is known of the row. */
  readonly #ownFacts = new Map<string, Map<readonly Fact[], readonly Fact[]>>();
  /** Calls that were walked, by what held and what they lead to, with one event of each that may carry anything. */
  readonly #calls = new Map<readonly Effect[], Map<string, readonly AppEvent[]>>();

  /** What was walked from its beginning, and the rows that functions which call themselves read in it. */
  readonly #walked: Walked[] = [];
  readonly #readBy = new Map<string, ReadonlySet<string>>();
  readonly #seen: Seen;

  constructor(machine: Machine, seen: Seen) {
    this.#machine = machine;
    this.#seen = seen;
  }

  effects(
    effects: readonly Effect[],
    facts: readonly Fact[],
    steps: readonly Step[],
    inside: readonly string[],
    entryPoint: EntryPoint,
  ): void {
    if (steps.length === 0) this.#walked.push({ effects, entryPoint });
    for (const effect of effects) {
      switch (effect.kind) {
        case 'handled':
          for (const row of effect.rows) (effect.tested ? this.#tested : this.#handled).add(row);
          break;
        case 'settled':
          // The promise has its value already.
          break;
        case 'source':
          this.#sources.push({ key: termKey(effect.term), place: effect.place, code: effect.code });
          break;
        case 'call': {
          const known = this.#sum(facts, effect.facts);
          if (effect.cached === undefined && this.#isKnownCall(effect.effects, known, inside, effect.step)) break;
          const more = effect.step === undefined ? steps : [...steps, ...guardSteps(effect.facts), effect.step];
          const from = this.#reached.length;
          const eventsBefore = this.#events.length;
          this.effects(
            effect.effects,
            known,
            more,
            effect.cached === undefined ? inside : [...inside, effect.cached.id],
            entryPoint,
          );
          if (effect.cached !== undefined) this.#noteCached(effect.cached, entryPoint, known, inside, from);
          else this.#noteCarrier(effect.effects, known, inside, eventsBefore);
          break;
        }
        case 'query': {
          const known = this.#sum(facts, effect.facts);
          this.#reached.push({
            draft: effect.draft,
            facts: withCredentials(known),
            steps: [...steps, ...guardSteps(effect.facts)],
            sources: this.#sources,
            sourceCount: this.#sources.length,
            inside,
            entryPoint,
            eventsBefore: this.#events.length,
          });
          this.#noteLookups(effect.draft, known);
          this.#events.push({
            kind: 'query',
            pathId: '',
            row: effect.draft.row.name,
            entryPoint,
            facts: known,
            inside,
            place: effect.draft.place,
          });
          break;
        }
        case 'event': {
          const known = this.#sum(facts, effect.facts);
          const told = effect.event.kind === 'exit' ? { ...effect.event, because: known.slice(-6) } : effect.event;
          const event: AppEvent = { ...told, entryPoint, facts: known, inside };
          this.#events.push(event);
          if (event.kind === 'client-props') this.#use(event.props, known);
          if (event.kind === 'return') this.#use(event.value, known);
          break;
        }
        case 'entry': {
          const known = this.#sum(facts, effect.facts);
          if (this.#wasWalked(effect.effects, known)) break;
          // Requests of its own: what is done with a row there says nothing of what is done with it here.
          const inner = new Walk(this.#machine, this.#seen);
          this.#inner.push(inner);
          inner.effects(effect.effects, known, [], inside, effect.entryPoint);
          inner.answer(effect.entryPoint, effect.value, addFacts(known, effect.valueFacts), {
            file: effect.entryPoint.file,
            line: effect.entryPoint.line,
          });
        }
      }
    }
  }

  /** `addFacts`, remembered: what follows each other on a path mostly knows the same. */
  #sum(facts: readonly Fact[], more: readonly Fact[]): readonly Fact[] {
    if (more.length === 0) return facts;
    const [base, added, sum] = this.#lastSum;
    if (base === facts && added === more) return sum;
    const made = addFacts(facts, more);
    this.#lastSum = [facts, more, made];
    return made;
  }

  #original(row: string): string {
    return this.#machine.copies.get(row) ?? row;
  }

  /** Whether the same call was walked under the same facts: it leads to the same paths. What may have left with it leaves again. */
  #isKnownCall(
    effects: readonly Effect[],
    facts: readonly Fact[],
    inside: readonly string[],
    step: Step | undefined,
  ): boolean {
    const calls = this.#calls.get(effects) ?? new Map<string, readonly AppEvent[]>();
    this.#calls.set(effects, calls);
    const key = callKey(facts, inside);
    const carriers = calls.get(key);
    if (carriers !== undefined) {
      for (const carrier of carriers) this.#events.push(carrier);
      return true;
    }
    if (calls.size >= mostCallContexts) {
      if (step !== undefined)
        this.#machine.gap(
          `'${step.label}' is called in more than ${mostCallContexts} ways from one entry point; the rest were not followed.`,
          { file: step.file, line: step.line },
        );
      return true;
    }
    calls.set(key, []);
    return false;
  }

  #noteCarrier(effects: readonly Effect[], facts: readonly Fact[], inside: readonly string[], from: number): void {
    const carrier = this.#events.slice(from).find(event => handedOut(event).some(hides));
    if (carrier !== undefined) this.#calls.get(effects)?.set(callKey(facts, inside), [carrier]);
  }

  /** The same function mounted for two methods leads to the same inner entry points. */
  #wasWalked(effects: readonly Effect[], facts: readonly Fact[]): boolean {
    const known = this.#seen.entries.get(effects) ?? new Set<string>();
    this.#seen.entries.set(effects, known);
    const key = factsKey(facts);
    if (known.has(key)) return true;
    known.add(key);
    return false;
  }

  answer(entryPoint: EntryPoint, value: Value, facts: readonly Fact[], place: Place): void {
    const at = value.kind === 'response' || value.kind === 'element' ? value.place : place;
    this.#events.push({ kind: 'return', value, entryPoint, facts, inside: [], place: at });
    this.#use(value, facts);
  }

  #use(value: Value, facts: readonly Fact[]): void {
    for (const use of rowsIn(value)) {
      const known = this.#sum(facts, use.facts);
      for (const row of this.#told(use)) this.#uses.add(this.#original(row), { row, facts: known });
    }
    for (const use of countedIn(value))
      this.#uses.add(this.#original(use.row), { row: use.row, facts: this.#sum(facts, use.facts) });
  }

  /** The rows that a use tells of: the value by which a row was chosen is known to whoever chose it, or is another row's. */
  #told({ row, columns }: RowUse, depth = 0): readonly string[] {
    const [column] = columns ?? [];
    const where = this.#machine.rows.get(this.#original(row))?.where;
    if (columns?.length !== 1 || column === undefined || where === undefined || depth > mostChosen) return [row];
    const by = chosenBy(where, this.#original(row), column);
    if (by === undefined) return [row];
    return atoms(by).flatMap(atom =>
      atom.kind === 'column'
        ? this.#told({ row: atom.row, table: undefined, columns: [atom.column], facts: [] }, depth + 1)
        : [],
    );
  }

  /** Rows of earlier queries whose columns choose the row of this one. */
  #noteLookups(draft: QueryDraft, facts: readonly Fact[]): void {
    const own = new Set([draft.row.name, ...draft.joined.map(row => row.name)]);
    const note = (term: Term): void => {
      for (const atom of atoms(term))
        if (atom.kind === 'column' && !own.has(atom.row)) {
          // What a service does for a row is as good as the row itself: nobody asks again whose it is.
          if (draft.service !== undefined) this.#uses.add(this.#original(atom.row), { row: atom.row, facts });
          else
            this.#lookups.add(this.#original(atom.row), {
              row: atom.row,
              facts,
              changes: draft.operation !== 'read',
            });
        }
    };
    eachTerm(draft.row.where, note);
    for (const { value } of draft.values) {
      note(value);
      // What is copied into another row can be read there, by whoever owns that row.
      if (value.kind === 'column' && !own.has(value.row) && !this.#isKey(value))
        this.#uses.add(this.#original(value.row), { row: value.row, facts });
    }
  }

  /** A column that says which row is meant, and nothing of what is in it. */
  #isKey({ row, column }: Extract<Term, { kind: 'column' }>): boolean {
    if (/(?:^|_)id$|Id$|^(?:key|slug|uuid)$/.test(column)) return true;
    const table = this.#machine.database?.tables.find(({ name }) => name === this.#machine.rows.get(row)?.table);
    return (
      table !== undefined &&
      (table.primaryKey.includes(column) || table.foreignKeys.some(key => key.columns.includes(column)))
    );
  }

  #noteCached(
    cached: CachedCall,
    entryPoint: EntryPoint,
    facts: readonly Fact[],
    inside: readonly string[],
    from: number,
  ): void {
    const drafts = this.#reached.slice(from);
    const dependsOn = new Map<string, Term>();
    for (const { draft } of drafts) {
      const note = (term: Term): void => {
        for (const atom of atoms(term))
          if (atom.kind !== 'column' && atom.kind !== 'constant') dependsOn.set(termKey(atom), atom);
      };
      eachTerm(draft.row.where, note);
      for (const row of draft.joined) eachTerm(row.where, note);
      for (const setting of draft.client.settings) note(setting.value);
    }
    const event: Extract<AppEvent, { kind: 'cached' }> = {
      kind: 'cached',
      id: cached.id,
      mechanism: cached.mechanism,
      name: cached.name,
      arguments: cached.arguments,
      keyParts: cached.keyParts,
      captured: cached.captured,
      queries: [],
      dependsOn: [...dependsOn.values()],
      result: cached.result,
      entryPoint,
      facts,
      inside,
      place: cached.place,
    };
    this.#events.push(event);
    this.#cached.push({ event, from, to: this.#reached.length });
  }

  finish(): Flattened {
    const queries: QueryPath[] = [];
    const perSite = this.#seen.contexts;
    const idByRow = new Map<string, string>();
    for (const reached of this.#reached.flatMap(splitByAbsence).flatMap(splitByVisitor)) {
      // Nothing more is kept of a query that is reached in so many ways; the gap says so.
      if ((perSite.get(siteOf(reached))?.size ?? 0) > mostContexts) continue;
      const path = this.#path(reached, perSite);
      idByRow.set(reached.draft.row.name, path.id);
      if (path.query !== undefined) queries.push(path.query);
    }
    const ranges = new Map<AppEvent, { readonly from: number; readonly to: number }>(
      this.#cached.map(cached => [cached.event, cached]),
    );
    const events = this.#events.map((event): AppEvent => {
      if (event.kind === 'query') return { ...event, pathId: idByRow.get(event.row) ?? '' };
      if (event.kind !== 'cached') return event;
      const range = ranges.get(event);
      return range === undefined
        ? event
        : {
            ...event,
            queries: [
              ...new Set(
                this.#reached.slice(range.from, range.to).map(reached => idByRow.get(reached.draft.row.name) ?? ''),
              ),
            ],
          };
    });
    for (const inner of this.#inner) {
      const finished = inner.finish();
      for (const query of finished.queries) queries.push(query);
      for (const event of finished.events) events.push(event);
    }
    return { queries, events };
  }

  #path(reached: Reached, perSite: Map<string, Contexts>): { readonly id: string; readonly query?: QueryPath } {
    const { draft, entryPoint } = reached;
    const names: Renaming = new Map([[draft.row.name, 'self']]);
    const where = renamePredicate(draft.row.where, names);
    const values = draft.values.map(({ column, value }) => ({ column, value: renameTerm(value, names) }));
    const joined = draft.joined.map(row => renameRow(row, names));
    let keys: ReadonlySet<string> | undefined;
    const used = (): ReadonlySet<string> => (keys ??= keysOfElements(termsUsed(draft)));
    const established = factsFor(reached.facts, used);
    const known = addFacts(established, readRows(this.#machine, reached));
    const facts = sayingWhatWasRead(this.#machine, draft, known).map(fact => this.#withClient(renameFact(fact, names)));
    const ownRows = new Set([draft.row.name, ...draft.joined.map(row => row.name)]);
    const uses = this.#uses.of(ownRows);
    // A row that never leaves may still choose what a later query does.
    const lookups = this.#lookups.of(ownRows);
    const effective = lookups.filter(use => use.changes);
    const followed: readonly Use[] = uses.length > 0 ? uses : effective.length > 0 ? effective : lookups;
    const telling = followed.length > 0 ? followed : this.#possibleUses(reached);
    const atUses = telling.map(use => this.#asOwn(use));
    const factsAfter = factsFor(commonAfter(atUses, reached.facts), used)
      .filter(fact => !(fact.holds.kind === 'row' && fact.holds.row.name === draft.row.name))
      .map(fact => renameFact(fact, names));
    const waysAfter = waysToUse(
      atUses.map(facts => factsFor(facts, used)),
      reached.facts,
    ).map(way => way.map(fact => renameFact(fact, names)));
    const keptInside = this.#keptInside(reached);
    const shape = canonical(
      `${draft.operation} ${draft.row.table} ${predicateText(where)} ${values.map(({ column, value }) => `${column}=${termKey(value)}`).join(',')} ${joined.map(row => row.table + predicateText(row.where)).join(';')} ${draft.calls === undefined ? '' : draft.calls.arguments.map(argument => `${argument.name}=${termKey(argument.value)}`).join(',')}`,
    );
    const site = siteOf(reached);
    const context = `${shape}|${factsShape(facts)}|${factsShape([...factsAfter, ...waysAfter.flat()])}|${draft.client.sqlRole ?? ''}${draft.client.role}${draft.client.settings.map(setting => setting.name + termKey(setting.value)).join(',')}|${canonical(keptInside.join(','))}`;
    const contexts = perSite.get(site) ?? { size: 0, byShape: new Map<string, Map<string, string>>() };
    perSite.set(site, contexts);
    const sameShape = contexts.byShape.get(shape) ?? new Map<string, string>();
    contexts.byShape.set(shape, sameShape);
    // What is known may be long, and differ in thousands of ways: a digest of it tells them apart.
    const digest = hash(context);
    const before = sameShape.get(digest);
    const id = before ?? hash(`${entryPoint.name}|${draft.place.file}|${shape}|${contexts.size}|${sameShape.size}`);
    const isNew = before === undefined && contexts.size < mostContexts;
    if (before === undefined) {
      sameShape.set(digest, id);
      contexts.size += 1;
      if (!isNew)
        this.#machine.gap(
          `The query is reached in more than ${mostContexts} ways from '${entryPoint.name}'; the rest were not kept.`,
          draft.place,
        );
    }
    if (!isNew) return { id };
    const query: QueryPath = {
      id,
      entryPoint,
      principal: principalOf(facts),
      query: {
        table: draft.row.table,
        operation: draft.operation,
        where,
        values,
        valuesOpen: draft.valuesOpen,
        ...(draft.first === true ? { first: true } : {}),
        columns: draft.columns,
        joined,
        ...(draft.calls === undefined ? {} : { calls: draft.calls }),
        ...(draft.service === undefined ? {} : { service: draft.service }),
        ...this.#issues(draft),
      },
      client: draft.client,
      facts,
      factsAfter,
      ...(waysAfter.length < 2 ? {} : { waysAfter }),
      steps: this.#steps(reached, where, values),
      // A row that was only seen choosing later queries, or only tested, stays inside. A service's answer is looked at
      // field by field: where none leaves, the answer does not.
      escapes:
        uses.length > 0 ||
        ((draft.service === undefined || draft.columns !== undefined) && lookups.length === 0 && telling.length > 0),
      ...(keptInside.length === 0 ? {} : { keptInside }),
      place: draft.place,
    };
    return { id, query };
  }

  /** Joined rows that were not seen leaving where all that leaves was followed. */
  #keptInside(reached: Reached): readonly string[] {
    const { draft } = reached;
    if (draft.nested !== true) return [];
    return draft.joined
      .map(({ name }) => name)
      .filter(name => {
        const own = new Set([name]);
        return this.#uses.of(own).length === 0 && this.#carriersOf(own, reached).length === 0;
      });
  }

  /** Where a row that was not seen again may have gone all the same: what left afterwards and was not followed, or went elsewhere with it. */
  #possibleUses(reached: Reached): readonly Use[] {
    const { draft } = reached;
    if (draft.operation !== 'read' || draft.calls !== undefined) return [{ row: draft.row.name, facts: [] }];
    if (this.#tested.has(draft.row.name) && !this.#handled.has(draft.row.name)) return [];
    return this.#carriersOf(new Set([draft.row.name, ...draft.joined.map(row => row.name)]), reached);
  }

  /** What was handed out after the query and holds one of the rows, or something that was not followed. */
  #carriersOf(
    own: ReadonlySet<string>,
    { draft: { row, service }, entryPoint, eventsBefore, facts }: Reached,
  ): readonly Use[] {
    const uses = new Map<string, Use>();
    for (const carrier of this.#carriersSince(eventsBefore)) {
      if (carrier.entryPoint !== entryPoint.name) continue;
      // A service is asked by calls that its answer, or the command for it, goes into: those are not its way out.
      const carries = (service === undefined || carrier.answers) && carrier.rows.some(name => own.has(name));
      if (!carries && !carrier.hidden.some(hidden => this.#mayHide(hidden, own))) continue;
      // It happens only where the row was not asked for, or hands out what was made before.
      if (contradicted(facts, carrier.facts)) continue;
      if (carrier.madeBy !== undefined && carrier.madeBy < eventsBefore) continue;
      // Uses that know the same are one.
      uses.set(factsKey(carrier.facts), { row: row.name, facts: carrier.facts });
    }
    return [...uses.values()];
  }

  /** Whether one of the rows may be in what was not followed. */
  #mayHide(hidden: Hidden, own: ReadonlySet<string>): boolean {
    if (hidden === 'anything') return true;
    const { readBy } = hidden;
    const rows = this.#readBy.get(readBy) ?? new Set(this.#walked.flatMap(walked => [...readByItself(readBy, walked)]));
    this.#readBy.set(readBy, rows);
    return [...own].some(row => rows.has(row));
  }

  /** What the query has to do with codes that the server makes up. */
  #issues(draft: QueryDraft): Pick<QueryPath['query'], 'issued' | 'replaced'> {
    if (draft.operation === 'read') return {};
    this.#toldSecrets ??= new Set(this.#events.flatMap(toldIn));
    const told = this.#toldSecrets;
    if (draft.operation === 'delete') {
      const replaced = this.#reached.some(
        other =>
          other.draft.operation === 'insert' &&
          other.draft.row.table === draft.row.table &&
          issuedSecrets(other.draft.values, told).some(issued => !issued.told),
      );
      return replaced ? { replaced } : {};
    }
    const issued = issuedSecrets(draft.values, told);
    return issued.length === 0 ? {} : { issued };
  }

  /** Events that hand something out, from one on. All events are there when it is first asked. */
  #carriersSince(first: number): readonly Carrier[] {
    this.#carriers ??= this.#findCarriers();
    const start = this.#carriers.findIndex(carrier => carrier.index >= first);
    return start < 0 ? [] : this.#carriers.slice(start);
  }

  #findCarriers(): readonly Carrier[] {
    const made = new Map<Value, number>();
    return this.#events.flatMap((event, index): readonly Carrier[] => {
      const [body] = event.kind === 'call' ? event.arguments : [];
      if (body !== undefined) made.set(body, index);
      const madeBy =
        event.kind === 'return' && event.value.kind === 'response' ? made.get(event.value.body) : undefined;
      const handed = handedOut(event);
      if (handed.length === 0) return [];
      const hidden = handed.flatMap(hiddenIn);
      const rows = hidden.includes('anything')
        ? []
        : [...new Set(handed.flatMap(value => rowsIn(value).flatMap(use => this.#told(use))))];
      return hidden.length > 0 || rows.length > 0
        ? [
            {
              index,
              entryPoint: event.entryPoint.name,
              facts: event.facts,
              hidden,
              rows,
              answers: isAnswer(event),
              ...(madeBy === undefined ? {} : { madeBy }),
            },
          ]
        : [];
    });
  }

  /** A row that was found carries the client that found it. */
  #withClient(fact: Fact): Fact {
    if (fact.holds.kind !== 'row') return fact;
    // The first query of a row is the one that found it.
    this.#clients ??= new Map(this.#reached.toReversed().map(({ draft }) => [draft.row.name, draft.client]));
    const client = this.#clients.get(this.#original(fact.holds.row.name));
    return client === undefined || client.role === 'owner' || client.role === 'service'
      ? fact
      : { ...fact, holds: { ...fact.holds, client } };
  }

  /** Facts about a copy of the row are facts about the row. */
  #asOwn(use: Use): readonly Fact[] {
    const original = this.#machine.copies.get(use.row);
    if (original === undefined) return use.facts;
    const known = this.#ownFacts.get(use.row) ?? new Map<readonly Fact[], readonly Fact[]>();
    this.#ownFacts.set(use.row, known);
    const names = new Map([[use.row, original]]);
    const own = known.get(use.facts) ?? use.facts.map(fact => renameFact(fact, names));
    known.set(use.facts, own);
    return own;
  }

  /** The line as it stands in the file, for a step that has none yet. */
  #withCode(step: Step): Step {
    if (step.code !== undefined && step.code !== '') return step;
    const module = this.#machine.source.module(step.file);
    return module === undefined ? step : { ...step, code: codeOf(module, step.line) };
  }

  #steps(reached: Reached, where: Predicate, values: readonly { readonly value: Term }[]): readonly Step[] {
    const { draft, entryPoint } = reached;
    const wanted = new Set<string>();
    const note = (term: Term): void => {
      for (const atom of atoms(term))
        if (atom.kind === 'client' || atom.kind === 'tool-argument' || atom.kind === 'event') wanted.add(termKey(atom));
    };
    eachTerm(where, note);
    for (const { value } of values) note(value);
    const steps: Step[] = [];
    for (const key of wanted) {
      const source = lastSource(reached, key);
      const place = source?.place ?? { file: entryPoint.file, line: entryPoint.line };
      const [kind = '', path = ''] = splitOnce(key, ':');
      const label =
        kind === 'client'
          ? `the caller sends ${path}`
          : kind === 'tool-argument'
            ? `the model chooses ${path}`
            : `${path} of a verified event`;
      steps.push({ role: 'source', label, ...(source === undefined ? {} : { code: source.code }), ...place });
    }
    if (steps.length === 0)
      steps.push({ role: 'source', label: entryPoint.name, file: entryPoint.file, line: entryPoint.line });
    steps.sort(comparePlaces);
    const all: readonly Step[] = [
      ...unique(steps),
      ...unique(reached.steps),
      { role: 'sink', label: `${draft.operation} ${draft.row.table}`, ...draft.place },
    ];
    return all.map(step => this.#withCode(step));
  }
}

function readByItself(name: string, { effects, entryPoint: { symbol } }: Walked): ReadonlySet<string> {
  return rowsReadBy(effects, name, symbol === 'default' || symbol === name);
}

const mostChosen = 8;

/** What the column of every result is equal to, as the condition says. */
function chosenBy(where: Predicate, row: string, column: string): Term | undefined {
  const isColumn = (term: Term): boolean => term.kind === 'column' && term.row === row && term.column === column;
  const pair = equalitiesOf(where).find(sides => sides.some(isColumn));
  return pair === undefined ? undefined : isColumn(pair[0]) ? pair[1] : pair[0];
}

/** Every term that a query asks for or writes. */
function termsUsed({ row, joined, values }: QueryDraft): readonly Term[] {
  const used: Term[] = [];
  const note = (term: Term): void => {
    used.push(...atoms(term));
  };
  eachTerm(row.where, note);
  for (const other of joined) eachTerm(other.where, note);
  for (const { value } of values) note(value);
  // Its own columns are no choice of what is read.
  return used.filter(term => term.kind !== 'column' || term.row !== row.name);
}

/** A column of a row can only be at hand when the row was read: the rows whose columns the query uses as they are. */
function readRows(machine: Machine, { draft, facts }: Reached): readonly Fact[] {
  const values = draft.values.map(({ value }) => value);
  return rowsBehind(machine, [...equalTerms(draft.row.where), ...values], knownRows(draft, facts)).map(row =>
    rowFact(row, draft.place, `a row of '${row.table}' was read`),
  );
}

const mostReadRows = 8;

/** The query's own rows, and those that facts speak of. */
function knownRows(draft: QueryDraft, facts: readonly Fact[]): ReadonlySet<string> {
  const found = facts.flatMap(({ holds }) => (holds.kind === 'row' ? [holds.row.name] : []));
  return new Set([draft.row.name, ...draft.joined.map(row => row.name), ...found]);
}

/** Rows that are not known yet whose columns the terms are, and those whose columns chose them. */
function rowsBehind(machine: Machine, terms: readonly Term[], known: ReadonlySet<string>): readonly RowVariable[] {
  const seen = new Set(known);
  const found: RowVariable[] = [];
  const note = (term: Term): void => {
    if (term.kind !== 'column' || seen.has(term.row)) return;
    seen.add(term.row);
    const row = machine.rows.get(term.row);
    if (row === undefined || found.length >= mostReadRows) return;
    found.push(row);
    for (const other of equalTerms(row.where)) note(other);
  };
  for (const term of terms) note(term);
  return found;
}

function equalTerms(predicate: Predicate): readonly Term[] {
  return equalitiesOf(predicate).flat();
}

/** The same for rows of which one or the other was read: each way to know a row says what was read on it. */
function sayingWhatWasRead(machine: Machine, draft: QueryDraft, facts: readonly Fact[]): readonly Fact[] {
  const seen = knownRows(draft, facts);
  return facts.map((fact): Fact => {
    const { holds } = fact;
    if (holds.kind === 'condition') {
      // What was compared in code was read as well.
      const condition = withReadRows(machine, holds.condition, seen);
      return condition === holds.condition ? fact : { ...fact, holds: { ...holds, condition } };
    }
    if (holds.kind !== 'row') return fact;
    const where = withReadRows(machine, holds.row.where, seen);
    return where === holds.row.where ? fact : { ...fact, holds: { ...holds, row: { ...holds.row, where } } };
  });
}

function withReadRows(machine: Machine, predicate: Predicate, seen: ReadonlySet<string>): Predicate {
  if ((predicate.kind !== 'and' && predicate.kind !== 'or') || !hasChoice(predicate)) return predicate;
  const operands = predicate.operands.map(operand => {
    const inner = withReadRows(machine, operand, seen);
    if (predicate.kind === 'and') return inner;
    const read = rowsReadIn(machine, operand, seen);
    return read.length === 0 ? inner : and([inner, ...read.map((row): Predicate => ({ kind: 'exists', row }))]);
  });
  return operands.every((operand, index) => operand === predicate.operands[index])
    ? predicate
    : { kind: predicate.kind, operands };
}

const choiceNotes = makeNotes<boolean>();

/** Whether one or the other may hold, somewhere in the conjunction. */
function hasChoice(predicate: Predicate): boolean {
  if (predicate.kind !== 'and') return predicate.kind === 'or';
  return choiceNotes.of(predicate) ?? choiceNotes.keep(predicate, predicate.operands.some(hasChoice));
}

function rowsReadIn(machine: Machine, predicate: Predicate, seen: ReadonlySet<string>): readonly RowVariable[] {
  // What already stands there says it itself.
  const said = new Set(predicate.kind === 'and' ? predicate.operands.flatMap(existing) : existing(predicate));
  return rowsBehind(machine, equalTerms(predicate), seen).filter(row => !said.has(row.name));
}

function existing(predicate: Predicate): readonly string[] {
  return predicate.kind === 'exists' ? [predicate.row.name] : [];
}

/** Where the value came in: the last place before the query that names it or an object that it is part of. */
function lastSource({ sources, sourceCount }: Reached, key: string): Source | undefined {
  for (let index = sourceCount - 1; index >= 0; index -= 1) {
    const source = sources[index];
    if (source === undefined || !key.startsWith(source.key)) continue;
    const next = key[source.key.length];
    if (next === undefined || next === '.' || next === '[') return source;
  }
  return undefined;
}

/** Rows whose number is in the value: how many there are is something of them. */
function countedIn(value: Value): readonly Use[] {
  return countNotes.of(value) ?? countNotes.keep(value, findCounts(value));
}

const countNotes = makeNotes<readonly Use[]>();
const noUses: readonly Use[] = [];

function findCounts(value: Value): readonly Use[] {
  const rows =
    value.kind === 'native' && value.native.name === 'length' ? (value.native as LengthNative).of.rows : undefined;
  const found: Use[] = rows === undefined ? [] : [{ row: rows.name, facts: [] }];
  for (const { value: part, facts } of partsOf(value))
    for (const use of countedIn(part)) found.push({ row: use.row, facts: [...facts, ...use.facts] });
  return found.length === 0 ? noUses : found;
}

/** Entry points whose result is their answer. */
const answering: ReadonlySet<EntryPoint['kind']> = new Set(['server-action', 'page', 'procedure']);

/** Whether a run reads or writes something, or ends by leaving (a redirect, an error that is thrown). */
function does(effects: readonly Effect[]): boolean {
  return someEffect(
    effects,
    effect =>
      effect.kind === 'query' || effect.kind === 'entry' || (effect.kind === 'event' && effect.event.kind === 'exit'),
  );
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function guardSteps(facts: readonly Fact[]): readonly Step[] {
  return facts
    .filter(fact => isTelling(fact) || fact.weakness !== undefined)
    .map((fact): Step => ({
      role: 'guard',
      label: fact.weakness === undefined ? fact.label : `${fact.label} (${fact.weakness})`,
      ...fact.place,
    }));
}

function unique(steps: readonly Step[]): readonly Step[] {
  const seen = new Set<string>();
  return steps.filter(step => {
    const key = `${step.role} ${formatPlace(step)} ${step.label}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** A row found by a key that the caller sent, or by its hash, is a credential: who sent it is known by it. */
function withCredentials(facts: readonly Fact[]): readonly Fact[] {
  return credentialNotes.of(facts) ?? credentialNotes.keep(facts, addFacts(facts, credentialsIn(facts)));
}

const credentialNotes = makeNotes<readonly Fact[]>();

function credentialsIn(facts: readonly Fact[]): readonly Fact[] {
  return facts.flatMap((fact): Fact[] => {
    const { holds } = fact;
    if (fact.weakness !== undefined || fact.each !== undefined) return [];
    const isKnown =
      (holds.kind === 'row' && isFoundByCredential(holds.row)) ||
      (holds.kind === 'condition' && provesCredential(holds.condition));
    return isKnown ? [{ holds: { kind: 'signed-in' }, place: fact.place, label: 'a key was verified' }] : [];
  });
}

/** `if (id) { check(id) }` before a write: the write without the value, and the write with the value checked. */
function splitByAbsence(reached: Reached): readonly Reached[] {
  const { draft } = reached;
  for (const { column, value } of draft.values) {
    for (const fact of reached.facts) {
      if (fact.weakness !== undefined || fact.holds.kind !== 'condition' || fact.holds.condition.kind !== 'or')
        continue;
      const { operands } = fact.holds.condition;
      const absent = operands.find(operand => operand.kind === 'is-null' && termKey(operand.term) === termKey(value));
      if (absent === undefined || operands.length < 2) continue;
      const rest = operands.filter(operand => operand !== absent);
      const [only] = rest;
      const there =
        only !== undefined && rest.length === 1
          ? factsOf(only, fact)
          : [{ ...fact, holds: { kind: 'condition', condition: { kind: 'or', operands: rest } } } satisfies Fact];
      const isOther = (known: Fact): boolean => known !== fact;
      return [
        {
          ...reached,
          draft: { ...draft, values: draft.values.filter(given => given.column !== column) },
          facts: reached.facts.filter(isOther),
        },
        { ...reached, facts: addFacts(reached.facts.filter(isOther), there) },
      ];
    }
  }
  return [reached];
}

/** A client that acts for whoever's token is in the cookie acts as `anon` where nobody has to be signed in. */
function splitByVisitor(reached: Reached): readonly Reached[] {
  const { client } = reached.draft;
  if (client.role !== 'authenticated' || principalOf(reached.facts) !== 'anonymous') return [reached];
  return [reached, { ...reached, draft: { ...reached.draft, client: { ...client, role: 'anon' } } }];
}

function factsOf(condition: Predicate, fact: Fact): readonly Fact[] {
  if (condition.kind === 'and') return condition.operands.flatMap(operand => factsOf(operand, fact));
  if (condition.kind === 'exists') return [{ ...fact, holds: { kind: 'row', row: condition.row } }];
  return [{ ...fact, holds: { kind: 'condition', condition } }];
}

/** What holds at every use of the row, beyond what held when it was loaded. */
function commonAfter(uses: readonly (readonly Fact[])[], before: readonly Fact[]): readonly Fact[] {
  return without(inAll(uses), before);
}

const mostWays = 8;
const mostUses = 256;

/**
 * What holds beyond what held before, for each use of the row that knows no more than another does: what ties the row
 * there ties it wherever more is known. Empty where there are too many to tell apart.
 */
function waysToUse(uses: readonly (readonly Fact[])[], before: readonly Fact[]): readonly (readonly Fact[])[] {
  if (uses.length < 2 || uses.length > mostUses) return [];
  const known = new Set(before.map(sayingOf));
  const common = new Set(commonAfter(uses, before).map(sayingOf));
  const tells = (fact: Fact): boolean => !known.has(sayingOf(fact)) && (isTelling(fact) || common.has(sayingOf(fact)));
  const ways = new Map<string, Way>();
  // Most uses know the very same.
  const read = new Map<readonly Fact[], Way>();
  for (const use of uses) {
    const way = read.get(use) ?? wayOf(use.filter(tells));
    read.set(use, way);
    ways.set(way.key, way);
  }
  const least: Way[] = [];
  for (const way of [...ways.values()].toSorted((left, right) => left.says.size - right.says.size))
    if (!least.some(({ says }) => [...says].every(saying => way.says.has(saying)))) least.push(way);
  return least.length > mostWays ? [] : least.map(({ facts }) => facts);
}

/** What holds at one use of a row. */
interface Way {
  readonly facts: readonly Fact[];
  readonly key: string;
  readonly says: ReadonlySet<Saying>;
}

function wayOf(facts: readonly Fact[]): Way {
  return { facts, key: factsKey(facts), says: new Set(facts.map(sayingOf)) };
}

function principalOf(facts: readonly Fact[]): Principal {
  const strong = facts.filter(fact => fact.weakness === undefined);
  if (strong.some(fact => fact.holds.kind === 'system')) return 'system';
  if (strong.some(fact => fact.holds.kind === 'role' && fact.holds.tenant === undefined)) return 'admin';
  return strong.some(
    fact => fact.holds.kind === 'signed-in' || fact.holds.kind === 'member' || fact.holds.kind === 'role',
  )
    ? 'member'
    : 'anonymous';
}

/** Calls `see` for every term of a predicate, inside sub-queries too. */
export function eachTerm(predicate: Predicate, see: (term: Term) => void): void {
  switch (predicate.kind) {
    case 'compare':
      see(predicate.left);
      see(predicate.right);
      return;
    case 'is-null':
      see(predicate.term);
      return;
    case 'and':
    case 'or':
      for (const operand of predicate.operands) eachTerm(operand, see);
      return;
    case 'not':
    case 'maybe-absent':
      eachTerm(predicate.operand, see);
      return;
    case 'exists':
      eachTerm(predicate.row.where, see);
      return;
    default:
  }
}

/** The ways in which an entry point reaches a query: the ids of their paths, by the shape of the query and what is known. */
interface Contexts {
  size: number;
  readonly byShape: Map<string, Map<string, string>>;
}

/** The query in the code, as one entry point reaches it. */
function siteOf({ draft, entryPoint }: Reached): string {
  return `${entryPoint.name}|${formatPlace(draft.place)}|${draft.operation}|${draft.row.table}`;
}
