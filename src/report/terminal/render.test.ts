import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { CommandResult } from '../../core/result.ts';
import {
  largeRules,
  largeTrace,
  sampleFix,
  sampleProbe,
  sampleRescue,
  sampleRules,
  sampleTrace,
  sampleTriage,
} from '../sample.ts';
import { renderTerminal, type TerminalOptions } from './render.ts';
import { widthOf } from './text.ts';

const plain: TerminalOptions = { columns: 80, colour: false, unicode: true };
const all: readonly CommandResult[] = [
  sampleTriage(),
  sampleTrace(),
  sampleRules(),
  sampleProbe(),
  sampleFix(),
  sampleRescue(),
];
const variants: readonly Partial<TerminalOptions>[] = [
  {},
  { all: true },
  { focus: '1' },
  { focus: 'members' },
  { focus: 'a3' },
];

describe('every screen', () => {
  test.each([60, 80, 120, 200])('fits %i columns', columns => {
    for (const result of [...all, largeTrace(300)]) {
      for (const variant of variants) {
        const text = renderTerminal(result, { ...plain, ...variant, columns });
        expect(
          text.split('\n').filter(line => widthOf(line) > columns),
          `${result.command} ${JSON.stringify(variant)}`,
        ).toEqual([]);
      }
    }
  });

  test('says the same with colour as without', () => {
    for (const result of all) {
      const uncoloured = stripVTControlCharacters(renderTerminal(result, { ...plain, colour: true }));
      expect(uncoloured).toBe(renderTerminal(result, plain));
    }
  });

  test('keeps to ASCII where the terminal cannot show more', () => {
    for (const result of all) expect(renderTerminal(result, { ...plain, unicode: false })).toMatch(/^[\x20-\x7e\n•]*$/);
  });

  test('cannot be steered by what the target wrote', () => {
    const trace = sampleTrace();
    const [first] = trace.findings;
    if (first === undefined) throw new Error('The sample has no finding');
    const hostile = { ...trace, findings: [{ ...first, harm: 'All is well\u001b[2J\u001b]0;title\u0007\r\u202e.' }] };
    const shown = renderTerminal(hostile, plain);
    for (const character of ['\u001b', '\u0007', '\r', '\u202e']) expect(shown).not.toContain(character);
  });
});

test('what follows from another finding is counted, named by it, and listed when all is asked for', () => {
  const trace = sampleTrace();
  const [cause, other, ...rest] = trace.findings;
  if (cause === undefined || other === undefined) throw new Error('The sample has too few findings');
  const follows = { ...other, harm: 'It comes after the first.', consequenceOf: cause.fingerprint };
  const result = { ...trace, findings: [cause, ...rest, follows] };
  const overview = renderTerminal(result, plain);
  expect(overview).not.toContain('It comes after the first.');
  expect(overview).toContain(`leads to ${other.object}, by the same unchecked value`);
  expect(overview).toContain('1 more finding follows from these');
  expect(renderTerminal(result, { ...plain, all: true })).toContain('It comes after the first.');
  const explained = renderTerminal(result, { ...plain, focus: follows.fingerprint });
  expect(explained.replaceAll(/\s+/g, ' ')).toMatch(/It follows from finding \d+, and goes with its repair/);
});

test('the first screen says the harm, the reach and what to do', () => {
  expect(renderTerminal(sampleTriage(), { ...plain, columns: 100 })).toMatchInlineSnapshot(`
    "⚓ drydock  tally   Next.js 16 · Drizzle · better-auth · Stripe                                 3.4 s

      Customers can read and change each other's data.                                NOT SAFE TO LAUNCH

        7 ways in · 5 seen in the running app · 1 replayed in a copy of your database · 1 told from the
        code
        reach invoices, customers, payments, exports (41 columns, 3 of them secret)
        who   any signed-in user: 6 · anyone on the internet: 1
        since 4 came with 8f3c1e2 "add dashboard export" (2026-11-10, cursor-agent)

      f7  critical  replayed  Anyone can join any organisation.
                              members · drizzle/0003_members.sql:22
      f2  critical  seen      Any signed-in user can export every organisation's invoices.
                              GET /api/invoices/export · app/api/invoices/export/route.ts:21
      f3  critical  seen      Any signed-in user can change any organisation's customers.
                              action app/customers/actions.ts#updateCustomer · line 44
      f1  critical  seen      Any signed-in user can read any customer's invoice.
                              GET /api/invoices/[id] · lib/invoices.ts:33
      f6  high      seen      Anyone on the internet can start the nightly export.
                              GET /api/export/nightly · lib/exports.ts:8

          seen: in the running app · replayed: in a copy of your database
          … 2 more: drydock trace, drydock rules · the first, step by step: drydock rules f7

      Do this now
        1  drydock rescue       repair all 7 on a branch
        2  rotate STRIPE_SECRET_KEY, it is in your browser bundle

      Could not tell, in 1 place
         The filter of this query comes from 'buildFilter', which is chosen at run time.
         lib/search.ts:40 · one declaration settles 1 verdict
    "
  `);
});

