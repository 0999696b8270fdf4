import { describe, expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const own = 'db.select().from(notes).where(and(eq(notes.folderId, folder), eq(notes.teamId, user.teamId)))';
const any = 'db.select().from(notes).where(eq(notes.teamId, team))';

function traced(head: string, body: string): readonly string[] {
  return traceApp({
    'app/api/chat/route.ts': `${imports} import { z } from 'zod'; ${head}
      export async function POST(request: Request) { const user = await requireUser(); ${body} }`,
  })
    .queries.filter(path => path.query.table === 'notes')
    .map(path => `${path.entryPoint.kind} ${path.entryPoint.symbol} ${path.principal}: ${show(path.query.where)}`)
    .toSorted();
}

const expected = [
  'tool anybody member: self.team_id = tool-argument input.team',
  'tool find member: (self.folder_id = tool-argument input.folder and self.team_id = ‹tenant.id›)',
];

describe('tools that models call', () => {
  test('LangChain: functions and classes, handed to a model or an agent', () => {
    expect(
      traced(
        `import { tool } from '@langchain/core/tools'; import { DynamicStructuredTool } from '@langchain/core/tools'; import { createReactAgent } from '@langchain/langgraph/prebuilt'; import { ChatOpenAI } from '@langchain/openai';`,
        `const find = tool(async ({ folder }) => JSON.stringify(await ${own}), { name: 'find', schema: z.object({ folder: z.string() }) });
         const anybody = new DynamicStructuredTool({ name: 'anybody', schema: z.object({ team: z.string() }), func: async ({ team }) => JSON.stringify(await ${any}) });
         const agent = createReactAgent({ llm: new ChatOpenAI(), tools: [find, anybody] }); return Response.json(await agent.invoke({ messages: [] }));`,
      ),
    ).toEqual(expected);
    expect(
      traced(
        `import { tool } from '@langchain/core/tools'; import { ChatOpenAI } from '@langchain/openai';`,
        `const find = tool(async ({ folder }) => ${own}, { name: 'find', schema: z.object({ folder: z.string() }) }); const model = new ChatOpenAI().bindTools([find]); return Response.json(await model.invoke('hello'));`,
      ),
    ).toEqual(expected.slice(1));
  });

  test('the AI SDK: an agent is given them in one place and asked in another', () => {
    expect(
      traced(
        `import { tool, ToolLoopAgent } from 'ai';
         const make = (user: any) => { const find = tool({ inputSchema: z.object({ folder: z.string() }), execute: async ({ folder }) => ${own} }); return find; };
         const anybody = tool({ inputSchema: z.object({ team: z.string() }), execute: async ({ team }) => ${any} });`,
        `const all: any = { find: make(user), anybody }; delete all.other; const agent = new ToolLoopAgent({ model: 'm', tools: all });
         return await agent.stream({ messages: [] });`,
      ),
    ).toEqual(expected);
  });

  test('OpenAI: tools that run by themselves, and a dispatcher on the name', () => {
    expect(
      traced(
        `import OpenAI from 'openai'; import { zodFunction } from 'openai/helpers/zod'; const openai = new OpenAI();`,
        `const runner = openai.chat.completions.runTools({ model: 'm', messages: [], tools: [
           zodFunction({ name: 'find', parameters: z.object({ folder: z.string() }), function: async ({ folder }) => ${own} }),
           { type: 'function', function: { name: 'anybody', parse: JSON.parse, function: async ({ team }) => ${any}, parameters: {} } },
         ] }); return Response.json(await runner.finalContent());`,
      ),
    ).toEqual(expected);
    expect(
      traced(
        `import OpenAI from 'openai'; const openai = new OpenAI();`,
        `const completion = await openai.chat.completions.create({ model: 'm', messages: [], tools: [{ type: 'function', function: { name: 'find', parameters: {} } }] });
         const results = [];
         for (const call of completion.choices[0].message.tool_calls ?? []) {
           const { folder, team } = JSON.parse(call.function.arguments);
           if (call.function.name === 'find') results.push(await ${own});
           else results.push(await ${any});
         }
         return Response.json(results);`,
      ),
    ).toEqual([
      'route-handler POST member: (self.folder_id = tool-argument input.folder and self.team_id = ‹tenant.id›)',
      'route-handler POST member: self.team_id = tool-argument input.team',
    ]);
  });

  test('Anthropic: tools that run by themselves, and blocks of an answer', () => {
    expect(
      traced(
        `import Anthropic from '@anthropic-ai/sdk'; import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'; const anthropic = new Anthropic();`,
        `const find = betaZodTool({ name: 'find', inputSchema: z.object({ folder: z.string() }), run: async ({ folder }) => ${own} });
         const message = await anthropic.beta.messages.toolRunner({ model: 'm', messages: [], tools: [find] }); return Response.json(message);`,
      ),
    ).toEqual(expected.slice(1));
    expect(
      traced(
        `import Anthropic from '@anthropic-ai/sdk'; const anthropic = new Anthropic();`,
        `const message = await anthropic.messages.create({ model: 'm', messages: [], tools: [] });
         const use = message.content.find(block => block.type === 'tool_use'); const { team } = use.input as { team: string };
         return Response.json(await ${any});`,
      ),
    ).toEqual(['route-handler POST member: self.team_id = tool-argument input.team']);
  });

  test('Mastra and the agents of OpenAI', () => {
    expect(
      traced(
        `import { createTool } from '@mastra/core/tools'; import { Agent } from '@mastra/core/agent';`,
        `const find = createTool({ id: 'find', inputSchema: z.object({ folder: z.string() }), execute: async ({ context }) => { const { folder } = context; return ${own}; } });
         const agent = new Agent({ name: 'a', tools: { find } }); return Response.json(await agent.generate('hello'));`,
      ),
    ).toEqual(expected.slice(1));
    expect(
      traced(
        `import { Agent, run, tool } from '@openai/agents';`,
        `const find = tool({ name: 'find', parameters: z.object({ folder: z.string() }), execute: async ({ folder }) => ${own} });
         return Response.json(await run(new Agent({ tools: [find] }), 'hello'));`,
      ),
    ).toEqual(expected.slice(1));
  });

  test('LlamaIndex: tools of a function, or with a function in them, handed to an agent or a workflow', () => {
    const find = (parts: string): string => `const find = ${parts};`;
    const ask = `const anybody = tool({ name: 'anybody', description: 'notes', parameters: z.object({ team: z.string() }), execute: async ({ team }) => JSON.stringify(await ${any}) });`;
    for (const [head, parts, run] of [
      [
        `import { agent, tool } from 'llamaindex';`,
        `tool({ name: 'find', description: 'notes', parameters: z.object({ folder: z.string() }), execute: async ({ folder }) => JSON.stringify(await ${own}) })`,
        `return Response.json(await agent({ tools: [find, anybody] }).run('hello'));`,
      ],
      [
        `import { FunctionTool, OpenAIAgent, tool } from 'llamaindex';`,
        `FunctionTool.from(async ({ folder }: { folder: string }) => JSON.stringify(await ${own}), { name: 'find', description: 'notes', parameters: { type: 'object' } })`,
        `const asked = new OpenAIAgent({ tools: [find, anybody] }); return Response.json(await asked.chat({ message: 'hello' }));`,
      ],
      [
        `import { FunctionTool } from 'llamaindex'; import { tool } from '@llamaindex/core/tools'; import { agent } from '@llamaindex/workflow';`,
        `new FunctionTool(async ({ folder }) => JSON.stringify(await ${own}), { name: 'find', description: 'notes' })`,
        `return Response.json(await agent({ tools: [find, anybody] }).run('hello'));`,
      ],
    ] as const)
      expect(traced(head, `${find(parts)} ${ask} ${run}`)).toEqual(expected);
  });
});
