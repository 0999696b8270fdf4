import { groupBy } from '../core/group.ts';
import type { Finding } from '../core/finding.ts';
import { formatPlace } from '../core/place.ts';
import { redact } from '../core/redact.ts';
import type { CommandResult, RulesResult, TraceSummary } from '../core/result.ts';
import type { Change, Gate, PolicySpeed, RulesDiff, TableRules } from '../core/rules.ts';
import { changeHeading, changesSentence, changeSign, gateSentence, orderedDirections } from './changes.ts';
import { withoutControls } from './controls.ts';
import { allFindings } from './merge.ts';
import { listingPolicy, speedsIn, speedsSentence, speedTime, speedVolume } from './speeds.ts';
import { relativeTo, type PlaceOptions } from './sarif.ts';
import { certaintyOf, certaintyWords, count, grouped, repairWords } from './words.ts';

const inFull = 5;
const mostRows = 100;

/** A result as Markdown, for the summary of a job or a comment on a pull request: the worst in full, the rest as a table. */
export function toMarkdown(result: CommandResult, options: PlaceOptions): string {
  const findings = allFindings(result);
  const summary =
    result.command === 'trace' ? result.summary : result.command === 'triage' ? result.trace?.summary : undefined;
  return [
    `## Drydock: ${headline(result, findings.length)}`,
    ...(summary === undefined ? [] : [summaryLine(summary)]),
    ...(result.command === 'rules' ? rulesLines(result, options) : []),
    ...problemLines(result, options),
    ...findings.slice(0, inFull).map((finding, index) => section(finding, index + 1, options)),
    ...table(findings, options),
    ...suppressedLines(result, options),
    ...gapLines(result, options),
    '',
  ].join('\n\n');
}

function headline(result: CommandResult, findings: number): string {
  const { diff, gate } = result.command === 'rules' ? result : {};
  const worse = diff?.changes.filter(change => change.direction === 'worse').length ?? 0;
  const parts = [
    ...(worse === 0 ? [] : [`${grouped(worse)} worse`]),
    ...(gate === undefined || gate.faults.length === 0 ? [] : [`${grouped(gate.faults.length)} missing`]),
    ...(findings === 0 ? [] : [diff === undefined ? count(findings, 'finding') : count(findings, 'new finding')]),
  ];
  if (parts.length > 0) return parts.join(', ');
  return diff === undefined ? 'nothing found' : 'nothing got worse';
}

function summaryLine(summary: TraceSummary): string {
  const parts = (['leaks', 'isolated', 'public', 'broken', 'unknown'] as const)
    .filter(verdict => summary[verdict] > 0)
    .map(verdict => `${grouped(summary[verdict])} ${verdict}`);
  return `${count(summary.paths, 'path')} from ${count(summary.entryPoints, 'entry point')}: ${parts.join(', ')}. ${grouped(summary.querySites.reached)} of ${count(summary.querySites.textual, 'query', 'queries')} reached.`;
}

/** What changed in the matrix and what the guardrail asks for: short enough for a comment on a pull request. */
function rulesLines({ diff, gate, speeds, tables, findings }: RulesResult, options: PlaceOptions): readonly string[] {
  return [
    ...(diff === undefined
      ? []
      : [text(changesSentence(diff)), ...orderedDirections.flatMap(each => changeBlock(diff, each, options))]),
    ...(gate === undefined ? [] : gateBlock(gate, findings.length, options)),
    ...(speeds === undefined ? [] : speedBlock(speeds, tables)),
  ];
}

/** How long lists take, and beneath each its policies with the form that shows the same rows sooner. */
function speedBlock(speeds: readonly PolicySpeed[], tables: readonly TableRules[] | undefined): readonly string[] {
  const { slow } = speedsIn(speeds, tables);
  const rows = slow
    .slice(0, mostRows)
    .map(
      ({ speed }) =>
        `| ${cell(speed.table)} | ${speedTime(speed.asWritten)} | ${speed.faster === undefined ? '' : speedTime(speed.faster)} | ${cell(speed.asWritten.plan)} |`,
    );
  return [
    `### ${text(speedsSentence(speeds))}`,
    ...(rows.length === 0
      ? []
      : [['| table | as written | faster | what takes the time |', '|---|---|---|---|', ...rows].join('\n')]),
    ...slow.slice(0, mostRows).map(({ speed, policies }) => {
      const written = policies.map(policy => listingPolicy({ name: policy.name, table: speed.table }, policy.using));
      const { statements = [], because = '' } = speed.faster ?? {};
      const body = [
        `${text(speedVolume(speed))}, as written:`,
        ...(written.length === 0 ? [] : [fenced('sql', written.join('\n'))]),
        'Faster:',
        fenced('sql', statements.join('\n')),
        text(because),
      ];
      return details(text(speed.table), body.join('\n\n'));
    }),
  ];
}

function changeBlock({ changes }: RulesDiff, direction: Change['direction'], options: PlaceOptions): readonly string[] {
  const own = changes.filter(change => change.direction === direction);
  if (own.length === 0) return [];
  const lines = own.slice(0, mostRows).map(change => {
    const at =
      change.file === undefined || change.line === undefined
        ? ''
        : ` (${code(place({ file: change.file, line: change.line }, options))})`;
    return `- ${changeSign(direction)} ${cell(change.words)}${at}`;
  });
  const left = own.length > mostRows ? [`- ${grouped(own.length - mostRows)} more`] : [];
  const body = [...lines, ...left].join('\n');
  const title = `${changeHeading(direction)} (${own.length})`;
  return direction === 'worse' ? [`### ${title}`, body] : [details(title, body)];
}

