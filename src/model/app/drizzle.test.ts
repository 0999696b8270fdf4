import { describe, expect, test } from 'vitest';

import { onlyQuery, show, showFacts, traceRoute } from './fixtures/inline-app.ts';

const handler = (body: string): string =>
  `export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) { const { id } = await params; const user = await requireUser(); const team = new URL(request.url).searchParams.get('team'); ${body} }`;
const where = (condition: string): string =>
  show(onlyQuery(handler(`return Response.json(await db.select().from(notes).where(${condition}));`)).query.where);

describe('conditions', () => {
  test('and keeps every operand, or keeps each as its own way in', () => {
    expect(where('and(eq(notes.id, id), eq(notes.teamId, user.teamId))')).toBe(
      '(self.id = client params.id and self.team_id = ‹tenant.id›)',
    );
    expect(where('or(eq(notes.id, id), eq(notes.teamId, user.teamId))')).toBe(
      '(self.id = client params.id or self.team_id = ‹tenant.id›)',
    );
  });

  test('an operand that may be undefined may be gone', () => {
    expect(where('and(eq(notes.id, id), team ? eq(notes.teamId, team) : undefined)')).toBe(
      '(self.id = client params.id and maybe self.team_id = client query.team)',
    );
  });

  test('an operand whose value was checked before stays', () => {
    const path = onlyQuery(
      handler(
        `if (!team) return new Response(null, { status: 400 }); return Response.json(await db.select().from(notes).where(and(eq(notes.id, id), team ? eq(notes.teamId, team) : undefined)));`,
      ),
    );
    expect(show(path.query.where)).toBe('(self.id = client params.id and self.team_id = client query.team)');
  });

  test('conditions pushed into an array under a condition may be gone', () => {
    const path = onlyQuery(
      handler(
        `const conditions = [eq(notes.id, id)]; if (team) conditions.push(eq(notes.teamId, team)); return Response.json(await db.select().from(notes).where(and(...conditions)));`,
      ),
    );
    expect(show(path.query.where)).toBe('(self.id = client params.id and maybe self.team_id = client query.team)');
  });

  test('inArray over earlier rows asks for such a row', () => {
    const path = onlyQuery(
      handler(
        `const rows = await db.select().from(members).where(eq(members.userId, user.id)); const ids = rows.map(row => row.teamId); return Response.json(await db.select().from(notes).where(inArray(notes.teamId, ids)));`,
      ),
    );
    expect(show(path.query.where)).toBe(
      'exists members with (members.user_id = ‹user.id› and self.team_id = members.team_id)',
    );
  });

  test('a correlated exists speaks of the outer row', () => {
    expect(
      where(
        'exists(db.select().from(members).where(and(eq(members.teamId, notes.teamId), eq(members.userId, user.id))))',
      ),
    ).toBe('exists members with (members.team_id = self.team_id and members.user_id = ‹user.id›)');
  });

  test('a fallback value is compared as one or the other', () => {
    const shown = where('eq(notes.teamId, team ?? user.teamId)');
    expect(shown).toContain('self.team_id = client query.team');
    expect(shown).toContain('self.team_id = ‹tenant.id›');
  });

  test('a raw template is read like any condition', () => {
    expect(where('sql`${notes.teamId} = ${user.teamId} and ${notes.id} = ${id}`')).toBe(
      '(self.team_id = ‹tenant.id› and self.id = client params.id)',
    );
  });
});

describe('queries', () => {
  test('a relational query reads nested rows by their relation', () => {
    const path = onlyQuery(
      handler(
        `return Response.json(await db.query.notes.findFirst({ where: (note, { eq }) => eq(note.id, id), with: { comments: true } }));`,
      ),
    );
    expect(show(path.query.where)).toBe('self.id = client params.id');
    expect(path.query.joined.map(row => `${row.table}: ${show(row.where)}`)).toEqual([
      'comments: comments.note_id = self.id',
    ]);
  });

  test('an insert assigns columns by their SQL names; an optional field that is spread may override', () => {
    const [insert] = traceRoute(
      `import { z } from 'zod'; const schema = z.object({ title: z.string(), teamId: z.string().optional() }); export async function POST(request: Request) { const user = await requireUser(); const input = schema.parse(await request.json()); await db.insert(notes).values({ teamId: user.teamId, ...input }); return new Response(); }`,
    );
    expect(insert?.query.values.map(({ column }) => column)).toEqual(['team_id', 'title']);
    expect(JSON.stringify(insert?.query.values[0]?.value)).toContain('body.teamId');
    expect(insert?.query.valuesOpen).toBe(false);
  });

  test('a body that is passed whole leaves the columns to the caller', () => {
    const [insert] = traceRoute(
      `export async function POST(request: Request) { const body = await request.json(); await db.insert(notes).values(body); return new Response(); }`,
    );
    expect(insert?.query.valuesOpen).toBe(true);
  });

  test('a transaction that sets a role and a setting is a client of its own', () => {
    const path = onlyQuery(
      handler(
        `return Response.json(await db.transaction(async tx => { await tx.execute(sql\`set local role app_user\`); await tx.execute(sql\`select set_config('app.team_id', \${user.teamId}, true)\`); return tx.select().from(notes); }));`,
      ),
    );
    expect(path.client.sqlRole).toBe('app_user');
    expect(path.client.settings).toEqual([
      { name: 'app.team_id', value: { kind: 'principal', attribute: 'tenant.id' } },
    ]);
    expect(show(path.query.where)).toBe('true');
  });

  test('only the selected columns are read', () => {
    const path = onlyQuery(
      handler(`return Response.json(await db.select({ name: notes.title }).from(notes).where(eq(notes.id, id)));`),
    );
    expect(path.query.columns).toEqual(['title']);
  });

  test('a count above zero means that there is a row', () => {
    const path = onlyQuery(
      handler(
        `const n = await db.$count(members, and(eq(members.userId, user.id), eq(members.teamId, id))); if (n === 0) return new Response(null, { status: 403 }); return Response.json(await db.select().from(notes).where(eq(notes.teamId, id)));`,
      ),
    );
    expect(showFacts(path.facts)).toContain(
      'row of members with (members.user_id = ‹user.id› and members.team_id = client params.id)',
    );
  });

  test('a wrapper of a client that spreads it, or gives its methods by getters, is the client', () => {
    const files = {
      'lib/copies.ts': `import { db as primary } from './db'; const pick = () => primary; const held = (owner, method) => typeof method === 'function' ? method.bind(owner) : method;
        export const spread = { ...primary, extra: () => 1 };
        export const copied = { get select() { const one = pick(); return held(one, one.select); }, get query() { return pick().query; } };`,
    };
    const wheres = (read: string): readonly string[] =>
      traceRoute(
        `import { copied, spread } from '@/lib/copies'; export async function GET() { return Response.json(await ${read}); }`,
        'notes',
        files,
      ).map(path => show(path.query.where));
    expect(wheres(`spread.select().from(notes).where(eq(notes.teamId, 'a'))`)).toEqual(['self.team_id = "a"']);
    expect(wheres(`copied.select().from(notes).where(eq(notes.teamId, 'a'))`)).toEqual(['self.team_id = "a"']);
    expect(wheres(`copied.query.notes.findMany({ where: eq(notes.teamId, 'a') })`)).toEqual(['self.team_id = "a"']);
  });
});
