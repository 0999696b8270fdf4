import { groupBy } from '../../core/group.ts';
import { formatPlace } from '../../core/place.ts';
import type { Change, Gate, RulesDiff } from '../../core/rules.ts';
import { changeHeading, changesSentence, changeSign, gateSentence, orderedDirections } from '../changes.ts';
import { markup, type Markup } from './markup.ts';

/** What differs from a commit: worse first, the changes of one object together. */
export function changesBlock(diff: RulesDiff): Markup {
  return markup`<p>${changesSentence(diff)}</p>${orderedDirections.map(direction =>
    directionBlock(
      direction,
      diff.changes.filter(change => change.direction === direction),
    ),
  )}`;
}

function directionBlock(direction: Change['direction'], changes: readonly Change[]): Markup | false {
  if (changes.length === 0) return false;
  const tone = direction === 'worse' ? 'warm' : direction === 'better' ? 'cool' : 'quiet';
  return markup`<h3>${changeHeading(direction)}</h3><ul class="plain">${[
    ...groupBy(changes, change => change.object),
  ].map(
    ([object, own]) =>
      markup`<li><p class="mono">${object}</p>${own.map(
        change =>
          markup`<p><span class="${tone}" aria-hidden="true">${changeSign(direction)}</span> ${change.words}${
            change.file !== undefined &&
            change.line !== undefined &&
            markup` <code class="quiet">${formatPlace({ file: change.file, line: change.line })}</code>`
          }</p>`,
      )}</li>`,
  )}</ul>`;
}

/** What tables with an owner lack, with the statements that would add it. */
export function gateBlock(gate: Gate, found: number): Markup {
  return markup`<p>${gateSentence(gate, found)}</p><p class="quiet">${gate.because}</p>
    ${[...groupBy(gate.faults, fault => fault.table)].map(([table, faults]) => {
      const [first] = faults;
      const place =
        first !== undefined && first.file !== '' && markup` <code class="quiet">${formatPlace(first)}</code>`;
      return markup`<h3><code>${table}</code>${place}</h3><ul class="plain">${faults.map(fault => markup`<li><p>${fault.message}</p></li>`)}</ul>
        <div class="box"><pre>${faults.map(fault => fault.sql).join('\n')}</pre></div>`;
    })}`;
}
