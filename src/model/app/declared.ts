import type { Declared, DeclaredGuard, DeclaredPrincipal, ValuePlace } from '../../config/read-config.ts';
import type { Binding, Expression, FunctionCode, ModuleCode } from '../../collect/source/ir.ts';
import type { SourceFiles } from '../../collect/source/read-source.ts';
import { compareText } from '../../core/place.ts';
import { didYouMean } from '../../core/nearest.ts';
import type { ConfigProblem } from '../../core/suppression.ts';
import type { Term } from '../../core/predicate.ts';
import { callValue } from './calls.ts';
import { memberOf } from './expressions.ts';
import { addFacts, commonFacts, without } from './facts.ts';
import { nativeValue, type Frame, type Machine } from './machine.ts';
import { alternativesOf, choose, isBottom, truthOf } from './operations.ts';
import type { Fact } from './types.ts';
import { nullValue, present, undefinedValue, type Alternative, type Value } from './value.ts';

/** One function of the app that the user declared. */
export interface DeclaredFunction {
  readonly name: string;
  readonly guard: Declared<DeclaredGuard> | undefined;
  readonly principal: Declared<DeclaredPrincipal> | undefined;
}

/** What was declared of the app's functions, found in its sources. */
export interface Declarations {
  /** By the code of a function or, where its value is computed, by its name in the module. */
  readonly of: ReadonlyMap<FunctionCode | Binding, DeclaredFunction>;
  /** Declarations that name no function. */
  readonly problems: readonly ConfigProblem[];
}

/** Nothing is declared. */
export const noDeclarations: Declarations = { of: new Map(), problems: [] };

/** Finds the functions that are declared. */
export function findDeclared(
  guards: readonly Declared<DeclaredGuard>[],
  principals: readonly Declared<DeclaredPrincipal>[],
  source: SourceFiles,
): Declarations {
  const of = new Map<FunctionCode | Binding, DeclaredFunction>();
  const problems: ConfigProblem[] = [];
  const names = [...new Set([...guards, ...principals].map(each => each.name))].toSorted(compareText);
  for (const name of names) {
    const guard = guards.find(each => each.name === name);
    const principal = principals.find(each => each.name === name);
    const place = (guard ?? principal)?.place;
    const found = findFunction(name, source);
    if (found.target !== undefined) of.set(found.target, { name, guard, principal });
    else if (place !== undefined) problems.push({ ...place, kind: 'unused-declaration', message: found.problem });
  }
  return { of, problems };
}

type Found =
  | { readonly target: FunctionCode | Binding; readonly problem?: undefined }
  | { readonly target?: undefined; readonly problem: string };

const deepest = 8;

function findFunction(name: string, source: SourceFiles): Found {
  const [file = '', exported = ''] = name.split('#');
  const module = source.module(file);
  if (module === undefined) {
    const files = source.paths.filter(path => /\.[cm]?[jt]sx?$/.test(path));
    return { problem: `There is no file '${file}'.${didYouMean(file, files)}` };
  }
  const [first = '', method] = exported.split('.');
  const found = follow(module, first, source, 0);
  if (found === undefined)
    return { problem: `'${file}' exports no '${first}'.${didYouMean(first, module.exports.keys())}` };
  if (method === undefined) return { target: found };
  const code = isBinding(found) ? methodOf(found, method) : undefined;
  return code === undefined ? { problem: `'${first}' in '${file}' has no method '${method}'.` } : { target: code };
}

function isBinding(target: FunctionCode | Binding): target is Binding {
  return 'declaration' in target;
}

