import { describe, expect, test } from 'vitest';

import { onlyQuery, show } from '../fixtures/inline-app.ts';

function where(
  imported: string,
  schema: string,
  read: string,
  filter = 'eq(notes.id, data.id), eq(notes.teamId, data.teamId)',
): string {
  return show(
    onlyQuery(`${imported} const schema = ${schema};
      export async function POST(request: Request) {
        const user = await requireUser(); const body = await request.json();
        ${read}
        return NextResponse.json(await db.select().from(notes).where(and(${filter}))); }`).query.where,
  );
}

const both = '(self.id = client body.id and self.team_id = client body.teamId)';

describe('what a validator lets through keeps its provenance', () => {
  test('with Valibot', () => {
    const imported = `import * as v from 'valibot';`;
    const schema = `v.object({ id: v.pipe(v.string(), v.uuid()), teamId: v.string() })`;
    expect(where(imported, schema, `const data = v.parse(schema, body);`)).toBe(both);
    expect(
      where(
        imported,
        schema,
        `const result = v.safeParse(schema, body); if (!result.success) return NextResponse.json({}, { status: 400 }); const data = result.output;`,
      ),
    ).toBe(both);
    expect(
      where(
        imported,
        `v.object({ id: v.string(), teamId: v.picklist(['one', 'two']) })`,
        `const data = v.parse(schema, { ...body, teamId: user.teamId });`,
      ),
    ).toBe('(self.id = client body.id and self.team_id = ‹tenant.id›)');
  });

  test('with Yup and Joi, where nothing is required unless it says so', () => {
    const yup = `import * as yup from 'yup';`;
    expect(
      where(
        yup,
        `yup.object({ id: yup.string().uuid().required(), teamId: yup.string().required() })`,
        `const data = await schema.validate(body);`,
      ),
    ).toBe(both);
    expect(
      where(
        `import Joi from 'joi';`,
        `Joi.object({ id: Joi.string().required(), teamId: Joi.string().max(4).required() })`,
        `const { error, value: data } = schema.validate(body); if (error) return NextResponse.json({}, { status: 400 });`,
      ),
    ).toBe(both);
    const absent = `const { teamId } = data; const filters = [eq(notes.id, data.id)]; if (teamId) filters.push(eq(notes.teamId, user.teamId));`;
    expect(
      where(
        yup,
        `yup.object({ id: yup.string().required(), teamId: yup.string() })`,
        `const data = await schema.validate(body); ${absent}`,
        '...filters',
      ),
    ).toContain('maybe');
    expect(
      where(
        yup,
        `yup.object({ id: yup.string().required(), teamId: yup.string().required() })`,
        `const data = await schema.validate(body); ${absent}`,
        '...filters',
      ),
    ).not.toContain('maybe');
  });

  test('with schemas that are functions', () => {
    const own = '(self.id = client body.id and self.team_id = ‹tenant.id›)';
    const filter = 'eq(notes.id, body.id), eq(notes.teamId, data)';
    expect(
      where(
        `import { Schema } from 'effect';`,
        `Schema.NonEmptyString.pipe(Schema.brand('TeamId'))`,
        `const data = schema.make(user.teamId);`,
        filter,
      ),
    ).toBe(own);
    expect(
      where(
        `import { Schema } from 'effect';`,
        `Schema.decodeUnknownSync(Schema.String)`,
        `const data = schema(user.teamId);`,
        filter,
      ),
    ).toBe(own);
    expect(
      where(
        `import { create, string } from 'superstruct';`,
        `string()`,
        `const data = create(user.teamId, schema);`,
        filter,
      ),
    ).toBe(own);
    expect(
      where(`import { type } from 'arktype';`, `type('string')`, `const data = schema(body.teamId);`, filter),
    ).toBe(both);
  });
});

test('what two schemas of zod let through has the fields of both, also where one is a choice', () => {
  const read = `const data = schema.parse(body);`;
  const choice = `z.discriminatedUnion('kind', [z.object({ kind: z.literal('a'), more: z.string() }), z.object({ kind: z.literal('b'), other: z.string() })])`;
  const base = `z.object({ id: z.string().uuid(), teamId: z.string() })`;
  const ask = `data.id ? eq(notes.id, data.id) : undefined, eq(notes.teamId, data.teamId)`;
  for (const schema of [
    `z.intersection(${base}, ${choice})`,
    `z.intersection(${choice}, ${base})`,
    `${base}.and(${choice})`,
  ])
    expect(where(`import { z } from 'zod';`, schema, read, ask)).toBe(both);
  const missing = `z.intersection(z.object({ teamId: z.string() }), z.union([z.object({ id: z.string() }), z.object({ kind: z.string() })]))`;
  expect(where(`import { z } from 'zod';`, missing, read, ask)).not.toBe(both);
});
