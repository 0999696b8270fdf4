import type { Predicate, RowVariable, Term } from '../../core/predicate.ts';
import type { FunctionCode } from '../../collect/source/ir.ts';
import { makeNotes } from '../../core/notes.ts';
import type { Fact } from './types.ts';
import type { Value } from './value.ts';

const keyNotes = makeNotes<string>();
const sizeNotes = makeNotes<number>();
let nextElement = 1;

const largestTerm = 24;

function termSize(term: Term): number {
  if (term.kind !== 'call') return 1;
  const cached = sizeNotes.of(term);
  if (cached !== undefined) return cached;
  return sizeNotes.keep(
    term,
    term.arguments.reduce((sum, argument) => sum + termSize(argument), 1),
  );
}

/** A pure function of terms. A very big one keeps only what it was computed from. */
export function callTerm(name: string, values: readonly Term[]): Term {
  const term: Term = { kind: 'call', name, arguments: values };
  if (termSize(term) <= largestTerm) return term;
  const atoms = new Map<string, Term>();
  const collect = (inner: Term): void => {
    if (atoms.size >= 8) return;
    if (inner.kind === 'call') inner.arguments.forEach(collect);
    else if (inner.kind !== 'constant') atoms.set(termKey(inner), inner);
  };
  values.forEach(collect);
  return { kind: 'call', name, arguments: [...atoms.values()] };
}

const interned = new Map<string, string>();

/** A short name for a text: keys of nested values would grow without it. Equal texts have equal names within one process. */
function intern(text: string, mark: string): string {
  if (text.length < 24) return text;
  const known = interned.get(text);
  if (known !== undefined) return known;
  const name = `${mark}${interned.size.toString(36)}`;
  interned.set(text, name);
  return name;
}

/** A text that is equal exactly for equal terms. */
export function termKey(term: Term): string {
  return keyNotes.of(term) ?? keyNotes.keep(term, writeTerm(term));
}

function writeTerm(term: Term): string {
  switch (term.kind) {
    case 'column':
      return `${term.row}.${term.column}`;
    case 'principal':
      return `principal:${term.attribute}`;
    case 'client':
    case 'tool-argument':
    case 'event':
      return `${term.kind}:${term.path}`;
    case 'setting':
    case 'environment':
      return `${term.kind}:${term.name}`;
    case 'constant':
      return JSON.stringify(term.value);
    case 'call':
      return `${term.name}(${term.arguments.map(termKey).join(',')})`;
    case 'opaque':
      return `opaque:${term.id}`;
  }
}

/** A text that is equal exactly for equal predicates. */
export function predicateKey(predicate: Predicate): string {
  return keyNotes.of(predicate) ?? keyNotes.keep(predicate, intern(writePredicate(predicate, predicateKey), '~'));
}

/** The predicate in full, with the names of its rows. */
export function predicateText(predicate: Predicate): string {
  return writePredicate(predicate, predicateText);
}

/** How many comparisons a predicate has. */
export function predicateSize(predicate: Predicate): number {
  const cached = sizeNotes.of(predicate);
  if (cached !== undefined) return cached;
  let size = 1;
  if (predicate.kind === 'and' || predicate.kind === 'or')
    size = predicate.operands.reduce((sum, operand) => sum + predicateSize(operand), 0);
  else if (predicate.kind === 'not' || predicate.kind === 'maybe-absent') size = predicateSize(predicate.operand);
  else if (predicate.kind === 'exists') size = 1 + predicateSize(predicate.row.where);
  return sizeNotes.keep(predicate, size);
}

function writePredicate(predicate: Predicate, inner: (predicate: Predicate) => string): string {
  switch (predicate.kind) {
    case 'true':
    case 'false':
      return predicate.kind;
    case 'compare':
      return `(${termKey(predicate.left)}${predicate.operator}${termKey(predicate.right)})`;
    case 'is-null':
      return `null(${termKey(predicate.term)})`;
    case 'and':
    case 'or':
      return `${predicate.kind}[${predicate.operands.map(inner).join(',')}]`;
    case 'not':
      return `not(${inner(predicate.operand)})`;
    case 'exists':
      return `exists(${predicate.row.name}:${predicate.row.table}${inner(predicate.row.where)})`;
    case 'maybe-absent':
      return `maybe(${inner(predicate.operand)})`;
    case 'opaque':
      return `opaque(${predicate.reason})`;
  }
}

/** A text for a row variable: its name, table and what is known of it. */
export function rowKey(row: RowVariable): string {
  return `${row.name}:${row.table}${predicateKey(row.where)}`;
}

/** What a fact says: one and the same object for all facts that say the same with the same strength. */
export interface Saying {
  readonly key: string;
  /** The last list in which it was met, for whoever lists each once: sets of long lists would be made by the million. */
  listed: number;
}

const sayings = new Map<string, Saying>();
const sayingNotes = makeNotes<Saying>();

/** What the fact says. */
export function sayingOf(fact: Fact): Saying {
  return sayingNotes.of(fact) ?? sayingNotes.keep(fact, findSaying(writeFact(fact)));
}

function findSaying(text: string): Saying {
  const known = sayings.get(text);
  if (known !== undefined) return known;
  const made = { key: intern(text, '!'), listed: 0 };
  sayings.set(text, made);
  return made;
}

let lists = 0;

function mark(fact: Fact): void {
  sayingOf(fact).listed = lists;
}

