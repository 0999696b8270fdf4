import type { Attack, OwnAccessCheck, ProbeResult } from '../../core/result.ts';
import { count, duration, ownAccessSentence, sentence } from '../words.ts';
import { requestText } from './finding.ts';
import { gapLines, heading } from './heading.ts';
import { block, type Pen, paragraph, spread, type TerminalOptions, verdictSentence } from './pen.ts';
import { clean } from './text.ts';

/** What two tenants' accounts reached in the running app. */
export function renderProbe(pen: Pen, result: ProbeResult, options: TerminalOptions): readonly string[] {
  const all = options.all === true;
  const chosen =
    options.focus === undefined ? undefined : result.attacks.filter(attack => isNamed(attack, options.focus));
  if (chosen !== undefined)
    return chosen.length === 0
      ? paragraph(pen, `No attack or entry point is called '${clean(options.focus ?? '')}'.`, 0)
      : chosen.flatMap(attack => attackDetail(pen, attack));
  const leaked = result.attacks.filter(attack => attack.outcome === 'leaked');
  return [
    ...heading(pen, 'drydock probe', result),
    ...verdictLines(pen, result, leaked.length),
    ...leaked.flatMap(attack => attackLines(pen, attack)),
    ...(leaked.length > 0 ? [''] : []),
    ...ownAccessLines(pen, result.ownAccess),
    ...coverageLines(pen, result, all),
    ...gapLines(pen, result.gaps, all, 'drydock probe --all'),
    ...(leaked.length > 0
      ? [pen.quiet(`  drydock probe ${leaked[0]?.id ?? ''} shows a request and its answer.`), '']
      : []),
  ];
}

function isNamed(attack: Attack, name: string | undefined): boolean {
  return attack.id === name || attack.entryPoint === name;
}

function verdictLines(pen: Pen, result: ProbeResult, leaked: number): readonly string[] {
  const tried = result.attacks.filter(attack => attack.outcome === 'leaked' || attack.outcome === 'held').length;
  const entryPoints = new Set(
    result.attacks.filter(attack => attack.outcome === 'leaked').map(attack => attack.entryPoint),
  ).size;
  const times = result.timings.map(timing => `${timing.stage} ${duration(timing.elapsedMs)}`).join(' · ');
  return [
    ...(leaked > 0
      ? verdictSentence(
          pen,
          `${leaked} of ${count(tried, 'attack')} got another tenant's data, through ${count(entryPoints, 'entry point')}.`,
          false,
        )
      : verdictSentence(pen, `None of ${count(tried, 'attack')} got another tenant's data.`, true)),
    ...paragraph(
      pen,
      `${result.coverage.exercised} of ${count(result.coverage.entryPoints, 'entry point')} exercised`,
      2,
    ),
    ...paragraph(pen, times, 2, pen.quiet),
    '',
  ];
}

function attackLines(pen: Pen, attack: Attack): readonly string[] {
  return [
    ...spread(pen, `${pen.warm('✗')} ${pen.strong(clean(attack.entryPoint))}`, pen.quiet(attack.id), 2),
    ...paragraph(pen, clean(attack.description), 4),
    ...paragraph(pen, clean(sentence(attack.observed)), 4, pen.quiet),
  ];
}

function attackDetail(pen: Pen, attack: Attack): readonly string[] {
  const paint = attack.outcome === 'leaked' ? pen.warm : pen.cool;
  return [
    ...spread(pen, pen.strong(clean(attack.entryPoint)), paint(attack.outcome)),
    ...paragraph(pen, clean(attack.description), 0),
    '',
    ...block(pen, requestText(attack.request), 2),
    '',
    ...block(pen, `→ ${attack.answer.status} ${clean(attack.answer.excerpt)}`.trimEnd(), 2, paint),
    '',
    ...paragraph(pen, clean(sentence(attack.observed)), 0),
    '',
  ];
}

function ownAccessLines(pen: Pen, checks: readonly OwnAccessCheck[]): readonly string[] {
  const fails = checks.filter(check => check.outcome === 'fails');
  return [
    ...paragraph(pen, ownAccessSentence(checks), 2),
    ...fails.flatMap(check => [
      `  ${pen.warm('✗')} ${clean(check.entryPoint)}`,
      ...paragraph(pen, `${clean(check.description)}: ${clean(check.observed)}`, 4, pen.quiet),
    ]),
    '',
  ];
}

function coverageLines(pen: Pen, result: ProbeResult, all: boolean): readonly string[] {
  const missed = result.coverage.notReachable;
  const voided = result.attacks.filter(attack => attack.outcome === 'void' || attack.outcome === 'not-reachable');
  const entries = [...missed, ...voided.map(attack => ({ entryPoint: attack.entryPoint, reason: attack.observed }))];
  const unique = [...new Map(entries.map(entry => [`${entry.entryPoint}\n${entry.reason}`, entry])).values()];
  if (unique.length === 0) return [];
  const shown = all ? unique : unique.slice(0, 4);
  return [
    pen.strong(`  Not tried, or without an answer that tells (${unique.length})`),
    ...shown.flatMap(entry => [
      ...paragraph(pen, clean(entry.entryPoint), 5),
      ...paragraph(pen, clean(sentence(entry.reason)), 7, pen.quiet),
    ]),
    ...(shown.length < unique.length
      ? [pen.quiet(`     … ${unique.length - shown.length} more: drydock probe --all`)]
      : []),
    '',
  ];
}
