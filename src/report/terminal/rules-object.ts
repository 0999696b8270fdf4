import { objectName, type Cell, type CellCommand } from '../../core/cell.ts';
import { groupBy } from '../../core/group.ts';
import { nearestNames } from '../../core/nearest.ts';
import { formatPlace } from '../../core/place.ts';
import type { RulesResult } from '../../core/result.ts';
import { opensFor, type PolicyText, type TableRules } from '../../core/rules.ts';
import { commands, orderCells } from '../order.ts';
import { type Standing, standingOf, standings, standingSign, standingWord, worstStanding } from '../standing.ts';
import { actorWords, count } from '../words.ts';
import { transcriptLines } from './finding.ts';
import { heading } from './heading.ts';
import { hanging, indented, type Pen, paragraph, standingPaint, verdictSentence } from './pen.ts';
import { clean, padEnd } from './text.ts';

/** One table, view or function: who owns its rows, what its policies say, what each role came to, with the evidence. */
export function renderObject(pen: Pen, result: RulesResult, focus: string, all: boolean): readonly string[] {
  const cells = orderCells(result.cells).filter(cell => isCalled(cell, focus));
  const table = (result.tables ?? []).find(each => each.table === focus || `public.${each.table}` === focus);
  if (cells.length === 0 && table === undefined) return notFound(pen, result, focus);
  const name = table?.table ?? focus;
  return [
    ...heading(pen, `drydock rules ${clean(name)}`, result),
    ...summaryLines(pen, cells),
    ...ownerLines(pen, result, name),
    ...(table === undefined ? [] : tableLines(pen, table)),
    ...triedLines(pen, cells, all),
  ];
}

function isCalled(cell: Cell, focus: string): boolean {
  return objectName(cell) === focus || `${cell.schema}.${cell.object}` === focus || cell.bucket === focus;
}

function notFound(pen: Pen, { cells, tables = [] }: RulesResult, focus: string): readonly string[] {
  const names = [...new Set([...tables.map(table => table.table), ...cells.map(objectName)])];
  const near = nearestNames(focus, names);
  const meant = near.length === 0 ? '' : ` Did you mean ${near.map(name => `'${clean(name)}'`).join(' or ')}?`;
  return paragraph(
    pen,
    `No finding, table, view or function is called '${clean(focus)}'.${meant} 'drydock rules --all' lists them.`,
    0,
  );
}

function summaryLines(pen: Pen, cells: readonly Cell[]): readonly string[] {
  if (cells.length === 0) return [];
  const worst = worstStanding(cells);
  const counts = groupBy(cells, standingOf);
  const numbers = standings
    .filter(standing => counts.has(standing))
    .map(standing => `${counts.get(standing)?.length ?? 0} ${standingWord(standing)}`);
  return [
    ...verdictSentence(pen, standingSentence[worst], worst !== 'leaks'),
    ...paragraph(pen, `${count(cells.length, 'cell')}: ${numbers.join(', ')}`, 2, pen.quiet),
    '',
  ];
}

const standingSentence: Readonly<Record<Standing, string>> = {
  leaks: "It lets one tenant at another's rows.",
  unknown: 'Part of it could not be told.',
  broken: 'It keeps its owners out too.',
  bounded: 'No way through was found within bounds, which is no proof.',
  tried: 'It held when tried, which is no proof.',
  public: 'Its rows belong to no tenant.',
  proved: 'It is proved to keep tenants apart.',
};

function ownerLines(pen: Pen, { tenancy }: RulesResult, name: string): readonly string[] {
  const owner = tenancy.owners.find(each => each.table === name);
  if (owner === undefined) return [];
  const whose = owner.kind === 'user' ? 'user' : 'tenant';
  const sentence =
    owner.path.length === 0
      ? `Whose its rows are: ${owner.kind}.`
      : `A row belongs to its ${whose} by ${owner.path.join(', then ')} (known by ${owner.confidence}).`;
  return [...paragraph(pen, clean(sentence), 2), ''];
}

function tableLines(pen: Pen, table: TableRules): readonly string[] {
  const security = table.rowSecurity
    ? `Row security is on${table.forced ? ', for its owner too' : '; the owner of the table is not bound by it'}.`
    : 'Row security is off: no policy decides, only privileges do.';
  return [
    ...paragraph(pen, security, 2),
    ...(table.file === undefined || table.line === undefined
      ? []
      : paragraph(pen, clean(formatPlace({ file: table.file, line: table.line })), 2, pen.quiet)),
    '',
    pen.strong('  Who may do what'),
    ...rowCommands.flatMap(command => commandLines(pen, table, command)),
    ...restrictiveLines(pen, table),
    '',
  ];
}

const rowCommands = ['select', 'insert', 'update', 'delete'] as const satisfies readonly CellCommand[];

