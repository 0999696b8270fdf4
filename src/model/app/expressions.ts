import {
  wholeModule,
  type Binding,
  type Expression,
  type FunctionCode,
  type Item,
  type ModuleCode,
  type ObjectProperty,
  type Pattern,
} from '../../collect/source/ir.ts';
import type { Operator, Term } from '../../core/predicate.ts';
import { environmentValue } from './environment.ts';
import { arrayMethod, isArrayLike, pushed } from './collections.ts';
import { callMethod, callValue, runCallbacks } from './calls.ts';
import { declaredValue } from './declared.ts';
import { asClass, inheritedStatic, injectedInto, libraryParent, lineageOf, type ClassNative } from './classes.ts';
import { whenCountsAgree } from './each.ts';
import { addFacts, holdingTrue, without } from './facts.ts';
import { callTerm, valueKey } from './keys.ts';
import {
  behaviourOf,
  Frame,
  FunctionClosure,
  nativeValue,
  type Call,
  type Handler,
  type Machine,
  type NativeValue,
} from './machine.ts';
import { isCallable, oneOf } from './dispatch.ts';
import { ended } from './ended.ts';
import { instanceTest } from './instances.ts';
import { secretFacts } from './proofs.ts';
import { isOtherPath } from './library/addresses.ts';
import { rowMember } from './library/orm/rows.ts';
import { serviceQuery } from './library/sinks/service-query.ts';
import { assumeExpression, pathKey } from './narrow.ts';
import { converted, typeOf } from './typed.ts';
import {
  alternativesOf,
  bottom,
  choose,
  firstOf,
  isBottom,
  isLength,
  lengthFacts,
  lengthOf,
  listOfLength,
  listFacts,
  mostAlternatives,
  promote,
  termOf,
  testOf,
  truthOf,
} from './operations.ts';
import { bind, branches, forget, functionValue, run } from './statements.ts';
import type { Fact } from './types.ts';
import { walkModule } from './walk.ts';
import { atoms, constant, objectOf, undefinedValue, type Alternative, type Value } from './value.ts';

/** The value of an expression; sets `frame.dead` when the code after it is never reached. */
export function evaluate(machine: Machine, frame: Frame, expression: Expression): Value {
  machine.steps += 1;
  if (frame.dead) return bottom;
  if (machine.steps > machine.limit) {
    machine.gap(
      'The limit of steps was reached; what comes after was not followed.',
      machine.place(frame, expression.at),
    );
    return machine.opaque(frame, expression.at, 'the limit of steps was reached');
  }
  const value = evaluateKind(machine, frame, expression);
  if (expression.kind !== 'constant' && expression.kind !== 'function') frame.seen.set(expression, value);
  return value;
}

function evaluateKind(machine: Machine, frame: Frame, expression: Expression): Value {
  switch (expression.kind) {
    case 'constant':
      return constant(expression.value);
    case 'name':
      return lookup(machine, frame, expression.binding);
    case 'global':
      return { kind: 'external', library: undefined, path: expression.name, arguments: [] };
    case 'this':
      return frame.thisValue;
    case 'member': {
      const path = pathKey(expression);
      const refined = path === undefined ? undefined : refinedOf(frame, expression, path);
      const object = evaluate(machine, frame, expression.object);
      if (frame.dead) return bottom;
      if (refined !== undefined) return refined;
      const name = ownName(object, expression.property);
      return memberOf(machine, frame, object, name, expression.at, expression.optional);
    }
    case 'index': {
      const object = evaluate(machine, frame, expression.object);
      const index = evaluate(machine, frame, expression.index);
      return frame.dead ? bottom : indexOf(machine, frame, object, index, expression.at, expression.optional);
    }
    case 'call':
      return evaluateCall(machine, frame, expression);
    case 'new': {
      const callee = evaluate(machine, frame, expression.callee);
      const values = evaluateItems(machine, frame, expression.arguments);
      return frame.dead ? bottom : construct(machine, frame, callee, values, expression.at, expression.end);
    }
    case 'function':
      return functionValue(machine, frame, expression.code);
    case 'class':
      return classValue(machine, frame, expression);
    case 'object':
      return evaluateObject(machine, frame, expression.properties);
    case 'array': {
      const items = evaluateItems(machine, frame, expression.items);
      const [only] = items;
      // `[...rows]` is the list itself.
      if (items.length === 1 && only?.kind === 'list' && expression.items[0]?.spread === true) return only;
      const spreads = new Set(expression.items.filter(item => item.spread).map(item => frame.seen.get(item.value)));
      if (items.some(item => spreads.has(item)))
        return mixedList(machine, frame, items, item => spreads.has(item), expression.at);
      return { kind: 'array', items };
    }
    case 'template':
      return evaluateTemplate(machine, frame, expression);
    case 'binary':
      return evaluateBinary(machine, frame, expression);
    case 'logical':
      return evaluateLogical(machine, frame, expression);
    case 'not': {
      const value = evaluate(machine, frame, expression.operand);
      return frame.dead ? bottom : notValue(machine, frame, value, expression.at);
    }
    case 'unary': {
      const value = evaluate(machine, frame, expression.operand);
      if (frame.dead) return bottom;
      if (expression.operator === 'void' || expression.operator === 'delete') return undefinedValue;
      if (expression.operator === 'typeof')
        return typeOf(machine, value) ?? { kind: 'external', library: undefined, path: 'typeof()', arguments: [value] };
      if (value.kind === 'constant')
        return constant(expression.operator === '-' ? -Number(value.value) : Number(value.value));
      return converted(value, 'number');
    }
    case 'conditional': {
      const value = evaluate(machine, frame, expression.test);
      if (frame.dead) return bottom;
      return branches(machine, frame, [
        () =>
          assumeExpression(machine, frame, expression.test, value, true)
            ? evaluate(machine, frame, expression.then)
            : bottom,
        () =>
          assumeExpression(machine, frame, expression.test, value, false)
            ? evaluate(machine, frame, expression.else)
            : bottom,
      ]);
    }
    case 'assign': {
      if (expression.operator === '=') {
        const value = evaluate(machine, frame, expression.value);
        if (!frame.dead) assign(machine, frame, expression.target, value);
        return value;
      }
      const current = readTarget(machine, frame, expression.target);
      const value = assignedValue(machine, frame, expression, current);
      if (!frame.dead) assign(machine, frame, expression.target, value);
      return value;
    }
    case 'await': {
      const value = evaluate(machine, frame, expression.operand);
      return frame.dead ? bottom : awaitValue(machine, frame, value, expression.at);
    }
    case 'sequence': {
      let last: Value = undefinedValue;
      for (const item of expression.items) last = evaluate(machine, frame, item);
      return last;
    }
    case 'element':
      return evaluateElement(machine, frame, expression);
    case 'import':
      return expression.name === undefined
        ? { kind: 'promise', value: importValue(machine, frame.module, expression.specifier, '*'), facts: [] }
        : importValue(machine, frame.module, expression.specifier, expression.name);
    case 'unknown':
      return machine.opaque(frame, expression.at, expression.what);
  }
}

/** `[...rows, ...others, one]`: any of them, each with what holds when there is one. */
export function mixedList(
  machine: Machine,
  frame: Frame,
  items: readonly Value[],
  isMany: (item: Value) => boolean,
  at: number,
): Value {
  const alternatives = items.map((item): Alternative => {
    if (!isMany(item)) return { value: item, facts: [] };
    const { element, facts } = iterated(machine, frame, item, at);
    return { value: element, facts };
  });
  return { kind: 'list', element: choose(alternatives), rows: undefined, facts: [] };
}

/** An array after `push(...others)`. */
function grown(
  machine: Machine,
  frame: Frame,
  value: Value,
  items: readonly Value[],
  isMany: (index: number) => boolean,
  at: number,
): Value {
  if (value.kind === 'choice')
    return choose(
      value.alternatives.map(alternative => ({
        ...alternative,
        value: grown(machine, frame, alternative.value, items, isMany, at),
      })),
    );
  const before = value.kind === 'array' ? value.items : [value];
  const [only] = items;
  if (before.length === 0 && items.length === 1 && only?.kind === 'list') return only;
  const all = [...before, ...items];
  const many = new Set<Value>(items.filter((_, index) => isMany(index)));
  if (value.kind !== 'array') many.add(value);
  return mixedList(machine, frame, all, item => many.has(item), at);
}

// Names --------------------------------------------------------------------------------------------------------------

/** What a name stands for where it is used. */
export function lookup(machine: Machine, frame: Frame, binding: Binding): Value {
  const value = frame.valueOf(binding);
  if (value !== undefined) return value;
  if (binding.owner === undefined) return moduleValue(machine, frame.module, binding);
  return undefinedValue;
}

function refinedOf(frame: Frame, expression: Expression, path: string): Value | undefined {
  let root: Expression = expression;
  while (root.kind === 'member') root = root.object;
  if (root.kind !== 'name') return undefined;
  for (let current: Frame | undefined = frame; current !== undefined; current = current.parent) {
    const refined = current.refined.get(path);
    if (refined !== undefined) return refined;
    if (current.vars.has(root.binding)) return undefined;
  }
  return undefined;
}

/** The frame in which a module's top level is evaluated, on demand. */
export function moduleFrame(machine: Machine, module: ModuleCode): Frame {
  const known = machine.moduleFrames.get(module.file);
  if (known !== undefined) return known;
  const frame = new Frame(module, undefined, undefined, undefinedValue);
  machine.moduleFrames.set(module.file, frame);
  return frame;
}

/** The value of a name declared at the top of a module. */
export function moduleValue(machine: Machine, module: ModuleCode, binding: Binding): Value {
  const frame = moduleFrame(machine, module);
  const known = frame.vars.get(binding);
  if (known !== undefined) return known;
  const declaration = binding.declaration;
  if (declaration === undefined) return { kind: 'external', library: undefined, path: binding.name, arguments: [] };
  frame.vars.set(binding, {
    kind: 'term',
    term: { kind: 'opaque', id: `${module.file}#${binding.name}`, reason: `'${binding.name}' is defined by itself` },
    maybeUndefined: true,
  });
  switch (declaration.kind) {
    case 'import':
      frame.vars.set(binding, importValue(machine, module, declaration.specifier, declaration.name));
      break;
    case 'function':
      frame.vars.set(binding, functionValue(machine, frame, declaration.code));
      break;
    case 'class':
      frame.vars.set(binding, evaluate(machine, frame, declaration.expression));
      if (binding.filled === true) runModule(machine, module);
      break;
    case 'variable': {
      const value = declaration.init === undefined ? undefinedValue : evaluate(machine, frame, declaration.init);
      frame.dead = false;
      bind(machine, frame, declaration.pattern, value, 0);
      frame.dead = false;
      if (binding.reassigned || binding.filled === true) runModule(machine, module);
    }
  }
  const declared = machine.declarations.of.get(binding);
  if (declared !== undefined) frame.vars.set(binding, declaredValue(declared, frame.vars.get(binding)));
  return frame.vars.get(binding) ?? undefinedValue;
}

