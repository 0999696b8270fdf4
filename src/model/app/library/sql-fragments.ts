import type { Term } from '../../../core/predicate.ts';
import { mixedList } from '../expressions.ts';
import { valueKey } from '../keys.ts';
import { nativeValue, type Call, type NativeValue } from '../machine.ts';
import { alternativesOf } from '../operations.ts';
import type { Value } from '../value.ts';
import { runSql, type ClientState, type SqlText } from './queries.ts';

/** More ways to put one statement together than these are not followed one by one. */
const mostVariants = 8;

/** A piece of SQL that is spliced into another: every way it may read. */
export interface FragmentNative extends NativeValue {
  readonly variants: readonly SqlText[];
  readonly isFragment: true;
}

/** What runs a fragment that is awaited, and under which client. */
export interface Runner {
  readonly state: ClientState;
  /** What the library makes of the rows. */
  readonly result: (rows: Value, call: Call) => Value;
}

/** A fragment; with a runner it is a query that runs when it is awaited. */
export function fragmentValue(variants: readonly SqlText[], runner?: Runner): Value {
  const native: FragmentNative = {
    name: 'sql',
    key: `sql ${variants.map(({ text, values }) => `${text}|${values.map(value => valueKey(value)).join(',')}`).join(' or ')}`,
    isFragment: true,
    variants,
    ...(runner === undefined
      ? {}
      : {
          settle: (call: Call) => runVariants(call, variants, runner),
          method: (name: string, call: Call) => queryMethod(name, call, variants, runner),
        }),
  };
  return nativeValue(native);
}

function queryMethod(name: string, call: Call, variants: readonly SqlText[], runner: Runner): Value | undefined {
  switch (name) {
    case 'execute':
    case 'then':
    case 'catch':
    case 'finally':
      return { kind: 'promise', value: runVariants(call, variants, runner), facts: [] };
    case 'values':
    case 'simple':
    case 'raw':
    case 'readable':
    case 'describe':
      return fragmentValue(variants, runner);
    default:
      return undefined;
  }
}

/** Runs each way that the statement may read: all of them happen. */
export function runVariants(call: Call, variants: readonly SqlText[], { state, result }: Runner): Value {
  const rows = variants.map(sql => runSql(call, sql, state));
  const [only] = rows;
  const all =
    only !== undefined && rows.length === 1 ? only : mixedList(call.machine, call.frame, rows, () => true, call.at);
  return result(all, call);
}

/** The ways in which a value reads as SQL; `undefined` when it is no fragment, but a value. */
export function variantsOf(value: Value): readonly SqlText[] | undefined {
  const found = alternativesOf(value).map(({ value: inner }) => readingsOf(inner));
  if (!found.some(readings => readings !== undefined)) return undefined;
  // `cond && sql`…``: nothing at all is one of the ways.
  return found.flatMap(readings => readings ?? [nothing]);
}

const nothing: SqlText = { text: '', values: [] };

function readingsOf(value: Value): readonly SqlText[] | undefined {
  if (value.kind === 'external' && /(^|\.)Prisma\.empty$/.test(value.path)) return [nothing];
  return asFragment(value)?.variants;
}

function asFragment(value: Value): FragmentNative | undefined {
  return value.kind === 'native' && 'isFragment' in value.native ? (value.native as FragmentNative) : undefined;
}

/** The text of a tagged template: fragments spliced in, the rest as parameters. */
export function composeTemplate(
  texts: Value | undefined,
  values: readonly Value[],
  asPiece: (value: Value, before: string) => readonly SqlText[] | undefined = variantsOf,
): readonly SqlText[] | undefined {
  if (texts?.kind !== 'array') return undefined;
  let variants: readonly SqlText[] = [{ text: '', values: [] }];
  for (const [index, part] of texts.items.entries()) {
    const text = part.kind === 'constant' ? String(part.value) : '';
    variants = variants.map(variant => ({ ...variant, text: variant.text + text }));
    const value = values[index];
    if (value === undefined) continue;
    const pieces = asPiece(value, variants[0]?.text ?? '') ?? [{ text: '$1', values: [value] }];
    variants = variants.flatMap(variant => pieces.map(piece => append(variant, piece)));
    if (variants.length > mostVariants) return undefined;
  }
  return variants;
}

