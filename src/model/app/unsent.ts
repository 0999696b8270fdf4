import type { SourceFiles } from '../../collect/source/read-source.ts';
import type { EntryPoint } from '../../core/path.ts';
import type { ModuleInfo } from './events.ts';

/**
 * Names of server actions that no code of the browser gets: functions of `'use server'` files that only the server calls.
 * Since Next.js 15 their ids cannot be guessed and stand in no bundle, so that nobody can call them until a file of the
 * browser imports them (https://nextjs.org/docs/app/guides/data-security). Seen in builds of 16.4 with both bundlers. In doubt
 * an action is sent: handed on, exported again, imported with all of its file, or of an older Next.js.
 */
export function unsentActions(
  source: SourceFiles,
  modules: readonly ModuleInfo[],
  points: readonly EntryPoint[],
): ReadonlySet<string> {
  if (!keepsIds(source.dependencies.get('next'))) return new Set();
  const files = new Set(modules.filter(({ directive }) => directive === 'use server').map(({ file }) => file));
  const actions = points.filter(({ kind, file }) => kind === 'server-action' && files.has(file));
  if (actions.length === 0) return new Set();
  const sent = sentNames(source, modules, files);
  return new Set(
    actions
      .filter(({ file, symbol }) => sent.get(file)?.has(symbol) !== true && sent.get(file)?.has('*') !== true)
      .map(({ name }) => name),
  );
}

/** Whether ids of actions are salted and unused ones stay on the server: from 15 on. */
function keepsIds(version: string | undefined): boolean {
  if (version === undefined) return false;
  const major = /\d+/.exec(version)?.[0];
  return major === undefined ? /^(?:latest|canary)$/.test(version) : Number(major) >= 15;
}

/** By file, the names that leave for the browser; `*` for all of them. */
function sentNames(
  source: SourceFiles,
  modules: readonly ModuleInfo[],
  files: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const sent = new Map<string, Set<string>>();
  const send = (file: string, name: string): void => {
    sent.set(file, (sent.get(file) ?? new Set<string>()).add(name === 'default' ? '*' : name));
  };
  const browser = filesOfBrowser(modules);
  for (const module of modules) {
    const text = code(source.text(module.file) ?? '');
    for (const { file, names } of module.imports) {
      if (!files.has(file) || file === module.file) continue;
      for (const name of names)
        if (name === '*' || name === 'default' || browser.has(module.file) || isHandedOn(text, name)) send(file, name);
    }
    for (const [, names = '', specifier = ''] of text.matchAll(exportedAgain)) {
      const resolution = source.resolve(module.file, specifier);
      if (resolution.kind !== 'file' || !files.has(resolution.file)) continue;
      for (const name of names.startsWith('*') ? ['*'] : (names.match(/[\w$]+/g) ?? [])) send(resolution.file, name);
    }
  }
  return sent;
}

const exportedAgain = /\bexport\s*(\*(?:\s*as\s+[\w$]+)?|\{[^}]*\})\s*from\s*['"]([^'"]+)['"]/g;

/** Files that the browser loads: those of `'use client'`, and what they import up to `'use server'`. */
function filesOfBrowser(modules: readonly ModuleInfo[]): ReadonlySet<string> {
  const byFile = new Map(modules.map(module => [module.file, module]));
  const found = new Set(modules.filter(({ directive }) => directive === 'use client').map(({ file }) => file));
  for (const file of found)
    for (const { file: next } of byFile.get(file)?.imports ?? [])
      if (byFile.get(next)?.directive !== 'use server') found.add(next);
  return found;
}

const comments = /\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/[^\n]*/g;
const imported = /\bimport\s*(?:type\s*)?(?:[\w$]+\s*,\s*)?\{([^}]*)\}\s*from\s*['"][^'"]+['"]/g;

function code(text: string): string {
  return text.replaceAll(comments, ' ');
}

/** Whether the code does anything with the imported function but calling it. */
function isHandedOn(text: string, name: string): boolean {
  const alias = [...text.matchAll(imported)]
    .map(([, names = '']) => new RegExp(`(?:^|[\\s,])${name}\\s+as\\s+([\\w$]+)`).exec(names)?.[1])
    .find(found => found !== undefined);
  const rest = text.replaceAll(imported, '');
  return new RegExp(`(?<![\\w$.])${alias ?? name}(?![\\w$])(?!\\s*\\()`).test(rest);
}
