import { columnFields, functionName, list, record, text, unwrap, type SqlNode } from '../sql-tree.ts';
import { all, any, every, not, same, some } from './formula.ts';
import type { Encoder, Scope } from './encoder.ts';
import { callValue } from './calls.ts';
import { isEnum, isExact, typeOf } from './types.ts';
import {
  alternativesOf,
  asTruth,
  both,
  choice,
  compareValues,
  either,
  exactly,
  exists,
  negate,
  no,
  nothing,
  notTrue,
  nullTest,
  unclear,
  within,
  yes,
  type Alternative,
  type Scalar,
  type Truth,
  type Value,
} from './value.ts';

/** Encodes an expression. https://www.postgresql.org/docs/18/sql-expressions.html */
export function expressionValue(encoder: Encoder, node: SqlNode, scope: Scope): Value {
  const [kind, body] = unwrap(node);
  const condition = (inner: unknown): Truth => asTruth(encoder.expression(record(inner), scope));
  switch (kind) {
    case 'BoolExpr': {
      const parts = list(body['args']).map(condition);
      const [first] = parts;
      if (body['boolop'] === 'AND_EXPR') return both(parts);
      if (body['boolop'] === 'OR_EXPR') return either(parts);
      return first === undefined ? unknown(encoder, 'not', scope) : negate(first);
    }
    case 'A_Expr':
      return operation(encoder, body, scope);
    case 'NullTest': {
      const test = nullTest(encoder.expression(record(body['arg']), scope));
      return body['nulltesttype'] === 'IS_NOT_NULL' ? negate(test) : test;
    }
    case 'BooleanTest':
      return booleanTest(String(body['booltesttype']), condition(body['arg']));
    case 'SubLink':
      return subLink(encoder, body, scope);
    case 'A_Const':
      return constant(encoder, body);
    case 'FuncCall':
      return callValue(encoder, body, scope);
    case 'TypeCast': {
      const { type, cuts } = typeOf(record(body['typeName']));
      return cast(encoder, encoder.expression(record(body['arg']), scope), type, cuts);
    }
    case 'CollateClause':
      return encoder.expression(record(body['arg']), scope);
    case 'CoalesceExpr':
      return coalesce(list(body['args']).map(part => encoder.expression(record(part), scope)));
    case 'CaseExpr':
      return caseValue(encoder, body, scope);
    case 'ColumnRef':
      return column(encoder, node, scope);
    case 'ParamRef':
      return scope.positional[Number(body['number'] ?? 0) - 1] ?? unknown(encoder, 'a parameter', scope);
    case 'A_ArrayExpr':
      return { kind: 'items', items: list(body['elements']).map(part => encoder.expression(record(part), scope)) };
    case 'A_Indirection':
      return element(encoder, body, scope);
    case 'SQLValueFunction':
      return sessionValue(encoder, body, scope);
    default:
      return unknown(encoder, `a ${kind}`, scope);
  }
}

/** A value about which nothing is known. */
export function unknown({ vocabulary }: Encoder, reason: string, scope: Scope): Value {
  return choice({
    term: vocabulary.opaque(reason, scope.variables),
    isNull: vocabulary.opaque(reason, scope.variables, 'Bool'),
  });
}

/** A condition about which nothing is known. */
export function unknownTruth(encoder: Encoder, reason: string, scope: Scope): Truth {
  return asTruth(unknown(encoder, reason, scope));
}

function booleanTest(kind: string, { t, f, n }: Truth): Truth {
  const test = (yesWhen: readonly string[], noWhen: readonly string[]): Truth => ({
    kind: 'truth',
    t: any(yesWhen),
    f: any(noWhen),
    n: 'false',
  });
  switch (kind) {
    case 'IS_TRUE':
      return test([t], [f, n]);
    case 'IS_NOT_TRUE':
      return test([f, n], [t]);
    case 'IS_FALSE':
      return test([f], [t, n]);
    case 'IS_NOT_FALSE':
      return test([t, n], [f]);
    case 'IS_UNKNOWN':
      return test([n], [t, f]);
    default:
      return test([t, f], [n]);
  }
}

