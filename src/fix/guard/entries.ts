import type { EntryPoint } from '../../core/path.ts';
import { formatPlace } from '../../core/place.ts';
import type { EntryLeft } from '../../core/guard-init.ts';
import type { Node } from 'oxc-parser';
import { findAll, isDirective, textOf } from '../source/parsed-file.ts';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';
import { importFromFile, importFromGuard } from './app.ts';
import type { GuardedApp } from './app.ts';
import { exportedCall, exportedFunction, exportOf } from './exported-function.ts';
import type { ExportedFunction } from './exported-function.ts';
import type { ScopedEntry } from './entry-scopes.ts';

/** What the rewriting of entry points needs to know of what else is written. */
export interface EntryOptions {
  /** Where `guardPage` and `tenantRoute` are; absent where they cannot be made, or are kept from an earlier run without them. */
  readonly nextFile: string | undefined;
  /** Whether `lib/guard.ts` is written now, and learns who is signed in. */
  readonly knowsSession: boolean;
  /** Whether the session, or a user's only membership, names a tenant. */
  readonly knowsTenant: boolean;
  /** Files whose entry points are left to the developer. */
  readonly left: (file: string) => boolean;
}

/** How the app's entry points ask for rows from now on. */
export interface GuardedEntries {
  /** Those that ask as whoever is signed in, in the tenant of the session, as they are. */
  readonly session: number;
  /** Those that are changed, by name, with their files. */
  readonly changed: readonly { readonly name: string; readonly file: string }[];
  readonly left: readonly EntryLeft[];
}

/** Puts entry points whose tenant stands in the request into the guard where that is certain, and says what to write in the others. */
export function guardEntries(app: GuardedApp, entries: readonly ScopedEntry[], options: EntryOptions): GuardedEntries {
  let session = 0;
  const changed: { readonly name: string; readonly file: string }[] = [];
  const left: EntryLeft[] = [];
  for (const scoped of entries.filter(each => !isThere(app, each.entry))) {
    const { entry, scope } = scoped;
    const isOfSession =
      options.knowsTenant && !isOfPagesRouter(entry) && (scope.kind === 'session' || !isOfRequest(scoped));
    if (isOfSession && (scope.kind === 'session' || scope.kind === 'named' || scope.kind === 'unclear')) session += 1;
    else if (rewrite(app, scoped, options)) changed.push({ name: entry.name, file: entry.file });
    else left.push(leftOver(scoped));
  }
  return { session, changed, left };
}

/** It has no `next/headers` by which the session is read: https://nextjs.org/docs/app/api-reference/functions/headers */
function isOfPagesRouter({ file }: EntryPoint): boolean {
  return /^(?:src\/)?pages\//.test(file);
}

/** A tenant in the path, or in what an action is called with: it is meant to be asked for, whatever the session says. */
function isOfRequest({ entry, scope }: ScopedEntry): boolean {
  const paths = scope.kind === 'named' ? [scope.path] : scope.kind === 'unclear' ? scope.paths : [];
  return paths.some(path => path.startsWith('params.') || (entry.kind === 'server-action' && !path.includes('.')));
}

