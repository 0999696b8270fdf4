import { guardErrorIn } from '../errors.ts';
import type { CallFacts } from '../hooks.ts';
import { asTenant, asUser } from '../modes.ts';
import { refuse } from '../refusal.ts';
import { asId } from '../session/session.ts';
import { at } from '../property.ts';
import { guardData } from '../tripwire/json.ts';
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
 * Guards a server of the MCP SDK: what comes back registers guarded tools, resources and prompts, and `connect` refuses calls
 * that say for whom they are. What was registered on the server before is not guarded.
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
      if (name === 'registerTool') return registering(target, tool, filled, options);
      if (name === 'registerPrompt') return registering(target, prompt, filled, options);
      if (name === 'registerResource') return registeringResource(target, filled, options);
      if (name === 'connect')
        return (transport: object) => target.connect(watchedTransport(transport, filled, options.tripwire) as never);
      if (unguarded.has(name))
        throw new TypeError(
          "A guarded MCP server has 'registerTool', 'registerResource' and 'registerPrompt'; tasks are not guarded.",
        );
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The older ways to register, and `experimental.tasks`. */
const unguarded: ReadonlySet<unknown> = new Set(['tool', 'resource', 'prompt', 'experimental']);

type Handler = (...parameters: readonly unknown[]) => unknown;

/** How the server registers something that takes arguments. */
interface Kind {
  readonly register: 'registerTool' | 'registerPrompt';
  readonly schema: 'inputSchema' | 'argsSchema';
  readonly otherwise: CallFacts['kind'];
  readonly resultOf: (result: unknown, name: string, options: GuardMcpOptions) => unknown;
}

const tool: Kind = { register: 'registerTool', schema: 'inputSchema', otherwise: 'write', resultOf: toolResult };
const prompt: Kind = { register: 'registerPrompt', schema: 'argsSchema', otherwise: 'read', resultOf: promptResult };

function registering(server: McpServer, kind: Kind, filled: FilledArguments, options: GuardMcpOptions): unknown {
  return (name: string, config: Readonly<Record<string, unknown>>, handler: Handler): unknown => {
    const { shown, declared } = withoutFilled(name, config[kind.schema], filled);
    refuseInside(name, config[kind.schema], filled);
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
          await askBefore(name, options, scope, kind.otherwise);
          return kind.resultOf(await run(), name, options);
        });
      });
    };
    const kept = shown === undefined ? {} : { [kind.schema]: shown };
    const register = at(server, kind.register) as Handler;
    return keptGuarded(Reflect.apply(register, server, [name, { ...config, ...kept }, guarded]));
  };
}

/** A resource is read in the scope of its caller, who writes its URI: that says for whom nothing. */
function registeringResource(server: McpServer, filled: FilledArguments, options: GuardMcpOptions): unknown {
  return (name: string, where: unknown, config: unknown, handler: Handler): unknown => {
    const variables = at(where, 'uriTemplate', 'variableNames');
    if (Array.isArray(variables) && variables.some(variable => filled.has(String(variable))))
      throw new TypeError(`The URI of the MCP resource '${name}' names a tenant or user, whom the scope says.`);
    const inScope =
      (read: Handler): Handler =>
      (...parameters) =>
        inCallersScope(options, parameters.at(-1), () => {
          const scope = scopeOfTool(undefined);
          return runTool(name, scope, async () => {
            await askBefore(name, options, scope, 'read');
            return resourceResult(await read(...parameters), name, options);
          });
        });
    const list = at(where, 'listCallback');
    const listed = typeof list === 'function' ? { listCallback: { value: inScope(list as Handler) } } : {};
    const place = typeof where === 'string' ? where : (Object.create(Object(where), listed) as unknown);
    const register = at(server, 'registerResource') as Handler;
    return keptGuarded(Reflect.apply(register, server, [name, place, config, inScope(handler)]));
  };
}

/** What something registered is given later would take the place of what is guarded. */
function keptGuarded(registered: unknown): unknown {
  const update = at(registered, 'update');
  if (typeof update !== 'function') return registered;
  return Object.assign(Object(registered), {
    update: (changes: unknown): unknown => {
      if (['callback', 'paramsSchema', 'argsSchema', 'template'].some(name => at(changes, name) !== undefined))
        throw new TypeError(
          'What is guarded on an MCP server keeps its handler and arguments: remove it, and register another one.',
        );
      return Reflect.apply(update, registered, [changes]);
    },
  });
}

async function inCallersScope<T>(options: GuardMcpOptions, extra: unknown, work: () => Promise<T>): Promise<T> {
  if (options.caller === undefined) return work();
  let caller: ToolCaller | undefined;
  try {
    caller = await options.caller(Object(extra) as ToolExtra);
  } catch (cause) {
    // The SDK would tell the model what was thrown.
    throw guardErrorIn(cause) ?? refuse('no-session', 'Who calls an MCP server cannot be found out.', { cause });
  }
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
function toolResult(result: unknown, name: string, options: GuardMcpOptions): unknown {
  const leave = leaveOf(name, options);
  const content = at(result, 'content');
  if (!Array.isArray(content)) return { content: [textOf(leave(result))] };
  const structured = at(result, 'structuredContent');
  lookAt(result, options);
  return {
    ...Object(result),
    content: content.map(part =>
      at(part, 'type') === 'text' ? textOf(leave(parsed(at(part, 'text')))) : withResource(part, leave),
    ),
    ...(structured === undefined ? {} : { structuredContent: leave(structured) }),
  };
}

function promptResult(result: unknown, name: string, options: GuardMcpOptions): unknown {
  lookAt(result, options);
  const leave = leaveOf(name, options);
  return mapped(result, 'messages', message => ({
    ...Object(message),
    content: withResource(documentOf(at(message, 'content'), leave), leave),
  }));
}

function resourceResult(result: unknown, name: string, options: GuardMcpOptions): unknown {
  lookAt(result, options);
  return mapped(result, 'contents', part => documentOf(part, leaveOf(name, options)));
}

type Leave = (value: unknown) => unknown;

function leaveOf(name: string, options: GuardMcpOptions): Leave {
  const scope = scopeOfTool(undefined);
  return value => leaving(value, name, options, scope);
}

/** Whatever else is in it: links, what is beside the content. */
function lookAt(result: unknown, { tripwire }: GuardMcpOptions): void {
  if (tripwire !== undefined) guardData(result, tripwire, scopeOfTool(undefined));
}

function mapped(result: unknown, name: string, of: (part: unknown) => unknown): unknown {
  const parts = at(result, name);
  return Array.isArray(parts) ? { ...Object(result), [name]: parts.map(of) } : result;
}

function withResource(part: unknown, leave: Leave): unknown {
  const resource = at(part, 'resource');
  return resource === undefined ? part : { ...Object(part), resource: documentOf(resource, leave) };
}

/** A document keeps its form, for whoever reads it by its type; of JSON leaves what may leave. */
function documentOf(part: unknown, leave: Leave): unknown {
  const text = at(part, 'text');
  if (typeof text !== 'string') return part;
  const value = parsed(text);
  const left = leave(value);
  return left === value ? part : { ...Object(part), text: JSON.stringify(left ?? null) };
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
