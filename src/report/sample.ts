import type { Actor, Cell, CellCommand } from '../core/cell.ts';
import type { Evidence, Finding } from '../core/finding.ts';
import type { VerifiedFix } from '../core/fix.ts';
import type { Gap } from '../core/gap.ts';
import type { ClientRole, EntryPoint, EntryPointKind, Operation, Path, Step } from '../core/path.ts';
import {
  type Attack,
  countVerdicts,
  type FixResult,
  type OwnAccessCheck,
  type ProbeResult,
  type RescueResult,
  type RulesResult,
  type TraceResult,
  type TriageResult,
} from '../core/result.ts';
import type { Reason, Verdict } from '../core/verdict.ts';

/*
 * A billing app with a few leaks, written by hand, so that the reports can be developed and tested without running
 * the stages before them. Only tests import this file.
 */

const target = '/home/ada/tally';
const stack: readonly string[] = ['Next.js 16', 'Drizzle', 'better-auth', 'Stripe'];

interface PathSketch {
  readonly kind?: EntryPointKind;
  readonly name: string;
  readonly file: string;
  readonly symbol: string;
  readonly table: string;
  readonly operation?: Operation;
  readonly verdict?: Verdict;
  readonly reason?: Reason;
  readonly role?: ClientRole;
  readonly sinkFile: string;
  readonly sinkLine: number;
  readonly sql: string;
  readonly unbound?: string;
  readonly notes?: readonly string[];
  readonly hops?: readonly Step[];
}

