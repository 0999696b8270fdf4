import { posix } from 'node:path';
import { createEditSet, importsOf } from '../source/edit-set.ts';
import type { EditSet, ImportNeed } from '../source/edit-set.ts';
import { findAll, lineAt } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import type { SourceSet, SourceTexts } from '../source/source-set.ts';
import { runningFiles } from './running.ts';
import type { ImportDeclaration, Node } from 'oxc-parser';

/** An app while the guard is written into it: what is read, and what was decided so far. */
export interface GuardedApp {
  readonly texts: SourceTexts;
  readonly set: SourceSet;
  /** The files that run in the app. */
  readonly running: ReadonlySet<string>;
  readonly edits: EditSet;
  /** `lib/guard.ts`, where `openPool` is. */
  readonly guardFile: string;
  /** What is left to the developer, one sentence each. */
  readonly notes: string[];
  /** Clients that cannot go through the guard as they are, one sentence each. */
  readonly unguarded: string[];
  readonly packages: {
    readonly add: Map<string, string>;
    readonly develop: Map<string, string>;
    /** To a version that the guard needs. */
    readonly update: Map<string, string>;
    readonly drop: Set<string>;
  };
  /** What else `lib/guard.ts` must export. */
  readonly needs: Set<'policy'>;
  /** What changed entry points import. */
  readonly entryNeeds: Set<'tenantRoute' | 'inTenant'>;
}

/** Opens an app for the codemods. */
export function openApp(
  texts: SourceTexts,
  set: SourceSet,
  guardFile: string,
  entries: readonly string[] = [],
): GuardedApp {
  return {
    texts,
    set,
    running: runningFiles(set, entries),
    guardFile,
    edits: createEditSet(),
    notes: [],
    unguarded: [],
    packages: { add: new Map(), develop: new Map(), update: new Map(), drop: new Set() },
    needs: new Set(),
    entryNeeds: new Set(),
  };
}

/** `lib/db.ts:12`, as notes name a place. */
export function placeOf(parsed: ParsedFile, node: { readonly start: number }): string {
  return `${parsed.file}:${lineAt(parsed, node.start)}`;
}

/** The import statement of a package, with the names that it gives this file. */
export function importOf(parsed: ParsedFile, from: string): ImportDeclaration | undefined {
  return importsOf(parsed).find(each => each.source.value === from);
}

/** Imports a name of `lib/guard.ts` as the file would write it. */
export function importFromGuard(app: GuardedApp, parsed: ParsedFile, name: string, removed?: ImportDeclaration): void {
  const need = { name, from: specifierOf(app, parsed, app.guardFile) };
  if (removed === undefined) app.edits.import(parsed, need);
  else swapImport(app.edits, parsed, removed, need);
}

/** Takes an import away and adds another: at its place where the other one would stand beside it. */
export function swapImport(
  edits: EditSet,
  parsed: ParsedFile,
  removed: ImportDeclaration,
  need: ImportNeed | undefined,
): void {
  const trial = createEditSet();
  if (need !== undefined) trial.import(parsed, need);
  const [added] = trial.edits();
  const end = parsed.text[removed.end] === '\n' ? removed.end + 1 : removed.end;
  if (need !== undefined && added !== undefined && added.start >= removed.start && added.start <= end) {
    const line = added.text.trim();
    return edits.replace(parsed, removed, line, 'shared');
  }
  edits.replace(parsed, { start: removed.start, end }, '', 'shared');
  if (need !== undefined) edits.import(parsed, need);
}

/** How often a name stands in a file outside of what `except` covers, as a value or a type. */
export function usesOf(parsed: ParsedFile, name: string, except: readonly Node[]): readonly Node[] {
  const inside = (node: Node): boolean => except.some(each => each.start <= node.start && node.end <= each.end);
  return findAll(parsed.program, (node): node is Node => node.type === 'Identifier' && node.name === name).filter(
    node => !inside(node) && !isName(parsed, node),
  );
}

/** `a.name` and `{ name: a }` name a property, and are no use of a variable. */
function isName(parsed: ParsedFile, node: Node): boolean {
  const parent = parsed.parentOf(node);
  if (parent?.type === 'MemberExpression') return parent.property === node && !parent.computed;
  if (parent?.type === 'TSQualifiedName') return parent.right === node;
  if (parent === undefined || !('key' in parent) || parent.key !== node) return false;
  return !('shorthand' in parent && parent.shorthand === true) && !('computed' in parent && parent.computed === true);
}

/** Imports a variable of another file of the app. */
export function importFromFile(
  app: GuardedApp,
  parsed: ParsedFile,
  variable: { readonly file: string; readonly name: string },
): void {
  if (variable.file === parsed.file) return;
  const known = importsOf(parsed).find(each => app.set.resolve(parsed.file, each.source.value) === variable.file);
  const from = known?.source.value ?? specifierOf(app, parsed, variable.file);
  app.edits.import(parsed, { name: variable.name, from });
}

/** How a file would import another: by its path where the file imports its neighbours so, else as the app does. */
export function specifierOf(app: GuardedApp, parsed: ParsedFile, target: string): string {
  const sources = importsOf(parsed).map(each => each.source.value);
  const isLocal = (source: string): boolean => app.set.resolve(parsed.file, source) !== undefined;
  const isRelative = sources.some(isLocal) && sources.filter(isLocal).every(source => source.startsWith('.'));
  return isRelative ? relativePath(parsed.file, target) : app.set.specifierFor(parsed.file, target);
}

/** The path by which one file imports another. */
export function relativePath(from: string, target: string): string {
  const stem = target.replace(/\.[cm]?[jt]sx?$/, '').replace(/\/index$/, '');
  const path = posix.relative(posix.dirname(from), stem);
  return path.startsWith('.') ? path : `./${path}`;
}
