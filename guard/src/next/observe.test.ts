import { redirect } from 'next/navigation.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { guardFreeze } from '../freeze/guard-freeze.ts';
import type { CallFacts } from '../hooks.ts';
import { guardLimits } from '../limits/guard-limits.ts';
import { currentRequest, currentScope } from '../scope.ts';
import { fromCustom } from '../session/custom.ts';
import { eventsOf } from '../testing/events.ts';
import { guardNext } from './guard-next.ts';
import type { GuardNextOptions } from './options.ts';
import { tenantFromParam, tenantFromSession } from './tenant.ts';

let user: string | undefined = 'ada';
// Outside of Next.js there is no request; test/next runs the same in a real build.
vi.mock('next/headers.js', () => ({ headers: async () => new Headers(user === undefined ? {} : { 'x-user': user }) }));
afterEach(() => {
  user = 'ada';
  vi.unstubAllEnvs();
});

const roles: Readonly<Record<string, string>> = { 'ada/acme': 'owner', 'ben/acme': 'viewer' };
const base: GuardNextOptions = {
  session: fromCustom(({ headers }) => {
    const found = headers.get('x-user');
    return found === null ? undefined : { user: found, tenant: 'acme' };
  }),
  tenant: tenantFromParam('team'),
  membership: async who => {
    const role = roles[`${who.user}/${who.tenant}`];
    return Promise.resolve(role === undefined ? undefined : { role });
  },
};
const { observeRoute } = guardNext(base);
const member = { mode: 'tenant', user: 'ada', tenant: 'acme' };

interface Context {
  readonly params: Promise<{ readonly team: string }>;
}

/** A handler as an app has it, with its own check: it reads its body, and answers as it likes. */
async function own(request: Request, { params }: Context): Promise<Response> {
  const body = request.method === 'POST' ? await request.text() : '';
  const answer = { team: (await params).team, body, scope: currentScope() ?? 'none', route: currentRequest().route };
  return Response.json(answer, { status: request.headers.has('x-user') ? 200 : 403, headers: { 'x-own': 'yes' } });
}

const options = { name: 'POST /things', roles: ['owner'], input: z.object({ title: z.string().min(3) }) };

async function send(
  handler: (request: Request, context: Context) => Promise<Response>,
  sent: { readonly user?: string; readonly team?: string; readonly body?: string; readonly origin?: string } = {},
): Promise<{ readonly answer: Response; readonly body: unknown; readonly told: readonly unknown[] }> {
  const headers = new Headers({ host: 'app.example.com', 'content-type': 'application/json' });
  if (sent.user !== undefined) headers.set('x-user', sent.user);
  if (sent.origin !== undefined) headers.set('origin', sent.origin);
  const body = sent.body ?? '{"title":"Rent"}';
  const request = new Request('https://app.example.com/things', { method: 'POST', headers, body });
  let answer = new Response(null);
  const events = await eventsOf(async () => {
    answer = await handler(request, { params: Promise.resolve({ team: sent.team ?? 'acme' }) });
    // What is looked at on its way out is read beside the answer.
    await new Promise(done => setImmediate(done));
  });
  const told = events.map(event => [event.type, event.outcome, event.route]);
  return { answer, body: await answer.json(), told };
}

