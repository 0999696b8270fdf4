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

/** The conditions of a tool's queries, behind `around(handler)`. */
function whereOfTool(around: string, who: string): readonly string[] {
  const traced = traceApp({
    'app/api/[transport]/route.ts': `${imports} import { createMcpHandler, withMcpAuth } from 'mcp-handler';
      const handler = createMcpHandler(server => {
        server.registerTool('list', {}, async extra => ({ content: await db.select().from(notes).where(eq(notes.teamId, ${who})) }));
      });
      ${around}`,
  });
  return traced.queries.map(path => `${path.entryPoint.kind} ${path.principal}: ${show(path.query.where)}`);
}

test('a tool knows of its caller what the route put on the request', () => {
  const route = (auth: string) => `export async function POST(request: Request) {
    const user = await requireUser(); ${auth} return handler(request); }`;
  const auth = `(request as any).auth = { token: '', clientId: '', scopes: [], extra: { teamId: user.teamId } };`;
  expect(whereOfTool(route(auth), 'extra.authInfo.extra.teamId')).toEqual(['tool member: self.team_id = ‹tenant.id›']);
  expect(whereOfTool(route(''), 'extra.authInfo.extra.teamId')).toEqual(['tool member: self.team_id = opaque']);
});

test('a tool knows of its caller what a token was verified to say', () => {
  const verify = (teamId: string) => `const verify = async (request: Request, token?: string) => {
    if (!token) return undefined; const user = await requireUser(); return { token, clientId: '', scopes: [], extra: { teamId: ${teamId} } }; };
    export const POST = withMcpAuth(handler, verify, { required: true });`;
  const who = 'extra.authInfo.extra.teamId';
  expect(whereOfTool(verify('user.teamId'), who)).toEqual(['tool member: self.team_id = ‹tenant.id›']);
  expect(whereOfTool(verify('token'), who)).toEqual(['tool member: self.team_id = client header.authorization']);
});
