import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { GuardCode } from './errors.ts';
import { Policy } from './pg/policy.ts';
import { refuse } from './refusal.ts';
import { eventsOf } from './testing/events.ts';

/** The codes with their kind of event, as the page of events tells them. */
const told = readFileSync(new URL('../docs/events.md', import.meta.url), 'utf8')
  .split('\n')
  .flatMap(line => {
    const [, type, codes] = /^\| `(\w+)` \|.*\| ((?:`[\w-]+`(?:, )?)+) \|$/.exec(line) ?? [];
    return (codes ?? '').split(', ').flatMap(code => (type === undefined ? [] : [[code.slice(1, -1), type] as const]));
  });
const policy = new Policy({ membership: { table: 'memberships', user: 'user_id', tenant: 'tenant_id' } });

test('a refusal is told as the page of events says, by the pool as by everything else', async () => {
  const codes = [...readFileSync(new URL('./errors.ts', import.meta.url), 'utf8').matchAll(/\| '([\w-]+)'/g)];
  expect(told.map(([code]) => code).toSorted()).toEqual(codes.map(([, code]) => code ?? '').toSorted());
  for (const [code, type] of told as unknown as readonly (readonly [GuardCode, string])[]) {
    const events = await eventsOf(() => {
      refuse(code, 'Refused.');
      policy.refusal(code, 'Refused.');
    });
    expect(events.map(event => [event.type, event.outcome])).toEqual([
      [type, 'denied'],
      [type, 'denied'],
    ]);
  }
});
