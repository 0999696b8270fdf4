import type { Declared } from '../../../../collect/source/ir.ts';
import { callValue } from '../../calls.ts';
import { asClass, lineageOf, readDecorators, type ClassNative } from '../../classes.ts';
import { awaitValue, evaluate, memberOf } from '../../expressions.ts';
import { clientValue } from '../../library/platform.ts';
import { responderValue } from '../../library/requests.ts';
import { applySchema } from '../../library/zod.ts';
import type { Call, Frame, Machine } from '../../machine.ts';
import { bottom } from '../../operations.ts';
import { objectOf, present, type Value } from '../../value.ts';
import { requestIn, type Target } from './context.ts';
import { saidOf, textOf } from './decorators.ts';

/** What a method gets: each parameter by its decorator, from the request as the guards left it. */
export function argumentsFor(
  call: Call,
  native: ClassNative,
  declared: readonly Declared[],
  { target, context }: { readonly target: Target; readonly context: Value },
): readonly Value[] | undefined {
  const values: Value[] = [];
  for (const parameter of declared) {
    const value = argumentFor(call, native, parameter, { target, context });
    if (call.frame.dead) return undefined;
    values.push(value);
  }
  return values;
}

function argumentFor(
  call: Call,
  native: ClassNative,
  declared: Declared,
  { target, context }: { readonly target: Target; readonly context: Value },
): Value {
  const { machine, frame, at, end } = call;
  const unknown = (): Value =>
    machine.opaque(native.frame, at, `what is given for a parameter of type '${declared.type}'`);
  const request = requestIn(context) ?? unknown();
  for (const said of saidOf(machine, native.frame, declared)) {
    if (said.kind === 'own-parameter') {
      const returned = callValue(machine, frame, said.factory, [said.data, context], { at, end });
      return frame.dead ? bottom : awaitValue(machine, frame, returned, at);
    }
    if (said.kind !== 'parameter') continue;
    const [first, ...pipes] = said.arguments;
    const name = textOf(first);
    switch (said.part) {
      case 'request':
        return request;
      case 'response':
        return responderValue(machine);
      case 'graphql-context':
        return name === undefined
          ? objectOf({ req: request, request })
          : memberOf(machine, frame, objectOf({ req: request, request }), name, at, true);
      case 'session':
        return memberOf(machine, frame, request, 'session', at, true);
      case 'payload':
        return given({ kind: 'event', path: name === undefined ? 'event.data' : `event.data.${name}` }, true);
      case 'parent':
      case 'unknown':
        return unknown();
      case 'args':
        machine.noteSource(frame, { kind: 'client', path: name === undefined ? 'args' : `args.${name}` }, at);
        return shaped(
          call,
          native,
          declared,
          name === undefined ? 'args' : `args.${name}`,
          !/\bundefined\b|\bnull\b/.test(declared.type),
        );
      case 'params': {
        const all = memberOf(machine, frame, request, 'params', at, true);
        return name === undefined ? all : memberOf(machine, frame, all, name, at, true);
      }
      default: {
        const path =
          name === undefined ? said.part : `${said.part}.${said.part === 'header' ? name.toLowerCase() : name}`;
        machine.noteSource(frame, { kind: 'client', path }, at);
        // Earlier stages may have put something else in its place.
        const kept =
          said.part === 'body' && name === undefined ? memberOf(machine, frame, request, 'body', at, true) : undefined;
        if (kept !== undefined && kept.kind !== 'term') return kept;
        const checks = [...pipes, ...(name === undefined && first !== undefined ? [first] : [])];
        return shaped(call, native, declared, path, checks.some(isRequiring), checks);
      }
    }
  }
  return target.type === 'rpc' ? given({ kind: 'event', path: 'event.data' }, true) : unknown();
}

function given(term: Parameters<typeof present>[0], isThere: boolean): Value {
  return isThere ? present(term) : { kind: 'term', term, maybeUndefined: true };
}

/** `ParseUUIDPipe` and its kind refuse what is missing; one that is told to may let it pass. */
function isRequiring(pipe: Value): boolean {
  return pipe.kind === 'external' && pipe.library === '@nestjs/common' && /^(?:new )?Parse\w+Pipe$/.test(pipe.path);
}

/** What the caller sent, in the shape of the class that it is declared as, or of a pipe's schema. */
function shaped(
  call: Call,
  native: ClassNative,
  declared: Declared,
  path: string,
  isThere: boolean,
  pipes: readonly Value[] = [],
): Value {
  const { machine } = call;
  const sent = path.includes('.') ? given({ kind: 'client', path }, isThere) : clientValue(path);
  const schema = pipes.map(schemaOf).find(one => one !== undefined);
  if (schema !== undefined) return applySchema(call, schema, sent);
  const type = declared.typeClass === undefined ? undefined : evaluate(machine, native.frame, declared.typeClass);
  const shape = asClass(type);
  if (shape === undefined) return sent;
  const zod =
    shape.parent?.kind === 'native' && 'zodSchema' in shape.parent.native
      ? (shape.parent.native.zodSchema as Value)
      : undefined;
  if (zod !== undefined) return applySchema(call, zod, sent);
  return validated(machine, shape, path);
}

/** `new ZodValidationPipe(schema)`: of a package, or of the app's own. */
function schemaOf(pipe: Value): Value | undefined {
  const parts = pipe.kind === 'object' ? [...pipe.fields.values()] : pipe.kind === 'external' ? pipe.arguments : [];
  return parts.find(part => part.kind === 'native' && part.native.name === 'schema');
}

/** Fields of a class that are validated are there, unless they are optional (https://docs.nestjs.com/techniques/validation). */
function validated(machine: Machine, shape: ClassNative, path: string): Value {
  const fields = new Map<string, Value>();
  for (const native of lineageOf(shape)) {
    for (const field of native.classCode.fields) {
      const names = validatorsOf(machine, native.frame, field.declared);
      if (names.length === 0 || fields.has(field.name)) continue;
      const isThere = validates(machine) && !names.some(name => /^(?:IsOptional|ValidateIf|Allow)$/.test(name));
      fields.set(field.name, given({ kind: 'client', path: `${path}.${field.name}` }, isThere));
    }
  }
  return { kind: 'object', fields, spread: [clientValue(path)] };
}

function validatorsOf(machine: Machine, frame: Frame, declared: Declared | undefined): readonly string[] {
  return declared === undefined
    ? []
    : readDecorators(machine, frame, declared.decorators)
        .filter(one => one.library === 'class-validator')
        .map(one => one.name);
}

/** The app validates what it is sent. */
function validates(machine: Machine): boolean {
  return machine.remember('validates', () => machine.source.filesThat(/\bValidationPipe\b/).length > 0);
}
