import type { Declared, Expression } from '../../collect/source/ir.ts';
import { evaluate } from './expressions.ts';
import { valueKey } from './keys.ts';
import type { Call, Frame, Machine, NativeValue } from './machine.ts';
import type { Value } from './value.ts';

/** A class of the program. */
export interface ClassNative extends NativeValue {
  readonly classCode: Extract<Expression, { kind: 'class' }>;
  readonly frame: Frame;
  readonly parent: Value | undefined;
}

/** The class that a value is. */
export function asClass(value: Value | undefined): ClassNative | undefined {
  return value?.kind === 'native' && 'classCode' in value.native ? (value.native as ClassNative) : undefined;
}

const deepest = 8;

/** A class and those it extends, itself first. */
export function lineageOf(native: ClassNative): readonly ClassNative[] {
  const found = [native];
  for (let current = asClass(native.parent); current !== undefined && found.length < deepest;) {
    found.push(current);
    current = asClass(current.parent);
  }
  return found;
}

/** The class of a library that a class extends, over others of the program. */
export function libraryParent(native: ClassNative): Extract<Value, { kind: 'external' }> | undefined {
  const parent = lineageOf(native).at(-1)?.parent;
  return parent?.kind === 'external' ? parent : undefined;
}

/** A decorator of a library, with what it was given. */
export interface Decorator {
  readonly library: string;
  readonly name: string;
  readonly arguments: readonly Value[];
}

/** The decorators of libraries among some: `@Entity('bill')`, `@Index`. */
export function readDecorators(
  machine: Machine,
  frame: Frame,
  decorators: readonly Expression[],
): readonly Decorator[] {
  return decorators.flatMap(decorator => {
    const callee = evaluate(machine, frame, decorator.kind === 'call' ? decorator.callee : decorator);
    if (callee.kind !== 'external' || callee.library === undefined) return [];
    const written = decorator.kind === 'call' ? decorator.arguments : [];
    const given = written.map(item => evaluate(machine, frame, item.value));
    frame.dead = false;
    return [{ library: callee.library, name: callee.path.slice(callee.path.lastIndexOf('.') + 1), arguments: given }];
  });
}

/** A static method of a library's class that a class of the program extends: handlers are named `library#static Parent`. */
export function inheritedStatic(native: ClassNative, self: Value, name: string, call: Call): Value | undefined {
  const parent = libraryParent(native);
  const handler = parent && call.machine.handlers.get(`${parent.library ?? ''}#static ${parent.path}`);
  return handler?.({ ...call, arguments: [self, { kind: 'constant', value: name }, ...call.arguments] });
}

/** What a container hands to the constructor of a class: what a parameter's decorator stands for, or one of its type's class. */
export function injectedInto(
  call: Call,
  native: ClassNative,
  make: (type: Value) => Value | undefined,
): readonly Value[] | undefined {
  const { machine } = call;
  const declared = native.classCode.injected;
  if (declared === undefined) return undefined;
  return declared.map((parameter: Declared) => {
    for (const decorator of parameter.decorators) {
      const value = evaluate(machine, native.frame, decorator);
      if (value.kind === 'native' || value.kind === 'object' || value.kind === 'choice') return value;
    }
    const type = parameter.typeClass === undefined ? undefined : evaluate(machine, native.frame, parameter.typeClass);
    const made = type === undefined ? undefined : (provided(call, type) ?? make(type) ?? ofLibrary(call, type));
    return made ?? machine.opaque(native.frame, call.at, `what is given for a parameter of type '${parameter.type}'`);
  });
}

/** How a container was told to make what a token stands for. */
export type Provider = (call: Call) => Value | undefined;

/** What modules tell the container, by a text for the token. */
export function providersOf(machine: Machine): Map<string, Provider> {
  return machine.remember('providers', () => new Map<string, Provider>());
}

/** What a container was told to give for a token; not again while it makes it. */
export function provided(call: Call, token: Value): Value | undefined {
  const key = valueKey(token);
  const provider = providersOf(call.machine).get(key);
  if (provider === undefined) return undefined;
  const making = call.machine.remember('tokens that are being made', () => new Set<string>());
  if (making.has(key)) return undefined;
  making.add(key);
  const made = provider(call);
  making.delete(key);
  return made;
}

/** An instance of a library's class. */
function ofLibrary(call: Call, type: Value): Value | undefined {
  if (type.kind !== 'external') return undefined;
  const handler = call.machine.handlers.get(`${type.library ?? ''}#new ${type.path}`);
  return handler?.({ ...call, arguments: [] }) ?? type;
}
