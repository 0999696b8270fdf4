import type { Advice } from '../../core/advice.ts';
import type { Finding } from '../../core/finding.ts';
import { formatPlace } from '../../core/place.ts';
import type { CommandResult, TraceResult } from '../../core/result.ts';
import { confidenceWords, count, repairWords, sentence } from '../words.ts';
import { diffBox } from './diff.ts';
import { type Content, markup } from './markup.ts';

/** What a reader acts on: why the checks nearby do not help, a request that shows it, what a right sibling does. */
export function adviceBlock(finding: Finding, repaired: boolean): Content {
  const { advice } = finding;
  if (advice === undefined) return undefined;
  return [nearby(advice), request(advice), repaired ? undefined : repair(finding, advice), rests(advice)];
}

function nearby({ nearby: checks }: Advice): Content {
  if (checks.length === 0) return undefined;
  return markup`<h4>Why the checks nearby do not help</h4><ul class="notes">${checks.map(
    check => markup`<li>${check.label} <code>${formatPlace(check)}</code>: ${check.why}</li>`,
  )}</ul>`;
}

function request({ request: shown }: Advice): Content {
  if (shown === undefined) return undefined;
  return markup`<h4>A request that shows it, with two tenants of your own</h4><div class="box"><pre>${shown.text}</pre></div>
    ${shown.note !== undefined && markup`<p class="small">${shown.note}</p>`}
    ${shown.placeholders.length > 0 && markup`<ul class="notes">${shown.placeholders.map(({ name, means }) => markup`<li><code>${name}</code>: ${means}</li>`)}</ul>`}`;
}

function repair(finding: Finding, { sibling, suppress }: Advice): Content {
  const words = repairWords(finding.repair?.kind);
  const hint = (sibling?.hint ?? []).map(({ sign, text }) => `${sign} ${text}`).join('\n');
  return markup`${(words !== '' || sibling !== undefined) && markup`<h4>What would repair it</h4>`}
    ${words !== '' && markup`<p>${sentence(words)}</p>`}
    ${sibling !== undefined && markup`<p>As in <code>${formatPlace(sibling)}</code> (${sibling.entryPoint}), which is right${!sibling.sameTable && ', on another table'}: <code>${sibling.condition}</code></p>`}
    ${hint !== '' && diffBox(hint)}
    <p class="small quiet">If it is right as it is, above <code>${formatPlace(suppress.place)}</code>: <code>${suppress.comment}</code></p>`;
}

function rests({ assumptions, confidence }: Advice): Content {
  if (assumptions.length === 0) return undefined;
  return markup`<p class="small quiet">${confidenceWords(confidence)}: ${assumptions.join(' ')}</p>`;
}

/** What the user declared: what does not do what it says, and what was accepted. */
export function declaredBlock({ problems = [], suppressed = [] }: CommandResult): Content {
  if (problems.length + suppressed.length === 0) return undefined;
  return markup`${problems.length > 0 && markup`<h3>${count(problems.length, 'declaration')} to mend</h3><ul class="plain">${problems.map(problem => markup`<li><p>${problem.message}</p><p class="mono">${formatPlace(problem)}</p></li>`)}</ul>`}
    ${suppressed.length > 0 && markup`<h3>${count(suppressed.length, 'finding')} accepted</h3><ul class="plain">${suppressed.map(({ finding, reason, place }) => markup`<li><p>${finding.harm} <code>${finding.check}</code></p><p>${reason}</p><p class="mono">${formatPlace(place)}</p></li>`)}</ul>`}`;
}

/** The declarations that would settle what could not be told. */
export function settlingBlock(traces: readonly TraceResult[]): Content {
  const settlings = traces[0]?.settlings ?? [];
  if (settlings.length === 0) return undefined;
  return markup`<h3>What would settle it</h3><ul class="plain">${settlings
    .slice(0, 20)
    .map(
      ({ cause, declaration, paths }) =>
        markup`<li><p>${cause} ${count(paths, 'path')}.</p><div class="box"><pre>${declaration}</pre></div></li>`,
    )}</ul>`;
}