/** Whether the developer, or an earlier run, said in which scope it runs. */
function isThere(app: GuardedApp, entry: EntryPoint): boolean {
  const text = app.texts.read(entry.file) ?? '';
  if (!/@drydock\/guard|guard-next|\binTenant\b/.test(text)) return false;
  const parsed = app.set.parsed(entry.file);
  const statement = parsed === undefined ? undefined : exportOf(parsed, entry.symbol);
  return (
    parsed !== undefined &&
    statement !== undefined &&
    /\b(?:tenantRoute|guard(?:Route|Action|Page|Api)|inTenant|as(?:Tenant|User|System|Admin))\(/.test(
      textOf(parsed, statement),
    )
  );
}

function rewrite(app: GuardedApp, { entry, scope }: ScopedEntry, options: EntryOptions): boolean {
  if (scope.kind !== 'named' || !options.knowsSession || options.left(entry.file)) return false;
  const parsed = app.set.parsed(entry.file);
  const found = parsed === undefined ? undefined : exportedFunction(parsed, entry.symbol);
  if (parsed === undefined) return false;
  const parameter = /^params\.(\w+)$/.exec(scope.path)?.[1];
  switch (entry.kind) {
    case 'route-handler':
      return parameter !== undefined && wrapRoute(app, parsed, found, { entry, parameter, options });
    case 'page':
    case 'layout':
      return parameter !== undefined && wrapPage(app, parsed, found, { entry, parameter, options });
    case 'server-action':
      return found !== undefined && wrapAction(app, parsed, found, scope.path);
    default:
      return false;
  }
}

interface Wrapped {
  readonly entry: EntryPoint;
  readonly parameter: string;
  readonly options: EntryOptions;
}

function wrapRoute(
  app: GuardedApp,
  parsed: ParsedFile,
  found: ExportedFunction | undefined,
  { entry, parameter, options: { nextFile } }: Wrapped,
): boolean {
  if (nextFile === undefined) return false;
  const call = `tenantRoute({ name: ${quoted(entry.name)}, tenant: tenantFromParam('${parameter}') }, `;
  const made = exportedCall(parsed, entry.symbol);
  if (made !== undefined) {
    app.edits.insert(parsed, made.start, call);
    app.edits.insert(parsed, made.end, ')');
  } else {
    if (found === undefined || found.body.params.length !== 2) return false;
    if (!wrap(app, parsed, found, { head: `export const ${entry.symbol} = ${call}`, call, first: '' })) return false;
  }
  app.edits.import(parsed, { name: 'tenantFromParam', from: '@drydock/guard/next' });
  importFromFile(app, parsed, { file: nextFile, name: 'tenantRoute' });
  app.entryNeeds.add('tenantRoute');
  return true;
}

function wrapPage(
  app: GuardedApp,
  parsed: ParsedFile,
  found: ExportedFunction | undefined,
  { entry, parameter, options: { nextFile } }: Wrapped,
): boolean {
  if (nextFile === undefined || found?.body.params.length !== 1 || !found.isDefault) return false;
  const call = `guardPage({ name: ${quoted(entry.name)}, tenant: tenantFromParam('${parameter}') }, `;
  if (!wrap(app, parsed, found, { head: `export default ${call}`, call, first: '_call, ' })) return false;
  app.edits.import(parsed, { name: 'tenantFromParam', from: '@drydock/guard/next' });
  importFromFile(app, parsed, { file: nextFile, name: 'guardPage' });
  return true;
}

/** `export async function GET(…) { … }` becomes `export const GET = call(async (…) => { … });`. */
function wrap(
  app: GuardedApp,
  parsed: ParsedFile,
  { statement, body }: ExportedFunction,
  { head, call, first }: { readonly head: string; readonly call: string; readonly first: string },
): boolean {
  const { edits } = app;
  const [parameter] = body.params;
  if (parameter === undefined || body.body === null || body.generator || usesThis(body)) return false;
  const open = parsed.text.lastIndexOf('(', parameter.start);
  if (open < body.start || parsed.text.slice(open + 1, parameter.start).trim() !== '') return false;
  if (body.type === 'ArrowFunctionExpression') {
    edits.insert(parsed, body.start, call);
    if (first !== '') edits.insert(parsed, parameter.start, first);
    edits.insert(parsed, body.end, ')');
    return true;
  }
  if (body.type !== 'FunctionDeclaration' || body.typeParameters !== null) return false;
  edits.replace(parsed, { start: statement.start, end: open + 1 }, `${head}${body.async ? 'async ' : ''}(${first}`);
  edits.insert(parsed, body.body.start, '=> ');
  edits.insert(parsed, body.end, ');');
  return true;
}

/** An arrow function has neither of its own. */
function usesThis(body: FunctionNode): boolean {
  return (
    findAll(
      body,
      (node): node is Node =>
        node.type === 'ThisExpression' || (node.type === 'Identifier' && node.name === 'arguments'),
    ).length > 0
  );
}

/** What an action answers is what its callers read: it keeps its form, and runs in the tenant that it was called with. */
function wrapAction(app: GuardedApp, parsed: ParsedFile, { body }: ExportedFunction, path: string): boolean {
  const isParameter = body.params.some(each => each.type === 'Identifier' && each.name === path);
  if (!isParameter || body.body?.type !== 'BlockStatement' || body.generator || usesThis(body)) return false;
  const first = body.body.body.find(each => !isDirective(each));
  if (first === undefined) return false;
  app.edits.insert(parsed, first.start, `return inTenant(${path}, async () => {\n  `);
  app.edits.insert(parsed, body.body.end - 1, '  });\n');
  importFromGuard(app, parsed, 'inTenant');
  app.entryNeeds.add('inTenant');
  return true;
}

function leftOver({ entry, scope, query }: ScopedEntry): EntryLeft {
  const place = formatPlace(query.place);
  const rows = `rows of '${query.table}' (${place})`;
  const common = { name: entry.name, file: entry.file, line: entry.line };
  switch (scope.kind) {
    case 'nobody':
      return scope.isOpen
        ? {
            ...common,
            why: `It asks for ${rows} and for no session: from now on only members find them. If that is wrong, say here who may.`,
            code: [],
          }
        : { ...common, why: `It asks for ${rows} before anybody is known to be signed in.`, code: admin(entry) };
    case 'staff':
      return { ...common, why: `It asks for ${rows} as an administrator of the whole app.`, code: admin(entry) };
    case 'system':
      return {
        ...common,
        why: `It asks for ${rows} where a signature or a secret was checked and no user is there.`,
        code: admin(entry),
      };
    case 'named':
    case 'unclear': {
      const paths = scope.kind === 'named' ? [scope.path] : scope.paths;
      return {
        ...common,
        why: `It asks for ${rows} of the tenant that ${paths.join(' and ')} name${paths.length === 1 ? 's' : ''}.`,
        code: tenant,
      };
    }
    case 'session':
      return { ...common, why: `It asks for ${rows} of whoever is signed in.`, code: tenant };
  }
}

const tenant = [
  "import { asTenant } from '@drydock/guard';",
  'return asTenant({ user, tenant }, async () => { … }); // both as ids, once they are known',
];

function admin(entry: EntryPoint): readonly string[] {
  return [
    "import { asAdmin } from '@drydock/guard';",
    `return asAdmin(${quoted(entry.name)}, async () => { … }); // around these queries alone; asSystem once the tenant is known`,
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
