import { describe, expect, test } from 'vitest';
import { asAdmin, asSystem, asTenant, asUser } from './modes.ts';
import { currentScope, scopesAround } from './scope.ts';

describe('scopes by name', () => {
  test('a scope holds for what runs inside, across awaits, and ends with it', async () => {
    const seen = await asTenant({ user: 'u1', tenant: 't1' }, async () => {
      await Promise.resolve();
      return currentScope();
    });
    expect(seen).toEqual({ mode: 'tenant', user: 'u1', tenant: 't1' });
    expect(currentScope()).toBeUndefined();
  });

  test('a lazy query that runs when it is awaited runs inside', async () => {
    const lazy = {
      // oxlint-disable-next-line unicorn/no-thenable -- what ORMs return
      then<T>(resolve: (value: unknown) => T): T {
        return resolve(currentScope());
      },
    };
    const seen: unknown = await asTenant({ user: 'u1', tenant: 't1' }, () => lazy);
    expect(seen).toMatchObject({ tenant: 't1' });
  });

  test('two at once do not see each other', async () => {
    const see = (tenant: string): Promise<unknown> =>
      asTenant({ user: 'u', tenant }, async () => {
        await new Promise(resolve => setImmediate(resolve));
        return currentScope();
      });
    expect(await Promise.all([see('a'), see('b')])).toEqual([
      { mode: 'tenant', user: 'u', tenant: 'a' },
      { mode: 'tenant', user: 'u', tenant: 'b' },
    ]);
  });

  test('work as admin keeps who asked, and the scopes around it', async () => {
    const seen = await asUser('u1', () => asAdmin('usage report', () => scopesAround()));
    expect(seen).toEqual([
      { mode: 'admin', reason: 'usage report', user: 'u1' },
      { mode: 'user', user: 'u1' },
    ]);
  });

  test('an empty tenant is refused where it was written', () => {
    expect(() => asSystem({ job: 'reminders', tenant: '' }, () => 1)).toThrow('The tenant of a scope is empty.');
  });
});
