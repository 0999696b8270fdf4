import type { Binding, FunctionCode, ModuleCode } from '../../collect/source/ir.ts';
import { codeOf, lineOf } from '../../collect/source/ir.ts';
import type { SourceFiles } from '../../collect/source/read-source.ts';
import type { Gap } from '../../core/gap.ts';
import type { EntryPoint, Operation, Step } from '../../core/path.ts';
import type { Place } from '../../core/place.ts';
import type { Predicate, RowVariable, Term } from '../../core/predicate.ts';
import type { DatabaseModel } from '../database/types.ts';
import { noDeclarations, type Declarations, type DeclaredFunction } from './declared.ts';
import type { AppEvent } from './events.ts';
import type { Kept } from './cache-aside.ts';
import { addFacts } from './facts.ts';
import { valueKey, type Closure } from './keys.ts';
import type { Guard } from './library/guard/statement.ts';
import { SnapshotMap } from './snapshots.ts';
import type { DatabaseClient, Fact, Query } from './types.ts';
import { opaque, type Alternative, type Native, type Value } from './value.ts';

/** A query as the interpreter met it, before it becomes a path. */
export interface QueryDraft {
  readonly row: RowVariable;
  readonly operation: Operation;
  readonly values: Query['values'];
  readonly valuesOpen: boolean;
  readonly columns: readonly string[] | undefined;
  readonly joined: readonly RowVariable[];
  /** Each joined row is a value of its own inside the result: where it goes is seen. */
  readonly nested?: true;
  readonly calls: Query['calls'];
  readonly first?: true;
  readonly service?: NonNullable<Query['service']>;
  /** With the guard of its pool, until it is known who is asking. */
  readonly client: DatabaseClient & { readonly guard?: Guard };
  readonly place: Place;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An event before it is known from which entry point it was reached. */
export type EventDraft = DistributiveOmit<AppEvent, 'entryPoint' | 'facts' | 'inside'>;

/** What a function does besides returning: kept relative to its call, so that a summary serves every caller. */
export type Effect =
  | {
      readonly kind: 'call';
      readonly facts: readonly Fact[];
      readonly step: Step | undefined;
      readonly effects: readonly Effect[];
      readonly cached: CachedCall | undefined;
    }
  | { readonly kind: 'query'; readonly facts: readonly Fact[]; readonly draft: QueryDraft }
  | { readonly kind: 'event'; readonly facts: readonly Fact[]; readonly event: EventDraft }
  | { readonly kind: 'source'; readonly term: Term; readonly place: Place; readonly code: string }
  /** A promise that the program made was resolved (`promise` says where it was made). */
  | { readonly kind: 'settled'; readonly facts: readonly Fact[]; readonly promise: string; readonly value: Value }
  /** Rows got a name, and the code only looks whether they are there (`tested`), or does more with them. */
  | { readonly kind: 'handled'; readonly rows: readonly string[]; readonly tested: boolean }
  /** Effects that belong to another entry point, found on the way (a tool, an inline action). */
  | {
      readonly kind: 'entry';
      readonly facts: readonly Fact[];
      readonly entryPoint: EntryPoint;
      readonly effects: readonly Effect[];
      readonly value: Value;
      readonly valueFacts: readonly Fact[];
    };

/** Whether an effect, or one of the calls below it, passes the test. */
export function someEffect(effects: readonly Effect[], test: (effect: Effect) => boolean): boolean {
  return effects.some(effect => test(effect) || (effect.kind === 'call' && someEffect(effect.effects, test)));
}

/** A call whose result is kept across requests. */
export interface CachedCall {
  readonly id: string;
  readonly mechanism: 'unstable_cache' | 'use-cache' | 'react-cache' | 'fetch';
  readonly name: string;
  readonly arguments: readonly Value[];
  readonly keyParts: readonly Value[];
  readonly captured: readonly { readonly name: string; readonly value: Value }[];
  readonly place: Place;
  readonly result: Value;
}

/** What a function does for given arguments, found once. */
export interface Summary {
  readonly alternatives: readonly Alternative[];
  readonly effects: readonly Effect[];
  /** Parameters that the function changed in place (`conditions.push(…)`), by position. */
  readonly outputs: readonly { readonly index: number; readonly value: Value }[];
  /** `this` at the end, for constructors. */
  readonly self: Value;
}

/** A call as a library model sees it. */
export interface Call {
  readonly machine: Machine;
  readonly frame: Frame;
  readonly arguments: readonly Value[];
  readonly at: number;
  readonly end: number;
}

/** The model of a library function. */
export type Handler = (call: Call) => Value;

/** A native value with behaviour. */
export interface NativeValue extends Native {
  /** A field read. */
  member?(name: string, call: Call): Value | undefined;
  /** A method call. */
  method?(name: string, call: Call): Value | undefined;
  /** Called itself. */
  invoke?(call: Call): Value;
  /** Awaited (a query runs when it is awaited). */
  settle?(call: Call): Value;
  /** What it is after a field was assigned (`request.user = user`); absent when fields are not kept. `call` is where the program assigns it. */
  assigned?(name: string, value: Value, call?: Call): Value;
  /** What it is after something that it holds has changed; absent when it does not hold it. */
  replaced?(from: Value, to: Value): Value | undefined;
}

/** The value of a native. */
export function nativeValue(native: NativeValue): Value {
  return { kind: 'native', native };
}

/** The behaviour of a native. */
export function behaviourOf(value: Extract<Value, { kind: 'native' }>): NativeValue {
  return value.native;
}

let nextFrame = 1;

/** Frames that are made from here on have this number or a higher one. */
export function nextFrameId(): number {
  return nextFrame;
}

/** One activation of a function, or the top of a module. */
export class Frame {
  readonly id = nextFrame++;
  readonly module: ModuleCode;
  readonly code: FunctionCode | undefined;
  readonly parent: Frame | undefined;
  readonly vars = new SnapshotMap<Binding, Value>();
  /** Names that are never assigned again, of ways that may have returned since. */
  left: Map<Binding, Value> | undefined;
  readonly refined = new SnapshotMap<string, Value>();
  facts: readonly Fact[] = [];
  dead = false;
  thisValue: Value;
  readonly returns: Alternative[] = [];
  effects: Effect[] = [];
  /** What held before the innermost loop. */
  loop: readonly Fact[] | undefined;
  /** States that left the innermost loop or switch early. */
  jumps: State[] = [];
  /** The latest value of an expression, for narrowing after a test. */
  readonly seen = new Map<object, Value>();
  readonly changed = new Set<Binding>();
  /** The call whose result is called, returned as it is, or dropped: `wrap(handler)(request)`, `return wrap(handler)`, `log(x);`. */
  wanted: { readonly call: object; readonly as: 'function' | 'anything' | 'nothing' } | undefined;
  /** Where something was asked of what is not there, which no program does that works: the way ended. */
  readonly absent: number[] = [];
  /** Inline server actions that were made here, with what held then. */
  readonly actions: { readonly code: FunctionCode; readonly facts: readonly Fact[] | undefined }[] = [];

