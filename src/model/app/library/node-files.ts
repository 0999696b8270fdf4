import { compareText } from '../../../core/place.ts';
import { requiredModule } from '../expressions.ts';
import type { Call, Handler } from '../machine.ts';
import { alternativesOf, choose } from '../operations.ts';
import { constant, undefinedValue, type Value } from '../value.ts';
import { library } from './identity/principal.ts';

/** `require(file)` with a path that is put together: a file of the sources, or whichever of several. */
const requireFile: Handler = call => {
  const [asked = undefinedValue] = call.arguments;
  return choose(
    alternativesOf(asked).map(({ value, facts }) => {
      const path = textOf(value);
      const found = path === undefined ? undefined : fileAt(call, path);
      return {
        value: found ?? call.machine.opaque(call.frame, call.at, 'a module whose file is not known'),
        facts,
      };
    }),
  );
};

function fileAt({ machine, frame }: Call, path: string): Value | undefined {
  const resolution = path.startsWith('/')
    ? machine.source.resolve('root', `.${path}`)
    : machine.source.resolve(frame.module.file, path);
  const module = resolution.kind === 'file' ? machine.source.module(resolution.file) : undefined;
  return module === undefined ? undefined : requiredModule(machine, module);
}

/** `readdirSync(folder)`: the names of the sources there, when the folder is known. */
const readFolder: Handler = call => {
  const folder = textOf(call.arguments[0]);
  const names = folder?.startsWith('/') === true ? namesIn(call, folder) : [];
  if (names.length === 0)
    return { kind: 'external', library: 'fs', path: 'readdirSync()', arguments: call.arguments.filter(isPlain) };
  return { kind: 'array', items: names.map(name => constant(name)) };
};

function namesIn({ machine }: Call, folder: string): readonly string[] {
  const prefix = folder === '/' ? '' : `${folder.slice(1)}/`;
  const names = machine.source.paths.flatMap(path => {
    if (!path.startsWith(prefix)) return [];
    const [name = ''] = path.slice(prefix.length).split('/');
    return /\.(?:test|spec)\.\w+$/.test(name) ? [] : [name];
  });
  return [...new Set(names)].toSorted(compareText);
}

/** A function of `path` on texts that are known. */
function onTexts(name: string, apply: (texts: readonly string[]) => string): Handler {
  return call => {
    const texts = call.arguments.map(textOf);
    const known = texts.filter(text => text !== undefined);
    return known.length === texts.length && known.length > 0
      ? constant(apply(known))
      : { kind: 'external', library: 'path', path: `path.${name}()`, arguments: call.arguments.filter(isPlain) };
  };
}

function join(texts: readonly string[]): string {
  const parts: string[] = [];
  for (const part of texts.join('/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return (texts[0]?.startsWith('/') === true ? '/' : '') + parts.join('/');
}

function resolve(texts: readonly string[]): string {
  const from = texts.findLastIndex(text => text.startsWith('/'));
  return join(texts.slice(Math.max(from, 0)));
}

function basename([path = '', ending = '']: readonly string[]): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return ending !== '' && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
}

function extname([path = '']: readonly string[]): string {
  const name = basename([path]);
  return name.lastIndexOf('.') > 0 ? name.slice(name.lastIndexOf('.')) : '';
}

function dirname([path = '']: readonly string[]): string {
  const slash = path.lastIndexOf('/');
  return slash > 0 ? path.slice(0, slash) : slash === 0 ? '/' : '.';
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

function isPlain(value: Value): boolean {
  return value.kind !== 'function' && value.kind !== 'native';
}

/** Files of the sources that the program looks for while it loads: a folder of models, of routes. */
export const nodeFileHandlers: Readonly<Record<string, Handler>> = {
  '#require': requireFile,
  ...library(['fs', 'fs-extra', 'graceful-fs'], { readdirSync: readFolder }),
  ...library(['path'], {
    join: onTexts('join', join),
    resolve: onTexts('resolve', resolve),
    basename: onTexts('basename', basename),
    extname: onTexts('extname', extname),
    dirname: onTexts('dirname', dirname),
  }),
};
