import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cell } from '../../src/core/cell.ts';
import type { Finding } from '../../src/core/finding.ts';
import type { RulesResult, TraceResult } from '../../src/core/result.ts';

/** What an example really leaks. Only tests read it. */
export interface Truth {
  readonly app: string;
  readonly entryPoints: readonly { readonly kind: string; readonly name: string }[];
  readonly leaks: readonly TruthLeak[];
  readonly safe: readonly TruthSafe[];
  readonly either?: readonly TruthPlace[];
  readonly tolerated?: readonly TruthPlace[];
  readonly cells?: readonly TruthCell[];
}

/** Where something is. */
export interface TruthPlace {
  readonly entryPoint?: string;
  readonly file?: string;
  readonly sinkFile?: string;
  readonly table?: string | null;
  readonly operation?: string;
  /** Other tables that the same leak gives away, through joins and includes. */
  readonly alsoTables?: readonly string[];
  /** Other entry points that reach the same leak. */
  readonly alsoFrom?: string | readonly string[];
}

/** One seeded leak. */
export interface TruthLeak extends TruthPlace {
  readonly id: string;
  readonly cause: string;
  readonly judge: 'trace' | 'rules' | 'both';
  readonly check?: string | readonly string[];
  readonly cell?: CellName;
  readonly http: boolean;
}

/** A place that looks like a leak and is none. */
export interface TruthSafe extends TruthPlace {
  readonly id: string;
  readonly cell?: CellName;
  readonly why: string;
}

/** A cell of the matrix by name. */
export interface CellName {
  readonly object: string;
  readonly role: string;
  readonly command: string;
}

/** A cell with its right verdict. */
export interface TruthCell extends CellName {
  readonly bucket?: string;
  readonly verdict: 'leaks' | 'isolated' | 'public' | 'either';
}

/** What differs between an answer and the truth; all lists empty means equal. */
export interface Difference {
  readonly missed: readonly string[];
  readonly false: readonly string[];
  readonly unknown: readonly string[];
  readonly entryPoints: readonly string[];
}

/** Reads the truth of one example. */
export function readTruth(name: string): Truth {
  return JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), `${name}.json`), 'utf8')) as Truth;
}

/** Holds a trace against the truth. */
export function compareTrace(truth: Truth, result: TraceResult): Difference {
  const leaks = truth.leaks.filter(leak => leak.judge !== 'rules');
  const leaking = result.paths.filter(path => path.verdict === 'leaks');
  const found = (leak: TruthLeak): boolean => leaking.some(path => isPathOf(leak, path)) || result.findings.some(finding => isFindingOf(leak, finding));
  const known = [...leaks, ...(truth.either ?? []), ...(truth.tolerated ?? [])];
  // Which of the path checks speaks is a matter of words; that it speaks of a leaking path is not.
  const trueIds = new Set(leaking.filter(path => known.some(leak => isPathOf(leak, path))).map(path => path.id));
  const isTrue = (finding: Finding): boolean =>
    leaks.some(leak => isFindingOf(leak, finding)) || (finding.check.startsWith('path/') && finding.pathIds.length > 0 && finding.pathIds.every(id => trueIds.has(id)));
  return {
    missed: leaks.filter(leak => !found(leak)).map(leak => `${leak.id}: ${leak.entryPoint ?? ''} ${leak.table ?? ''} ${String(leak.check ?? '')} (${leak.cause})`),
    false: [
      ...leaking.filter(path => !known.some(leak => isPathOf(leak, path))).map(path => `path ${path.entryPoint.name} → ${path.sink.table} ${path.sink.operation} (${path.reason}) at ${path.sink.file}:${path.sink.line}`),
      ...result.findings.filter(finding => !isTrue(finding)).map(finding => `finding ${finding.check} ${finding.entryPoint ?? ''} ${finding.object ?? ''} at ${finding.file}:${finding.line}`),
    ],
    unknown: result.paths.filter(path => path.verdict === 'unknown').map(path => `${path.entryPoint.name} → ${path.sink.table}: ${path.notes[0] ?? ''}`),
    entryPoints: namesApart(truth.entryPoints.map(entry => entry.name), result.entryPoints.map(entry => entry.name)),
  };
}

