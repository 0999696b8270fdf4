import { and, equals, type RowVariable, type Term } from '../../../../core/predicate.ts';
import { isProof } from '../../../../logic/credentials.ts';
import { equalitiesOf } from '../../../../logic/equalities.ts';
import { rowFact } from '../../facts.ts';
import { callTerm } from '../../keys.ts';
import type { Call, Machine } from '../../machine.ts';
import { choose, termOf } from '../../operations.ts';
import { atoms, fieldOf, nullValue, undefinedValue, type Value } from '../../value.ts';
import { claimsValue, sessionOrNull } from '../identity/principal.ts';
import { analyticsSinks } from './analytics.ts';
import { assistantSinks, cacheSinks } from './caches.ts';
import { identitySinks } from './identity.ts';
import { jobSinks } from './jobs.ts';
import type { Choice, ServiceSink } from './service.ts';
import { storageSinks } from './storage.ts';

const sinks: readonly ServiceSink[] = [
  ...storageSinks,
  ...jobSinks,
  ...identitySinks,
  ...analyticsSinks,
  ...cacheSinks,
  ...assistantSinks,
];

const byLibrary = new Map<string, readonly ServiceSink[]>();
for (const sink of sinks) byLibrary.set(sink.library, [...(byLibrary.get(sink.library) ?? []), sink]);

/** What a call of a service gives: the answer where it is known, else what whatever it gives has inside. */
interface ServiceAnswer {
  readonly answer: Value | undefined;
  readonly inside: readonly Value[];
}

const nothingKnown: ServiceAnswer = { answer: undefined, inside: [] };

/**
 * A call of a service that keeps tenants' data, as a query on what it keeps. What it gives is the row, or holds it (a
 * command that is still to be sent, an address that is signed): where that goes, the row goes. Nothing is known when the
 * call is none of those, or when what chooses is fixed by the app.
 */
export function serviceQuery(call: Call, library: string, callee: string): ServiceAnswer {
  const sink = sinkFor(library, callee);
  if (sink?.onlyWith !== undefined && !isSet(call, sink.onlyWith)) return nothingKnown;
  if (sink === undefined) return { answer: callee.endsWith('.send') ? sentCommand(call) : undefined, inside: [] };
  const { machine, frame } = call;
  const chosen = sink.chosenBy.flatMap(choice => chosenTerms(call, choice));
  const place = machine.place(frame, call.at, call.end);
  const telling = chosen.flatMap(({ term }) => atoms(term)).filter(isTelling);
  if (telling.length === 0) {
    if (chosen.some(({ term }) => atoms(term).some(atom => atom.kind === 'opaque')))
      machine.gap(`What chooses the data in the call of '${callee}' was not followed.`, place);
    return nothingKnown;
  }
  const fresh = machine.newRow(sink.table, { kind: 'true' });
  const where = and(chosen.map(({ column, term }) => equals({ kind: 'column', row: fresh.name, column }, term)));
  const row: RowVariable = { ...fresh, where };
  machine.rows.set(row.name, row);
  frame.effects.push({
    kind: 'query',
    facts: frame.facts,
    draft: {
      row,
      operation: sink.operation,
      values: [],
      valuesOpen: false,
      columns: sink.answers === undefined ? [] : undefined,
      joined: [],
      calls: undefined,
      service: {
        name: library,
        sources: sourcesOf(
          machine,
          chosen.map(({ term }) => term),
        ),
      },
      client: { kind: library, role: 'owner', settings: [], place },
      place,
    },
  });
  if (sink.copies === true) machine.emit(frame, { kind: 'return', value: keptRow(row), place });
  if (
    sink.keepsSessions === true &&
    chosen.some(({ term }) => isProof(term) || isHandle(term) || isOfProvenRow(machine, term))
  )
    return { answer: { kind: 'promise', value: sessionOrNull(call, claimsValue()), facts: [] }, inside: [] };
  if (sink.answers !== undefined) return { answer: answerOf(sink, row, call), inside: [] };
  return { answer: undefined, inside: sink.operation === 'read' ? [keptRow(row)] : [] };
}

function isSet(call: Call, { argument, field }: NonNullable<ServiceSink['onlyWith']>): boolean {
  const given = call.arguments[argument];
  const option = given === undefined ? undefined : fieldOf(given, field);
  return option !== undefined && !(option.kind === 'constant' && option.value !== true);
}

/** What a token of the server's own names that is neither a person nor a tenant: the session that it keeps elsewhere. */
function isHandle(term: Term): boolean {
  if (term.kind === 'principal')
    return /^(?:token|session)\.\w*(?:auth|session|sid|key|jti|ticket|handle)\w*$/i.test(term.attribute);
  return term.kind === 'call' && term.name === 'concat' && term.arguments.some(isHandle);
}