/** The function that an export stands for, through re-exports; its binding where the value is computed. */
function follow(
  module: ModuleCode,
  name: string,
  source: SourceFiles,
  depth: number,
): FunctionCode | Binding | undefined {
  if (depth > deepest) return undefined;
  const further = (specifier: string, inner: string): FunctionCode | Binding | undefined => {
    const resolution = source.resolve(module.file, specifier);
    const next = resolution.kind === 'file' ? source.module(resolution.file) : undefined;
    return next === undefined ? undefined : follow(next, inner, source, depth + 1);
  };
  const target = module.exports.get(name);
  if (target === undefined) {
    for (const specifier of module.exportAll) {
      const found = further(specifier, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (target.kind === 'from') return further(target.specifier, target.name);
  if (target.kind === 'expression') return functionIn(target.expression);
  if (target.kind === 'field') return undefined;
  const { declaration } = target.binding;
  if (declaration?.kind === 'import') return further(declaration.specifier, declaration.name) ?? target.binding;
  if (declaration?.kind === 'function') return declaration.code;
  if (declaration?.kind === 'variable' && declaration.pattern.kind === 'name' && declaration.init !== undefined)
    return functionIn(declaration.init) ?? target.binding;
  return target.binding;
}

function functionIn(expression: Expression): FunctionCode | undefined {
  return expression.kind === 'function' ? expression.code : undefined;
}

/** A method of a class or of an object literal. */
function methodOf({ declaration }: Binding, method: string): FunctionCode | undefined {
  if (declaration?.kind === 'class' && declaration.expression.kind === 'class') {
    const fields = [...declaration.expression.fields, ...declaration.expression.statics];
    const value = fields.find(field => field.name === method)?.value;
    return value === undefined ? undefined : functionIn(value);
  }
  if (declaration?.kind !== 'variable' || declaration.init?.kind !== 'object') return undefined;
  for (const property of declaration.init.properties)
    if (property.kind === 'field' && property.key === method) return functionIn(property.value);
  return undefined;
}

/** What a call of a declared function gives: the result as it was followed, with what the declaration adds. */
export function applyDeclared(
  machine: Machine,
  frame: Frame,
  declared: DeclaredFunction,
  values: readonly Value[],
  result: Value,
  at: number,
): Value {
  machine.usedDeclarations.add(declared);
  if (isBottom(result)) return result;
  const inner = result.kind === 'promise' ? result.value : result;
  const label = `'${declared.name}' was passed, as declared`;
  const use: Use = { machine, frame, at, values, label };
  let alternatives = alternativesOf(inner);
  if (declared.principal !== undefined)
    alternatives = asSession(alternatives, declared.principal.value, result.kind === 'promise', use);
  if (declared.guard !== undefined) alternatives = asGuard(alternatives, declared.guard.value, declared, use);
  const common = commonFacts(alternatives.map(alternative => alternative.facts));
  const value = choose(
    alternatives.map(alternative => ({ value: alternative.value, facts: without(alternative.facts, common) })),
  );
  // A function without a body here may be asynchronous: what it establishes holds once it is awaited.
  if (result.kind === 'promise' || isUnknown(result))
    return { kind: 'promise', value, facts: addFacts(result.kind === 'promise' ? result.facts : [], common) };
  frame.learn(common);
  return value;
}

/** A declared name whose value is computed (a library made the function): called, it gives what the declaration says. */
export function declaredValue(declared: DeclaredFunction, value: Value | undefined): Value {
  return nativeValue({
    name: 'declared',
    key: `declared ${declared.name}`,
    invoke: ({ machine, frame, arguments: values, at, end }) => {
      const callable = value !== undefined && value.kind !== 'constant';
      const result = callable
        ? callValue(machine, frame, value, values, { at, end })
        : machine.opaque(frame, at, `the call of '${declared.name}' was not followed`);
      return applyDeclared(machine, frame, declared, values, result, at);
    },
  });
}

interface Use {
  readonly machine: Machine;
  readonly frame: Frame;
  readonly at: number;
  readonly values: readonly Value[];
  readonly label: string;
}

function isUnknown(value: Value): boolean {
  return value.kind === 'external' || (value.kind === 'term' && value.term.kind === 'opaque');
}

function isNullish(value: Value): boolean {
  return value.kind === 'constant' && (value.value === undefined || value.value === null);
}

function fact(holds: Fact['holds'], { machine, frame, at, label }: Use): Fact {
  return { holds, place: machine.place(frame, at), label };
}

// Principals ----------------------------------------------------------------------------------------------------------

function asSession(
  alternatives: readonly Alternative[],
  { attributes, always }: DeclaredPrincipal,
  isAsync: boolean,
  use: Use,
): readonly Alternative[] {
  const signedIn = fact({ kind: 'signed-in' }, use);
  const sessions = alternatives
    .filter(({ value }) => !isNullish(value) && !isBottom(value))
    .map(({ value, facts }): Alternative => {
      let session = value.kind === 'term' ? { ...value, maybeUndefined: false } : value;
      for (const { attribute, fields } of attributes)
        session = withValue(session, fields, present({ kind: 'principal', attribute }));
      return { value: session, facts: addFacts(facts, [signedIn]) };
    });
  const absent = alternatives.filter(({ value }) => isNullish(value));
  const mayMiss = alternatives.some(({ value }) => isUnknown(value) || (value.kind === 'term' && value.maybeUndefined));
  // Where following it found nobody signed in only: the session comes from something that was not followed.
  const found = sessions.length > 0 ? sessions : [{ value: sessionOf(attributes), facts: [signedIn] }];
  if (always) return found;
  if (absent.length > 0) return [...found, ...absent];
  return mayMiss ? [...found, { value: isAsync ? nullValue : undefinedValue, facts: [] }] : found;
}

function sessionOf(attributes: DeclaredPrincipal['attributes']): Value {
  const empty: Value = { kind: 'object', fields: new Map(), spread: [] };
  return attributes.reduce<Value>(
    (session, { attribute, fields }) => withValue(session, fields, present({ kind: 'principal', attribute })),
    empty,
  );
}

/** A value with one of its fields replaced; all other fields are as they were. */
function withValue(value: Value, fields: readonly string[], replaced: Value): Value {
  const [first, ...rest] = fields;
  if (first === undefined) return replaced;
  if (value.kind === 'object') {
    const before = value.fields.get(first) ?? { kind: 'object', fields: new Map(), spread: [] };
    return { ...value, fields: new Map([...value.fields, [first, withValue(before, rest, replaced)]]) };
  }
  const inner = withValue({ kind: 'object', fields: new Map(), spread: [] }, rest, replaced);
  return { kind: 'object', fields: new Map([[first, inner]]), spread: [value] };
}

// Guards --------------------------------------------------------------------------------------------------------------

function asGuard(
  alternatives: readonly Alternative[],
  guard: DeclaredGuard,
  declared: DeclaredFunction,
  use: Use,
): readonly Alternative[] {
  const given = (value: Value): readonly Fact[] => established(guard, value, use);
  const when = guard.when ?? momentOf(alternatives);
  if (when === 'unclear') {
    use.machine.unclearDeclarations.add(declared);
    return alternatives;
  }
  if (when === 'returns')
    return alternatives.map(each => ({ ...each, facts: addFacts(each.facts, given(each.value)) }));
  if (when === 'truthy') return alternatives.flatMap(each => ifTruthy(each, given(each.value)));
  return alternatives.flatMap(each => ifField(each, when, given(each.value)));
}

/** A function that returns nothing refuses by throwing; one that answers with objects on every way does not say which is the refusal. */
function momentOf(alternatives: readonly Alternative[]): 'returns' | 'truthy' | 'unclear' {
  if (alternatives.every(({ value }) => value.kind === 'constant' && value.value === undefined)) return 'returns';
  const objects = alternatives.filter(({ value }) => value.kind === 'object');
  const refusals = objects.filter(({ value }) => value.kind === 'object' && looksLikeRefusal(value.fields));
  return refusals.length > 0 ? 'unclear' : 'truthy';
}

function looksLikeRefusal(fields: ReadonlyMap<string, Value>): boolean {
  return [...fields].some(
    ([name, value]) =>
      (/^(error|errors|reason|status|code)$/i.test(name) && !isNullish(value)) ||
      (value.kind === 'constant' && value.value === false) ||
      value.kind === 'test',
  );
}

function ifTruthy({ value, facts }: Alternative, given: readonly Fact[]): readonly Alternative[] {
  if (value.kind === 'response') return [{ value, facts }];
  if (value.kind === 'test') return [{ value: { ...value, whenTrue: addFacts(value.whenTrue, given) }, facts }];
  const truth = truthOf(value);
  if (truth === 'false') return [{ value, facts }];
  if (truth === 'true') return [{ value, facts: addFacts(facts, given) }];
  if (value.kind !== 'term') return [{ value: { kind: 'test', whenTrue: given, whenFalse: [] }, facts }];
  return [
    { value: { ...value, maybeUndefined: false, truthy: true }, facts: addFacts(facts, given) },
    { value: undefinedValue, facts },
  ];
}

/** `result.ok`: the alternatives whose field is true carry the facts. */
function ifField(
  { value, facts }: Alternative,
  [first, ...rest]: readonly string[],
  given: readonly Fact[],
): readonly Alternative[] {
  if (first === undefined) return ifTruthy({ value, facts }, given);
  if (value.kind !== 'object') {
    const test: Value = withValue({ kind: 'object', fields: new Map(), spread: [value] }, [first, ...rest], {
      kind: 'test',
      whenTrue: given,
      whenFalse: [],
    });
    return [{ value: isNullish(value) ? value : test, facts }];
  }
  const field = value.fields.get(first);
  if (field === undefined) return [{ value, facts }];
  return alternativesOf(field).flatMap(inner =>
    ifField({ value: inner.value, facts: addFacts(facts, inner.facts) }, rest, given).map(each => ({
      value: { ...value, fields: new Map([...value.fields, [first, each.value]]) },
      facts: each.facts,
    })),
  );
}

function established(guard: DeclaredGuard, result: Value, use: Use): readonly Fact[] {
  const facts: Fact[] = [];
  if (guard.system) facts.push(fact({ kind: 'system' }, use));
  if (guard.signedIn || guard.member !== undefined || guard.role !== undefined)
    facts.push(fact({ kind: 'signed-in' }, use));
  if (guard.member !== undefined) {
    const tenant = termAt(guard.member, result, use);
    if (tenant !== undefined) facts.push(fact({ kind: 'member', tenant }, use));
  }
  if (guard.role !== undefined) {
    const { roles, of } = guard.role;
    const tenant = of === undefined ? undefined : termAt(of, result, use);
    if (of === undefined) facts.push(fact({ kind: 'role', roles }, use));
    else if (tenant !== undefined) facts.push(fact({ kind: 'role', roles, tenant }, use));
  }
  return facts;
}

/** The one value that stands at a place of the call; absent when there may be several. */
function termAt({ of, fields }: ValuePlace, result: Value, { machine, frame, at, values }: Use): Term | undefined {
  let value: Value = of === 'result' ? result : (values[of] ?? undefinedValue);
  for (const field of fields)
    value = memberOf(machine, frame, value.kind === 'promise' ? value.value : value, field, at, true);
  const candidates = alternativesOf(value).filter(alternative => !isNullish(alternative.value));
  const [only] = candidates;
  return only?.value.kind === 'term' && candidates.length === 1 ? only.value.term : undefined;
}
