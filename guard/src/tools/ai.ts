import { currentScope } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { FilledArguments } from './arguments.ts';
import type { ToolArguments } from './arguments.ts';
import { askBefore } from './before.ts';
import type { ToolHooks } from './before.ts';
import { leaving, runTool, scopeOfTool, tagged } from './data.ts';
import type { TaggedData, ToolOutputs } from './data.ts';
import { guardedSchema } from './schema.ts';
import type { AsSchema } from './schema.ts';

/** The part of a tool of the AI SDK that is guarded. */
export interface AiTool {
  readonly inputSchema: unknown;
  readonly execute?: unknown;
}

/** How the tools of an app are guarded. */
export interface GuardToolsOptions extends ToolArguments, ToolOutputs, ToolHooks {
  /** `asSchema` of `ai`, for schema libraries that have no Standard JSON Schema of their own (Zod 3, Valibot). */
  readonly asSchema?: AsSchema;
}

/** The tools as they are handed on: what they give is tagged. */
export type GuardedTools<Tools> = { [Name in keyof Tools]: GuardedTool<Tools[Name]> };

type GuardedTool<Tool> = Tool extends { execute?: (input: infer Input, options: infer Options) => unknown }
  ? Omit<Tool, 'execute' | 'outputSchema' | 'toModelOutput'> & {
      execute: (input: Input, options: Options) => Promise<TaggedData>;
    }
  : Tool;

/**
 * Guards tools of the AI SDK: tenant and user come from the scope and never from the model. Arguments that name them are
 * not shown to the model and refused if it sends them; the tool gets them from the scope. Results are narrowed and tagged
 * as data. Make them inside of the scope, per request: streams go on after the handler has returned.
 *
 * @example
 * const tools = guardTools({ listInvoices }, { output: { listInvoices: ['id', 'number'] } });
 */
export function guardTools<Tools extends Readonly<Record<string, AiTool>>>(
  tools: Tools,
  options: GuardToolsOptions = {},
): GuardedTools<Tools> {
  const made = currentScope();
  const guarded = Object.entries(tools).map(([name, tool]) => [name, guardedTool(name, tool, options, made)]);
  return Object.fromEntries(guarded) as GuardedTools<Tools>;
}

function guardedTool(name: string, tool: AiTool, options: GuardToolsOptions, made: Scope | undefined): object {
  const { execute } = tool;
  if (typeof execute !== 'function')
    throw new TypeError(`The tool '${name}' has no 'execute': what runs elsewhere cannot be guarded here.`);
  const filled = new FilledArguments(options);
  const schema = guardedSchema(name, tool.inputSchema, filled, () => scopeOfTool(made), options.asSchema);
  const { outputSchema: _output, toModelOutput: _model, ...rest } = tool as AiTool & Readonly<Record<string, unknown>>;
  return {
    ...rest,
    inputSchema: schema.forModel,
    execute: async (input: unknown, call: unknown): Promise<TaggedData> => {
      const scope = scopeOfTool(made);
      filled.refuseSent(input);
      const whole = filled.fillBy(input, schema.declared, scope);
      return runTool(name, scope, async () => {
        await askBefore(name, options, scope);
        return tagged(leaving(await lastOf(Reflect.apply(execute, tool, [whole, call])), name, options, scope));
      });
    },
  };
}

/** A tool may give results on the way; the last one is the result. */
async function lastOf(given: unknown): Promise<unknown> {
  if (typeof given !== 'object' || given === null || !(Symbol.asyncIterator in given)) return given;
  let last: unknown;
  for await (const value of given as AsyncIterable<unknown>) last = value;
  return last;
}
