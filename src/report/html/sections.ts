import type { Cell } from '../../core/cell.ts';
import type { Path } from '../../core/path.ts';
import { formatPlace } from '../../core/place.ts';
import type { RescueResult } from '../../core/result.ts';
import { severities } from '../../core/verdict.ts';
import {
  causeRepair,
  causeSentence,
  causesWithFindings,
  type CauseWithFindings,
  isFolded,
  restingOn,
} from '../causes.ts';
import { brokenReasons, brokenSentence } from '../broken.ts';
import { ledgerRows } from '../ledger.ts';
import { orderPaths } from '../order.ts';
import { tenancySentence } from '../tenancy-words.ts';
import { count, duration, gapPlace, shortTarget } from '../words.ts';
import { declaredBlock, settlingBlock } from './advice.ts';
import { changesBlock, gateBlock } from './changes.ts';
import { type FindingFile, findingArticle, findingId, repairBlock } from './finding.ts';
import { mapFigure } from './map.ts';
import { type Content, markup, type Markup } from './markup.ts';
import { matrixGrid, matrixSentence } from './matrix.ts';
import { pathItem } from './path.ts';
import { speedsBlock } from './speeds.ts';
import { attackTable, notCalled, ownAccess } from './tried.ts';
import type { AtTime, View } from './view.ts';

/** A part of the page, absent when there is nothing to show. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Content;
}

/** The parts of the page in the order one reads them. */
export function sectionsOf(view: View): readonly Section[] {
  return [
    ledger(view),
    changes(view),
    gate(view),
    map(view),
    matrix(view),
    speeds(view),
    findings(view),
    declared(view),
    repairs(view),
    tried(view),
    gaps(view),
    assumptions(view),
    reproduce(view),
  ].filter(section => section !== undefined);
}

function ledger(view: View): Section | undefined {
  if (view.result.command !== 'rescue') return undefined;
  const { tests, filesChanged, branch } = view.result;
  const rows = ledgerRows(view.result).map(
    row =>
      markup`<tr><th scope="row">${row.label}</th><td>${row.before}</td><td class="${row.reached ? 'cool' : 'warm'}">${row.after}</td></tr>`,
  );
  const body = markup`<table class="ledger"><thead><tr><th></th><th scope="col">before</th><th scope="col">after</th></tr></thead><tbody>${rows}</tbody></table>
    <p class="small quiet" style="margin-top:1rem">${testsSentence(tests)} ${count(filesChanged.length, 'file')} changed${branch !== '' && markup` on the branch <code>${branch}</code>, one commit a repair`}.</p>
    <details class="more"><summary>The files that changed</summary><ul class="plain">${[...new Set([...filesChanged, ...tests.files])].map(file => markup`<li><code>${file}</code></li>`)}</ul></details>`;
  return { id: 'ledger', title: 'Before and after', body };
}

function testsSentence(tests: RescueResult['tests']): string {
  if (tests.written === 0) return 'No regression test was written.';
  return `${count(tests.written, 'regression test')} written: ${tests.failingBefore} fail before the repairs, ${tests.passingAfter} pass after.`;
}

function changes({ result }: View): Section | undefined {
  if (result.command !== 'rules' || result.diff === undefined) return undefined;
  return { id: 'changes', title: 'What changed', body: changesBlock(result.diff) };
}

function gate({ result }: View): Section | undefined {
  if (result.command !== 'rules' || result.gate === undefined) return undefined;
  return { id: 'gate', title: 'The gate', body: gateBlock(result.gate, result.findings.length) };
}

function map(view: View): Section | undefined {
  if (view.traces.every(each => each.result.paths.length === 0)) return undefined;
  const hrefs = new Map(
    view.findings.flatMap(file => file.finding.pathIds.map(id => [id, `#${findingId(file.finding)}`] as const)),
  );
  const body = markup`<p>Each line is a way from an entry point to a table. Choose a place on the map to follow its paths through the files.</p>
    ${byTime('map', view.traces, ({ time, result }) => {
      const paths = orderPaths(result.paths);
      return markup`${mapFigure(paths, time, path => (time === 'before' ? hrefs.get(path.id) : undefined))}${trail(time)}${allPaths(paths, time)}`;
    })}`;
  return { id: 'map', title: 'The map', body };
}

