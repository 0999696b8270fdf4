import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { applySchema } from '../../library/zod.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { bottom, choose, isBottom } from '../../operations.ts';
import { constant, objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { mergeContext } from '../context.ts';

/** What runs before an action and gives it a context: `createServerActionProcedure().input().handler(fn)`. */
interface Procedure {
  readonly schema: Value | undefined;
  readonly body: Value;
}

interface ProcedureNative extends NativeValue {
  readonly procedures: readonly Procedure[];
}

/** `createServerAction()` and procedures: `.input(schema).handler(fn)`, whatever stands between. */
function builderValue(
  before: readonly Procedure[],
  schema: Value | undefined,
  finish: (call: Call, body: Value, schema: Value | undefined) => Value,
): Value {
  const native: NativeValue = {
    name: 'zsa builder',
    key: `zsa builder ${keyOf(before)} ${schema === undefined ? '' : valueKey(schema)}`,
    method: (name, call) => {
      const [first] = call.arguments;
      if (name === 'input') return builderValue(before, first, finish);
      if (name === 'handler' && first !== undefined) return finish(call, first, schema);
      return nativeValue(native);
    },
  };
  return nativeValue(native);
}

function keyOf(procedures: readonly Procedure[]): string {
  return procedures
    .map(({ schema, body }) => `${schema === undefined ? '' : valueKey(schema)} ${valueKey(body)}`)
    .join(',');
}

function actionBuilder(before: readonly Procedure[]): Value {
  return builderValue(before, undefined, (_call, body, schema) =>
    handlerValue('action', `zsa action ${keyOf([...before, { schema, body }])}`, call =>
      runAction(call, before, { schema, body }),
    ),
  );
}

function procedureBuilder(before: readonly Procedure[]): Value {
  return builderValue(before, undefined, (_call, body, schema) => procedureValue([...before, { schema, body }]));
}

function procedureValue(procedures: readonly Procedure[]): Value {
  const native: ProcedureNative = {
    name: 'zsa procedure',
    key: `zsa procedure ${keyOf(procedures)}`,
    procedures,
    method: name => (name === 'createServerAction' ? actionBuilder(procedures) : undefined),
    invoke: call => runAction(call, procedures.slice(0, -1), procedures.at(-1) ?? { schema: undefined, body: bottom }),
  };
  return nativeValue(native);
}

function proceduresIn(value: Value | undefined): readonly Procedure[] {
  return value?.kind === 'native' && value.native.name === 'zsa procedure'
    ? (value.native as ProcedureNative).procedures
    : [];
}

/** Each procedure's answer is the context of the next; the action gets what the last gave. */
function runAction(call: Call, before: readonly Procedure[], action: Procedure): Value {
  const { machine, frame, at, end } = call;
  const [sent = undefinedValue] = call.arguments;
  let context: Value = objectOf({});
  for (const [index, procedure] of [...before, action].entries()) {
    const input = procedure.schema === undefined ? sent : applySchema(call, procedure.schema, sent);
    if (frame.dead || isBottom(input)) return bottom;
    const given = objectOf({ input, ctx: context, request: undefinedValue });
    const returned = callValue(machine, frame, procedure.body, [given], { at, end });
    if (frame.dead || isBottom(returned)) return bottom;
    const value = awaitValue(machine, frame, returned, at);
    if (frame.dead || isBottom(value)) return bottom;
    if (index === before.length) return answered(call, value);
    context = mergeContext(context, value);
  }
  return bottom;
}

/** `[data, null]` or `[null, error]`. */
function answered(call: Call, data: Value): Value {
  const error = call.machine.opaque(call.frame, call.at, 'the error of an action');
  return {
    kind: 'promise',
    value: choose([
      { value: { kind: 'array', items: [data, constant(null)] }, facts: [] },
      { value: { kind: 'array', items: [constant(null), error] }, facts: [] },
    ]),
    facts: [],
  };
}

const zsaHandlers: Readonly<Record<string, Handler>> = {
  'zsa#createServerAction': () => actionBuilder([]),
  'zsa#createServerActionProcedure': ({ arguments: [parent] }) => procedureBuilder(proceduresIn(parent)),
  'zsa#chainServerActionProcedures': ({ arguments: values }) => procedureValue(values.flatMap(proceduresIn)),
};

/** zsa: server actions with procedures before them. */
export const zsa: EntryAdapter = {
  handlers: zsaHandlers,
};
