import type { Expression } from '../../collect/source/ir.ts';
import { addFacts } from './facts.ts';
import { compareValues, hasField, peekMember } from './expressions.ts';
import { isInstance } from './instances.ts';
import { valueKey } from './keys.ts';
import type { Frame, Machine } from './machine.ts';
import { alternativesOf, assume, choose, promote, truthOf, type Assumed } from './operations.ts';
import { withTypeof } from './typed.ts';
import { constant, type Alternative, type Value } from './value.ts';

/** Takes the branch on which an expression is truthy (or not): adds what then holds and narrows the variables in it. False when it cannot be. */
export function assumeExpression(
  machine: Machine,
  frame: Frame,
  expression: Expression,
  value: Value,
  truthy: boolean,
): boolean {
  const assumed = assume(value, truthy, machine.place(frame, expression.at), machine.code(frame, expression.at));
  if (assumed === undefined) return false;
  frame.learn(assumed.facts);
  return narrow(machine, frame, expression, truthy);
}

/** The branch of `switch` on which an expression has one value. */
export function assumeSame(
  machine: Machine,
  frame: Frame,
  expression: Expression,
  value: Value,
  other: Value,
  same: boolean,
): boolean {
  const place = machine.place(frame, expression.at);
  const compared = compareValues(machine, frame, '===', value, other, expression.at);
  const assumed = assume(compared, same, place, machine.code(frame, expression.at));
  if (assumed === undefined) return false;
  frame.learn(assumed.facts);
  return filter(machine, frame, expression, inner => sameness(machine, frame, inner, other, same, expression.at));
}

/** The value and what holds, if it is the same as another or is not; absent when that cannot be. */
export function sameness(
  machine: Machine,
  frame: Frame,
  value: Value,
  other: Value,
  same: boolean,
  at: number,
): Assumed | undefined {
  const compared = compareValues(machine, frame, '===', value, other, at);
  const assumed = assume(compared, same, machine.place(frame, at), machine.code(frame, at));
  if (assumed === undefined) return undefined;
  const isAbsent = other.kind === 'constant' && (other.value === undefined || other.value === null);
  if (isAbsent && !same && value.kind === 'term')
    return { value: { ...value, maybeUndefined: false }, facts: assumed.facts };
  if (same && other.kind === 'constant' && value.kind === 'term' && value.term.kind !== 'column')
    return { value: isAbsent ? other : value, facts: assumed.facts };
  return { value, facts: assumed.facts };
}

function narrow(machine: Machine, frame: Frame, expression: Expression, truthy: boolean): boolean {
  switch (expression.kind) {
    case 'name':
    case 'member':
      return filter(machine, frame, expression, value =>
        assume(value, truthy, machine.place(frame, expression.at), machine.code(frame, expression.at)),
      );
    case 'not':
      return narrow(machine, frame, expression.operand, !truthy);
    case 'logical':
      return narrowLogical(machine, frame, expression, truthy);
    case 'binary': {
      if (expression.operator === 'in') {
        const name = frame.seen.get(expression.left) ?? constantOf(frame, expression.left);
        if (name === undefined) return true;
        const place = machine.place(frame, expression.at);
        return filter(machine, frame, expression.right, value => {
          const assumed = assume(hasField(name, value), truthy, place, machine.code(frame, expression.at));
          return assumed === undefined ? undefined : { value, facts: assumed.facts };
        });
      }
      if (expression.operator === 'instanceof') {
        const type = frame.seen.get(expression.right);
        if (type === undefined) return true;
        return filter(machine, frame, expression.left, value =>
          isInstance(value, type) === !truthy ? undefined : { value, facts: [] },
        );
      }
      const equality = expression.operator === '===' || expression.operator === '==';
      if (!equality && expression.operator !== '!==' && expression.operator !== '!=') return true;
      const same = equality === truthy;
      const loose = expression.operator.length === 2;
      const right = constantOf(frame, expression.right);
      const left = constantOf(frame, expression.left);
      const subject = right !== undefined ? expression.left : left !== undefined ? expression.right : undefined;
      const other = right ?? left;
      if (subject === undefined || other === undefined) return true;
      if (subject.kind === 'unary') {
        if (subject.operator !== 'typeof' || other.kind !== 'constant') return true;
        return filter(machine, frame, subject.operand, value => withTypeof(machine, value, String(other.value), same));
      }
      return filter(machine, frame, subject, value => {
        if (loose && other.kind === 'constant' && (other.value ?? null) === null)
          return nullish(machine, frame, value, same, expression.at);
        return sameness(machine, frame, value, other, same, expression.at);
      });
    }
    case 'assign':
      return expression.target.kind === 'name'
        ? narrow(machine, frame, { kind: 'name', binding: expression.target.binding, at: expression.at }, truthy)
        : true;
    case 'call': {
      const [first] = expression.arguments;
      if (expression.callee.kind === 'global' && expression.callee.name === 'Boolean' && first !== undefined)
        return narrow(machine, frame, first.value, truthy);
      return first === undefined || narrowIncluded(machine, frame, expression.callee, first.value, truthy);
    }
    default:
      return true;
  }
}

/** `['editor', 'owner'].includes(key.level)`: what is a constant is in the list, or is not. */
function narrowIncluded(
  machine: Machine,
  frame: Frame,
  callee: Expression,
  subject: Expression,
  truthy: boolean,
): boolean {
  if (callee.kind !== 'member' || callee.property !== 'includes') return true;
  const list = frame.seen.get(callee.object);
  if (list?.kind !== 'array' || list.items.some(item => item.kind !== 'constant')) return true;
  const known = new Set(list.items.map(item => (item.kind === 'constant' ? item.value : undefined)));
  return filter(machine, frame, subject, value =>
    value.kind === 'constant' && known.has(value.value) !== truthy ? undefined : { value, facts: [] },
  );
}