  constructor(module: ModuleCode, code: FunctionCode | undefined, parent: Frame | undefined, thisValue: Value) {
    this.module = module;
    this.code = code;
    this.parent = parent;
    this.thisValue = thisValue;
  }

  /** The frame that holds a binding. */
  holderOf(binding: Binding): Frame | undefined {
    if (this.vars.has(binding)) return this;
    let frame = this.parent;
    while (frame !== undefined && !frame.vars.has(binding)) frame = frame.parent;
    return frame;
  }

  /** Remembers what a name is that is never assigned again. */
  keep(binding: Binding, value: Value): void {
    if (this.code === undefined || binding.reassigned) return;
    this.left ??= new Map();
    this.left.set(binding, value);
  }

  /** The value of a name, here or around. A function that was made on a way which has returned still knows the names of that way. */
  valueOf(binding: Binding): Value | undefined {
    const holder = this.holderOf(binding);
    if (holder !== undefined) return holder.vars.get(binding);
    let frame: Frame | undefined = this.parent;
    while (frame !== undefined && frame.left?.has(binding) !== true) frame = frame.parent;
    return frame?.left?.get(binding);
  }

  learn(facts: readonly Fact[]): void {
    this.facts = addFacts(this.facts, facts);
  }

  save(): State {
    return {
      vars: this.vars.snapshot(),
      refined: this.refined.snapshot(),
      facts: this.facts,
      dead: this.dead,
      thisValue: this.thisValue,
    };
  }

