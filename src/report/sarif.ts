import { checks } from '../checks/index.ts';
import type { Finding } from '../core/finding.ts';
import type { Gap } from '../core/gap.ts';
import type { Path, Step, StepRole } from '../core/path.ts';
import type { Place } from '../core/place.ts';
import { redact } from '../core/redact.ts';
import type { CommandResult } from '../core/result.ts';
import type { ConfigProblem, SuppressedFinding } from '../core/suppression.ts';
import type { Severity } from '../core/verdict.ts';
import { unreachable } from '../core/unreachable.ts';
import { allFindings } from './merge.ts';
import { orderFindings, orderGaps } from './order.ts';
import { drydockVersion } from './version.ts';
import { certaintyOf, certaintyWords, reasonWords } from './words.ts';

/** How places are written: relative to the folder that the reader sees as the root (in CI, the checkout). */
export interface PlaceOptions {
  /** From that folder to the target, with `/`; empty when they are the same. */
  readonly prefix: string;
}

type Json = Readonly<Record<string, unknown>>;

const schema = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
const mostFlows = 5;
const mostNotifications = 100;

/**
 * A result as SARIF 2.1.0: rules with their CWE, results with the steps as code flows, what was accepted as suppressed,
 * what could not be told as notifications. Paths and rule ids are the same in every run, so that alerts do not double.
 */
export function toSarif(result: CommandResult, options: PlaceOptions): string {
  const findings = allFindings(result);
  const suppressed = result.suppressed ?? [];
  const problems = result.problems ?? [];
  const rules = rulesFor([...findings, ...suppressed.map(each => each.finding)], problems);
  const index = new Map(rules.map((rule, position) => [rule.id, position]));
  const writer: Writer = { options, paths: new Map(pathsOf(result).map(path => [path.id, path])), index };
  const run = {
    tool: { driver: { name: 'Drydock', version: drydockVersion, semanticVersion: drydockVersion, rules } },
    automationDetails: { id: `drydock/${result.command}/` },
    columnKind: 'utf16CodeUnits',
    originalUriBaseIds: { SRCROOT: { description: { text: 'The folder that Drydock was started in.' } } },
    invocations: [
      {
        executionSuccessful: true,
        toolExecutionNotifications: orderGaps(result.gaps)
          .slice(0, mostNotifications)
          .map(gap => notification(gap, writer)),
      },
    ],
    results: [
      ...findings.map(finding => resultOf(finding, writer)),
      ...orderSuppressed(suppressed).map(each => suppressedResult(each, writer)),
      ...problems.map(problem => problemResult(problem, writer)),
    ],
  };
  return `${JSON.stringify({ $schema: schema, version: '2.1.0', runs: [run] }, hideSecrets, 2)}\n`;
}

interface Writer {
  readonly options: PlaceOptions;
  readonly paths: ReadonlyMap<string, Path>;
  readonly index: ReadonlyMap<string, number>;
}

interface Rule extends Json {
  readonly id: string;
}

function rulesFor(findings: readonly Finding[], problems: readonly ConfigProblem[]): readonly Rule[] {
  const used = new Set(findings.map(finding => finding.check));
  const own = checks
    .filter(check => used.has(check.id))
    .map((check): Rule => ({
      id: check.id,
      name: pascal(check.id),
      shortDescription: { text: check.title },
      fullDescription: { text: check.title },
      help: {
        text: `${check.title}. What it finds, how to repair it and what it cannot see: docs/checks/${check.id.replace('/', '-')}.md of Drydock.`,
      },
      helpUri: `https://cwe.mitre.org/data/definitions/${check.cwe}.html`,
      defaultConfiguration: { level: levelOf(check.severity) },
      properties: {
        tags: ['security', `external/cwe/cwe-${check.cwe}`],
        precision: 'high',
        'problem.severity': levelOf(check.severity) === 'note' ? 'recommendation' : levelOf(check.severity),
        'security-severity': securitySeverity[check.severity],
      },
    }));
  const kinds = [...new Set(problems.map(problem => problem.kind))].toSorted();
  return [
    ...own,
    ...kinds.map((kind): Rule => ({
      id: `config/${kind}`,
      name: pascal(kind),
      shortDescription: { text: problemTitles[kind] },
      defaultConfiguration: { level: 'error' },
      properties: { tags: ['maintainability'] },
    })),
  ];
}

