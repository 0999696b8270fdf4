import { describe, expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const tool = (execute: string, name = 'readNote'): string =>
  `{ name: '${name}', description: 'Reads a note', inputSchema: z.object({ id: z.string() }), execute: ${execute} }`;
const byId = 'async ({ id }) => db.select().from(notes).where(eq(notes.id, id))';

function traced(files: Readonly<Record<string, string>>): readonly string[] {
  const head = `${imports} import { z } from 'zod';`;
  const all = { 'app/page.tsx': 'export default function Page() { return null; }', ...files };
  return traceApp(Object.fromEntries(Object.entries(all).map(([path, text]) => [path, `${head} ${text}`])))
    .queries.filter(path => path.query.table === 'notes')
    .map(path => `${path.entryPoint.kind} ${path.entryPoint.symbol} ${path.principal}: ${show(path.query.where)}`);
}

const registry = `
  class Registry { #tools = new Map(); register(tool) { this.#tools.set(tool.name, tool); } get(name) { return this.#tools.get(name); } }
  export const registry = new Registry();`;
const chat = (use: string): string =>
  `export async function POST(request: Request) { const user = await requireUser(); const body = await request.json(); ${use} }`;

describe('tools in a registry of the app’s own', () => {
  test('run by themselves where whoever looks them up is not seen to', () => {
    const use = chat(`return Response.json(await registry.get(body.name).execute(body.input, { user }));`);
    for (const made of [`registry.register(${tool(byId)});`, `export const read = registry.register(${tool(byId)});`])
      expect(
        traced({
          'lib/registry.ts': registry,
          'lib/tools.ts': `import { registry } from './registry'; ${made}`,
          'app/api/chat/route.ts': `import { registry } from '@/lib/registry'; import '@/lib/tools'; ${use}`,
        }),
      ).toEqual(['tool readNote member: self.id = tool-argument input.id']);
  });

  test('get the context of whoever looks them up in a registry that was filled elsewhere', () => {
    const scoped = `async ({ id }, { user }) => db.select().from(notes).where(and(eq(notes.id, id), eq(notes.teamId, user.teamId)))`;
    const found = (use: string): readonly string[] =>
      traced({
        'lib/registry.ts': registry,
        'lib/tools.ts': `import { registry } from './registry'; registry.register(${tool(scoped)});`,
        'app/api/chat/route.ts': `import { registry } from '@/lib/registry'; import '@/lib/tools'; ${chat(use)}`,
      });
    expect(found('return Response.json(await registry.get(body.name).execute(body.input, { user }));')).toEqual([
      'tool readNote member: (self.id = tool-argument input.id and self.team_id = ‹tenant.id›)',
    ]);
    expect(
      found('return Response.json(await registry.get(body.name).execute(body.input, { user: body.user }));'),
    ).toEqual(['tool readNote member: (self.id = tool-argument input.id and self.team_id = client body.user.teamId)']);
  });

  test('are found through what the registry says of its features', () => {
    const features = `
      class Registry {
        tools = new Map(); features = new Map();
        register(feature) { this.features.set(feature.name, feature); for (const tool of feature.tools) this.tools.set(tool.name, tool); }
        enabled(name) {
          for (const feature of this.features.values()) if (feature.tools.some(tool => tool.name === name)) return this.tools.get(name);
          return undefined;
        }
      }
      export const registry = new Registry();`;
    const use = `const tool = registry.enabled(body.name); if (!tool) throw new Error('no tool'); return Response.json(await tool.execute(body.input, { user }));`;
    const scoped = `async ({ id }, { user }) => db.select().from(notes).where(and(eq(notes.id, id), eq(notes.teamId, user.teamId)))`;
    expect(
      traced({
        'lib/registry.ts': features,
        'lib/tools.ts': `import { registry } from './registry'; registry.register({ name: 'reading', tools: [${tool(scoped)}] });`,
        'app/api/chat/route.ts': `import { registry } from '@/lib/registry'; import '@/lib/tools'; ${chat(use)}`,
      }),
    ).toEqual(['tool readNote member: (self.id = tool-argument input.id and self.team_id = ‹tenant.id›)']);
  });

  test('hand the context beside the arguments, before or after them', () => {
    const own = 'db.select().from(notes).where(and(eq(notes.id, id), eq(notes.teamId, teamId)))';
    for (const execute of [
      `async ({ id }, { teamId }) => ${own}`,
      `async (ctx, { id }) => { const { teamId } = ctx; return ${own}; }`,
      `async ({ input: { id }, teamId }) => ${own}`,
    ])
      expect(traced({ 'lib/tools.ts': `export const tools = [${tool(execute)}];` })).toEqual([
        'tool readNote member: (self.id = tool-argument input.id and self.team_id = opaque)',
      ]);
  });

  test('run where they are seen to be looked up, and not again', () => {
    expect(
      traced({
        'lib/tools.ts': `export const tools = { readNote: ${tool(byId)} };`,
        'app/api/chat/route.ts': `import { tools } from '@/lib/tools'; ${chat('return Response.json(await tools[body.name].execute(body.input));')}`,
      }),
    ).toEqual(['route-handler POST member: self.id = client body.input.id']);
  });

  test('what has no schema of arguments, or speaks of no tools, is none', () => {
    expect(traced({ 'lib/jobs.ts': `export const jobs = [${tool(byId)}];` })).toEqual([]);
    expect(traced({ 'lib/tools.ts': `export const tools = [${tool(byId).replace('inputSchema', 'shape')}];` })).toEqual(
      [],
    );
  });
});