/** The pieces one after the other. */
export function joinFragments(pieces: readonly Value[], separator: string): readonly SqlText[] {
  let variants: readonly SqlText[] = [{ text: '', values: [] }];
  for (const [index, piece] of pieces.entries()) {
    const readings = variantsOf(piece) ?? [{ text: '$1', values: [piece] }];
    variants = variants
      .flatMap(variant =>
        readings.map(reading =>
          append(index === 0 ? variant : { ...variant, text: variant.text + separator }, reading),
        ),
      )
      .slice(0, mostVariants);
  }
  return variants;
}

function append(before: SqlText, piece: SqlText): SqlText {
  const offset = before.values.length;
  const moved = piece.text.replaceAll(/\$(\d+)/g, (_all, digits: string) => `$${Number(digits) + offset}`);
  return { text: before.text + moved, values: [...before.values, ...piece.values] };
}

/** A text that was put together from constants and values (`` `… where id = '${id}'` ``); absent where its shape is not known. */
export function textOf(value: Value | undefined, given: readonly Value[] = []): SqlText | undefined {
  const found = textWithValues(value, given);
  if (found === undefined || value === undefined || alternativesOf(value)[0]?.value.kind === 'constant') return found;
  return /\b(?:select|insert|update|delete|with)\b/i.test(found.text) ? found : undefined;
}

/** The same for any piece of SQL, such as a condition. */
export function textWithValues(value: Value | undefined, given: readonly Value[] = []): SqlText | undefined {
  if (value === undefined) return undefined;
  const [only, ...others] = alternativesOf(value);
  if (only === undefined || others.length > 0) return undefined;
  if (only.value.kind === 'constant' && typeof only.value.value === 'string')
    return { text: only.value.value, values: given };
  if (only.value.kind !== 'term') return undefined;
  const { term } = only.value;
  if (term.kind !== 'call' || term.name !== 'concat') return undefined;
  let text = '';
  const values = [...given];
  for (const part of flattened(term)) {
    if (part.kind === 'constant') text += String(part.value);
    else {
      values.push({ kind: 'term', term: part, maybeUndefined: false });
      text += `$${values.length}`;
    }
  }
  return { text: text.replaceAll(/'(\$\d+)'/g, '$1'), values };
}

function flattened(term: Term): readonly Term[] {
  return term.kind === 'call' && term.name === 'concat' ? term.arguments.flatMap(flattened) : [term];
}

/** `?` of MySQL's drivers as `$1`, and its quotes of names as Postgres writes them. */
export function fromMysql(text: string): string {
  let position = 0;
  return text.replaceAll(/'(?:[^'\\]|\\.|'')*'|`([^`]*)`|\?/g, (all, name: string | undefined) => {
    if (name !== undefined) return `"${name}"`;
    if (all !== '?') return all;
    position += 1;
    return `$${position}`;
  });
}

/** The values of an array, or one that stands for each. */
export function itemsIn(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  if (value.kind === 'array') return value.items;
  return [value];
}

/** A name without quotes and in mixed case. */
export const mixedName = /(?<!["'.\w])(?=[A-Za-z_]*[a-z])(?=[A-Za-z_]*[A-Z])[A-Za-z_]\w*(?!["'\w]|\s*\()/g;

/** MySQL keeps the case of names: https://dev.mysql.com/doc/refman/8.4/en/identifier-case-sensitivity.html */
export function keepingCase(text: string): string {
  return text.replaceAll(/'(?:[^'\\]|\\.|'')*'|"[^"]*"|[^'"]+/g, part =>
    /^['"]/.test(part)
      ? part
      : part.replaceAll(mixedName, name => `"${name}"`).replaceAll(/\.([A-Za-z_]\w*)/g, keepColumn),
  );
}

function keepColumn(all: string, name: string): string {
  return /[a-z]/.test(name) && /[A-Z]/.test(name) ? `."${name}"` : all;
}
