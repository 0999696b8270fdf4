import { asTenant, asUser } from '../modes.ts';
import { refuse } from '../refusal.ts';
import { asId } from '../session/session.ts';
import { at } from '../property.ts';
import { FilledArguments } from './arguments.ts';
import type { ToolArguments } from './arguments.ts';
import { askBefore } from './before.ts';
import type { ToolHooks } from './before.ts';
import { leaving, runTool, scopeOfTool, tagged } from './data.ts';
import type { ToolOutputs } from './data.ts';
import { names } from './json-schema.ts';
import { watchedTransport } from './mcp-transport.ts';
import { ownJsonSchema } from './schema.ts';

/** The part of an MCP server that is guarded. */
export interface McpServer {
  registerTool(name: string, config: never, handler: never): unknown;
  connect(transport: never): Promise<void>;
}

/** How the tools of an MCP server are guarded. */
export interface GuardMcpOptions extends ToolArguments, ToolOutputs, ToolHooks {
  /**
   * Who calls, from what the SDK gives a handler (`extra.authInfo`, verified). Without it the tools run in the scope in
   * which the request is handled, such as that of `guardRoute`.
   */
  readonly caller?: (extra: ToolExtra) => ToolCaller | undefined | Promise<ToolCaller | undefined>;
}

/** What the SDK gives a handler beside the arguments, as far as it says who calls. */
export interface ToolExtra {
  readonly authInfo?: { readonly clientId: string; readonly extra?: Readonly<Record<string, unknown>> };
  readonly sessionId?: string;
}

/**
 * Who calls a tool, as a session says it: what is no id is nobody. That they are a member of the tenant is checked with each
 * query by the guarded pool.
 */
export interface ToolCaller {
  readonly user: unknown;
  readonly tenant?: unknown;
}

/**
 * Guards a server of the MCP SDK: `registerTool` on what comes back registers guarded tools, and `connect` refuses calls
 * that say for whom they are. Tools of the server that were registered before are not guarded.
 *
 * @example
 * import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
 *
 * const server = guardMcp(new McpServer({ name: 'invoices', version: '1.0.0' }), { output: { list: ['id', 'number'] } });
 */
export function guardMcp<Server extends McpServer>(server: Server, options: GuardMcpOptions = {}): Server {
  const filled = new FilledArguments(options);
  return new Proxy(server, {
    get(target, name) {
      if (name === 'registerTool') return registering(target, filled, options);
      if (name === 'connect')
        return (transport: object) => target.connect(watchedTransport(transport, filled) as never);
      if (name === 'tool') throw new TypeError("A guarded MCP server registers tools with 'registerTool'.");
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

type Handler = (...parameters: readonly unknown[]) => unknown;

function registering(server: McpServer, filled: FilledArguments, options: GuardMcpOptions): unknown {
  return (name: string, config: Readonly<Record<string, unknown>>, handler: Handler): unknown => {
    const { shown, declared } = withoutFilled(name, config['inputSchema'], filled);
    refuseInside(name, config['inputSchema'], filled);
    const guarded = async (...parameters: readonly unknown[]): Promise<unknown> => {
      const extra = parameters.at(-1);
      const given = parameters.length > 1 ? parameters[0] : {};
      return inCallersScope(options, extra, async () => {
        const scope = scopeOfTool(undefined);
        filled.refuseSent(given);
        const input = filled.fill(given, declared, scope);
        const run = (): unknown =>
          declared.length === 0 && parameters.length === 1 ? handler(extra) : handler(input, extra);
        return runTool(name, scope, async () => {
          await askBefore(name, options, scope);
          return resultOf(await run(), name, options);
        });
      });
    };
    const kept = shown === undefined ? {} : { inputSchema: shown };
    return keptGuarded(server.registerTool(name, { ...config, ...kept } as never, guarded as never));
  };
}

/** What a registered tool is given later would take the place of what is guarded. */
function keptGuarded(registered: unknown): unknown {
  const update = at(registered, 'update');
  if (typeof update !== 'function') return registered;
  return Object.assign(Object(registered), {
    update: (changes: unknown): unknown => {
      if (at(changes, 'callback') !== undefined || at(changes, 'paramsSchema') !== undefined)
        throw new TypeError('A guarded MCP tool keeps its handler and arguments: remove it, and register another one.');
      return Reflect.apply(update, registered, [changes]);
    },
  });
}

async function inCallersScope<T>(options: GuardMcpOptions, extra: unknown, work: () => Promise<T>): Promise<T> {
  if (options.caller === undefined) return work();
  const caller = await options.caller(Object(extra) as ToolExtra);
  const user = asId(caller?.user);
  if (user === undefined) throw refuse('no-session', 'An MCP tool was called by nobody that is known.');
  const tenant = asId(caller?.tenant);
  return tenant === undefined ? asUser(user, work) : asTenant({ user, tenant }, work);
}

/** The input of a tool is a plain object of schemas, or a schema of an object that can leave parts of itself out (Zod). */
function withoutFilled(
  tool: string,
  schema: unknown,
  filled: FilledArguments,
): { readonly shown: unknown; readonly declared: readonly string[] } {
  if (schema === undefined) return { shown: undefined, declared: [] };
  if (!('~standard' in Object(schema))) return { shown: filled.without(schema), declared: Object.keys(Object(schema)) };
  const declared = Object.keys(Object(at(schema, 'shape')));
  const named = declared.filter(name => filled.has(name));
  const omit = at(schema, 'omit');
  if (declared.length === 0 || typeof omit !== 'function')
    throw new TypeError(`What the MCP tool '${tool}' takes must be an object of Zod, or a plain object of schemas.`);
  const mask = Object.fromEntries(named.map(name => [name, true]));
  return { shown: named.length === 0 ? schema : (Reflect.apply(omit, schema, [mask]) as unknown), declared };
}

/** The SDK takes schemas and not JSON, so that nothing inside of an argument can be left out or filled. */
function refuseInside(tool: string, schema: unknown, filled: FilledArguments): void {
  const parts = Object.values(Object('~standard' in Object(schema) ? at(schema, 'shape') : schema));
  if (parts.some(part => names(ownJsonSchema(part), name => filled.has(name))))
    throw new TypeError(
      `What the MCP tool '${tool}' takes names a tenant or user inside of an argument: declare it at the top, where the scope fills it.`,
    );
}

/** A result of MCP keeps its form; anything else becomes one. */
function resultOf(result: unknown, tool: string, options: GuardMcpOptions): unknown {
  const scope = scopeOfTool(undefined);
  const leave = (value: unknown): unknown => leaving(value, tool, options, scope);
  const content = at(result, 'content');
  if (!Array.isArray(content)) return { content: [textOf(leave(result))] };
  const structured = at(result, 'structuredContent');
  return {
    ...Object(result),
    content: content.map(part =>
      at(part, 'type') === 'text' ? textOf(leave(parsed(at(part, 'text')))) : (part as unknown),
    ),
    ...(structured === undefined ? {} : { structuredContent: leave(structured) }),
  };
}

function textOf(data: unknown): object {
  return { type: 'text', text: JSON.stringify(tagged(data ?? null)) };
}

/** Rows are sent as JSON in text; other text is what it is, and has no fields that could be declared. */
function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text)) as unknown;
  } catch {
    return text;
  }
}
