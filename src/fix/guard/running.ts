import type { SourceSet } from '../source/source-set.ts';

/**
 * The files that run in the app: what its routes, and the entry points that the tracer found, import. Scripts, seeds and
 * tests run as the owner of the tables, or as they like.
 */
export function runningFiles(set: SourceSet, entries: readonly string[]): ReadonlySet<string> {
  const known = new Set(set.files);
  const starts = [...set.files.filter(isStart), ...entries.filter(file => known.has(file))];
  if (starts.length === 0) return new Set(set.files.filter(isByName));
  const reached = new Set(starts);
  let isLost = false;
  for (const file of reached)
    for (const specifier of specifiersOf(set.read(file) ?? '')) {
      const target = set.resolve(file, specifier);
      if (target === undefined) isLost ||= isAlias(specifier);
      else if (!isMade(target)) reached.add(target);
    }
  return new Set(set.files.filter(file => reached.has(file) || (isLost && isByName(file))));
}

/** https://nextjs.org/docs/app/getting-started/project-structure */
function isStart(file: string): boolean {
  return (
    /^(?:src\/)?(?:app|pages)\/.*\.[jt]sx?$|^(?:src\/)?(?:middleware|proxy|instrumentation)\.[jt]s$/.test(file) &&
    !/\.(?:test|spec)\.[jt]sx?$|(?:^|\/)__tests__\//.test(file)
  );
}

/** Where nothing says how the app starts. */
function isByName(file: string): boolean {
  return (
    !isMade(file) &&
    !/(?:^|\/)(?:scripts?|tests?|__tests__|e2e|seeds?|migrations?|fixtures)(?:\/|\.)/.test(file) &&
    !/(?:\.(?:test|spec|config)\.[cm]?[jt]sx?|(?:^|\/)(?:migrate|seed)[\w-]*\.[cm]?[jt]sx?)$/.test(file)
  );
}

/** A name of the app's own that leads nowhere: what is behind it runs all the same. */
function isAlias(specifier: string): boolean {
  return /^(?:[@~#]\/|~|#|src\/)/.test(specifier) && !/\.(?:css|scss|svg|png|json)$/.test(specifier);
}

/** What a generator or a build writes. */
function isMade(file: string): boolean {
  return /(?:^|\/)(?:generated|public|dist|build)\//.test(file);
}

function specifiersOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*(['"])([^'"\n]+)\1/g)].map(match => match[2] ?? '');
}