const sketches: readonly PathSketch[] = [
  {
    name: 'GET /api/invoices/[id]',
    file: 'app/api/invoices/[id]/route.ts',
    symbol: 'GET',
    table: 'invoices',
    verdict: 'leaks',
    reason: 'client-id',
    sinkFile: 'lib/invoices.ts',
    sinkLine: 33,
    sql: 'select * from invoices where id = ‹params.id›',
    unbound: 'id = ‹params.id›',
    notes: [
      "'requireUser' proves who asks, not whose invoice it is.",
      "The client connects as the owner of 'invoices', so its policies do not apply.",
    ],
    hops: [
      {
        role: 'source',
        label: 'browser sends id',
        file: 'app/api/invoices/[id]/route.ts',
        line: 9,
        code: 'const { id } = await params;',
      },
      {
        role: 'guard',
        label: 'session is checked',
        file: 'app/api/invoices/[id]/route.ts',
        line: 10,
        code: 'await requireUser();',
      },
      {
        role: 'propagation',
        label: 'passed on',
        file: 'lib/invoices.ts',
        line: 31,
        code: 'export async function getInvoice(id: string) {',
      },
      {
        role: 'sink',
        label: 'query',
        file: 'lib/invoices.ts',
        line: 33,
        code: 'return db.query.invoices.findFirst({ where: eq(invoices.id, id) });',
      },
    ],
  },
  {
    name: 'GET /api/invoices/export',
    file: 'app/api/invoices/export/route.ts',
    symbol: 'GET',
    table: 'invoices',
    verdict: 'leaks',
    reason: 'maybe-undefined',
    sinkFile: 'app/api/invoices/export/route.ts',
    sinkLine: 21,
    sql: 'select number, total, customer_id from invoices [where organization_id = ‹query.org›]',
    unbound: '[where organization_id = ‹query.org›]',
    notes: ["Drizzle drops a filter whose value is undefined: without '?org=' the export holds every organisation."],
  },
  {
    kind: 'server-action',
    name: 'action app/customers/actions.ts#updateCustomer',
    file: 'app/customers/actions.ts',
    symbol: 'updateCustomer',
    table: 'customers',
    operation: 'update',
    verdict: 'leaks',
    reason: 'unbound-object',
    sinkFile: 'app/customers/actions.ts',
    sinkLine: 44,
    sql: 'update customers set name = ‹form.name›, email = ‹form.email› where id = ‹form.customerId›',
    unbound: 'id = ‹form.customerId›',
    notes: ["'requireMembership(form.organizationId)' verifies the organisation; nothing ties the customer to it."],
  },
  {
    kind: 'page',
    name: 'page /payments',
    file: 'app/(dash)/payments/page.tsx',
    symbol: 'default',
    table: 'payments',
    verdict: 'leaks',
    reason: 'unscoped',
    sinkFile: 'lib/payments.ts',
    sinkLine: 12,
    sql: 'select id, amount, card_last4 from payments order by created_at desc limit 50',
    unbound: 'from payments',
    notes: ['The layout above checks the session; the query depends on no tenant.'],
  },
  {
    kind: 'tool',
    name: 'tool lib/assistant/tools.ts#findCustomer',
    file: 'lib/assistant/tools.ts',
    symbol: 'findCustomer',
    table: 'customers',
    verdict: 'leaks',
    reason: 'tool-argument',
    sinkFile: 'lib/assistant/tools.ts',
    sinkLine: 18,
    sql: 'select * from customers where organization_id = ‹tool.organizationId› and name like ‹tool.name›',
    unbound: 'organization_id = ‹tool.organizationId›',
    notes: ['The model chooses the organisation, and whoever writes the prompt chooses for the model.'],
  },
  {
    name: 'GET /api/export/nightly',
    kind: 'cron',
    file: 'app/api/export/nightly/route.ts',
    symbol: 'GET',
    table: 'exports',
    operation: 'insert',
    verdict: 'leaks',
    reason: 'no-authentication',
    sinkFile: 'lib/exports.ts',
    sinkLine: 8,
    sql: 'insert into exports (organization_id, url) select organization_id, ‹url› from organizations',
    unbound: 'from organizations',
    notes: ["'CRON_SECRET' is read and never compared."],
  },
  ...safe('page', 'page /invoices', 'app/(dash)/invoices/page.tsx', 'invoices', 'lib/invoices.ts', 14),
  ...safe('page', 'page /customers', 'app/(dash)/customers/page.tsx', 'customers', 'lib/customers.ts', 27),
  ...safe('page', 'page /customers/[id]', 'app/(dash)/customers/[id]/page.tsx', 'customers', 'lib/customers.ts', 35),
  ...safe(
    'metadata',
    'metadata /customers/[id]',
    'app/(dash)/customers/[id]/page.tsx',
    'customers',
    'lib/customers.ts',
    35,
  ),
  ...safe(
    'route-handler',
    'GET /api/payments/[id]',
    'app/api/payments/[id]/route.ts',
    'payments',
    'lib/payments.ts',
    31,
  ),
  ...safe('route-handler', 'POST /api/invoices', 'app/api/invoices/route.ts', 'invoices', 'lib/invoices.ts', 52),
  ...safe(
    'server-action',
    'action app/notes/actions.ts#addNote',
    'app/notes/actions.ts',
    'notes',
    'app/notes/actions.ts',
    17,
  ),
  ...safe(
    'server-action',
    'action app/settings/actions.ts#inviteMember',
    'app/settings/actions.ts',
    'members',
    'lib/members.ts',
    22,
  ),
  {
    kind: 'webhook',
    name: 'POST /api/stripe/webhook',
    file: 'app/api/stripe/webhook/route.ts',
    symbol: 'POST',
    table: 'subscriptions',
    operation: 'update',
    verdict: 'isolated',
    reason: 'system',
    role: 'service',
    sinkFile: 'lib/billing.ts',
    sinkLine: 61,
    sql: 'update subscriptions set status = ‹event.status› where stripe_customer_id = ‹event.customer›',
  },
  {
    kind: 'page',
    name: 'page /pricing',
    file: 'app/pricing/page.tsx',
    symbol: 'default',
    table: 'plans',
    verdict: 'public',
    reason: 'no-owner',
    sinkFile: 'app/pricing/page.tsx',
    sinkLine: 6,
    sql: 'select * from plans',
  },
  {
    kind: 'route-handler',
    name: 'GET /api/search',
    file: 'app/api/search/route.ts',
    symbol: 'GET',
    table: 'notes',
    verdict: 'unknown',
    reason: 'opaque',
    sinkFile: 'lib/search.ts',
    sinkLine: 40,
    sql: 'select * from notes where ‹opaque›',
    notes: ["The filter comes from 'buildFilter', which is chosen at run time."],
  },
];