/** Runs the statements of a module once: they give names their values (`if (production) client = …`) and tell servers their routes. */
export function runModule(machine: Machine, module: ModuleCode): void {
  const done = machine.remember('modules that ran', () => new Set<string>());
  if (done.has(module.file)) return;
  done.add(module.file);
  machine.loading.push(module.file);
  const frame = moduleFrame(machine, module);
  for (const statement of module.body) {
    if (statement.kind === 'declare' || statement.kind === 'function') continue;
    run(machine, frame, [statement]);
    frame.dead = false;
    frame.facts = [];
    frame.effects = [];
  }
  machine.loading.pop();
}

/** Runs the statements of a module, and gives every name that it declares its value. */
export function evaluateModule(machine: Machine, module: ModuleCode): void {
  for (const statement of module.body) {
    if (statement.kind !== 'declare') continue;
    for (const binding of namesIn(statement.pattern)) moduleValue(machine, module, binding);
  }
  runModule(machine, module);
}

function namesIn(pattern: Pattern): readonly Binding[] {
  switch (pattern.kind) {
    case 'name':
      return [pattern.binding];
    case 'default':
      return namesIn(pattern.pattern);
    case 'object':
      return pattern.properties.flatMap(property => namesIn(property.value));
    case 'array':
      return pattern.items.flatMap(item => (item === undefined ? [] : namesIn(item)));
    case 'target':
      return [];
  }
}

/** What a module imports under a name: a file's export, or something of a package. */
export function importValue(machine: Machine, module: ModuleCode, specifier: string, name: string): Value {
  const resolution = machine.source.resolve(module.file, specifier);
  if (resolution.kind === 'file') {
    const target = machine.source.module(resolution.file);
    if (target !== undefined) {
      if (name === '*') return namespaceOf(machine, target);
      return name === wholeModule ? requiredModule(machine, target) : exportValue(machine, target, name);
    }
    return {
      kind: 'external',
      library: specifier,
      path: name === 'default' || name === '*' || name === wholeModule ? '' : name,
      arguments: [],
    };
  }
  const library = specifier.startsWith('node:') ? specifier.slice(5) : specifier;
  if (library === 'process' && name !== '*')
    return { kind: 'external', library: undefined, path: isWhole(name) ? 'process' : `process.${name}`, arguments: [] };
  if (name === '*') return { kind: 'external', library, path: '', arguments: [] };
  return { kind: 'external', library, path: isWhole(name) ? shortName(library) : name, arguments: [] };
}

function isWhole(name: string): boolean {
  return name === 'default' || name === wholeModule;
}

/** What `require` gives of a file: what it assigned to `module.exports`, or all that it exports by name. */
export function requiredModule(machine: Machine, module: ModuleCode): Value {
  return module.commonExports === undefined
    ? namespaceOf(machine, module)
    : moduleValue(machine, module, module.commonExports);
}

/** A name that nothing in a CommonJS module's text exports: a field of what it exports; all of it as the default. */
function commonExport(machine: Machine, module: ModuleCode, name: string): Value | undefined {
  if (module.commonExports === undefined) return undefined;
  const whole = moduleValue(machine, module, module.commonExports);
  const frame = moduleFrame(machine, module);
  const field = ['object', 'choice', 'native'].includes(whole.kind) ? heldBy(machine, frame, whole, name) : undefined;
  return field ?? (name === 'default' ? whole : undefined);
}

function heldBy(machine: Machine, frame: Frame, whole: Value, name: string): Value | undefined {
  const field =
    whole.kind === 'native'
      ? behaviourOf(whole).member?.(name, { machine, frame, arguments: [], at: 0, end: 0 })
      : peekMember(whole, name, true);
  return field?.kind === 'constant' && field.value === undefined ? undefined : field;
}

function shortName(library: string): string {
  const parts = library.split('/');
  return parts.at(-1) ?? library;
}

function namespaceOf(machine: Machine, module: ModuleCode): Value {
  const native: NativeValue & { readonly names: () => readonly string[] } = {
    name: 'namespace',
    key: `namespace ${module.file}`,
    member: name => exportValue(machine, module, name),
    names: () => exportNames(machine, module),
  };
  return nativeValue(native);
}

/** Names that a module exports, its own and through `export *`. */
export function exportNames(machine: Machine, module: ModuleCode): readonly string[] {
  const known = machine.remember('names that modules export', () => new Map<ModuleCode, readonly string[]>());
  const names = known.get(module) ?? [...readExportNames(machine, module, 0)];
  known.set(module, names);
  return names;
}

function readExportNames(machine: Machine, module: ModuleCode, depth: number): ReadonlySet<string> {
  const names = new Set(module.exports.keys());
  if (depth >= 8) return names;
  if (module.commonExports !== undefined) {
    const whole = moduleValue(machine, module, module.commonExports);
    for (const name of whole.kind === 'object' ? whole.fields.keys() : []) if (name !== '*') names.add(name);
  }
  for (const specifier of module.exportAll) {
    const resolution = machine.source.resolve(module.file, specifier);
    const target = resolution.kind === 'file' ? machine.source.module(resolution.file) : undefined;
    for (const name of target === undefined ? [] : readExportNames(machine, target, depth + 1))
      if (name !== 'default') names.add(name);
  }
  return names;
}

function exportsName(machine: Machine, module: ModuleCode, name: string, depth = 0): boolean {
  if (module.exports.has(name) || commonExport(machine, module, name) !== undefined) return true;
  if (name === 'default' || depth >= 8) return false;
  return module.exportAll.some(specifier => {
    const resolution = machine.source.resolve(module.file, specifier);
    if (resolution.kind !== 'file' || !mayExport(machine, resolution.file, name)) return false;
    const inner = machine.source.module(resolution.file);
    return inner !== undefined && exportsName(machine, inner, name, depth + 1);
  });
}

/** Whether a file may export a name, itself or through `export *`: what it certainly does not export is not lowered. */
function mayExport(machine: Machine, file: string, name: string, depth = 0): boolean {
  const outline = machine.source.outline(file);
  if (outline === undefined) return false;
  if (outline.exports.has(name) || depth >= 8) return true;
  return outline.exportAll.some(specifier => {
    const resolution = machine.source.resolve(file, specifier);
    return resolution.kind === 'file' && mayExport(machine, resolution.file, name, depth + 1);
  });
}

/** The package behind `export * from 'package'` that offers a name: one whose model knows it, or the only one. */
function packageWith(machine: Machine, module: ModuleCode, name: string, depth = 0): string | undefined {
  const packages = packagesBehind(machine, module, depth);
  return (
    packages.find(library => machine.handlers.has(`${library}#${name}`)) ??
    (packages.length === 1 ? packages[0] : undefined)
  );
}

