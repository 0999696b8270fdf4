import { applyEdits as applyJson, modify, parse } from 'jsonc-parser';

/** What the guard brings into a `package.json`, and what it takes out. */
export interface PackageChanges {
  readonly add: ReadonlyMap<string, string>;
  readonly develop: ReadonlyMap<string, string>;
  readonly update: ReadonlyMap<string, string>;
  readonly drop: ReadonlySet<string>;
}

const sections = ['dependencies', 'devDependencies'] as const;

/** The `package.json` with the packages in it, in the order of their names as npm writes them. */
export function packageFile(before: string, { add, develop, update, drop }: PackageChanges): string {
  let text = before;
  const known = (name: string): boolean => sections.some(section => sectionOf(text, section)[name] !== undefined);
  for (const [name, version] of add) if (!known(name)) text = withPackage(text, 'dependencies', name, version);
  for (const [name, version] of develop) if (!known(name)) text = withPackage(text, 'devDependencies', name, version);
  for (const [name, version] of update)
    for (const section of sections)
      if (sectionOf(text, section)[name] !== undefined)
        text = applyJson(text, modify(text, [section, name], version, format));
  for (const name of drop)
    for (const section of sections)
      if (sectionOf(text, section)[name] !== undefined) text = without(text, section, name);
  return text;
}

/** The version that an app asks for of a package. */
export function versionOf(text: string, name: string): string | undefined {
  return sectionOf(text, 'dependencies')[name] ?? sectionOf(text, 'devDependencies')[name];
}

/** What an app asks for. */
export function packageNames(text: string): readonly string[] {
  return sections.flatMap(section => Object.keys(sectionOf(text, section)));
}

/** Major and minor of the least version that a range takes: 8.21 of `^8.21.3`. */
export function leastVersion(range: string): readonly [number, number] | undefined {
  const found = /(\d+)(?:\.(\d+))?/.exec(range);
  return found === null ? undefined : [Number(found[1]), Number(found[2] ?? 0)];
}

function sectionOf(text: string, section: string): Readonly<Record<string, string>> {
  const parsed: unknown = parse(text);
  const found: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, section) : undefined;
  return typeof found === 'object' && found !== null ? (found as Record<string, string>) : {};
}

function withPackage(text: string, section: string, name: string, version: string): string {
  const names = Object.keys(sectionOf(text, section));
  const isSorted = names.every((each, index) => index === 0 || (names[index - 1] ?? '') <= each);
  const at = isSorted ? names.filter(each => each < name).length : names.length;
  const edits = modify(text, [section, name], version, { ...format, getInsertionIndex: () => at });
  return applyJson(text, edits);
}

function without(text: string, section: string, name: string): string {
  return applyJson(text, modify(text, [section, name], undefined, format));
}

const format = { formattingOptions: { insertSpaces: true, tabSize: 2 } };
