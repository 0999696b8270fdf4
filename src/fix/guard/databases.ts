import type { CallExpression, NewExpression } from 'oxc-parser';
import { findAll, isCall, memberChain } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import type { GuardedApp } from './app.ts';
import { variableOfClient } from './references.ts';
import type { Variable } from './references.ts';

/** What the app asks for its rows: a database of Drizzle, a client of Prisma, a pool. */
export interface Database {
  readonly kind: 'drizzle' | 'prisma' | 'pg' | 'postgres-js';
  /** The package that makes it. */
  readonly from: string;
  readonly parsed: ParsedFile;
  readonly node: CallExpression | NewExpression;
  readonly variable: Variable;
}

const drizzleDrivers = new Set([
  'drizzle-orm/postgres-js',
  'drizzle-orm/node-postgres',
  'drizzle-orm/neon-http',
  'drizzle-orm/neon-serverless',
  'drizzle-orm/vercel-postgres',
]);

/** Every database of the app that is kept in a variable, the ones nearest to the app's code first. */
export function databasesOf(app: GuardedApp): readonly Database[] {
  const found = [...app.running].flatMap(file => {
    const text = app.texts.read(file) ?? '';
    if (!/drizzle|PrismaClient|Pool|postgres/.test(text) || text.includes('@drydock/guard/pg')) return [];
    const parsed = app.set.parsed(file);
    return parsed === undefined ? [] : databasesIn(app, parsed);
  });
  const rank = ['drizzle', 'prisma', 'pg', 'postgres-js'];
  return found.toSorted((left, right) => rank.indexOf(left.kind) - rank.indexOf(right.kind));
}

/** Whether other files can import a variable by its name. */
export function isExported(app: GuardedApp, { file, name }: Variable): boolean {
  const text = app.texts.read(file) ?? '';
  if (name === 'default') return true;
  return new RegExp(`^export (?:const|let|var) ${name}\\b|^export \\{[^}]*\\b${name}\\b[^}]*\\}`, 'm').test(text);
}

function databasesIn(app: GuardedApp, parsed: ParsedFile): readonly Database[] {
  const calls = findAll(parsed.program, isCall).flatMap(node => {
    const from = node.callee.type === 'Identifier' ? packageOf(app, parsed, node.callee.name) : undefined;
    if (from === 'postgres') return made('postgres-js', from, parsed, node);
    return from !== undefined && drizzleDrivers.has(from) ? made('drizzle', from, parsed, node) : [];
  });
  const news = findAll(parsed.program, (node): node is NewExpression => node.type === 'NewExpression').flatMap(node => {
    const chain = memberChain(node.callee);
    const name = chain?.names.at(-1) ?? (chain?.root.type === 'Identifier' ? chain.root.name : '');
    if (name === 'PrismaClient') return made('prisma', '@prisma/client', parsed, node);
    return name === 'Pool' && /['"]pg['"]/.test(parsed.text) ? made('pg', 'pg', parsed, node) : [];
  });
  return [...calls, ...news];
}

function packageOf(app: GuardedApp, parsed: ParsedFile, name: string): string | undefined {
  const declared = app.set.declarationOf(parsed.file, name);
  return declared?.kind === 'package' ? declared.package : undefined;
}

function made(kind: Database['kind'], from: string, parsed: ParsedFile, node: Database['node']): readonly Database[] {
  const variable = variableOfClient(parsed, node);
  return variable === undefined ? [] : [{ kind, from, parsed, node, variable }];
}