function safe(
  kind: EntryPointKind,
  name: string,
  file: string,
  table: string,
  sinkFile: string,
  sinkLine: number,
): readonly PathSketch[] {
  const symbol =
    kind === 'server-action'
      ? name.slice(name.indexOf('#') + 1)
      : kind === 'route-handler'
        ? name.slice(0, name.indexOf(' '))
        : 'default';
  return [
    {
      kind,
      name,
      file,
      symbol,
      table,
      sinkFile,
      sinkLine,
      operation: symbol === 'POST' || kind === 'server-action' ? 'insert' : 'read',
      sql: `select * from ${table} where organization_id = ‹session.organizationId›`,
    },
  ];
}

function toPath(sketch: PathSketch, index: number): Path {
  const entryPoint: EntryPoint = {
    kind: sketch.kind ?? 'route-handler',
    name: sketch.name,
    file: sketch.file,
    line: 8,
    symbol: sketch.symbol,
  };
  const verdict = sketch.verdict ?? 'isolated';
  return {
    id: `p${index + 1}`,
    verdict,
    reason: sketch.reason ?? 'scoped-by-session',
    principal:
      sketch.reason === 'no-authentication' || verdict === 'public'
        ? 'anonymous'
        : sketch.reason === 'system'
          ? 'system'
          : 'member',
    entryPoint,
    sink: {
      file: sketch.sinkFile,
      line: sketch.sinkLine,
      table: sketch.table,
      operation: sketch.operation ?? 'read',
      client: 'drizzle',
      role: sketch.role ?? 'owner',
    },
    steps: sketch.hops ?? [
      { role: 'source', label: 'request arrives', file: sketch.file, line: 8 },
      {
        role: 'sink',
        label: 'query',
        file: sketch.sinkFile,
        line: sketch.sinkLine,
        code: `db.select().from(${sketch.table})`,
      },
    ],
    sql: sketch.sql,
    ...(sketch.unbound === undefined ? {} : { unbound: sketch.unbound }),
    notes: sketch.notes ?? [],
  };
}

const invoiceRequest = {
  method: 'GET',
  url: '/api/invoices/inv_1042',
  headers: { accept: 'application/json', cookie: '‹session of ada@acme.test›' },
};
const invoiceAnswer = {
  status: 200,
  excerpt:
    '{"id":"inv_1042","number":"B-2207","organizationId":"org_borealis","total":"canary-7f3a-B","memo":"<b>due</b>"}',
};

const attacks: readonly Attack[] = [
  attack('a1', 'GET /api/invoices/[id]', 'as ada of Acme, with the id of an invoice of Borealis', 'invoices', 'p1', [
    'f1',
  ]),
  {
    ...attack('a2', 'GET /api/invoices/export', "as ada of Acme, without '?org='", 'invoices', 'p2', ['f2']),
    request: { ...invoiceRequest, url: '/api/invoices/export' },
    answer: { status: 200, excerpt: 'number,total,customer\nB-2207,canary-7f3a-B,cus_Borealis' },
  },
  {
    ...attack(
      'a3',
      'action app/customers/actions.ts#updateCustomer',
      'as ada of Acme, on a customer of Borealis',
      'customers',
      'p3',
      ['f3'],
    ),
    request: {
      method: 'POST',
      url: '/customers',
      headers: { 'next-action': '‹updateCustomer›' },
      body: 'customerId=cus_41&organizationId=org_acme&name=changed',
    },
    answer: { status: 303, excerpt: '' },
    oracle: 'state-change',
    observed: "The row of Borealis in 'customers' changed: 'name'.",
  },
  {
    ...attack('a4', 'page /payments', 'as ada of Acme', 'payments', 'p4', ['f4']),
    request: { ...invoiceRequest, url: '/payments' },
    answer: { status: 200, excerpt: '<td>•••• 4242</td><td>canary-7f3a-B</td>' },
  },
  attack('a5', 'GET /api/export/nightly', 'as nobody, without the cron secret', 'exports', 'p6', ['f6']),
  ...['GET /api/payments/[id]', 'page /customers/[id]', 'page /invoices', 'POST /api/invoices'].map(
    (entryPoint, index): Attack => ({
      ...attack(`a${index + 6}`, entryPoint, 'as ada of Acme, with an id of Borealis', 'payments', `p${index + 7}`, []),
      outcome: 'held',
      answer: { status: 404, excerpt: '{"error":"Not found"}' },
      observed: 'No value of Borealis in the answer, and no row of Borealis changed.',
    }),
  ),
];

