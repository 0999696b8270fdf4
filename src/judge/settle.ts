import type { JudgedPath } from '../checks/check.ts';
import type { FunctionCode, ModuleCode } from '../collect/source/ir.ts';
import { lineOf } from '../collect/source/ir.ts';
import { compareText, type Place } from '../core/place.ts';
import type { Settling } from '../core/policy.ts';
import type { Predicate, Term } from '../core/predicate.ts';
import { termsOf } from '../logic/terms.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { tableNamed } from '../logic/named.ts';
import { ownersByTable } from '../logic/entails.ts';

/** What ranking needs besides the paths. */
export interface SettleWorld {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly modules: readonly ModuleCode[];
}

/** What would settle paths that could not be judged, where a declaration would: the most useful first. The rest stays a gap. */
export function settlings(paths: readonly JudgedPath[], world: SettleWorld): readonly Settling[] {
  const found = new Map<string, Settling>();
  const modules = new Map(world.modules.map(module => [module.file, module]));
  for (const path of paths) {
    if (path.verdict !== 'unknown') continue;
    const settling = causeOf(path, world, modules);
    if (settling === undefined) continue;
    const key = `${settling.declaration}
${settling.cause}`;
    found.set(key, { ...settling, paths: (found.get(key)?.paths ?? 0) + 1 });
  }
  return [...found.values()].toSorted(
    (left, right) =>
      right.paths - left.paths ||
      compareText(left.declaration, right.declaration) ||
      compareText(left.cause, right.cause),
  );
}

function causeOf(path: JudgedPath, world: SettleWorld, modules: ReadonlyMap<string, ModuleCode>): Settling | undefined {
  const { table } = path.sink;
  const cause = path.notes[0] ?? 'Could not tell.';
  const base = { cause, paths: 0, file: path.sink.file, line: path.sink.line };
  if (cause.includes('is in no migration or schema'))
    return { ...base, declaration: '--migrations <folder with the SQL that makes it>' };
  const owner = ownersByTable(world.tenancy).get(table);
  if (owner?.ownership.kind === 'unknown')
    return { ...base, cause: `Nothing tells who owns a row of '${table}'.`, declaration: ownerLine(table, world) };
  const source = opaqueSource(path, modules);
  return source === undefined ? undefined : { ...base, ...source };
}

/** The column that most likely leads to the owner, for the user to confirm. */
function ownerLine(table: string, { database }: SettleWorld): string {
  const found = tableNamed(database, table);
  const key = found?.foreignKeys.find(each => each.columns.length === 1);
  const named = found?.columns.find(column => /(_id|Id)$/.test(column.name))?.name;
  const [column, referenced] = [key?.columns[0], key?.referencedColumns[0]];
  if (key !== undefined && column !== undefined && referenced !== undefined)
    return `tenancy: { owners: { '${table}': '${column} -> ${key.table}.${referenced}' } }`;
  return `tenancy: { owners: { '${table}': '${named ?? '<column that leads to its tenant>'}' } }`;
}

/** The function of the app in which the value stops being followed, and what to declare of it. */
function opaqueSource(
  path: JudgedPath,
  modules: ReadonlyMap<string, ModuleCode>,
): (Place & { readonly declaration: string }) | undefined {
  for (const term of opaqueTerms(path)) {
    // The identity of an opaque value begins with the file and the offset where it arose.
    const match = /^(.+?):(\d+) /.exec(term.id);
    const module = match === null ? undefined : modules.get(match[1] ?? '');
    if (match === null || module === undefined) continue;
    const at = Number(match[2]);
    const declaration = declarationOf(module, outermost(module, at));
    if (declaration !== undefined) return { file: module.file, line: lineOf(module, at), declaration };
  }
  for (const { place, weakness } of path.model.facts) {
    const module = weakness === 'unfollowed' ? modules.get(place.file) : undefined;
    const code = module?.functions.find(
      each =>
        each.parent === undefined && lineOf(module, each.at) <= place.line && place.line <= lineOf(module, each.end),
    );
    const declaration = module === undefined ? undefined : declarationOf(module, code);
    if (declaration !== undefined) return { file: place.file, line: place.line, declaration };
  }
  return undefined;
}

function declarationOf(module: ModuleCode, code: FunctionCode | undefined): string | undefined {
  const name = code === undefined ? undefined : exportedName(module, code);
  return code === undefined || name === undefined ? undefined : declarationFor(module, name, code);
}

function opaqueTerms({ model }: JudgedPath): readonly Extract<Term, { kind: 'opaque' }>[] {
  const conditions: readonly Predicate[] = [model.query.where, ...model.query.joined.map(row => row.where)];
  const facts = model.facts.flatMap((fact): readonly Predicate[] => {
    if (fact.holds.kind === 'condition') return [fact.holds.condition];
    return fact.holds.kind === 'row' ? [fact.holds.row.where] : [];
  });
  const terms = [...conditions, ...facts].flatMap(termsOf);
  const values = model.query.values.map(entry => entry.value);
  return [...terms, ...values].flatMap(inner).filter(term => term.kind === 'opaque');
}

function inner(term: Term): readonly Term[] {
  return term.kind === 'call' ? term.arguments.flatMap(inner) : [term];
}

function outermost(module: ModuleCode, at: number): FunctionCode | undefined {
  return module.functions.find(code => code.parent === undefined && code.at <= at && at <= code.end);
}

/** The name under which a module exports a function. */
function exportedName(module: ModuleCode, code: FunctionCode): string | undefined {
  for (const [name, target] of module.exports) {
    if (target.kind !== 'binding') continue;
    const { declaration } = target.binding;
    if (declaration?.kind === 'function' && declaration.code === code) return name;
    if (declaration?.kind === 'variable' && declaration.init?.kind === 'function' && declaration.init.code === code)
      return name;
  }
  return undefined;
}

const guardName =
  /^(?:check|assert|require|ensure|verify|validate|authori[sz]e|can|may|has|is|guard|protect)(?=[A-Z_]|$)/;

const sessionName = /session|user|auth|current|viewer|identity|account|principal|tenant|team|org|workspace|member/i;

/** Only what looks like a guard or a session by its name: of another function, nothing can be declared that is true. */
function declarationFor({ file }: ModuleCode, name: string, code: FunctionCode): string | undefined {
  if (guardName.test(name) && code.parameters.length > 0)
    return `guards: { '${file}#${name}': { member: 'arguments[0]' } }`;
  return name !== 'default' && sessionName.test(name)
    ? `principals: { '${file}#${name}': { user: 'result.<field>', tenant: 'result.<field>' } }`
    : undefined;
}
