import { beforeAll, describe, expect, test } from 'vitest';
import type { Predicate, Term } from '../core/predicate.ts';
import { loadSqlParser, lowerSqlStatement, type LoweredStatement } from './sql.ts';

beforeAll(loadSqlParser);

const columns: Readonly<Record<string, readonly string[]>> = {
  shelf: ['id', 'room_id', 'position', 'club_id'],
  room: ['id', 'club_id'],
};

function lowered(text: string): readonly LoweredStatement[] {
  return lowerSqlStatement(text, {
    columnsOf: table => columns[table],
    parameter: position => ({ kind: 'client', path: `$${position}` }),
  });
}

function told(text: string): readonly string[] {
  return lowered(text).map(statement =>
    statement.kind === 'query'
      ? `${statement.operation} ${statement.table} where ${show(statement.where)}`
      : statement.kind,
  );
}

describe('case', () => {
  test('is one of its branches, where none before it is met', () => {
    expect(
      told(
        `select id from shelf where case position when $4 then club_id = $1 when $5 then room_id = $2 else id = $3 end`,
      ),
    ).toEqual([
      'read shelf where or((self.position = $4 and self.club_id = $1),' +
        ' (self.position is-distinct-from $4 and self.position = $5 and self.room_id = $2),' +
        ' (self.position is-distinct-from $4 and self.position is-distinct-from $5 and self.id = $3))',
    ]);
  });

  test('without else is not met where no branch is', () => {
    expect(told('select id from shelf where case when club_id = $2 then id = $1 end')).toEqual([
      'read shelf where (self.club_id = $2 and self.id = $1)',
    ]);
  });
});

describe('a claim that holds several', () => {
  const jwt = (read: string): string => `select id from shelf where ${read}`;

  test.each([
    [`auth.jwt() -> 'clubs' ? club_id::text`, 'self.club_id = principal'],
    [`auth.jwt() -> 'clubs' @> to_jsonb(club_id)`, 'self.club_id = principal'],
    [`(auth.jwt() -> 'clubs' ->> club_id::text) is not null`, '(self.club_id = principal and not'],
    [`(auth.jwt() -> 'clubs' -> club_id::text ->> 'role') = 'keeper'`, '(self.club_id = principal and call = constant'],
    [`club_id in (select jsonb_array_elements_text(auth.jwt() -> 'clubs'))`, 'self.club_id = principal'],
    [
      `exists (select 1 from jsonb_array_elements(auth.jwt() -> 'clubs') c where (c ->> 'id')::uuid = club_id)`,
      'principal = self.club_id',
    ],
  ])('%s', (condition, expected) => {
    expect(told(jwt(condition))[0]).toContain(`where ${expected}`);
  });

  test('is not the same for two columns', () => {
    const [statement] = lowered(jwt(`auth.jwt() -> 'clubs' ? club_id::text and auth.jwt() -> 'clubs' ? room_id::text`));
    const where = statement?.kind === 'query' ? statement.where : undefined;
    const sides =
      where?.kind === 'and' ? where.operands.map(each => (each.kind === 'compare' ? each.right : each)) : [];
    expect(new Set(sides.map(side => JSON.stringify(side))).size).toBe(2);
  });
});

describe('a query in from', () => {
  test('stands for the rows of its table that it lets through', () => {
    expect(
      told('select x.id from (select id, room_id as place from shelf where club_id = $1) x where x.place = $2'),
    ).toEqual(['read shelf where (self.club_id = $1 and self.room_id = $2)']);
  });

  test('offers no column that it does not select', () => {
    expect(told('select x.id from (select id from shelf) x where x.club_id = $1')).toEqual([
      'read shelf where opaque = $1',
    ]);
  });

  test('ties the rows of an update, and ties them to nothing where it has no condition', () => {
    const renumber = (where: string): string => `
      with ordered as (select id, row_number() over (order by position) as n from shelf ${where})
      update shelf s set position = o.n from ordered o where s.id = o.id`;
    expect(told(renumber('where room_id = $1'))).toEqual([
      'update shelf where exists shelf with (shelf.room_id = $1 and self.id = shelf.id)',
    ]);
    expect(told(renumber(''))).toEqual(['update shelf where exists shelf with self.id = shelf.id']);
  });

  test('is judged as a read of its own where a select returns its rows', () => {
    expect(told('with mine as (select * from shelf where club_id = $1) select * from mine')).toEqual([
      'read shelf where self.club_id = $1',
    ]);
  });

  test('that changes rows is a change of its own', () => {
    expect(told('with gone as (delete from shelf where id = $1 returning id) update room set id = 1')).toEqual([
      'delete shelf where self.id = $1',
      'update room where true',
    ]);
  });

  test('on the nullable side of a join says nothing of the other side', () => {
    const text = 'select * from room r left join (select * from shelf where club_id = $1) s on s.room_id = r.id';
    expect(told(text)).toEqual(['read room where true']);
  });

  test('is not followed where it is a union', () => {
    expect(told('select * from (select id from shelf union select id from room) x where x.id = $1')).not.toContain(
      'read shelf where self.id = $1',
    );
  });
});

function show(predicate: Predicate): string {
  switch (predicate.kind) {
    case 'compare':
      return `${name(predicate.left)} ${predicate.operator} ${name(predicate.right)}`;
    case 'and':
      return `(${predicate.operands.map(show).join(' and ')})`;
    case 'or':
      return `or(${predicate.operands.map(show).join(', ')})`;
    case 'exists':
      return `exists ${predicate.row.table} with ${show(predicate.row.where)}`;
    default:
      return predicate.kind;
  }
}

function name(term: Term): string {
  if (term.kind === 'client') return term.path;
  return term.kind === 'column' ? `${term.row}.${term.column}` : term.kind;
}

test('what a text is searched by is understood, and ties a row to nobody', () => {
  expect(told(`select id from shelf where position @@ to_tsquery('simple', $1) and club_id = $2`)).toEqual([
    expect.stringMatching(/^read shelf where \(self\.position .*and self\.club_id = \$2\)$/),
  ]);
  expect(told('select id from shelf where position ~* $1')[0]).not.toContain('opaque');
  // What is contained in what may tie it: that is not known.
  expect(told('select id from shelf where position && $1')[0]).toContain('opaque');
});

test('a setting that is empty is taken as none, and a value may be one of a list with another put behind it', () => {
  expect(told("select id from shelf where club_id = (select nullif(current_setting('app.club', true), ''))")).toEqual([
    'read shelf where self.club_id = setting',
  ]);
  expect(
    told('select id from shelf where club_id = any (array_append(array(select club_id from room where id = $1), $2))'),
  ).toEqual([
    'read shelf where or(exists room with (room.id = $1 and self.club_id = room.club_id), self.club_id = $2)',
  ]);
  // What is taken out of a list is in it, and what is left is not told.
  expect(
    told('select id from shelf where club_id = any (array_remove(array(select club_id from room), $1))')[0],
  ).toContain('opaque');
});