function constant({ vocabulary }: Encoder, body: SqlNode): Value {
  if (body['isnull'] === true) return choice(nothing('unknown'));
  if (body['boolval'] !== undefined) return record(body['boolval'])['boolval'] === true ? yes : no;
  const literal = (value: string, type: string): Value =>
    choice({ term: vocabulary.constant(value), isNull: 'false', type, literal: value });
  if (body['ival'] !== undefined) return literal(String(Number(record(body['ival'])['ival'] ?? 0)), 'integer');
  if (body['fval'] !== undefined) return literal(text(record(body['fval'])['fval']), 'numeric');
  if (body['sval'] !== undefined) return literal(text(record(body['sval'])['sval']), 'unknown');
  return choice(nothing());
}

function sessionValue(encoder: Encoder, body: SqlNode, scope: Scope): Value {
  const operator = String(body['op']);
  if (/CURRENT_(USER|ROLE)|SVFOP_USER/.test(operator) && scope.role !== undefined)
    return choice({ term: encoder.vocabulary.constant(scope.role), isNull: 'false', type: 'text' });
  return choice({ term: encoder.vocabulary.free(operator.toLowerCase()), isNull: 'false' });
}

/** The value after a cast. */
export function cast(encoder: Encoder, value: Value, type: string, cuts: boolean): Value {
  if (value.kind === 'truth') return type === 'boolean' ? value : castAlternatives(encoder, value, type, cuts);
  if (value.kind === 'items') {
    const inner = type.replace(/\[\]$/, '');
    return { kind: 'items', items: value.items.map(item => cast(encoder, item, inner, cuts)) };
  }
  return castAlternatives(encoder, value, type, cuts);
}

function castAlternatives(encoder: Encoder, value: Value, type: string, cuts: boolean): Value {
  return {
    kind: 'choice',
    alternatives: alternativesOf(value).map(alternative => ({
      ...alternative,
      scalar: castScalar(encoder, alternative.scalar, type, cuts),
    })),
  };
}

function castScalar({ vocabulary }: Encoder, scalar: Scalar, type: string, cuts: boolean): Scalar {
  const { database } = vocabulary;
  const from = scalar.type;
  if (scalar.isNull === 'true') return nothing(type);
  if (scalar.claims !== undefined) return { ...scalar, ...(type === 'json' || type === 'jsonb' ? {} : { type }) };
  if (scalar.literal !== undefined && (from === 'unknown' || from === 'text')) {
    const canonical = canonicalLiteral(scalar.literal, type);
    if (canonical === undefined) return nothing(type);
    return { term: vocabulary.constant(canonical), isNull: 'false', type, literal: canonical };
  }
  if (from === type && !cuts) return scalar;
  const toText = type === 'text' && !cuts && from !== undefined && from !== 'numeric' && isExact(from, database);
  const toEnum = isEnum(type, database) && from === 'text';
  if (toText || toEnum || (from === 'integer' && type === 'integer')) return { ...scalar, type };
  const name = `cast ${from ?? ''} ${type}${cuts ? '()' : ''}`;
  return { term: vocabulary.call(name, [scalar.term]), isNull: scalar.isNull, type };
}

/** The one text that stands for a literal of a type; undefined where the cast fails. */
function canonicalLiteral(literal: string, type: string): string | undefined {
  if (type === 'uuid') return literal === '' ? undefined : literal.toLowerCase();
  if (type === 'boolean') return /^(t|tr|tru|true|y|yes|on|1)$/i.test(literal.trim()) ? 'true' : 'false';
  if (type === 'integer')
    return /^\s*[+-]?\d+\s*$/.test(literal) ? String(BigInt(literal.trim().replace('+', ''))) : undefined;
  return literal;
}

