import type { Finding } from '../../core/finding.ts';
import type { JudgedPath } from '../../checks/check.ts';
import { codeTableOf, pathsOf } from '../context.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { callerAt } from '../idioms/caller.ts';
import type { CallerValue } from '../idioms/caller.ts';
import { ownershipOf } from '../idioms/ownership.ts';
import type { RowOwnership } from '../idioms/ownership.ts';
import { verifiedTenantAt } from '../idioms/verified-tenant.ts';
import { scopeDrizzle, scopeInsert } from '../scope/drizzle.ts';
import { includesOf, scopeRelational } from '../scope/relational.ts';
import { scopeTemplate, scopeText } from '../scope/sql.ts';
import { scopeSupabase } from '../scope/supabase.ts';
import type { ScopeTarget, Work } from '../scope/work.ts';
import { propertyOf, relationNames } from '../source/code-tables.ts';
import type { CodeTable } from '../source/code-tables.ts';
import { createEditSet } from '../source/edit-set.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { meansTable, querySiteAt } from '../source/query-site.ts';
import type { QuerySite } from '../source/query-site.ts';
import { membershipTables } from '../../model/tenancy/memberships.ts';

/** Adds the owner's condition to the query of a finding, in the way the rest of the app does it. */
export function scopeQuery(finding: Finding, context: FixContext): Draft | Refused {
  const path = pathsOf(finding, context)[0];
  const table = hinted(finding, 'table') ?? path?.sink.table ?? finding.object;
  if (table === undefined) return { refused: 'The finding names no table.' };
  const place = path?.sink ?? {
    file: finding.file,
    line: finding.line,
    ...(finding.endLine === undefined ? {} : { endLine: finding.endLine }),
  };
  return scopeSite(
    context,
    { table, place },
    { title: titleOf(finding, path, table), ...(path === undefined ? {} : { path }) },
  );
}

/** Adds the tenant whose membership was verified on the path to a query that picks another object. */
export function tieObject(finding: Finding, context: FixContext): Draft | Refused {
  const path = pathsOf(finding, context)[0];
  const table = hinted(finding, 'table') ?? path?.sink.table ?? finding.object;
  if (table === undefined) return { refused: 'The finding names no table.' };
  const place = path?.sink ?? { file: finding.file, line: finding.line };
  return scopeSite(context, { table, place }, { title: titleOf(finding, path, table), verified: true });
}

/** Ties one query to the caller's tenant or user. */
export function scopeSite(
  context: FixContext,
  target: ScopeTarget,
  about: { readonly title: string; readonly path?: JudgedPath; readonly verified?: true },
): Draft | Refused {
  const parsed = context.set.parsed(target.place.file);
  if (parsed === undefined) return { refused: `'${target.place.file}' cannot be parsed.` };
  const ownership = ownershipOf(context, target.table);
  if (ownership === undefined) return { refused: `The owner of '${target.table}' is not known.` };
  const codeTable = codeTableOf(context, target.table);
  const site = querySiteAt(parsed, {
    ...target.place,
    matches: each => matches(context, parsed, each, target.table, codeTable),
  });
  if (site === undefined)
    return { refused: `No query on '${target.table}' was found at ${target.place.file}:${target.place.line}.` };
  const edits = createEditSet();
  const name = parameterNameFor(context, ownership, codeTable);
  const verified =
    about.verified === true && ownership.wanted === 'tenant' ? verifiedTenantAt(context, parsed, site.node) : undefined;
  const value: CallerValue | undefined =
    verified === undefined
      ? callerAt(context, edits, { parsed, node: site.node }, { wanted: ownership.wanted, name })
      : { text: verified };
  if (value === undefined)
    return {
      refused: `Nothing at ${target.place.file}:${target.place.line} says whose request it is, and no sibling shows how to ask.`,
    };
  const done = writeCondition({ context, edits, parsed, target, ownership, codeTable, value: value.text }, site);
  if (done !== undefined) return { refused: done };
  const whose = ownership.wanted === 'tenant' ? "caller's tenant" : 'caller';
  return {
    title: about.title,
    explanation: `The query on '${target.table}' now also asks for rows of the ${whose}, ${verified === undefined ? 'taken from the session as elsewhere in this app' : 'whose membership was verified before'} (${value.text}).`,
    edits: edits.edits(),
    basis: 'sibling',
  };
}

function hinted(finding: Finding, name: string): string | undefined {
  const value = finding.repair?.[name];
  return typeof value === 'string' ? value : undefined;
}

function titleOf(finding: Finding, path: JudgedPath | undefined, table: string): string {
  const verb = { read: 'reads of', insert: 'inserts into', update: 'updates of', delete: 'deletes from' }[
    path?.sink.operation ?? 'read'
  ];
  const where = finding.entryPoint ?? path?.entryPoint.name ?? finding.file;
  return `Tie ${verb} ${table} in ${where} to the caller`;
}

function matches(
  context: FixContext,
  parsed: ParsedFile,
  site: QuerySite,
  table: string,
  codeTable: CodeTable | undefined,
): boolean {
  switch (site.kind) {
    case 'drizzle':
      return codeTable !== undefined && site.tables.some(each => meansTable(context, parsed, each, codeTable));
    case 'relational':
      return (
        codeTable !== undefined &&
        (site.name === codeTable.name || includesOf(site.argument, relationNames(context.set, codeTable)).length > 0)
      );
    case 'supabase':
      return site.table === table;
    case 'sql-template':
    case 'sql-text':
      return true;
  }
}

// The new parameter of a helper is called as the tenant's column is elsewhere.
function parameterNameFor(context: FixContext, ownership: RowOwnership, codeTable: CodeTable | undefined): string {
  const last = ownership.hops.at(-1) ?? ownership.hops[0];
  const holder = ownership.hops.length === 1 ? codeTable : codeTableOf(context, ownership.hops.at(-2)?.table ?? '');
  const own = holder === undefined ? undefined : propertyOf(holder, last.column);
  if (own !== undefined && own !== 'id') return own;
  if (last.column !== last.referencedColumn) return camelCase(last.column);
  const [membership] = membershipTables(context.tenancy);
  if (membership === undefined) return ownership.wanted === 'tenant' ? 'tenantId' : 'userId';
  return camelCase(ownership.wanted === 'tenant' ? membership.tenantColumn : membership.userColumn);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Undefined when the condition was written, else the reason why not. */
function writeCondition(work: Work, site: QuerySite): string | undefined {
  switch (site.kind) {
    case 'drizzle':
      return site.operation === 'insert' ? scopeInsert(work, site) : scopeDrizzle(work, site);
    case 'relational':
      return scopeRelational(work, site);
    case 'supabase':
      return scopeSupabase(work, site);
    case 'sql-template':
      return scopeTemplate(work, site);
    case 'sql-text':
      return scopeText(work, site);
  }
}
