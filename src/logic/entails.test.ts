import { beforeAll, describe, expect, test } from 'vitest';

import { always, and, equals, listHolds, or, own } from '../core/predicate.ts';
import type { Predicate, RowVariable, Term } from '../core/predicate.ts';
import { billingWorld } from './billing-world.ts';
import { entails } from './entails.ts';
import type { Answer, Question } from './entails.ts';
import { loadSqlParser, lowerSqlCondition } from './sql.ts';

const world = billingWorld();
const tenant: Term = { kind: 'principal', attribute: 'tenant.id' };
const user: Term = { kind: 'principal', attribute: 'user.id' };
const sent = (path: string): Term => ({ kind: 'client', path });
const of = (row: string, column: string): Term => ({ kind: 'column', row, column });

function ask(table: string, where: Predicate, more: Partial<Question> = {}): Answer {
  const question: Question = {
    row: { name: 'self', table, where },
    rows: [],
    conditions: [],
    memberTenants: [],
    signedIn: true,
    absence: 'dropped',
    ...more,
  };
  return entails(question, world);
}

const membershipOf = (team: Term): RowVariable => ({
  name: 'm',
  table: 'team_member',
  where: and([equals(of('m', 'team_id'), team), equals(of('m', 'person_id'), user)]),
});

describe('a row of one tenant', () => {
  test('is owned when its tenant column equals the session’s tenant', () => {
    expect(ask('invoice', and([equals(own('id'), sent('id')), equals(own('team_id'), tenant)]))).toEqual({
      kind: 'owned',
      by: 'session',
    });
  });

  test('is not owned when only its id is compared with what the caller sends', () => {
    expect(ask('invoice', equals(own('id'), sent('id')))).toEqual({ kind: 'not-owned' });
  });

  test('is owned when a column without a key names who asks, and not when it names whom the caller names', () => {
    const loose = billingWorld(database => ({
      ...database,
      tables: database.tables.map(table =>
        table.name === 'invoice'
          ? {
              ...table,
              columns: [
                ...table.columns,
                { name: 'requested_by', type: 'text', notNull: false, hasDefault: false, generated: false },
              ],
            }
          : table,
      ),
    }));
    const asked = (by: Term, signedIn = true): Answer =>
      entails(
        {
          row: { name: 'self', table: 'invoice', where: equals(own('requested_by'), by) },
          rows: [],
          conditions: [],
          memberTenants: [],
          signedIn,
          absence: 'dropped',
        },
        loose,
      );
    expect(asked(user)).toEqual({ kind: 'owned', by: 'session' });
    expect(asked(sent('by'))).toEqual({ kind: 'not-owned' });
    const mail: Term = { kind: 'principal', attribute: 'user.email' };
    expect(asked(mail)).toEqual({ kind: 'owned', by: 'session' });
    expect(asked(user, false)).not.toEqual({ kind: 'owned', by: 'session' });
  });

  test('is not owned by a tenant that the caller names', () => {
    expect(ask('invoice', equals(own('team_id'), sent('team')))).toEqual({ kind: 'not-owned' });
  });

  test('is owned once a membership of the named tenant was found', () => {
    expect(ask('invoice', equals(own('team_id'), sent('team')), { rows: [membershipOf(sent('team'))] })).toEqual({
      kind: 'owned',
      by: 'membership',
    });
  });

  test('is not owned when the membership is of another tenant than the row', () => {
    expect(ask('invoice', equals(own('id'), sent('id')), { rows: [membershipOf(sent('team'))] })).toEqual({
      kind: 'not-owned',
    });
  });

  test('is owned through its parent', () => {
    const where: Predicate = {
      kind: 'exists',
      row: {
        name: 'i',
        table: 'invoice',
        where: and([equals(of('i', 'id'), own('invoice_id')), equals(of('i', 'team_id'), tenant)]),
      },
    };
    expect(ask('invoice_line', where).kind).toBe('owned');
  });

  test('is owned when an earlier look-up of the same key was compared with the session', () => {
    const earlier: RowVariable = { name: 'q1', table: 'invoice', where: equals(of('q1', 'id'), sent('id')) };
    expect(
      ask('invoice', equals(own('id'), sent('id')), {
        rows: [earlier],
        conditions: [equals(of('q1', 'team_id'), tenant)],
      }).kind,
    ).toBe('owned');
  });

  test('is not owned when the compared look-up had another key', () => {
    const earlier: RowVariable = { name: 'q1', table: 'invoice', where: equals(of('q1', 'id'), sent('other')) };
    expect(
      ask('invoice', equals(own('id'), sent('id')), {
        rows: [earlier],
        conditions: [equals(of('q1', 'team_id'), tenant)],
      }),
    ).toEqual({ kind: 'not-owned' });
  });

  test('is chosen by a capability when the token is unguessable', () => {
    expect(ask('invoice', equals(own('share_token'), sent('token')), { signedIn: false })).toEqual({
      kind: 'owned',
      by: 'capability',
    });
  });

  test('is not the session’s when nobody is signed in', () => {
    expect(ask('invoice', equals(own('team_id'), tenant), { signedIn: false })).toEqual({ kind: 'not-owned' });
  });
});

