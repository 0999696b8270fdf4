import type { Class, Expression, NewExpression, Node, ObjectExpression } from 'oxc-parser';
import { bindingOf } from '../source/bindings.ts';
import { findAll, keyName, textOf, unwrap } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { importFromGuard, placeOf } from './app.ts';
import type { GuardedApp } from './app.ts';
import { leastVersion, versionOf } from './package-file.ts';

/** Gives Prisma's clients the guarded pool, by their driver adapter, which is added where this version can take one, and keeps their callers apart. */
export function guardPrisma(app: GuardedApp, isOwn: (parsed: ParsedFile, node: NewExpression) => boolean): void {
  for (const file of app.running) {
    const text = app.texts.read(file) ?? '';
    const parsed = /\bnew Prisma(?:Client|Pg)\b/.test(text) ? app.set.parsed(file) : undefined;
    if (parsed === undefined || /@drydock\/guard\/(?:pg|prisma)'/.test(text)) continue;
    for (const node of findAll(parsed.program, (each): each is NewExpression => each.type === 'NewExpression')) {
      if (node.callee.type !== 'Identifier' || isOwn(parsed, node)) continue;
      if (node.callee.name === 'PrismaPg') guardAdapter(app, parsed, node);
      if (node.callee.name === 'PrismaClient' && guardClient(app, parsed, node)) keepApart(app, parsed, node);
    }
    for (const node of findAll(parsed.program, isClientClass))
      app.unguarded.push(
        `${placeOf(parsed, node)}: write guardPrisma(this) of @drydock/guard/prisma into its constructor.`,
      );
  }
}

/** `new PrismaPg({ connectionString })` and `new PrismaPg(url)`; a pool that is given is guarded where it is made. */
function guardAdapter(app: GuardedApp, parsed: ParsedFile, node: NewExpression): void {
  const [first] = node.arguments;
  if (first === undefined || first.type === 'SpreadElement') return;
  const config = configText(parsed, first);
  if (config === undefined) return;
  importFromGuard(app, parsed, 'openPool');
  app.edits.replace(parsed, first, `openPool(${config})`);
}

function configText(parsed: ParsedFile, value: Expression): string | undefined {
  const text = textOf(parsed, value);
  const inner = unwrap(value);
  if (inner.type === 'ObjectExpression') return text;
  if (inner.type === 'CallExpression' || inner.type === 'NewExpression') return undefined;
  if (inner.type !== 'Identifier') return /process\.env|url/i.test(text) ? `{ connectionString: ${text} }` : undefined;
  const binding = bindingOf(parsed, value, inner.name);
  const init = binding.kind === 'variable' && binding.path.length === 0 ? binding.declarator.init : null;
  if (init === null || init === undefined)
    return /url|connection/i.test(inner.name) ? `{ connectionString: ${text} }` : undefined;
  if (unwrap(init).type === 'ObjectExpression') return text;
  return configText(parsed, init) === undefined ? undefined : `{ connectionString: ${text} }`;
}

function isClientClass(node: Node): node is Class {
  const isClass = node.type === 'ClassDeclaration' || node.type === 'ClassExpression';
  return isClass && node.superClass?.type === 'Identifier' && node.superClass.name === 'PrismaClient';
}

/** Prisma gathers what several callers ask: the guarded pool refuses a client that does. */
function keepApart(app: GuardedApp, parsed: ParsedFile, node: NewExpression): void {
  app.edits.import(parsed, { name: 'guardPrisma', from: '@drydock/guard/prisma' });
  app.edits.insert(parsed, node.start, 'guardPrisma(');
  app.edits.insert(parsed, node.end, ')');
}

/** A client without an adapter goes through Prisma's own engine, which no pool stands before. Whether it goes through a pool now. */
function guardClient(app: GuardedApp, parsed: ParsedFile, node: NewExpression): boolean {
  const [first] = node.arguments;
  const options = first === undefined || first.type !== 'ObjectExpression' ? undefined : first;
  if (hasOption(options, 'accelerateUrl')) {
    app.unguarded.push(
      `${placeOf(parsed, node)} goes through Prisma Accelerate, where no pool of the app stands: give it an adapter.`,
    );
    return false;
  }
  if (hasOption(options, 'adapter')) return !isOfOtherAdapter(app, parsed, node);
  if (first !== undefined && options === undefined) {
    app.unguarded.push(
      `${placeOf(parsed, node)}: add adapter: new PrismaPg(openPool({ connectionString })) to its options.`,
    );
    return true;
  }
  const version = versionOf(app.texts.read('package.json') ?? '', '@prisma/client');
  const kind = adaptersOf(version);
  if (kind === 'none') {
    nameUpdate(app, parsed, node, version);
    return false;
  }
  addAdapter(app, parsed, node, options);
  if (kind === 'later') update(app, version);
  app.packages.add.set('@prisma/adapter-pg', kind === 'later' ? withAdapters : (version ?? '^7.0.0'));
  return true;
}

/** The variable of the environment that the schema names. */
export function prismaAddress({ texts }: GuardedApp): string | undefined {
  for (const file of texts.files.filter(each => each.endsWith('.prisma'))) {
    const found = /datasource\s+\w+\s*\{[^}]*\burl\s*=\s*env\("(\w+)"\)/.exec(texts.read(file) ?? '')?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}

function hasOption(options: ObjectExpression | undefined, name: string): boolean {
  return options?.properties.some(each => each.type === 'Property' && keyName(each.key) === name) === true;
}

function isOfOtherAdapter(app: GuardedApp, parsed: ParsedFile, node: NewExpression): boolean {
  const other = /['"]@prisma\/adapter-(?!pg['"])([\w-]+)['"]/.exec(parsed.text)?.[1];
  if (other !== undefined)
    app.unguarded.push(
      `${placeOf(parsed, node)} uses @prisma/adapter-${other}, which does not go through node-postgres: use @prisma/adapter-pg with openPool.`,
    );
  return other !== undefined;
}

const withAdapters = '^6.16.0';

/** Driver adapters are out of preview since 6.16, to which any 6 can go: https://pris.ly/release/6.16.0 */
function adaptersOf(version: string | undefined): 'there' | 'later' | 'none' {
  const [major, minor] = (version === undefined ? undefined : leastVersion(version)) ?? [7, 0];
  if (major > 6 || (major === 6 && minor >= 16)) return 'there';
  return major === 6 ? 'later' : 'none';
}

function update(app: GuardedApp, version = ''): void {
  for (const name of ['prisma', '@prisma/client']) app.packages.update.set(name, withAdapters);
  app.notes.push(
    `Prisma goes from ${version} to ${withAdapters}, which takes adapters: npm install, and npx prisma generate.`,
  );
}

function nameUpdate(app: GuardedApp, parsed: ParsedFile, node: NewExpression, version = ''): void {
  app.unguarded.push(
    `${placeOf(parsed, node)} makes a client of Prisma ${version}, whose engine no pool stands before. ` +
      'npm install prisma@^6.16 @prisma/client@^6.16 @prisma/adapter-pg@^6.16, take previewFeatures = ["driverAdapters"] out of the schema where it is, npx prisma generate, then run this again.',
  );
}

function addAdapter(
  app: GuardedApp,
  parsed: ParsedFile,
  node: NewExpression,
  options: ObjectExpression | undefined,
): void {
  const url = options === undefined ? undefined : addressOf(app, parsed, options);
  const adapter = `adapter: new PrismaPg(openPool({ connectionString: ${url?.text ?? `process.env.${prismaAddress(app) ?? 'DATABASE_URL'}`} }))`;
  app.edits.import(parsed, { name: 'PrismaPg', from: '@prisma/adapter-pg' });
  importFromGuard(app, parsed, 'openPool');
  if (options === undefined) app.edits.replace(parsed, { start: node.callee.end, end: node.end }, `({ ${adapter} })`);
  else if (url !== undefined) app.edits.replace(parsed, url.property, adapter);
  else app.edits.insert(parsed, options.start + 1, options.properties.length === 0 ? ` ${adapter} ` : ` ${adapter},`);
  const note =
    "What Prisma's engine read from DATABASE_URL (schema, connection_limit, pool_timeout, pgbouncer) means nothing to node-postgres: give max to openPool, and a schema other than public to PrismaPg.";
  if (!app.notes.includes(note)) app.notes.push(note);
}

/** `datasourceUrl` and `datasources` cannot stand beside an adapter. */
function addressOf(
  app: GuardedApp,
  parsed: ParsedFile,
  options: ObjectExpression,
): { readonly property: { readonly start: number; readonly end: number }; readonly text: string } | undefined {
  for (const property of options.properties) {
    if (property.type !== 'Property') continue;
    const name = keyName(property.key);
    if (name === 'datasourceUrl') return { property, text: textOf(parsed, property.value) };
    const url =
      name === 'datasources' ? /url:\s*([^,}]+?)\s*[,}]/.exec(textOf(parsed, property.value))?.[1] : undefined;
    if (name === 'datasources') return { property, text: url ?? `process.env.${prismaAddress(app) ?? 'DATABASE_URL'}` };
  }
  return undefined;
}
