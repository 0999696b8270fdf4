import type { Binding, Expression, FunctionCode, ModuleCode, Pattern, Statement } from '../../collect/source/ir.ts';
import { lookup, moduleFrame } from './expressions.ts';
import { FunctionClosure, type Machine } from './machine.ts';
import type { Value } from './value.ts';

/**
 * Functions that only report: whatever they are given, they read no data, answer nobody, refuse nothing and change
 * nothing outside themselves. A call of one whose result nobody uses (`logger.info(…)`) needs no interpreting. Shown by
 * what the code says and by what it can reach: names around it, `this`, and its arguments.
 */
export function isQuiet(
  machine: Machine,
  closure: FunctionClosure,
  values: readonly Value[],
  self: Value | undefined,
): boolean {
  const look = new Look(
    machine,
    machine.remember('quiet functions', () => new Map<FunctionClosure, Loudness>()),
  );
  return (
    look.isQuietFunction(closure) &&
    (self === undefined || look.isHarmless(self, 'called')) &&
    values.every(value => look.isHarmless(value, 'given'))
  );
}

/** `asking`: quiet, but for what its arguments do when it calls them, or methods of theirs that not every value has. */
type Loudness = 'quiet' | 'asking' | 'loud';

/** Whether quiet code calls methods of a value, or only looks at it and hands it on. */
type Handling = 'called' | 'given';

/** What a function's code does, functions inside it included. */
interface Deeds {
  /** It may throw, changes something that is not its own, or does what is not looked into. */
  readonly loud: boolean;
  /** It calls its own variables, or methods of theirs that not every value has. */
  readonly asks: boolean;
  /** Names from around it, and whether it calls them. What it only reads a field of is not among them. */
  readonly outer: ReadonlyMap<Binding, Handling>;
  /** Modules that it loads when it runs. */
  readonly required: ReadonlySet<string>;
}

const deedsOf = new WeakMap<FunctionCode, Deeds>();

/** Objects of the language that reach nothing. */
const harmlessGlobals =
  /^(?:console|JSON|Object|Array|Math|Number|String|Boolean|BigInt|Symbol|Date|Intl|RegExp|Map|Set|WeakMap|WeakSet|Error|TypeError|RangeError|AggregateError|URL|URLSearchParams|Buffer|TextEncoder|TextDecoder|Uint8Array|performance|structuredClone|parseInt|parseFloat|isNaN|isFinite|encodeURIComponent|decodeURIComponent|undefined|NaN|Infinity|globalThis|window|document|process|Promise|__dirname|__filename|queueMicrotask|setTimeout|clearTimeout)$/;

/** Libraries that carry messages to those who run the app, or only compute. */
const harmlessLibraries =
  /^(?:pino(?:-.*)?|winston|@axiomhq\/.*|next-axiom|@sentry\/.*|@opentelemetry\/.*|@logtail\/.*|@highlight-run\/.*|dd-trace|@datadog\/.*|tslog|consola|debug|loglevel|signale|bunyan|log4js|roarr|evlog|@logtape\/.*|chalk|picocolors|kleur|ansi-colors|crypto|util|os|path|url|perf_hooks|async_hooks|uuid|nanoid|date-fns(?:\/.*)?|dayjs|luxon|lodash(?:\/.*|\..*)?|ms|serialize-error|safe-stable-stringify|fast-safe-stringify|superjson)$/;

