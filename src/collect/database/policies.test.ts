import { beforeAll, describe, expect, test } from 'vitest';
import { loadSqlParser } from '../../logic/sql.ts';
import { inlineBody } from './function-bodies.ts';
import type { DatabaseFunction } from '../../model/database/types.ts';

beforeAll(loadSqlParser);

function definition(language: string, body: string, argumentNames: readonly string[] = ['team']): DatabaseFunction {
  return {
    name: 'is_member',
    schema: 'public',
    signature: 'is_member(uuid)',
    arguments: argumentNames.map(name => ({ name, type: 'uuid' })),
    returns: 'boolean',
    returnsSet: false,
    language,
    securityDefiner: true,
    owner: 'postgres',
    body,
    volatility: 'stable',
    grants: [],
  };
}

describe('a helper function', () => {
  test('is inlined when its body is one select', () => {
    expect(
      inlineBody(definition('sql', '\n select exists (select 1 from members where team_id = team);\n'))?.select,
    ).toBe('select exists (select 1 from members where team_id = team)');
  });

  test('is inlined when it returns one expression, one query, or one selected value', () => {
    expect(inlineBody(definition('plpgsql', 'begin return exists (select 1 from members); end;'))?.select).toBe(
      'select exists (select 1 from members)',
    );
    expect(inlineBody(definition('plpgsql', 'begin return query select id from teams; end'))?.select).toBe(
      'select id from teams',
    );
    const into = inlineBody(
      definition('plpgsql', 'declare found uuid; begin select t.id into found from teams t; return found; end;'),
    );
    expect(into?.select.replace(/\s+/g, ' ')).toBe('select t.id from teams t');
  });

  test('has names for arguments that are only numbered', () => {
    expect(inlineBody(definition('sql', 'select $1 is not null', ['']))).toEqual({
      argumentNames: ['argument_1'],
      select: 'select argument_1 is not null',
    });
  });

  test('is left alone when it decides on the way', () => {
    expect(
      inlineBody(definition('plpgsql', 'begin if team is null then return true; end if; return false; end;')),
    ).toBeUndefined();
    expect(inlineBody(definition('sql', 'delete from members; select true'))).toBeUndefined();
  });
});