/** Marks what the facts say as being listed, until the next list, and gives the mark. */
export function listFacts(facts: readonly Fact[]): number {
  lists += 1;
  facts.forEach(mark);
  return lists;
}

/** A text that is equal for facts that say the same with the same strength. */
export function factKey(fact: Fact): string {
  return sayingOf(fact).key;
}

function writeFact(fact: Fact): string {
  const holds = fact.holds;
  let key: string;
  switch (holds.kind) {
    case 'row':
      key = `row ${rowKey(holds.row)}`;
      break;
    case 'condition':
      key = `if ${predicateKey(holds.condition)}`;
      break;
    case 'member':
      key = `member ${termKey(holds.tenant)}`;
      break;
    case 'role':
      key = `role ${holds.roles.join('|')} ${holds.tenant === undefined ? '' : termKey(holds.tenant)}`;
      break;
    case 'signed-in':
    case 'system':
      key = holds.kind;
  }
  const each = fact.each === undefined ? '' : `*${fact.each.join(',')}`;
  return `${key}!${fact.weakness ?? ''}${each}`;
}

/** A text for a list of facts. */
export function factsKey(facts: readonly Fact[]): string {
  if (facts.length === 0) return '';
  return keyNotes.of(facts) ?? keyNotes.keep(facts, intern(facts.map(factKey).join(';'), '&'));
}

/** What a function value has captured; the interpreter's own closure implements it. */
export interface Closure {
  readonly code: FunctionCode;
  /** A text for the captured values as they are now. */
  captureKey(depth: number): string;
}

/** A text that is equal for values that behave alike. Functions are named by their code and what they captured. */
export function valueKey(value: Value, depth = 0): string {
  const cached = keyNotes.of(value);
  if (cached !== undefined) return cached;
  const isStable = staysTheSame(value);
  if (depth > deepestUnstable && !isStable) return '…';
  const next = depth + 1;
  const inner = (part: Value): string => valueKey(part, next);
  let key: string;
  switch (value.kind) {
    case 'constant':
      key = value.value === undefined ? 'undefined' : JSON.stringify(value.value);
      break;
    case 'term':
      key = `<${termKey(value.term)}${value.maybeUndefined ? '?' : ''}${value.truthy === undefined ? '' : value.truthy ? '!' : '0'}${value.type ?? ''}>`;
      break;
    case 'row':
      key = `row ${rowKey(value.row)}{${fieldsKey(value.fields, inner)}}`;
      break;
    case 'list':
      key = `list ${value.rows === undefined ? '' : rowKey(value.rows)}[${inner(value.element)}]${factsKey(value.facts)}`;
      break;
    case 'object':
      key = `{${fieldsKey(value.fields, inner)}${value.spread.map(part => `...${inner(part)}`).join(',')}}`;
      break;
    case 'array':
      key = `[${value.items.map(inner).join(',')}]`;
      break;
    case 'choice':
      key = `(${value.alternatives.map(alternative => `${inner(alternative.value)}~${factsKey(alternative.facts)}`).join('|')})`;
      break;
    case 'promise':
      key = `promise ${inner(value.value)}~${factsKey(value.facts)}`;
      break;
    case 'test':
      key = `test ${factsKey(value.whenTrue)}/${factsKey(value.whenFalse)}`;
      break;
    case 'function': {
      const closure = value.closure as Closure;
      key = `fn${closure.code.id}${closure.captureKey(next)}`;
      break;
    }
    case 'external':
      key = `${value.library ?? ''}#${value.path}(${value.arguments.map(inner).join(',')})`;
      break;
    case 'native':
      key = value.native.key;
      break;
    case 'element':
      // Trees of elements are large and hardly ever equal: each is only itself.
      key = `<${value.component} ${nextElement++}>`;
      break;
    case 'response':
      key = `response ${value.status ?? ''} ${inner(value.headers)} ${inner(value.body)}`;
      break;
  }
  key = intern(key, '$');
  return isStable ? keyNotes.keep(value, key) : key;
}

/** What functions captured changes: keys of values with functions in them are written anew, and no deeper than this. */
const deepestUnstable = 7;
const stableNotes = makeNotes<boolean>();

/** Whether a value has the same key for ever, and so is worth keeping it. */
function staysTheSame(value: Value): boolean {
  switch (value.kind) {
    case 'constant':
    case 'term':
    case 'test':
    case 'element':
      return true;
    case 'function':
      return (value.closure as Closure).code.captures.size === 0;
    case 'native':
      // A client's key changes while statements set its role and settings.
      return Object.getOwnPropertyDescriptor(value.native, 'key')?.get === undefined;
    default:
      return stableNotes.of(value) ?? stableNotes.keep(value, partsOf(value).every(staysTheSame));
  }
}

function partsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'row':
      return [...(value.fields?.values() ?? [])];
    case 'list':
      return [value.element];
    case 'object':
      return [...value.fields.values(), ...value.spread];
    case 'array':
      return value.items;
    case 'choice':
      return value.alternatives.map(alternative => alternative.value);
    case 'promise':
      return [value.value];
    case 'external':
      return value.arguments;
    case 'response':
      return [value.headers, value.body];
    default:
      return [];
  }
}

function fieldsKey(fields: ReadonlyMap<string, Value> | undefined, inner: (value: Value) => string): string {
  if (fields === undefined) return '*';
  return [...fields].map(([name, field]) => `${name}:${inner(field)}`).join(',');
}