describe('disjunctions and filters that vanish', () => {
  test('every branch of an OR must tie the row', () => {
    expect(ask('invoice', or([equals(own('team_id'), tenant), equals(own('number'), sent('n'))]))).toEqual({
      kind: 'not-owned',
    });
    expect(
      ask(
        'invoice',
        or([equals(own('team_id'), tenant), and([equals(own('team_id'), tenant), equals(own('id'), sent('n'))])]),
      ).kind,
    ).toBe('owned');
  });

  test('a filter that may be undefined ties nothing, unless it is read as kept', () => {
    const where: Predicate = {
      kind: 'maybe-absent',
      operand: equals(own('team_id'), tenant),
      because: 'tenant may be undefined',
    };
    expect(ask('invoice', where)).toEqual({ kind: 'not-owned' });
    expect(ask('invoice', where, { absence: 'kept' }).kind).toBe('owned');
  });

  test('a negated scope ties nothing', () => {
    expect(ask('invoice', { kind: 'not', operand: equals(own('team_id'), tenant) })).toEqual({ kind: 'not-owned' });
  });

  test('a condition that was not understood is said so, never passed', () => {
    expect(ask('invoice', { kind: 'opaque', reason: 'a helper' })).toEqual({ kind: 'opaque', reason: 'a helper' });
  });
});

describe('rows of people', () => {
  test('a user-owned row is owned by the signed-in user alone', () => {
    expect(ask('note', equals(own('person_id'), user)).kind).toBe('owned');
    expect(ask('note', equals(own('person_id'), sent('person')))).toEqual({ kind: 'not-owned' });
    expect(ask('note', always)).toEqual({ kind: 'not-owned' });
  });

  test('a colleague may be read through a shared tenant', () => {
    const where: Predicate = {
      kind: 'exists',
      row: {
        name: 'm',
        table: 'team_member',
        where: and([equals(of('m', 'person_id'), own('id')), equals(of('m', 'team_id'), tenant)]),
      },
    };
    expect(ask('person', where).kind).toBe('owned');
  });
});

