import { expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

test('tools of a server for models are entry points whose arguments a model chose, with what holds around them', () => {
  const traced = traceApp({
    'app/api/[transport]/route.ts': `${imports} import { createMcpHandler } from 'mcp-handler'; import { z } from 'zod';
      const toolsFor = (server, teamId) => {
        server.registerTool('find', { inputSchema: { folder: z.string() } }, async ({ folder }) => ({ content: await db.select().from(notes).where(and(eq(notes.folderId, folder), eq(notes.teamId, teamId))) }));
        server.tool('open', 'reads a note', { id: z.string() }, async ({ id }) => ({ content: await db.select().from(notes).where(eq(notes.id, id)) }));
      };
      export async function POST(request: Request) { const user = await requireUser(); return createMcpHandler(server => toolsFor(server, user.teamId))(request); }`,
  });
  expect(
    traced.queries.map(
      path => `${path.entryPoint.kind} ${path.entryPoint.symbol} ${path.principal}: ${show(path.query.where)}`,
    ),
  ).toEqual([
    'tool find member: (self.folder_id = tool-argument input.folder and self.team_id = ‹tenant.id›)',
    'tool open member: self.id = tool-argument input.id',
  ]);
});
