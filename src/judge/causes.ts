import type { JudgedPath } from '../checks/check.ts';
import type { Finding } from '../core/finding.ts';
import { compareText } from '../core/place.ts';
import type { Predicate, RowVariable, Term } from '../core/predicate.ts';
import { severityRank } from '../core/verdict.ts';
import { tablesByName } from '../logic/closure.ts';
import { ownerColumnOf, type World } from '../logic/entails.ts';
import { assignedEqualitiesOf } from '../logic/equalities.ts';
import { isChosen, renameRows, termKey, termsOf } from '../logic/terms.ts';
import { predicateText } from './sql-text.ts';

/** Where the fault of a path lies: the value that nobody checked, and how many look-ups before the path's own query it stands. */
interface Cause {
  readonly key: string;
  readonly hops: number;
}

const mostHops = 8;

/**
 * Findings that would go with the repair of another: one entry point reaches their rows by the same value that nobody
 * checked, or through a row that was looked up by it. The worst of those stands for all; the others name it.
 */
export function withCauses(
  findings: readonly Finding[],
  paths: readonly JudgedPath[],
  world: World,
): readonly Finding[] {
  const byId = new Map(paths.map(path => [path.id, path]));
  const causes = new Map<Finding, readonly Cause[]>();
  const heads = new Map<string, { readonly finding: Finding; readonly hops: number }>();
  for (const finding of findings) {
    const own = finding.pathIds.flatMap(id => byId.get(id) ?? []);
    if (own.length === 0 || !own.every(path => path.verdict === 'leaks')) continue;
    const found = own.map(path => causeOf(path, world));
    causes.set(finding, found);
    for (const { key, hops } of found) {
      const head = heads.get(key);
      if (head === undefined || isWorse({ finding, hops }, head)) heads.set(key, { finding, hops });
    }
  }
  return findings.map(finding => {
    const named = (causes.get(finding) ?? []).map(({ key }) => heads.get(key)?.finding);
    const [head] = named;
    if (head === undefined || named.includes(finding)) return finding;
    return { ...finding, consequenceOf: head.fingerprint };
  });
}

function isWorse(
  one: { readonly finding: Finding; readonly hops: number },
  other: { readonly finding: Finding; readonly hops: number },
): boolean {
  const rank = severityRank(one.finding.severity) - severityRank(other.finding.severity);
  return rank < 0 || (rank === 0 && one.hops < other.hops);
}

/** Follows what ties the row to other rows back to the one that the caller's value, or nothing, chose. */
function causeOf({ entryPoint, model }: JudgedPath, world: World): Cause {
  const { query } = model;
  const known = new Map<string, RowVariable>();
  for (const { holds, weakness } of model.facts)
    if (holds.kind === 'row' && weakness === undefined) known.set(holds.row.name, holds.row);
  for (const row of query.joined) known.set(row.name, row);
  const isNew = query.operation === 'insert';
  const owning = isNew ? referringColumns(query.table, world) : undefined;
  const ties = isNew
    ? query.values.flatMap(({ column, value }) => (owning?.has(column) === true ? [value] : []))
    : tiesOf('self', query.where);
  const start: RowVariable = { name: 'self', table: query.table, where: query.where };
  let [at, terms, hops] = [start, ties, 0];
  const seen = new Set([at.name]);
  for (let row = behind(terms, known, seen); row !== undefined && hops < mostHops; row = behind(terms, known, seen)) {
    seen.add(row.name);
    [at, terms, hops] = [row, tiesOf(row.name, row.where), hops + 1];
  }
  // The same unchecked value is one cause, whatever is looked up by it.
  const chosen = [...new Set(terms.filter(isChosen).map(termKey))].toSorted(compareText);
  if (chosen.length > 0) return { key: `${entryPoint.name}\n${chosen.join('\n')}`, hops };
  const where = renameRows(at.where, name => (name === at.name ? 'self' : name));
  const shown = at === start && isNew ? query.values.map(({ column }) => column).join(',') : predicateText(where);
  return { key: `${entryPoint.name}\n${at.table} ${shown}`, hops };
}

/** The row that one of the terms is a column of, unless who asks chose it. */
function behind(
  terms: readonly Term[],
  known: ReadonlyMap<string, RowVariable>,
  seen: ReadonlySet<string>,
): RowVariable | undefined {
  for (const term of terms) {
    if (term.kind !== 'column' || seen.has(term.row)) continue;
    const row = known.get(term.row);
    if (row !== undefined && !termsOf(row.where).some(other => other.kind === 'principal')) return row;
  }
  return undefined;
}

/** What columns of the row must equal; what the caller chose comes last, as rows say more. */
function tiesOf(name: string, where: Predicate): readonly Term[] {
  const isOwn = (term: Term): boolean => term.kind === 'column' && term.row === name;
  const found = assignedEqualitiesOf(where).flatMap(([left, right]) =>
    isOwn(left) ? [right] : isOwn(right) ? [left] : [],
  );
  return [...found.filter(term => !isChosen(term)), ...found.filter(isChosen)];
}

/** Columns of a new row that say whose it is. */
function referringColumns(table: string, { database, tenancy }: World): ReadonlySet<string> {
  const owner = ownerColumnOf(table, tenancy);
  const keys = tablesByName(database).get(table)?.foreignKeys ?? [];
  return new Set([...(owner === undefined ? [] : [owner]), ...keys.flatMap(key => key.columns)]);
}
