import { lineOf, type ModuleCode } from '../../../../collect/source/ir.ts';
import type { EntryPoint } from '../../../../core/path.ts';
import { clientArguments } from '../../calls.ts';
import type { FunctionClosure } from '../../machine.ts';
import { exportEntry, type Convention, type Entry } from './entry.ts';

/** Functions of `'use server'`: all that such a file exports, and single ones inside others. Any package may hold them. */
export const actions: Convention = file => {
  // Only files that say so hold any; a look at the text spares parsing the rest.
  const module = file.text().includes('use server') ? file.load() : undefined;
  if (module === undefined) return [];
  if (module.directive !== 'use server')
    return module.functions.filter(code => code.directive === 'use server').map(code => inlineAction(module, code));
  return [...module.exports.keys()].map(symbol =>
    exportEntry(module, 'server-action', `action ${module.file}#${symbol}`, symbol, () => given),
  );
};

const given: Entry['given'] = (_machine, callee) =>
  callee.kind === 'function'
    ? clientArguments((callee.closure as FunctionClosure).code.parameters)
    : [{ kind: 'term', term: { kind: 'client', path: 'input' }, maybeUndefined: true }];

function inlineAction(module: ModuleCode, code: ModuleCode['functions'][number]): Entry {
  const line = lineOf(module, code.at);
  const symbol = code.name === '' ? `inline${line}` : code.name;
  const name = `action ${module.file}#${symbol}`;
  const entryPoint: EntryPoint = { kind: 'server-action', name, file: module.file, line, symbol };
  return { entryPoint, module, symbol: undefined, code, parameters: [], given };
}