function isPathOf(leak: TruthPlace, path: TraceResult['paths'][number]): boolean {
  const entryPoints = [leak.entryPoint, ...(typeof leak.alsoFrom === 'string' ? [leak.alsoFrom] : (leak.alsoFrom ?? []))];
  const tables = [leak.table, ...(leak.alsoTables ?? [])];
  return entryPoints.includes(path.entryPoint.name) && (leak.table === undefined || leak.table === null || tables.includes(path.sink.table));
}

function isFindingOf(leak: TruthLeak, finding: Finding): boolean {
  const checks = leak.check === undefined ? [] : typeof leak.check === 'string' ? [leak.check] : leak.check;
  if (!checks.includes(finding.check)) return false;
  if (finding.entryPoint !== undefined && finding.entryPoint === leak.entryPoint) return true;
  return finding.file === leak.sinkFile || finding.file === leak.file;
}

function namesApart(expected: readonly string[], actual: readonly string[]): readonly string[] {
  const [wanted, got] = [new Set(expected), new Set(actual)];
  return [...[...wanted].filter(name => !got.has(name)).map(name => `missing ${name}`), ...[...got].filter(name => !wanted.has(name)).map(name => `surplus ${name}`)];
}

/** Holds the matrix against the truth: every cell that the truth names, and every seeded database leak. */
export function compareRules(truth: Truth, result: RulesResult): Difference {
  const missed: string[] = [];
  const wrong: string[] = [];
  const cells: readonly TruthCell[] = truth.cells ?? cellsOfLeaks(truth);
  for (const cell of cells) {
    const verdicts = result.cells.filter(candidate => isCell(cell, candidate)).map(candidate => candidate.verdict);
    const leaks = verdicts.includes('leaks');
    if (cell.verdict === 'leaks' && !leaks) missed.push(`${nameOf(cell)}: ${verdicts.join(', ') || 'no cell'}`);
    if ((cell.verdict === 'isolated' || cell.verdict === 'public') && leaks) wrong.push(nameOf(cell));
  }
  const databaseLeaks = truth.leaks.filter(leak => leak.judge === 'rules');
  missed.push(...databaseLeaks.filter(leak => !result.findings.some(finding => isDatabaseFinding(leak, finding))).map(leak => `${leak.id}: no finding ${String(leak.check ?? '')} on ${leak.cell?.object ?? leak.table ?? ''}`));
  const unknown = result.cells.filter(cell => cell.verdict === 'unknown').map(cell => `${cell.object} ${cell.role} ${cell.command}: ${cell.because}`);
  return { missed, false: wrong, unknown, entryPoints: [] };
}

function cellsOfLeaks(truth: Truth): readonly TruthCell[] {
  return [
    ...truth.leaks.flatMap(leak => (leak.cell === undefined ? [] : [{ ...leak.cell, verdict: 'leaks' as const }])),
    ...truth.safe.flatMap(safe => (safe.cell === undefined ? [] : [{ ...safe.cell, verdict: 'isolated' as const }])),
  ];
}

function isCell(wanted: TruthCell, cell: Cell): boolean {
  const names = [cell.object, `${cell.schema}.${cell.object}`, cell.object.replace(/\(.*$/, '')];
  if (cell.bucket !== wanted.bucket) return false;
  return names.includes(wanted.object) && cell.role === wanted.role && cell.command === wanted.command && cell.tier === 'api';
}

function isDatabaseFinding(leak: TruthLeak, finding: Finding): boolean {
  const checks = leak.check === undefined ? [] : typeof leak.check === 'string' ? [leak.check] : leak.check;
  const object = leak.cell?.object ?? leak.table ?? undefined;
  return finding.check.startsWith('database/') && (checks.length === 0 || checks.includes(finding.check)) && (object === undefined || finding.object?.replace(/\(.*$/, '').endsWith(object) === true);
}

function nameOf(cell: TruthCell): string {
  return `${cell.bucket ?? cell.object} ${cell.role} ${cell.command}`;
}
