import { expect, test } from 'vitest';
import type { Cell } from '../core/cell.ts';
import { toGrids } from './grid.ts';
import { gateSentence } from './changes.ts';

function cell(object: string, objectKind: Cell['objectKind'], verdict: Cell['verdict']): Cell {
  return {
    schema: 'public',
    object,
    objectKind,
    role: 'authenticated',
    actor: 'member',
    command: 'select',
    verdict,
    tier: 'api',
    because: '',
    evidence: [],
  };
}

test('what leaks stands first, of whatever kind it is and however many tables there are', () => {
  const tables = Array.from({ length: 80 }, (_, index) => cell(`table_${index}`, 'table', 'isolated'));
  const [grid] = toGrids([...tables, cell('report', 'view', 'leaks'), cell('other', 'view', 'isolated')], []);
  expect(grid?.groups.map(group => [group.title, group.rows.length])).toEqual([
    ['Leak: another tenant reaches them', 1],
    ['Whose rows these are is not known', 80],
    ['Views', 1],
  ]);
});

test('a gate with findings beside it does not read as passed', () => {
  const gate = { expects: 'policies', because: '', tables: 4, faults: [], since: 'main' } as const;
  expect(gateSentence(gate, 0)).toBe("Gate: 4 tables with an owner, and nothing new is missing. Compared with 'main'.");
  expect(gateSentence(gate, 1)).toBe(
    "Gate: 4 tables with an owner, and nothing new is missing, but there is 1 new finding. Compared with 'main'.",
  );
});