function attack(
  id: string,
  entryPoint: string,
  description: string,
  table: string,
  pathId: string,
  findings: readonly string[],
): Attack {
  return {
    id,
    entryPoint,
    principal: 'ada@acme.test',
    description,
    request: invoiceRequest,
    answer: invoiceAnswer,
    outcome: 'leaked',
    observed: `A value of Borealis from '${table}' is in the answer.`,
    oracle: 'foreign-canary',
    table,
    pathIds: [pathId],
    findings,
    replay: { kind: 'http' },
  };
}

const ownAccess: readonly OwnAccessCheck[] = [
  'GET /api/invoices/[id]',
  'GET /api/invoices/export',
  'page /payments',
  'page /customers',
  'page /customers/[id]',
  'action app/customers/actions.ts#updateCustomer',
].map(entryPoint => ({
  entryPoint,
  principal: 'bo@borealis.test',
  description: 'as bo of Borealis, on a row of Borealis',
  outcome: 'works',
  observed: 'The answer holds the row.',
}));

const transcript = `begin;
set local role authenticated;
select set_config('request.jwt.claims', '{"sub":"00000000-0000-4000-8000-00000000000a"}', true);
insert into members (organization_id, user_id, role)
values ('00000000-0000-4000-8000-0000000000b0', '00000000-0000-4000-8000-00000000000a', 'owner');
-- INSERT 0 1: a user of Acme is now an owner of Borealis
rollback;`;

const findings: readonly Finding[] = [
  pathFinding(
    'f1',
    'path/query-trusts-client-id',
    'critical',
    "Any signed-in user can read any customer's invoice.",
    "The query in 'getInvoice' depends on 'params.id' and on no tenant.",
    'p1',
    'a1',
  ),
  pathFinding(
    'f2',
    'path/filter-may-be-undefined',
    'critical',
    "Any signed-in user can export every organisation's invoices.",
    "The filter on 'organization_id' disappears when 'query.org' is undefined.",
    'p2',
    'a2',
  ),
  pathFinding(
    'f3',
    'path/object-not-tied-to-tenant',
    'critical',
    "Any signed-in user can change any organisation's customers.",
    "'updateCustomer' verifies 'form.organizationId' and writes 'form.customerId', which nothing ties to it.",
    'p3',
    'a3',
  ),
  pathFinding(
    'f4',
    'path/query-ignores-tenant',
    'high',
    'Any signed-in user sees the payments of everyone.',
    "The query in 'listPayments' depends on no tenant.",
    'p4',
    'a4',
  ),
  pathFinding(
    'f5',
    'path/tool-trusts-model-arguments',
    'high',
    'The assistant can be talked into reading another organisation’s customers.',
    "The tool 'findCustomer' takes the organisation from the model.",
    'p5',
    undefined,
  ),
  pathFinding(
    'f6',
    'path/entry-point-without-authentication',
    'high',
    'Anyone on the internet can start the nightly export.',
    "'GET /api/export/nightly' writes to 'exports' and checks nobody.",
    'p6',
    'a5',
  ),
  {
    check: 'database/membership-open-to-self-join',
    fingerprint: 'f7',
    severity: 'critical',
    harm: 'Anyone can join any organisation.',
    message: "The policy 'members_insert' compares 'user_id' with the caller and 'organization_id' with nothing.",
    cwe: 862,
    file: 'drizzle/0003_members.sql',
    line: 22,
    object: 'members',
    pathIds: [],
    evidence: [
      {
        kind: 'policy',
        object: 'members',
        statement: 'create policy members_insert on members for insert with check (user_id = auth.uid());',
      },
      { kind: 'replay', object: 'members', role: 'authenticated', command: 'insert', transcript },
    ],
  },
];

