import type { SolverModel } from '../../core/ports.ts';
import { quoteLiteral } from '../../core/quote.ts';
import type { Column, DatabaseModel, Table } from '../../model/database/types.ts';
import { makeKey } from '../exploit/keys.ts';
import { allowedValues } from '../exploit/values.ts';

/** Who asks, in the solver's world. */
export interface WitnessUser {
  readonly id: string;
  readonly email: string;
}

/** Turns the things of a model into values of columns: one thing is one value, whatever the column. */
export interface WitnessValues {
  readonly user: WitnessUser;
  /** As SQL; undefined where nothing of the column's type stands for the thing. */
  of(thing: string, table: Table, column: Column): string | undefined;
  /** As a text, for what a session says. */
  text(thing: string): string;
  /** Texts that stand in the policies: that two rows have one of them does not tie them to each other. */
  readonly literals: ReadonlySet<string>;
}

/** The values of a model, for a user whose key is of the type of a column. */
export function witnessValues(model: SolverModel, key: Column | undefined, database: DatabaseModel): WitnessValues {
  const { answers } = model;
  const literals = new Map<string, string>();
  for (const [name, thing] of answers) {
    const literal = /^'([\s\S]*)'$/.exec(name)?.[1];
    if (literal !== undefined && literal !== 'true' && literal !== 'false') literals.set(thing, literal);
  }
  const user: WitnessUser = {
    id: key === undefined ? '' : makeKey(key, 'user of a witness'),
    email: 'witness@example.test',
  };
  const known = new Map<string, string>();
  const email = answers.get('the user’s address');
  if (email !== undefined) known.set(email, user.email);
  const who = answers.get('the user');
  if (who !== undefined) known.set(who, user.id);
  const text = (thing: string): string =>
    known.get(thing) ?? literals.get(thing) ?? makeKey({ ...plainColumn, type: 'uuid' }, `witness ${thing}`);
  return {
    user,
    text,
    literals: new Set(literals.values()),
    of: (thing, table, column) => {
      const type = column.type.replace(/\(.*\)/, '');
      if (type === 'boolean') return String(thing === answers.get("'true'"));
      if (type.endsWith('[]')) return listOf(model, thing, type, text);
      if (/^jsonb?$/.test(type)) return quoteLiteral(JSON.stringify(heldBy(model, thing).map(text)));
      if (/^(timestamp|date)/.test(type)) return momentOf(model, thing, type);
      const allowed = allowedValues(table, column, database);
      if (allowed.length > 0) return allowedValue(allowed, thing, literals);
      if (type === 'uuid') return uuidOf(text(thing), thing, column);
      if (/^(integer|bigint|smallint|numeric)/.test(type)) return numberOf(text(thing), thing, column);
      return /^(text|citext|character varying|varchar)/.test(type) ? quoteLiteral(text(thing)) : undefined;
    },
  };
}

const plainColumn: Column = { name: 'key', type: 'uuid', notNull: true, hasDefault: false, generated: false };

function uuidOf(text: string, thing: string, column: Column): string {
  return quoteLiteral(/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(text) ? text : makeKey(column, `witness ${thing}`));
}

function numberOf(text: string, thing: string, column: Column): string {
  return quoteLiteral(/^-?\d+$/.test(text) ? text : makeKey(column, `witness ${thing}`));
}

/** The constant that the thing is, or else one that no policy names. */
function allowedValue(
  allowed: readonly string[],
  thing: string,
  literals: ReadonlyMap<string, string>,
): string | undefined {
  const literal = literals.get(thing);
  const named = new Set(literals.values());
  const value = literal === undefined ? allowed.find(each => !named.has(each)) : allowed.find(each => each === literal);
  return value === undefined ? undefined : quoteLiteral(value);
}

function heldBy({ sorts, answers }: SolverModel, list: string): readonly string[] {
  return (sorts.get('Value') ?? []).filter(thing => answers.get(`holds/2? ${list} ${thing}`) === 'true');
}

function listOf(model: SolverModel, thing: string, type: string, text: (thing: string) => string): string {
  return `array[${heldBy(model, thing)
    .map(each => quoteLiteral(text(each)))
    .join(', ')}]::${type}`;
}

/** Before or after now, as the solver ordered them. */
function momentOf({ answers }: SolverModel, thing: string, type: string): string {
  const now = answers.get('now /0');
  const isPast = answers.get(`less ${type}/2? ${thing} ${now ?? ''}`) === 'true';
  return `now() ${isPast ? '-' : '+'} interval '2 days'`;
}
