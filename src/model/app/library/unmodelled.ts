import { lineOf, type ModuleCode } from '../../../collect/source/ir.ts';
import type { Gap } from '../../../core/gap.ts';

/** Packages that reach a database and that no model of a library speaks for. */
const unmodelled: ReadonlyMap<string, string> = new Map([
  ['@mikro-orm/core', 'MikroORM'],
  ['@mikro-orm/postgresql', 'MikroORM'],
  ['objection', 'Objection'],
  ['slonik', 'Slonik'],
  ['pg-promise', 'pg-promise'],
  ['mongoose', 'Mongoose'],
  ['mongodb', 'MongoDB'],
  ['convex/server', 'Convex'],
  ['firebase-admin/firestore', 'Firestore'],
  ['@google-cloud/firestore', 'Firestore'],
  ['edgedb', 'EdgeDB'],
  ['gel', 'Gel'],
]);

/** One gap for each library whose queries are not followed, at the first file that imports it. */
export function unmodelledLibraries(modules: readonly ModuleCode[]): readonly Gap[] {
  const found = new Map<string, Gap>();
  for (const module of modules) {
    for (const { specifier, names, at } of module.imports) {
      const label = unmodelled.get(specifier);
      if (label === undefined || names.length === 0) continue;
      const known = found.get(label);
      found.set(label, {
        reason: `Queries of ${label} are not followed.`,
        file: known?.file ?? module.file,
        line: known?.line ?? lineOf(module, at),
        settles: (known?.settles ?? 0) + 1,
      });
    }
  }
  return [...found.values()];
}
