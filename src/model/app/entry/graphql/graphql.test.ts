import { describe, expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const resolvers = `export const resolvers = {
  Query: {
    note: async (parent, { id }, context) => (await db.select().from(notes).where(eq(notes.id, id)))[0],
    own: async (parent, args, context) => db.select().from(notes).where(and(eq(notes.id, args.id), eq(notes.teamId, context.teamId))),
  },
  Mutation: { remove: (parent, { input }, { teamId }) => db.delete(notes).where(and(eq(notes.id, input.id), eq(notes.teamId, teamId))) },
  Note: { comments: note => db.select().from(comments).where(eq(comments.noteId, note.id)) },
};`;
const typeDefs =
  'export const typeDefs = `type Query { note(id: ID!): Note own(id: ID!): [Note!]! } type Mutation { remove(input: Remove!): Boolean } type Note { id: ID! comments: [Comment!]! } type Comment { id: ID! }`;';
const schema = { 'lib/graphql.ts': `${imports} ${resolvers} ${typeDefs}` };
const session = `const session = await auth.api.getSession({ headers: request.headers }); if (!session) throw new Error('no'); return { teamId: session.session.activeOrganizationId };`;

function traced(files: Readonly<Record<string, string>>): readonly string[] {
  return traceApp({ 'app/page.tsx': 'export default function Page() { return null; }', ...files })
    .queries.filter(path => path.query.table === 'notes' || path.query.table === 'comments')
    .map(path => `${path.entryPoint.name} ${path.principal}: ${path.query.table} ${show(path.query.where)}`)
    .toSorted();
}

const expected = [
  'graphql Mutation.remove member: notes (self.id = client args.input.id and self.team_id = ‹tenant.id›)',
  'graphql Query.note member: comments self.note_id = notes.id',
  'graphql Query.note member: notes self.id = client args.id',
  'graphql Query.own member: comments self.note_id = notes.id',
  'graphql Query.own member: notes (self.id = client args.id and self.team_id = ‹tenant.id›)',
];

describe('GraphQL', () => {
  test('Yoga: fields run with the context that the server makes, what rows have with these rows', () => {
    expect(
      traced({
        ...schema,
        'app/api/graphql/route.ts': `import { createSchema, createYoga } from 'graphql-yoga'; import { auth } from '@/lib/auth'; import { resolvers, typeDefs } from '@/lib/graphql';
          const { handleRequest } = createYoga({ schema: createSchema({ typeDefs, resolvers }), context: async ({ request }) => { ${session} } });
          export { handleRequest as GET, handleRequest as POST };`,
      }),
    ).toEqual(expected);
  });

  test('Apollo in a route handler, and in Express', () => {
    const server = `import { ApolloServer } from '@apollo/server'; import { auth } from '@/lib/auth'; import { resolvers, typeDefs } from '@/lib/graphql'; const server = new ApolloServer({ typeDefs, resolvers });`;
    expect(
      traced({
        ...schema,
        'app/api/graphql/route.ts': `${server} import { startServerAndCreateNextHandler } from '@as-integrations/next';
          const handler = startServerAndCreateNextHandler(server, { context: async request => { ${session} } });
          export async function POST(request: Request) { return handler(request); }`,
      }),
    ).toEqual(expected);
    expect(
      traced({
        ...schema,
        'server/main.ts': `${server} import express from 'express'; import { expressMiddleware } from '@as-integrations/express5';
          const app = express(); app.use('/graphql', expressMiddleware(server, { context: async ({ req: request }) => { ${session} } })); app.listen(1);`,
      }),
    ).toEqual(expected);
  });

  test('a context that lets everybody in guards nothing', () => {
    expect(
      traced({
        'lib/graphql.ts': `${imports} export const resolvers = { Query: { notes: (parent, args, context) => db.select().from(notes) } };`,
        'app/api/graphql/route.ts': `import { createSchema, createYoga } from 'graphql-yoga'; import { auth } from '@/lib/auth'; import { resolvers } from '@/lib/graphql';
          const yoga = createYoga({ schema: createSchema({ typeDefs: '', resolvers }), context: async ({ request }) => ({ session: await auth.api.getSession({ headers: request.headers }) }) });
          export const POST = yoga;`,
      }),
    ).toEqual(['graphql Query.notes anonymous: notes true']);
  });

  test('Pothos: fields that are told to a builder anywhere, with the scopes that they ask for', () => {
    expect(
      traced({
        'lib/builder.ts': `import SchemaBuilder from '@pothos/core'; import { auth } from './auth'; export const builder = new SchemaBuilder({ scopeAuth: { authScopes: async context => ({ member: !!context.session }) } }); builder.queryType({}); builder.mutationType({});`,
        'lib/notes.ts': `${imports} import { builder } from './builder';
          const Note = builder.objectRef('Note'); Note.implement({ fields: t => ({ id: t.exposeID('id'), comments: t.field({ type: ['Comment'], resolve: note => db.select().from(comments).where(eq(comments.noteId, note.id)) }) }) });
          builder.queryFields(t => ({ own: t.field({ type: [Note], authScopes: { member: true }, args: { id: t.arg.string({ required: true }) }, resolve: (parent, args, context) => db.select().from(notes).where(and(eq(notes.id, args.id), eq(notes.teamId, context.session.session.activeOrganizationId))) }) }));
          builder.mutationField('remove', t => t.field({ type: 'Boolean', args: { id: t.arg.string() }, resolve: async (parent, { id }) => { await db.delete(notes).where(eq(notes.id, id)); return true; } }));`,
        'app/api/graphql/route.ts': `import { createYoga } from 'graphql-yoga'; import { auth } from '@/lib/auth'; import { builder } from '@/lib/builder'; import '@/lib/notes';
          const { handleRequest } = createYoga({ schema: builder.toSchema(), context: async ({ request }) => ({ session: await auth.api.getSession({ headers: request.headers }) }) });
          export { handleRequest as POST };`,
      }),
    ).toEqual([
      'graphql Mutation.remove anonymous: notes self.id = client args.id',
      'graphql Query.own member: comments self.note_id = notes.id',
      'graphql Query.own member: notes (self.id = client args.id and self.team_id = ‹tenant.id›)',
    ]);
  });

  test('Pothos: scopes of a type, all of several, any of several, and those that a function names', () => {
    const told = (field: string, type = ''): readonly string[] =>
      traced({
        'lib/builder.ts': `import SchemaBuilder from '@pothos/core'; import { isMember } from './access'; export const builder = new SchemaBuilder({ scopeAuth: { authScopes: async context => ({ member: !!context.session, open: true, ofTeam: async (teamId) => isMember(context.session.user.id, teamId) }) } }); builder.queryType({ ${type} });`,
        'lib/notes.ts': `${imports} import { builder } from './builder';
          builder.queryFields(t => ({ own: t.field({ type: ['Note'], ${field} args: { teamId: t.arg.string({ required: true }) }, resolve: (parent, args, context) => db.select().from(notes).where(eq(notes.teamId, args.teamId)) }) }));`,
        'app/api/graphql/route.ts': `import { createYoga } from 'graphql-yoga'; import { auth } from '@/lib/auth'; import { builder } from '@/lib/builder'; import '@/lib/notes';
          const { handleRequest } = createYoga({ schema: builder.toSchema(), context: async ({ request }) => ({ session: await auth.api.getSession({ headers: request.headers }) }) });
          export { handleRequest as POST };`,
      });
    const as = (principal: string): readonly string[] => [
      `graphql Query.own ${principal}: notes self.team_id = client args.teamId`,
    ];
    expect(told('')).toEqual(as('anonymous'));
    expect(told('authScopes: { $all: { member: true, open: true } },')).toEqual(as('member'));
    expect(told('authScopes: { member: true, open: true },')).toEqual(as('anonymous'));
    expect(told('authScopes: { $any: { member: true, ofTeam: "one" } },')).toEqual(as('member'));
    expect(told('authScopes: (parent, args) => ({ ofTeam: args.teamId }),')).toEqual(as('member'));
    expect(told('', 'authScopes: { member: true }')).toEqual(as('member'));
    expect(told('skipTypeScopes: true,', 'authScopes: { member: true }')).toEqual(as('anonymous'));
  });

  test('rules of graphql-shield run before the fields that they are told for', () => {
    const shielded = (
      map: string,
      mount = 'schema: applyMiddleware(makeExecutableSchema({ typeDefs, resolvers }), permissions)',
    ): readonly string[] =>
      traced({
        ...schema,
        'lib/rules.ts': `import { allow, and, deny, not, or, rule, shield } from 'graphql-shield'; import { isMember } from './access';
          const signedIn = rule()(async (parent, args, context) => context.session !== null);
          const ofTeam = rule({ cache: 'strict' })(async (parent, args, context) => (await isMember(context.session.user.id, args.id)) || 'not yours');
          export const permissions = shield(${map});`,
        'app/api/graphql/route.ts': `import { createYoga } from 'graphql-yoga'; import { applyMiddleware } from 'graphql-middleware'; import { makeExecutableSchema } from '@graphql-tools/schema'; import { useGraphQLMiddleware } from '@envelop/graphql-middleware'; import { auth } from '@/lib/auth'; import { permissions } from '@/lib/rules'; import { resolvers, typeDefs } from '@/lib/graphql';
          const { handleRequest } = createYoga({ ${mount}, context: async ({ request }) => ({ session: await auth.api.getSession({ headers: request.headers }), teamId: 'one' }) });
          export { handleRequest as POST };`,
      }).filter(path => path.includes('Query.note ') && path.includes(': notes'));
    const as = (principal: string): readonly string[] => [
      `graphql Query.note ${principal}: notes self.id = client args.id`,
    ];
    expect(shielded('{ Query: { note: signedIn } }')).toEqual(as('member'));
    expect(shielded('{ Query: { own: signedIn } }')).toEqual(as('anonymous'));
    expect(shielded('{ Query: { "*": signedIn } }')).toEqual(as('member'));
    expect(shielded('{ Query: { own: allow } }, { fallbackRule: signedIn }')).toEqual(as('member'));
    expect(shielded('{ Query: { note: and(signedIn, ofTeam) } }')).toEqual(as('member'));
    expect(shielded('{ Query: { note: or(signedIn, allow) } }')).toEqual(as('anonymous'));
    expect(shielded('{ Query: { note: not(signedIn) } }')).toEqual(as('anonymous'));
    expect(shielded('{ Query: deny }')).toEqual([]);
    expect(
      shielded(
        '{ Query: { note: signedIn } }',
        'schema: makeExecutableSchema({ typeDefs, resolvers }), plugins: [useGraphQLMiddleware([permissions])]',
      ),
    ).toEqual(as('member'));
  });
});