/** Whether a call of a library or the platform carries nothing further than to those who run the app, and to its result. */
export function onlyReports(library: string | undefined, path: string): boolean {
  return library === undefined ? harmlessGlobals.test(path.split(/[.[(]/)[0] ?? '') : harmlessLibraries.test(library);
}

/** Methods of texts, numbers, lists and errors: whatever has another of that name does not matter here. */
const ofValues =
  /^(?:toString|toISOString|toJSON|valueOf|getTime|toFixed|trim|trimStart|trimEnd|toLowerCase|toUpperCase|replace|replaceAll|split|slice|substring|substr|padStart|padEnd|repeat|charAt|charCodeAt|at|startsWith|endsWith|includes|indexOf|lastIndexOf|match|matchAll|test|concat|join|map|filter|flatMap|flat|reduce|some|every|findIndex|forEach|entries|keys|values|hasOwnProperty|localeCompare|then|catch|finally)$/;

/** Methods by which an object that came from a database writes itself. */
const ofRecords = /^(?:save|update|destroy|remove|reload|restore|increment|decrement)$/;

/** Methods that change what they are called on. */
const mutators = /^(?:push|unshift|pop|shift|splice|set|add|delete|append|clear|sort|reverse|fill)$/;

const deepest = 8;

class Look {
  readonly #machine: Machine;
  readonly #known: Map<FunctionClosure, Loudness>;
  readonly #seen = new Set<Value>();
  #asks = false;

  constructor(machine: Machine, known: Map<FunctionClosure, Loudness>) {
    this.#machine = machine;
    this.#known = known;
  }

  isQuietFunction(closure: FunctionClosure, depth = 0): boolean {
    const known = this.#known.get(closure);
    if (known !== undefined) {
      this.#asks ||= known === 'asking';
      return known !== 'loud';
    }
    // One that calls itself is as quiet as the rest of it.
    this.#known.set(closure, 'quiet');
    const { loud, asks, outer, required } = deeds(closure.code);
    this.#asks ||= asks;
    const quiet =
      !loud &&
      [...required].every(specifier => this.#isHarmlessModule(closure.frame.module, specifier, depth + 1)) &&
      this.#areHarmless(closure, outer, depth + 1) &&
      (!closure.code.isArrow ||
        !closure.code.usesThis ||
        this.isHarmless(closure.frame.thisValue, 'called', depth + 1)) &&
      closure.bound.every(value => this.isHarmless(value, 'given', depth + 1));
    this.#known.set(closure, quiet ? (this.#asks ? 'asking' : 'quiet') : 'loud');
    return quiet;
  }

  /** What it calls first: that says what may be done with the rest. */
  #areHarmless(closure: FunctionClosure, outer: ReadonlyMap<Binding, Handling>, depth: number): boolean {
    const order: readonly Handling[] = ['called', 'given'];
    return order.every(handling =>
      [...outer].every(
        ([binding, how]) =>
          how !== handling || this.isHarmless(lookup(this.#machine, closure.frame, binding), handling, depth),
      ),
    );
  }

  #isHarmlessModule(from: ModuleCode, specifier: string, depth: number): boolean {
    const resolution = this.#machine.source.resolve(from.file, specifier);
    if (resolution.kind !== 'file') return harmlessLibraries.test(specifier.replace(/^node:/, ''));
    const module = this.#machine.source.module(resolution.file);
    if (module === undefined) return false;
    const frame = moduleFrame(this.#machine, module);
    return module.functions
      .filter(code => code.parent === undefined)
      .every(code => this.isQuietFunction(new FunctionClosure(code, frame), depth));
  }

  /** Whether nothing that is done with the value, by code that is quiet itself, does more than compute. */
  isHarmless(value: Value, handling: Handling, depth = 0): boolean {
    if (depth > deepest) return false;
    if (this.#seen.has(value)) return true;
    const harmless = this.#isHarmless(value, handling, depth);
    if (harmless && handling === 'called') this.#seen.add(value);
    return harmless;
  }

  #isHarmless(value: Value, handling: Handling, depth: number): boolean {
    const inside = (inner: Value): boolean => this.isHarmless(inner, handling, depth + 1);
    switch (value.kind) {
      case 'function':
        return this.isQuietFunction(value.closure as FunctionClosure, depth);
      case 'external':
        if (value.library === undefined && harmlessGlobals.test(value.path.split('.')[0] ?? '')) return true;
        return harmlessLibraries.test(value.library ?? '') || (handling === 'given' && !this.#asks);
      case 'native':
        return /^(?:Map|Set|length)$/.test(value.native.name) || (handling === 'given' && !this.#asks);
      case 'object':
        return [...value.fields.values(), ...value.spread].every(inside);
      case 'array':
        return value.items.every(inside);
      case 'list':
        return inside(value.element);
      case 'choice':
        return value.alternatives.every(alternative => inside(alternative.value));
      case 'promise':
        return inside(value.value);
      case 'response':
        return handling === 'given';
      case 'term':
      case 'constant':
      case 'row':
      case 'test':
        return true;
      default:
        return false;
    }
  }
}

function deeds(code: FunctionCode): Deeds {
  const known = deedsOf.get(code);
  if (known !== undefined) return known;
  const walk = new Walk(code);
  walk.all([...code.parameters, code.rest, code.body]);
  const loud = code.assignsOuter || code.isGenerator || code.directive !== undefined || walk.loud;
  const made = { loud, asks: walk.asks, outer: walk.outer, required: walk.required };
  deedsOf.set(code, made);
  return made;
}

type Node = Expression | Pattern | Extract<Statement, { kind: 'declare' | 'throw' }>;

/** Goes through everything written in a function. */
class Walk {
  loud = false;
  asks = false;
  readonly outer = new Map<Binding, Handling>();
  readonly required = new Set<string>();
  readonly #code: FunctionCode;
  /** Variables that hold an array which the function made itself. */
  readonly #lists = new Set<Binding>();
  /** Names of what it loads where it needs it: the whole module is looked at. */
  readonly #loaded: Pattern[] = [];

  constructor(code: FunctionCode) {
    this.#code = code;
  }

  all(part: unknown): void {
    if (this.loud || typeof part !== 'object' || part === null) return;
    if (Array.isArray(part)) {
      for (const item of part) this.all(item);
      return;
    }
    if ('kind' in part && this.#one(part as Node)) return;
    // Statements, expressions, patterns, and the small records between them: a `case`, an argument, a property.
    for (const [name, inner] of Object.entries(part)) if (name !== 'binding' && name !== 'code') this.all(inner);
  }

  /** Notes what a node does; true when what is inside it was seen to. */
  #one(node: Node): boolean {
    switch (node.kind) {
      case 'declare':
        if (node.pattern.kind === 'name' && !node.pattern.binding.reassigned && makesArray(node.init))
          this.#lists.add(node.pattern.binding);
        if (node.init?.kind === 'import') this.#loaded.push(node.pattern);
        return false;
      case 'throw':
      case 'class':
      case 'element':
      case 'unknown':
        this.loud = true;
        return true;
      case 'import':
        this.required.add(node.specifier);
        return true;
      case 'name':
        this.#note(node.binding, 'given');
        return true;
      case 'function':
        this.all([...node.code.parameters, node.code.rest, node.code.body]);
        this.loud ||= node.code.directive !== undefined;
        return true;
      case 'global':
        this.loud ||= !harmlessGlobals.test(node.name);
        return true;
      case 'member':
        this.loud ||= node.property === 'exit' || node.property === 'abort';
        return node.object.kind === 'name';
      case 'index':
        this.all(node.index);
        if (node.object.kind !== 'name') this.all(node.object);
        return true;
      case 'target':
        this.loud ||= !this.#isOwn(node.expression);
        return false;
      case 'call':
        return this.#call(node);
      default:
        return false;
    }
  }

  #note(binding: Binding, handling: Handling): void {
    if (this.#loaded.some(pattern => binds(pattern, binding))) return;
    if (isWithin(binding.owner, this.#code)) this.asks ||= handling === 'called';
    else if (this.outer.get(binding) !== 'called') this.outer.set(binding, handling);
  }

  #call({ callee, arguments: items }: Extract<Expression, { kind: 'call' }>): boolean {
    const [first] = items;
    if (callee.kind === 'global' && callee.name === 'require' && first?.value.kind === 'constant') {
      this.required.add(String(first.value.value));
      return true;
    }
    if (callee.kind === 'name') this.#note(callee.binding, 'called');
    if (callee.kind !== 'member') return false;
    const { property, object } = callee;
    this.loud ||=
      (ofRecords.test(property) && object.kind === 'name') ||
      property === 'exit' ||
      (mutators.test(property) && !this.#isOwn(object));
    let root = object;
    while (root.kind === 'member') root = root.object;
    const isFilled = object.kind === 'name' && this.#lists.has(object.binding) && mutators.test(property);
    if (!ofValues.test(property) && !isFilled && root.kind === 'name') this.#note(root.binding, 'called');
    this.all(object);
    this.all(items);
    return true;
  }

  /** A variable that the function made itself, or something in one: not what it was given. */
  #isOwn(expression: Expression): boolean {
    let root = expression;
    while (root.kind === 'member' || root.kind === 'index') root = root.object;
    if (root.kind !== 'name' || root.binding.owner === undefined)
      return root.kind === 'array' || root.kind === 'object';
    return isWithin(root.binding.owner, this.#code) && !isParameter(root.binding, root.binding.owner);
  }
}

/** `[]`, and what comes out of an array that is written there: `[...given].map(redact)`. */
function makesArray(init: Expression | undefined): boolean {
  if (init?.kind === 'array') return true;
  return (
    init?.kind === 'call' &&
    init.callee.kind === 'member' &&
    /^(?:map|filter|slice|concat|flat|flatMap)$/.test(init.callee.property) &&
    makesArray(init.callee.object)
  );
}

function isWithin(owner: FunctionCode | undefined, code: FunctionCode): boolean {
  for (let current = owner; current !== undefined; current = current.parent) if (current === code) return true;
  return false;
}

function isParameter(binding: Binding, { parameters, rest }: FunctionCode): boolean {
  return [...parameters, rest].some(pattern => pattern !== undefined && binds(pattern, binding));
}

function binds(pattern: Pattern, binding: Binding): boolean {
  switch (pattern.kind) {
    case 'name':
      return pattern.binding === binding;
    case 'default':
      return binds(pattern.pattern, binding);
    case 'object':
      return (
        pattern.properties.some(property => binds(property.value, binding)) ||
        (pattern.rest !== undefined && binds(pattern.rest, binding))
      );
    case 'array':
      return [...pattern.items, pattern.rest].some(item => item !== undefined && binds(item, binding));
    case 'target':
      return false;
  }
}