describe('policies written in SQL', () => {
  beforeAll(() => loadSqlParser());

  const columns: Readonly<Record<string, readonly string[]>> = {
    invoice: ['id', 'team_id', 'number', 'share_token', 'customer_id'],
    team_member: ['id', 'team_id', 'person_id', 'role'],
  };
  const lower = (
    text: string,
    bodies: Readonly<Record<string, { readonly argumentNames: readonly string[]; readonly select: string }>> = {},
  ): Predicate =>
    lowerSqlCondition(text, {
      relations: [{ alias: 'invoice', row: 'self', table: 'invoice' }],
      columnsOf: name => columns[name],
      functionBody: name => bodies[name],
    });

  test('a membership sub-query isolates', () => {
    const text =
      'exists (select 1 from team_member m where m.team_id = invoice.team_id and m.person_id = (select auth.uid()))';
    expect(ask('invoice', lower(text)).kind).toBe('owned');
  });

  describe('a helper that answers with the role', () => {
    const bodies = {
      role_in: {
        argumentNames: ['team'],
        select: 'select m.role from team_member m where m.team_id = team and m.person_id = auth.uid() limit 1',
      },
    };

    test.each([
      'role_in(team_id) is not null',
      `role_in(team_id) = any (array['admin', 'member'])`,
      `role_in(team_id) in ('admin', 'member')`,
      `(select role_in(team_id)) = 'admin'`,
      `coalesce(role_in(team_id), '') <> ''`,
    ])('isolates where only a row that it finds meets the condition: %s', text => {
      expect(ask('invoice', lower(text, bodies)).kind).toBe('owned');
    });

    test.each([
      `coalesce(role_in(team_id), '') <> 'guest'`,
      `coalesce(role_in(team_id), 'member') = any (array['admin', 'member'])`,
      'role_in(team_id) is null',
    ])('does not where having no row meets it as well: %s', text => {
      expect(ask('invoice', lower(text, bodies)).kind).not.toBe('owned');
    });
  });

  test('a sub-query that compares the inner table with itself does not', () => {
    const text = 'exists (select 1 from team_member m where m.team_id = m.team_id and m.person_id = auth.uid())';
    expect(ask('invoice', lower(text))).toEqual({ kind: 'not-owned' });
  });

  test('an IN over the caller’s teams isolates, directly and through a helper', () => {
    expect(
      ask('invoice', lower('team_id in (select team_id from team_member where person_id = auth.uid())')).kind,
    ).toBe('owned');
    const bodies = {
      my_teams: { argumentNames: [], select: 'select team_id from team_member where person_id = auth.uid()' },
    };
    expect(ask('invoice', lower('team_id in (select my_teams())', bodies)).kind).toBe('owned');
    expect(ask('invoice', lower('team_id = any(my_teams())', bodies)).kind).toBe('owned');
  });

  test('a helper with the row’s tenant as its argument isolates, with a value of the row for the user it does not', () => {
    const bodies = {
      is_member: {
        argumentNames: ['team', 'who'],
        select: 'select exists (select 1 from team_member m where m.team_id = team and m.person_id = who)',
      },
    };
    expect(ask('invoice', lower('is_member(team_id, auth.uid())', bodies)).kind).toBe('owned');
    expect(ask('invoice', lower('is_member(team_id, customer_id)', bodies))).toEqual({ kind: 'not-owned' });
  });

  test('a claim the user writes himself ties nothing, one that the server writes does', () => {
    expect(ask('invoice', lower("team_id::text = auth.jwt() -> 'user_metadata' ->> 'team'"))).toEqual({
      kind: 'not-owned',
    });
    expect(ask('invoice', lower("team_id::text = (auth.jwt() -> 'app_metadata') ->> 'team'")).kind).toBe('owned');
  });

  test('a literal true and a tautology tie nothing', () => {
    expect(ask('invoice', lower('true'))).toEqual({ kind: 'not-owned' });
    expect(ask('invoice', lower('auth.uid() is not null'))).toEqual({ kind: 'not-owned' });
    expect(ask('invoice', lower('team_id = team_id'))).toEqual({ kind: 'not-owned' });
  });

  test('false shows nobody anything', () => {
    expect(ask('invoice', lower('false'))).toEqual({ kind: 'owned', by: 'nobody' });
  });
});