const problemTitles: Readonly<Record<ConfigProblem['kind'], string>> = {
  'unknown-check': 'A suppression names a check that does not exist',
  'missing-reason': 'A suppression gives no reason',
  'unused-suppression': 'A suppression accepts nothing any more',
  'partial-suppression': 'A suppression does not cover every way in',
  'stale-baseline': 'The baseline has a finding that is no longer found',
  'unused-declaration': 'A declaration in the configuration is not used',
};

/** As GitHub reads it: over 9 critical, over 7 high, over 4 medium. */
const securitySeverity: Readonly<Record<Severity, string>> = {
  critical: '9.3',
  high: '8.1',
  medium: '5.4',
  low: '3.1',
};

/** The level of an annotation or alert. */
export function levelOf(severity: Severity): 'error' | 'warning' | 'note' {
  return severity === 'critical' || severity === 'high' ? 'error' : severity === 'medium' ? 'warning' : 'note';
}

function pascal(id: string): string {
  return id
    .split(/[/-]/)
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function resultOf(finding: Finding, writer: Writer): Json {
  const paths = finding.pathIds.flatMap(id => writer.paths.get(id) ?? []);
  const flows = paths.slice(0, mostFlows).map(path => codeFlow(path, writer));
  const related = relatedLocations(finding, paths[0], writer);
  return {
    ruleId: finding.check,
    ruleIndex: writer.index.get(finding.check),
    level: levelOf(finding.severity),
    message: { text: messageText(finding), markdown: messageMarkdown(finding) },
    locations: [location(finding, writer, finding.entryPoint ?? objectOf(finding))],
    ...(flows.length === 0 ? {} : { codeFlows: flows }),
    ...(related.length === 0 ? {} : { relatedLocations: related }),
    partialFingerprints: { 'drydock/v1': finding.fingerprint },
    properties: {
      severity: finding.severity,
      certainty: certaintyWords(certaintyOf(finding)),
      'security-severity': securitySeverity[finding.severity],
      tags: ['security', `external/cwe/cwe-${finding.cwe}`],
      ...(finding.advice === undefined ? {} : { confidence: finding.advice.confidence }),
      ...(finding.entryPoint === undefined ? {} : { entryPoint: finding.entryPoint }),
      ...(finding.object === undefined ? {} : { object: finding.object }),
      ...(finding.advice?.request === undefined ? {} : { request: finding.advice.request.text }),
    },
  };
}

function suppressedResult({ finding, reason, place }: SuppressedFinding, writer: Writer): Json {
  return {
    ...resultOf(finding, writer),
    suppressions: [
      {
        kind: 'inSource',
        status: 'accepted',
        justification: reason,
        location: { physicalLocation: physical(place, writer) },
      },
    ],
  };
}

function orderSuppressed(suppressed: readonly SuppressedFinding[]): readonly SuppressedFinding[] {
  const byFinding = new Map(suppressed.map(each => [each.finding, each]));
  return orderFindings([...byFinding.keys()]).flatMap(finding => byFinding.get(finding) ?? []);
}

function problemResult(problem: ConfigProblem, writer: Writer): Json {
  const id = `config/${problem.kind}`;
  return {
    ruleId: id,
    ruleIndex: writer.index.get(id),
    level: 'error',
    message: { text: problem.message },
    locations: [location(problem, writer, undefined)],
  };
}

function messageText({ harm, message, advice }: Finding): string {
  const sibling = advice?.sibling;
  const repair = sibling === undefined ? '' : ` ${sibling.file}:${sibling.line} does it right: ${sibling.condition}.`;
  return `${harm} ${message}${repair}`;
}

function messageMarkdown(finding: Finding): string {
  const { advice } = finding;
  const nearby = (advice?.nearby ?? []).map(check => `- ${check.label}: ${check.why}`);
  const hint = (advice?.sibling?.hint ?? []).map(({ sign, text }) => `${sign} ${text}`);
  return [
    `**${finding.harm}**`,
    finding.message,
    ...(nearby.length === 0 ? [] : ['Why nothing stops it:', nearby.join('\n')]),
    ...(advice?.request === undefined ? [] : ['A request that shows it:', fenced('sh', advice.request.text)]),
    ...(hint.length === 0 ? [] : ['What a right sibling does:', fenced('diff', hint.join('\n'))]),
  ].join('\n\n');
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function codeFlow(path: Path, writer: Writer): Json {
  const last = path.steps.length - 1;
  const locations = path.steps.map((step, index) => ({
    location: { ...location(step, writer, undefined), message: { text: stepText(step, path, index === last) } },
    executionOrder: index + 1,
    nestingLevel: nestingOf(path.steps, index),
    importance: importance[step.role],
  }));
  return { message: { text: path.entryPoint.name }, threadFlows: [{ locations }] };
}

function stepText(step: Step, path: Path, isLast: boolean): string {
  return isLast ? `${step.label}: ${path.sql} (${reasonWords(path.reason)})` : step.label;
}

/** Each call on the way goes one level deeper. */
function nestingOf(steps: readonly Step[], index: number): number {
  return steps.slice(0, index).filter(step => step.role === 'propagation').length;
}

const importance: Readonly<Record<StepRole, 'essential' | 'important' | 'unimportant'>> = {
  source: 'essential',
  guard: 'important',
  propagation: 'unimportant',
  sink: 'essential',
};

function relatedLocations(finding: Finding, path: Path | undefined, writer: Writer): readonly Json[] {
  const places: (readonly [Place, string])[] = [];
  if (path !== undefined) places.push([path.entryPoint, `The request enters here: ${path.entryPoint.name}`]);
  for (const check of finding.advice?.nearby ?? []) places.push([check, `${check.label}: ${check.why}`]);
  const sibling = finding.advice?.sibling;
  if (sibling !== undefined) places.push([sibling, `This sibling is right: ${sibling.condition}`]);
  return places
    .filter(([place]) => place.file !== '')
    .map(([place, text], id) => ({ id: id + 1, ...location(place, writer, undefined), message: { text } }));
}

/** What was read from a live database stands in no file. */
function objectOf({ file, object }: Finding): string | undefined {
  return file === '' ? object : undefined;
}

function location(place: Place, writer: Writer, logical: string | undefined): Json {
  return {
    ...(place.file === '' ? {} : { physicalLocation: physical(place, writer) }),
    ...(logical === undefined
      ? {}
      : { logicalLocations: [{ fullyQualifiedName: logical, kind: place.file === '' ? 'object' : 'function' }] }),
  };
}

function physical(place: Place, { options }: Writer): Json {
  const startLine = Math.max(1, place.line);
  return {
    artifactLocation: { uri: uriOf(place.file, options), uriBaseId: 'SRCROOT' },
    region: {
      startLine,
      ...(place.endLine === undefined || place.endLine <= startLine ? {} : { endLine: place.endLine }),
    },
  };
}

/** A file as a URI relative to the root of the reader. */
export function uriOf(file: string, { prefix }: PlaceOptions): string {
  return encodeURI(relativeTo(prefix, file)).replaceAll('#', '%23').replaceAll('?', '%3F');
}

/** A file below the target, as seen from the folder above it. */
export function relativeTo(prefix: string, file: string): string {
  const parts: string[] = [];
  for (const part of `${prefix === '' ? '' : `${prefix}/`}${file.replaceAll('\\', '/')}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

function notification(gap: Gap, writer: Writer): Json {
  return {
    level: 'note',
    message: { text: gap.reason },
    ...(gap.file === '' ? {} : { locations: [location(gap, writer, undefined)] }),
  };
}

/** The paths that findings name, of whatever command. */
export function pathsOf(result: CommandResult): readonly Path[] {
  switch (result.command) {
    case 'trace':
      return result.paths;
    case 'triage':
      return result.trace?.paths ?? [];
    case 'rescue':
      return result.traceBefore.paths;
    case 'rules':
    case 'probe':
    case 'fix':
      return [];
    default:
      return unreachable(result);
  }
}

/** Names that join records stay as they are; every other text is redacted. */
function hideSecrets(key: string, value: unknown): unknown {
  return typeof value === 'string' && !['uri', 'ruleId', 'id', 'drydock/v1', '$schema'].includes(key)
    ? redact(value)
    : value;
}
