import { always, and, or, type Operator, type Predicate, type Term } from '../../../../core/predicate.ts';
import type { Place } from '../../../../core/place.ts';
import type { Call, Machine, NativeValue } from '../../machine.ts';
import { alternativesOf, choose, compareTerms } from '../../operations.ts';
import type { Value } from '../../value.ts';
import { noteBuiltSql, noteGiven } from '../given.ts';
import { tied, type OrmModel } from '../orm/model.ts';
import { equalsValue, inValues, lowerCondition } from '../queries.ts';
import { textWithValues } from '../sql-fragments.ts';

/** A piece of SQL in a query: `literal('…')`. */
export interface LiteralNative extends NativeValue {
  readonly literal: Value | undefined;
}

function asLiteral(value: Value): LiteralNative | undefined {
  return value.kind === 'native' && 'literal' in value.native ? (value.native as LiteralNative) : undefined;
}

const comparisons: Readonly<Record<string, Operator>> = {
  eq: '=',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  like: 'like',
  iLike: 'like',
  startsWith: 'like',
  endsWith: 'like',
  substring: 'like',
};

/** `[Op.and]`, or `$and` of old versions. */
function operatorIn(name: string): string | undefined {
  return /(?:^|\.)Op\.(\w+)$/.exec(name)?.[1] ?? /^\$(\w+)$/.exec(name)?.[1];
}

/** A `where` of Sequelize. https://sequelize.org/docs/v6/core-concepts/model-querying-basics#applying-where-clauses */
export class Conditions {
  readonly #call: Call;
  readonly #machine: Machine;
  readonly #place: Place;

  constructor(call: Call, place: Place) {
    this.#call = call;
    this.#machine = call.machine;
    this.#place = place;
  }

  where(model: OrmModel, row: string, value: Value | undefined): Predicate {
    if (value === undefined) return always;
    switch (value.kind) {
      case 'array':
        return and(value.items.map(item => this.where(model, row, item)));
      case 'list':
        return this.where(model, row, value.element);
      case 'object': {
        const operands = value.spread.map((part, index) =>
          this.#spread(model, row, part, value.spread.slice(index + 1)),
        );
        for (const [name, given] of value.fields) operands.push(this.#field(model, row, name, given));
        return and(operands);
      }
      case 'choice':
        return or(alternativesOf(value).map(({ value: inner }) => this.where(model, row, inner)));
      case 'constant':
        return always;
      case 'term':
        noteGiven(this.#machine, this.#call.frame, { part: 'where', table: model.table, value, place: this.#place });
        return value.term.kind === 'opaque' ? { kind: 'opaque', reason: value.term.reason } : always;
      default: {
        const literal = asLiteral(value);
        if (literal !== undefined) return this.#literal(model, row, literal);
        return { kind: 'opaque', reason: 'a filter that was not followed' };
      }
    }
  }

  /** What a caller spreads in later may replace what was there. */
  #spread(model: OrmModel, row: string, part: Value, later: readonly Value[]): Predicate {
    const inner = this.where(model, row, part);
    if (inner.kind === 'true' || !later.some(each => each.kind === 'term')) return inner;
    return { kind: 'maybe-absent', operand: inner, because: 'an object of the caller is spread over it' };
  }

  #field(model: OrmModel, row: string, name: string, value: Value): Predicate {
    const operator = operatorIn(name);
    if (operator !== undefined && !model.columns.has(name) && !/^\$.*\$$/.test(name)) {
      const items = value.kind === 'array' ? value.items : value.kind === 'list' ? [value.element] : [value];
      // One object for `or` has a way for each of its fields.
      const parts = items.flatMap(item =>
        operator === 'or' && item.kind === 'object' && items.length === 1
          ? [...item.fields].map(([inner, given]) => this.#field(model, row, inner, given))
          : [this.where(model, row, item)],
      );
      if (operator === 'or') return or(parts);
      return operator === 'not' ? { kind: 'not', operand: and(parts) } : and(parts);
    }
    const column = model.columns.get(name) ?? [...model.columns.values()].find(each => each.name === name);
    if (column !== undefined) return this.scalar({ kind: 'column', row, column: column.name }, value);
    return this.#nested(model, row, name, value);
  }

  /** `'$firm.ownerId$'` asks for a column of an included row. */
  #nested(model: OrmModel, row: string, name: string, value: Value): Predicate {
    const path = /^\$([\w.]+)\$$/.exec(name)?.[1]?.split('.') ?? [];
    const [relationName = '', ...rest] = path;
    const relation = model.relations.get(relationName);
    if (relation === undefined || rest.length === 0) return always;
    const other = this.#machine.newRow(relation.target.table, always);
    const inner = rest.length === 1 ? (rest[0] ?? '') : `$${rest.join('.')}$`;
    const asked = this.#field(relation.target, other.name, inner, value);
    return { kind: 'exists', row: { ...other, where: and([tied(this.#machine, relation, row, other.name), asked]) } };
  }

  scalar(column: Term, value: Value): Predicate {
    switch (value.kind) {
      case 'array':
      case 'list':
        return inValues(this.#machine, column, value);
      case 'object':
        return and([...value.fields].map(([name, given]) => this.#operator(column, operatorIn(name) ?? name, given)));
      case 'choice': {
        const alternatives = alternativesOf(value).filter(({ value: inner }) => !isUndefined(inner));
        const isPlain = alternatives.every(({ value: inner }) => inner.kind === 'term' || inner.kind === 'constant');
        if (isPlain) return this.#equal(column, choose(alternatives));
        return or(alternatives.map(({ value: inner }) => this.scalar(column, inner)));
      }
      case 'native':
        return asLiteral(value) === undefined
          ? equalsValue(column, value)
          : { kind: 'opaque', reason: 'a piece of SQL' };
      default:
        return this.#equal(column, value);
    }
  }

  /** Sequelize throws for `undefined`, so that no filter is dropped. */
  #equal(column: Term, value: Value): Predicate {
    if (value.kind === 'constant' && value.value === null) return { kind: 'is-null', term: column };
    return equalsValue(column, value.kind === 'term' ? { ...value, maybeUndefined: false } : value);
  }

  #operator(column: Term, name: string, value: Value): Predicate {
    const items = value.kind === 'array' ? value.items : [value];
    switch (name) {
      case 'in':
      case 'any':
        return inValues(this.#machine, column, value);
      case 'notIn':
        return { kind: 'not', operand: inValues(this.#machine, column, value) };
      case 'ne':
      case 'not':
        return { kind: 'not', operand: this.scalar(column, value) };
      case 'eq':
      case 'is':
        return this.#equal(column, value);
      case 'or':
        return or(
          items.flatMap(item =>
            item.kind === 'object'
              ? [...item.fields].map(([inner, given]) => this.#operator(column, operatorIn(inner) ?? inner, given))
              : [this.scalar(column, item)],
          ),
        );
      case 'and':
        return and(items.map(item => this.scalar(column, item)));
      default: {
        const operator = comparisons[name];
        return operator === undefined
          ? always
          : compareTerms(operator, { kind: 'term', term: column, maybeUndefined: false }, value);
      }
    }
  }

  #literal(model: OrmModel, row: string, { literal }: LiteralNative): Predicate {
    noteBuiltSql(this.#call, literal);
    const text = textWithValues(literal);
    if (text === undefined) return { kind: 'opaque', reason: 'a condition in SQL that was put together at run time' };
    return lowerCondition(this.#call, text, [{ alias: model.name, row, table: model.table }]);
  }
}

function isUndefined(value: Value): boolean {
  return value.kind === 'constant' && value.value === undefined;
}