  restore(state: State): void {
    this.vars.restore(state.vars);
    this.refined.restore(state.refined);
    this.facts = state.facts;
    this.dead = state.dead;
    this.thisValue = state.thisValue;
  }
}

/** What changes while a function runs, and differs by branch. */
export interface State {
  readonly vars: ReadonlyMap<Binding, Value>;
  readonly refined: ReadonlyMap<string, Value>;
  readonly facts: readonly Fact[];
  readonly dead: boolean;
  readonly thisValue: Value;
}

/** A function of the program with the frame it was made in. */
export class FunctionClosure implements Closure {
  readonly code: FunctionCode;
  readonly frame: Frame;
  /** Arguments given by `bind`. */
  readonly bound: readonly Value[];

  constructor(code: FunctionCode, frame: Frame, bound: readonly Value[] = []) {
    this.code = code;
    this.frame = frame;
    this.bound = bound;
  }

  captureKey(depth: number): string {
    const bound = this.bound.map(value => valueKey(value, depth)).join(',');
    if (this.code.captures.size === 0) return bound;
    if (depth > 4) return `@${this.frame.id}${bound}`;
    const parts: string[] = [];
    for (const binding of this.code.captures) {
      const value = this.frame.valueOf(binding);
      if (value !== undefined) parts.push(`${binding.id}=${valueKey(value, depth + 1)}`);
    }
    const self = this.code.isArrow && this.code.usesThis ? valueKey(this.frame.thisValue, depth + 1) : '';
    return `{${parts.join(',')}}${self}${bound}`;
  }
}

/** Enough for a page of hundreds of components; a program that interprets programs needs more than anybody waits for. */
export const mostStepsPerEntry = 60_000;

/** What everything that interprets shares: sources, library models, summaries, gaps, limits. */
export class Machine {
  readonly source: SourceFiles;
  readonly database: DatabaseModel | undefined;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly summaries = new Map<string, Summary>();
  readonly gaps: Gap[] = [];
  readonly reachedSites = new Set<string>();
  /** Functions that anything ran, for what runs those that nothing else did. */
  readonly interpreted = new Set<FunctionCode>();
  readonly active: FunctionCode[] = [];
  /** How often each function was interpreted for the entry point that is being run. */
  #interpretations = new Map<FunctionCode, number>();
  readonly moduleFrames = new Map<string, Frame>();
  /** Files whose statements are being run, the innermost last. */
  readonly loading: string[] = [];
  /** Row variables by name. */
  readonly rows = new Map<string, RowVariable>();
  /** Row variables that stand for one certain row of another's rows. */
  readonly copies = new Map<string, string>();
  /** What library models keep for the whole run. */
  readonly memory = new Map<string, unknown>();
  /** What stores of the request hold while work runs inside them (AsyncLocalStorage), and a text for it. */
  stores: ReadonlyMap<string, Value> = new Map();
  storesKey = '';
  /** What caches answer with while a function that fills one itself runs again, and how often any was asked. */
  kept: Kept = new Map();
  lookUps = 0;
  /** Entry points that were found while interpreting. */
  readonly foundEntries = new Map<string, EntryPoint>();
  steps = 0;
  /** The number of steps at which the entry point that is being run is given up. */
  limit: number;
  readonly mostSteps: number;
  /** What the user declared of the app's functions. */
  readonly declarations: Declarations;
  readonly usedDeclarations = new Set<DeclaredFunction>();
  /** Guards whose result does not tell when they refuse. */
  readonly unclearDeclarations = new Set<DeclaredFunction>();
  /** The oldest frame of a function whose variables were changed from inside another one, since a summary was begun. */
  oldestChanged = Infinity;
  #nextRow = 1;
  readonly #gapKeys = new Set<string>();