test('a trace lists what leaks and what could not be told', () => {
  expect(renderTerminal(sampleTrace(), { ...plain, columns: 100 })).toMatchInlineSnapshot(`
    "⚓ drydock trace  tally   Next.js 16 · Drizzle · better-auth · Stripe                           0.8 s

      6 of 17 paths leak.
      9 isolated · 1 public · 1 unknown
      17 entry points · 64 files · 16 of 16 queries reached

     1  Any signed-in user can export every organisation's invoices.  critical · seen in the running app
        GET /api/invoices/export
         1 request arrives                                           app/api/invoices/export/route.ts:8
         2 query  db.select().from(invoices)                        app/api/invoices/export/route.ts:21
           select number, total, customer_id from invoices [where organization_id = ‹query.org›]
                                                           ▲
                                                    this filter disappears when its value is undefined
        because  Drizzle drops a filter whose value is undefined: without '?org=' the export holds every
                 organisation.
        repair   drydock fix f2
        rule     path/filter-may-be-undefined · CWE-639 · drydock trace 1 tells all

     2  Any signed-in user can change any organisation's customers.   critical · seen in the running app
        action app/customers/actions.ts#updateCustomer
         1 request arrives                                                   app/customers/actions.ts:8
         2 query  db.select().from(customers)                               app/customers/actions.ts:44
           update customers set name = ‹form.name›, email = ‹form.email› where id = ‹form.customerId›
                                                                               ▲
                                                  a tenant was verified; this row was never tied to it
        because  'requireMembership(form.organizationId)' verifies the organisation; nothing ties the
                 customer to it.
        repair   drydock fix f3
        rule     path/object-not-tied-to-tenant · CWE-639 · drydock trace 2 tells all

     3  Any signed-in user can read any customer's invoice.           critical · seen in the running app
        GET /api/invoices/[id]
         1 browser sends id  const { id } = await params;              app/api/invoices/[id]/route.ts:9
         2 session is checked  await requireUser();                   app/api/invoices/[id]/route.ts:10
         3 passed on  export async function getInvoice(id: string) {                 lib/invoices.ts:31
         4 query  return db.query.invoices.findFirst({ where: eq(invoices.id, id) …  lib/invoices.ts:33
           select * from invoices where id = ‹params.id›
                                        ▲ the caller chooses the row; nothing ties it to their tenant
        because  'requireUser' proves who asks, not whose invoice it is.
        repair   drydock fix f1
        rule     path/query-trusts-client-id · CWE-639 · drydock trace 3 tells all

     4  Anyone on the internet can start the nightly export.              high · seen in the running app
        GET /api/export/nightly
         1 request arrives                                            app/api/export/nightly/route.ts:8
         2 query  db.select().from(exports)                                            lib/exports.ts:8
           insert into exports (organization_id, url) select organization_id, ‹url› from organizations
                                                                                    ▲
                                                                            nobody is asked to sign in
        because  'CRON_SECRET' is read and never compared.
        repair   drydock fix f6
        rule     path/entry-point-without-authentication · CWE-639 · drydock trace 4 tells all

     5  Any signed-in user sees the payments of everyone.                 high · seen in the running app
        page /payments
         1 request arrives                                               app/(dash)/payments/page.tsx:8
         2 query  db.select().from(payments)                                         lib/payments.ts:12
           select id, amount, card_last4 from payments order by created_at desc limit 50
                                         ▲ nothing here depends on who asks
        because  The layout above checks the session; the query depends on no tenant.
        repair   drydock fix f4
        rule     path/query-ignores-tenant · CWE-639 · drydock trace 5 tells all

       6  high      code      The assistant can be talked into reading another organisation’s customers.
                              tool lib/assistant/tools.ts#findCustomer · line 18

          code: follows from the code

      Could not tell, in 1 place
         The filter of this query comes from 'buildFilter', which is chosen at run time.
         lib/search.ts:40 · one declaration settles 1 verdict

      drydock trace 1       the first of them, step by step
      drydock fix f2        a verified repair for it
    "
  `);
});

