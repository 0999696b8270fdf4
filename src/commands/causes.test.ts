import { expect, test } from 'vitest';
import type { Cell } from '../core/cell.ts';
import { noDatabase } from '../model/database/schema.ts';
import { causesOf } from './causes.ts';

const leak: Cell = {
  schema: 'public',
  object: 'notes',
  objectKind: 'table',
  role: 'authenticated',
  actor: 'member',
  command: 'select',
  verdict: 'leaks',
  tier: 'api',
  because: 'It read 1 row of tenant B.',
  evidence: [],
};
const helper = { function: 'is_member(uuid)', fault: 'says-yes' } as const;
const open = { policy: 'everybody', tier: 'api', because: '', evidence: [] } as const;

test('a cause counts the objects and cells that its repair alone closes', () => {
  const cells = [
    { ...leak, helper },
    { ...leak, command: 'update', helper } as const,
    { ...leak, object: 'files', helper, alsoOpen: [{ ...open, helper }] },
    { ...leak, object: 'tags', helper, alsoOpen: [open] },
    { ...leak, object: 'plans' },
  ];
  expect(causesOf(cells, noDatabase)).toEqual([{ ...helper, objects: 2, cells: 3 }]);
});

test('the cause on which most rests comes first', () => {
  const other = { function: 'my_orgs()', fault: 'gives-keys' } as const;
  const cells = [
    { ...leak, helper },
    { ...leak, helper: other },
    { ...leak, object: 'files', helper: other },
  ];
  expect(causesOf(cells, noDatabase).map(cause => cause.function)).toEqual(['my_orgs()', 'is_member(uuid)']);
});
