import { redirect } from 'next/navigation.js';
import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { z } from 'zod';
import { currentRequest, currentScope } from '../scope.ts';
import { fromCustom } from '../session/custom.ts';
import { guardNext } from './guard-next.ts';
import { tenantFromArgument, tenantFromSession } from './tenant.ts';

let user: string | undefined = 'ada';
// Outside of Next.js there is no request; test/next runs the same in a real build.
vi.mock('next/headers.js', () => ({ headers: async () => new Headers(user === undefined ? {} : { 'x-user': user }) }));

const { guardAction } = guardNext({
  session: fromCustom(({ headers }) => {
    const found = headers.get('x-user');
    return found === null ? undefined : { user: found, tenant: 'acme' };
  }),
  tenant: tenantFromSession(),
  membership: async who => (who.user === 'ada' && who.tenant === 'acme' ? { role: 'owner' } : undefined),
});

function as(name: string | undefined): void {
  user = name;
}

describe('a guarded action', () => {
  const rename = guardAction(
    { name: 'rename team', input: z.object({ name: z.string().min(3) }), output: ['name'] },
    ({ input, tenant }) => ({
      name: `${tenant}: ${input.name}`,
      secret: 'hunter2',
      at: currentRequest().action,
      scope: currentScope(),
    }),
  );

  test('answers what was declared of what it did', async () => {
    as('ada');
    const result = await rename({ name: 'Acme' });
    expect(result).toEqual({ ok: true, data: { name: 'acme: Acme' } });
    if (result.ok) expectTypeOf(result.data).toEqualTypeOf<{ readonly name: string }>();
  });

  test('takes a form, also by useActionState and with the fields of Next.js', async () => {
    const form = new FormData();
    form.set('name', 'Form');
    form.set('$ACTION_ID_40ab', '');
    expect(await rename(form)).toMatchObject({ ok: true, data: { name: 'acme: Form' } });
    expect(await rename({ ok: false }, form)).toMatchObject({ ok: true, data: { name: 'acme: Form' } });
  });

  test('answers a wrong input as a result, without what was sent', async () => {
    const result = await rename({ name: 'q' });
    expect(result).toMatchObject({ ok: false, status: 400, issues: [{ path: 'name' }] });
    expect(JSON.stringify(result)).not.toContain('"q"');
  });

  test('gets nothing of its arguments without a schema', async () => {
    const bare = guardAction({ name: 'leave team' }, call =>
      Object.keys(call)
        .toSorted()
        .map(key => [key, Reflect.get(call, key)]),
    );
    expect(await bare({ tenant: 'borealis', user: 'cy' }, { role: 'owner' })).toEqual({
      ok: true,
      data: [
        ['input', undefined],
        ['params', {}],
        ['role', 'owner'],
        ['tenant', 'acme'],
        ['user', 'ada'],
      ],
    });
  });

  test('answers the same to everybody who may not, and 401 to nobody', async () => {
    as('ben');
    const stranger = await rename({ name: 'Acme' });
    expect(stranger).toEqual({
      ok: false,
      status: 404,
      error: 'This does not exist, or you do not have access to it.',
    });
    as('ada');
    const roles = guardAction({ name: 'x', roles: ['billing'] }, () => 1);
    expect(await roles()).toEqual(stranger);
    const elsewhere = guardAction({ name: 'x', tenant: tenantFromArgument('team') }, () => 1);
    expect(await elsewhere({ team: 'borealis' })).toEqual(stranger);
    as(undefined);
    expect(await rename({ name: 'Acme' })).toEqual({ ok: false, status: 401, error: 'Sign in to continue.' });
  });

  test('lets a redirect and failures through to Next.js', async () => {
    as('ada');
    const away = guardAction({ name: 'x' }, () => redirect('/done'));
    await expect(away()).rejects.toMatchObject({ message: 'NEXT_REDIRECT' });
    const broken = guardAction({ name: 'x' }, () => Promise.reject(new Error('broken')));
    await expect(broken()).rejects.toThrow('broken');
  });
});