test('a finding is explained step by step, with the unbound part of its query marked', () => {
  expect(renderTerminal(sampleTrace(), { ...plain, focus: 'f1' })).toMatchInlineSnapshot(`
    "Any signed-in user can read any customer's invoice.
    critical · seen in the running app
    The query in 'getInvoice' depends on 'params.id' and on no tenant.
    path/query-trusts-client-id · CWE-639

      GET /api/invoices/[id]

       1   browser sends id                         app/api/invoices/[id]/route.ts:9
           const { id } = await params;
       2   session is checked                      app/api/invoices/[id]/route.ts:10
           await requireUser();
       3   passed on                                              lib/invoices.ts:31
           export async function getInvoice(id: string) {
       4   query                                                  lib/invoices.ts:33
           return db.query.invoices.findFirst({ where: eq(invoices.id, id) });
           select * from invoices where id = ‹params.id›
                                        ▲
                       the caller chooses the row; nothing ties it to their tenant
       5   database lets it through
           the client connects as the owner of the tables: policies do not apply
           (drizzle, read on invoices)

      Why nothing stops it
         'requireUser' proves who asks, not whose invoice it is.
         The client connects as the owner of 'invoices', so its policies do not
         apply.

      Seen in the running app, as ada@acme.test
         GET /api/invoices/inv_1042
         accept: application/json
         cookie: ‹hidden›
         → 200
           {"id":"inv_1042","number":"B-2207","organizationId":"org_borealis","total
           ":"canary-7f3a-B","memo":"<b>due</b>"}
         A value of Borealis from 'invoices' is in the answer.

      Repair
         drydock fix f1
    "
  `);
});

test('a table shows every path that reaches it', () => {
  expect(renderTerminal(sampleTrace(), { ...plain, focus: 'customers' })).toMatchInlineSnapshot(`
    "⚓ drydock trace customers  tally                                           0.8 s
      Next.js 16 · Drizzle · better-auth · Stripe

      leaks     action app/customers/actions.…  update custome… …mers/actions.ts:44
      leaks     tool lib/assistant/tools.ts#f…  read customers  …istant/tools.ts:18
      isolated  metadata /customers/[id]        read customers  lib/customers.ts:35
      isolated  page /customers                 read customers  lib/customers.ts:27
      isolated  page /customers/[id]            read customers  lib/customers.ts:35

    leaks · update customers · a tenant was verified; this row was never tied to it
      action app/customers/actions.ts#updateCustomer

       1   request arrives                                app/customers/actions.ts:8
       2   query                                         app/customers/actions.ts:44
           db.select().from(customers)
           update customers set name = ‹form.name›, email = ‹form.email› where id =
           ‹form.customerId›
           ▲ a tenant was verified; this row was never tied to it
       3   database lets it through
           the client connects as the owner of the tables: policies do not apply
           (drizzle, update on customers)

      Why nothing stops it
         'requireMembership(form.organizationId)' verifies the organisation; nothing
         ties the customer to it.

    leaks · read customers · a language model chooses this value
      tool lib/assistant/tools.ts#findCustomer

       1   request arrives                                  lib/assistant/tools.ts:8
       2   query                                           lib/assistant/tools.ts:18
           db.select().from(customers)
           select * from customers where organization_id = ‹tool.organizationId› and
                                         ▲ a language model chooses this value
           name like ‹tool.name›
       3   database lets it through
           the client connects as the owner of the tables: policies do not apply
           (drizzle, read on customers)

      Why nothing stops it
         The model chooses the organisation, and whoever writes the prompt chooses
         for the model.
    "
  `);
});

