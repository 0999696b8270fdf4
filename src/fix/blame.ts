import { objectName } from '../core/cell.ts';
import type { Cell, CellCommand } from '../core/cell.ts';
import type { Finding } from '../core/finding.ts';
import type { VerificationStep } from '../core/fix.ts';
import { severityRank } from '../core/verdict.ts';
import type { JudgedPath } from '../checks/check.ts';
import { bareName } from './fixers/statements.ts';
import { functionsBehind } from '../model/database/functions-behind.ts';
import type { DatabaseModel, ReplayFailure } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import type { OwnAccess } from '../prove/exploit/own-access.ts';
import type { ProposedFix } from './propose.ts';
import type { TypeError } from './typecheck.ts';

/** What the pipeline said before and after. */
export interface BeforeAndAfter {
  readonly before: { readonly findings: readonly Finding[]; readonly paths: readonly JudgedPath[] };
  readonly after: { readonly findings: readonly Finding[]; readonly paths: readonly JudgedPath[] };
}

/** Fixes that do not hold, each with the step that failed. */
export type Faults = Map<ProposedFix, VerificationStep>;

/** Blames fixes whose own migration Postgres does not take. */
export function blameReplay(fixes: readonly ProposedFix[], failed: readonly ReplayFailure[], faults: Faults): void {
  for (const { file, line, message } of failed)
    for (const fix of fixes.filter(({ newFiles }) => newFiles.some(added => added.file === file)))
      fail(faults, fix, 'replay', `Postgres refuses ${file}:${line}: ${message}.`);
}

/**
 * Blames fixes whose finding is still there and as bad as before, that open another one, or that take the owner's own access
 * away. What is less bad than before leaves the rest to the next repair.
 */
export function blameFindings(fixes: readonly ProposedFix[], { before, after }: BeforeAndAfter, faults: Faults): void {
  const known = new Map(before.findings.map(finding => [finding.fingerprint, finding]));
  const open = new Map(after.findings.map(finding => [finding.fingerprint, finding]));
  for (const fix of fixes) {
    const [first] = fix.findings
      .flatMap(fingerprint => open.get(fingerprint) ?? [])
      .filter(
        finding => severityRank(finding.severity) <= severityRank(known.get(finding.fingerprint)?.severity ?? 'low'),
      );
    if (first !== undefined) fail(faults, fix, 'trace', `Still there: ${first.message}`);
  }
  for (const finding of after.findings.filter(candidate => !known.has(candidate.fingerprint))) {
    for (const fix of openersOf(finding, fixes, known)) fail(faults, fix, 'trace', `Opens another: ${finding.message}`);
  }
  const broken = new Set(before.paths.filter(path => path.verdict === 'broken').map(path => path.id));
  for (const path of after.paths.filter(candidate => candidate.verdict === 'broken' && !broken.has(candidate.id))) {
    for (const fix of fixes.filter(candidate => changes(candidate, path.sink.file) || candidate.newFiles.length > 0)) {
      fail(faults, fix, 'trace', `Takes the owner's own access away: ${path.entryPoint.name}`);
    }
  }
}

/** What the replica said before and after: how its cells stand, and what a tenant's own people can do. */
export interface AccessBeforeAndAfter {
  readonly before: Replicated;
  readonly after: Replicated;
}

interface Replicated {
  readonly cells: readonly Cell[];
  readonly access: readonly OwnAccess[];
  readonly tenancy: TenancyModel;
  readonly database: DatabaseModel;
}

/** Something that fixes took from its owners, or opened to others, and the fixes that may have done it. */
export interface Loss {
  readonly detail: string;
  readonly suspects: readonly ProposedFix[];
}

/** What fixes of the database keep its own people from, and what they open that was closed. */
export function lossesOf(fixes: readonly ProposedFix[], { before, after }: AccessBeforeAndAfter): readonly Loss[] {
  const known = new Map(before.cells.map(cell => [cellKey(cell), cell.verdict]));
  const losses: Loss[] = [];
  for (const cell of after.cells) {
    const verdict = known.get(cellKey(cell));
    const object = objectName(cell);
    if (cell.verdict === 'broken' && verdict !== undefined && verdict !== 'broken')
      losses.push({
        detail: `Keeps owners out of '${object}': ${cell.because}`,
        suspects: suspectsOf(fixes, [...relationsIn(cell.because), object, ...asked(object, after.database)]),
      });
    if (cell.verdict === 'leaks' && verdict === 'isolated')
      losses.push({
        detail: `Opens '${object}', ${cell.command} by ${cell.role}: ${cell.because}`,
        suspects: suspectsOf(fixes, [object, ...asked(object, after.database)]),
      });
  }
  const root = after.tenancy.root?.table;
  for (const lost of lostAccess(before, after)) {
    const places = lost.as === 'newcomer' && root !== undefined ? [root, lost.table] : [lost.table];
    const further = asked(lost.table, before.database);
    const suspects = new Set(places.flatMap(place => suspectsOf(fixes, [place, ...further])));
    losses.push({ detail: accessWords(lost), suspects: [...suspects] });
  }
  return losses;
}