function pathFinding(
  fingerprint: string,
  check: string,
  severity: Finding['severity'],
  harm: string,
  message: string,
  pathId: string,
  attackId: string | undefined,
): Finding {
  const path = pathById(pathId);
  const seen = attacks.find(candidate => candidate.id === attackId);
  const evidence: Evidence[] = [{ kind: 'path', pathId }];
  if (seen !== undefined) {
    evidence.push({
      kind: 'probe',
      attackId: seen.id,
      principal: seen.principal,
      request: seen.request,
      answer: seen.answer,
      observed: seen.observed,
    });
  }
  return {
    check,
    fingerprint,
    severity,
    harm,
    message,
    cwe: 639,
    file: path.sink.file,
    line: path.sink.line,
    entryPoint: path.entryPoint.name,
    object: path.sink.table,
    pathIds: [pathId],
    evidence,
  };
}

function pathById(id: string): Path {
  const sketch = sketches[Number(id.slice(1)) - 1];
  if (sketch === undefined) throw new Error(`No path ${id} in the sample`);
  return toPath(sketch, Number(id.slice(1)) - 1);
}

const gaps: readonly Gap[] = [
  {
    reason: "The filter of this query comes from 'buildFilter', which is chosen at run time.",
    file: 'lib/search.ts',
    line: 40,
    settles: 1,
  },
];

const tables = [
  'customers',
  'exports',
  'invoices',
  'members',
  'notes',
  'organizations',
  'payments',
  'subscriptions',
] as const;

function cellsOf(repaired: boolean): readonly Cell[] {
  const roles: readonly (readonly [string, Actor])[] = [
    ['anon', 'anonymous'],
    ['authenticated', 'stranger'],
    ['authenticated', 'member'],
  ];
  const each: readonly CellCommand[] = ['select', 'insert', 'update', 'delete'];
  return tables.flatMap(object =>
    roles.flatMap(([role, actor]) =>
      each.map((command): Cell => {
        const open =
          !repaired &&
          ((object === 'members' && command === 'insert' && role === 'authenticated') ||
            (object === 'exports' && command === 'select'));
        const verdict: Verdict = open
          ? 'leaks'
          : object === 'notes' && command === 'update' && actor === 'member'
            ? 'unknown'
            : 'isolated';
        return {
          schema: 'public',
          object,
          objectKind: 'table',
          role,
          actor,
          command,
          verdict,
          tier: 'api',
          because: open
            ? `A row of Borealis was reached by ${command}.`
            : verdict === 'unknown'
              ? "The policy calls 'can_edit', a function in C."
              : `No row of Borealis was reached by ${command}.`,
          evidence: [
            {
              kind: open ? 'replay' : object === 'invoices' || object === 'payments' ? 'proof' : 'bounded',
              transcript: open ? transcript : `-- ${command} on ${object} as ${role}: 0 rows`,
              assumptions: open ? [] : ['Two tenants with two rows each.'],
              elapsedMs: 3,
            },
          ],
        };
      }),
    ),
  );
}

const diff = `--- a/lib/invoices.ts
+++ b/lib/invoices.ts
@@ -30,5 +30,6 @@
-export async function getInvoice(id: string) {
-  return db.query.invoices.findFirst({ where: eq(invoices.id, id) });
+export async function getInvoice(id: string, organizationId: string) {
+  return db.query.invoices.findFirst({
+    where: and(eq(invoices.id, id), eq(invoices.organizationId, organizationId)),
+  });
 }
`;