describe('an observed route', () => {
  const route = observeRoute(options, own);

  test('is the app’s own for a member, in the scope of their tenant, and tells nothing', async () => {
    const { answer, body, told } = await send(route, { user: 'ada' });
    expect([answer.status, answer.headers.get('x-own'), answer.headers.get('cache-control')]).toEqual([
      200,
      'yes',
      null,
    ]);
    expect(body).toEqual({ team: 'acme', body: '{"title":"Rent"}', scope: member, route: 'POST /things' });
    expect(told).toEqual([]);
  });

  test.each([
    ['a role that may not', { user: 'ben' }, 'authz_fail'],
    ['a wrong input', { user: 'ada', body: '{"title":"q"}' }, 'input_fail'],
    ['a body that is no JSON', { user: 'ada', body: 'q' }, 'input_fail'],
    ['a body that is too large', { user: 'ada', body: JSON.stringify({ title: 'x'.repeat(3_000_000) }) }, 'input_fail'],
    ['a write of another site', { user: 'ada', origin: 'https://evil.example' }, 'authz_fail'],
  ] as readonly (readonly [string, { readonly user: string; readonly body?: string }, string])[])(
    'goes on for a member with %s, whole, and tells it once as observed',
    async (_name, sent, type) => {
      const { answer, body, told } = await send(route, sent);
      expect(answer.status).toBe(200);
      expect(body).toMatchObject({ scope: { ...member, user: sent.user }, body: sent.body ?? '{"title":"Rent"}' });
      expect(told).toEqual([[type, 'observed', 'POST /things']]);
    },
  );

  test.each([
    ['nobody', {}, 403, 'authn_fail'],
    ['who is no member', { user: 'ada', team: 'borealis' }, 200, 'authz_fail'],
    ['a call of no tenant', { user: 'ada', team: '' }, 200, 'authz_fail'],
  ])('gives %s no scope: what they may see is the app’s own to say', async (_name, sent, status, type) => {
    const { answer, body, told } = await send(route, sent);
    expect(answer.status).toBe(status);
    expect(body).toMatchObject({ scope: 'none' });
    expect(told).toEqual([[type, 'observed', 'POST /things']]);
  });

  test('is not held up by a check that fails, is steered elsewhere or hangs', async () => {
    const failing: readonly Partial<GuardNextOptions>[] = [
      { session: () => Promise.reject(new TypeError('ada@example.com')) },
      { session: async () => redirect('/login') },
      { session: () => new Promise(() => undefined) },
      { membership: () => Promise.reject(new Error('no connection')) },
    ];
    for (const broken of failing) {
      const { body, told } = await send(guardNext({ ...base, ...broken }).observeRoute(options, own), { user: 'ada' });
      expect(body).toMatchObject({ scope: 'none' });
      expect(told).toEqual([['self_test', 'observed', 'POST /things']]);
    }
  });

  test('goes on when a limit is used up, and stops when it is frozen', async () => {
    const rule = { user: { points: 1, seconds: 60 }, onStoreError: 'deny' } as const;
    const limits = guardLimits({ store: { kind: 'memory' }, hashKey: 'k'.repeat(32), rules: { 'POST /things': rule } });
    const limited = guardNext({ ...base, before: [limits.before] }).observeRoute(options, own);
    expect((await send(limited, { user: 'ada' })).told).toEqual([]);
    const over = await send(limited, { user: 'ada' });
    expect([over.answer.status, over.told]).toEqual([200, [['excessive_use', 'observed', 'POST /things']]]);

    vi.stubEnv('DRYDOCK_FREEZE', 'writes');
    const freeze = guardFreeze({ source: { kind: 'env' }, start: 'open' });
    const frozen = guardNext({ ...base, before: [freeze.before] }).observeRoute(options, own);
    for (const sent of [{ user: 'ada' }, {}]) {
      // oxlint-disable-next-line no-await-in-loop -- one request after the other
      const events = await eventsOf(async () => {
        const request = new Request('https://app.example.com', { method: 'POST', headers: { 'x-user': 'ada' } });
        await expect(frozen(request, { params: Promise.resolve({ team: 'acme' }) })).rejects.toMatchObject({
          code: 'frozen',
        });
      });
      expect([sent, events.at(-1)]).toMatchObject([sent, { type: 'frozen', outcome: 'denied' }]);
    }
  });

  test('tells of a foreign row that goes out, and lets it go', async () => {
    const watching = guardNext({ ...base, tripwire: { columns: ['teamId'] } });
    const leaking = watching.observeRoute(options, async () =>
      Promise.resolve(Response.json([{ teamId: 'borealis' }])),
    );
    const { body, told } = await send(leaking, { user: 'ada' });
    expect(body).toEqual([{ teamId: 'borealis' }]);
    expect(told).toEqual([['foreign_row', 'observed', 'POST /things']]);
  });

  test('says at the start what could never be let in', () => {
    expect(() => observeRoute({ name: ' ' }, own)).toThrow('needs a name');
  });
});

describe('what else is observed', () => {
  const { observeAction, observePage, observeApi } = guardNext({ ...base, tenant: tenantFromSession() });

  test('an action keeps its arguments and its answer', async () => {
    const action = observeAction({ name: 'rename', roles: ['owner'] }, async (id: number, name: string) =>
      Promise.resolve([id, name, currentScope()?.mode] as const),
    );
    expect(await action(7, 'Acme')).toEqual([7, 'Acme', 'tenant']);
    user = undefined;
    const events = await eventsOf(async () => expect(await action(7, 'Acme')).toEqual([7, 'Acme', undefined]));
    expect(events).toMatchObject([{ type: 'authn_fail', outcome: 'observed', action: 'rename' }]);
  });

  test('a page keeps its props and what it throws', async () => {
    const page = observePage({ name: 'team' }, async (props: { readonly children: string }) =>
      props.children === '' ? redirect('/start') : Promise.resolve([props.children, currentScope()?.mode]),
    );
    expect(await page({ children: 'x' })).toEqual(['x', 'tenant']);
    await expect(page({ children: '' })).rejects.toMatchObject({ digest: expect.stringContaining('/start') as string });
    user = 'cy';
    expect(await page({ children: 'x' })).toEqual(['x', undefined]);
  });

  test('a handler of pages/api keeps its request and its answer', async () => {
    const seen: unknown[] = [];
    const handler = observeApi(
      { name: '/api/old' },
      (req: { readonly url: string }, res: object) => void seen.push([req.url, res, currentScope()?.mode]),
    );
    const res = {};
    await handler({ url: '/a', headers: { 'x-user': 'ada' }, query: {} } as never, res);
    await handler({ url: '/b', headers: {}, query: {} } as never, res);
    expect(seen).toEqual([
      ['/a', res, 'tenant'],
      ['/b', res, undefined],
    ]);
  });
});

test('a hook hears of a call that nobody could be named for', async () => {
  const heard: CallFacts[] = [];
  const before = [async (facts: CallFacts): Promise<void> => Promise.resolve(void heard.push(facts))];
  await send(guardNext({ ...base, before }).observeRoute(options, own));
  expect(heard).toEqual([{ name: 'POST /things', kind: 'write' }]);
});
