import type { Expression } from '../../../../collect/source/ir.ts';
import { callValue } from '../../calls.ts';
import { asClass, libraryParent, lineageOf, type ClassNative } from '../../classes.ts';
import { evaluateLater } from '../../expressions.ts';
import { nativeValue, type Call, type Frame, type Machine } from '../../machine.ts';
import type { Value } from '../../value.ts';

/** What objects that stand for rows do: `bill.save()`. Absent when it is no method of theirs. */
export type RowMethods = (self: Value, name: string, call: Call) => Value | undefined;

/** What else such objects have besides the columns that were loaded: `bill.dataValues`, a getter of the class. */
export type RowMembers = (self: Value, name: string, call: Call) => Value | undefined;

const registry = 'methods of rows';

function methodsOf(machine: Machine): Map<string, RowMethods> {
  return machine.remember(registry, () => new Map<string, RowMethods>());
}

/** Remembers what rows of a table do, under its name, and objects of a class, under its key. */
export function noteRowMethods(machine: Machine, holder: string, methods: RowMethods): void {
  methodsOf(machine).set(holder, methods);
}

/** Remembers what else rows of a table have. */
export function noteRowMembers(machine: Machine, table: string, members: RowMembers): void {
  membersOf(machine).set(table, members);
}

function membersOf(machine: Machine): Map<string, RowMembers> {
  return machine.remember('members of rows', () => new Map<string, RowMembers>());
}

/** A field of a loaded row that is none of its columns; absent when the row has none of that name. */
export function rowMember(
  machine: Machine,
  receiver: Extract<Value, { kind: 'row' }>,
  name: string,
  call: Call,
): Value | undefined {
  return membersOf(machine).get(receiver.row.table)?.(receiver, name, call);
}

/** A method of an object that stands for a row, loaded or new; absent when it is no such method. */
export function rowMethod(machine: Machine, receiver: Value, name: string, call: Call): Value | undefined {
  const known = methodsOf(machine);
  if (receiver.kind === 'row') return known.get(receiver.row.table)?.(receiver, name, call);
  const made = receiver.kind === 'object' ? receiver.fields.get('constructor') : undefined;
  if (made?.kind !== 'native') return undefined;
  const { key } = made.native;
  const own = asClass(made);
  if (own !== undefined && !known.has(key)) askLibrary(own, call);
  return known.get(key)?.(receiver, name, call);
}

/** The library whose class it extends says what it does: handlers are named `library#instance Parent`. */
function askLibrary(made: ClassNative, call: Call): void {
  const parent = libraryParent(made);
  const handler = parent && call.machine.handlers.get(`${parent.library ?? ''}#instance ${parent.path}`);
  handler?.({ ...call, arguments: [nativeValue(made)] });
  if (!methodsOf(call.machine).has(made.key)) noteRowMethods(call.machine, made.key, () => undefined);
}

/** A method that the class of a row has of its own, run with the row as `this`; an object that is no row yet has it itself. */
export function ownMethod(native: ClassNative | undefined, self: Value, name: string, call: Call): Value | undefined {
  const field = self.kind === 'row' ? ownField(native, name, false) : undefined;
  const site = { at: call.at, end: call.end, self };
  return field === undefined
    ? undefined
    : callValue(call.machine, call.frame, evaluateLater(call.machine, field.frame, field.value), call.arguments, site);
}

/** A getter that the class of a row has. */
export function ownGetter(native: ClassNative | undefined, self: Value, name: string, call: Call): Value | undefined {
  const field = ownField(native, name, true);
  const site = { at: call.at, end: call.end, self };
  return field === undefined
    ? undefined
    : callValue(call.machine, call.frame, evaluateLater(call.machine, field.frame, field.value), [], site);
}

function ownField(
  native: ClassNative | undefined,
  name: string,
  getter: boolean,
): { readonly value: Expression; readonly frame: Frame } | undefined {
  for (const held of native === undefined ? [] : lineageOf(native)) {
    const field = held.classCode.fields.find(candidate => candidate.name === name && candidate.getter === getter);
    if (field?.value?.kind === 'function') return { value: field.value, frame: held.frame };
  }
  return undefined;
}