/** Who belongs to a tenant is for its administrators to say: what its members could do there is no access of theirs. */
function lostAccess(before: Replicated, after: Replicated): readonly OwnAccess[] {
  const still = new Set(after.access.map(accessKey));
  const memberships = new Set(after.tenancy.memberships.map(membership => membership.table));
  return before.access.filter(each => {
    const isAdministered =
      each.as === 'member' &&
      each.actor === 'member' &&
      each.command !== 'select' &&
      memberships.has(each.table) &&
      still.has(accessKey({ ...each, actor: 'admin' }));
    return !still.has(accessKey(each)) && !isAdministered;
  });
}

/** Those that change rights on an object, else anything of it, else name it, else all: the first object that has some. */
function suspectsOf(fixes: readonly ProposedFix[], objects: readonly string[]): readonly ProposedFix[] {
  const ofDatabase = fixes.filter(fix => sqlOf(fix) !== '');
  const chosen = (isChosen: (sql: string, object: string) => boolean) =>
    objects.map(object => ofDatabase.filter(fix => isChosen(sqlOf(fix), object)));
  const byClue = [
    ...chosen((sql, object) => changesTable(withoutShape(sql), object)),
    ...chosen(changesTable),
    ...chosen((sql, object) => hasWord(sql, bareName(object))),
    ofDatabase,
  ];
  return byClue.find(each => each.length > 0) ?? [];
}

function sqlOf({ newFiles }: ProposedFix): string {
  return newFiles
    .filter(({ file }) => file.endsWith('.sql'))
    .map(({ text }) => text)
    .join('\n');
}

/** Without indexes, keys and search paths, which let nobody in and keep nobody out. */
function withoutShape(sql: string): string {
  return sql
    .split(/;\n/)
    .filter(
      statement =>
        !/^\s*(?:--.*\n)*\s*(?:create (?:unique )?index|alter table \S+ add constraint|alter function .* search_path)\b/i.test(
          statement,
        ),
    )
    .join(';\n');
}

function changesTable(sql: string, object: string): boolean {
  const name = escaped(bareName(object));
  return new RegExp(`\\b(?:on|table|view|function)\\s+(?:"?\\w+"?\\.)?"?${name}"?(?!\\w)`, 'i').test(sql);
}

function hasWord(sql: string, name: string): boolean {
  return new RegExp(`(?<!\\w)${escaped(name)}(?!\\w)`).test(sql);
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w]/g, '\\$&');
}

/** What it depends on: tables that its keys lead to, and what its policies or the function's body name, through functions too. */
function asked(object: string, database: DatabaseModel): readonly string[] {
  const { tables, functions } = database;
  const table = tables.find(({ name }) => name === object);
  const texts = [
    ...(table?.policies ?? []).map(({ using = '', check = '' }) => `${using} ${check}`),
    ...functions.filter(({ name }) => name === object).map(({ body }) => body),
  ];
  const called = functionsBehind(texts.join('\n'), database);
  const text = [...texts, ...called.map(({ body }) => body)].join('\n');
  const named = [...tables.filter(({ name }) => hasWord(text, bareName(name))), ...called];
  return [
    ...(table?.foreignKeys ?? []).map(key => key.table),
    ...named.map(({ name }) => name).filter(name => name !== object),
  ];
}

function relationsIn(message: string): readonly string[] {
  return [...message.matchAll(/relation "([^"]+)"/g)].map(match => match[1] ?? '');
}

function cellKey({ schema, object, objectKind, bucket, role, actor, command }: Cell): string {
  return JSON.stringify([schema, object, objectKind, bucket, role, actor, command]);
}

function accessKey({ role, actor, command, table, as }: OwnAccess): string {
  return JSON.stringify([role, actor, command, table, as]);
}

const deeds: Readonly<Record<CellCommand, string>> = {
  select: 'read',
  insert: 'add',
  update: 'change',
  delete: 'delete',
  truncate: 'empty',
  execute: 'call',
};

