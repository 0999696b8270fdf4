import type { Place } from '../core/place.ts';
import { redact } from '../core/redact.ts';
import type { CommandResult, RulesResult } from '../core/result.ts';
import { allFindings } from './merge.ts';
import { levelOf, relativeTo, type PlaceOptions } from './sarif.ts';
import { count } from './words.ts';

/** GitHub shows ten annotations of a level for each step, and drops the rest. */
const mostPerLevel = 10;

type Level = 'error' | 'warning' | 'notice';

interface Annotation extends Place {
  readonly level: Level;
  readonly title: string;
  readonly text: string;
}

/** A result as annotations of GitHub Actions: the worst ten of each level, then one line that counts what is left out. */
export function toAnnotations(result: CommandResult, options: PlaceOptions): string {
  const findings = allFindings(result).map((finding): Annotation => {
    const level = levelOf(finding.severity);
    const entry = finding.entryPoint === undefined ? '' : ` (${finding.entryPoint})`;
    const { file, line, endLine } = finding;
    return {
      level: level === 'note' ? 'notice' : level,
      title: `${finding.check}${entry}`,
      text: `${finding.harm} ${finding.message}`,
      file,
      line,
      ...(endLine === undefined ? {} : { endLine }),
    };
  });
  const problems = (result.problems ?? []).map((problem): Annotation => ({
    level: 'error',
    title: `config/${problem.kind}`,
    text: problem.message,
    file: problem.file,
    line: problem.line,
  }));
  const gate = result.command === 'rules' ? gateAnnotations(result) : [];
  const all = [...problems, ...gate, ...findings];
  const shown = (['error', 'warning', 'notice'] as const).flatMap(level =>
    all.filter(annotation => annotation.level === level).slice(0, mostPerLevel),
  );
  const left = all.length - shown.length;
  return [
    ...shown.map(annotation => command(annotation, options)),
    `Drydock: ${count(findings.length, 'finding')}${gate.length === 0 ? '' : `, ${gate.length} missing`}${problems.length === 0 ? '' : `, ${count(problems.length, 'declaration')} to mend`}${left === 0 ? '' : `; ${left} more than GitHub shows, all are in the SARIF file (--sarif)`}.`,
    '',
  ].join('\n');
}

/** What a migration leaves out, at the line that makes the table. */
function gateAnnotations({ gate }: RulesResult): readonly Annotation[] {
  return (gate?.faults ?? []).map(({ kind, message, sql, file, line }) => ({
    level: 'error',
    title: `gate/${kind}`,
    text: `${message}\n${sql}`,
    file,
    line,
  }));
}

function command({ level, title, text, file, line, endLine }: Annotation, { prefix }: PlaceOptions): string {
  const place =
    file === ''
      ? []
      : [
          `file=${property(relativeTo(prefix, file))}`,
          `line=${Math.max(1, line)}`,
          ...(endLine === undefined ? [] : [`endLine=${endLine}`]),
        ];
  return `::${level} ${[...place, `title=${property(title)}`].join(',')}::${data(text)}`;
}

/** The rules of workflow commands: what would end the message is written as a percent code. */
function data(text: string): string {
  return redact(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
