import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue, memberOf } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { applySchema } from '../../library/zod.ts';
import { behaviourOf, nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { alternativesOf, bottom, isBottom, promote } from '../../operations.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { distinctName, runFound } from '../found.ts';

/**
 * A server of tools for models: each tool that it is told of is an entry point, with what holds where it is told, and
 * with what the code before it found out about the caller (`request.auth`).
 */
function serverValue(id: string, caller: Value = undefinedValue): Value {
  const native: NativeValue = {
    name: 'mcp server',
    key: `mcp server ${id} ${valueKey(caller)}`,
    method: (name, call) => {
      if (name === 'tool' || name === 'registerTool' || name === 'resource' || name === 'registerResource')
        runTool(call, name, caller);
      return { kind: 'external', library: '@modelcontextprotocol/sdk', path: `McpServer.${name}()`, arguments: [] };
    },
  };
  return nativeValue(native);
}

function runTool(call: Call, by: string, caller: Value): void {
  const { machine, frame, at } = call;
  const handler = call.arguments.at(-1);
  if (handler?.kind !== 'function') return;
  const [named] = call.arguments;
  const place = machine.place(frame, at);
  const symbol = named?.kind === 'constant' ? String(named.value) : `tool${place.line}`;
  const name = distinctName(machine, `tool ${place.file}#${symbol}`, place);
  const described = call.arguments.slice(1, -1).findLast(argument => argument.kind === 'object');
  const isTool = by.endsWith('ool');
  const shape = by === 'tool' ? described : undefined;
  const schema = isTool ? (inputSchema(described) ?? shape) : undefined;
  runFound(call, { kind: 'tool', name, ...place, symbol }, inner => {
    const term = { kind: 'tool-argument', path: 'input' } as const;
    machine.noteSource(inner.frame, term, at);
    const sent: Value = { kind: 'term', term, maybeUndefined: false };
    const input = shaped(inner, schema, sent);
    if (isBottom(input)) return bottom;
    const known = machine.opaque(inner.frame, at, 'what the server knows of a call of a tool');
    const extra: Value = isAbsent(caller)
      ? known
      : { kind: 'object', fields: new Map([['authInfo', caller]]), spread: [known] };
    return callValue(machine, inner.frame, handler, schema === undefined && isTool ? [extra] : [input, extra], {
      at: inner.at,
      end: inner.end,
    });
  });
}

function isAbsent(value: Value): boolean {
  return value.kind === 'constant' && value.value === undefined;
}

function inputSchema(described: Value | undefined): Value | undefined {
  return described?.kind === 'object' ? described.fields.get('inputSchema') : undefined;
}

/** A schema, or the fields of one. */
function shaped(call: Call, schema: Value | undefined, sent: Value): Value {
  if (schema?.kind !== 'object' || sent.kind !== 'term') return applySchema(call, schema, sent);
  const fields: Record<string, Value> = {};
  for (const [name, field] of schema.fields) {
    const path = sent.term.kind === 'tool-argument' ? `${sent.term.path}.${name}` : name;
    const value = applySchema(call, field, {
      kind: 'term',
      term: { kind: 'tool-argument', path },
      maybeUndefined: true,
    });
    if (isBottom(value)) return bottom;
    fields[name] = value;
  }
  return objectOf(fields);
}

const newServer: Handler = call => {
  const place = call.machine.place(call.frame, call.at);
  return serverValue(`${place.file}:${place.line}`);
};

/** `createMcpHandler(server => { server.tool(…) })`: a route handler. */
const mcpHandler: Handler = outer => {
  const [tell = undefinedValue] = outer.arguments;
  return handlerValue('mcp handler', `mcp handler ${valueKey(tell)}`, call => {
    const { machine, frame, at, end } = call;
    const [request] = call.arguments;
    const caller = request === undefined ? undefinedValue : memberOf(machine, frame, request, 'auth', at, true);
    const isKnown = !(caller.kind === 'term' && caller.term.kind === 'opaque');
    callValue(machine, frame, tell, [serverValue(valueKey(tell), isKnown ? caller : undefinedValue)], { at, end });
    return { kind: 'promise', value: undefinedValue, facts: [] };
  });
};

/** `withMcpAuth(handler, verify, { required })`: refuses requests without a token that `verify` takes. */
const guarded: Handler = outer => {
  const [handler = undefinedValue, verify, options] = outer.arguments;
  const isRequired =
    options?.kind === 'object' &&
    options.fields.get('required')?.kind === 'constant' &&
    valueKey(options.fields.get('required') ?? undefinedValue) === 'true';
  return handlerValue('mcp handler', `mcp guarded ${valueKey(handler)}`, call => {
    const { machine, frame, at, end } = call;
    const [request = undefinedValue] = call.arguments;
    let caller: Value = undefinedValue;
    if (verify !== undefined) {
      const token: Value = {
        kind: 'term',
        term: { kind: 'client', path: 'header.authorization' },
        maybeUndefined: !isRequired,
      };
      const verified = callValue(machine, frame, verify, [request, token], { at, end });
      if (!frame.dead) caller = awaitValue(machine, frame, verified, at);
    }
    if (isRequired && !frame.dead) {
      const there = promote(alternativesOf(caller).filter(({ value }) => !isAbsent(value)));
      if (verify !== undefined && there === undefined) frame.dead = true;
      caller = there?.value ?? caller;
      frame.learn([
        ...(there?.facts ?? []),
        { holds: { kind: 'signed-in' }, place: machine.place(frame, at), label: 'a token was verified' },
      ]);
    }
    if (frame.dead) return bottom;
    const known = request.kind === 'native' ? behaviourOf(request).assigned?.('auth', caller) : undefined;
    return callValue(machine, frame, handler, [known ?? request, ...call.arguments.slice(1)], { at, end });
  });
};

const mcpHandlers: Readonly<Record<string, Handler>> = {
  '@modelcontextprotocol/sdk/server/mcp.js#new McpServer': newServer,
  '@modelcontextprotocol/sdk/server/mcp#new McpServer': newServer,
  'mcp-handler#createMcpHandler': mcpHandler,
  'mcp-handler#withMcpAuth': guarded,
  '@vercel/mcp-adapter#createMcpHandler': mcpHandler,
  '@vercel/mcp-adapter#withMcpAuth': guarded,
};

/** Servers of the Model Context Protocol. */
export const mcp: EntryAdapter = {
  handlers: mcpHandlers,
};