function coalesce(values: readonly Value[]): Value {
  if (values.every(value => value.kind === 'truth' || isBoolean(value))) {
    return values.map(asTruth).reduceRight((rest, first) => ({
      kind: 'truth',
      t: any([first.t, all([first.n, rest.t])]),
      f: any([first.f, all([first.n, rest.f])]),
      n: all([first.n, rest.n]),
    }));
  }
  const alternatives: Alternative[] = [];
  let before: string = 'true';
  for (const [index, value] of values.entries()) {
    const last = index === values.length - 1;
    for (const alternative of alternativesOf(value)) {
      const filled = last ? 'true' : not(alternative.scalar.isNull);
      alternatives.push({ ...alternative, when: all([before, alternative.when, filled]) });
    }
    before = all([before, nullTest(value).t]);
  }
  return { kind: 'choice', alternatives: alternatives.filter(({ when }) => when !== 'false') };
}

function isBoolean(value: Value): boolean {
  return value.kind === 'choice' && value.alternatives.every(({ scalar }) => scalar.type === 'boolean');
}

function caseValue(encoder: Encoder, body: SqlNode, scope: Scope): Value {
  const subject = body['arg'] === undefined ? undefined : encoder.expression(record(body['arg']), scope);
  const alternatives: Alternative[] = [];
  let before: string = 'true';
  for (const entry of list(body['args'])) {
    const when = record(record(entry)['CaseWhen']);
    const tested = encoder.expression(record(when['expr']), scope);
    const truth = subject === undefined ? asTruth(tested) : equal(encoder, subject, tested);
    const result = encoder.expression(record(when['result']), scope);
    alternatives.push(...within(alternativesOf(result), [], all([before, truth.t])));
    before = all([before, any([truth.f, truth.n])]);
  }
  const otherwise =
    body['defresult'] === undefined ? choice(nothing()) : encoder.expression(record(body['defresult']), scope);
  alternatives.push(...within(alternativesOf(otherwise), [], before));
  return { kind: 'choice', alternatives: alternatives.filter(({ when }) => when !== 'false') };
}

function column(encoder: Encoder, node: SqlNode, scope: Scope): Value {
  const fields = columnFields(node);
  if (fields === undefined || fields === 'all') return unknown(encoder, 'a whole row', scope);
  const name = fields.at(-1) ?? '';
  const qualifier = fields.at(-2);
  const candidates = scope.bindings.toReversed();
  if (qualifier !== undefined) {
    const bound = candidates.find(binding => binding.alias === qualifier)?.get(name);
    return (
      bound ??
      scope.named.get(`${qualifier}.${name}`) ??
      (isFunctionName(scope, qualifier) ? scope.named.get(name) : undefined) ??
      unknown(encoder, `the column ${qualifier}.${name}`, scope)
    );
  }
  for (const binding of candidates) {
    const value = binding.get(name);
    if (value !== undefined) return value;
  }
  return scope.named.get(name) ?? unknown(encoder, `the name ${name}`, scope);
}

function isFunctionName(scope: Scope, qualifier: string): boolean {
  return scope.trail.some(name => name.split('.').at(-1) === qualifier);
}

function element(encoder: Encoder, body: SqlNode, scope: Scope): Value {
  const { vocabulary } = encoder;
  const value = encoder.expression(record(body['arg']), scope);
  const [first, second] = list(body['indirection']).map(record);
  const indices = record(first?.['A_Indices']);
  const index =
    indices['uidx'] === undefined || indices['is_slice'] === true || second !== undefined
      ? undefined
      : encoder.expression(record(indices['uidx']), scope);
  const [position] = index === undefined ? [] : alternativesOf(index);
  if (position === undefined || value.kind !== 'choice') return unknown(encoder, 'a part of a value', scope);
  return {
    kind: 'choice',
    alternatives: value.alternatives.map(alternative => {
      const { scalar } = alternative;
      const type = scalar.type?.replace(/\[\]$/, '');
      const parts = [scalar.term, position.scalar.term];
      return {
        ...alternative,
        scalar: {
          term: vocabulary.call('element', parts),
          isNull: any([scalar.isNull, vocabulary.call('element is null', parts, [], 'Bool')]),
          ...(type === undefined || type === scalar.type ? { type: 'text' } : { type }),
        },
      };
    }),
  };
}

