import type { FunctionCode, ModuleCode } from '../../../../collect/source/ir.ts';
import { lineOf } from '../../../../collect/source/ir.ts';
import type { EntryPoint, EntryPointKind } from '../../../../core/path.ts';
import type { Machine } from '../../machine.ts';
import { objectOf, present, type Value } from '../../value.ts';

/** An entry point that a file of Next.js is or holds, with what is needed to run it. */
export interface Entry {
  readonly entryPoint: EntryPoint;
  readonly module: ModuleCode;
  /** The export that is called; absent for functions inside others. */
  readonly symbol: string | undefined;
  /** The function itself, for inline actions. */
  readonly code: FunctionCode | undefined;
  /** Names of the URL's parameters; catch-all ones marked with `...`. */
  readonly parameters: readonly string[];
  /** What Next.js calls it with. */
  readonly given: (machine: Machine, callee: Value) => readonly Value[];
}

/** A file of the sources, as the conventions of Next.js see it. */
export interface NextFile {
  /** Relative to the folder of its app, without `src/`. */
  readonly base: string;
  /** Its name without folder and extension. */
  readonly name: string;
  /** It belongs to an app of Next.js: a package beside it may hold actions, and nothing else that is found by its name. */
  readonly isInApp: boolean;
  readonly text: () => string;
  readonly load: () => ModuleCode | undefined;
}

/** One convention of Next.js: which entry points a file has by its name, its exports and its directives. */
export type Convention = (file: NextFile) => readonly Entry[];

/** The entry point that an export is. */
export function exportEntry(
  module: ModuleCode,
  kind: EntryPointKind,
  name: string,
  symbol: string,
  given: (parameters: readonly string[]) => Entry['given'],
  more: Partial<EntryPoint> = {},
): Entry {
  const entryPoint: EntryPoint = { kind, name, file: module.file, line: lineOfExport(module, symbol), symbol, ...more };
  const parameters = parametersOf(more.route ?? '');
  return { entryPoint, module, symbol, code: undefined, parameters, given: given(parameters) };
}

function lineOfExport(module: ModuleCode, symbol: string): number {
  const target = module.exports.get(symbol);
  if (target?.kind === 'binding') {
    const declaration = target.binding.declaration;
    if (declaration?.kind === 'function') return lineOf(module, declaration.code.at);
    if (declaration?.kind === 'variable') return lineOf(module, declaration.pattern.at);
  }
  if (target?.kind === 'field') return lineOf(module, target.at);
  return target?.kind === 'expression' ? lineOf(module, target.expression.at) : 1;
}

/** The URL pattern of a file in `app/`: groups and slots are no part of it. */
export function routeOf(base: string): string {
  const folders = base.split('/').slice(1, -1);
  const parts = folders
    .filter(folder => !/^\(.*\)$/.test(folder) && !folder.startsWith('@'))
    .map(folder => folder.replace(/^\(\.+\)/, ''));
  return `/${parts.join('/')}`;
}

function parametersOf(route: string): readonly string[] {
  return [...route.matchAll(/\[{1,2}(\.\.\.)?([^\]]+)\]{1,2}/g)].map(([, rest, name = '']) =>
    rest === undefined ? name : `...${name}`,
  );
}

/** `params` as handlers and pages get it: a promise of the URL's parameters. */
export function parametersValue(parameters: readonly string[]): Value {
  const fields: Record<string, Value> = {};
  for (const name of parameters) {
    const plain = name.replace('...', '');
    fields[plain] = present({ kind: 'client', path: `params.${plain}` });
  }
  return { kind: 'promise', value: objectOf(fields), facts: [] };
}
