import { objectOf, present, undefinedValue, type Value } from '../../value.ts';
import { exportEntry, parametersValue, routeOf, type Convention, type Entry } from './entry.ts';

const parentMetadata: Value = { kind: 'external', library: 'next', path: 'parent', arguments: [] };

function pageArguments(parameters: readonly string[]): Entry['given'] {
  const query: Value = { kind: 'promise', value: present({ kind: 'client', path: 'query' }), facts: [] };
  const properties = objectOf({ params: parametersValue(parameters), searchParams: query });
  return () => [properties, parentMetadata];
}

function layoutArguments(parameters: readonly string[]): Entry['given'] {
  return () => [objectOf({ params: parametersValue(parameters), children: undefinedValue })];
}

/** `app/…/page.tsx` and `layout.tsx`, with the metadata and the static parameters that they export. */
export const pages: Convention = file => {
  const kind = file.name === 'page' || file.name === 'layout' ? file.name : undefined;
  if (kind === undefined || !file.isInApp || !file.base.startsWith('app/')) return [];
  const module = file.load();
  if (module === undefined) return [];
  const route = routeOf(file.base);
  const given = kind === 'page' ? pageArguments : layoutArguments;
  if (module.directive === 'use client')
    return kind === 'layout' ? [] : [exportEntry(module, kind, `${kind} ${route}`, 'default', given, { route })];
  const found: Entry[] = [];
  if (module.exports.has('default'))
    found.push(exportEntry(module, kind, `${kind} ${route}`, 'default', given, { route }));
  if (module.exports.has('generateMetadata'))
    found.push(exportEntry(module, 'metadata', `metadata ${route}`, 'generateMetadata', pageArguments, { route }));
  if (module.exports.has('generateStaticParams')) {
    const nothing = (): Entry['given'] => () => [objectOf({ params: objectOf({}) })];
    found.push(
      exportEntry(module, 'static-params', `static-params ${route}`, 'generateStaticParams', nothing, { route }),
    );
  }
  return found;
};