test('what is said of many objects is told once wherever it stands, and of one object with the policies that say it too', () => {
  const sample = sampleRules();
  const [first] = sample.findings;
  if (first === undefined) throw new Error('The sample has no findings.');
  const findings = [
    ['members', 'joiners', 'Any signed-in user can make himself a member of any organization.'],
    ['members', 'movers', 'Any signed-in user can make himself a member of any organization.'],
    ['notes', 'all notes', "Any signed-in user can read any organization's notes."],
    ['bills', 'all bills', "Anyone on the internet can read any organization's bills."],
    ['drafts', 'all drafts', "Any signed-in user can read any organization's drafts."],
  ].map(([object = '', policy = '', harm = ''], index) => ({
    ...first,
    check: 'database/policy-always-true',
    severity: 'critical' as const,
    object,
    harm,
    evidence: [],
    fingerprint: `f${index}`,
    file: 'migrations/1.sql',
    line: index + 1,
    repair: { kind: 'replace-policy', policy },
  }));
  const text = renderTerminal({ ...sample, findings }, { ...plain, columns: 100 });
  expect(text).toContain("2 the same for the policy 'movers' (line 2)");
  expect(text).toContain('5 the same for drafts');
  expect(text).toContain("Anyone on the internet can read any organization's bills.");
});

test('rules say first that most of the schema is missing, and once what many findings say', () => {
  const sample = sampleRules();
  const failed = Array.from({ length: 60 }, (_, index) => ({
    file: 'drizzle/0001_base.sql',
    line: index + 1,
    sqlstate: '42P01',
    message: 'relation "teams" does not exist',
    firstCause: index === 0,
  }));
  const same = ['exports', 'notes', 'payments'].flatMap((object, index) =>
    sample.findings.slice(0, 1).map(first => ({
      ...first,
      check: 'database/owner-bypasses-policies',
      severity: 'medium' as const,
      object,
      harm: `Only the app keeps the rows of '${object}' apart.`,
      evidence: [],
      fingerprint: `f${index}`,
      line: index + 1,
    })),
  );
  const text = renderTerminal(
    { ...sample, findings: same, replay: { ...sample.replay, statements: 200, failed } },
    { ...plain, columns: 100 },
  );
  expect(text).toContain('60 of 200 statements did not replay: what they make was not judged.');
  expect(text).toContain("Of what is left, 2 of 8 objects let one tenant at another's rows.");
  expect(text).toContain('2–3 the same for notes and payments');
  expect(text).not.toContain("rows of 'notes'");
  expect(renderTerminal({ ...sample, findings: same }, { ...plain, columns: 100, all: true })).toContain(
    "rows of 'notes'",
  );
});

test('what is the same for many tables is told once: rows of the matrix, and why nobody gets in', () => {
  const { speeds: _speeds, ...large } = largeRules(40);
  const error = 'infinite recursion detected in policy for relation "memberships".';
  const broken = large.cells.map(cell =>
    cell.verdict === 'leaks' || cell.command !== 'select'
      ? cell
      : {
          ...cell,
          verdict: 'broken' as const,
          because: `It ends in an error for ${cell.actor === 'member' ? 'whoever is a member' : 'everybody'}: ${error}`,
        },
  );
  const text = renderTerminal({ ...large, cells: broken }, { ...plain, columns: 100 });
  expect(text).toMatch(/\d+ objects keep out even those whose rows they are/);
  expect(text.match(/infinite recursion detected/g)).toHaveLength(1);
  expect(text).toMatch(/ compliance_evidence_\S*… and \d+ more /);
  const leaking = new Set(broken.filter(({ verdict }) => verdict === 'leaks').map(({ object }) => object));
  for (const name of leaking) expect(text).toMatch(new RegExp(`^ {2}${name} .*✗`, 'm'));
  const whole = renderTerminal({ ...large, cells: broken }, { ...plain, columns: 100, all: true });
  for (const { object } of broken) expect(whole).toMatch(new RegExp(`^ {2}${object} `, 'm'));
});

test('a schema of any size fits on a screen or two, with its leaks counted and the rest named by a command', () => {
  const { speeds: _speeds, ...large } = largeRules(1500);
  const lines = (columns: number): readonly string[] => renderTerminal(large, { ...plain, columns }).split('\n');
  expect(lines(160).length).toBeLessThan(110);
  expect(lines(160).join('\n')).toMatch(/^ {2}compliance_evidence_\S*… and [\d,]+ more .*✗/m);
  const other = large.cells.map((cell, index) => ({
    ...cell,
    verdict: index % 7 === 0 ? ('unknown' as const) : cell.verdict,
  }));
  const varied = renderTerminal({ ...large, cells: other }, { ...plain, columns: 160 });
  expect(varied).toMatch(/… [\d,]+ more that need a reader: drydock rules --all/);
  expect(varied.split('\n').length).toBeLessThan(130);
});