function trail(key: string): Markup {
  return markup`<div class="trail" id="trail-${key}" aria-live="polite" hidden><header><b></b><button type="button">show all again</button></header><ul class="paths"></ul></div>`;
}

function allPaths(paths: readonly Path[], key: string): Markup {
  return markup`<details class="more"><summary>All ${count(paths.length, 'path')}</summary><ul class="paths">${paths.map((path, index) => pathItem(path, key, index))}</ul></details>`;
}

function matrix(view: View): Section | undefined {
  if (view.rules.every(each => each.result.cells.length === 0)) return undefined;
  const body = markup`<p>What each role of the database reached of another tenant's rows, tried in a copy. Choose a box to see what each actor came to, and what was run.</p>
    ${byTime('matrix', view.rules, ({ time, result }) => markup`<p class="small" style="margin-top:1rem">${matrixSentence(result.cells)}</p>${brokenBlock(result.cells)}${matrixGrid(result, time)}`)}`;
  return { id: 'matrix', title: 'The matrix', body };
}

/** Why the app itself gets nothing where it should. */
function brokenBlock(cells: readonly Cell[]): Markup {
  const reasons = brokenReasons(cells);
  if (reasons.length === 0) return markup``;
  return markup`<p class="small broken-why"><b>${brokenSentence(cells)}</b></p><ul class="small broken-why">${reasons.map(
    ({ because, where }) => markup`<li>${because} <span class="quiet">${where}</span></li>`,
  )}</ul>`;
}

function speeds({ result }: View): Section | undefined {
  if (result.command !== 'rules' || result.speeds === undefined) return undefined;
  return { id: 'lists', title: 'How long lists take', body: speedsBlock(result.speeds, result.tables) };
}

/** One part, or two with a switch between them; on paper both, one after the other. */
function byTime<Result>(
  name: string,
  times: readonly AtTime<Result>[],
  show: (each: AtTime<Result>) => Markup,
): Markup {
  const [only, ...others] = times;
  if (only === undefined) return markup``;
  if (others.length === 0) return show(only);
  return markup`<div class="times"><div class="switch" role="radiogroup" aria-label="before or after the repairs">${times.map(
    each =>
      markup`<label><input type="radio" name="when-${name}" value="${each.time}"${each.time === 'before' && markup` checked`}>${each.time === 'before' ? 'Before' : 'After'}</label>`,
  )}</div>${times.map(each => markup`<div class="${each.time}"><h3>${each.time === 'before' ? 'Before the repairs' : 'After the repairs'}</h3>${show(each)}</div>`)}</div>`;
}

function findings(view: View): Section | undefined {
  if (view.findings.length === 0) return undefined;
  const causes = causesWithFindings(view.rules[0]?.result ?? {}, view.findings);
  const others = view.findings.filter(({ finding }) => !isFolded(finding, causes));
  const body = markup`<p class="filter"><button type="button" data-open="all" hidden>open all</button><button type="button" data-open="none" hidden>close all</button></p>
    ${causes.map(causeBlock)}
    ${severities.map(severity => {
      const files = others.filter(file => file.finding.severity === severity);
      const heading = view.findings.length > 12 && files.length > 0 && markup`<h3>${files.length} ${severity}</h3>`;
      return markup`${heading}${files.map(file => findingArticle(file, file.number === 1))}`;
    })}`;
  return { id: 'findings', title: count(view.findings.length, 'finding'), body };
}

/** A function at fault, with the findings that rest on it folded away. */
function causeBlock({ cause, findings: files }: CauseWithFindings<FindingFile>): Markup {
  return markup`<div class="cause"><h3><code>${cause.function}</code> lets tenants at each other's rows: ${restingOn(cause, files.length)}</h3>
    <p>${causeSentence(cause)}</p><p class="quiet small">${causeRepair(cause)}</p>
    <details><summary>The ${count(files.length, 'finding')} that rest on it</summary>${files.map(file => findingArticle(file, false))}</details></div>`;
}

function declared(view: View): Section | undefined {
  const body = declaredBlock(view.result);
  return body === undefined ? undefined : { id: 'declared', title: 'What you declared', body };
}

