import type { Evidence } from '../../../core/finding.ts';
import type { DatabaseFunction } from '../../../model/database/types.ts';
import { bareNames, isResolved } from '../../../model/database/search-path.ts';
import { mayUse, requestRoles } from '../../../model/database/roles.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { isAboutShadow } from '../../../core/side-evidence.ts';
import { filled, functionsInPolicies, lintFinding, listed, shownBeside, type Remark } from '../lint.ts';

/** A function with its owner's rights, or one that policies ask, that looks names up where its caller says. */
export const check: Check = {
  id: 'database/function-without-search-path',
  title: 'Function without a search path',
  severity: 'medium',
  cwe: 426,
  needs: 'database',
  judge: input => ({
    findings: [...withoutPath(input), ...withTemporaryFirst(input)],
    gaps: [],
  }),
};

function withoutPath(input: CheckInput): readonly CheckFinding[] {
  const open = candidates(input).filter(definition => definition.searchPath === undefined);
  const remarks = filled(open.map(toRemark));
  if (remarks === undefined) return [];
  const names = listed(remarks.map(remark => remark.object));
  return [
    lintFinding({
      subject: 'no path',
      message: `${names} ${remarks.length === 1 ? 'looks' : 'look'} names up in the search path of whoever calls, and other rights than the caller's hang on what is found.`,
      harm,
      remarks,
      replays: shadows(open, input),
      // A helper with the caller's rights that names no table can only be misled by operators and functions.
      ...(open.some(definition => definition.securityDefiner || bareNames(definition.body).length > 0)
        ? {}
        : { severity: 'low' as const }),
      repair: { kind: 'set-search-path', functions: open.map(definition => definition.signature) },
    }),
  ];
}

/**
 * Without `pg_temp` in the path, the session's temporary tables come first.
 * https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
 */
function withTemporaryFirst(input: CheckInput): readonly CheckFinding[] {
  const tables = new Set(
    [...input.database.tables, ...input.database.views].map(relation => relation.name.split('.').at(-1) ?? ''),
  );
  const open = candidates(input).filter(
    ({ searchPath, body }) =>
      searchPath !== undefined && !/pg_temp"?\s*$/.test(searchPath) && bareNames(body).some(name => tables.has(name)),
  );
  const remarks = filled(open.map(toRemark));
  if (remarks === undefined) return [];
  const names = listed(remarks.map(remark => remark.object));
  return [
    lintFinding({
      subject: 'temporary first',
      message: `The search path of ${names} does not end with 'pg_temp', so a temporary table of the caller's stands before a table that is named without its schema.`,
      harm,
      remarks,
      replays: shadows(open, input),
      severity: 'low',
      repair: { kind: 'set-search-path', functions: open.map(definition => definition.signature) },
    }),
  ];
}

const harm =
  'Whoever can run SQL of his own under a request role can put his own tables and operators in the place of those that a function relies on.';

/** One attempt that puts a temporary table in the place of another. */
function shadows(open: readonly DatabaseFunction[], { cells }: CheckInput): readonly Evidence[] {
  return shownBeside(cells, about => open.some(({ name }) => isAboutShadow(about, name))).slice(0, 1);
}

function toRemark(definition: DatabaseFunction): Remark {
  const rights = definition.securityDefiner ? 'security definer' : 'security invoker, asked by policies';
  const path = definition.searchPath === undefined ? 'no search path' : `search_path = ${definition.searchPath}`;
  return {
    object: definition.name,
    statement: `${definition.signature}: ${rights}, ${path}`,
    place: definition.definedAt,
  };
}

/** Functions whose answer the caller must not be able to choose, and which he can cause to run. */
function candidates({ database }: CheckInput): readonly DatabaseFunction[] {
  const asked = functionsInPolicies(database);
  const roles = requestRoles(database);
  const fired = new Set(database.tables.flatMap(table => (table.triggers ?? []).map(trigger => trigger.function)));
  return database.functions.filter(
    definition =>
      /^(sql|plpgsql)$/.test(definition.language) &&
      !isResolved(definition.body) &&
      (asked.has(definition.name) ||
        (definition.securityDefiner &&
          (fired.has(definition.name) || roles.some(role => mayUse(role, 'execute', definition, database))))),
  );
}
