import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, test } from 'vitest';
import { keyed } from '../cache/keyed.ts';
import { ownerOf } from '../cache/owner.ts';
import { isGuardError } from '../errors.ts';
import type { GuardError } from '../errors.ts';
import { asTenant } from '../modes.ts';

let refuseKeylessCache: () => void;
let inPlace: <T>(type: string, work: () => T) => T;

beforeAll(async () => {
  // As a server of Next.js begins: https://github.com/vercel/next.js/blob/canary/packages/next/src/server/node-environment-baseline.ts
  Object.assign(globalThis, { AsyncLocalStorage });
  const { workUnitAsyncStorage } = await import('next/dist/server/app-render/work-unit-async-storage.external.js');
  ({ refuseKeylessCache } = await import('./keyless-cache.ts'));
  inPlace = (type, work) => workUnitAsyncStorage.run({ type } as never, work);
});

/** Every place that the type declarations of the installed Next.js name. */
const places = [
  ...readFileSync(
    createRequire(import.meta.url).resolve('next/dist/server/app-render/work-unit-async-storage.external.d.ts'),
    'utf8',
  ).matchAll(/readonly type: '([\w-]+)'/g),
].map(([, type]) => type ?? '');

function refusal(): string | undefined {
  try {
    refuseKeylessCache();
    return undefined;
  } catch (error) {
    return isGuardError(error) ? error.code : String(error);
  }
}

describe('a cache with the tenant in its key', () => {
  const owned = async (): Promise<string> =>
    asTenant({ user: 'ada', tenant: 'acme' }, () => ownerOf('tenant')).catch((error: GuardError) => error.code);

  test('is refused inside of one without it, which would keep what it gives', async () => {
    expect(await inPlace('unstable-cache', owned)).toBe('keyless-cache');
    expect(await inPlace('request', owned)).toBe('tenant=acme');
    expect(await inPlace('unstable-cache', () => keyed(owned))).toBe('tenant=acme');
  });
});

describe('rows', () => {
  test('pass in every place that Next.js knows, but for unstable_cache', () => {
    expect(places.length).toBeGreaterThan(6);
    const refused = places.filter(type => inPlace(type, () => refusal()) !== undefined);
    expect(refused).toEqual(['unstable-cache']);
    expect(refusal()).toBeUndefined();
  });

  test('pass in unstable_cache with the tenant in its key', async () => {
    expect(await inPlace('unstable-cache', () => keyed(async () => Promise.resolve(refusal())))).toBeUndefined();
  });

  test('are refused in a cache without it that is filled inside of one with it', async () => {
    const inner = (): string | undefined => inPlace('unstable-cache', () => refusal());
    expect(await inPlace('unstable-cache', () => keyed(async () => Promise.resolve(inner())))).toBe('keyless-cache');
  });

  test('are refused in a place that nobody knows', () => {
    expect(inPlace('durable-cache', () => refusal())).toBe('keyless-cache');
  });
});
