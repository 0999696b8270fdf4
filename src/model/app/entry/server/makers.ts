import { isProgram } from '../../../../collect/source/files.ts';
import type { FunctionCode, ModuleCode } from '../../../../collect/source/ir.ts';
import { callValue } from '../../calls.ts';
import { evaluateModule, moduleFrame } from '../../expressions.ts';
import type { Call, Machine } from '../../machine.ts';
import { functionValue } from '../../statements.ts';
import { undefinedValue } from '../../value.ts';

const placesOfServers = 'places of servers';

/** Remembers where a server was made: the function around it ran. */
export function noteMade({ machine, frame, at }: Call): void {
  madePlaces(machine).push({ file: frame.module.file, at });
}

interface MadePlace {
  readonly file: string;
  readonly at: number;
}

function madePlaces(machine: Machine): MadePlace[] {
  return machine.remember<MadePlace[]>(placesOfServers, () => []);
}

interface Maker {
  readonly module: ModuleCode;
  readonly code: FunctionCode;
}

/**
 * Servers that a function makes (`export function createApp() { const app = new Hono(); …; return app; }`): the modules
 * that call it run, and where none does, the function itself. Functions that make a part for another one wait for it.
 */
export function runMakers(machine: Machine, paths: readonly string[], makes: RegExp): void {
  const makers = paths.flatMap(path => makersIn(machine, path, makes)).filter(maker => !hasRun(machine, maker));
  if (makers.length === 0) return;
  for (const path of callersOf(machine, makers)) {
    const module = machine.source.module(path);
    if (module !== undefined) evaluateModule(machine, module);
  }
  const texts = paths.map(path => machine.source.text(path) ?? '');
  for (const maker of makers) if (!hasRun(machine, maker) && !isPart(maker, texts)) callMaker(machine, maker);
}

/** Functions at the top of a module, inside of which a server is made. */
function makersIn(machine: Machine, path: string, makes: RegExp): readonly Maker[] {
  const module = machine.source.module(path);
  if (module === undefined) return [];
  return module.functions
    .filter(code => code.parent === undefined && code.name !== '' && makes.test(module.text.slice(code.at, code.end)))
    .map(code => ({ module, code }));
}

function hasRun(machine: Machine, { module, code }: Maker): boolean {
  return madePlaces(machine).some(({ file, at }) => file === module.file && at >= code.at && at <= code.end);
}

const inTests = /(?:^|\/)tests?\//;

/** Modules that import one of the functions. */
function callersOf(machine: Machine, makers: readonly Maker[]): readonly string[] {
  const names = new RegExp(`\\b(?:${[...new Set(makers.map(({ code }) => code.name))].join('|')})\\b`);
  const files = new Set(makers.map(({ module }) => module.file));
  return machine.source.paths.filter(path => {
    if (!isProgram(path) || inTests.test(path) || !names.test(machine.source.text(path) ?? '')) return false;
    return machine.source.outline(path)?.imports.some(({ specifier }) => {
      const resolution = machine.source.resolve(path, specifier);
      return resolution.kind === 'file' && files.has(resolution.file);
    });
  });
}

/** Whether some code that makes servers calls the function: what it makes is a part of another one. */
function isPart({ code }: Maker, texts: readonly string[]): boolean {
  const calls = new RegExp(`(?<!function\\s)(?<!function\\s?\\*\\s?)\\b${code.name}\\s*(?:<[^<>()]*>)?\\s*\\(`);
  return texts.some(text => calls.test(text));
}

/** Calls the function as a program would that is not there: with arguments of which nothing is known. */
function callMaker(machine: Machine, { module, code }: Maker): void {
  const frame = moduleFrame(machine, module);
  const values = code.parameters.map(parameter =>
    parameter.kind === 'default' ? undefinedValue : machine.opaque(frame, code.at, 'what a server is made with'),
  );
  callValue(machine, frame, functionValue(machine, frame, code), values, { at: code.at, end: code.end });
  frame.dead = false;
  frame.facts = [];
  frame.effects = [];
}
