import type { JudgedPath } from '../../checks/check.ts';
import type { Sibling } from '../../core/advice.ts';
import { comparePlaces, compareText } from '../../core/place.ts';
import type { Predicate } from '../../core/predicate.ts';
import { isChosen, termsOf } from '../../logic/terms.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { predicateText } from '../sql-text.ts';
import { hintFor } from './hint.ts';

/** Reads a file of the app; absent when it is gone. */
export type ReadText = (file: string) => string | undefined;

/** Paths that are right, by table and by the column that ties them. */
export interface SiblingIndex {
  readonly find: (path: JudgedPath) => Sibling | undefined;
}

interface Candidate {
  readonly path: JudgedPath;
  readonly tie: Predicate;
  readonly column: string;
}

const longestQuery = 40;
const shownLines = 6;

/** Looks for a query that is tied to the caller and could be a pattern: the same table first, then the same owner column. */
export function indexSiblings(paths: readonly JudgedPath[], tenancy: TenancyModel, read: ReadText): SiblingIndex {
  const columns = ownerColumns(tenancy);
  const candidates = paths.flatMap((path): readonly Candidate[] => {
    if (path.verdict !== 'isolated' || path.sink.table !== path.model.query.table) return [];
    if (path.model.query.operation === 'insert') return [];
    if (path.reason !== 'scoped-by-session' && path.reason !== 'scoped-by-membership') return [];
    const column = columns.get(path.sink.table);
    const tie = column === undefined ? undefined : tieOf(path.model.query.where, column);
    // The tenant's own row, found by its key: only what the session or a membership says ties it to the caller.
    if (tie !== undefined && isTenantTable(path.sink.table, tenancy) && !asksWho(tie)) return [];
    return tie === undefined || column === undefined ? [] : [{ path, tie, column }];
  });
  const byTable = grouped(candidates, candidate => candidate.path.sink.table);
  const byColumn = grouped(candidates, candidate => candidate.column);
  return {
    find: path => {
      const column = columns.get(path.sink.table);
      const same = best(byTable.get(path.sink.table) ?? [], path, read);
      if (same !== undefined) return toSibling(same, path, true, read);
      const other = column === undefined ? undefined : best(byColumn.get(column) ?? [], path, read);
      const far = other === undefined ? undefined : toSibling(other, path, false, read);
      // A bare name out of another table's query says nothing here.
      return far?.asCode === true && /\W/.test(far.condition) ? far : undefined;
    },
  };
}

function grouped(
  candidates: readonly Candidate[],
  key: (candidate: Candidate) => string,
): ReadonlyMap<string, readonly Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const group = groups.get(key(candidate));
    if (group === undefined) groups.set(key(candidate), [candidate]);
    else group.push(candidate);
  }
  return groups;
}

/** The first column on the way to the owner, for each owned table. */
function ownerColumns(tenancy: TenancyModel): ReadonlyMap<string, string> {
  return new Map(
    tenancy.owners.flatMap(({ table, ownership }): readonly (readonly [string, string])[] =>
      ownership.kind === 'tenant' || ownership.kind === 'user' ? [[table, ownership.path[0].column]] : [],
    ),
  );
}

function isTenantTable(table: string, { root, principal }: TenancyModel): boolean {
  return table === root?.table || table === principal?.table;
}

function asksWho(tie: Predicate): boolean {
  return tie.kind === 'exists' || termsOf(tie).some(term => term.kind === 'principal');
}

/** How near two files are: an idiom of the neighbourhood fits best. */
function sharedFolders(left: string, right: string): number {
  const [here, there] = [left.split('/').slice(0, -1), right.split('/').slice(0, -1)];
  const differs = here.findIndex((part, index) => part !== there[index]);
  return Math.min(4, differs < 0 ? here.length : differs);
}

/** The conjunct that compares the owner column with something that the caller did not choose alone, or asks for membership. */
function tieOf(where: Predicate, column: string): Predicate | undefined {
  const conjuncts = where.kind === 'and' ? where.operands : [where];
  const names = (conjunct: Predicate): boolean =>
    termsOf(conjunct).some(term => term.kind === 'column' && term.row === 'self' && term.column === column);
  return (
    conjuncts.find(conjunct => conjunct.kind === 'compare' && names(conjunct) && !termsOf(conjunct).some(isChosen)) ??
    conjuncts.find(conjunct => conjunct.kind === 'exists' && names(conjunct)) ??
    conjuncts.find(names)
  );
}