function fixOf(finding: Finding, index: number): VerifiedFix {
  return {
    fix: {
      findings: [finding.fingerprint],
      title:
        index === 6
          ? 'Let only owners of an organisation add members'
          : `Scope the ${finding.object ?? 'row'} look-up to the caller's organisation`,
      explanation:
        'The query now also compares the organisation with the one of the session, as lib/customers.ts:27 does.',
      edits: index === 6 ? [] : [{ file: finding.file, start: 10, end: 20, text: 'and(…)' }],
      newFiles:
        index === 6
          ? [{ file: 'drizzle/0009_members_policy.sql', text: 'drop policy members_insert on members;\n' }]
          : [],
      basis: 'sibling',
    },
    offered: index !== 4,
    verification: [
      { step: 'trace', outcome: 'passed', detail: 'The finding is gone and no other came.' },
      {
        step: 'typecheck',
        outcome: index === 4 ? 'failed' : 'passed',
        detail: index === 4 ? 'lib/assistant/tools.ts:18 no longer compiles.' : 'tsc --noEmit',
      },
      {
        step: 'exploit',
        outcome: index === 4 ? 'skipped' : 'passed',
        detail: index === 4 ? 'The type check failed before it.' : 'The same request is answered with 404.',
      },
      {
        step: 'own-access',
        outcome: index === 4 ? 'skipped' : 'passed',
        detail: index === 4 ? 'The type check failed before it.' : 'The owner still reads the row.',
      },
    ],
    diff,
  };
}

const unrepaired = [
  { fingerprint: 'f5', reason: 'The repair did not pass the type check at lib/assistant/tools.ts:18.' },
];

/** A trace of the billing app: 17 paths, 6 of them leaking, or one leaking after the repairs. */
export function sampleTrace(state: 'before' | 'after' = 'before'): TraceResult {
  const paths = sketches.map(toPath).map((path): Path => {
    if (state === 'before' || path.verdict !== 'leaks' || path.id === 'p5') return path;
    const { unbound: _unbound, ...rest } = path;
    return { ...rest, verdict: 'isolated', reason: 'scoped-by-session', notes: [] };
  });
  const counts = countVerdicts(paths);
  return {
    command: 'trace',
    target,
    stack,
    elapsedMs: 812,
    gaps,
    summary: {
      entryPoints: new Set(paths.map(path => path.entryPoint.name)).size,
      paths: paths.length,
      ...counts,
      querySites: { reached: 16, textual: 16, unused: 0 },
      files: 64,
      elapsedMs: 812,
    },
    entryPoints: paths.map(path => path.entryPoint),
    paths,
    findings: findings.filter(
      finding => finding.pathIds.length > 0 && (state === 'before' || finding.fingerprint === 'f5'),
    ),
  };
}

/** The same trace with as many paths as asked for, to try how a report holds up in a large app. */
export function largeTrace(pathCount: number): TraceResult {
  const base = sampleTrace();
  const paths = Array.from({ length: pathCount }, (_, index): Path => {
    const template = base.paths[index % base.paths.length] ?? pathById('p1');
    if (index < base.paths.length) return template;
    const verdict = index % 13 === 0 ? template.verdict : 'isolated';
    return {
      ...template,
      id: `p${index + 1}`,
      verdict,
      entryPoint: {
        ...template.entryPoint,
        name: `GET /api/module-${index % 90}/part-${index}`,
        kind: 'route-handler',
      },
      sink: { ...template.sink, table: `${template.sink.table}_${index % 23}` },
    };
  });
  const counts = countVerdicts(paths);
  return {
    ...base,
    paths,
    entryPoints: paths.map(path => path.entryPoint),
    summary: { ...base.summary, entryPoints: paths.length, paths: paths.length, ...counts },
  };
}

