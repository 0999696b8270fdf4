import type { JudgedPath } from '../checks/check.ts';
import type { Finding } from '../core/finding.ts';
import type { NewFile } from '../core/fix.ts';
import type { AppModel } from '../model/app/types.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import { byOneWay } from '../logic/one-way.ts';
import type { Owner, TenancyModel } from '../model/tenancy/types.ts';
import { learnSessions } from './idioms/session.ts';
import type { SessionIdioms } from './idioms/session.ts';
import { readCodeTables } from './source/code-tables.ts';
import type { CodeTable } from './source/code-tables.ts';
import type { EditSet, FixEdit, ImportNeed } from './source/edit-set.ts';
import type { ParsedFile } from './source/parsed-file.ts';
import { openSources } from './source/source-set.ts';
import type { SourceSet, SourceTexts } from './source/source-set.ts';

/** Where the app keeps its migrations and which tool numbers them. */
export interface MigrationLayout {
  /** Relative to the app's root. */
  readonly folder: string;
  readonly tool: 'drizzle' | 'supabase' | 'prisma' | 'plain';
}

/** What the fixers may look at. */
export interface FixInput {
  readonly findings: readonly Finding[];
  readonly paths: readonly JudgedPath[];
  readonly app: AppModel | undefined;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly sources: SourceTexts;
  /** Absent when the app has no migrations; then a database cannot be repaired here. */
  readonly migrations: MigrationLayout | undefined;
  /** How many repairs of a finding were tried before and did not hold; the next one is proposed. */
  readonly attempts?: ReadonlyMap<string, number>;
}

/** The input with what was learned from the app once for all fixers. */
export interface FixContext extends FixInput {
  readonly set: SourceSet;
  readonly tables: readonly CodeTable[];
  readonly sessions: SessionIdioms;
}

/** What the ownership of rows is read from. */
export type OwnerContext = Pick<FixInput, 'database' | 'tenancy'>;

/** What a fixer proposes; `propose` makes a `Fix` of it. */
export interface Draft {
  readonly title: string;
  readonly explanation: string;
  readonly edits: readonly FixEdit[];
  readonly newFiles?: readonly NewFile[];
  readonly rollbackSql?: string;
  /** Statements for the next migration; several fixes of one round become several migrations. */
  readonly migration?: { readonly name: string; readonly up: readonly string[]; readonly down: readonly string[] };
  readonly basis: 'sibling' | 'tenancy' | 'library';
}

/** Why a fixer has nothing to propose. */
export interface Refused {
  readonly refused: string;
}

/** One kind of repair: from a finding to a draft, or the reason there is none. */
export type Fixer = (finding: Finding, context: FixContext) => Draft | Refused;

/** Reads what the fixers need to know of the app. */
export function createContext(input: FixInput): FixContext {
  const set = openSources(input.sources);
  const tables = readCodeTables(set);
  return { ...input, set, tables, sessions: learnSessions({ sources: set, tables, tenancy: input.tenancy }) };
}

/** The judged paths of a finding. */
export function pathsOf(finding: Finding, context: FixContext): readonly JudgedPath[] {
  return context.paths.filter(path => finding.pathIds.includes(path.id));
}

/** Who owns the rows of a table, as far as one way leads there. */
export function ownerOf(context: Pick<OwnerContext, 'tenancy'>, table: string): Owner | undefined {
  const found = context.tenancy.owners.find(owner => owner.table === table);
  return found === undefined ? undefined : byOneWay(found);
}

/** The code's table object of an SQL table. */
export function codeTableOf(context: FixContext, table: string): CodeTable | undefined {
  return context.tables.find(each => each.table === table);
}

/** Whether a fixer refused. */
export function isRefused(result: object): result is Refused {
  return 'refused' in result;
}

/** Adds imports that were learned from another file: local targets are written as this file would write them. */
export function addImports(
  context: FixContext,
  edits: EditSet,
  parsed: ParsedFile,
  needs: readonly ImportNeed[],
): void {
  for (const need of needs) {
    const target = need.from.startsWith('file:') ? need.from.slice('file:'.length) : undefined;
    if (target === parsed.file) continue;
    edits.import(parsed, target === undefined ? need : { ...need, from: importPath(context, parsed, target) });
  }
}

// A file that imports the target already goes on as it does.
function importPath(context: FixContext, parsed: ParsedFile, target: string): string {
  for (const statement of parsed.program.body) {
    if (statement.type === 'ImportDeclaration' && context.set.resolve(parsed.file, statement.source.value) === target)
      return statement.source.value;
  }
  return context.set.specifierFor(parsed.file, target);
}
