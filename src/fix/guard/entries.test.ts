import { expect, test } from 'vitest';
import type { EntryPoint, EntryPointKind } from '../../core/path.ts';
import { openSources } from '../source/source-set.ts';
import { applyEdits } from '../compose.ts';
import { openApp } from './app.ts';
import { guardEntries } from './entries.ts';
import type { GuardedEntries } from './entries.ts';
import type { EntryScope } from './entry-scopes.ts';

interface Asked {
  readonly kind: EntryPointKind;
  readonly symbol: string;
  readonly scope: EntryScope;
  readonly file?: string;
}

/** One entry point of a file, and the file afterwards. */
function changed(
  text: string,
  { kind, symbol, scope, file = 'app/a/[team]/file.tsx' }: Asked,
): GuardedEntries & { readonly text: string } {
  const texts = { files: [file], read: (name: string) => (name === file ? text : undefined) };
  const app = openApp(texts, openSources(texts), 'lib/guard.ts');
  const entry: EntryPoint = { kind, name: `${kind} of it`, file, line: 1, symbol };
  const query = { table: 'notes', place: { file, line: 1 } };
  const done = guardEntries(app, [{ entry, scope, query }], {
    nextFile: 'lib/guard-next.ts',
    knowsSession: true,
    knowsTenant: true,
    left: () => false,
  });
  return { ...done, text: applyEdits(file, text, app.edits.edits()) };
}

const named: EntryScope = { kind: 'named', path: 'params.team' };
const options = "{ name: 'route-handler of it', tenant: tenantFromParam('team') }";

test.each([
  [
    'export async function GET(request: Request, { params }: Context): Promise<Response> {\n  return list(await params);\n}',
    `export const GET = tenantRoute(${options}, async (request: Request, { params }: Context): Promise<Response> => {\n  return list(await params);\n});`,
  ],
  [
    'export const GET = async (request: Request, context: Context) => list(context);',
    `export const GET = tenantRoute(${options}, async (request: Request, context: Context) => list(context));`,
  ],
  [
    'export const GET = withSession<Params>(async ({ params }) => list(params));',
    `export const GET = tenantRoute(${options}, withSession<Params>(async ({ params }) => list(params)));`,
  ],
])('a route is let in for the tenant of its path: %s', (before, after) => {
  const { text, changed: names } = changed(`${before}\n`, { kind: 'route-handler', symbol: 'GET', scope: named });
  expect(text).toContain(after);
  expect(text).toContain("import { tenantFromParam } from '@drydock/guard/next';");
  expect(text).toContain("tenantRoute } from '../../../lib/guard-next'");
  expect(names).toHaveLength(1);
});

test('a page becomes one of guardPage, with the props that it had', () => {
  const { text } = changed(
    'export default async function Page({ params }: Props) {\n  return <List of={await params} />;\n}\n',
    {
      kind: 'page',
      symbol: 'default',
      scope: named,
    },
  );
  expect(text).toContain(
    "export default guardPage({ name: 'page of it', tenant: tenantFromParam('team') }, async (_call, { params }: Props) => {",
  );
  expect(text.trimEnd().endsWith('});')).toBe(true);
});

test('an action answers what it answered, in the tenant that it was called with', () => {
  const { text } = changed(
    "export async function rename(team: string, name: string) {\n  'use server';\n  return save(team, name);\n}\n",
    {
      kind: 'server-action',
      symbol: 'rename',
      scope: { kind: 'named', path: 'team' },
    },
  );
  expect(text).toContain("'use server';\n  return inTenant(team, async () => {\n  return save(team, name);\n  });\n}");
});

test.each([
  [
    'it has a this of its own',
    'export async function GET(request: Request, context: Context) { return this.list(context); }',
    named,
  ],
  [
    'the file calls it',
    'export async function GET(request: Request, context: Context) { return list(context); }\nexport const HEAD = () => GET(a, b);',
    named,
  ],
  ['it is declared elsewhere', "export { GET } from './other';", named],
  [
    'the tenant has another name',
    'export async function GET(request: Request, context: Context) { return list(context); }',
    { kind: 'unclear', paths: ['params.slug'] } as const,
  ],
])('a route is left where %s', (_, before, scope) => {
  const { text, left } = changed(`${before}\n`, { kind: 'route-handler', symbol: 'GET', scope });
  expect(text).toBe(`${before}\n`);
  expect(left[0]?.code.join('\n')).toContain('asTenant({ user, tenant }');
});

test('who is let in already is passed over', () => {
  const {
    left,
    changed: names,
    session,
  } = changed(
    "import { guardRoute } from '../lib/guard-next';\nexport const GET = guardRoute({ name: 'GET' }, list);\n",
    { kind: 'route-handler', symbol: 'GET', scope: named },
  );
  expect({ left, names, session }).toEqual({ left: [], names: [], session: 0 });
});

test('the session is enough in the App Router, and cannot be read in the Pages Router', () => {
  const text = 'export default function handler() {}\n';
  const asked = { symbol: 'default', scope: { kind: 'session' } } as const;
  expect(changed(text, { ...asked, kind: 'page' }).session).toBe(1);
  expect(changed(text, { ...asked, kind: 'api-route', file: 'pages/api/notes.ts' }).left).toHaveLength(1);
});

test('work across tenants is proposed where something says who may, and nowhere else', () => {
  const text = 'export async function POST() {}\n';
  const code = (scope: EntryScope): string =>
    changed(text, { kind: 'route-handler', symbol: 'POST', scope }).left[0]?.code.join('\n') ?? '';
  expect(code({ kind: 'system' })).toContain('asAdmin(');
  expect(code({ kind: 'staff' })).toContain('asAdmin(');
  expect(code({ kind: 'nobody', isOpen: false })).toContain('asAdmin(');
  expect(code({ kind: 'nobody', isOpen: true })).toBe('');
});
