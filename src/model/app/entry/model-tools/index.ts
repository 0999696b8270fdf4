import { callValue, handlerValue } from '../../calls.ts';
import { peekMember } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { makeTool, runToolsIn } from '../../library/tools.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { constant, objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';

function fieldOf(value: Value | undefined, name: string): Value | undefined {
  if (value?.kind !== 'object') return undefined;
  const found = peekMember(value, name, true);
  return found?.kind === 'constant' && found.value === undefined ? undefined : found;
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

/** A tool from what a library calls its parts. */
function toolFrom(call: Call, name: Value | undefined, execute: Value | undefined, schema: Value | undefined): Value {
  if (execute === undefined) return { kind: 'external', library: undefined, path: 'tool', arguments: [] };
  const { line } = call.machine.place(call.frame, call.at);
  const definition = objectOf({ execute, inputSchema: schema ?? undefinedValue, name: name ?? undefinedValue });
  return makeTool(call, textOf(name) ?? `tool at line ${line}`, definition);
}

/** `tool(run, { name, schema })` of LangChain and LlamaIndex. */
const functionFirst: Handler = call => {
  const [run, fields] = call.arguments;
  return run?.kind === 'object'
    ? fieldsOnly(call)
    : toolFrom(call, fieldOf(fields, 'name'), run, fieldOf(fields, 'schema') ?? fieldOf(fields, 'parameters'));
};

/** `new DynamicStructuredTool({ name, schema, func })`, `betaZodTool({ name, inputSchema, run })`, `zodFunction({ … })`. */
const fieldsOnly: Handler = call => {
  const [fields] = call.arguments;
  const execute = ['func', 'run', 'function', 'execute', 'handler'].map(name => fieldOf(fields, name)).find(isCallable);
  const schema = ['schema', 'inputSchema', 'parameters']
    .map(name => fieldOf(fields, name))
    .find(one => one !== undefined);
  return toolFrom(call, fieldOf(fields, 'name') ?? fieldOf(fields, 'id'), execute, schema);
};

/** `createTool({ id, inputSchema, execute: ({ context }) => … })` of Mastra; later editions hand the input itself. */
const mastraTool: Handler = call => {
  const [fields] = call.arguments;
  const execute = fieldOf(fields, 'execute');
  if (execute === undefined) return toolFrom(call, fieldOf(fields, 'id'), undefined, undefined);
  const run = handlerValue('execute', `mastra ${valueKey(execute)}`, inner => {
    const [input = undefinedValue, second = undefinedValue] = inner.arguments;
    const given: Value = { kind: 'object', fields: new Map([['context', input]]), spread: [input] };
    return callValue(inner.machine, inner.frame, execute, [given, second], { at: inner.at, end: inner.end });
  });
  return toolFrom(call, fieldOf(fields, 'id'), run, fieldOf(fields, 'inputSchema'));
};

function isCallable(value: Value | undefined): boolean {
  return value?.kind === 'function' || value?.kind === 'native';
}

// Models ---------------------------------------------------------------------------------------------------------------

/** What a model answers: which tools it wants to be called, and with what. Its content is a text, or a list of blocks. */
const answerOf = (hasBlocks: boolean): NativeValue => ({
  name: 'answer of a model',
  key: `answer of a model ${hasBlocks ? 'in blocks' : ''}`,
  member: name => {
    const answer = answerOf(hasBlocks);
    if (name === 'content' && !hasBlocks) return textOfModel(name);
    switch (name) {
      case 'arguments':
      case 'input':
      case 'args':
      case 'parsed_arguments':
        return { kind: 'term', term: { kind: 'tool-argument', path: 'input' }, maybeUndefined: false, truthy: true };
      case 'choices':
      case 'tool_calls':
      case 'output':
      case 'toolCalls':
        return { kind: 'list', element: nativeValue(answer), rows: undefined, facts: [] };
      case 'content':
        return { kind: 'list', element: nativeValue(answer), rows: undefined, facts: [] };
      case 'message':
      case 'function':
      case 'delta':
        return nativeValue(answer);
      default:
        return textOfModel(name);
    }
  },
});

function textOfModel(name: string): Value {
  return { kind: 'external', library: undefined, path: `${name} of a model`, arguments: [] };
}

function receiverOf(call: Call): Extract<Value, { kind: 'external' }> | undefined {
  const held = call.machine.memory.get('receiver') as { receiver?: Extract<Value, { kind: 'external' }> } | undefined;
  return held?.receiver;
}

/** Whatever tools a library is handed, a model may call. */
function toldTools(call: Call): Extract<Value, { kind: 'external' }> {
  const { machine, frame, at, end } = call;
  const receiver = receiverOf(call);
  const library = receiver?.library;
  const path = (receiver?.path ?? '').replaceAll('()', '');
  const place = machine.place(frame, at, end);
  machine.emit(frame, { kind: 'call', library, callee: path, arguments: call.arguments, place });
  runToolsIn(call);
  for (const definition of toolsOf(call)) runDefinition(call, definition);
  const inside = call.arguments.filter(argument => argument.kind === 'term');
  return { kind: 'external', library, path: `${path}()`, arguments: inside };
}

const toldOf: Handler = call => toldTools(call);

/** `new AgentExecutor({ tools })`, `new Agent({ tools })`. */
const madeWith =
  (path: string): Handler =>
  call => {
    runToolsIn(call);
    return { kind: 'external', library: undefined, path: `${path}()`, arguments: [] };
  };

const asksModel: Handler = call => {
  toldTools(call);
  return { kind: 'promise', value: nativeValue(answerOf(receiverOf(call)?.library !== 'openai')), facts: [] };
};

function toolsOf(call: Call): readonly Value[] {
  const tools = fieldOf(call.arguments[0], 'tools');
  return tools?.kind === 'array' ? tools.items : [];
}

/** `{ type: 'function', function: { name, function: run, parse } }`: what `runTools` calls by itself. */
function runDefinition(call: Call, definition: Value): void {
  const described = fieldOf(definition, 'function');
  const run = fieldOf(described, 'function');
  if (!isCallable(run) || run === undefined) return;
  const name = fieldOf(described, 'name') ?? constant(run.kind === 'function' ? run.name : 'tool');
  runToolsIn({ ...call, arguments: [toolFrom(call, name, run, undefined)] });
}

/** The packages of LlamaIndex.TS: one for all, or one for each part. */
const llamaIndex: readonly string[] = [
  'llamaindex/*',
  '@llamaindex/core/*',
  '@llamaindex/agent/*',
  '@llamaindex/workflow/*',
  '@llamaindex/openai/*',
  '@llamaindex/anthropic/*',
];

const agents: readonly string[] = [
  'OpenAIAgent',
  'ReActAgent',
  'AnthropicAgent',
  'LLMAgent',
  'OllamaAgent',
  'FunctionAgent',
];

/** `tool({ name, parameters, execute })`, `FunctionTool.from(run, { name })`, agents that are given them. */
function llamaIndexOf(library: string): readonly (readonly [string, Handler])[] {
  const whole = library.replace('/*', '');
  const made = [whole, `${whole}/tools`, `${whole}/agent`].flatMap(name => [
    [`${name}#new FunctionTool`, functionFirst] as const,
    ...agents.map(agent => [`${name}#new ${agent}`, madeWith(agent)] as const),
  ]);
  return [...['tool', 'FunctionTool.from'].map(path => [`${library}#${path}`, functionFirst] as const), ...made];
}

const libraries: readonly string[] = [
  '@langchain/core/*',
  '@langchain/langgraph/*',
  '@langchain/openai',
  '@langchain/anthropic',
  '@langchain/google-genai',
  '@langchain/groq',
  'langchain/*',
  '@openai/agents/*',
  '@mastra/core/*',
  ...llamaIndex,
];

/** Methods of a client, under the names that imports give its class. */
function ofClient(
  library: string,
  classes: readonly string[],
  methods: Readonly<Record<string, Handler>>,
): Readonly<Record<string, Handler>> {
  const named = classes.flatMap(name =>
    Object.entries(methods).map(([path, handler]): [string, Handler] => [`${library}#${name}.${path}`, handler]),
  );
  return Object.fromEntries(named);
}

/** Tools of LangChain, OpenAI, Anthropic, Mastra and LlamaIndex: their arguments are what a model chose. */
export const modelTools: EntryAdapter = {
  handlers: {
    ...Object.fromEntries(libraries.map(library => [`${library}#*`, toldOf])),
    '@langchain/core/*#tool': functionFirst,
    'langchain/*#tool': functionFirst,
    '@langchain/core/tools#new DynamicStructuredTool': fieldsOnly,
    '@langchain/core/tools#new DynamicTool': fieldsOnly,
    'langchain/tools#new DynamicStructuredTool': fieldsOnly,
    'langchain/tools#new DynamicTool': fieldsOnly,
    'langchain/agents#new AgentExecutor': madeWith('AgentExecutor'),
    '@langchain/langgraph/prebuilt#new ToolNode': madeWith('ToolNode'),
    '@openai/agents/*#tool': fieldsOnly,
    '@openai/agents#new Agent': madeWith('Agent'),
    'ai#new ToolLoopAgent': madeWith('ToolLoopAgent'),
    'ai#new Experimental_Agent': madeWith('Experimental_Agent'),
    'ai#new Agent': madeWith('Agent'),
    '@mastra/core/*#createTool': mastraTool,
    '@mastra/core/agent#new Agent': madeWith('Agent'),
    ...Object.fromEntries(llamaIndex.flatMap(llamaIndexOf)),
    'openai/helpers/zod#zodFunction': fieldsOnly,
    'openai/helpers/zod#zodResponsesFunction': fieldsOnly,
    ...ofClient('openai', ['OpenAI', 'openai', 'AzureOpenAI'], {
      'chat.completions.runTools': toldOf,
      'beta.chat.completions.runTools': toldOf,
      'chat.completions.create': asksModel,
      'chat.completions.parse': asksModel,
      'responses.create': asksModel,
      'responses.parse': asksModel,
    }),
    ...ofClient('@anthropic-ai/sdk', ['Anthropic', 'sdk'], {
      'beta.messages.toolRunner': toldOf,
      'messages.create': asksModel,
      'beta.messages.create': asksModel,
    }),
    '@anthropic-ai/sdk/helpers/beta/zod#betaZodTool': fieldsOnly,
    '@anthropic-ai/sdk/helpers/beta/json-schema#betaTool': fieldsOnly,
  },
};