function accessWords({ actor, command, table, as }: OwnAccess): string {
  if (as === 'newcomer') return `Who makes a tenant could no longer become its first member in '${table}'.`;
  if (as === 'party')
    return `Who takes part in a row of another's could no longer ${deeds[command]} it in '${table}', as a shop does an order.`;
  const who = actor === 'admin' ? 'An administrator' : 'A member';
  return command === 'execute'
    ? `${who} who calls '${table}' would no longer reach rows of the own tenant by it.`
    : `${who} could no longer ${deeds[command]} rows of the own tenant in '${table}'.`;
}

/** Blames the fixes whose own lines are closest to what the type checker complains about. */
export function blameTypes(
  errors: readonly TypeError[],
  tried: { readonly fixes: readonly ProposedFix[]; readonly base: ReadonlyMap<string, string | undefined> },
  faults: Faults,
): void {
  const { fixes, base } = tried;
  const doomed = new Set(faults.keys());
  for (const error of errors) {
    const near = nearest(
      error,
      fixes.filter(fix => changes(fix, error.file)),
      base,
    );
    // A fix that is taken back anyway takes its errors along.
    if (near.some(fix => doomed.has(fix))) continue;
    // An error in a file that nobody touched comes from a changed signature: those that changed one are in doubt.
    const signatures = fixes.filter(fix =>
      fix.edits.some(edit => edit.shared === true && /^(?:, )?\w+: /.test(edit.text)),
    );
    const guilty = near.length > 0 ? near : signatures.length > 0 ? signatures : fixes;
    for (const fix of guilty) fail(faults, fix, 'typecheck', `${error.file}:${error.line} ${error.message}`);
  }
}

function fail(faults: Faults, fix: ProposedFix, step: VerificationStep['step'], detail: string): void {
  if (!faults.has(fix)) faults.set(fix, { step, outcome: 'failed', detail });
}

/**
 * The fixes that a new finding comes from: those for the same entry point or object, else those that changed its file.
 * What is milder than everything a fix closes is progress: row security that does not bind the owner yet is better than
 * none.
 */
function openersOf(
  finding: Finding,
  fixes: readonly ProposedFix[],
  known: ReadonlyMap<string, Finding>,
): readonly ProposedFix[] {
  const closed = (fix: ProposedFix) => fix.findings.flatMap(fingerprint => known.get(fingerprint) ?? []);
  const isWorse = (fix: ProposedFix) =>
    !closed(fix).every(own => severityRank(own.severity) < severityRank(finding.severity));
  const same = fixes.filter(fix => closed(fix).some(own => isAbout(own, finding, fix)));
  const guilty = same.length > 0 ? same : fixes.filter(fix => changes(fix, finding.file));
  return guilty.filter(isWorse);
}

function isAbout(own: Finding, finding: Finding, fix: ProposedFix): boolean {
  if (own.entryPoint === undefined) return own.object !== undefined && own.object === finding.object;
  return own.entryPoint === finding.entryPoint && (own.object === finding.object || changes(fix, finding.file));
}

function changes(fix: ProposedFix, file: string): boolean {
  return fix.edits.some(edit => edit.file === file) || fix.newFiles.some(added => added.file === file);
}

function nearest(
  error: TypeError,
  fixes: readonly ProposedFix[],
  base: ReadonlyMap<string, string | undefined>,
): readonly ProposedFix[] {
  if (fixes.length < 2) return fixes;
  const edits = fixes.flatMap(fix => fix.edits.filter(edit => edit.file === error.file));
  const text = base.get(error.file) ?? '';
  const lineOf = (start: number): number => {
    let added = 0;
    for (const edit of edits)
      if (edit.start < start) added += newLines(edit.text) - newLines(text.slice(edit.start, edit.end));
    return newLines(text.slice(0, start)) + 1 + added;
  };
  const distances = fixes.map(fix => {
    const own = fix.edits
      .filter(edit => edit.file === error.file)
      .map(edit =>
        Math.min(
          Math.abs(lineOf(edit.start) - error.line),
          Math.abs(lineOf(edit.start) + newLines(edit.text) - error.line),
        ),
      );
    return { fix, distance: Math.min(...own) };
  });
  const least = Math.min(...distances.map(each => each.distance));
  return distances.filter(each => each.distance <= least + 1).map(each => each.fix);
}

function newLines(text: string): number {
  return text.split('\n').length - 1;
}