test('rules show the matrix with one sign a cell', () => {
  expect(renderTerminal(sampleRules(), { ...plain, columns: 100 })).toMatchInlineSnapshot(`
    "⚓ drydock rules  tally   Next.js 16 · Drizzle · better-auth · Stripe                           1.5 s

      2 of 8 objects let one tenant at another's rows.
      8 tables, 96 cells (role × command × object)
      objects: ✗ 2 leak | ? 1 unknown | ≈ 3 isolated within bounds | ✓ 2 proved isolated
      cells: ✗ 5 leak | ? 1 unknown | ≈ 66 isolated within bounds | ✓ 24 proved isolated
      A tenant is a row of organizations, a user a row of users, members are in members.

      9 migrations, 143 statements replayed, 1 failed
         drizzle/0005_search.sql:3 0A000 extension "pg_bigm" is not available

        1 LEAK members INSERT · authenticated · replayed in 1 statement
          Anyone can join any organisation.
          drizzle/0003_members.sql:22
            begin;
            set local role authenticated;
            select set_config('request.jwt.claims', '{"sub":"00000000-0000-4000-8000-00000000000a"}',
              true);
            insert into members (organization_id, user_id, role)
            values ('00000000-0000-4000-8000-0000000000b0', '00000000-0000-4000-8000-00000000000a',
              'owner');
            -- INSERT 0 1: a user of Acme is now an owner of Borealis
            rollback;


                      anon                     authenticated            authenticated
                      not signed in            no tenant                other tenant
                      S I U D                  S I U D                  S I U D
      exports         ✗ ≈ ≈ ≈                  ✗ ≈ ≈ ≈                  ✗ ≈ ≈ ≈
      members         ≈ ≈ ≈ ≈                  ≈ ✗ ≈ ≈                  ≈ ✗ ≈ ≈
      customers       ≈ ≈ ≈ ≈                  ≈ ≈ ≈ ≈                  ≈ ≈ ≈ ≈
      invoices        ✓ ✓ ✓ ✓                  ✓ ✓ ✓ ✓                  ✓ ✓ ✓ ✓
      notes           ≈ ≈ ≈ ≈                  ≈ ≈ ≈ ≈                  ≈ ≈ ? ≈
      organizations   ≈ ≈ ≈ ≈                  ≈ ≈ ≈ ≈                  ≈ ≈ ≈ ≈
      payments        ✓ ✓ ✓ ✓                  ✓ ✓ ✓ ✓                  ✓ ✓ ✓ ✓
      subscriptions   ≈ ≈ ≈ ≈                  ≈ ≈ ≈ ≈                  ≈ ≈ ≈ ≈

      ✗ leak: reaches another tenant's row | ? unknown: could not be told | ≈ bounded: no way through
      found within bounds | ✓ proved: no data and no request lets it through

      Could not tell, in 1 place
         The policy 'notes_update' calls 'can_edit', whose body is not SQL.
         drizzle/0004_notes.sql:9 · one declaration settles 1 verdict

      drydock rules 1 shows finding 1 with its transcript, drydock rules <table> everything about a
      table.
    "
  `);
});

test('a finding of the database shows the transcript that replays it', () => {
  expect(renderTerminal(sampleRules(), { ...plain, focus: '1' })).toMatchInlineSnapshot(`
    "Anyone can join any organisation.
    critical · replayed in a copy of your database
    The policy 'members_insert' compares 'user_id' with the caller and
    'organization_id' with nothing.
    database/membership-open-to-self-join · CWE-862

      at drizzle/0003_members.sql:22

      The policy on members
         create policy members_insert on members for insert with check (user_id =
           auth.uid());

      Replayed in a copy of your database, insert as authenticated
         begin;
         set local role authenticated;
         select set_config('request.jwt.claims',
           '{"sub":"00000000-0000-4000-8000-00000000000a"}', true);
         insert into members (organization_id, user_id, role)
         values ('00000000-0000-4000-8000-0000000000b0',
           '00000000-0000-4000-8000-00000000000a', 'owner');
         -- INSERT 0 1: a user of Acme is now an owner of Borealis
         rollback;

      Repair
         drydock fix f7
    "
  `);
});