const flipped: ReadonlyMap<string, string> = new Map([
  ['<', '>'],
  ['>', '<'],
  ['<=', '>='],
  ['>=', '<='],
  ['=', '='],
  ['<>', '<>'],
]);

function operation(encoder: Encoder, body: SqlNode, scope: Scope): Value {
  const name = text(record(record(list(body['name']).at(-1))['String'])['sval']);
  const [left, right] = [record(body['lexpr']), record(body['rexpr'])];
  const of = (node: SqlNode): Value => encoder.expression(node, scope);
  switch (body['kind']) {
    case 'AEXPR_OP':
      return body['lexpr'] === undefined
        ? functionOf(encoder, `unary ${name}`, [of(right)], scope)
        : (holdsOne(encoder, name, { left, right }, scope) ?? binary(encoder, name, of(left), of(right), scope));
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return binary(encoder, name, of(left), of(right), scope);
    case 'AEXPR_DISTINCT':
      return distinct(encoder, of(left), of(right));
    case 'AEXPR_NOT_DISTINCT':
      return negate(distinct(encoder, of(left), of(right)));
    case 'AEXPR_IN': {
      const items = list(record(right['List'])['items']).map(item => of(record(item)));
      const inside = either(items.map(item => equal(encoder, of(left), item)));
      return name === '<>' ? negate(inside) : inside;
    }
    case 'AEXPR_OP_ANY':
      return anyOf(encoder, name, of(left), right, scope);
    case 'AEXPR_OP_ALL':
      return name === '<>'
        ? negate(anyOf(encoder, '=', of(left), right, scope))
        : unknownTruth(encoder, `${name} all`, scope);
    case 'AEXPR_BETWEEN': {
      const [low, high] = list(record(right['List'])['items']).map(item => of(record(item)));
      if (low === undefined || high === undefined) return unknownTruth(encoder, 'between', scope);
      return both([
        binaryTruth(encoder, '>=', of(left), low, scope),
        binaryTruth(encoder, '<=', of(left), high, scope),
      ]);
    }
    case 'AEXPR_NULLIF': {
      const [one, other] = [of(left), of(right)];
      const alike = equal(encoder, one, other);
      return {
        kind: 'choice',
        alternatives: [
          ...within(alternativesOf(one), [], any([alike.f, alike.n])),
          { variables: [], when: alike.t, scalar: nothing(alternativesOf(one)[0]?.scalar.type) },
        ].filter(({ when }) => when !== 'false'),
      };
    }
    default:
      return unknownTruth(encoder, `the operation ${String(body['kind'])}`, scope);
  }
}

function binaryTruth(encoder: Encoder, name: string, left: Value, right: Value, scope: Scope): Truth {
  return asTruth(binary(encoder, name, left, right, scope));
}

function binary(encoder: Encoder, name: string, left: Value, right: Value, scope: Scope): Value {
  switch (name) {
    case '=':
      return equal(encoder, left, right);
    case '<>':
    case '!=':
      return negate(equal(encoder, left, right));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return counted(name, left, right) ?? ordered(encoder, name, left, right);
    case '->':
    case '->>':
    case '#>':
    case '#>>':
      return field(encoder, name, left, right, scope);
    case '?':
      return memberOf(encoder, right, left);
    case '@>':
      return right.kind === 'items'
        ? both(right.items.map(item => memberOf(encoder, item, left)))
        : unknownTruth(encoder, name, scope);
    case '<@':
      return left.kind === 'items'
        ? both(left.items.map(item => memberOf(encoder, item, right)))
        : unknownTruth(encoder, name, scope);
    case '~~':
    case '~~*':
    case '!~~':
    case '!~~*':
    case '~':
    case '~*':
    case '!~':
    case '!~*':
      return matches(encoder, name, left, right);
    default:
      return functionOf(encoder, `operator ${name}`, [left, right], scope);
  }
}

