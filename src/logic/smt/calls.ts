import type { DatabaseFunction } from '../../model/database/types.ts';
import { functionName, list, record, text, type SqlNode } from '../sql-tree.ts';
import type { Encoder, NamedValue, Scope } from './encoder.ts';
import { functionOf, unknown } from './expression.ts';
import { any, some } from './formula.ts';
import { alternativesOf, choice, nothing, type Value } from './value.ts';

const strict: ReadonlySet<string> = new Set(['lower', 'upper', 'btrim', 'ltrim', 'rtrim', 'replace', 'length']);
const aggregates: ReadonlySet<string> = new Set(['max', 'min', 'any_value']);
const otherAggregates =
  /^(count|sum|avg|bool_(or|and)|every|(array|json|jsonb|string|json_object|jsonb_object|xml)_agg|bit_(and|or|xor)|stddev\w*|var\w*|mode|percentile_\w+|rank|dense_rank|row_number|lag|lead|first_value|last_value|nth_value|ntile)$/;
const unpredictable =
  /^(random|gen_random_uuid|uuid_generate_v\w+|clock_timestamp|nextval|txid_current|pg_backend_pid|extensions\..*)$/;

/** Functions of Postgres that read tables or files. */
const reading = /^(query_to_|table_to_|cursor_to_|schema_to_|database_to_|dblink|pg_read_|pg_ls_|lo_|ts_stat)/;

/** Encodes the call of a function. */
export function callValue(encoder: Encoder, call: SqlNode, scope: Scope): Value {
  const name = functionName(call);
  const values = list(call['args']).map(argument => argumentOf(encoder, record(argument), scope));
  const definition = findFunction(encoder, call, values, scope);
  const told = definition === undefined ? sessionFunction(encoder, name, values, scope) : undefined;
  if (told !== undefined) return told;
  if (call['over'] !== undefined || call['agg_filter'] !== undefined || otherAggregates.test(name))
    return unknown(encoder, `the aggregate ${name}`, scope);
  if (aggregates.has(name)) return values[0]?.value ?? unknown(encoder, name, scope);
  if (definition !== undefined) {
    const answer = encoder.answer(definition, values, scope);
    if (answer !== undefined) return answer;
    return definition.volatility === 'volatile'
      ? unknown(encoder, `the function '${definition.name}'`, scope)
      : opaqueFunction(encoder, definition.name, values, scope);
  }
  if (reading.test(name)) return unknown(encoder, `the function '${name}'`, scope);
  if (unpredictable.test(name)) return unknown(encoder, `the function ${name}`, scope);
  return functionOf(
    encoder,
    name,
    values.map(({ value }) => value),
    scope,
    strict.has(name),
  );
}

/** Its answer may depend on all rows, which no statement changes while it runs. */
function opaqueFunction(encoder: Encoder, name: string, values: readonly NamedValue[], scope: Scope): Value {
  const rights = scope.role ?? 'owner';
  // Said as the reason should it decide something.
  encoder.vocabulary.opaque(`the function '${name}'`, [], 'Bool');
  return functionOf(
    encoder,
    `${name} as ${rights}`,
    values.map(({ value }) => value),
    scope,
  );
}

function argumentOf(encoder: Encoder, node: SqlNode, scope: Scope): NamedValue {
  const named = node['NamedArgExpr'];
  if (named === undefined) return { name: '', value: encoder.expression(node, scope) };
  return { name: text(record(named)['name']), value: encoder.expression(record(record(named)['arg']), scope) };
}

