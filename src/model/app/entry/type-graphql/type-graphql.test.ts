import { describe, expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const types = `import { ObjectType, Field } from 'type-graphql'; @ObjectType() export class Note { @Field() id: string; @Field() teamId: string; }`;
const library = `import { Arg, Args, Authorized, Ctx, FieldResolver, Mutation, Query, Resolver, Root, UseMiddleware, createParameterDecorator } from 'type-graphql'; import { Note } from './types';`;
const context = `async ({ req }) => { const session = await auth.api.getSession({ headers: req.headers }); return { user: session ? { id: session.user.id, teamId: session.session.activeOrganizationId } : null }; }`;

function traced(resolver: string, options: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  return traceApp({
    'app/page.tsx': 'export default function Page() { return null; }',
    'server/types.ts': types,
    'server/notes.ts': `${imports} ${library} ${resolver}`,
    'server/main.ts': `${imports} import { buildSchema } from 'type-graphql'; import { ApolloServer } from '@apollo/server'; import { startStandaloneServer } from '@apollo/server/standalone'; import { auth } from '@/lib/auth'; import { NoteResolver } from './notes';
      async function main() { const schema = await buildSchema({ ${options} }); const server = new ApolloServer({ schema }); await startStandaloneServer(server, { context: ${context} }); }
      main();`,
    ...more,
  })
    .queries.filter(path => path.query.table === 'notes' || path.query.table === 'comments')
    .map(path => `${path.entryPoint.name} ${path.principal}: ${path.query.table} ${show(path.query.where)}`)
    .toSorted();
}

const checker = `authChecker: ({ context: { user } }, roles) => { if (!user) return false; return true; }`;

describe('TypeGraphQL', () => {
  test('methods answer fields with the arguments and the context that their parameters ask for', () => {
    expect(
      traced(
        `@Resolver(() => Note) export class NoteResolver {
          @Query(() => [Note]) async note(@Arg('id') id: string) { return db.select().from(notes).where(eq(notes.id, id)); }
          @Authorized() @Query(() => [Note]) async own(@Arg('id') id: string, @Ctx() ctx: any) { return db.select().from(notes).where(and(eq(notes.id, id), eq(notes.teamId, ctx.user.teamId))); }
          @Authorized('ADMIN') @Mutation(() => Boolean) async remove(@Args() { id }: any, @Ctx('user') user: any) { await db.delete(notes).where(and(eq(notes.id, id), eq(notes.teamId, user.teamId))); return true; }
        }`,
        `resolvers: [NoteResolver], ${checker}`,
      ),
    ).toEqual([
      'graphql Mutation.remove member: notes (self.id = client args.id and self.team_id = ‹tenant.id›)',
      'graphql Query.note anonymous: notes self.id = client args.id',
      'graphql Query.own member: notes (self.id = client args.id and self.team_id = ‹tenant.id›)',
    ]);
  });

  test('roles of a class hold for all of its methods, and a checker that lets everybody on guards nothing', () => {
    const resolver = `@Authorized() @Resolver() export class NoteResolver { @Query(() => [Note]) async all() { return db.select().from(notes); } }`;
    expect(traced(resolver, `resolvers: [NoteResolver], ${checker}`)).toEqual(['graphql Query.all member: notes true']);
    expect(traced(resolver, `resolvers: [NoteResolver], authChecker: () => true`)).toEqual([
      'graphql Query.all anonymous: notes true',
    ]);
  });

  test('what rows have is answered with these rows', () => {
    expect(
      traced(
        `@Resolver(of => Note) export class NoteResolver {
          @Authorized() @Query(returns => [Note]) async own(@Ctx() { user }: any) { return db.select().from(notes).where(eq(notes.teamId, user.teamId)); }
          @FieldResolver() async comments(@Root() note: Note) { return db.select().from(comments).where(eq(comments.noteId, note.id)); }
        }`,
        `resolvers: [NoteResolver], ${checker}`,
      ),
    ).toEqual([
      'graphql Query.own member: comments self.note_id = notes.id',
      'graphql Query.own member: notes self.team_id = ‹tenant.id›',
    ]);
  });

  test('middleware runs before, and one that goes on anyway does not guard', () => {
    const resolver = (stage: string): string =>
      `const signedIn = async ({ context }, next) => { ${stage} return next(); };
       @Resolver() export class NoteResolver { @UseMiddleware(signedIn) @Query(() => [Note]) async all() { return db.select().from(notes); } }`;
    expect(traced(resolver(`if (!context.user) throw new Error('no');`), 'resolvers: [NoteResolver]')).toEqual([
      'graphql Query.all member: notes true',
    ]);
    expect(traced(resolver(`if (!context.user) console.warn('nobody');`), 'resolvers: [NoteResolver]')).toEqual([
      'graphql Query.all anonymous: notes true',
    ]);
  });

  test('what middleware writes into the context, and parameters of the app’s own, keep their origin', () => {
    const resolver = (team: string): string =>
      `const Team = () => createParameterDecorator(({ context }) => context.teamId);
       const named = async ({ context, args }, next) => { if (!context.user) throw new Error('no'); context.teamId = ${team}; return next(); };
       @Resolver() export class NoteResolver { @UseMiddleware(named) @Query(() => [Note]) async all(@Team() team: string) { return db.select().from(notes).where(eq(notes.teamId, team)); } }`;
    expect(traced(resolver('context.user.teamId'), 'resolvers: [NoteResolver]')).toEqual([
      'graphql Query.all member: notes self.team_id = ‹tenant.id›',
    ]);
    expect(traced(resolver('args.team'), 'resolvers: [NoteResolver]')).toEqual([
      'graphql Query.all member: notes self.team_id = client args.team',
    ]);
  });

  test('resolvers that are named by paths of files are all of them', () => {
    expect(
      traced(
        `@Resolver() export class NoteResolver { @Query(() => [Note]) async all() { return db.select().from(notes); } }`,
        `resolvers: [__dirname + '/**/*.ts']`,
      ),
    ).toEqual(['graphql Query.all anonymous: notes true']);
  });
});