/** The billing app's database, before or after the repairs. */
export function sampleRules(state: 'before' | 'after' = 'before'): RulesResult {
  return {
    command: 'rules',
    target,
    stack,
    elapsedMs: 1480,
    gaps: [
      {
        reason: "The policy 'notes_update' calls 'can_edit', whose body is not SQL.",
        file: 'drizzle/0004_notes.sql',
        line: 9,
        settles: 1,
      },
    ],
    replay: {
      files: 9,
      statements: 143,
      failed: [
        {
          file: 'drizzle/0005_search.sql',
          line: 3,
          sqlstate: '0A000',
          message: 'extension "pg_bigm" is not available',
          firstCause: true,
        },
      ],
    },
    tenancy: {
      root: 'organizations',
      principal: 'users',
      memberships: ['members'],
      owners: tables.map(table => ({
        table,
        path: table === 'payments' ? ['invoice_id', 'invoices.organization_id'] : ['organization_id'],
        kind: 'tenant',
        confidence: 'certain',
      })),
    },
    cells: cellsOf(state === 'after'),
    findings: state === 'before' ? findings.filter(finding => finding.fingerprint === 'f7') : [],
  };
}

/** The database of a large app: tables of several owners, with names as long as people make them. */
export function largeRules(number: number): RulesResult {
  const base = sampleRules();
  const list = {
    table: 'compliance_evidence_attachment_1',
    role: 'authenticated',
    rows: 100_006,
    tenants: 1_000,
    visible: 101,
    asWritten: {
      plan: 'Seq Scan on compliance_evidence_attachment_1, filter (author_id = auth.uid()), 99905 rows read for nothing',
      elapsedMs: 461.3,
    },
  };
  const names = Array.from({ length: number }, (_, index) => `compliance_evidence_attachment_${index}`);
  const kindOf = (index: number): string => (index % 9 === 0 ? 'shared' : index % 5 === 0 ? 'user' : 'tenant');
  return {
    ...base,
    tables: [
      {
        table: list.table,
        rowSecurity: true,
        forced: false,
        policies: [
          {
            name: 'own attachments',
            command: 'select',
            permissive: true,
            roles: ['authenticated'],
            using: '(author_id = auth.uid())',
          },
          { name: 'own to change', command: 'update', permissive: true, roles: ['authenticated'], using: 'false' },
        ],
        grants: [],
      },
    ],
    speeds: [
      { ...list, table: 'compliance_evidence_attachment_2', asWritten: { plan: 'Seq Scan', elapsedMs: 3 } },
      {
        ...list,
        faster: {
          plan: 'Index Scan on compliance_evidence_attachment_1, by (author_id = (InitPlan 1).col1)',
          elapsedMs: 0.3,
          statements: [
            'alter policy "own attachments" on "public"."compliance_evidence_attachment_1"\n  using ((author_id = (select auth.uid())));',
          ],
          equivalence: 'proved',
          because: 'Proved: no row, no data and no request for which the policies answer otherwise.',
        },
      },
    ],
    tenancy: {
      ...base.tenancy,
      owners: names.map((table, index) => ({
        table,
        path: index % 9 === 0 ? [] : [index % 5 === 0 ? 'user_id → users.id' : 'organization_id → organizations.id'],
        kind: kindOf(index),
        confidence: 'foreign-key',
      })),
    },
    cells: names.flatMap((object, index) =>
      base.cells
        .filter(cell => cell.object === tables[index % tables.length])
        .map(cell => ({
          ...cell,
          object,
          evidence: index % 3 === 0 && cell.verdict === 'isolated' ? [] : cell.evidence,
        })),
    ),
  };
}

