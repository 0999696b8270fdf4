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

  test.each([
    [
      'begin if team is null then return true; elsif $1 = auth.uid() then return false; end if; return f(team); end;',
      'select case when team is null then (true) when team = auth.uid() then (false) else (f(team)) end',
    ],
    [
      `begin case team when 'a', 'b' then return g(); else raise exception 'no'; end case; return true; end;`,
      `select case when (team) IN ('a', 'b') then (g()) else null end`,
    ],
    [`begin case when g() then return true; end case; end;`, 'select case when g() then (true) end'],
  ])('is inlined when it only decides what it returns: %s', (body, select) => {
    expect(inlineBody(definition('plpgsql', body))?.select).toBe(select);
  });

  test.each([
    `declare found uuid; begin if team is null then return true; end if; return found = team; end;`,
    `begin if team is null then delete from teams; end if; return true; end;`,
    `begin if team is null then return true; end if; return false; exception when others then return true; end;`,
    `begin for i in 1..3 loop return true; end loop; return false; end;`,
  ])('is left alone when it does more than that: %s', body => {
    expect(inlineBody(definition('plpgsql', body))).toBeUndefined();
  });

  test('is left alone when it changes rows', () => {
    expect(inlineBody(definition('sql', 'delete from members; select true'))).toBeUndefined();
  });
});
