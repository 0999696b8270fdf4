import { callValue, handlerValue } from '../../calls.ts';
import { valueKey } from '../../keys.ts';
import { applySchema } from '../../library/zod.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { bottom, isBottom } from '../../operations.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { distinctName, runFound } from '../found.ts';

/** A server of tools for models: each tool that it is told of is an entry point, with what holds where it is told. */
function serverValue(id: string): Value {
  const native: NativeValue = {
    name: 'mcp server',
    key: `mcp server ${id}`,
    method: (name, call) => {
      if (name === 'tool' || name === 'registerTool' || name === 'resource' || name === 'registerResource')
        runTool(call, name.endsWith('ool'));
      return { kind: 'external', library: '@modelcontextprotocol/sdk', path: `McpServer.${name}()`, arguments: [] };
    },
  };
  return nativeValue(native);
}

function runTool(call: Call, isTool: boolean): void {
  const { machine, frame, at } = call;
  const handler = call.arguments.at(-1);
  if (handler?.kind !== 'function') return;
  const [named] = call.arguments;
  const place = machine.place(frame, at);
  const symbol = named?.kind === 'constant' ? String(named.value) : `tool${place.line}`;
  const name = distinctName(machine, `tool ${place.file}#${symbol}`, place);
  const described = call.arguments.slice(1, -1).findLast(argument => argument.kind === 'object');
  const schema = isTool ? (inputSchema(described) ?? described) : undefined;
  runFound(call, { kind: 'tool', name, ...place, symbol }, inner => {
    const term = { kind: 'tool-argument', path: 'input' } as const;
    machine.noteSource(inner.frame, term, at);
    const sent: Value = { kind: 'term', term, maybeUndefined: false };
    const input = shaped(inner, schema, sent);
    if (isBottom(input)) return bottom;
    const extra = machine.opaque(inner.frame, at, 'what the server knows of a call of a tool');
    return callValue(machine, inner.frame, handler, schema === undefined && isTool ? [extra] : [input, extra], {
      at: inner.at,
      end: inner.end,
    });
  });
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
    callValue(machine, frame, tell, [serverValue(valueKey(tell))], { at, end });
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
    if (verify !== undefined) {
      const token: Value = {
        kind: 'term',
        term: { kind: 'client', path: 'header.authorization' },
        maybeUndefined: !isRequired,
      };
      callValue(machine, frame, verify, [request, token], { at, end });
    }
    if (isRequired && !frame.dead)
      frame.learn([{ holds: { kind: 'signed-in' }, place: machine.place(frame, at), label: 'a token was verified' }]);
    return frame.dead ? bottom : callValue(machine, frame, handler, call.arguments, { at, end });
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