/** The billing app under two tenants' accounts, before or after the repairs. */
export function sampleProbe(state: 'before' | 'after' = 'before'): ProbeResult {
  const after = state === 'after';
  return {
    command: 'probe',
    target,
    stack,
    elapsedMs: 21_400,
    gaps: [],
    attacks: attacks.map((each): Attack =>
      after && each.outcome === 'leaked'
        ? {
            ...each,
            outcome: 'held',
            answer: { status: 404, excerpt: '{"error":"Not found"}' },
            observed: 'No value of Borealis in the answer.',
          }
        : each,
    ),
    ownAccess,
    coverage: {
      entryPoints: 17,
      exercised: 15,
      notReachable: [
        {
          entryPoint: 'tool lib/assistant/tools.ts#findCustomer',
          reason: 'It needs a language model, and no key is set.',
        },
      ],
    },
    timings: [
      { stage: 'build', elapsedMs: 14_200 },
      { stage: 'boot', elapsedMs: 900 },
      { stage: 'attack', elapsedMs: 6_300 },
    ],
    findings: after ? [] : findings.filter(finding => finding.evidence.some(evidence => evidence.kind === 'probe')),
  };
}

/** Repairs for every finding of the billing app; one did not pass its verification. */
export function sampleFix(): FixResult {
  return { command: 'fix', target, stack, elapsedMs: 30_100, gaps: [], fixes: findings.map(fixOf), unrepaired };
}

/** The whole rescue of the billing app. */
export function sampleRescue(): RescueResult {
  return {
    command: 'rescue',
    target,
    stack,
    elapsedMs: 171_000,
    gaps: [...gaps, ...sampleRules().gaps],
    before: {
      leaksExploited: 5,
      attacks: 9,
      ownAccessWorking: 6,
      ownAccessChecks: 6,
      tablesUnderPolicy: 3,
      tenantTables: 8,
      leakingPaths: 6,
      leakingCells: 5,
    },
    after: {
      leaksExploited: 0,
      attacks: 9,
      ownAccessWorking: 6,
      ownAccessChecks: 6,
      tablesUnderPolicy: 8,
      tenantTables: 8,
      leakingPaths: 1,
      leakingCells: 0,
    },
    traceBefore: sampleTrace('before'),
    traceAfter: sampleTrace('after'),
    rulesBefore: sampleRules('before'),
    rulesAfter: sampleRules('after'),
    probeBefore: sampleProbe('before'),
    probeAfter: sampleProbe('after'),
    fixes: findings.map(fixOf),
    unrepaired,
    tests: {
      written: 5,
      failingBefore: 5,
      passingAfter: 5,
      files: ['tests/isolation/invoices.test.ts', 'tests/isolation/customers.test.ts'],
    },
    filesChanged: [
      'app/api/invoices/export/route.ts',
      'app/customers/actions.ts',
      'drizzle/0009_members_policy.sql',
      'lib/invoices.ts',
      'lib/payments.ts',
    ],
    branch: 'drydock/rescue',
    workFolder: '.drydock/rescue',
    timings: [
      { stage: 'trace', elapsedMs: 812 },
      { stage: 'rules', elapsedMs: 1480 },
      { stage: 'probe', elapsedMs: 21_400 },
      { stage: 'fix', elapsedMs: 30_100 },
      { stage: 'verify', elapsedMs: 88_000 },
    ],
  };
}

/** The first screen for the billing app. */
export function sampleTriage(): TriageResult {
  return {
    command: 'triage',
    target,
    stack,
    elapsedMs: 3400,
    gaps,
    verdict: 'not-safe',
    headline: "Customers can read and change each other's data.",
    trace: sampleTrace(),
    rules: sampleRules(),
    findings,
    reach: { tables: ['invoices', 'customers', 'payments', 'exports'], columns: 41, secretColumns: 3 },
    who: [
      { principal: 'any signed-in user', findings: 6 },
      { principal: 'anyone on the internet', findings: 1 },
    ],
    since: [
      { commit: '8f3c1e2', subject: 'add dashboard export', date: '2026-11-10', author: 'cursor-agent', findings: 4 },
    ],
    todo: [
      { action: 'repair all 7 on a branch', command: 'drydock rescue' },
      { action: 'rotate STRIPE_SECRET_KEY, it is in your browser bundle' },
    ],
  };
}
