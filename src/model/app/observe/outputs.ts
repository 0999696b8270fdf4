import type { EntryPoint } from '../../../core/path.ts';
import type { ObserveInput } from '../events.ts';
import type { Observation } from '../types.ts';
import { atoms, partsOf, type Value } from '../value.ts';

type Output = Extract<Observation, { kind: 'output' }>;

/** Which columns of which tables leave the server: in answers, results of actions, and props of client components. */
export function observeOutputs(input: ObserveInput): readonly Output[] {
  return input.events.flatMap(event => {
    if (event.kind === 'client-props') return toOutputs(columnsIn(event.props), 'client-component');
    if (event.kind === 'return')
      return toOutputs(sentParts(event.value).flatMap(columnsIn), destination(event.entryPoint));
    return [];

    function toOutputs(uses: readonly SentColumns[], to: Output['to']): readonly Output[] {
      return [...columnsByTable(uses, input)].map(([table, columns]) => ({
        kind: 'output',
        place: event.place,
        entryPoint: event.entryPoint.name,
        table,
        columns,
        to,
      }));
    }
  });
}

function destination(entryPoint: EntryPoint): Output['to'] {
  return entryPoint.kind === 'server-action' ? 'action-result' : 'answer';
}

/** Props of server components stay on the server; what such a component renders is in its content. */
function sentParts(value: Value): readonly Value[] {
  if (value.kind === 'element') {
    return [...(value.client || value.file === undefined ? [value.props] : []), ...value.content].flatMap(sentParts);
  }
  if (value.kind === 'array') return value.items.flatMap(sentParts);
  if (value.kind === 'choice') return value.alternatives.flatMap(alternative => sentParts(alternative.value));
  if (value.kind === 'promise') return sentParts(value.value);
  if (value.kind === 'list' && value.element.kind === 'element') return sentParts(value.element);
  if (value.kind === 'object' && [...value.fields.values()].some(isElement)) {
    return [...value.fields.values(), ...value.spread].flatMap(sentParts);
  }
  return [value];
}

/** Columns of a row that a value holds; absent means all. */
interface SentColumns {
  readonly row: string;
  readonly columns: readonly string[] | undefined;
}

/** A row that was taken apart (`{ secret, ...rest }`) says by its fields what is left of it. */
function columnsIn(value: Value): readonly SentColumns[] {
  const found: SentColumns[] = [];
  const seen = new Set<Value>();
  look(value);
  return found;

  function look(inner: Value): void {
    if (seen.has(inner) || isRemote(inner)) return;
    seen.add(inner);
    if (inner.kind === 'row' && inner.fields === undefined) found.push({ row: inner.row.name, columns: inner.columns });
    if (inner.kind === 'row') for (const field of inner.fields?.values() ?? []) add(field);
    add(inner);
    for (const part of partsOf(inner)) look(part.value);
  }

  function add(part: Value): void {
    if (part.kind !== 'term' || isRemote(part)) return;
    for (const term of atoms(part.term)) {
      if (term.kind === 'column') found.push({ row: term.row, columns: [term.column] });
    }
  }
}

/** What another server answered: it was told secrets so that it knows who asks, and does not tell them back. */
function isRemote(value: Value): boolean {
  if (value.kind === 'external') return remote.test(`${value.library ?? ''} ${value.path}`);
  return value.kind === 'term' && value.term.kind === 'call' && remote.test(` ${value.term.name}`);
}

const remote = /^(?:\S*) (?:fetch|\$fetch|ofetch|ky|got)\b|^(?:axios|node-fetch|undici|ky|got|ofetch) /;

function isElement(value: Value): boolean {
  return (
    value.kind === 'element' || value.kind === 'array' || (value.kind === 'list' && value.element.kind === 'element')
  );
}

/** Absent columns mean all of them, and swallow single ones. */
function columnsByTable(
  uses: readonly SentColumns[],
  { rows }: ObserveInput,
): ReadonlyMap<string, readonly string[] | undefined> {
  const found = new Map<string, readonly string[] | undefined>();
  for (const use of uses) {
    const table = rows.get(use.row)?.table;
    if (table === undefined || use.columns?.length === 0) continue;
    const known = found.has(table) ? found.get(table) : [];
    found.set(
      table,
      known === undefined || use.columns === undefined
        ? undefined
        : [...new Set([...known, ...use.columns])].toSorted(),
    );
  }
  return found;
}