/** What platform and server say about who asks. */
function sessionFunction(
  encoder: Encoder,
  name: string,
  values: readonly NamedValue[],
  scope: Scope,
): Value | undefined {
  const { session } = encoder;
  switch (name) {
    case 'auth.uid':
      return choice({ ...session.user(), type: 'uuid' });
    case 'auth.user_id':
      return choice({ ...session.user(), type: 'text' });
    case 'auth.email':
      return choice({ ...session.email(), type: 'text' });
    case 'auth.role':
      return choice(session.claim('role'));
    case 'auth.jwt':
      return choice({ term: encoder.vocabulary.free('claims'), isNull: 'false', type: 'jsonb', claims: '' });
    case 'current_setting': {
      const [first] = alternativesOf(values[0]?.value ?? choice(nothing()));
      const setting = first?.scalar.literal;
      if (setting === undefined) return unknown(encoder, 'a setting', scope);
      if (setting === 'request.jwt.claims' || setting === 'request.jwt.claim')
        return choice({ term: encoder.vocabulary.free('claims'), isNull: 'false', type: 'text', claims: '' });
      const said = session.setting(setting);
      return choice(said.claims === undefined ? { ...said, type: 'text' } : said);
    }
    case 'realtime.topic':
      return choice(session.setting('realtime.topic'));
    default:
      return undefined;
  }
}

/** What holds where an expression gave an answer: a call of a function in plpgsql that raises an error ends what called it. */
export function returned(encoder: Encoder, expression: SqlNode, scope: Scope): string {
  const call = record(expression['FuncCall']);
  if (Object.keys(call).length === 0) return 'true';
  const values = list(call['args']).map(argument => argumentOf(encoder, record(argument), scope));
  const definition = findFunction(encoder, call, values, scope);
  // A strict function of null gives null without a look at its body, and one that gives rows may give none.
  if (definition?.language !== 'plpgsql' || definition.strict !== false || definition.returnsSet) return 'true';
  const answer = encoder.answer(definition, values, scope);
  if (answer === undefined) return 'true';
  return answer.kind === 'truth'
    ? any([answer.t, answer.f, answer.n])
    : any(alternativesOf(answer).map(({ variables, when }) => some(variables, when)));
}

/** The function of the database that a call means. */
export function findFunction(
  { vocabulary }: Encoder,
  call: SqlNode,
  values: readonly NamedValue[],
  scope: Scope,
): DatabaseFunction | undefined {
  const name = functionName(call);
  const isQualified = list(call['funcname']).length > 1;
  const names = isQualified
    ? [name]
    : scope.searchPath.map(schema => (schema === 'public' ? name : `${schema}.${name}`));
  for (const candidate of names) {
    const fitting = vocabulary.database.functions.filter(
      definition => definition.name === candidate && definition.arguments.length >= values.length,
    );
    const exact = fitting.filter(definition => definition.arguments.length === values.length);
    const [only] = exact.length > 0 ? exact : fitting;
    if (only !== undefined)
      return exact.length > 1 || (exact.length === 0 && fitting.length > 1) ? overloaded(only, values, exact) : only;
  }
  return undefined;
}

/** Of several with as many arguments: the one whose types fit. */
function overloaded(
  first: DatabaseFunction,
  values: readonly NamedValue[],
  candidates: readonly DatabaseFunction[],
): DatabaseFunction {
  const types = values.map(({ value }) => alternativesOf(value)[0]?.scalar.type);
  const fits = candidates.filter(candidate =>
    candidate.arguments.every(
      (argument, index) => types[index] === undefined || types[index] === 'unknown' || types[index] === argument.type,
    ),
  );
  // Nobody can say which: one that is not followed.
  return fits.length === 1 && fits[0] !== undefined ? fits[0] : { ...first, language: 'overloaded' };
}

/** Whether an argument may be null: a strict function then answers null. */
export function mayBeNull(values: readonly NamedValue[]): string {
  return any(
    values.map(({ value }) =>
      value.kind === 'truth'
        ? value.n
        : value.kind === 'items'
          ? 'false'
          : any(
              value.alternatives.map(({ variables, when, scalar }) =>
                variables.length === 0
                  ? when === 'true'
                    ? scalar.isNull
                    : `(and ${when} ${scalar.isNull})`
                  : scalar.isNull === 'false'
                    ? 'false'
                    : 'true',
              ),
            ),
    ),
  );
}