/** Equality of two values. */
export function equal(encoder: Encoder, left: Value, right: Value): Truth {
  const byCount = counted('=', left, right);
  if (byCount !== undefined) return byCount;
  if (left.kind === 'truth' && right.kind === 'truth')
    return either([both([left, right]), both([negate(left), negate(right)])]);
  return compareValues(left, right, (one, other) => equalScalars(encoder, one, other));
}

function equalScalars(encoder: Encoder, left: Scalar, right: Scalar): Truth {
  const [one, other] = aligned(encoder, left, right);
  const { database } = encoder.vocabulary;
  const nulls = any([one.isNull, other.isNull]);
  if (nulls === 'true') return unclear;
  const types = [one.type, other.type];
  const isSame = same(one.term, other.term);
  // Equal texts are equal values; of citext, numeric and the like others may be, too.
  const close =
    types.every(type => isExact(type, database)) || isSame === 'true'
      ? isSame
      : any([isSame, encoder.vocabulary.call('equal', [one.term, other.term], [], 'Bool')]);
  return { kind: 'truth', t: all([not(nulls), close]), f: all([not(nulls), not(close)]), n: nulls };
}

/** A literal takes the type of what it is compared with. */
function aligned(encoder: Encoder, left: Scalar, right: Scalar): readonly [Scalar, Scalar] {
  if (left.type === 'unknown' && right.type !== undefined && right.type !== 'unknown')
    return [castScalar(encoder, left, right.type, false), right];
  if (right.type === 'unknown' && left.type !== undefined && left.type !== 'unknown')
    return [left, castScalar(encoder, right, left.type, false)];
  return [left, right];
}

function distinct(encoder: Encoder, left: Value, right: Value): Truth {
  return compareValues(left, right, (one, other) => {
    const alike = equalScalars(encoder, { ...one, isNull: 'false' }, { ...other, isNull: 'false' });
    const onlyOne = any([all([one.isNull, not(other.isNull)]), all([not(one.isNull), other.isNull])]);
    return exactly(any([onlyOne, all([not(one.isNull), not(other.isNull), not(alike.t)])]));
  });
}

function ordered(encoder: Encoder, name: string, left: Value, right: Value): Truth {
  const { vocabulary } = encoder;
  return compareValues(left, right, (first, second) => {
    const [one, other] = aligned(encoder, first, second);
    const nulls = any([one.isNull, other.isNull]);
    const [low, high] = name.startsWith('<') ? [one, other] : [other, one];
    const type = low.type ?? high.type ?? '';
    const less = vocabulary.call(`less ${type}`, [low.term, high.term], [], 'Bool');
    const alike = equalScalars(encoder, { ...low, isNull: 'false' }, { ...high, isNull: 'false' }).t;
    const holds = name.endsWith('=') ? any([less, alike]) : all([less, not(alike)]);
    return { kind: 'truth', t: all([not(nulls), holds]), f: all([not(nulls), not(holds)]), n: nulls };
  });
}

function matches({ vocabulary }: Encoder, name: string, left: Value, right: Value): Truth {
  const positive = name.replace('!', '');
  const truth = compareValues(left, right, (one, other) => {
    const nulls = any([one.isNull, other.isNull]);
    const holds = vocabulary.call(`operator ${positive}`, [one.term, other.term], [], 'Bool');
    return { kind: 'truth', t: all([not(nulls), holds]), f: all([not(nulls), not(holds)]), n: nulls };
  });
  return name.startsWith('!') ? negate(truth) : truth;
}

