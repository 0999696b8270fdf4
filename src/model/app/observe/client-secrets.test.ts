import { expect, test } from 'vitest';
import type { InlinedEnvironment, ModuleInfo } from '../events.ts';
import { observeClientSecrets } from './client-secrets.ts';

const empty = {
  directive: undefined,
  imports: [],
  packages: [],
  environment: [],
  settings: [],
  literals: [],
  cachedFunctions: [],
};
const imports = (file: string) => [{ file, names: ['send'], line: 3 }];
const inlined: InlinedEnvironment = {
  name: 'MAIL_KEY',
  from: 'MAIL_SECRET',
  place: { file: 'next.config.ts', line: 4 },
};

function secretsIn(
  modules: readonly (Partial<ModuleInfo> & { readonly file: string })[],
  env: readonly InlinedEnvironment[] = [inlined],
) {
  const complete = modules.map(module => ({ ...empty, ...module }));
  return observeClientSecrets({
    entryPoints: [],
    queries: [],
    events: [],
    modules: complete,
    inlinedEnvironment: env,
    rows: new Map(),
  });
}

const form = { file: 'app/form.tsx', directive: 'use client', imports: imports('lib/mail.ts') } as const;
const mail = { file: 'lib/mail.ts', environment: [{ name: 'MAIL_KEY', line: 5 }] };

test('a secret that next.config inlines is found in what a client component imports, with the way to it', () => {
  expect(secretsIn([form, mail])).toEqual([
    {
      kind: 'client-secret',
      place: { file: 'lib/mail.ts', line: 5 },
      secret: 'MAIL_KEY',
      how: "'env' in next.config.ts inlines it",
      chain: [
        { file: 'app/form.tsx', line: 3 },
        { file: 'lib/mail.ts', line: 1 },
      ],
    },
  ]);
});

test('a variable that nothing inlines is undefined in the browser and no leak', () => {
  expect(secretsIn([form, mail], [])).toEqual([]);
});

test('server actions and server-only modules end the way to the browser', () => {
  const actions = { file: 'app/actions.ts', directive: 'use server', imports: imports('lib/mail.ts') } as const;
  expect(secretsIn([{ ...form, imports: imports('app/actions.ts') }, actions, mail])).toEqual([]);
  expect(secretsIn([form, { ...mail, packages: [{ name: 'server-only', line: 1 }] }])).toEqual([]);
});

test('a service key under NEXT_PUBLIC_ is found, keys that are public by design are not', () => {
  const names = [
    'NEXT_PUBLIC_DB_SERVICE_ROLE_KEY',
    'NEXT_PUBLIC_MAPS_KEY',
    'NEXT_PUBLIC_SUPABASE_ANON_KEY',
    'NEXT_PUBLIC_SERVICE_URL',
  ];
  const module = {
    file: 'app/map.tsx',
    directive: 'use client',
    environment: names.map((name, index) => ({ name, line: index + 1 })),
  } as const;
  expect(secretsIn([module]).map(seen => seen.secret)).toEqual(['NEXT_PUBLIC_DB_SERVICE_ROLE_KEY']);
});

/** Put together here, so that no scanner takes this file for a leak. */
const madeOf = (...parts: readonly string[]): string => [...parts, '51Hq9ZtR7mXw2Vb'].join('_');

test('keys written in the source are found unless they are publishable', () => {
  const token = (role: string) =>
    `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify({ role })).toString('base64url')}.c2ln`;
  const texts = [madeOf('sk', 'live'), madeOf('pk', 'live'), token('anon'), token('service_role')];
  const module = {
    file: 'app/pay.tsx',
    directive: 'use client',
    literals: texts.map((text, index) => ({ text, line: index + 1 })),
  } as const;
  expect(secretsIn([module]).map(seen => seen.place.line)).toEqual([1, 4]);
});

test('what only shows what a key looks like is none', () => {
  const login = (password: string, host: string): string => `postgres://app:${password}@${host}/app`;
  const texts = [
    'whsec_1234567890abcdef',
    'sk_live_',
    'sk_test_xxxxxxxxxxxxxxxx',
    'sk_live_your_key_goes_here',
    login('password', 'db.acme.io'),
    login('Hq9ZtR7m', 'localhost'),
    login('Hq9ZtR7m', 'db.acme.io'),
    madeOf('whsec'),
  ];
  const module = {
    file: 'app/help.tsx',
    directive: 'use client',
    literals: texts.map((text, index) => ({ text, line: index + 1 })),
  } as const;
  expect(secretsIn([module]).map(seen => seen.place.line)).toEqual([7, 8]);
});
