import { notFound } from 'next/navigation.js';
import { isValidElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { GuardError } from '../errors.ts';
import { currentScope } from '../scope.ts';
import { fromCustom } from '../session/custom.ts';
import { guardNext } from './guard-next.ts';
import { NoAccess } from './no-access.ts';
import type { PageProps } from './page.ts';
import { tenantFromParam } from './tenant.ts';

let user: string | undefined = 'ada';
// Outside of Next.js there is no request; test/next runs the same in a real build.
vi.mock('next/headers.js', () => ({ headers: async () => new Headers(user === undefined ? {} : { 'x-user': user }) }));

const { guardMetadata, guardPage } = guardNext({
  session: fromCustom(({ headers }) => {
    const found = headers.get('x-user');
    return found === null ? undefined : { user: found };
  }),
  tenant: tenantFromParam('team'),
  membership: async who => (who.user === 'ada' && who.tenant === 'acme' ? {} : null),
});
const props = (team: string, query: Record<string, string> = {}): PageProps => ({
  params: Promise.resolve({ team }),
  searchParams: Promise.resolve(query),
});

describe('a guarded page', () => {
  const page = guardPage(
    { name: 'team page', input: z.object({ tab: z.string().default('all') }) },
    ({ tenant, input }) => [tenant, input.tab, currentScope()?.mode ?? 'none'],
  );

  test('is rendered for a member, in the scope of the tenant', async () => {
    user = 'ada';
    expect(await page(props('acme'))).toEqual(['acme', 'all', 'tenant']);
    expect(await page(props('acme', { tab: 'open' }))).toEqual(['acme', 'open', 'tenant']);
  });

  test('is the app’s not-found for everybody else, whatever the reason', async () => {
    const missing = guardPage({ name: 'x' }, () => notFound());
    for (const [who, team, guarded] of [
      ['ada', 'borealis', page],
      ['ada', 'nowhere', page],
      [undefined, 'acme', page],
      ['ada', 'acme', missing],
    ] as const) {
      user = who;
      await expect(guarded(props(team))).rejects.toMatchObject({ digest: 'NEXT_HTTP_ERROR_FALLBACK;404' });
    }
  });

  test('sends somebody without a session to sign in, where the page says so', async () => {
    user = undefined;
    const signIn = guardPage({ name: 'x', signIn: '/login' }, () => 'secret');
    await expect(signIn(props('acme'))).rejects.toMatchObject({ digest: expect.stringContaining('/login') as string });
  });

  test('shows the ready page instead, the same for a foreign tenant as for one that does not exist', async () => {
    user = 'ada';
    const soft = guardPage({ name: 'x', refused: () => NoAccess() }, () => 'secret');
    const shown = await Promise.all(['borealis', 'nowhere'].map(team => soft(props(team))));
    const [foreign, absent] = shown.map(element => (isValidElement(element) ? renderToStaticMarkup(element) : ''));
    expect(foreign).toContain('<h1 style="font-size:1.5rem">You do not have access</h1>');
    expect(foreign).toBe(absent);
  });

  test('says that it is switched off, and not that it is missing', async () => {
    user = 'ada';
    const { guardPage: frozen } = guardNext({
      session: fromCustom(() => ({ user: 'ada' })),
      tenant: tenantFromParam('team'),
      membership: async () => ({}),
      before: [() => Promise.reject(new GuardError('frozen', 'frozen'))],
    });
    const shown = await frozen({ name: 'x' }, () => 'secret')(props('acme'));
    expect(isValidElement(shown) ? renderToStaticMarkup(shown) : '').toContain('Not available for the moment');
    expect(await frozen({ name: 'x', unavailable: () => 'back soon' }, () => 'secret')(props('acme'))).toBe(
      'back soon',
    );
  });
});

describe('guarded metadata', () => {
  const generateMetadata = guardMetadata({ name: 'team page' }, ({ tenant }, { params }, parent) => ({
    title: `${tenant} ${currentScope()?.mode}`,
    other: { given: params !== undefined && parent === 'of the layout' },
  }));

  test('is made for a member, in the scope of the tenant', async () => {
    user = 'ada';
    expect(await generateMetadata(props('acme'), 'of the layout')).toEqual({
      title: 'acme tenant',
      other: { given: true },
    });
  });

  test('is nobody else’s, whatever the reason, and the page answers', async () => {
    user = 'ada';
    const answers = [await generateMetadata(props('borealis')), await generateMetadata(props('nowhere'))];
    user = undefined;
    expect([...answers, await generateMetadata(props('acme'))]).toEqual([{}, {}, {}]);
  });

  test('does not hide what Next.js throws to steer, nor a fault of the server', async () => {
    user = 'ada';
    const missing = guardMetadata({ name: 'x' }, () => notFound());
    await expect(missing(props('acme'))).rejects.toThrow('NEXT_HTTP_ERROR_FALLBACK;404');
    const failing = guardMetadata({ name: 'x' }, () => Promise.reject(new GuardError('no-scope', 'A query ran.')));
    await expect(failing(props('acme'))).rejects.toThrow('A query ran.');
  });
});