function gateBlock(gate: Gate, found: number, options: PlaceOptions): readonly string[] {
  const byTable = groupBy(gate.faults, fault => fault.table);
  return [
    `### ${text(gateSentence(gate, found))}`,
    text(gate.because),
    ...[...byTable].slice(0, mostRows).flatMap(([table, faults]) => {
      const [first] = faults;
      const at = first === undefined || first.file === '' ? '' : ` ${code(place(first, options))}`;
      const messages = faults.map(fault => `- ${text(fault.message)}`).join('\n');
      return [`**${text(table)}**${at}`, messages, fenced('sql', faults.map(fault => fault.sql).join('\n'))];
    }),
  ];
}

function section(finding: Finding, number: number, options: PlaceOptions): string {
  const { advice } = finding;
  const words = repairWords(finding.repair?.kind);
  const hint = (advice?.sibling?.hint ?? []).map(({ sign, text }) => `${sign} ${text}`).join('\n');
  const sibling = advice?.sibling;
  return [
    `### ${number}. ${text(finding.harm)}`,
    `**${finding.severity}** · ${certaintyWords(certaintyOf(finding))} · ${code(finding.check)} · CWE-${finding.cwe}`,
    `${finding.entryPoint === undefined ? '' : `${code(finding.entryPoint)} · `}${code(place(finding, options))}`,
    text(finding.message),
    ...(advice?.nearby ?? []).map(
      check => `- ${text(check.label)} (${code(place(check, options))}): ${text(check.why)}`,
    ),
    ...(advice?.request === undefined ? [] : [fenced('sh', advice.request.text)]),
    ...(words === '' ? [] : [`Repair: ${text(words)}.`]),
    ...(sibling === undefined
      ? []
      : [`As in ${code(place(sibling, options))}, which is right: ${code(sibling.condition)}`]),
    ...(hint === '' ? [] : [fenced('diff', hint)]),
  ].join('\n\n');
}

function table(findings: readonly Finding[], options: PlaceOptions): readonly string[] {
  const rest = findings.slice(inFull);
  if (rest.length === 0) return [];
  const rows = rest
    .slice(0, mostRows)
    .map(
      (finding, index) =>
        `| ${index + inFull + 1} | ${finding.severity} | ${cell(finding.harm)} | ${cell(finding.entryPoint ?? finding.object ?? '')} | ${code(place(finding, options))} |`,
    );
  const left = rest.length - rows.length;
  return [
    ['| | severity | harm | entry point | place |', '|---|---|---|---|---|', ...rows].join('\n'),
    ...(left > 0 ? [`${grouped(left)} more are in the JSON and SARIF reports.`] : []),
  ];
}

function problemLines({ problems = [] }: CommandResult, options: PlaceOptions): readonly string[] {
  if (problems.length === 0) return [];
  return [
    `### ${count(problems.length, 'declaration')} of yours to mend`,
    problems.map(problem => `- ${text(problem.message)} (${code(place(problem, options))})`).join('\n'),
  ];
}

function suppressedLines({ suppressed = [] }: CommandResult, options: PlaceOptions): readonly string[] {
  if (suppressed.length === 0) return [];
  const lines = suppressed.map(
    ({ finding, reason, place: at }) =>
      `- ${text(finding.harm)} ${code(finding.check)}: ${text(reason)} (${code(place(at, options))})`,
  );
  return [details(`${count(suppressed.length, 'finding')} accepted by drydock-ignore`, lines.join('\n'))];
}

const mostGaps = 20;

function gapLines({ gaps }: CommandResult, options: PlaceOptions): readonly string[] {
  if (gaps.length === 0) return [];
  const lines = gaps
    .slice(0, mostGaps)
    .map(gap => `- ${text(gap.reason)}${gap.file === '' ? '' : ` (${code(place(gap, options))})`}`);
  const more = gaps.length > mostGaps ? `\n- ${grouped(gaps.length - mostGaps)} more` : '';
  return [details(`Could not tell, in ${count(gaps.length, 'place')}`, lines.join('\n') + more)];
}

function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

function place(at: { readonly file: string; readonly line: number }, { prefix }: PlaceOptions): string {
  return formatPlace({ file: relativeTo(prefix, at.file), line: at.line });
}

/** Text of the target as Markdown text: nothing in it is markup. */
function text(value: string): string {
  return plain(value).replaceAll(/[\\`*_{}[\]<>|#~]/g, String.raw`\$&`);
}

/** One cell of a table: a bar or a line break would end it. */
function cell(value: string): string {
  return text(value).replaceAll('\n', ' ');
}

/** Text of the target as code; a fence longer than any in it cannot be closed from inside. */
function code(value: string): string {
  const inner = plain(value)
    .replaceAll('\n', ' ')
    .replaceAll('|', String.raw`\|`);
  const fence = '`'.repeat(longestRun(inner) + 1);
  return `${fence}${inner.startsWith('`') || inner.endsWith('`') ? ` ${inner} ` : inner}${fence}`;
}

function fenced(language: string, value: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(value) + 1));
  return `${fence}${language}\n${plain(value)}\n${fence}`;
}

function longestRun(value: string): number {
  return Math.max(0, ...[...value.matchAll(/`+/g)].map(match => match[0].length));
}

function plain(value: string): string {
  return withoutControls(redact(value), '');
}