describe('a filter that vanishes without its value', () => {
  const team: Predicate = {
    kind: 'maybe-absent',
    operand: equals(own('team_id'), sent('team')),
    because: 'team',
    without: sent('team'),
  };
  const byId = and([equals(own('id'), sent('id')), team]);

  test('stays where a membership was found by the same value', () => {
    expect(ask('invoice', byId, { rows: [membershipOf(sent('team'))] }).kind).toBe('owned');
  });

  test('stays where the value was asked for', () => {
    const membership = { ...membershipOf(sent('team')), where: and([membershipOf(sent('team')).where, team]) };
    const there: Predicate = { kind: 'not', operand: { kind: 'is-null', term: sent('team') } };
    expect(ask('invoice', byId, { rows: [membership], conditions: [there] }).kind).toBe('owned');
  });

  test('may go where something else than its value takes it away', () => {
    const where = and([equals(own('id'), sent('id')), { ...team, without: sent('all') }]);
    expect(ask('invoice', where, { rows: [membershipOf(sent('team'))] })).toEqual({ kind: 'not-owned' });
  });

  test('may go where only another value is known to be there', () => {
    expect(ask('invoice', byId, { rows: [membershipOf(sent('other'))] })).toEqual({ kind: 'not-owned' });
  });
});

test('an id is no date, whatever a cache made of it', () => {
  const when: Term = { kind: 'call', name: 'Date', arguments: [of('r', 'team_id')] };
  const among = (column: string) =>
    ask('invoice', equals(own('id'), sent('id')), {
      conditions: [or([equals(own('team_id'), tenant), equals(own(column), when)])],
    });
  expect(among('team_id').kind).toBe('owned');
  expect(among('paid_at')).toEqual({ kind: 'not-owned' });
});

describe('a row that was looked for and is not there', () => {
  const line: RowVariable = { name: 'line', table: 'invoice_line', where: equals(of('line', 'id'), sent('line')) };
  const absentInvoice = (key: Term): Predicate => ({
    kind: 'not',
    operand: { kind: 'exists', row: { name: 'first', table: 'invoice', where: equals(of('first', 'id'), key) } },
  });
  const fallBack = (key: Term): Predicate => ({
    kind: 'or',
    operands: [
      {
        kind: 'exists',
        row: {
          name: 'i',
          table: 'invoice',
          where: and([equals(of('i', 'id'), key), equals(of('i', 'team_id'), tenant)]),
        },
      },
      absentInvoice(key),
    ],
  });

  test('cannot be missing when a row that is there refers to it', () => {
    const where = equals(own('id'), sent('line'));
    expect(ask('invoice_line', where, { rows: [line], conditions: [fallBack(of('line', 'invoice_id'))] }).kind).toBe(
      'owned',
    );
  });

  test('cannot be missing when what it was looked for by was read from it', () => {
    const read: RowVariable = { name: 'read', table: 'invoice', where: equals(of('read', 'id'), sent('invoice')) };
    const where = equals(own('id'), of('read', 'id'));
    const alike = (column: string) =>
      ask('invoice', where, { rows: [read], conditions: [fallBack(of('read', column))] }).kind;
    expect(alike('id')).toBe('owned');
    expect(alike('team_id')).toBe('not-owned');
  });

  test('is not the row that is there', () => {
    const same = ask('invoice', equals(own('id'), sent('invoice')), { conditions: [fallBack(sent('invoice'))] });
    expect(same.kind).toBe('owned');
    const other = ask('invoice', equals(own('id'), sent('other')), { conditions: [fallBack(sent('invoice'))] });
    expect(other).toEqual({ kind: 'not-owned' });
  });

  test('may be one that was made since, and one that policies kept from whoever looked', () => {
    const made: RowVariable = {
      name: 'made',
      table: 'invoice',
      where: equals(of('made', 'id'), sent('invoice')),
      created: true,
    };
    const where = equals(own('id'), sent('invoice'));
    const conditions = [fallBack(sent('invoice')), { kind: 'exists', row: made } as const];
    expect(ask('invoice', where, { conditions })).toEqual({ kind: 'not-owned' });
    const guarded = billingWorld(database => ({
      ...database,
      tables: database.tables.map(one => (one.name === 'invoice' ? { ...one, rowSecurity: true } : one)),
    }));
    const asked = { row: { name: 'self', table: 'invoice', where }, rows: [], memberTenants: [], signedIn: true };
    const question: Question = { ...asked, conditions: [fallBack(sent('invoice'))], absence: 'dropped' };
    expect(entails(question, guarded)).toEqual({ kind: 'not-owned' });
    expect(entails(question, billingWorld()).kind).toBe('owned');
  });

  test('may be missing when only the caller names it', () => {
    const where = equals(own('id'), sent('line'));
    expect(ask('invoice_line', where, { rows: [line], conditions: [fallBack(sent('invoice'))] })).toEqual({
      kind: 'not-owned',
    });
  });
});