/** The roles that were granted a command, each with the policies that let it at rows. */
function commandLines(pen: Pen, table: TableRules, command: (typeof rowCommands)[number]): readonly string[] {
  const roles = table.grants.filter(grant => grant.privileges.some(privilege => privilege.startsWith(command)));
  if (roles.length === 0) return paragraph(pen, `${padEnd(command, 8)} no role was granted it`, 4, pen.quiet);
  const alike = groupBy(roles, ({ role }) => JSON.stringify(applying(table, role, command).map(policy => policy.name)));
  return [...alike.values()].flatMap(group => {
    const who = clean(group.map(grant => grant.role).join(', '));
    const policies = applying(table, group[0]?.role ?? '', command);
    if (!table.rowSecurity) return paragraph(pen, `${padEnd(command, 8)} ${who}: every row`, 4, pen.warm);
    if (policies.length === 0)
      return paragraph(pen, `${padEnd(command, 8)} ${who}: no row, as no policy lets it`, 4, pen.quiet);
    return [
      ...paragraph(
        pen,
        `${padEnd(command, 8)} ${who}: rows that ${policies.length === 1 ? 'this lets' : 'any of these lets'} through`,
        4,
      ),
      ...policies.flatMap(policy => policyLines(pen, policy, command)),
    ];
  });
}

function applying(table: TableRules, role: string, command: CellCommand): readonly PolicyText[] {
  return table.policies.filter(policy => opensFor(policy, command, [role]));
}

function policyLines(pen: Pen, policy: PolicyText, command?: string): readonly string[] {
  // Without a check of its own, what may be read says what may be written.
  const check = policy.check ?? policy.using;
  const conditions = [
    ...(policy.using === undefined || command === 'insert' ? [] : [`using ${policy.using}`]),
    ...(check === undefined || command === 'select' || command === 'delete'
      ? []
      : [`${policy.check === undefined ? 'check, from using,' : 'check'} ${check}`]),
  ];
  const place =
    policy.file === undefined || policy.line === undefined
      ? ''
      : `  ${formatPlace({ file: policy.file, line: policy.line })}`;
  return [
    ...paragraph(pen, clean(`'${policy.name}'${place}`), 13, pen.quiet),
    ...conditions.flatMap(text => paragraph(pen, clean(text.replaceAll(/\s+/g, ' ')), 15)),
  ];
}

function restrictiveLines(pen: Pen, table: TableRules): readonly string[] {
  const narrowing = table.policies.filter(policy => !policy.permissive);
  if (narrowing.length === 0) return [];
  return [
    ...paragraph(pen, 'and only where each of these holds too', 4),
    ...narrowing.flatMap(policy => policyLines(pen, policy)),
  ];
}

function triedLines(pen: Pen, cells: readonly Cell[], all: boolean): readonly string[] {
  const groups = [...groupBy(cells, cell => `${cell.role}\n${cell.actor}\n${cell.bucket ?? ''}`).values()];
  const shown = new Set<string>();
  return [
    ...(cells.length === 0 ? [] : [pen.strong('  What each came to')]),
    ...groups.flatMap(group => {
      const [first] = group;
      if (first === undefined) return [];
      const bucket = first.bucket === undefined ? '' : `, bucket '${clean(first.bucket)}'`;
      return [
        ...paragraph(pen, `${clean(first.role)}, ${actorWords(first.actor)}${bucket}`, 4, pen.strong),
        ...group.toSorted(byCommand).flatMap(cell => oneCell(pen, cell, shown, all)),
        '',
      ];
    }),
  ];
}

function byCommand(left: Cell, right: Cell): number {
  return commands.indexOf(left.command) - commands.indexOf(right.command);
}

/** A cell in a line or two; the transcript of a command once, unless all are asked for. */
function oneCell(pen: Pen, cell: Cell, shown: Set<string>, all: boolean): readonly string[] {
  const standing = standingOf(cell);
  const key = `${cell.command} ${cell.bucket ?? ''}`;
  const isNew = cell.verdict !== 'leaks' || !shown.has(key);
  if (cell.verdict === 'leaks') shown.add(key);
  const tier = cell.tier === 'sql' && cell.verdict === 'leaks' ? ' (needs free SQL)' : '';
  const paint = standingPaint(pen, standing);
  return [
    ...hanging(pen, standingSign(standing), `${padEnd(cell.command, 8)} ${standingWord(standing)}${tier}`, 6, paint),
    ...paragraph(pen, clean(cell.because), 17, pen.quiet),
    ...(cell.behind === undefined
      ? []
      : paragraph(pen, `With the recursion mended: ${clean(cell.behind.because)}`, 17, pen.quiet)),
    ...(isNew ? (cell.behind?.evidence ?? []) : []).flatMap(({ transcript }) =>
      indented(pen, 12, narrower => transcriptLines(narrower, transcript, pen.quiet)),
    ),
    ...(isNew || all
      ? cell.evidence.flatMap(evidence => [
          ...indented(pen, 12, narrower => transcriptLines(narrower, evidence.transcript, pen.quiet)),
          ...evidence.assumptions.flatMap(text => paragraph(pen, `assumes: ${clean(text)}`, 17, pen.quiet)),
        ])
      : []),
  ];
}

/** One cell with its transcripts. */
export function cellLines(pen: Pen, cell: Cell): readonly string[] {
  const standing = standingOf(cell);
  return [
    ...paragraph(
      pen,
      `${clean(objectName(cell))}: ${cell.command} as ${clean(cell.role)}, ${actorWords(cell.actor)}: ${standingWord(standing)}${cell.tier === 'sql' ? ' (needs free SQL)' : ''}`,
      2,
      standingPaint(pen, standing),
    ),
    ...paragraph(pen, clean(cell.because), 5),
    ...cell.evidence.flatMap(evidence => [
      ...transcriptLines(pen, evidence.transcript, pen.quiet),
      ...evidence.assumptions.flatMap(text => paragraph(pen, `assumes: ${clean(text)}`, 5, pen.quiet)),
    ]),
    '',
  ];
}
