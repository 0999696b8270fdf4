import { evaluateModule } from '../../expressions.ts';
import { isProgram } from '../../../../collect/source/files.ts';
import type { Machine } from '../../machine.ts';

/** Files that make a server or tell one something; none where no file makes one. */
export function serverFiles(machine: Machine, makes: RegExp, tells: RegExp): readonly string[] {
  const texts = machine.source.paths.filter(isProgram).map(path => ({ path, text: machine.source.text(path) ?? '' }));
  if (!texts.some(({ text }) => makes.test(text))) return [];
  return texts.filter(({ text }) => makes.test(text) || tells.test(text)).map(({ path }) => path);
}

/** Evaluates modules as a program would: what a module imports runs before its own statements. */
export function evaluateInOrder(machine: Machine, paths: readonly string[]): void {
  const wanted = new Set(paths);
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const declaration of machine.source.outline(path)?.imports ?? []) {
      const resolution = machine.source.resolve(path, declaration.specifier);
      if (resolution.kind === 'file') visit(resolution.file);
    }
    const module = wanted.has(path) ? machine.source.module(path) : undefined;
    if (module !== undefined) evaluateModule(machine, module);
  };
  for (const path of paths) visit(path);
}
