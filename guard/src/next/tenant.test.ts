import { describe, expect, test } from 'vitest';
import type { CallView, TenantSource } from './options.ts';
import {
  tenantFromArgument,
  tenantFromHeader,
  tenantFromParam,
  tenantFromSession,
  tenantFromSubdomain,
} from './tenant.ts';

async function from(source: TenantSource, call: Partial<CallView>, tenant?: string): Promise<string | undefined> {
  const session = tenant === undefined ? { user: 'u1' } : { user: 'u1', tenant };
  return source({ headers: new Headers(), params: {}, arguments: [], ...call }, session);
}

describe('which tenant a call names', () => {
  test('by a part of the path; several parts and inherited names are none', async () => {
    expect(await from(tenantFromParam('team'), { params: { team: 'acme' } })).toBe('acme');
    expect(await from(tenantFromParam('team'), { params: { team: ['acme', 'borealis'] } })).toBeUndefined();
    expect(await from(tenantFromParam('toString'), {})).toBeUndefined();
  });

  test('by the session, and by a header', async () => {
    expect(await from(tenantFromSession(), {}, 'acme')).toBe('acme');
    expect(await from(tenantFromSession(), {})).toBeUndefined();
    expect(await from(tenantFromHeader('x-team'), { headers: new Headers({ 'x-team': 'acme' }) })).toBe('acme');
  });

  test.each([
    ['acme.example.com', 'acme'],
    ['Acme.Example.com:3000', 'acme'],
    ['example.com', undefined],
    ['a.b.example.com', undefined],
    ['acme.example.com.evil.example', undefined],
    ['evilexample.com', undefined],
    ['-.example.com', undefined],
  ])('by the subdomain of %s: %s', async (host, tenant) => {
    expect(await from(tenantFromSubdomain('example.com'), { headers: new Headers({ host }) })).toBe(tenant);
  });

  test('by what an action is called with', async () => {
    const form = new FormData();
    form.set('team', 'acme');
    expect(await from(tenantFromArgument('team'), { arguments: [{}, form] })).toBe('acme');
    expect(await from(tenantFromArgument('team'), { arguments: [{ team: 'acme' }] })).toBe('acme');
    expect(await from(tenantFromArgument('team'), { arguments: [{ team: { id: 'acme' } }] })).toBeUndefined();
    expect(await from(tenantFromArgument('team'), { arguments: [] })).toBeUndefined();
  });
});
