import { always, and, or, type Operator, type Predicate, type Term } from '../../../../core/predicate.ts';
import type { Place } from '../../../../core/place.ts';
import { callValue } from '../../calls.ts';
import { nativeValue, type Call, type Handler, type Machine, type NativeValue } from '../../machine.ts';
import { valueKey } from '../../keys.ts';
import { alternativesOf, choose, compareTerms } from '../../operations.ts';
import { constant, type Value } from '../../value.ts';
import { noteGiven } from '../given.ts';
import { tied, type OrmModel } from '../orm/model.ts';
import { equalsValue, inValues } from '../queries.ts';
import { namedCondition } from './named-sql.ts';

interface OperatorNative extends NativeValue {
  readonly findOperator: string;
  readonly given: readonly Value[];
}

/** Operators of find options. https://typeorm.io/docs/working-with-entity-manager/find-options#advanced-options */
const operatorNames = [
  'In',
  'Not',
  'IsNull',
  'Equal',
  'Like',
  'ILike',
  'MoreThan',
  'MoreThanOrEqual',
  'LessThan',
  'LessThanOrEqual',
  'Between',
  'Any',
  'And',
  'Or',
  'Raw',
  'ArrayContains',
  'ArrayContainedBy',
  'ArrayOverlap',
  'JsonContains',
] as const;

function operator(name: string): Handler {
  return call => {
    const native: OperatorNative = {
      name: 'find operator',
      key: `${name}(${call.arguments.map(argument => valueKey(argument)).join()})`,
      inside: call.arguments,
      findOperator: name,
      given: call.arguments,
    };
    return nativeValue(native);
  };
}

/** The functions that make operators. */
export const operatorHandlers: Readonly<Record<string, Handler>> = Object.fromEntries(
  operatorNames.map(name => [`typeorm#${name}`, operator(name)]),
);

function asOperator(value: Value): OperatorNative | undefined {
  return value.kind === 'native' && 'findOperator' in value.native ? (value.native as OperatorNative) : undefined;
}

const comparisons: Readonly<Record<string, Operator>> = {
  Like: 'like',
  ILike: 'like',
  MoreThan: '>',
  MoreThanOrEqual: '>=',
  LessThan: '<',
  LessThanOrEqual: '<=',
};

/** A condition in the form of find options: an object, or a list of which one has to hold. */
export class Conditions {
  readonly #call: Call;
  readonly #machine: Machine;
  readonly #place: Place;

  constructor(call: Call, place: Place) {
    this.#call = call;
    this.#machine = call.machine;
    this.#place = place;
  }