/** Kept under the name of a row that was found by a secret which the caller was given: the server put it there for them. */
function isOfProvenRow(machine: Machine, term: Term): boolean {
  if (term.kind === 'call') return term.name === 'concat' && term.arguments.some(part => isOfProvenRow(machine, part));
  const row = term.kind === 'column' ? machine.rows.get(term.row) : undefined;
  if (row === undefined) return false;
  const isOwn = (side: Term): boolean =>
    side.kind === 'column' && side.row === row.name && /token|secret|code|hash|otp|(?:^|_)key$/i.test(side.column);
  return equalitiesOf(row.where).some(
    ([left, right]) => (isOwn(left) && isProof(right)) || (isOwn(right) && isProof(left)),
  );
}

/** The row's own columns are not known: each field is one. */
function keptRow(row: RowVariable): Value {
  return { kind: 'row', row, fields: undefined, columns: undefined };
}

/** `client.send(new …Command(…))`: the answer is the row that the command asks for. */
function sentCommand(call: Call): Value | undefined {
  const [command] = call.arguments;
  if (command?.kind !== 'external' || command.path.endsWith(')')) return undefined;
  const asked = command.arguments.find(part => part.kind === 'row');
  if (asked?.kind !== 'row') return undefined;
  const place = call.machine.place(call.frame, call.at, call.end);
  return { kind: 'promise', value: asked, facts: [rowFact(asked.row, place, `'${asked.row.table}' was looked up`)] };
}

function sinkFor(library: string, callee: string): ServiceSink | undefined {
  const root = library
    .split('/')
    .slice(0, library.startsWith('@') ? 2 : 1)
    .join('/');
  return byLibrary.get(root)?.find(sink => sink.callee.test(callee));
}

function isTelling(term: Term): boolean {
  return term.kind === 'client' || term.kind === 'tool-argument' || term.kind === 'column' || term.kind === 'principal';
}

/** Not there is an answer too. */
function answerOf(sink: ServiceSink, row: RowVariable, call: Call): Value {
  const place = call.machine.place(call.frame, call.at, call.end);
  const element = keptRow(row);
  const found = rowFact(row, place, `'${sink.table}' was looked up`);
  const value: Value =
    sink.answers === 'many'
      ? { kind: 'list', element, rows: row, facts: [] }
      : choose([
          { value: element, facts: [found] },
          { value: sink.nothing === 'null' ? nullValue : undefinedValue, facts: [] },
        ]);
  return { kind: 'promise', value, facts: [] };
}

/** The rows whose columns choose, as they were found. */
function sourcesOf(machine: Machine, terms: readonly Term[]): readonly RowVariable[] {
  const names = new Set(terms.flatMap(atoms).flatMap(atom => (atom.kind === 'column' ? [atom.row] : [])));
  return [...names].flatMap(name => {
    const row = machine.rows.get(name);
    return row === undefined ? [] : [row];
  });
}

/** What chooses, by column; nothing when the call does not say. */
function chosenTerms(call: Call, choice: Choice): readonly { readonly column: string; readonly term: Term }[] {
  const given = call.arguments[choice.argument];
  if (given === undefined) return [];
  const path = choice.field?.split('.') ?? [];
  if (path.at(-1) === '*') {
    return step(given, path.slice(0, -1), false)
      .flatMap(fieldsOf)
      .map(([column, value]) => ({ column, term: termOf(value) }));
  }
  const terms = step(given, path, true)
    .filter(value => !(value.kind === 'constant' && (value.value ?? undefined) === undefined))
    .map(termOf);
  const [only] = terms;
  const term = terms.length > 1 ? callTerm('each', terms) : only;
  return term === undefined ? [] : [{ column: choice.column, term }];
}

/** An argument that is itself what chooses; an object of options is not. */
function scalarsOf(value: Value): readonly Value[] {
  if (value.kind === 'object' || value.kind === 'function') return [];
  return value.kind === 'array' ? value.items : [value];
}

function step(value: Value, path: readonly string[], scalar: boolean): readonly Value[] {
  const [name, ...rest] = path;
  if (name === undefined) return scalar ? scalarsOf(value) : [value];
  if (value.kind === 'choice') return value.alternatives.flatMap(alternative => step(alternative.value, path, scalar));
  if (value.kind === 'promise') return step(value.value, path, scalar);
  if (name === '[]') {
    if (value.kind === 'array') return value.items.flatMap(item => step(item, rest, scalar));
    return value.kind === 'list' ? step(value.element, rest, scalar) : whole(value);
  }
  const inner = fieldOf(value, name);
  return inner === undefined ? whole(value) : step(inner, rest, scalar);
}

/** Whoever hands over a whole object from outside chooses every field of it. */
function whole(value: Value): readonly Value[] {
  return value.kind === 'term' && value.term.kind !== 'constant' ? [value] : [];
}

function fieldsOf(value: Value): readonly (readonly [string, Value])[] {
  if (value.kind !== 'object') return whole(value).map(given => ['any', given]);
  return [...value.fields, ...value.spread.flatMap(fieldsOf)];
}
