import { lineOf, type ModuleCode } from '../../collect/source/ir.ts';

/**
 * Queries in functions that no code names but the functions themselves: nothing calls them, so no entry point reaches
 * them. `sites` are `file:line`; a function is looked for in the loaded modules only, for what is not loaded is not run.
 */
export function unusedSites(
  modules: readonly ModuleCode[],
  text: (file: string) => string | undefined,
  sites: Iterable<string>,
): readonly string[] {
  const byFile = new Map(modules.map(module => [module.file, module]));
  const owners = new Map<string, string>();
  for (const site of sites) {
    const colon = site.lastIndexOf(':');
    const module = byFile.get(site.slice(0, colon));
    const name = module === undefined ? undefined : ownerOf(module, Number(site.slice(colon + 1)));
    if (name !== undefined) owners.set(site, name);
  }
  if (owners.size === 0) return [];
  const mentioned = mentions(new Set(owners.values()), modules, text);
  return [...owners].flatMap(([site, name]) => ((mentioned.get(name) ?? 0) > 1 ? [] : [site]));
}

/** The name of the outermost function around a line. */
function ownerOf(module: ModuleCode, line: number): string | undefined {
  const around = module.functions.filter(
    code => code.parent === undefined && lineOf(module, code.at) <= line && line <= lineOf(module, code.end),
  );
  const [only] = around;
  return only !== undefined && around.length === 1 && only.name !== '' ? only.name : undefined;
}

/** How often names stand in the loaded code, their own declaration included. */
function mentions(
  names: ReadonlySet<string>,
  modules: readonly ModuleCode[],
  text: (file: string) => string | undefined,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const any = new RegExp(String.raw`(?<![\w$])(?:${[...names].map(escaped).join('|')})(?![\w$])`, 'g');
  for (const { file } of modules)
    for (const [name] of (text(file) ?? '').matchAll(any)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function escaped(name: string): string {
  return name.replaceAll('$', String.raw`\$`);
}
