import type { AppFolder, SourceFiles } from '../../../../collect/source/read-source.ts';
import { compareText } from '../../../../core/place.ts';
import { actions } from './actions.ts';
import type { Convention, Entry, NextFile } from './entry.ts';
import { pages } from './pages.ts';
import { pageProps } from './page-props.ts';
import { pagesApi } from './pages-api.ts';
import { proxy } from './proxy.ts';
import { routeHandlers } from './route-handlers.ts';

const conventions: readonly Convention[] = [routeHandlers, pages, pagesApi, pageProps, proxy, actions];
const source = /\.(?:[cm]?[jt]sx?)$/;

/** Every entry point that files and directives of Next.js name, in the order of files and lines. */
export function findEntries(files: SourceFiles): readonly Entry[] {
  const found: Entry[] = [];
  const places = appOfEach(files);
  const isOneOfMany = files.apps.filter(app => app.kind === 'next').length > 1;
  for (const path of files.paths) {
    if (!source.test(path) || /\.(?:test|spec|stories)\.[cm]?[jt]sx?$/.test(path)) continue;
    const app = places(path);
    const file = fileOf(files, path, app);
    const entries = conventions.flatMap(convention => convention(file));
    found.push(...(isOneOfMany && app !== undefined ? entries.map(entry => ofApp(entry, app)) : entries));
  }
  return found.toSorted(
    (left, right) =>
      compareText(left.entryPoint.file, right.entryPoint.file) ||
      left.entryPoint.line - right.entryPoint.line ||
      compareText(left.entryPoint.name, right.entryPoint.name),
  );
}

/** The app that a path belongs to: the innermost. */
function appOfEach(files: SourceFiles): (path: string) => AppFolder | undefined {
  const innermost = files.apps.toSorted((left, right) => right.folder.length - left.folder.length);
  return path => innermost.find(app => app.folder === '' || path.startsWith(`${app.folder}/`));
}

/** Two apps may answer to the same path: the folder tells them apart. Actions are named by their file already. */
function ofApp(entry: Entry, app: AppFolder): Entry {
  const { entryPoint } = entry;
  if (entryPoint.kind === 'server-action') return entry;
  return { ...entry, entryPoint: { ...entryPoint, name: `${entryPoint.name} (${app.folder})` } };
}

function fileOf(files: SourceFiles, path: string, app: AppFolder | undefined): NextFile {
  const below = app === undefined || app.folder === '' ? path : path.slice(app.folder.length + 1);
  const base = below.replace(/^src\//, '');
  return {
    base,
    name: base.slice(base.lastIndexOf('/') + 1).replace(source, ''),
    isInApp: app?.kind === 'next',
    text: () => files.text(path) ?? '',
    load: () => files.module(path),
  };
}