function best(candidates: readonly Candidate[], path: JudgedPath, read: ReadText): Candidate | undefined {
  const score = (candidate: Candidate): number =>
    (candidate.path.sink.client === path.sink.client ? 8 : 0) +
    (candidate.path.sink.operation === path.sink.operation ? 4 : 0) +
    (candidate.path.sink.file === path.sink.file ? 3 : 0) +
    (candidate.path.entryPoint.kind === path.entryPoint.kind ? 2 : 0) +
    (termsOf(candidate.tie).some(isChosen) ? 0 : 1) +
    sharedFolders(candidate.path.sink.file, path.sink.file);
  const isClass = (candidate: Candidate): boolean => /\bthis\./.test(linesOf(candidate.path, read).join('\n'));
  const ranked = candidates.toSorted(
    (left, right) =>
      score(right) - score(left) ||
      comparePlaces(left.path.sink, right.path.sink) ||
      compareText(left.path.entryPoint.name, right.path.entryPoint.name),
  );
  // What stands in a class speaks of the class; a function of its own is easier to follow.
  return ranked.slice(0, looked).find(candidate => !isClass(candidate)) ?? ranked[0];
}

const looked = 4;

function toSibling({ path, tie, column }: Candidate, faulty: JudgedPath, sameTable: boolean, read: ReadText): Sibling {
  const { file, line } = path.sink;
  const lines = linesOf(path, read);
  const condition = conditionInCode(lines.join('\n'), column);
  return {
    file,
    line,
    entryPoint: path.entryPoint.name,
    sameTable,
    condition: condition ?? predicateText(tie),
    asCode: condition !== undefined,
    code: lines
      .map(text => text.trim())
      .filter(text => text !== '')
      .slice(0, shownLines),
    // On another table the names would be wrong.
    hint: condition === undefined || !sameTable ? [] : hintIn(linesOf(faulty, read).join('\n'), condition, column),
  };
}

/** A condition on the same column is replaced, not joined. */
function hintIn(code: string, condition: string, column: string): ReturnType<typeof hintFor> {
  const present = conditionInCode(code, column);
  // The same column by its short form: the condition is there, and something else is wrong.
  if (present === condition || condition === present?.split(':')[0]?.trim()) return [];
  return present === undefined
    ? hintFor(code, condition)
    : [
        { sign: '-', text: present },
        { sign: '+', text: condition },
      ];
}

function linesOf({ sink }: JudgedPath, read: ReadText): readonly string[] {
  const endLine = Math.min(sink.endLine ?? sink.line, sink.line + longestQuery);
  return (read(sink.file) ?? '').split('\n').slice(sink.line - 1, endLine);
}

/** The piece of a query's code that compares the column, in the forms that the query builders have. */
export function conditionInCode(code: string, column: string): string | undefined {
  const camel = column.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const name = [...new Set([column, camel])].map(escape).join('|');
  const value = String.raw`(?:[^(){}\[\],\n]|\((?:[^()]|\([^()]*\))*\)|\{[^{}\n]*\}|\[[^\]\n]*\])+`;
  const forms = [
    // eq(orders.organizationId, session.organizationId)
    new RegExp(String.raw`\b(?:eq|inArray|sql\.eq)\(\s*[\w.]*\b(?:${name})\b\s*,\s*${value}\)`),
    // .eq('organization_id', organizationId), .where('team_id', '=', teamId)
    new RegExp(
      String.raw`\.(?:eq|in|match|where|andWhere|filter)\(\s*['"][\w.]*\b(?:${name})['"]\s*,\s*(?:['"][^'"]+['"]\s*,\s*)?${value}\)`,
    ),
    // organization_id = ${organizationId}, organization_id = $1
    new RegExp(String.raw`\b(?:\w+\.)?"?(?:${name})"?\s*=\s*(?:\$\{[^}]*\}|\$\d+|any\([^)]*\))`, 'i'),
    // teamId: session.teamId, team: { … }
    new RegExp(String.raw`\b(?:${name})\s*:\s*${value}`),
    // { id, teamId }
    new RegExp(String.raw`(?<=[{,]\s*)\b(?:${name})\b(?=\s*[,}])`),
  ];
  const text = filterIn(code);
  for (const form of forms) {
    const match = form.exec(text)?.[0].replaceAll(/\s+/g, ' ').trim();
    if (match !== undefined && match.length < 160 && !/:\s*(?:true|false|null|undefined)$/.test(match)) return match;
  }
  return undefined;
}

/** The filter of a query: what is selected or written beside it names the same columns. */
function filterIn(code: string): string {
  const start = /\bwhere\s*(?::\s*)?(?=[({])/.exec(code);
  if (start === null) return code;
  const from = start.index + start[0].length;
  let depth = 0;
  for (let index = from; index < code.length; index += 1) {
    if ('([{'.includes(code.charAt(index))) depth += 1;
    if (')]}'.includes(code.charAt(index))) depth -= 1;
    if (depth === 0) return code.slice(from, index + 1);
  }
  return code.slice(from);
}

function escape(text: string): string {
  return text.replaceAll(/[^\w]/g, String.raw`\$&`);
}
