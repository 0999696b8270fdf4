import type { Attack, ProbeResult } from '../../core/result.ts';
import { unreachable } from '../../core/unreachable.ts';
import { count, ownAccessSentence, sentence } from '../words.ts';
import { markup, type Markup } from './markup.ts';

/** Every attack with its outcome, before and after where there are two rounds; what got through stands first. */
export function attackTable(before: ProbeResult, after: ProbeResult | undefined): Markup {
  const later = new Map(after?.attacks.map(attack => [attack.id, attack]) ?? []);
  const earlier = new Set(before.attacks.map(attack => attack.id));
  const pairs: readonly Pair[] = [
    ...before.attacks.map(attack => ({ shown: attack, before: attack, after: later.get(attack.id) })),
    ...(after?.attacks ?? [])
      .filter(attack => !earlier.has(attack.id) && attack.outcome === 'leaked')
      .map(attack => ({ shown: attack, before: undefined, after: attack })),
  ];
  const ordered = [...pairs.filter(gotThrough), ...pairs.filter(pair => !gotThrough(pair))];
  return markup`<details class="more"${ordered.length <= 40 && markup` open`}><summary>${count(ordered.length, 'attack')}</summary>
    <table class="rows"><thead><tr><th scope="col">entry point</th><th scope="col">tried</th><th scope="col">${after === undefined ? 'outcome' : 'before'}</th>${after !== undefined && markup`<th scope="col">after</th>`}</tr></thead>
    <tbody>${ordered.map(pair => attackRow(pair, after !== undefined))}</tbody></table></details>`;
}

interface Pair {
  readonly shown: Attack;
  readonly before: Attack | undefined;
  readonly after: Attack | undefined;
}

function gotThrough({ before, after }: Pair): boolean {
  return before?.outcome === 'leaked' || after?.outcome === 'leaked';
}

function attackRow({ shown, before, after }: Pair, twoRounds: boolean): Markup {
  return markup`<tr><td><code>${shown.entryPoint}</code></td><td class="small">${shown.description}</td><td${twoRounds && markup` data-time="before"`}>${outcome(before)}</td>${twoRounds && markup`<td data-time="after">${outcome(after)}</td>`}</tr>`;
}

function outcome(attack: Attack | undefined): Markup {
  if (attack === undefined) return markup`<span class="quiet">– not tried</span>`;
  const { outcome: came } = attack;
  switch (came) {
    case 'leaked':
      return markup`<span class="warm">✗ got through</span>`;
    case 'held':
      return markup`<span class="cool">✓ held</span>`;
    case 'not-reachable':
      return markup`<span class="quiet" title="${attack.observed}">– not reachable</span>`;
    case 'void':
      return markup`<span class="quiet" title="${attack.observed}">– told nothing</span>`;
    default:
      return unreachable(came);
  }
}

/** What came of owners using their own data, and every check that failed. */
export function ownAccess(before: ProbeResult, after: ProbeResult | undefined): Markup {
  const failing = (after ?? before).ownAccess.filter(check => check.outcome === 'fails');
  const said = ownAccessSentence(before.ownAccess);
  return markup`<h3>Owners' own access</h3>${after === undefined ? markup`<p>${said}</p>` : markup`<p>Before the repairs: ${said}</p><p>After: ${ownAccessSentence(after.ownAccess)}</p>`}
    ${failing.length > 0 && markup`<ul class="plain">${failing.map(check => markup`<li><p class="warm">✗ ${check.entryPoint}: ${check.description}</p><p>${sentence(check.observed)}</p></li>`)}</ul>`}`;
}

/** Entry points that the probe sent nothing to, under the reason they share. */
export function notCalled(missed: ProbeResult['coverage']['notReachable']): Markup {
  const reasons = [...new Set(missed.map(entry => entry.reason))];
  const namesOf = (reason: string): readonly string[] =>
    missed.filter(entry => entry.reason === reason).map(entry => entry.entryPoint);
  return markup`<h3>Judged, and not called while the app ran</h3><ul class="plain">${reasons.map(
    reason =>
      markup`<li><p>${sentence(reason)}</p><p>${namesOf(reason).map((name, index) => markup`${index > 0 && ' · '}<code>${name}</code>`)}</p></li>`,
  )}</ul>`;
}