test('a key acts for the user that it was made for, a row that anybody may name does not', () => {
  const where = equals(own('team_id'), sent('team'));
  const member: RowVariable = {
    name: 'm',
    table: 'team_member',
    where: and([equals(of('m', 'team_id'), sent('team')), equals(of('m', 'person_id'), of('k', 'person_id'))]),
  };
  const key = (value: Term): RowVariable => ({
    name: 'k',
    table: 'team_member',
    where: equals(of('k', 'role'), value),
  });
  const hashed: Term = { kind: 'call', name: 'sha256', arguments: [sent('header.authorization')] };
  expect(ask('invoice', where, { rows: [member, key(hashed)] }).kind).toBe('owned');
  expect(ask('invoice', where, { rows: [member, key(sent('body.role'))] })).toEqual({ kind: 'not-owned' });
});

describe('a path that knows many things, each in two ways', () => {
  const byTeam = and([equals(own('id'), sent('id')), equals(own('team_id'), sent('team'))]);
  const either = (row: string): Predicate =>
    or([equals(of(row, 'name'), sent(`${row}.first`)), equals(of(row, 'name'), sent(`${row}.second`))]);
  /** Customers of the same team, none of which says who asks. */
  const customers = Array.from({ length: 12 }, (_, index): RowVariable => ({
    name: `c${index}`,
    table: 'customer',
    where: and([equals(of(`c${index}`, 'team_id'), sent('team')), either(`c${index}`)]),
  }));

  test('ties the row when one of them is certain to', () => {
    expect(ask('invoice', byTeam, { rows: [...customers, membershipOf(sent('team'))] }).kind).toBe('owned');
  });

  test('does not tie it when none is', () => {
    expect(ask('invoice', byTeam, { rows: [...customers, membershipOf(sent('other'))] })).toEqual({
      kind: 'not-owned',
    });
  });

  test('ties it when each way does, and not when one does not', () => {
    const inTeam = (team: Term): Predicate => ({ kind: 'exists', row: membershipOf(team) });
    const rows = customers.slice(0, 3);
    const both = or([and([inTeam(sent('team')), either('c0')]), equals(sent('team'), tenant)]);
    expect(ask('invoice', byTeam, { rows, conditions: [both] }).kind).toBe('owned');
    const one = or([inTeam(sent('team')), equals(sent('other'), tenant)]);
    expect(ask('invoice', byTeam, { rows, conditions: [one] })).toEqual({ kind: 'not-owned' });
  });

  test('never happens when something that has nothing to do with the row cannot be', () => {
    const impossible = and([
      equals(sent('kind'), { kind: 'constant', value: 'a' }),
      equals(sent('kind'), { kind: 'constant', value: 'b' }),
    ]);
    expect(ask('invoice', byTeam, { rows: customers, conditions: [impossible] })).toEqual({
      kind: 'owned',
      by: 'nobody',
    });
  });
});

describe('a column that is named after the table whose key it holds', () => {
  const withColumn = (name: string): ReturnType<typeof billingWorld> =>
    billingWorld(database => ({
      ...database,
      tables: database.tables.map(table =>
        table.name === 'team'
          ? {
              ...table,
              columns: [...table.columns, { name, type: 'text', notNull: false, hasDefault: false, generated: false }],
            }
          : table,
      ),
    }));
  const asked = (name: string, rows: readonly RowVariable[]): Answer =>
    entails(
      {
        row: { name: 'self', table: 'invoice', where: equals(own('customer_id'), of('t', name)) },
        rows: [{ name: 't', table: 'team', where: equals(of('t', 'id'), sent('team')) }, ...rows],
        conditions: [],
        memberTenants: [],
        signedIn: true,
        absence: 'dropped',
      },
      withColumn(name),
    );

  test('is a reference, without a foreign key too', () => {
    expect(asked('default_customer_id', [membershipOf(sent('team'))]).kind).toBe('owned');
  });

  test('is none of somebody else’s row, and none by another name', () => {
    expect(asked('default_customer_id', [membershipOf(sent('other'))])).toEqual({ kind: 'not-owned' });
    expect(asked('default_number', [membershipOf(sent('team'))])).toEqual({ kind: 'not-owned' });
  });
});