/** A file that is handed on whole and is not there: it is generated, mostly, and may export anything. */
function missingBehind(
  machine: Machine,
  module: Pick<ModuleCode, 'file' | 'exportAll'>,
  depth: number,
): string | undefined {
  if (depth >= 8) return undefined;
  for (const specifier of module.exportAll) {
    const resolution = machine.source.resolve(module.file, specifier);
    if (resolution.kind === 'missing') return specifier;
    const inner = resolution.kind === 'file' ? machine.source.outline(resolution.file) : undefined;
    const found = inner === undefined ? undefined : missingBehind(machine, inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function packagesBehind(
  machine: Machine,
  module: Pick<ModuleCode, 'file' | 'exportAll'>,
  depth: number,
): readonly string[] {
  if (depth >= 8) return [];
  const found = module.exportAll.flatMap(specifier => {
    const resolution = machine.source.resolve(module.file, specifier);
    if (resolution.kind === 'package') return [specifier];
    const inner = resolution.kind === 'file' ? machine.source.outline(resolution.file) : undefined;
    return inner === undefined ? [] : packagesBehind(machine, inner, depth + 1);
  });
  return [...new Set(found)];
}

/** The value that a module exports under a name. */
export function exportValue(machine: Machine, module: ModuleCode, name: string, depth = 0): Value {
  const target = module.exports.get(name);
  // Its statements say what it exports, and fill what is exported.
  if (module.commonExports !== undefined) moduleValue(machine, module, module.commonExports);
  if (target === undefined) {
    const common = commonExport(machine, module, name);
    if (common !== undefined) return common;
    if (depth < 8) {
      for (const specifier of module.exportAll) {
        const resolution = machine.source.resolve(module.file, specifier);
        if (resolution.kind === 'package') continue;
        if (resolution.kind !== 'file' || !mayExport(machine, resolution.file, name)) continue;
        const inner = machine.source.module(resolution.file);
        if (inner !== undefined && exportsName(machine, inner, name))
          return exportValue(machine, inner, name, depth + 1);
      }
      const library = packageWith(machine, module, name) ?? missingBehind(machine, module, depth);
      if (library !== undefined) return { kind: 'external', library, path: name, arguments: [] };
    }
    return undefinedValue;
  }
  switch (target.kind) {
    case 'binding':
      return moduleValue(machine, module, target.binding);
    case 'from':
      return importValue(machine, module, target.specifier, target.name);
    case 'field': {
      const whole = moduleValue(machine, module, target.binding);
      const field = heldBy(machine, moduleFrame(machine, module), whole, target.name);
      return field ?? (target.name === 'default' ? whole : undefinedValue);
    }
    case 'expression': {
      const frame = moduleFrame(machine, module);
      const known = frame.seen.get(target);
      if (known !== undefined) return known;
      const value = evaluate(machine, frame, target.expression);
      frame.dead = false;
      frame.seen.set(target, value);
      return value;
    }
  }
}

// Fields -------------------------------------------------------------------------------------------------------------

/** A field of a value. A value that may be missing is there afterwards, unless the access was optional. */
export function memberOf(
  machine: Machine,
  frame: Frame,
  value: Value,
  name: string,
  at: number,
  optional: boolean,
): Value {
  if (value.kind !== 'choice') return plainMember(machine, frame, value, name, at, optional);
  const alternatives = alternativesOf(value);
  const kept: Alternative[] = [];
  let dropped = false;
  for (const alternative of alternatives) {
    const inner = alternative.value;
    if (inner.kind === 'constant' && (inner.value === null || inner.value === undefined)) {
      if (optional) kept.push({ value: undefinedValue, facts: alternative.facts });
      else dropped = true;
      continue;
    }
    kept.push({ value: plainMember(machine, frame, inner, name, at, optional), facts: alternative.facts });
  }
  if (kept.length === 0) return ended(frame, at);
  if (!dropped) return choose(kept);
  const promoted = promote(kept);
  if (promoted === undefined) return bottom;
  frame.learn(promoted.facts);
  return promoted.value;
}

function plainMember(machine: Machine, frame: Frame, value: Value, name: string, at: number, optional: boolean): Value {
  if (value.kind === 'native') {
    const call: Call = { machine, frame, arguments: [], at, end: at };
    const length = value.native.name === 'length' ? machine.opaque(frame, at, 'a number') : undefined;
    return (
      length ??
      behaviourOf(value).member?.(name, call) ??
      machine.opaque(frame, at, `'${name}' of ${value.native.name}`)
    );
  }
  if (value.kind === 'constant' && (value.value === null || value.value === undefined)) {
    return optional ? undefinedValue : ended(frame, at);
  }
  if (
    value.kind === 'external' &&
    value.library === undefined &&
    isGlobalObject(value.path) &&
    !platformNames.has(name)
  ) {
    return globalsOf(machine).get(name) ?? madeGlobal(machine, frame.module, name) ?? undefinedValue;
  }
  if (value.kind === 'external' && value.library === undefined && value.path === 'process.env')
    return environmentValue(machine.source, name);
  if (value.kind === 'row' && value.fields?.has(name) === false) {
    const known = rowMember(machine, value, name, { machine, frame, arguments: [], at, end: at });
    if (known !== undefined) return known;
  }
  const found = peekMember(value, name, optional);
  if (value.kind === 'object' && found?.kind === 'constant' && found.value === undefined) {
    const spread = spreadMember(value, name, { machine, frame, arguments: [], at, end: at });
    if (spread !== undefined) return spread;
    if (name === 'constructor') return machine.opaque(frame, at, 'the class of an object');
  }
  if (found === undefined)
    return memberOfPlain(value, name) ?? machine.opaque(frame, at, `'${name}' of a ${value.kind}`);
  if (found.kind === 'native' && found.native.name === 'getter') {
    return behaviourOf(found).invoke?.({ machine, frame, arguments: [value], at, end: at }) ?? found;
  }
  if (found.kind === 'choice' && value.kind === 'list' && value.rows !== undefined)
    return firstOf(value, machine.place(frame, at));
  return value.kind === 'object' && found.kind === 'function' ? ofObject(found, value) : found;
}

/** An arrow function that a class gives to each object: `this` in it is the object, wherever it is called. */
function ofObject(found: Extract<Value, { kind: 'function' }>, self: Value): Value {
  const { code, frame, bound } = found.closure as FunctionClosure;
  const isFree = frame.thisValue.kind === 'constant' && frame.thisValue.value === undefined;
  if (!code.isArrow || !code.usesThis || !isFree) return found;
  return { ...found, closure: new FunctionClosure(code, new Frame(frame.module, frame.code, frame, self), bound) };
}

/** A longer list is data: what one of its items has is no answer. */
const mostAsked = 32;

/** What a text or a number has not is not there; what a list has not, one of the many things has that it stands for. */
function memberOfPlain(value: Value, name: string): Value | undefined {
  if (value.kind === 'constant')
    return value.value === null || value.value === undefined || name in Object(value.value)
      ? undefined
      : undefinedValue;
  if (value.kind !== 'array' || value.items.length === 0 || value.items.length > mostAsked) return undefined;
  if (name in Array.prototype || /^\d+$/.test(name)) return undefined;
  // Whoever asks for a field knows by then that it is one of those that have it. Only what is written there is looked at:
  // asking each item as if it were asked by itself multiplies from list to list.
  const having = value.items.flatMap(item => {
    const field = item.kind === 'object' ? item.fields.get(name) : undefined;
    return field === undefined ? [] : [{ value: field, facts: [] }];
  });
  return having.length === 0 ? undefined : choose(having);
}

/** A field of something of a library that an object spreads (`{ ...client, more }`). */
function spreadMember(value: Extract<Value, { kind: 'object' }>, name: string, call: Call): Value | undefined {
  for (const spread of value.spread.toReversed()) {
    const inner =
      spread.kind === 'native'
        ? behaviourOf(spread).member?.(name, call)
        : spread.kind === 'object'
          ? spreadMember(spread, name, call)
          : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** A field as far as it is known without running anything. */
export function peekMember(value: Value, name: string, optional: boolean): Value | undefined {
  switch (value.kind) {
    case 'constant':
      if (typeof value.value === 'string' && name === 'length') return constant(value.value.length);
      return optional && (value.value === null || value.value === undefined) ? undefinedValue : undefined;
    case 'term':
      return { kind: 'term', term: extend(value.term, name), maybeUndefined: true };
    case 'row': {
      if (value.fields === undefined)
        return { kind: 'term', term: { kind: 'column', row: value.row.name, column: name }, maybeUndefined: false };
      return value.fields.get(name) ?? undefinedValue;
    }
    case 'object': {
      const own = value.fields.get(name);
      if (own !== undefined) return own;
      for (const spread of value.spread.toReversed()) {
        const inner = peekSpread(spread, name);
        if (inner !== undefined && !(inner.kind === 'constant' && inner.value === undefined)) return inner;
      }
      const any = value.fields.get('*');
      return any === undefined
        ? undefinedValue
        : choose([
            { value: namedItem(any, name), facts: [] },
            { value: undefinedValue, facts: [] },
          ]);
    }
    case 'array':
      if (name === 'length') return value.items.some(isMaybeAbsent) ? undefined : constant(value.items.length);
      return /^\d+$/.test(name) ? (value.items[Number(name)] ?? undefinedValue) : undefined;
    case 'list':
      if (name === 'length') return lengthOf(value);
      return /^\d+$/.test(name) ? firstOf(value, { file: '', line: 0 }) : undefined;
    case 'promise':
      return peekMember(value.value, name, optional);
    case 'external': {
      if (value.library === undefined && isGlobalObject(value.path))
        return platformNames.has(name) ? { ...value, path: name } : undefined;
      const path = value.path === '' ? name : `${value.path}.${name}`;
      if (value.library === undefined && value.path === 'process.env') {
        return { kind: 'term', term: { kind: 'environment', name }, maybeUndefined: true };
      }
      return { ...value, path };
    }
    case 'choice': {
      const parts: Alternative[] = [];
      for (const { value: inner, facts } of alternativesOf(value)) {
        const isAbsent = inner.kind === 'constant' && (inner.value === null || inner.value === undefined);
        const part = isAbsent ? (optional ? undefinedValue : undefined) : peekMember(inner, name, optional);
        if (part !== undefined) parts.push({ value: part, facts });
        else if (!isAbsent) return undefined;
      }
      return choose(parts);
    }
    case 'response':
      if (name === 'status') return value.status === undefined ? undefined : constant(value.status);
      if (name === 'body') return value.body;
      return name === 'headers' ? { kind: 'external', library: undefined, path: 'headers', arguments: [] } : undefined;
    case 'native':
      return undefined;
    default:
      return undefined;
  }
}

/** What counts as false, a truth value or nothing spreads no field that is read by name: `...(name && { name })` without a name. */
function spreadsNothing(value: Value): boolean {
  // A text may stand for each of many fields here (`found[key] = text` in a loop), so its type says nothing.
  return value.kind === 'constant' || value.kind === 'test' || (value.kind === 'term' && value.truthy === false);
}

/** A field that an object has from what it spreads. */
function peekSpread(spread: Value, name: string): Value | undefined {
  if (spreadsNothing(spread)) return undefinedValue;
  if (spread.kind !== 'choice') return peekMember(spread, name, true);
  const parts = alternativesOf(spread).flatMap(({ value, facts }): Alternative[] => {
    const part = peekSpread(value, name);
    return part === undefined ? [] : [{ value: part, facts }];
  });
  return parts.length === 0 ? undefined : choose(parts);
}

/** One of the caller's values under its name (`parameters[key] = value` for each): two names are two values. */
function namedItem(any: Value, name: string): Value {
  if (any.kind === 'choice')
    return choose(any.alternatives.map(({ value, facts }) => ({ value: namedItem(value, name), facts })));
  if (any.kind !== 'term' || any.term.kind !== 'client' || !any.term.path.endsWith('.[]')) return any;
  return { ...any, term: { ...any.term, path: `${any.term.path.slice(0, -2)}${name}` } };
}

/** What a statement of the module makes and keeps on the global object: `if (!global.db) global.db = new Client()`. */
function madeGlobal(machine: Machine, module: ModuleCode, name: string): Value | undefined {
  let made: Expression | undefined;
  walkModule(module, expression => {
    if (expression.kind !== 'assign' || expression.target.kind !== 'target') return;
    const target = expression.target.expression;
    const isThis =
      target.kind === 'member' && target.property === name && /^global(?:This)?$/.test(nameOf(target.object));
    if (isThis && (expression.value.kind === 'new' || expression.value.kind === 'call')) made ??= expression.value;
  });
  if (made === undefined) return undefined;
  const value = evaluate(machine, moduleFrame(machine, module), made);
  globalsOf(machine).set(name, value);
  return value;
}

/** The name of an object; of `const kept = globalThis` the one that it stands for. */
function nameOf(expression: Expression): string {
  if (expression.kind === 'global') return expression.name;
  if (expression.kind !== 'name') return '';
  const { declaration, name } = expression.binding;
  return declaration?.kind === 'variable' && declaration.init?.kind === 'global' ? declaration.init.name : name;
}

function isGlobal(value: Value): boolean {
  return value.kind === 'external' && value.library === undefined && isGlobalObject(value.path);
}

function isGlobalObject(path: string): boolean {
  return path === 'globalThis' || path === 'global';
}

const platformNames: ReadonlySet<string> = new Set([
  'crypto',
  'fetch',
  'process',
  'Response',
  'Request',
  'URL',
  'Buffer',
  'Promise',
  'console',
  'JSON',
  'Object',
  'Array',
  'Map',
  'Set',
  'Date',
  'Math',
]);

/** What the app keeps on the global object, by name. */
function globalsOf(machine: Machine): Map<string, Value> {
  return machine.remember('globals', () => new Map<string, Value>());
}

/** An item that only some ways to here put into the array. */
function isMaybeAbsent(item: Value): boolean {
  return (
    item.kind === 'choice' &&
    item.alternatives.some(({ value }) => value.kind === 'constant' && value.value === undefined)
  );
}

const deepestPath = 6;

/** The term of a field of a value known by its provenance. */
export function extend(term: Term, name: string): Term {
  switch (term.kind) {
    case 'client':
    case 'tool-argument':
    case 'event': {
      if (term.path.endsWith('.*')) return term;
      const depth = term.path.split('.').length;
      return {
        ...term,
        path:
          depth >= deepestPath && term.kind !== 'event'
            ? `${term.path}.*`
            : term.path === ''
              ? name
              : `${term.path}.${name}`,
      };
    }
    case 'principal':
      return { ...term, attribute: `${term.attribute}.${name}` };
    case 'opaque':
      return term.id.length > 300 ? term : { ...term, id: `${term.id}.${name}` };
    default:
      return callTerm(`.${name}`, [term]);
  }
}

function indexOf(machine: Machine, frame: Frame, object: Value, index: Value, at: number, optional: boolean): Value {
  if (index.kind === 'constant' && (typeof index.value === 'string' || typeof index.value === 'number')) {
    return memberOf(machine, frame, object, String(index.value), at, optional);
  }
  if (index.kind === 'choice') {
    const constants = alternativesOf(index);
    if (constants.every(({ value }) => value.kind === 'constant')) {
      return choose(
        constants.map(({ value, facts }) => ({
          value: memberOf(machine, frame, object, String(value.kind === 'constant' ? value.value : ''), at, optional),
          facts,
        })),
      );
    }
  }
  return manyOf(object, () => {
    if (object.kind === 'term')
      return { kind: 'term', term: callTerm('at', [object.term, termOf(index)]), maybeUndefined: true };
    return machine.opaque(frame, at, 'a computed field');
  });
}

/** Any field of an object, any item of an array. */
function manyOf(object: Value, otherwise: () => Value): Value {
  switch (object.kind) {
    case 'object':
      if (object.fields.size === 0) return otherwise();
      if (object.fields.size >= mostAlternatives && [...object.fields.values()].every(isCallable))
        return oneOf([...object.fields.values()]);
      return { kind: 'choice', alternatives: [...object.fields.values()].map(value => ({ value, facts: [] })) };
    case 'array':
      return object.items.length === 0 ? undefinedValue : choose(object.items.map(value => ({ value, facts: [] })));
    case 'list':
      return firstOf(object, { file: '', line: 0 });
    case 'choice':
      return choose(alternativesOf(object).map(({ value, facts }) => ({ value: manyOf(value, otherwise), facts })));
    default:
      return otherwise();
  }
}

/** One value out of many, for the body of a loop or a callback, with what holds when there is one. */
export function iterated(
  machine: Machine,
  frame: Frame,
  value: Value,
  at: number,
): { readonly element: Value; readonly facts: readonly Fact[] } {
  switch (value.kind) {
    case 'list':
      return {
        element: value.element,
        facts: listFacts(value, true, machine.place(frame, at), `for each row of '${value.rows?.table ?? ''}'`, true),
      };
    case 'array':
      return {
        element:
          value.items.length === 0 ? undefinedValue : choose(value.items.map(item => ({ value: item, facts: [] }))),
        facts: [],
      };
    case 'term':
      return {
        element: {
          kind: 'term',
          term: value.term.kind === 'constant' ? value.term : extend(value.term, '[]'),
          maybeUndefined: false,
        },
        facts: [],
      };
    case 'choice': {
      // Nothing can be gone through where there is nothing: that way ends there.
      const there = alternativesOf(value).filter(({ value: inner }) => !isNothing(inner));
      const parts = there.map(({ value: inner, facts }): Alternative => {
        const one = iterated(machine, frame, inner, at);
        return { value: one.element, facts: addFacts(facts, one.facts) };
      });
      const promoted = promote(
        parts.filter(part => !(part.value.kind === 'constant' && part.value.value === undefined)),
      );
      return promoted === undefined
        ? { element: undefinedValue, facts: [] }
        : { element: promoted.value, facts: promoted.facts };
    }
    case 'external':
      return { element: { ...value, path: `${value.path}[]` }, facts: [] };
    case 'native': {
      const entries = entriesOf(machine, frame, value, at);
      if (entries !== undefined) return iterated(machine, frame, entries, at);
      const [first] = value.native.inside ?? [];
      return { element: first ?? machine.opaque(frame, at, 'one of a collection'), facts: [] };
    }
    default:
      return { element: machine.opaque(frame, at, `one of a ${value.kind}`), facts: [] };
  }
}

function isNothing(value: Value): boolean {
  return value.kind === 'constant' && (value.value === null || value.value === undefined);
}

/** What a `Map` or `Set` is gone through as. */
export function entriesOf(machine: Machine, frame: Frame, value: Value, at: number): Value | undefined {
  if (value.kind !== 'native' || (value.native.name !== 'Map' && value.native.name !== 'Set')) return undefined;
  return behaviourOf(value).method?.('entries', { machine, frame, arguments: [], at, end: at });
}

// Assignments --------------------------------------------------------------------------------------------------------

/** Assigns to a pattern that may name variables, fields, or a destructuring. */
export function assign(machine: Machine, frame: Frame, target: Pattern, value: Value): void {
  if (target.kind === 'name') {
    setVariable(machine, frame, target.binding, value);
    return;
  }
  if (target.kind !== 'target') {
    bind(machine, frame, target, value, target.at);
    return;
  }
  const expression = target.expression;
  if (expression.kind !== 'member' && expression.kind !== 'index') return;
  if (expression.kind === 'index') {
    const index = evaluate(machine, frame, expression.index);
    if (index.kind === 'constant' && typeof index.value === 'string') {
      const name = index.value;
      update(machine, frame, expression.object, object =>
        withAssigned(object, name, value, { machine, frame, arguments: [], at: expression.at, end: expression.at }),
      );
      return;
    }
    update(machine, frame, expression.object, object => withAnyField(object, value));
    return;
  }
  const holder =
    expression.object.kind === 'global' || expression.object.kind === 'name'
      ? evaluate(machine, frame, expression.object)
      : undefined;
  const path = pathKey(expression);
  if (path !== undefined)
    for (const key of frame.refined.keys()) if (key === path || key.startsWith(`${path}.`)) frame.refined.delete(key);
  if (holder !== undefined && isGlobal(holder)) {
    globalsOf(machine).set(expression.property, value);
    return;
  }
  const call: Call = { machine, frame, arguments: [], at: expression.at, end: expression.at };
  update(machine, frame, expression.object, object => withAssigned(object, expression.property, value, call));
}

/** `object[key] = value` with a key that is not known: any field may have it now. */
function withAnyField(object: Value, value: Value): Value {
  switch (object.kind) {
    case 'object': {
      const fields = new Map(
        [...object.fields].map(([name, field]): [string, Value] => [
          name,
          choose([
            { value: field, facts: [] },
            { value, facts: [] },
          ]),
        ]),
      );
      if (!fields.has('*')) fields.set('*', value);
      return { ...object, fields };
    }
    case 'array':
      return { kind: 'array', items: [...object.items, value] };
    case 'choice':
      return choose(
        object.alternatives.map(alternative => ({ ...alternative, value: withAnyField(alternative.value, value) })),
      );
    default:
      return object;
  }
}

function withAssigned(object: Value, name: string, value: Value, call?: Call): Value {
  switch (object.kind) {
    case 'object':
      return { ...object, fields: new Map([...object.fields, [name, value]]) };
    case 'row':
      return { ...object, fields: new Map([...(object.fields ?? []), [name, value]]) };
    case 'term':
    case 'external':
      return { kind: 'object', fields: new Map([[name, value]]), spread: [object] };
    case 'native':
      return behaviourOf(object).assigned?.(name, value, call) ?? object;
    case 'choice':
      return choose(
        object.alternatives.map(alternative => ({
          ...alternative,
          value: withAssigned(alternative.value, name, value, call),
        })),
      );
    default:
      return object;
  }
}

/** The field whose own fields are about to change; of a request, an object that middleware fills (`res.locals.user = …`). */
function heldField(
  machine: Machine,
  frame: Frame,
  object: Value,
  expression: Extract<Expression, { kind: 'member' }>,
): Value {
  if (object.kind !== 'native' || behaviourOf(object).assigned === undefined)
    return peekMember(object, expression.property, true) ?? undefinedValue;
  const call: Call = { machine, frame, arguments: [], at: expression.at, end: expression.at };
  return behaviourOf(object).member?.(expression.property, call) ?? objectOf({});
}

/** Other names of the same request see a change as well, and so does what holds it. */
export function carryChange(machine: Machine, frame: Frame, current: Value, changed: Value): void {
  const isKept = (value: Value): boolean => value.kind === 'native' && behaviourOf(value).assigned !== undefined;
  if (!alternativesOf(current).every(alternative => isKept(alternative.value))) return;
  if (current.kind === 'native')
    for (const [binding, value] of frame.vars) if (value === current) frame.vars.set(binding, changed);
  for (let holder: Frame | undefined = frame; holder !== undefined; holder = holder.parent) {
    for (const [binding, value] of holder.vars) {
      const replaced = value.kind === 'native' ? behaviourOf(value).replaced?.(current, changed) : undefined;
      if (replaced === undefined) continue;
      holder.vars.set(binding, replaced);
      holder.changed.add(binding);
      if (holder !== frame) machine.noteChange(holder);
    }
    if (holder.code === undefined) return;
  }
}

/** Changes the value that an expression reads, in place. */
export function update(machine: Machine, frame: Frame, expression: Expression, change: (value: Value) => Value): void {
  switch (expression.kind) {
    case 'name': {
      const current = lookup(machine, frame, expression.binding);
      frame.changed.add(expression.binding);
      const changed = change(current);
      carryChange(machine, frame, current, changed);
      setVariable(machine, frame, expression.binding, changed);
      return;
    }
    case 'this':
      frame.thisValue = change(frame.thisValue);
      return;
    case 'conditional':
    case 'logical': {
      // `(isNew ? added : kept).push(…)`: it may have been either.
      const either =
        expression.kind === 'conditional' ? [expression.then, expression.else] : [expression.left, expression.right];
      for (const one of either)
        update(machine, frame, one, value => choose([value, change(value)].map(each => ({ value: each, facts: [] }))));
      return;
    }
    case 'call': {
      // `context.getRequest().user = …`: what was answered is known by other names.
      const current = frame.seen.get(expression);
      if (current !== undefined) carryChange(machine, frame, current, change(current));
      return;
    }
    case 'member':
      if (isGlobal(frame.seen.get(expression.object) ?? undefinedValue)) {
        const globals = globalsOf(machine);
        globals.set(expression.property, change(globals.get(expression.property) ?? undefinedValue));
        const path = pathKey(expression);
        if (path !== undefined) frame.refined.delete(path);
        return;
      }
      update(machine, frame, expression.object, object => {
        const inner = heldField(machine, frame, object, expression);
        return withAssigned(object, expression.property, change(inner));
      });
      return;
    default:
  }
}

function setVariable(machine: Machine, frame: Frame, binding: Binding, value: Value): void {
  const holder = frame.holderOf(binding) ?? (binding.owner === undefined ? moduleFrame(machine, frame.module) : frame);
  forget(frame, binding.id);
  if (holder === frame || binding.owner === frame.code) {
    frame.vars.set(binding, value);
    return;
  }
  const current = holder.vars.get(binding);
  // Another function's variable, or the module's: this call may or may not have happened.
  const isInitial =
    current === undefined || (current.kind === 'constant' && (current.value === undefined || current.value === null));
  const isLoad = machine.loading.at(-1) === frame.module.file && current !== undefined && hasGrown(current, value);
  machine.noteChange(holder);
  if (binding.owner !== undefined || current === undefined || isInitial || isLoad) holder.vars.set(binding, value);
  else holder.vars.set(binding, ofModule(current, value));
}

/** What a callback adds to an object of its module while the module is loaded is there for everybody who comes later. */
function hasGrown(current: Value, value: Value): boolean {
  if (current.kind !== 'object' || value.kind !== 'object') return false;
  return [...current.fields].every(([name, field]) => value.fields.get(name) === field);
}

/** In how many ways what a module holds is told apart; requests that come later find what earlier ones left. */
const mostLeft = 8;

function ofModule(current: Value, value: Value): Value {
  // A list that grows holds at least what it held.
  if (current.kind === 'array' && value.kind === 'array' && value.items.length >= current.items.length)
    return value.items.length > mostLeft ? current : value;
  if (current.kind === 'choice' && current.alternatives.length >= mostLeft) return current;
  return choose([
    { value: current, facts: [] },
    { value, facts: [] },
  ]);
}

function readTarget(machine: Machine, frame: Frame, target: Pattern): Value {
  if (target.kind === 'name') return lookup(machine, frame, target.binding);
  return target.kind === 'target' ? evaluate(machine, frame, target.expression) : undefinedValue;
}

function assignedValue(
  machine: Machine,
  frame: Frame,
  expression: Extract<Expression, { kind: 'assign' }>,
  current: Value,
): Value {
  const { operator, value, at } = expression;
  if (operator === '??=' || operator === '||=' || operator === '&&=') {
    const kept =
      operator === '&&='
        ? []
        : alternativesOf(current).filter(({ value: inner }) => !(inner.kind === 'constant' && !inner.value));
    const other = evaluate(machine, frame, value);
    return choose([...kept, { value: other, facts: [] }]);
  }
  const right = evaluate(machine, frame, value);
  if (frame.dead) return bottom;
  return arithmetic(operator.slice(0, -1), current, right, machine, frame, at);
}

// Operators ----------------------------------------------------------------------------------------------------------

/** `!value`. */
export function notValue(machine: Machine, frame: Frame, value: Value, at: number): Value {
  const place = machine.place(frame, at);
  return choose(
    alternativesOf(value).map(({ value: inner, facts }): Alternative => {
      switch (inner.kind) {
        case 'constant':
          return { value: constant(!inner.value), facts };
        case 'test':
          return { value: { kind: 'test', whenTrue: inner.whenFalse, whenFalse: inner.whenTrue }, facts };
        case 'term': {
          if (inner.truthy === true) return { value: constant(false), facts };
          const whenTrue = inner.maybeUndefined ? presenceOf(inner.term, false, machine, frame, at) : [];
          return {
            value: { kind: 'test', whenTrue, whenFalse: holdingTrue(inner.term, place, '') },
            facts,
          };
        }
        case 'native':
          if (inner.native.name === 'length') {
            return {
              value: {
                kind: 'test',
                whenTrue: lengthFacts(inner, false, place, ''),
                whenFalse: lengthFacts(inner, true, place, ''),
              },
              facts,
            };
          }
          return { value: constant(false), facts };
        case 'external':
          return {
            value: inner.path.endsWith(')') ? { kind: 'test', whenTrue: [], whenFalse: [] } : constant(false),
            facts,
          };
        default:
          return { value: constant(false), facts };
      }
    }),
  );
}

function presenceOf(term: Term, isPresent: boolean, machine: Machine, frame: Frame, at: number): readonly Fact[] {
  if (term.kind === 'constant' || term.kind === 'opaque') return [];
  const absent = { kind: 'is-null', term } as const;
  return [
    {
      holds: { kind: 'condition', condition: isPresent ? { kind: 'not', operand: absent } : absent },
      place: machine.place(frame, at),
      label: '',
    },
  ];
}

function evaluateLogical(machine: Machine, frame: Frame, expression: Extract<Expression, { kind: 'logical' }>): Value {
  const left = evaluate(machine, frame, expression.left);
  if (frame.dead) return bottom;
  if (expression.operator === '??') {
    const isAbsent = (value: Value): boolean =>
      value.kind === 'constant' && (value.value === null || value.value === undefined);
    const mayBeAbsent = (value: Value): boolean =>
      isAbsent(value) || (value.kind === 'term' && (value.maybeUndefined || value.term.kind === 'column'));
    const alternatives = alternativesOf(left);
    const there = alternatives
      .filter(({ value }) => !isAbsent(value))
      .map(({ value, facts }) => ({
        value: value.kind === 'term' && value.maybeUndefined ? { ...value, maybeUndefined: false } : value,
        facts,
      }));
    const absent = alternatives.filter(({ value }) => mayBeAbsent(value));
    if (absent.length === 0) return left;
    return branches(machine, frame, [
      () => {
        const promoted = promote(there);
        if (promoted === undefined) return bottom;
        frame.learn(promoted.facts);
        return promoted.value;
      },
      () => {
        const known = promote(absent);
        if (known !== undefined && absent.every(({ value }) => isAbsent(value))) frame.learn(known.facts);
        return evaluate(machine, frame, expression.right);
      },
    ]);
  }
  const goesOn = expression.operator === '&&';
  return branches(machine, frame, [
    () => {
      if (!assumeExpression(machine, frame, expression.left, left, !goesOn)) return bottom;
      const assumed = alternativesOf(left).filter(({ value }) => truthOf(value) !== (goesOn ? 'true' : 'false'));
      const promoted = promote(assumed.map(({ value, facts }) => ({ value: settledTruth(value, !goesOn), facts })));
      return promoted === undefined ? bottom : promoted.value;
    },
    () =>
      assumeExpression(machine, frame, expression.left, left, goesOn)
        ? evaluate(machine, frame, expression.right)
        : bottom,
  ]);
}

/** A boolean whose outcome is known on this branch. */
function settledTruth(value: Value, truthy: boolean): Value {
  if (value.kind === 'test') return constant(truthy);
  if (value.kind === 'term' && truthy) return { ...value, maybeUndefined: false, truthy: true };
  if (value.kind === 'term') return value.maybeUndefined ? undefinedValue : { ...value, truthy: false };
  return value;
}

function evaluateBinary(machine: Machine, frame: Frame, expression: Extract<Expression, { kind: 'binary' }>): Value {
  const left = evaluate(machine, frame, expression.left);
  const right = evaluate(machine, frame, expression.right);
  if (frame.dead) return bottom;
  switch (expression.operator) {
    case '===':
    case '==':
    case '!==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compareValues(machine, frame, expression.operator, left, right, expression.at);
    case 'in':
      return hasField(left, right);
    case 'instanceof':
      return instanceTest(left, right);
    default:
      return arithmetic(expression.operator, left, right, machine, frame, expression.at);
  }
}

/** `name in object`, over all that the object may be. */
export function hasField(name: Value, object: Value): Value {
  return choose(
    alternativesOf(object).map(({ value, facts }): Alternative => {
      const isKnown =
        name.kind === 'constant' && value.kind === 'object' && value.spread.length === 0 && !value.fields.has('*');
      const isRow = name.kind === 'constant' && value.kind === 'row' && value.fields !== undefined;
      if (isKnown) return { value: constant(value.fields.has(String(name.value))), facts };
      if (isRow && value.fields.has(String(name.value))) return { value: constant(true), facts };
      return { value: { kind: 'test', whenTrue: [], whenFalse: [] }, facts };
    }),
  );
}

function arithmetic(operator: string, left: Value, right: Value, _machine: Machine, _frame: Frame, _at: number): Value {
  if (left.kind === 'constant' && right.kind === 'constant' && operator === '+') {
    if (typeof left.value === 'string' || typeof right.value === 'string')
      return constant(`${String(left.value)}${String(right.value)}`);
    return constant(Number(left.value) + Number(right.value));
  }
  return {
    kind: 'term',
    term: callTerm(operator === '+' ? 'concat' : operator, [termOf(left), termOf(right)]),
    maybeUndefined: false,
  };
}

const operators: Readonly<Record<string, Operator>> = {
  '===': '=',
  '==': '=',
  '!==': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const mostPairs = 48;
const unknownTest: Value = { kind: 'test', whenTrue: [], whenFalse: [] };

/** A comparison as the program makes it, over all that both sides may be. */
export function compareValues(
  machine: Machine,
  frame: Frame,
  operator: string,
  left: Value,
  right: Value,
  at: number,
): Value {
  const lefts = alternativesOf(left);
  const rights = alternativesOf(right);
  if (lefts.length * rights.length > mostPairs) return unknownTest;
  const results: Alternative[] = [];
  for (const one of lefts) {
    for (const other of rights) {
      results.push({
        value: comparePair(machine, frame, operator, one.value, other.value, at),
        facts: addFacts(one.facts, other.facts),
      });
    }
  }
  return choose(results);
}

function comparePair(machine: Machine, frame: Frame, operator: string, left: Value, right: Value, at: number): Value {
  const place = machine.place(frame, at);
  if (left.kind === 'constant' && right.kind !== 'constant')
    return comparePair(machine, frame, flipped(operator), right, left, at);
  const isEquality = operator.startsWith('=') || operator.startsWith('!');
  const positive = operator.startsWith('=');
  if (left.kind === 'constant' && right.kind === 'constant')
    return constant(compareConstants(operator, left.value, right.value));
  if (right.kind === 'constant') {
    if (left.kind === 'native' && left.native.name === 'length')
      return compareLength(machine, frame, left, operator, right.value, at);
    if (typeof right.value === 'boolean' && left.kind === 'test' && isEquality) {
      return right.value === positive ? left : { kind: 'test', whenTrue: left.whenFalse, whenFalse: left.whenTrue };
    }
    if (isEquality && left.kind === 'term' && isOtherPath(left.term, right.value)) return constant(!positive);
    // What counts as true is neither empty nor zero.
    const isNeverEmpty = left.kind === 'term' ? left.truthy === true : left.kind === 'external' && isDigest(left.path);
    if (isEquality && isNeverEmpty && !right.value) return constant(!positive);
    if (isEquality && (right.value === null || right.value === undefined)) {
      if (left.kind === 'term' && left.truthy !== true) {
        if (isRequiredOfFound(machine, frame, left.term)) return constant(!positive);
        if (right.value === undefined && operator.length === 3 && isOfRow(machine, left)) return constant(!positive);
        if (
          !left.maybeUndefined &&
          (left.term.kind === 'principal' || left.term.kind === 'constant' || left.term.kind === 'call')
        )
          return constant(!positive);
        const absent = presenceOf(left.term, false, machine, frame, at);
        const there = presenceOf(left.term, true, machine, frame, at);
        return { kind: 'test', whenTrue: positive ? absent : there, whenFalse: positive ? there : absent };
      }
      if (left.kind === 'external' && left.path.includes(')')) return unknownTest;
      return constant(!positive);
    }
    // `kept === 'nothing'`: no object is a text.
    if (isEquality && operator.length === 3 && (left.kind === 'object' || left.kind === 'row'))
      return constant(!positive);
  }
  if (
    isEquality &&
    left.kind === 'term' &&
    !atoms(left.term).some(atom => atom.kind === 'opaque') &&
    valueKey(left) === valueKey(right)
  )
    return constant(positive);
  if (isEquality && isLength(left) && isLength(right)) {
    const each = whenCountsAgree(machine, listOfLength(left), listOfLength(right), place);
    return { kind: 'test', whenTrue: positive ? each : [], whenFalse: positive ? [] : each };
  }
  const comparable = (value: Value): boolean =>
    value.kind === 'term' || value.kind === 'constant' || value.kind === 'external';
  if (!comparable(left) || !comparable(right)) return unknownTest;
  const sql = operators[operator];
  if (sql === undefined) return unknownTest;
  const leftTerm = termOf(left);
  const rightTerm = termOf(right);
  if (isTypeof(leftTerm) || isTypeof(rightTerm)) return unknownTest;
  const test = testOf({ kind: 'compare', operator: sql, left: leftTerm, right: rightTerm }, place);
  if (!isEquality || test.kind !== 'test') return test;
  const more = secretFacts(machine, frame, leftTerm, rightTerm, at);
  const roles = roleFacts(machine, frame, leftTerm, rightTerm, at);
  return positive
    ? { ...test, whenTrue: [...test.whenTrue, ...more, ...roles] }
    : { ...test, whenFalse: [...test.whenFalse, ...more, ...roles] };
}

/** A hash or a signature that the server computed: no text is as long as nothing. */
function isDigest(path: string): boolean {
  return /\.digest(?:\(\))?$/.test(path);
}

/** A column that is never empty, of a row that is known to be there. */
function isRequiredOfFound(machine: Machine, frame: Frame, term: Term): boolean {
  if (term.kind !== 'column') return false;
  const isFound = frame.facts.some(
    ({ holds, weakness }) => weakness === undefined && holds.kind === 'row' && holds.row.name === term.row,
  );
  const table = isFound ? machine.rows.get(term.row)?.table : undefined;
  return (
    table !== undefined &&
    machine.database?.tables
      .find(candidate => candidate.name === table)
      ?.columns.some(column => column.name === term.column && column.notNull) === true
  );
}

/** A column that was read from a row: it may be `null`, and is never `undefined`, which a row that is missing gives. */
function isOfRow(machine: Machine, value: Extract<Value, { kind: 'term' }>): boolean {
  const { term, maybeUndefined } = value;
  if (term.kind !== 'column' || maybeUndefined) return false;
  const table = machine.rows.get(term.row)?.table;
  return (
    machine.database?.tables
      .find(candidate => candidate.name === table)
      ?.columns.some(column => column.name === term.column) === true
  );
}

function isTypeof(term: Term): boolean {
  return term.kind === 'call' && term.name === 'typeof';
}

/** The principal's role in the app is compared with a constant. */
function roleFacts(machine: Machine, frame: Frame, left: Term, right: Term, at: number): readonly Fact[] {
  const pair =
    left.kind === 'principal' && right.kind === 'constant'
      ? { attribute: left.attribute, value: right.value }
      : right.kind === 'principal' && left.kind === 'constant'
        ? { attribute: right.attribute, value: left.value }
        : undefined;
  if (pair === undefined || typeof pair.value !== 'string' || !/(^|\.)role$/.test(pair.attribute)) return [];
  const place = machine.place(frame, at);
  if (pair.attribute === 'tenant.role') {
    return [
      {
        holds: { kind: 'role', roles: [pair.value], tenant: { kind: 'principal', attribute: 'tenant.id' } },
        place,
        label: `role '${pair.value}'`,
      },
    ];
  }
  return [{ holds: { kind: 'role', roles: [pair.value] }, place, label: `role '${pair.value}'` }];
}

function compareLength(
  machine: Machine,
  frame: Frame,
  length: Extract<Value, { kind: 'native' }>,
  operator: string,
  bound: unknown,
  at: number,
): Value {
  const place = machine.place(frame, at);
  const some = lengthFacts(length, true, place, '');
  const none = lengthFacts(length, false, place, '');
  if (typeof bound !== 'number') return unknownTest;
  if ((operator === '<' && bound <= 0) || (operator === '<=' && bound < 0)) return constant(false);
  if ((operator === '>=' && bound <= 0) || (operator === '>' && bound < 0)) return constant(true);
  const above =
    operator === '>' ? bound >= 0 : operator === '>=' ? bound >= 1 : operator.startsWith('=') ? bound >= 1 : false;
  if (above)
    return {
      kind: 'test',
      whenTrue: some,
      whenFalse: (operator === '>' && bound === 0) || (operator === '>=' && bound === 1) ? none : [],
    };
  const below =
    operator === '<' ? bound <= 1 : operator === '<=' ? bound <= 0 : operator.startsWith('=') ? bound === 0 : false;
  if (below) return { kind: 'test', whenTrue: none, whenFalse: some };
  if (operator.startsWith('!'))
    return bound === 0
      ? { kind: 'test', whenTrue: some, whenFalse: none }
      : { kind: 'test', whenTrue: [], whenFalse: some };
  return operator === '<' ? { kind: 'test', whenTrue: [], whenFalse: some } : unknownTest;
}

function flipped(operator: string): string {
  return operator.startsWith('<')
    ? operator.replace('<', '>')
    : operator.startsWith('>')
      ? operator.replace('>', '<')
      : operator;
}

function compareConstants(operator: string, left: unknown, right: unknown): boolean {
  switch (operator) {
    case '===':
      return left === right;
    case '!==':
      return left !== right;
    case '==':
      return left === right || ((left ?? null) === null && (right ?? null) === null);
    case '!=':
      return !(left === right || ((left ?? null) === null && (right ?? null) === null));
    case '<':
      return Number(left) < Number(right);
    case '<=':
      return Number(left) <= Number(right);
    case '>':
      return Number(left) > Number(right);
    default:
      return Number(left) >= Number(right);
  }
}

// Literals -----------------------------------------------------------------------------------------------------------

function evaluateObject(machine: Machine, frame: Frame, properties: readonly ObjectProperty[]): Value {
  let fields = new Map<string, Value>();
  let spread: Value[] = [];
  for (const property of properties) {
    if (frame.dead) return bottom;
    switch (property.kind) {
      case 'field':
        fields.set(
          property.key,
          property.getter === true
            ? getterValue(evaluate(machine, frame, property.value))
            : evaluate(machine, frame, property.value),
        );
        break;
      case 'computed': {
        const key = evaluate(machine, frame, property.key);
        const value = evaluate(machine, frame, property.value);
        const oneOf = namedByOne(key, value);
        if (oneOf !== undefined) {
          spread = [...spread, { kind: 'object', fields, spread: [] }, oneOf];
          fields = new Map();
          break;
        }
        // A symbol of a library (`[Op.in]`) is known by its name.
        const name = key.kind === 'constant' ? String(key.value) : key.kind === 'external' ? key.path : '*';
        fields.set(name, value);
        break;
      }
      case 'spread': {
        const value = evaluate(machine, frame, property.value);
        const merged = spreadInto(fields, value);
        if (merged === undefined) {
          // What is spread may override fields that came before it.
          spread = [...spread, { kind: 'object', fields, spread: [] }, value];
          fields = new Map();
        } else fields = merged;
      }
    }
  }
  if (frame.dead) return bottom;
  return {
    kind: 'object',
    fields,
    spread: spread.filter(part => !(part.kind === 'object' && part.fields.size === 0 && part.spread.length === 0)),
  };
}

/** `{ [columns[kind]]: value }`: a field under one of a few names. */
function namedByOne(key: Value, value: Value): Value | undefined {
  const names = key.kind === 'choice' ? alternativesOf(key) : [];
  if (names.length > mostNames || !names.every(({ value: name }) => name.kind === 'constant')) return undefined;
  return names.length < 2
    ? undefined
    : choose(
        names.map(({ value: name, facts }) => ({
          value: objectOf({ [name.kind === 'constant' ? String(name.value) : '']: value }),
          facts,
        })),
      );
}

const mostNames = 8;

/** `{ ...value }` where the value's fields are known. */
function spreadInto(fields: ReadonlyMap<string, Value>, value: Value): Map<string, Value> | undefined {
  if (spreadsNothing(value)) return new Map(fields);
  switch (value.kind) {
    case 'object':
      return value.spread.length === 0 ? overridden(fields, value.fields) : undefined;
    case 'row':
      return value.fields === undefined ? undefined : new Map([...fields, ...value.fields]);
    case 'choice': {
      const merged = new Map(fields);
      const alternatives = alternativesOf(value);
      const parts = alternatives.map(({ value: inner }) => spreadInto(new Map(), inner));
      if (parts.some(part => part === undefined)) return undefined;
      const names = new Set(parts.flatMap(part => [...(part?.keys() ?? [])]));
      // `...(guest ? { guestId } : { userId })` is one or the other, and never neither.
      if (parts.length > 1 && parts.every(part => part !== undefined && part.size > 0 && part.size < names.size))
        return undefined;
      for (const name of names) {
        merged.set(
          name,
          choose(
            alternatives.map(({ facts }, index) => ({
              value: parts[index]?.get(name) ?? fields.get(name) ?? undefinedValue,
              facts,
            })),
          ),
        );
      }
      return merged;
    }
    default:
      return undefined;
  }
}

/** Later fields win; an optional one that may be missing leaves the earlier one in place. */
function overridden(fields: ReadonlyMap<string, Value>, later: ReadonlyMap<string, Value>): Map<string, Value> {
  const merged = new Map(fields);
  for (const [name, value] of later) {
    const earlier = fields.get(name);
    if (earlier !== undefined && value.kind === 'term' && value.maybeUndefined) {
      merged.set(
        name,
        choose([
          { value: { ...value, maybeUndefined: false }, facts: [] },
          { value: earlier, facts: [] },
        ]),
      );
    } else merged.set(name, value);
  }
  return merged;
}

/** The arguments of a call or the items of an array. */
export function evaluateItems(machine: Machine, frame: Frame, items: readonly Item[]): readonly Value[] {
  const values: Value[] = [];
  for (const item of items) {
    if (frame.dead) break;
    const value = evaluate(machine, frame, item.value);
    if (item.spread && value.kind === 'array') values.push(...value.items);
    else values.push(value);
  }
  return values;
}

function evaluateTemplate(
  machine: Machine,
  frame: Frame,
  expression: Extract<Expression, { kind: 'template' }>,
): Value {
  if (expression.tag !== undefined) {
    const texts: Value = { kind: 'array', items: expression.texts.map(text => constant(text)) };
    const values = expression.values.map(value => evaluate(machine, frame, value));
    if (frame.dead) return bottom;
    if (expression.tag.kind === 'member') {
      const receiver = evaluate(machine, frame, expression.tag.object);
      return frame.dead
        ? bottom
        : callMethod(machine, frame, receiver, expression.tag.property, [texts, ...values], {
            at: expression.at,
            end: expression.end,
            optional: false,
          });
    }
    const tag = evaluate(machine, frame, expression.tag);
    return frame.dead
      ? bottom
      : callValue(machine, frame, tag, [texts, ...values], { at: expression.at, end: expression.end });
  }
  const values = expression.values.map(value => evaluate(machine, frame, value));
  if (frame.dead) return bottom;
  const parts: Value[] = [];
  for (const [index, text] of expression.texts.entries()) {
    if (text !== '') parts.push(constant(text));
    const value = values[index];
    if (value !== undefined) parts.push(value);
  }
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  if (parts.every(part => part.kind === 'constant'))
    return constant(parts.map(part => (part.kind === 'constant' ? String(part.value) : '')).join(''));
  return { kind: 'term', term: callTerm('concat', parts.map(termOf)), maybeUndefined: false, truthy: true };
}

// Calls --------------------------------------------------------------------------------------------------------------

function evaluateCall(machine: Machine, frame: Frame, expression: Extract<Expression, { kind: 'call' }>): Value {
  const { callee, at, end } = expression;
  const yields = frame.wanted?.call === expression ? frame.wanted.as : undefined;
  if (callee.kind === 'call') frame.wanted = { call: callee, as: 'function' };
  if (callee.kind === 'member') {
    const receiver = evaluate(machine, frame, callee.object);
    if (frame.dead) return bottom;
    const values = evaluateItems(machine, frame, expression.arguments);
    if (frame.dead) return bottom;
    if (callee.property === 'push' || callee.property === 'unshift') {
      // What was found out in this turn of a loop holds of what the turn collects.
      const found = frame.loop === undefined ? [] : without(frame.facts, frame.loop);
      const items = found.length === 0 ? values : values.map((value): Value => choose([{ value, facts: found }]));
      const many = new Set(expression.arguments.filter(item => item.spread).map(item => frame.seen.get(item.value)));
      update(machine, frame, callee.object, value =>
        values.some(item => many.has(item))
          ? grown(machine, frame, value, items, index => many.has(values[index]), at)
          : pushed(value, items, callee.property === 'unshift'),
      );
      return machine.opaque(frame, at, 'a length');
    }
    const value = callMethod(machine, frame, receiver, ownName(receiver, callee.property), values, {
      at,
      end,
      optional: callee.optional || expression.optional,
      nodes: expression.arguments,
      start: startOf(callee),
      yields,
    });
    const [target] = expression.arguments;
    if (callee.property === 'assign' && target !== undefined && isObjectGlobal(receiver) && !frame.dead)
      update(machine, frame, target.value, object => assignedFields(object, value, values.slice(1)));
    if (isMutator(callee.property) && !frame.dead) {
      const changed = mutated(receiver, callee.property, values);
      if (changed !== undefined) update(machine, frame, callee.object, () => changed);
    }
    return value;
  }
  if (callee.kind === 'this') {
    const values = evaluateItems(machine, frame, expression.arguments);
    if (!frame.dead) constructParent(machine, frame, values, { at, end });
    return undefinedValue;
  }
  const value = evaluate(machine, frame, callee);
  if (frame.dead) return bottom;
  const values = evaluateItems(machine, frame, expression.arguments);
  if (frame.dead) return bottom;
  if (callee.kind === 'index' && isArrayLike(value))
    return arrayMethod(machine, frame, value, 'at', values, at) ?? machine.opaque(frame, at, 'a computed call');
  const holder = callee.kind === 'index' ? frame.seen.get(callee.object) : undefined;
  return callValue(machine, frame, value, values, {
    at,
    end,
    optional: expression.optional,
    nodes: expression.arguments,
    yields,
    // `service[name](…)` is a method of it, as `service.name(…)` is.
    ...(holder?.kind === 'object' || holder?.kind === 'choice' ? { self: holder } : {}),
  });
}

function isObjectGlobal(value: Value): boolean {
  return value.kind === 'external' && value.library === undefined && value.path === 'Object';
}

/** What `Object.assign(object, …)` makes of the object itself. */
function assignedFields(object: Value, result: Value, parts: readonly Value[]): Value {
  if (object.kind !== 'native') return result;
  return parts
    .flatMap(part => (part.kind === 'object' ? [...part.fields] : []))
    .reduce((changed, [name, field]) => withAssigned(changed, name, field), object as Value);
}

/** The name under which an object has `super.name`: its own where the class overrides it, the plain one where it does not. */
function ownName(object: Value, name: string): string {
  if (!name.startsWith('super.')) return name;
  return object.kind === 'object' && object.fields.has(name) ? name : name.slice('super.'.length);
}

/** Where a chain of calls begins: the place a reader looks for. */
function startOf(expression: Expression): number {
  let current = expression;
  while (current.kind === 'member' || current.kind === 'call' || current.kind === 'index') {
    if (current.kind === 'call') current = current.callee;
    else current = current.object;
  }
  return current.at;
}

function isMutator(name: string): boolean {
  return name === 'set' || name === 'append' || name === 'add' || name === 'delete';
}

/** What a value is after a call that changes it in place; absent when none does. */
function mutated(receiver: Value, name: string, values: readonly Value[]): Value | undefined {
  if (receiver.kind === 'choice') {
    const changed = receiver.alternatives.map(({ value }) => mutated(value, name, values));
    if (changed.every(value => value === undefined)) return undefined;
    return choose(
      receiver.alternatives.map((alternative, index) => ({
        value: changed[index] ?? alternative.value,
        facts: alternative.facts,
      })),
    );
  }
  if (receiver.kind !== 'native') return undefined;
  const native = receiver.native as NativeValue & {
    mutated?: (name: string, values: readonly Value[]) => Value | undefined;
  };
  return native.mutated?.(name, values);
}

/** The model of a library's class. */
function constructorOf(machine: Machine, { library, path }: Extract<Value, { kind: 'external' }>): Handler | undefined {
  return machine.handlers.get(`${library ?? ''}#new ${path}`) ?? machine.handlers.get(`*#new ${path}`);
}

/** `new callee(…)`. */
export function construct(
  machine: Machine,
  frame: Frame,
  callee: Value,
  values: readonly Value[],
  at: number,
  end: number,
): Value {
  if (callee.kind === 'choice') {
    return choose(
      alternativesOf(callee).map(({ value, facts }) => ({
        value: construct(machine, frame, value, values, at, end),
        facts,
      })),
    );
  }
  if (callee.kind === 'native') {
    return (
      behaviourOf(callee).method?.('new', { machine, frame, arguments: values, at, end }) ??
      machine.opaque(frame, at, `new ${callee.native.name}`)
    );
  }
  if (callee.kind !== 'external') return machine.opaque(frame, at, 'a constructed value');
  const handler = constructorOf(machine, callee);
  if (handler !== undefined) return handler({ machine, frame, arguments: values, at, end });
  if (
    callee.library !== undefined ||
    !/^(?:Date|RegExp|Intl|Error|TypeError|TextEncoder|TextDecoder|AbortController|WeakMap|Proxy)\b/.test(callee.path)
  )
    machine.emit(frame, {
      kind: 'call',
      library: callee.library,
      callee: `new ${callee.path}`,
      arguments: values,
      place: machine.place(frame, at, end),
    });
  const inside =
    callee.library === undefined
      ? []
      : serviceQuery({ machine, frame, arguments: values, at, end }, callee.library, `new ${callee.path}`).inside;
  const results = runCallbacks(machine, frame, values, { at, end });
  return { ...callee, arguments: [...inside, ...callee.arguments, ...values, ...results] };
}

/** Waits for a promise: what it shows holds from here on. */
export function awaitValue(machine: Machine, frame: Frame, value: Value, at: number): Value {
  switch (value.kind) {
    case 'promise':
      if (isBottom(value.value)) {
        frame.dead = true;
        return bottom;
      }
      frame.learn(value.facts);
      return awaitValue(machine, frame, value.value, at);
    case 'native':
      return behaviourOf(value).settle?.({ machine, frame, arguments: [], at, end: at }) ?? value;
    case 'choice': {
      const alternatives = alternativesOf(value);
      if (
        !alternatives.some(
          ({ value: inner }) =>
            inner.kind === 'promise' || (inner.kind === 'native' && behaviourOf(inner).settle !== undefined),
        )
      )
        return value;
      return branches(
        machine,
        frame,
        alternatives.map(alternative => () => {
          frame.learn(alternative.facts);
          return awaitValue(machine, frame, alternative.value, at);
        }),
      );
    }
    default:
      return value;
  }
}

// Classes ------------------------------------------------------------------------------------------------------------

function classValue(machine: Machine, frame: Frame, expression: Extract<Expression, { kind: 'class' }>): Value {
  const parent = expression.parent === undefined ? undefined : evaluate(machine, frame, expression.parent);
  // What the program puts into static fields later: a single instance, mostly.
  const written = new Map<string, Value>();
  // `class Database extends PrismaClient`: what it inherits is one client of the library.
  const made = new Map<string, Value>();
  const baseOf = (library: Extract<Value, { kind: 'external' }>): Value => {
    const handler = constructorOf(machine, library);
    const given = (): readonly Value[] => (expression.parentTypes ?? []).map(type => evaluate(machine, frame, type));
    const base =
      made.get('base') ?? handler?.({ machine, frame, arguments: given(), at: expression.at, end: expression.at });
    if (base !== undefined) made.set('base', base);
    return base?.kind === 'native' ? base : library;
  };
  const native: ClassNative & { readonly fieldsFor: (self: Value, at: number) => Value } = {
    name: `class ${expression.name}`,
    classCode: expression,
    frame,
    parent,
    key: `class ${frame.module.file}:${expression.at}`,
    fieldsFor: () => {
      const inherited =
        parent?.kind === 'native' && 'fieldsFor' in parent.native
          ? (parent.native as typeof native).fieldsFor(undefinedValue, 0)
          : undefined;
      const fields = new Map<string, Value>(inherited?.kind === 'object' ? inherited.fields : []);
      for (const field of expression.fields) {
        const overridden = fields.get(field.name);
        if (overridden !== undefined) fields.set(`super.${field.name}`, overridden);
        fields.set(field.name, fieldValue(machine, frame, field));
      }
      // A library that knows the class asks an instance for it.
      if (expression.decorators !== undefined || libraryParent(native) !== undefined)
        fields.set('constructor', nativeValue(native));
      return { kind: 'object', fields, spread: parent?.kind === 'external' ? [baseOf(parent)] : [] };
    },
    assigned: (name, value) => {
      const isKept = ['native', 'object', 'external', 'function'].includes(value.kind) || name === 'name';
      if (isKept) written.set(name, value);
      return nativeValue(native);
    },
    member: name => {
      if (name === 'name') return written.get(name) ?? constant(expression.name);
      const field = expression.statics.find(candidate => candidate.name === name);
      const later = written.get(name);
      if (field !== undefined || later !== undefined) {
        const first = field === undefined ? undefinedValue : fieldValue(machine, frame, field);
        return later === undefined
          ? first
          : choose([
              { value: later, facts: [] },
              { value: first, facts: [] },
            ]);
      }
      return parent?.kind === 'native'
        ? behaviourOf(parent).member?.(name, { machine, frame, arguments: [], at: expression.at, end: expression.at })
        : undefined;
    },
    method: (name, call) => {
      if (name === 'new') {
        const self = native.fieldsFor(undefinedValue, call.at);
        const constructor_ = expression.constructor_;
        // Nobody calls a constructor that takes services without them: a container does.
        const injected =
          call.arguments.length > 0 ? undefined : injectedInto(call, native, type => instanceOf(type, call));
        if (constructor_ === undefined) {
          const inherited = parent?.kind === 'native' ? behaviourOf(parent).method?.('new', call) : undefined;
          return inherited?.kind === 'object' && self.kind === 'object'
            ? { ...self, fields: withInherited(self.fields, inherited.fields, expression) }
            : self;
        }
        constructorsOf(machine).set(constructor_, native);
        const closure: Value = {
          kind: 'function',
          name: expression.name,
          file: frame.module.file,
          line: 0,
          closure: new FunctionClosure(constructor_, frame),
        };
        return callValue(call.machine, call.frame, closure, injected ?? call.arguments, {
          at: call.at,
          end: call.end,
          self,
          constructs: true,
        });
      }
      const holder = lineageOf(native).find(held => held.classCode.statics.some(candidate => candidate.name === name));
      const field = holder?.classCode.statics.find(candidate => candidate.name === name);
      if (holder === undefined || field === undefined)
        return written.has(name) ? undefined : inheritedStatic(native, nativeValue(native), name, call);
      return callValue(call.machine, call.frame, fieldValue(machine, holder.frame, field), call.arguments, {
        at: call.at,
        end: call.end,
        self: nativeValue(native),
      });
    },
  };
  return nativeValue(native);
}

/** What the constructor above filled stays, but for what the class says itself. */
function withInherited(
  fields: ReadonlyMap<string, Value>,
  filled: ReadonlyMap<string, Value>,
  { fields: own }: Extract<Expression, { kind: 'class' }>,
): ReadonlyMap<string, Value> {
  const said = new Set(['constructor', ...own.map(field => field.name)]);
  return new Map([...fields, ...[...filled].filter(([name]) => !said.has(name) || !fields.has(name))]);
}

/** `super(…)`: the constructor of the class above fills the same object. */
function constructParent(
  machine: Machine,
  frame: Frame,
  values: readonly Value[],
  site: { readonly at: number; readonly end: number },
): void {
  const owner = frame.code === undefined ? undefined : constructorsOf(machine).get(frame.code);
  const above = owner === undefined ? [] : lineageOf(owner).slice(1);
  const parent = above.find(native => native.classCode.constructor_ !== undefined);
  const code = parent?.classCode.constructor_;
  if (parent === undefined || code === undefined) return;
  constructorsOf(machine).set(code, parent);
  const { name } = parent.classCode;
  const closure = new FunctionClosure(code, parent.frame);
  const { file } = parent.frame.module;
  const constructor_: Value = { kind: 'function', name, file, line: 0, closure };
  const made = callValue(machine, frame, constructor_, values, { ...site, self: frame.thisValue, constructs: true });
  if (!frame.dead && made.kind === 'object') frame.thisValue = made;
}

/** The class that a constructor belongs to. */
function constructorsOf(machine: Machine): Map<FunctionCode, ClassNative> {
  return machine.remember('constructors', () => new Map<FunctionCode, ClassNative>());
}

/** What a container makes of a class that it is asked for; not again while it makes it. */
export function instanceOf(type: Value, call: Call): Value | undefined {
  const wanted = asClass(type);
  if (wanted === undefined) return undefined;
  const known = call.machine.remember('instances of a container', () => new Map<string, Value>());
  const before = known.get(wanted.key);
  if (before !== undefined) return before;
  const making = call.machine.remember('instances that are being made', () => new Set<string>());
  if (making.has(wanted.key)) return undefined;
  making.add(wanted.key);
  const made = wanted.method?.('new', { ...call, arguments: [] });
  making.delete(wanted.key);
  if (made !== undefined) known.set(wanted.key, made);
  return made;
}

function fieldValue(
  machine: Machine,
  frame: Frame,
  field: { readonly value: Expression | undefined; readonly getter: boolean },
): Value {
  if (field.value === undefined) return undefinedValue;
  const value = evaluateLater(machine, frame, field.value);
  return field.getter ? getterValue(value) : value;
}

/** The value of an expression in a frame whose function may have returned: a class that a function made is used afterwards. */
export function evaluateLater(machine: Machine, frame: Frame, expression: Expression): Value {
  const { dead } = frame;
  frame.dead = false;
  const value = evaluate(machine, frame, expression);
  frame.dead = dead;
  return value;
}

/** A field that is computed each time it is read. */
function getterValue(value: Value): Value {
  return nativeValue({
    name: 'getter',
    key: `getter ${valueKey(value)}`,
    invoke: call =>
      callValue(call.machine, call.frame, value, [], {
        at: call.at,
        end: call.end,
        self: call.arguments[0] ?? undefinedValue,
      }),
  });
}

// Elements -----------------------------------------------------------------------------------------------------------

function evaluateElement(machine: Machine, frame: Frame, expression: Extract<Expression, { kind: 'element' }>): Value {
  const place = machine.place(frame, expression.at);
  const written = evaluateObject(machine, frame, expression.properties);
  const content = expression.content.map(child => evaluate(machine, frame, child));
  if (frame.dead) return bottom;
  if (expression.component === undefined) {
    return {
      kind: 'element',
      component: expression.tag,
      file: undefined,
      client: false,
      props: written,
      content,
      place,
    };
  }
  const component = evaluate(machine, frame, expression.component);
  if (frame.dead) return bottom;
  const [onlyChild] = content;
  const children: Value | undefined =
    content.length === 0
      ? undefined
      : content.length === 1 && onlyChild !== undefined
        ? onlyChild
        : { kind: 'array', items: content };
  const props: Value =
    written.kind === 'object' && children !== undefined
      ? { ...written, fields: new Map([...written.fields, ['children', children]]) }
      : written;
  const rendered: Value[] = [];
  let file: string | undefined;
  let client = false;
  for (const { value } of alternativesOf(component)) {
    if (value.kind !== 'function') continue;
    file = value.file;
    const closure = value.closure as FunctionClosure;
    if (closure.frame.module.directive === 'use client') {
      client = true;
      machine.emit(frame, {
        kind: 'client-props',
        component: expression.tag,
        componentFile: value.file,
        props: written,
        place,
      });
      continue;
    }
    // A component renders apart from its parent: what it checks guards itself only.
    const before = frame.save();
    const result = awaitValue(
      machine,
      frame,
      callValue(machine, frame, value, [props], { at: expression.at, end: expression.at }),
      expression.at,
    );
    const facts = frame.facts;
    frame.restore(before);
    if (!isBottom(result)) rendered.push(choose([{ value: result, facts }]));
  }
  return {
    kind: 'element',
    component: expression.tag,
    file,
    client,
    props: client ? written : objectOf({}),
    content: client || rendered.length === 0 ? content.concat(client ? [] : [written]) : rendered,
    place,
  };
}
