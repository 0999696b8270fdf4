import type { Finding } from '../../core/finding.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { hasDirective } from '../idioms/entry.ts';
import { createEditSet, importsOf, styleOf } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import { findAll, isFunction, keyName, lineAt, memberChain, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';

/** Keeps a secret, and the module that reads it, on the server; what the browser needs of it becomes a server action. */
export function serverOnly(finding: Finding, context: FixContext): Draft | Refused {
  const hinted: unknown = finding.repair?.['secret'];
  const secret = typeof hinted === 'string' ? hinted.replace(/^process\.env\./, '') : undefined;
  const holder = moduleOf(finding, context, secret);
  if (holder === undefined)
    return { refused: `The module that reads the secret was not found at ${finding.file}:${finding.line}.` };
  if (secret?.startsWith('NEXT_PUBLIC_') === true)
    return {
      refused: `'${secret}' is public by its name; rename it in the deployment and in the code, and rotate it.`,
    };
  const edits = createEditSet();
  const inlined = secret === undefined ? undefined : removeInlining(context, edits, secret);
  if (inlined !== undefined && secret !== undefined) renameReads(context, edits, secret, inlined);
  const door = clientDoor(context, holder.file);
  if (door === 'open')
    return {
      refused: `A client component reads '${holder.file}' itself; its value has to be handed over by a server component.`,
    };
  if (door !== undefined) openAction(edits, door);
  if (door?.file !== holder.file) edits.import(holder, { name: '', from: 'server-only', bare: true });
  const list = edits.edits();
  if (list.length === 0) return { refused: 'Nothing that could be moved to the server was found.' };
  return {
    title: `Keep ${secret ?? 'the secret'} out of the browser's bundle`,
    explanation:
      door === undefined
        ? 'The module can no longer be imported by client code, and the build no longer writes its secret into it.'
        : `The browser now calls '${door.file}' on the server instead of carrying its code and the secret along.`,
    edits: list,
    basis: 'library',
  };
}

function moduleOf(finding: Finding, context: FixContext, secret: string | undefined): ParsedFile | undefined {
  const own = context.set.parsed(finding.file);
  if (own !== undefined && !/next\.config\.[cm]?[jt]s$/.test(own.file)) return own;
  if (secret === undefined) return own;
  const file = context.set.files.find(
    each => !/next\.config/.test(each) && (context.set.read(each) ?? '').includes(`process.env.${secret}`),
  );
  return file === undefined ? own : context.set.parsed(file);
}

// `env: { KEY: process.env.REAL ?? '' }` in next.config writes the value into every bundle that names it.
function removeInlining(context: FixContext, edits: EditSet, secret: string): string | undefined {
  const file = context.set.files.find(each => /^next\.config\.[cm]?[jt]s$/.test(each));
  const parsed = file === undefined ? undefined : context.set.parsed(file);
  if (parsed === undefined) return undefined;
  for (const property of findAll(parsed.program, node => node.type === 'Property')) {
    if (keyName(property.key) !== 'env' || property.value.type !== 'ObjectExpression') continue;
    const entry = property.value.properties.find(each => each.type === 'Property' && keyName(each.key) === secret);
    if (entry?.type !== 'Property') continue;
    const only = property.value.properties.length === 1;
    removeLine(edits, parsed, only ? property : entry);
    const source = findAll(entry.value, node => node.type === 'MemberExpression')
      .map(node => memberChain(node)?.names)
      .find(names => names?.[0] === 'env' && names.length === 2);
    return source?.[1] ?? secret;
  }
  return undefined;
}

function removeLine(edits: EditSet, parsed: ParsedFile, node: { readonly start: number; readonly end: number }): void {
  const lineStart = parsed.lineStarts[lineAt(parsed, node.start) - 1] ?? node.start;
  const rest = /^,?[ \t]*\n?/.exec(parsed.text.slice(node.end))?.[0].length ?? 0;
  const ownLine = parsed.text.slice(lineStart, node.start).trim() === '';
  edits.replace(parsed, { start: ownLine ? lineStart : node.start, end: node.end + rest }, '');
}

function renameReads(context: FixContext, edits: EditSet, secret: string, real: string): void {
  if (real === secret) return;
  for (const file of context.set.files) {
    if (file.startsWith('next.config') || !(context.set.read(file) ?? '').includes(`process.env.${secret}`)) continue;
    const parsed = context.set.parsed(file);
    if (parsed === undefined) continue;
    for (const node of findAll(parsed.program, each => each.type === 'MemberExpression')) {
      if (textOf(parsed, node) === `process.env.${secret}`) edits.replace(parsed, node, `process.env.${real}`);
    }
  }
}

// The module that client components import on the way to the secret, when all it gives them is async functions.
function clientDoor(context: FixContext, secretFile: string): ParsedFile | 'open' | undefined {
  const queue: { readonly file: string }[] = [{ file: secretFile }];
  const seen = new Set<string>();
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (seen.has(at.file) || seen.size > 200) continue;
    seen.add(at.file);
    for (const importer of importersOf(context, at.file)) {
      if (hasDirective(importer.program, 'use server')) continue;
      if (!hasDirective(importer.program, 'use client')) {
        queue.push({ file: importer.file });
        continue;
      }
      const door = context.set.parsed(at.file);
      return door !== undefined && givesOnlyAsyncFunctions(door) ? door : 'open';
    }
  }
  return undefined;
}

function importersOf(context: FixContext, target: string): readonly ParsedFile[] {
  const name =
    target
      .replace(/\.[jt]sx?$/, '')
      .replace(/\/index$/, '')
      .split('/')
      .at(-1) ?? target;
  return context.set.files.flatMap(file => {
    if (!(context.set.read(file) ?? '').includes(name)) return [];
    const parsed = context.set.parsed(file);
    if (parsed === undefined) return [];
    const imports = importsOf(parsed).some(
      each => each.importKind !== 'type' && context.set.resolve(file, each.source.value) === target,
    );
    return imports ? [parsed] : [];
  });
}

function givesOnlyAsyncFunctions(parsed: ParsedFile): boolean {
  const exported = parsed.program.body.filter(
    statement =>
      statement.type === 'ExportNamedDeclaration' ||
      statement.type === 'ExportDefaultDeclaration' ||
      statement.type === 'ExportAllDeclaration',
  );
  return exported.every(statement => {
    if (statement.type !== 'ExportNamedDeclaration') return false;
    const { declaration } = statement;
    if (
      statement.exportKind === 'type' ||
      declaration?.type === 'TSInterfaceDeclaration' ||
      declaration?.type === 'TSTypeAliasDeclaration'
    )
      return true;
    if (declaration?.type === 'FunctionDeclaration') return declaration.async;
    return (
      declaration?.type === 'VariableDeclaration' &&
      declaration.declarations.every(each => each.init !== null && isFunction(each.init) && each.init.async)
    );
  });
}

function openAction(edits: EditSet, door: ParsedFile): void {
  if (hasDirective(door.program, 'use server')) return;
  const { quote, end } = styleOf(door);
  edits.insert(door, door.program.body[0]?.start ?? 0, `${quote}use server${quote}${end}\n\n`);
}