test('a key that was made for a row below a tenant acts for its tenant', () => {
  const where = equals(own('team_id'), of('c', 'team_id'));
  const customer: RowVariable = { name: 'c', table: 'customer', where: equals(of('c', 'id'), of('k', 'customer_id')) };
  const key = (value: Term): RowVariable => ({ name: 'k', table: 'invoice', where: equals(of('k', 'number'), value) });
  const hashed: Term = { kind: 'call', name: 'sha256', arguments: [sent('header.authorization')] };
  expect(ask('invoice', where, { rows: [customer, key(hashed)] }).kind).toBe('owned');
  expect(ask('invoice', where, { rows: [customer, key(sent('body.number'))] })).toEqual({ kind: 'not-owned' });
});

test('a filter by the address of who is signed in does not go, one by their tenant may', () => {
  const person = (without: Term): RowVariable => ({
    name: 'p',
    table: 'person',
    where: {
      kind: 'maybe-absent',
      operand: equals(of('p', 'email'), without),
      because: 'it may be undefined',
      without,
    },
  });
  const where = equals(own('team_id'), sent('team'));
  const member: RowVariable = {
    name: 'm',
    table: 'team_member',
    where: and([equals(of('m', 'team_id'), sent('team')), equals(of('m', 'person_id'), of('p', 'id'))]),
  };
  const email: Term = { kind: 'principal', attribute: 'user.email' };
  expect(ask('invoice', where, { rows: [member, person(email)] }).kind).toBe('owned');
  expect(ask('invoice', where, { rows: [member, person(email)], signedIn: false })).toEqual({ kind: 'not-owned' });
  expect(ask('invoice', where, { rows: [member, person(tenant)] })).toEqual({ kind: 'not-owned' });
});

test('a membership that names people by their address is the caller’s by their verified address', () => {
  const world = billingWorld(database => ({
    ...database,
    tables: database.tables.map(table =>
      table.name === 'team_member'
        ? {
            ...table,
            columns: [
              ...table.columns,
              { name: 'email', type: 'text', notNull: true, hasDefault: false, generated: false },
            ],
            foreignKeys: [
              ...table.foreignKeys.filter(key => key.table !== 'person'),
              {
                name: 'member_email',
                columns: ['email'],
                table: 'person',
                referencedColumns: ['email'],
                onDelete: 'cascade' as const,
              },
            ],
          }
        : table,
    ),
  }));
  const [membership] = world.tenancy.memberships;
  if (membership === undefined) throw new Error('no membership');
  const tenancy = { ...world.tenancy, memberships: [{ ...membership, userColumn: 'email' }] };
  const lower = (text: Term): Term => ({ kind: 'call', name: 'toLowerCase', arguments: [text] });
  const asked = (address: Term): Answer =>
    entails(
      {
        row: { name: 'self', table: 'invoice', where: equals(own('team_id'), sent('team')) },
        rows: [
          {
            name: 'm',
            table: 'team_member',
            where: and([equals(of('m', 'team_id'), sent('team')), equals(of('m', 'email'), address)]),
          },
        ],
        conditions: [],
        memberTenants: [],
        signedIn: true,
        absence: 'dropped',
      },
      { ...world, tenancy },
    );
  expect(asked({ kind: 'principal', attribute: 'user.email' }).kind).toBe('owned');
  expect(asked(lower({ kind: 'principal', attribute: 'user.email' })).kind).toBe('owned');
  expect(asked(sent('email')).kind).toBe('not-owned');
  expect(asked(lower(sent('email'))).kind).toBe('not-owned');
  expect(asked({ kind: 'principal', attribute: 'user.name' }).kind).toBe('not-owned');
});

