import type { Finding } from '../../core/finding.ts';
import type { DatabaseFunction } from '../../model/database/types.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { quoted, recreatePolicy } from '../idioms/policy.ts';

/** Gives functions a search path of their own, with temporary tables last. */
export function setSearchPath(finding: Finding, context: FixContext): Draft | Refused {
  const named = new Set(hints(finding, 'functions'));
  const functions = context.database.functions.filter(each => named.has(each.signature));
  const [first] = functions;
  if (first === undefined) return { refused: 'The functions are not in the database model.' };
  const names = functions.length === 1 ? first.name : `${functions.length} functions`;
  return migration(
    {
      name: functions.length === 1 ? `search_path_of_${bareName(first.name)}` : 'search_paths',
      up: functions.map(each => `alter function ${each.signature} set search_path = ${pathOf(each, context)};`),
      down: functions
        .map(each =>
          each.searchPath === undefined
            ? `alter function ${each.signature} reset search_path;`
            : `alter function ${each.signature} set search_path = ${written(each.searchPath)};`,
        )
        .toReversed(),
    },
    {
      title: `Give ${names} a search path of their own`,
      explanation:
        'Names in the body were looked up where the caller says; they are now looked up where they always were, and temporary tables come last.',
    },
  );
}

/** An update policy also says which rows may be changed: those that it lets a row become. */
export function addUsing(finding: Finding, context: FixContext): Draft | Refused {
  const table = context.database.tables.find(each => each.name === finding.repair?.['table']);
  const policy = table?.policies.find(each => each.name === finding.repair?.['policy']);
  if (policy?.check === undefined) return { refused: 'The policy is not in the database model.' };
  const drop = `drop policy ${quoted(policy.name)} on ${quoted(policy.table)};`;
  return migration(
    {
      name: `using_of_${bareName(policy.table)}_update`,
      up: [drop, recreatePolicy({ ...policy, using: policy.check })],
      down: [drop, recreatePolicy(policy)],
    },
    {
      title: `Let '${policy.name}' say which rows of ${policy.table} may be changed`,
      explanation:
        'Without USING there is no row to update; the condition for what a row becomes now holds before too.',
    },
  );
}

/** What Supabase's and Postgres' own settings look through, made explicit. */
function pathOf({ searchPath, schema }: DatabaseFunction, { database }: FixContext): string {
  if (searchPath !== undefined) return `${written(searchPath.replace(/,?\s*"?pg_temp"?/, ''))}, pg_temp`;
  const own = schema === 'public' ? [] : [quoted(schema)];
  return [...own, 'public', ...(database.platform === 'supabase' ? ['extensions'] : []), 'pg_temp'].join(', ');
}

/** The catalog writes an empty path as `""`, which is no name that SQL takes. */
function written(path: string): string {
  return path.replaceAll('""', "''");
}

function migration(
  statements: NonNullable<Draft['migration']>,
  about: { readonly title: string; readonly explanation: string },
): Draft {
  return { ...about, edits: [], migration: statements, basis: 'tenancy' };
}

function hints(finding: Finding, name: string): readonly string[] {
  const value = finding.repair?.[name];
  return Array.isArray(value) ? value.map(String) : [];
}

function bareName(name: string): string {
  return name.replace(/^.*\./, '');
}
