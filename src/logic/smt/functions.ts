import type { DatabaseFunction } from '../../model/database/types.ts';
import { parseSql } from '../sql.ts';
import { record, type SqlNode } from '../sql-tree.ts';
import { mayBeNull } from './calls.ts';
import type { Arm, Encoder, NamedValue, Scope } from './encoder.ts';
import { cast, scalarOf } from './expression.ts';
import { any } from './formula.ts';
import { answerOfPlpgsql } from './plpgsql.ts';
import { rightsOf } from './select.ts';
import { plainType } from './types.ts';
import { asTruth, choice, type Value } from './value.ts';

const maximumDepth = 6;

/** What a function answers, from its body; undefined where the body cannot be followed. */
export function answerOf(
  encoder: Encoder,
  definition: DatabaseFunction,
  values: readonly NamedValue[],
  scope: Scope,
): Value | undefined {
  const inner = functionScope(encoder, definition, values, scope);
  if (inner === undefined) return undefined;
  const type = plainType(definition.returns.replace(/^SETOF /i, ''));
  const value =
    definition.language === 'plpgsql'
      ? answerOfPlpgsql(encoder, definition, inner)
      : definition.language === 'sql'
        ? scalar(rowsOfSql(encoder, definition, inner))
        : undefined;
  if (value === undefined) return undefined;
  if (type !== 'boolean') return cast(encoder, value, type, false);
  const truth = asTruth(value);
  if (definition.strict === false) return truth;
  // A strict function of null is null: https://www.postgresql.org/docs/18/sql-createfunction.html
  return { ...truth, n: any([truth.n, mayBeNull(values)]) };
}

function scalar(arms: readonly Arm[] | undefined): Value | undefined {
  return arms === undefined ? undefined : scalarOf(arms);
}

/** The rows of a set-returning function in SQL. */
export function rowsOfFunction(
  encoder: Encoder,
  definition: DatabaseFunction,
  values: readonly NamedValue[],
  scope: Scope,
): readonly Arm[] | undefined {
  const inner = functionScope(encoder, definition, values, scope);
  return inner === undefined || definition.language !== 'sql' ? undefined : rowsOfSql(encoder, definition, inner);
}

function rowsOfSql(encoder: Encoder, definition: DatabaseFunction, scope: Scope): readonly Arm[] | undefined {
  const select = selectOf(definition);
  return select === undefined ? undefined : encoder.select(select, scope);
}

/** The one SELECT that a function in SQL consists of. */
export function selectOf(definition: DatabaseFunction): SqlNode | undefined {
  const parsed = statementsOf(sqlOfBody(definition));
  const [only, second] = parsed;
  const select = record(only)['SelectStmt'];
  return second !== undefined || select === undefined ? undefined : record(select);
}

/** The statements of a function in SQL. Bodies of the SQL standard are printed as RETURN or BEGIN ATOMIC. */
export function sqlOfBody(definition: DatabaseFunction): string {
  const body = definition.body.trim();
  if (/^return\b/i.test(body)) return `select ${body.replace(/^return\b/i, '')}`;
  return /^begin\s+atomic\b/i.test(body) ? body.replace(/^begin\s+atomic\b/i, '').replace(/\bend\s*;?\s*$/i, '') : body;
}

function statementsOf(text: string): readonly SqlNode[] {
  try {
    return parseSql(text);
  } catch {
    return [];
  }
}

/** The scope of a function's body: its arguments, its rights, its search path. */
export function functionScope(
  encoder: Encoder,
  definition: DatabaseFunction,
  values: readonly NamedValue[],
  scope: Scope,
): Scope | undefined {
  const depth = scope.trail.filter(name => name === definition.name).length;
  if (depth > 0 || scope.trail.length > maximumDepth) return undefined;
  const positional = definition.arguments.map((argument, index) => {
    const given =
      values.find(value => value.name !== '' && value.name === argument.name) ??
      values.filter(value => value.name === '')[index];
    // A default is not in the catalog's list: it may be anything.
    return given === undefined
      ? choice({
          term: encoder.vocabulary.opaque(`the default of '${argument.name}'`, scope.variables),
          isNull: encoder.vocabulary.opaque(`the default of '${argument.name}'`, scope.variables, 'Bool'),
          type: plainType(argument.type),
        })
      : typed(encoder, given.value, plainType(argument.type));
  });
  const named = new Map(
    definition.arguments.flatMap((argument, index) => {
      const value = positional[index];
      return argument.name === '' || value === undefined ? [] : [[argument.name, value] as const];
    }),
  );
  return {
    bindings: [],
    named,
    positional,
    variables: scope.variables,
    role: definition.securityDefiner ? rightsOf(encoder, definition.owner) : scope.role,
    searchPath: searchPathOf(definition),
    queries: new Map(),
    trail: [...scope.trail, definition.name],
  };
}

function typed(encoder: Encoder, value: Value, type: string): Value {
  if (value.kind !== 'choice') return value;
  const isUntyped = value.alternatives.every(
    ({ scalar: { type: known } }) => known === 'unknown' || known === undefined,
  );
  if (!isUntyped) return value;
  return value.alternatives.every(({ scalar: { literal } }) => literal !== undefined)
    ? cast(encoder, value, type, false)
    : { kind: 'choice', alternatives: value.alternatives.map(each => ({ ...each, scalar: { ...each.scalar, type } })) };
}

function searchPathOf(definition: DatabaseFunction): readonly string[] {
  const path = definition.searchPath
    ?.split(',')
    .map(part => part.trim().replaceAll('"', ''))
    .filter(part => part !== '' && part !== '$user' && part !== 'pg_temp' && part !== 'pg_catalog');
  return path ?? ['public', ...(definition.schema === 'public' ? [] : [definition.schema])];
}