test('a row kept under the caller’s id is theirs, but for numbers, which every table counts', () => {
  const keyedBy = (type: string, key: Term): Answer['kind'] =>
    entails(
      {
        row: { name: 'self', table: 'invoice', where: equals(own('id'), key) },
        rows: [],
        conditions: [],
        memberTenants: [],
        signedIn: true,
        absence: 'dropped',
      },
      billingWorld(database => ({
        ...database,
        tables: database.tables.map(table => ({
          ...table,
          columns: table.columns.map(column => (column.name === 'id' ? { ...column, type } : column)),
        })),
      })),
    ).kind;
  expect(keyedBy('text', user)).toBe('owned');
  expect(keyedBy('uuid', user)).toBe('owned');
  expect(keyedBy('integer', user)).toBe('not-owned');
  expect(keyedBy('text', sent('id'))).toBe('not-owned');
});

test('a person found by the caller’s address or, without one, by an empty text is the caller', () => {
  const email: Term = { kind: 'principal', attribute: 'user.email' };
  const found = (address: Term): Question['rows'] => [
    {
      name: 'p',
      table: 'person',
      where: or([
        and([equals(of('p', 'email'), address), { kind: 'not', operand: { kind: 'is-null', term: address } }]),
        and([equals(of('p', 'email'), { kind: 'constant', value: '' }), { kind: 'is-null', term: address }]),
      ]),
    },
  ];
  const note = equals(own('person_id'), of('p', 'id'));
  expect(ask('note', note, { rows: found(email) }).kind).toBe('owned');
  expect(ask('note', note, { rows: found(email), signedIn: false }).kind).toBe('not-owned');
  expect(ask('note', note, { rows: found(sent('email')) }).kind).toBe('not-owned');
});

test('what is known of one world answers nothing in another with the same tables and owners', () => {
  const question: Question = {
    row: { name: 'self', table: 'note', where: equals(own('person_id'), of('p', 'id')) },
    rows: [
      { name: 'p', table: 'person', where: equals(of('p', 'email'), of('c', 'email')) },
      { name: 'c', table: 'customer', where: equals(of('c', 'team_id'), tenant) },
    ],
    conditions: [],
    memberTenants: [],
    signedIn: true,
    absence: 'dropped',
  };
  const confirmed = { ...world, confirmed: new Map([['customer', ['email']]]) };
  expect(entails(question, world)).toEqual({ kind: 'not-owned' });
  expect(entails(question, confirmed)).toEqual({ kind: 'owned', by: 'membership' });
  expect(entails(question, world)).toEqual({ kind: 'not-owned' });
});

describe('a list of users in the tenant’s row', () => {
  const list = { table: 'team', tenantColumn: 'id', userColumn: 'people', lists: 'keys', adminRoles: [] } as const;
  const listing = { ...world, tenancy: { ...world.tenancy, memberships: [list] } };
  const team = (where: Predicate): RowVariable => ({ name: 't', table: 'team', where });
  const invoices = (row: RowVariable): Answer['kind'] =>
    entails(
      {
        row: { name: 'self', table: 'invoice', where: and([equals(own('team_id'), of('t', 'id'))]) },
        rows: [row],
        conditions: [],
        memberTenants: [],
        signedIn: true,
        absence: 'dropped',
      },
      listing,
    ).kind;

  test('that holds who asks makes the tenant’s rows his', () => {
    expect(invoices(team(listHolds(of('t', 'people'), user)))).toBe('owned');
  });

  test('that holds somebody else, or another list, does not', () => {
    expect(invoices(team(listHolds(of('t', 'people'), sent('user'))))).not.toBe('owned');
    expect(invoices(team(listHolds(of('t', 'fans'), user)))).not.toBe('owned');
    expect(invoices(team(equals(of('t', 'people'), user)))).not.toBe('owned');
  });
});
