import { describe, expect, test } from 'vitest';
import type { Cell } from '../core/cell.ts';
import { summarizeAttempt } from './attempt.ts';
import { standingOf, standings, standingSign, standingWord, worstStanding } from './standing.ts';

function cell(
  verdict: Cell['verdict'],
  ...kinds: readonly Cell['evidence'][number]['kind'][]
): Pick<Cell, 'verdict' | 'evidence'> {
  return { verdict, evidence: kinds.map(kind => ({ kind, transcript: '', assumptions: [], elapsedMs: 0 })) };
}

describe('how a cell stands', () => {
  test('only a proof makes it proved; attempts that failed are tried, a limited search is bounded', () => {
    expect(standingOf(cell('isolated'))).toBe('tried');
    expect(standingOf(cell('isolated', 'replay', 'policy'))).toBe('tried');
    expect(standingOf(cell('isolated', 'bounded'))).toBe('bounded');
    expect(standingOf(cell('isolated', 'bounded', 'proof'))).toBe('proved');
  });

  test('a proof beside a leak makes nothing proved', () => {
    expect(standingOf(cell('leaks', 'proof'))).toBe('leaks');
    expect(standingOf(cell('unknown', 'proof'))).toBe('unknown');
  });

  test('an object stands as the cell that needs a reader most', () => {
    expect(worstStanding([cell('isolated', 'proof'), cell('isolated')])).toBe('tried');
    expect(worstStanding([cell('isolated', 'proof'), cell('isolated', 'proof')])).toBe('proved');
    expect(worstStanding([cell('unknown'), cell('leaks'), cell('broken')])).toBe('leaks');
  });

  test('each has a sign and a word of its own', () => {
    expect(new Set(standings.map(standingSign)).size).toBe(standings.length);
    expect(new Set(standings.map(standingWord)).size).toBe(standings.length);
  });
});

describe('an attempt in short', () => {
  test('counts what the attacker runs, not what sets the session up or what the superuser counts', () => {
    const transcript = [
      'begin;',
      'set local session_replication_role = replica;',
      'insert into "public"."clubs" ("id") values (1);',
      'set local session_replication_role = origin;',
      "select set_config('request.jwt.claims', '{}', true);",
      'set local role "authenticated";',
      'insert into "public"."members" ("club_id") values (2);',
      '-- seen: 1 row more than before; expected: 0',
      'reset role;',
      'select count(*) from "public"."members";',
      'set local role "authenticated";',
      'select count(*) from "public"."wages" t; -- seen: 1 rows of tenant B',
      'select count(*) from "public"."wages" t where true; -- seen: 1 rows of tenant B',
      'rollback;',
    ].join('\n');
    expect(summarizeAttempt(transcript)).toEqual({ statements: 3, opened: ['public.wages'] });
  });
});
