import { lineOf, type ModuleCode } from '../../../../collect/source/ir.ts';
import type { EntryPoint } from '../../../../core/path.ts';
import type { Machine } from '../../machine.ts';
import { walkModule } from '../../walk.ts';
import type { EntryAdapter } from '../adapter.ts';
import { knownTools, toolHandlers, toolNames, type KnownTool } from '../../library/tools.ts';

/** The AI SDK: tools are entry points of their own, their arguments chosen by a model. They run where a model is given them. */
export const aiSdk: EntryAdapter = {
  handlers: toolHandlers,
  find: machine => {
    noteTools(machine);
    return [{ turn: 'last', run: () => noteUnused(machine) }];
  },
};

function noteTools(machine: Machine): void {
  const names = machine.remember(toolNames, () => new Map<string, string>());
  const tools = machine.remember(knownTools, () => new Map<string, KnownTool>());
  for (const file of machine.source.paths) {
    if (!/\.[cm]?[jt]sx?$/.test(file) || !/from\s+['"]ai['"]/.test(machine.source.text(file) ?? '')) continue;
    const module = machine.source.module(file);
    for (const { at, name: symbol } of module === undefined ? [] : findTools(module)) {
      names.set(`${file}:${at}`, symbol);
      const line = module === undefined ? 1 : lineOf(module, at);
      const entryPoint: EntryPoint = { kind: 'tool', name: `tool ${file}#${symbol}`, file, line, symbol };
      tools.set(entryPoint.name, { entryPoint, ran: false });
    }
  }
}

/** Calls of `tool(…)` in a module: offset of the call, and the tool's name. */
function findTools(module: ModuleCode): readonly { readonly at: number; readonly name: string }[] {
  if (!module.imports.some(declaration => declaration.specifier === 'ai')) return [];
  const found: { at: number; name: string }[] = [];
  walkModule(module, (expression, name) => {
    if (expression.kind !== 'call' || expression.callee.kind !== 'name') return;
    const declaration = expression.callee.binding.declaration;
    if (
      declaration?.kind !== 'import' ||
      declaration.specifier !== 'ai' ||
      !/^(?:tool|dynamicTool)$/.test(declaration.name)
    )
      return;
    found.push({ at: expression.at, name: name ?? `tool${lineOf(module, expression.at)}` });
  });
  return found;
}

/** Tools that no model was seen to get: their queries are not known. */
function noteUnused(machine: Machine): readonly never[] {
  const tools = machine.remember(knownTools, () => new Map<string, KnownTool>());
  for (const { entryPoint, ran } of tools.values()) {
    machine.foundEntries.set(entryPoint.name, entryPoint);
    if (!ran)
      machine.gap(`Nothing was found that runs '${entryPoint.symbol}'; its queries were not judged.`, entryPoint);
  }
  return [];
}
