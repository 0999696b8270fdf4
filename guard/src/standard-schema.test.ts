import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isSchema, publicIssues } from './standard-schema.ts';
import type { StandardSchema } from './standard-schema.ts';

async function issuesOf(schema: StandardSchema, input: unknown): Promise<unknown> {
  const result = await schema['~standard'].validate(input);
  return result.issues === undefined ? [] : publicIssues(result.issues, input);
}

/** Says what Valibot says. */
const repeating: StandardSchema = {
  '~standard': {
    version: 1,
    vendor: 'valibot',
    validate: value => ({
      issues: [
        {
          message: `Invalid type: Expected number but received "${String(Reflect.get(Object(value), 'size'))}"`,
          path: [{ key: 'size' }],
        },
      ],
    }),
  },
};

describe('what a caller is told about an input', () => {
  test('is place and message of Zod', async () => {
    expect(await issuesOf(z.object({ size: z.object({ width: z.number() }) }), { size: { width: 'hunter2' } })).toEqual(
      [{ path: 'size.width', message: 'Invalid input: expected number, received string' }],
    );
  });

  test('is the place alone where a library repeats the value', async () => {
    expect(await issuesOf(repeating, { size: 'hunter2' })).toEqual([
      { path: 'size', message: 'This value is not valid.' },
    ]);
    expect(await issuesOf(z.strictObject({}), { hunter2: 1 })).toEqual([
      { path: '', message: 'This value is not valid.' },
    ]);
  });

  test('ends after twenty places', async () => {
    expect(
      await issuesOf(
        z.array(z.number()),
        Array.from({ length: 99 }, () => 'x'),
      ),
    ).toHaveLength(20);
  });
});

test('schemas of several libraries are known as such, and names of fields are none', () => {
  expect([z.string(), repeating, ['id'], undefined].map(isSchema)).toEqual([true, true, false, false]);
});