  where(model: OrmModel, row: string, value: Value | undefined, path = ''): Predicate {
    if (value === undefined) return always;
    switch (value.kind) {
      case 'array':
        return value.items.length === 0 ? always : or(value.items.map(item => this.where(model, row, item, path)));
      case 'list':
        return this.where(model, row, value.element, path);
      case 'object': {
        const operands = value.spread.map((part, index) =>
          this.#spread(model, row, part, value.spread.slice(index + 1), path),
        );
        for (const [name, given] of value.fields) operands.push(this.#field(model, row, `${path}${name}`, given));
        return and(operands);
      }
      case 'choice':
        return or(alternativesOf(value).map(({ value: inner }) => this.where(model, row, inner, path)));
      case 'constant':
        return always;
      case 'row':
        return and(
          [...(value.fields ?? [])]
            .filter(([name]) => model.columns.has(name))
            .map(([name, given]) => this.#field(model, row, name, given)),
        );
      case 'term':
        noteGiven(this.#machine, this.#call.frame, { part: 'where', table: model.table, value, place: this.#place });
        return value.term.kind === 'opaque' ? { kind: 'opaque', reason: value.term.reason } : always;
      default:
        return { kind: 'opaque', reason: 'a filter that was not followed' };
    }
  }

  /** What a caller spreads in later may replace what was there. */
  #spread(model: OrmModel, row: string, part: Value, later: readonly Value[], path: string): Predicate {
    const inner = this.where(model, row, part, path);
    if (inner.kind === 'true' || !later.some(each => each.kind === 'term')) return inner;
    return { kind: 'maybe-absent', operand: inner, because: 'an object of the caller is spread over it' };
  }

  #field(model: OrmModel, row: string, name: string, value: Value): Predicate {
    const column = model.columns.get(name);
    if (column !== undefined) return this.scalar({ kind: 'column', row, column: column.name }, value);
    if (value.kind === 'object' && [...model.columns.keys()].some(property => property.startsWith(`${name}.`)))
      return this.where(model, row, value, `${name}.`);
    const relation = model.relations.get(name);
    if (relation === undefined) return always;
    const { target, keys, isOwner } = relation;
    if (value.kind !== 'object' || asOperator(value) !== undefined) {
      const [key, ...others] = keys;
      // The key itself stands for the row, as does `IsNull()`.
      return isOwner && key !== undefined && others.length === 0
        ? this.scalar({ kind: 'column', row, column: key.own }, value)
        : always;
    }
    // `{ team: { id } }` asks for the key that the row has.
    const direct = new Map(isOwner ? keys.map(key => [key.other, key.own]) : []);
    const operands: Predicate[] = [];
    const rest = new Map<string, Value>();
    for (const [property, given] of value.fields) {
      const own = direct.get(target.columns.get(property)?.name ?? '');
      if (own === undefined) rest.set(property, given);
      else operands.push(this.scalar({ kind: 'column', row, column: own }, given));
    }
    if (rest.size > 0 || value.spread.length > 0) {
      const other = this.#machine.newRow(target.table, always);
      const asked = this.where(target, other.name, { ...value, fields: rest });
      const where = and([tied(this.#machine, relation, row, other.name), asked]);
      if (asked.kind !== 'true') operands.push({ kind: 'exists', row: { ...other, where } });
    }
    return and(operands);
  }

  scalar(column: Term, value: Value): Predicate {
    const alternatives = alternativesOf(value);
    if (alternatives.length > 1 && alternatives.some(({ value: inner }) => asOperator(inner) !== undefined))
      return or(alternatives.map(({ value: inner }) => this.scalar(column, inner)));
    const known = asOperator(value);
    if (known !== undefined) return this.#operator(column, known);
    const absent = absentIn(this.#machine, value);
    if (absent === 'always') return always;
    const given = choose(alternatives.filter(({ value: inner }) => !isIgnored(this.#machine, inner)));
    const compared =
      given.kind === 'constant' && given.value === null
        ? ({ kind: 'is-null', term: column } as const)
        : equalsValue(column, given);
    if (absent === 'never') return compared;
    const without = value.kind === 'term' ? { without: value.term } : {};
    return {
      kind: 'maybe-absent',
      operand: compared,
      because: this.#machine.code(this.#call.frame, this.#call.at),
      ...without,
    };
  }

  #operator(column: Term, { findOperator: name, given }: OperatorNative): Predicate {
    const [first = constant(undefined)] = given;
    const self: Value = { kind: 'term', term: column, maybeUndefined: false };
    switch (name) {
      case 'In':
      case 'Any':
        return inValues(this.#machine, column, first);
      case 'Equal':
        return equalsValue(column, first);
      case 'IsNull':
        return { kind: 'is-null', term: column };
      case 'Not': {
        const operand = this.scalar(column, first);
        return operand.kind === 'true' || operand.kind === 'maybe-absent' ? always : { kind: 'not', operand };
      }
      case 'And':
        return and(given.map(part => this.scalar(column, part)));
      case 'Or':
        return or(given.map(part => this.scalar(column, part)));
      case 'Raw':
        return this.#raw(column, given);
      default: {
        const compared = comparisons[name];
        return compared === undefined ? always : compareTerms(compared, self, first);
      }
    }
  }

  /** `Raw(alias => `${alias} = :id`, { id })`. */
  #raw(column: Term, [written, parameters]: readonly Value[]): Predicate {
    const { frame, at, end } = this.#call;
    if (written?.kind !== 'function' || column.kind !== 'column')
      return { kind: 'opaque', reason: 'a condition in SQL' };
    const text = callValue(this.#machine, frame, written, [constant(`"self"."${column.column}"`)], { at, end });
    return namedCondition(this.#call, text, parameters?.kind === 'object' ? parameters.fields : new Map(), [
      { alias: 'self', row: column.row, model: undefined, table: tableOf(this.#machine, column.row) },
    ]);
  }
}

function tableOf(machine: Machine, row: string): string {
  return machine.rows.get(row)?.table ?? '';
}

// What is ignored ----------------------------------------------------------------------------------------------------

/** Whether a filter with this value is left out of the query. */
function absentIn(machine: Machine, value: Value): 'always' | 'maybe' | 'never' {
  const alternatives = alternativesOf(value);
  const ignored = alternatives.filter(({ value: inner }) => isIgnored(machine, inner));
  if (ignored.length === alternatives.length) return 'always';
  const mayMiss =
    ignores(machine).undefined &&
    alternatives.some(({ value: inner }) => inner.kind === 'term' && inner.maybeUndefined);
  return ignored.length > 0 || mayMiss ? 'maybe' : 'never';
}

function isIgnored(machine: Machine, value: Value): boolean {
  if (value.kind !== 'constant') return false;
  const { undefined: noValue, null: nothing } = ignores(machine);
  return value.value === undefined ? noValue : value.value === null && nothing;
}

/**
 * TypeORM leaves a filter out whose value is undefined or null, until version 1 and unless it is told to throw.
 * https://typeorm.io/docs/data-source/null-and-undefined-handling
 */
function ignores(machine: Machine): { readonly undefined: boolean; readonly null: boolean } {
  return machine.remember('what typeorm ignores', () => {
    const version = /\d+/.exec(machine.source.dependencies.get('typeorm') ?? '')?.[0] ?? '0';
    const files = machine.source.filesThat(/\binvalidWhereValuesBehavior\s*:/);
    const said = files.map(file => machine.source.text(file) ?? '').join('\n');
    const told = /\binvalidWhereValuesBehavior\s*:\s*\{([^}]*)\}/.exec(said)?.[1] ?? '';
    const how = (name: string): string | undefined =>
      new RegExp(`\\b${name}\\s*:\\s*['"]([\\w-]+)['"]`).exec(told)?.[1];
    const byDefault = version === '0' ? 'ignore' : 'throw';
    return {
      undefined: (how('undefined') ?? byDefault) === 'ignore',
      null: (how('null') ?? byDefault) === 'ignore',
    };
  });
}
