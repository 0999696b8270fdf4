import type { Evidence, Finding } from '../../core/finding.ts';
import type { VerifiedFix } from '../../core/fix.ts';
import type { Path } from '../../core/path.ts';
import { formatPlace } from '../../core/place.ts';
import type { Attack } from '../../core/result.ts';
import { unreachable } from '../../core/unreachable.ts';
import { certaintyOf, certaintyWords, definitionWords, notesHeading, sentence } from '../words.ts';
import { adviceBlock } from './advice.ts';
import { diffBox, triesList } from './diff.ts';
import { type Content, markup, idOf, type Markup } from './markup.ts';
import { stepsList } from './path.ts';
import { transcriptBlock } from './transcript.ts';

/** Everything that belongs to one finding. */
export interface FindingFile {
  readonly finding: Finding;
  readonly number: number;
  readonly paths: readonly Path[];
  readonly fixes: readonly VerifiedFix[];
  /** The attacks that confirm it, as they went after the repairs. */
  readonly attacksAfter: readonly Attack[];
  readonly unrepaired: string | undefined;
  /** What happened to it: only a rescue says. */
  readonly state: 'repaired' | 'open' | 'untouched';
}

/** The id of a finding, for links. */
export function findingId(finding: Finding): string {
  return idOf('finding', finding.fingerprint);
}

/** One finding: folded to the harm and its place, open to path, evidence, repair and how that was verified. */
export function findingArticle(file: FindingFile, open: boolean): Markup {
  const { finding, number } = file;
  return markup`<article class="finding" id="${findingId(finding)}"><details${open && markup` open`}>
    <summary><span class="number">${number}</span><h3>${finding.harm}</h3>${stateWords(file)}
      <span class="meta">${metaWords(finding)}</span></summary>
    <div class="body">
      <p>${finding.message}</p>
      <p class="quiet small">${finding.check} · CWE-${finding.cwe}</p>
      ${wayIn(file.paths)}
      ${finding.evidence.map((evidence, index) => evidenceBlock(evidence, finding.evidence[index - 1]?.kind === evidence.kind))}
      ${adviceBlock(
        finding,
        file.fixes.some(fix => fix.offered),
      )}
      ${afterwards(file)}
      ${repairs(file)}
    </div></details></article>`;
}

function metaWords(finding: Finding): Content {
  const subject = finding.entryPoint ?? finding.object;
  return markup`<span class="severity ${finding.severity}">${finding.severity}</span> · ${certaintyWords(certaintyOf(finding))}${subject !== undefined && markup` · <code>${subject}</code>`} · <code>${formatPlace(finding)}</code>`;
}

function stateWords({ state }: FindingFile): Content {
  if (state === 'untouched') return undefined;
  return state === 'repaired'
    ? markup`<span class="state cool">✓ repaired</span>`
    : markup`<span class="state warm">✗ open</span>`;
}

function wayIn(paths: readonly Path[]): Content {
  const [first, ...others] = paths;
  if (first === undefined) return undefined;
  return markup`<h4>The way from the browser to the row</h4>${stepsList(first)}
    ${others.length > 0 && markup`<p class="quiet small">The same way in from ${others.map(path => path.entryPoint.name).join(', ')}.</p>`}
    ${first.notes.length > 0 && markup`<h4>${notesHeading(first)}</h4><ul class="notes">${first.notes.map(note => markup`<li>${note}</li>`)}</ul>`}`;
}

/** One piece of evidence; `again` when the one before was of the same kind, whose heading then serves both. */
function evidenceBlock(evidence: Evidence, again: boolean): Content {
  switch (evidence.kind) {
    case 'path':
      return undefined;
    case 'policy':
      return markup`<h4>${definitionWords(evidence.statement)} <code>${evidence.object}</code></h4><div class="box"><pre>${evidence.statement}</pre></div>`;
    case 'replay':
      return markup`${!again && markup`<h4>Replayed in a copy of your database</h4>`}<div class="box"><span>${evidence.command} on ${evidence.object} as ${evidence.role}</span>${transcriptBlock(evidence.transcript)}</div>`;
    case 'probe':
      return markup`${!again && markup`<h4>Seen in the running app</h4>`}${exchange(evidence, 'leaked')}<p class="small">${sentence(evidence.observed)}</p>`;
    default:
      return unreachable(evidence);
  }
}

/** A request and its answer, side by side. */
function exchange(attack: Pick<Attack, 'principal' | 'request' | 'answer'>, outcome: 'leaked' | 'held'): Markup {
  const { request, answer } = attack;
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
  const lines = [
    `${request.method} ${request.url}`,
    ...headers,
    ...(request.body === undefined ? [] : ['', request.body]),
  ];
  return markup`<div class="exchange"><div><span>request as ${attack.principal}</span><pre>${lines.join('\n')}</pre></div>
    <div class="answer ${outcome}"><span>answer ${answer.status}</span><pre>${answer.excerpt === '' ? '(empty)' : answer.excerpt}</pre></div></div>`;
}

function afterwards({ attacksAfter }: FindingFile): Content {
  if (attacksAfter.length === 0) return undefined;
  return markup`<h4>The same attack after the repair</h4>${attacksAfter
    .slice(0, 3)
    .map(
      attack =>
        markup`${exchange(attack, attack.outcome === 'leaked' ? 'leaked' : 'held')}<p class="small">${sentence(attack.observed)}</p>`,
    )}`;
}

function repairs({ fixes, unrepaired }: FindingFile): Content {
  const shown = fixes.map(repairBlock);
  const reason = unrepaired === undefined ? undefined : markup`<h4>Left for a person</h4><p>${unrepaired}</p>`;
  return [...shown, reason];
}

/** One repair: what it does and why that closes the path, how it was tried, what it changes. */
export function repairBlock(verified: VerifiedFix): Markup {
  return markup`<h4>${verified.offered ? 'The repair' : 'A repair that did not hold'}</h4>
      <p><b>${verified.fix.title}.</b> ${verified.fix.explanation}</p>
      ${triesList(verified.verification)}
      ${verified.offered && diffBox(verified.diff)}`;
}
