import type { Cell } from '../../core/cell.ts';
import { formatPlace } from '../../core/place.ts';
import type { RulesResult } from '../../core/result.ts';
import { objectName, toMatrices } from '../matrix.ts';
import { orderCells, orderFindings } from '../order.ts';
import { actorWords, count } from '../words.ts';
import { changeLines } from './changes.ts';
import { explainFinding, transcriptLines } from './finding.ts';
import { findingList } from './findings.ts';
import { gateLines } from './gate.ts';
import { gapLines, heading, problemLines, suppressedLines } from './heading.ts';
import { matrixLegend, matrixLines } from './matrix.ts';
import { type Pen, paragraph, type TerminalOptions, verdictSentence } from './pen.ts';
import { clean } from './text.ts';
import { findingNumber } from './trace.ts';

/** The database on one screen: verdict, matrix, findings; transcripts of what leaks on demand. */
export function renderRules(pen: Pen, result: RulesResult, options: TerminalOptions): readonly string[] {
  if (options.focus !== undefined) return renderFocus(pen, result, options.focus);
  const findings = orderFindings(result.findings);
  const all = options.all === true;
  const matrices = toMatrices(result.cells);
  const asked = [
    ...(result.diff === undefined ? [] : changeLines(pen, result.diff, all)),
    ...(result.gate === undefined ? [] : gateLines(pen, result.gate)),
  ];
  const isWhole = asked.length === 0 || all;
  return [
    ...heading(pen, 'drydock rules', result),
    ...asked,
    ...verdictLines(pen, result),
    ...knownLines(pen, result),
    ...problemLines(pen, result.problems ?? []),
    ...replayLines(pen, result, all),
    ...(isWhole ? matrices.flatMap(matrix => matrixLines(pen, matrix, all)) : []),
    ...(isWhole && matrices.length > 0 ? [...matrixLegend(pen), ''] : []),
    ...findingList(pen, findings),
    ...(findings.length > 0 ? [''] : []),
    ...(all ? leakingCells(pen, result.cells) : []),
    ...suppressedLines(pen, result.suppressed ?? [], all),
    ...gapLines(pen, result.gaps, all, 'drydock rules --all'),
    ...(findings.length > 0 && !all
      ? [
          ...paragraph(
            pen,
            'drydock rules 1 shows finding 1 with its transcript, drydock rules <table> everything about a table.',
            2,
            pen.quiet,
          ),
          '',
        ]
      : []),
  ];
}

function verdictLines(pen: Pen, result: RulesResult): readonly string[] {
  const leaking = result.cells.filter(cell => cell.verdict === 'leaks');
  const objects = new Set(leaking.map(objectName)).size;
  const unknown = result.cells.filter(cell => cell.verdict === 'unknown').length;
  const tried = 'Every role tried every command on every table, view and function, in a copy of your database.';
  const attempts = count(result.cells.length, 'attempt');
  const { root, principal, memberships } = result.tenancy;
  const tenancy =
    root === undefined
      ? 'No tenant was found in the schema.'
      : `A tenant is a row of ${root}, a user a row of ${principal ?? '?'}${memberships.length > 0 ? `, members are in ${memberships.join(', ')}` : ''}.`;
  return [
    ...(leaking.length > 0
      ? verdictSentence(
          pen,
          `${leaking.length} of ${attempts} reached another tenant's rows, in ${count(objects, 'object')}.`,
          false,
        )
      : verdictSentence(
          pen,
          `None of ${attempts} reached another tenant's rows${unknown > 0 ? `; ${unknown} could not be told` : ''}.`,
          true,
        )),
    ...paragraph(pen, tried, 2),
    ...paragraph(pen, clean(tenancy), 2, pen.quiet),
    '',
  ];
}

function knownLines(pen: Pen, { known }: RulesResult): readonly string[] {
  if (known === undefined || known.count === 0) return [];
  return [
    ...paragraph(pen, `${count(known.count, 'finding')} left out, known ${clean(known.where)}.`, 2, pen.quiet),
    '',
  ];
}

function replayLines(pen: Pen, result: RulesResult, all: boolean): readonly string[] {
  const { files, statements, failed } = result.replay;
  const shown = all ? failed : failed.filter(failure => failure.firstCause).slice(0, 5);
  const whole = `${count(files, 'migration')}, ${count(statements, 'statement')} replayed${failed.length > 0 ? `, ${failed.length} failed` : ''}`;
  return [
    pen.quiet(`  ${whole}`),
    ...shown.flatMap(failure =>
      paragraph(pen, `${formatPlace(failure)}  ${failure.sqlstate}  ${clean(failure.message)}`, 5, pen.quiet),
    ),
    ...(shown.length < failed.length
      ? [pen.quiet(`     … ${failed.length - shown.length} more, most of them for the same cause`)]
      : []),
    '',
  ];
}

function leakingCells(pen: Pen, cells: readonly Cell[]): readonly string[] {
  return orderCells(cells)
    .filter(cell => cell.verdict === 'leaks')
    .flatMap(cell => cellLines(pen, cell));
}

/** One cell with its transcripts. */
function cellLines(pen: Pen, cell: Cell): readonly string[] {
  const paint = cell.verdict === 'leaks' ? pen.warm : pen.strong;
  return [
    ...paragraph(
      pen,
      `${objectName(cell)}: ${cell.command} as ${cell.role}, ${actorWords(cell.actor)}: ${cell.verdict}${cell.tier === 'sql' ? ' (needs free SQL)' : ''}`,
      2,
      paint,
    ),
    ...paragraph(pen, clean(cell.because), 5),
    ...cell.evidence.flatMap(evidence => [
      ...transcriptLines(pen, evidence.transcript, pen.quiet),
      ...evidence.assumptions.flatMap(text => paragraph(pen, `assumes: ${clean(text)}`, 5, pen.quiet)),
    ]),
    '',
  ];
}

function renderFocus(pen: Pen, result: RulesResult, focus: string): readonly string[] {
  const findings = orderFindings(result.findings);
  const number = findingNumber(findings, focus);
  const finding = number === undefined ? undefined : findings[number - 1];
  if (finding !== undefined) return explainFinding(pen, finding, []);
  const cells = orderCells(result.cells).filter(
    cell => objectName(cell) === focus || `${cell.schema}.${cell.object}` === focus,
  );
  if (cells.length === 0)
    return paragraph(
      pen,
      `No finding, table, view or function is called '${clean(focus)}'. 'drydock rules --all' lists them.`,
      0,
    );
  const owner = result.tenancy.owners.find(each => each.table === focus);
  return [
    ...heading(pen, `drydock rules ${clean(focus)}`, result),
    ...(owner === undefined
      ? []
      : [
          ...paragraph(
            pen,
            `A row belongs to its tenant by ${owner.path.join(' → ') || owner.kind} (${owner.confidence}).`,
            2,
          ),
          '',
        ]),
    ...cells.flatMap(cell => cellLines(pen, cell)),
  ];
}