test('the last screen of a rescue is a ledger', () => {
  expect(renderTerminal(sampleRescue(), { ...plain, columns: 100 })).toMatchInlineSnapshot(`
    "⚓ drydock rescue  tally   Next.js 16 · Drizzle · better-auth · Stripe                     2 min 51 s

      5 leaks could be exploited. Now none can, and owners keep their access.

                                         before      after
      leaks exploited                         5          0
      attacks tried                           9          9
      own access working                    6/6        6/6
      leaking paths in the code               6          1
      leaking cells in the database           5          0
      tables under policy                   3/8        8/8

      5 regression tests written: 5 fail before the repairs, 5 pass after.

      1 finding left for a person
         The assistant can be talked into reading another organisation’s customers.
           The repair did not pass the type check at lib/assistant/tools.ts:18.

      Could not tell, in 2 places
         The policy 'notes_update' calls 'can_edit', whose body is not SQL.
         drizzle/0004_notes.sql:9 · one declaration settles 1 verdict
         The filter of this query comes from 'buildFilter', which is chosen at run time.
         lib/search.ts:40 · one declaration settles 1 verdict

      branch  drydock/rescue · 6 repairs · 5 files changed · one commit per repair; undo any: git revert
      copy    /home/ada/tally/.drydock/rescue/app
      report  /home/ada/tally/.drydock/rescue/report.html
    "
  `);
});

test('an attack is shown as request and answer', () => {
  expect(renderTerminal(sampleProbe(), { ...plain, focus: 'a3' })).toMatchInlineSnapshot(`
    "action app/customers/actions.ts#updateCustomer                            leaked
    as ada of Acme, on a customer of Borealis

      POST /customers
      next-action: ‹updateCustomer›
      customerId=cus_41&organizationId=org_acme&name=changed

      → 303

    The row of Borealis in 'customers' changed: 'name'.
    "
  `);
});

test('a clean app is told what was looked at and not that it is safe', () => {
  const trace = sampleTrace('after');
  const clean = renderTerminal(
    {
      ...sampleTriage(),
      verdict: 'safe-as-far-as-seen',
      headline: 'No way from one customer to another was found.',
      trace,
      rules: sampleRules('after'),
      findings: [],
      todo: [],
      since: [],
    },
    plain,
  );
  expect(clean).toContain('NO LEAK FOUND');
  expect(clean).toContain('17 paths from 17 entry points were judged, 1 could not be told.');
  expect(clean).toContain('The running app was not tried');
});

test('a name that nothing has is answered with how to find the names', () => {
  expect(renderTerminal(sampleTrace(), { ...plain, focus: 'nowhere' })).toBe(
    "No finding, entry point, table or file is called 'nowhere'.\n'drydock trace --all' lists them.\n",
  );
});

test('a rescue that takes away own access is not called a success', () => {
  const rescue = sampleRescue();
  const broken = { ...rescue, after: { ...rescue.after, ownAccessWorking: 4 } };
  expect(renderTerminal(broken, plain)).toContain('some owners lost their own access');
});

describe('one object of the database', () => {
  const rules = {
    ...sampleRules(),
    tables: [
      {
        table: 'members',
        rowSecurity: true,
        forced: false,
        policies: [
          {
            name: 'members_insert',
            command: 'insert',
            permissive: true,
            roles: ['authenticated'],
            check: '(user_id = auth.uid())',
            file: 'drizzle/0003_members.sql',
            line: 22,
          },
        ],
        grants: [
          { role: 'anon', privileges: ['select'] },
          { role: 'authenticated', privileges: ['select', 'insert'] },
        ],
        file: 'drizzle/0003_members.sql',
        line: 4,
      },
    ],
  } as const;

  test('tells policies by command and role, then what each actor came to', () => {
    const text = renderTerminal(rules, { ...plain, columns: 100, focus: 'members' });
    expect(text).toContain("It lets one tenant at another's rows.");
    expect(text).toContain('select anon, authenticated: no row, as no policy lets it');
    expect(text).toContain('insert authenticated: rows that this lets through');
    expect(text).toContain("'members_insert' drizzle/0003_members.sql:22");
    expect(text).toContain('check (user_id = auth.uid())');
    expect(text).toContain('update no role was granted it');
    expect(text).toContain('✗ insert leak');
  });

  test('a name that means nothing is answered with the nearest', () => {
    expect(renderTerminal(rules, { ...plain, columns: 100, focus: 'membres' })).toContain("Did you mean 'members'?");
  });
});