  constructor(
    source: SourceFiles,
    database: DatabaseModel | undefined,
    handlers: ReadonlyMap<string, Handler>,
    declarations: Declarations = noDeclarations,
    mostSteps = 6_000_000,
  ) {
    this.declarations = declarations;
    this.source = source;
    this.database = database;
    this.handlers = handlers;
    this.mostSteps = mostSteps;
    this.limit = mostSteps;
  }

  /** Runs an entry point: it may take so many steps, whatever others around it took. */
  withinEntry<T>(work: () => T): T {
    const outer = { limit: this.limit, steps: this.steps, interpretations: this.#interpretations };
    this.limit = Math.min(this.mostSteps, this.steps + mostStepsPerEntry);
    this.#interpretations = new Map();
    const result = work();
    this.limit = Math.min(this.mostSteps, outer.limit + (this.steps - outer.steps));
    this.#interpretations = outer.interpretations;
    return result;
  }

  /** One more interpretation of a function for the entry point; gives their number. */
  countInterpretation(code: FunctionCode): number {
    const times = (this.#interpretations.get(code) ?? 0) + 1;
    this.#interpretations.set(code, times);
    return times;
  }

  place(frame: Frame, at: number, end?: number): Place {
    const line = lineOf(frame.module, at);
    const endLine = end === undefined ? line : lineOf(frame.module, end);
    return endLine > line ? { file: frame.module.file, line, endLine } : { file: frame.module.file, line };
  }

  /** The source line of an offset, for steps and labels. */
  code(frame: Frame, at: number): string {
    return codeOf(frame.module, lineOf(frame.module, at));
  }

  opaque(frame: Frame, at: number, reason: string): Value {
    return opaque(reason, this.place(frame, at), at);
  }

  newRow(table: string, where: Predicate): RowVariable {
    const row = { name: `${table}#${this.#nextRow++}`, table, where };
    this.rows.set(row.name, row);
    return row;
  }

  /** The same rows under a new name. */
  copyRow(original: RowVariable): RowVariable {
    const row = this.newRow(original.table, original.where);
    this.copies.set(row.name, this.copies.get(original.name) ?? original.name);
    return row;
  }

  gap(reason: string, place: Place, settles = 1): void {
    const key = `${place.file}:${place.line}:${reason}`;
    if (this.#gapKeys.has(key)) return;
    this.#gapKeys.add(key);
    this.gaps.push({ reason, file: place.file, line: place.line, settles });
  }

  emit(frame: Frame, event: EventDraft): void {
    frame.effects.push({ kind: 'event', facts: frame.facts, event });
  }

  /** A variable of a function around, or of the one that made a callback, was changed. */
  noteChange(holder: Frame): void {
    if (holder.code !== undefined) this.oldestChanged = Math.min(this.oldestChanged, holder.id);
  }

  /** Names the place where a value from outside enters, for the first step of a path. */
  noteSource(frame: Frame, term: Term, at: number): void {
    frame.effects.push({ kind: 'source', term, place: this.place(frame, at), code: this.code(frame, at) });
  }

  /** Sets what a store holds from here on, or empties it. */
  setStores(stores: ReadonlyMap<string, Value>): void {
    this.stores = stores;
    this.storesKey = [...stores].map(([name, value]) => `${name}=${valueKey(value)}`).join(';');
  }

  /** Something kept for the whole run under a name, made on first use. */
  remember<T>(name: string, make: () => T): T {
    if (!this.memory.has(name)) this.memory.set(name, make());
    return this.memory.get(name) as T;
  }
}
