/** Tools for language models that work for the scope, whatever the model says. */
export { guardTools } from './ai.ts';
export type { AiTool, GuardedTools, GuardToolsOptions } from './ai.ts';
export type { ToolArguments } from './arguments.ts';
export type { ToolHooks } from './before.ts';
export type { TaggedData, ToolOutputs } from './data.ts';
export { guardMcp } from './mcp.ts';
export type { GuardMcpOptions, McpServer, ToolCaller, ToolExtra } from './mcp.ts';
export type { AsSchema } from './schema.ts';