/** `count(*) > 0`: whether there is a row. */
function counted(name: string, left: Value, right: Value): Truth | undefined {
  const [one] = left.kind === 'choice' ? left.alternatives : [];
  const [other] = right.kind === 'choice' ? right.alternatives : [];
  if (one?.scalar.counts === undefined) {
    const turned = flipped.get(name);
    return other?.scalar.counts === undefined || turned === undefined ? undefined : counted(turned, right, left);
  }
  const number = Number(other?.scalar.literal ?? Number.NaN);
  const some = one.scalar.counts;
  if ((name === '>' && number === 0) || (name === '>=' && number === 1) || (name === '<>' && number === 0)) return some;
  if ((name === '=' && number === 0) || (name === '<' && number === 1) || (name === '<=' && number === 0))
    return negate(some);
  // More than one, or exactly so many: if it holds, there is a row.
  if ((name === '>' || name === '>=' || name === '=') && number > 0)
    return { kind: 'truth', t: some.t, f: 'true', n: 'false' };
  return undefined;
}

/** A field of a JSON value; of the token's claims it is another claim. */
function field(encoder: Encoder, name: string, left: Value, right: Value, scope: Scope): Value {
  const { vocabulary, session } = encoder;
  if (right.kind === 'items')
    return right.items.reduce(
      (whole, part, index) =>
        field(encoder, index < right.items.length - 1 ? '->' : name.replace('#', '-'), whole, part, scope),
      left,
    );
  const [key] = right.kind === 'choice' ? right.alternatives : [];
  const literal = key?.scalar.literal?.replaceAll(/[{}"]/g, '').replaceAll(',', '.');
  if (left.kind !== 'choice' || key === undefined) return unknown(encoder, 'a field', scope);
  const asText = name.endsWith('>>');
  return {
    kind: 'choice',
    alternatives: left.alternatives.map(alternative => {
      const { scalar } = alternative;
      if (scalar.isNull === 'true') return { ...alternative, scalar: nothing('text') };
      if (scalar.claims !== undefined && literal !== undefined) {
        const claim = session.claim(scalar.claims === '' ? literal : `${scalar.claims}.${literal}`);
        return { ...alternative, scalar: asText || claim.claims !== undefined ? claim : { ...claim, type: 'jsonb' } };
      }
      session.lookInto(scalar.term, 'map');
      const parts = [scalar.term, key.scalar.term];
      return {
        ...alternative,
        scalar: {
          term: vocabulary.call(asText ? 'text of field' : 'field', parts),
          isNull: any([scalar.isNull, key.scalar.isNull, vocabulary.call('no field', parts, [], 'Bool')]),
          type: asText ? 'text' : 'jsonb',
        },
      };
    }),
  };
}

/** `list @> to_jsonb(key)`: the list has the one element. */
function holdsOne(
  encoder: Encoder,
  name: string,
  { left, right }: { readonly left: SqlNode; readonly right: SqlNode },
  scope: Scope,
): Truth | undefined {
  const call = record(right['FuncCall']);
  const [only, second] = list(call['args']);
  return name === '@>' && second === undefined && /^(?:to_jsonb|jsonb_build_array)$/.test(functionName(call))
    ? memberOf(encoder, encoder.expression(record(only), scope), encoder.expression(left, scope))
    : undefined;
}

/** The value is one of the elements of an array, of a JSON array or of the keys of an object. */
function memberOf(encoder: Encoder, value: Value, array: Value): Truth {
  if (array.kind === 'items') return either(array.items.map(item => equal(encoder, value, item)));
  const { vocabulary } = encoder;
  return compareValues(value, array, (one, many) => {
    const nulls = any([one.isNull, many.isNull]);
    const inside = vocabulary.call('holds', [many.term, one.term], [], 'Bool');
    return {
      kind: 'truth',
      t: all([not(nulls), inside]),
      f: all([not(nulls), not(inside)]),
      n: any([nulls, not(inside)]),
    };
  });
}

function anyOf(encoder: Encoder, name: string, left: Value, right: SqlNode, scope: Scope): Truth {
  if (name !== '=' && name !== '<>') return unknownTruth(encoder, `${name} any`, scope);
  if (name === '<>') return unknownTruth(encoder, '<> any', scope);
  const arms = rowsOf(encoder, right, scope);
  if (arms !== undefined) return isIn(encoder, left, arms);
  return memberOf(encoder, left, encoder.expression(right, scope));
}

/** What `(select unnest(list))` takes apart: each of its rows is an element. */
function elementsIn(select: SqlNode): SqlNode | undefined {
  const call = record(targetOf(select)['FuncCall']);
  const isPlain = ['fromClause', 'whereClause', 'limitCount', 'limitOffset'].every(name => select[name] === undefined);
  const [elements, ...others] = list(call['args']).map(record);
  return isPlain &&
    list(select['targetList']).length === 1 &&
    others.length === 0 &&
    /^(unnest|jsonb?_array_elements_text)$/.test(functionName(call))
    ? elements
    : undefined;
}

type Arms = ReturnType<Encoder['select']>;

/** The rows that `array(select …)`, `(select array_agg(x) …)` or a call of a set-returning function stands for. */
function rowsOf(encoder: Encoder, node: SqlNode, scope: Scope): Arms | undefined {
  const [kind, body] = unwrap(node);
  if (kind === 'TypeCast') return rowsOf(encoder, record(body['arg']), scope);
  if (kind === 'CoalesceExpr') {
    const [first, second] = list(body['args']).map(record);
    const fallback = second === undefined ? undefined : encoder.expression(second, scope);
    const isEmpty =
      fallback?.kind === 'items'
        ? fallback.items.length === 0
        : fallback?.kind === 'choice' && fallback.alternatives[0]?.scalar.literal === '{}';
    return first !== undefined && isEmpty ? rowsOf(encoder, first, scope) : undefined;
  }
  if (kind !== 'SubLink') return undefined;
  const select = record(record(body['subselect'])['SelectStmt']);
  if (body['subLinkType'] === 'ARRAY_SUBLINK') return encoder.select(select, scope);
  if (body['subLinkType'] !== 'EXPR_SUBLINK') return undefined;
  const target = targetOf(select);
  const call = record(target['FuncCall']);
  if (functionName(call) === 'array_agg') {
    const [argument] = list(call['args']);
    const inner = { ...select, targetList: [{ ResTarget: { val: argument } }] };
    return argument === undefined ? undefined : encoder.select(inner, scope);
  }
  return list(select['fromClause']).length === 0 ? rowsOf(encoder, target, scope) : undefined;
}

function targetOf(select: SqlNode): SqlNode {
  return record(record(record(list(select['targetList'])[0])['ResTarget'])['val']);
}

/** `value in (rows)`. */
function isIn(encoder: Encoder, value: Value, arms: Arms): Truth {
  return either(
    arms.map(arm => {
      const [target] = arm.targets;
      return insideArm(arm, target === undefined ? unclear : equal(encoder, value, target.value));
    }),
  );
}

/** One of the rows is alike. Not found among nulls is null. */
function insideArm({ variables, condition }: Arms[number], alike: Truth): Truth {
  const found = exists(variables, both([condition, alike]));
  const isOther = every(variables, any([notTrue(condition), alike.f]));
  const isNull = some(variables, all([condition.t, alike.n]));
  return { kind: 'truth', t: found.t, f: isOther, n: all([found.f, isNull]) };
}

function subLink(encoder: Encoder, body: SqlNode, scope: Scope): Value {
  const select = record(record(body['subselect'])['SelectStmt']);
  switch (body['subLinkType']) {
    case 'EXISTS_SUBLINK':
      return either(encoder.select(select, scope).map(arm => exists(arm.variables, arm.condition)));
    case 'ANY_SUBLINK': {
      const operator =
        list(body['operName'])
          .map(part => text(record(record(part)['String'])['sval']))
          .at(-1) ?? '=';
      const [kind] = unwrap(record(body['testexpr']));
      if (operator !== '=' || kind === 'RowExpr') return rowInside(encoder, body, select, scope, operator);
      const elements = elementsIn(select);
      if (elements !== undefined) {
        const value = encoder.expression(record(body['testexpr']), scope);
        const { t, f, n } = memberOf(encoder, value, encoder.expression(elements, scope));
        // Without a list there are no rows, and nothing is among them.
        return { kind: 'truth', t, f: any([f, n]), n };
      }
      return isIn(encoder, encoder.expression(record(body['testexpr']), scope), encoder.select(select, scope));
    }
    case 'EXPR_SUBLINK':
      return scalarOf(encoder.select(select, scope));
    case 'ARRAY_SUBLINK':
      return unknown(encoder, 'an array of rows', scope);
    default:
      return unknown(encoder, `a ${String(body['subLinkType'])}`, scope);
  }
}

/** `(a, b) in (select c, d …)`. */
function rowInside(encoder: Encoder, body: SqlNode, select: SqlNode, scope: Scope, operator: string): Truth {
  const parts = list(record(record(body['testexpr'])['RowExpr'])['args']).map(part =>
    encoder.expression(record(part), scope),
  );
  if (operator !== '=' || parts.length === 0) return unknownTruth(encoder, `${operator} any`, scope);
  return either(
    encoder.select(select, scope).map(arm => {
      const alike = parts.map((part, index) => {
        const target = arm.targets[index];
        return target === undefined ? unclear : equal(encoder, part, target.value);
      });
      return insideArm(arm, both(alike));
    }),
  );
}

/** The value of a sub-query: one of its rows', null where there is none. */
export function scalarOf(arms: Arms): Value {
  const alternatives: Alternative[] = arms.flatMap(arm => {
    const [target] = arm.targets;
    return target === undefined ? [] : within(alternativesOf(target.value), arm.variables, arm.condition.t);
  });
  const someRow = either(arms.map(arm => exists(arm.variables, arm.condition)));
  const type = alternatives[0]?.scalar.type;
  const none: readonly Alternative[] =
    someRow.f === 'false' ? [] : [{ variables: [], when: someRow.f, scalar: nothing(type) }];
  return { kind: 'choice', alternatives: [...alternatives, ...none].filter(({ when }) => when !== 'false') };
}

/** A function that answers the same for the same arguments, and about which nothing else is known. */
export function functionOf(
  encoder: Encoder,
  name: string,
  values: readonly Value[],
  scope: Scope,
  strict = false,
): Value {
  const { vocabulary } = encoder;
  const lists = values.map(alternativesOf);
  if (values.some(value => value.kind === 'items') || lists.reduce((product, each) => product * each.length, 1) > 8)
    return unknown(encoder, `the function ${name} of a list`, scope);
  const types = lists.map(each => each[0]?.scalar.type);
  // What is equal without being the same may give different answers.
  if (types.some(type => !isExact(type, vocabulary.database) && type !== 'jsonb' && !type?.endsWith('[]')))
    return unknown(encoder, `the function ${name}`, scope);
  const combined = lists.reduce<readonly (readonly Alternative[])[]>(
    (sofar, each) => sofar.flatMap(before => each.map(next => [...before, next])),
    [[]],
  );
  return {
    kind: 'choice',
    alternatives: combined.map(parts => {
      const terms = parts.map(part => part.scalar.term);
      const nulls = parts.map(part => part.scalar.isNull);
      const full = `${name} ${types.map(type => (type === 'unknown' ? 'text' : (type ?? ''))).join()}`;
      // Of all arguments or of none: one flag must not stand for another argument's.
      const given = strict || nulls.every(isNull => isNull === 'false') ? [] : nulls;
      const isNull = strict ? any(nulls) : vocabulary.call(`null of ${full}`, terms, given, 'Bool');
      return {
        variables: parts.flatMap(part => part.variables),
        when: all(parts.map(part => part.when)),
        scalar: { term: vocabulary.call(full, terms, given), isNull: any([isNull]) },
      };
    }),
  };
}

/** A variable for a value that a set-returning function gives. */
export function elementOf(
  encoder: Encoder,
  array: Value,
): {
  readonly variable: { readonly name: string; readonly sort: string };
  readonly condition: Truth;
  readonly value: Value;
} {
  const variable = encoder.vocabulary.value();
  const value = choice({ term: variable.name, isNull: 'false' });
  return { variable, condition: memberOf(encoder, value, array), value };
}
