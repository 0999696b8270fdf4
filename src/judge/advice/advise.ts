import type { JudgedPath } from '../../checks/check.ts';
import type { Advice, Confidence } from '../../core/advice.ts';
import type { Finding } from '../../core/finding.ts';
import type { Predicate } from '../../core/predicate.ts';
import { ownersByTable } from '../../logic/entails.ts';
import { termsOf } from '../../logic/terms.ts';
import type { Owner, TenancyModel } from '../../model/tenancy/types.ts';
import { nearbyChecks } from './nearby.ts';
import { suggestRequest } from './request.ts';
import { indexSiblings, type ReadText } from './sibling.ts';

/** What advice is made from. */
export interface AdviceInput {
  readonly findings: readonly Finding[];
  readonly paths: readonly JudgedPath[];
  readonly tenancy: TenancyModel;
  readonly read: ReadText;
}

/** Gives each finding what a reader needs to act on it. Pure but for reading the texts of siblings. */
export function advise({ findings, paths, tenancy, read }: AdviceInput): readonly Finding[] {
  const byId = new Map(paths.map(path => [path.id, path]));
  const texts = new Map<string, string | undefined>();
  const siblings = indexSiblings(paths, tenancy, file => {
    if (!texts.has(file)) texts.set(file, read(file));
    return texts.get(file);
  });
  return findings.map(finding => {
    const path = worstPath(finding, byId);
    if (path === undefined) return { ...finding, advice: bareAdvice(finding) };
    const sibling = isAboutTheRow(path, finding) ? siblings.find(path) : undefined;
    const request = suggestRequest(path);
    const advice: Advice = {
      ...bareAdvice(finding),
      confidence: confidenceOf(finding, path, tenancy),
      assumptions: assumptionsOf(path, tenancy),
      nearby: finding.check.startsWith('path/') ? nearbyChecks(path) : [],
      ...(request === undefined ? {} : { request }),
      ...(sibling === undefined || (sibling.line === finding.line && sibling.file === finding.file) ? {} : { sibling }),
    };
    return { ...finding, advice };
  });
}

/** The path that the finding speaks of: of its entry point where it names one. */
function worstPath(finding: Finding, byId: ReadonlyMap<string, JudgedPath>): JudgedPath | undefined {
  const mine = finding.pathIds.flatMap(id => byId.get(id) ?? []);
  return mine.find(path => path.entryPoint.name === finding.entryPoint) ?? mine[0];
}

const scoping: ReadonlySet<string> = new Set([
  'scope-query',
  'tie-object',
  'ignore-client-tenant',
  'tool-uses-session',
  'require-session',
  'require-membership',
]);

/** A condition on the row repairs it; a guard that is there and not awaited wants something else. */
function isAboutTheRow(path: JudgedPath, finding: Finding): boolean {
  return path.verdict === 'leaks' && scoping.has(finding.repair?.kind ?? '');
}

function bareAdvice(finding: Finding): Advice {
  const comment = finding.file.endsWith('.sql') ? '--' : '//';
  return {
    confidence: 'high',
    assumptions: [],
    nearby: [],
    suppress: {
      comment: `${comment} drydock-ignore ${finding.check}: <why this is right>`,
      place: { file: finding.file, line: finding.line },
    },
  };
}

/** High where the database's own keys say who owns the row and every value was followed. */
function confidenceOf(finding: Finding, path: JudgedPath, tenancy: TenancyModel): Confidence {
  if (finding.evidence.some(each => each.kind === 'replay' || each.kind === 'probe')) return 'high';
  const owner = ownerOf(path, tenancy);
  const followed = !hasGap(path.model.query.where);
  if (owner === undefined || owner.confidence === 'none') return followed ? 'medium' : 'low';
  return followed && owner.confidence !== 'name' ? 'high' : followed ? 'medium' : 'low';
}

function hasGap(where: Predicate): boolean {
  return JSON.stringify(where).includes('"kind":"opaque"') || termsOf(where).some(term => term.kind === 'opaque');
}

function ownerOf(path: JudgedPath, tenancy: TenancyModel): Owner | undefined {
  return ownersByTable(tenancy).get(path.sink.table);
}

function assumptionsOf(path: JudgedPath, tenancy: TenancyModel): readonly string[] {
  const owner = ownerOf(path, tenancy);
  const rests: string[] = [];
  if (owner !== undefined && (owner.ownership.kind === 'tenant' || owner.ownership.kind === 'user')) {
    const [first] = owner.ownership.path;
    const last = owner.ownership.path.at(-1) ?? first;
    rests.push(
      `A row of '${owner.table}' belongs to the '${last.table}' that '${first.column}' leads to${basis[owner.confidence]}.`,
    );
  }
  if (path.reason === 'no-authentication')
    rests.push('Nothing in front of the app asks for a sign-in (a proxy, a private network).');
  if (path.sink.role === 'unknown')
    rests.push('The role of the database client is not known; no policy was counted on.');
  return rests;
}

const basis: Readonly<Record<Owner['confidence'], string>> = {
  declared: ', as you declared',
  'foreign-key': ', by its foreign key',
  policy: ', as its policies have it',
  name: ', to judge by its name',
  none: '',
};