function nullish(machine: Machine, frame: Frame, value: Value, same: boolean, at: number): Assumed | undefined {
  const asNull = sameness(machine, frame, value, constant(null), same, at);
  const asUndefined = sameness(machine, frame, value, constant(undefined), same, at);
  return same ? (asNull ?? asUndefined) : asNull === undefined || asUndefined === undefined ? undefined : asUndefined;
}

function narrowLogical(
  machine: Machine,
  frame: Frame,
  expression: Extract<Expression, { kind: 'logical' }>,
  truthy: boolean,
): boolean {
  const { operator, left, right } = expression;
  if (operator === '??') return true;
  // `a && b` is true, or `a || b` is false: both operands are known.
  if ((operator === '&&') === truthy)
    return narrow(machine, frame, left, truthy) && narrow(machine, frame, right, truthy);
  const seen = frame.seen.get(left);
  if (seen === undefined) return true;
  const truth = truthOf(seen);
  if ((operator === '&&' && truth === 'true') || (operator === '||' && truth === 'false'))
    return narrow(machine, frame, right, truthy);
  return true;
}

/** What is written, or what a name or a member of an enumeration always is (`kept === NOTHING`). */
function constantOf(frame: Frame, expression: Expression): Value | undefined {
  if (expression.kind === 'constant') return constant(expression.value);
  const seen = frame.seen.get(expression);
  return seen?.kind === 'constant' ? seen : undefined;
}

/** The key of a field path from a variable (`session.user.id`), for what was found out about it. */
export function pathKey(expression: Expression): string | undefined {
  if (expression.kind === 'name') return String(expression.binding.id);
  if (expression.kind !== 'member') return undefined;
  const object = pathKey(expression.object);
  return object === undefined ? undefined : `${object}.${expression.property}`;
}

/** Keeps the alternatives of what an expression reads that pass the test. False when none does. */
function filter(
  machine: Machine,
  frame: Frame,
  expression: Expression,
  test: (value: Value) => Assumed | undefined,
): boolean {
  if (expression.kind === 'name') {
    const holder = frame.holderOf(expression.binding);
    const value = holder?.vars.get(expression.binding);
    if (holder === undefined || value === undefined) return true;
    const assumed = keep(value, test);
    if (assumed === undefined) return false;
    frame.learn(assumed.facts);
    // A variable of an outer function may change between calls; within this call the finding holds.
    (holder === frame ? frame : frame).vars.set(expression.binding, assumed.value);
    if (alternativesOf(assumed.value).length < alternativesOf(value).length)
      narrowFields(frame, String(expression.binding.id), assumed.value);
    return true;
  }
  if (expression.kind !== 'member') return true;
  let feasible = true;
  const { property, optional } = expression;
  const within = filter(machine, frame, expression.object, object => {
    const inner = peekMember(object, property, optional);
    if (inner === undefined) return { value: object, facts: [] };
    const assumed = keep(inner, test);
    if (assumed === undefined) return undefined;
    return { value: withField(object, property, assumed.value), facts: assumed.facts };
  });
  if (!within) feasible = false;
  const path = pathKey(expression);
  const seen = frame.seen.get(expression);
  if (feasible && path !== undefined && seen !== undefined) {
    const assumed = keep(seen, test);
    if (assumed === undefined) return false;
    frame.learn(assumed.facts);
    frame.refined.set(path, assumed.value);
  }
  return feasible;
}

/** What was found out about fields of a value of which fewer alternatives are left: what only those had that went is not there. */
function narrowFields(frame: Frame, path: string, object: Value): void {
  for (const [key, known] of frame.refined) {
    if (!key.startsWith(`${path}.`)) continue;
    let field: Value | undefined = object;
    for (const name of key.slice(path.length + 1).split('.')) field = field && ownField(field, name);
    if (field === undefined) continue;
    const left = new Set(alternativesOf(field).map(({ value }) => valueKey(value)));
    const kept = alternativesOf(known).filter(({ value }) => left.has(valueKey(value)));
    if (kept.length > 0 && kept.length < alternativesOf(known).length) frame.refined.set(key, choose(kept));
  }
}

/** A field that every alternative has itself. */
function ownField(object: Value, name: string): Value | undefined {
  const fields: Alternative[] = [];
  for (const { value, facts } of alternativesOf(object)) {
    const field = value.kind === 'object' && value.spread.length === 0 ? value.fields.get(name) : undefined;
    if (field === undefined) return undefined;
    fields.push({ value: field, facts });
  }
  return choose(fields);
}

function keep(value: Value, test: (value: Value) => Assumed | undefined): Assumed | undefined {
  const kept: Alternative[] = [];
  for (const { value: inner, facts } of alternativesOf(value)) {
    const assumed = test(inner);
    if (assumed !== undefined) kept.push({ value: assumed.value, facts: addFacts(facts, assumed.facts) });
  }
  return promote(kept);
}

function withField(object: Value, name: string, value: Value): Value {
  if (object.kind === 'object' && object.fields.has(name))
    return { ...object, fields: new Map([...object.fields, [name, value]]) };
  if (object.kind === 'choice')
    return choose(
      object.alternatives.map(alternative => ({ ...alternative, value: withField(alternative.value, name, value) })),
    );
  return object;
}