/** The repairs of `drydock fix`, which knows findings by fingerprint alone. */
function repairs(view: View): Section | undefined {
  if (view.result.command !== 'fix' || view.fixes.length === 0) return undefined;
  const body = markup`${view.fixes.map(each => markup`<article class="finding">${repairBlock(each)}</article>`)}
    ${view.result.unrepaired.length > 0 && markup`<h3>Left for a person</h3><ul class="plain">${view.result.unrepaired.map(each => markup`<li><p>${each.reason}</p><p><code>${each.fingerprint}</code></p></li>`)}</ul>`}`;
  return { id: 'repairs', title: count(view.fixes.length, 'repair'), body };
}

function tried(view: View): Section | undefined {
  const [before, after] = view.probes;
  if (before === undefined) return undefined;
  const body = markup`<p>Each line is a request that one tenant's user, or nobody, sent for another tenant's data.</p>
    ${attackTable(before.result, after?.result)}${ownAccess(before.result, after?.result)}`;
  return { id: 'tried', title: 'What was tried on the running app', body };
}

function gaps(view: View): Section | undefined {
  const probe = view.probes[0]?.result;
  const missed = probe?.coverage.notReachable ?? [];
  const failed = view.rules[0]?.result.replay.failed.filter(failure => failure.firstCause) ?? [];
  const items = [
    ...view.gaps.map(gap => markup`<li><p>${gap.reason}</p><p class="mono">${gapPlace(gap)}</p></li>`),
    ...failed.map(
      failure =>
        markup`<li><p>A statement of your migrations did not run in the copy: ${failure.message}</p><p><code>${formatPlace(failure)}</code> · ${failure.sqlstate}</p></li>`,
    ),
  ];
  const list =
    items.length === 0
      ? markup`<p>Nothing: every path and every cell has a definite answer.</p>`
      : markup`<ul class="plain">${items}</ul>`;
  const settled = settlingBlock(view.traces.map(each => each.result));
  const body = markup`${list}${settled}${missed.length > 0 && notCalled(missed)}`;
  return { id: 'gaps', title: 'What could not be told', body };
}

function assumptions(view: View): Section | undefined {
  const rules = view.rules[0]?.result;
  if (rules === undefined) return undefined;
  const { owners } = rules.tenancy;
  const assumed = [...new Set(rules.cells.flatMap(cell => cell.evidence.flatMap(evidence => evidence.assumptions)))];
  const body = markup`<p>Read from your schema and your policies. Everything above rests on it: look whether it is right.</p>
    <ul class="plain"><li>${tenancySentence(rules.tenancy)}</li>
    ${assumed.map(text => markup`<li>${text}</li>`)}</ul>
    <details class="more"><summary>Whose rows each of ${count(owners.length, 'table')} holds</summary><table class="rows"><thead><tr><th scope="col">table</th><th scope="col">belongs to its tenant by</th><th scope="col">how sure</th></tr></thead>
    <tbody>${owners.map(owner => markup`<tr><td><code>${owner.table}</code></td><td>${owner.path.length > 0 ? owner.path.join(' → ') : owner.kind}</td><td class="quiet">${owner.confidence}</td></tr>`)}</tbody></table></details>`;
  return { id: 'assumed', title: 'What was assumed', body };
}

function reproduce(view: View): Section {
  const { result } = view;
  const name = shortTarget(result.target);
  const commands = result.command === 'rescue' ? ['trace', 'rules', 'probe', 'rescue'] : [result.command];
  const timings = result.command === 'rescue' || result.command === 'probe' ? result.timings : [];
  const body = markup`<p>The same input gives the same report. Run these beside the folder <code>${name}</code>; nothing outside <code>.drydock/</code> is written.</p>
    <div class="box"><pre>${commands.map(command => `drydock ${command} ${name}`).join('\n')}</pre></div>
    ${timings.length > 0 && markup`<p class="small quiet" style="margin-top:.75rem">${timings.map(timing => `${timing.stage} ${duration(timing.elapsedMs)}`).join(' · ')}</p>`}`;
  return { id: 'reproduce', title: 'How to reproduce it', body };
}
