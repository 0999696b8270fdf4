import type { PolicySpeed, TableRules } from '../../core/rules.ts';
import { listingPolicy, speedsIn, speedsSentence, speedTime, speedVolume, type ShownSpeed } from '../speeds.ts';
import { count } from '../words.ts';
import { markup, type Markup } from './markup.ts';

/** How long a tenant's list of each table takes beside the policies that decide it, and what shows the same rows sooner. */
export function speedsBlock(speeds: readonly PolicySpeed[], tables: readonly TableRules[] | undefined): Markup {
  const { slow, right } = speedsIn(speeds, tables);
  return markup`<p>${speedsSentence(speeds)} Measured on made-up rows, in a copy on this machine: times differ from run to run.</p>
    ${slow.map(slowList)}
    ${right.length > 0 && markup`<details class="more"><summary>${count(right.length, 'list')} that nothing known makes faster</summary><table class="rows"><thead><tr><th scope="col">table</th><th scope="col">time</th><th scope="col">what takes it</th></tr></thead><tbody>${right.map(({ speed }) => markup`<tr><td><code>${speed.table}</code></td><td>${speedTime(speed.asWritten)}</td><td class="small mono">${speed.asWritten.plan}</td></tr>`)}</tbody></table></details>`}`;
}

function slowList({ speed, policies }: ShownSpeed): Markup {
  const { table, asWritten, faster } = speed;
  return markup`<h3><code>${table}</code> <span class="quiet small">${speedVolume(speed)}</span></h3>
    <div class="exchange"><div><span>As written</span><p class="warm"><b>${speedTime(asWritten)}</b></p>${policies.map(policy => markup`<pre>${listingPolicy({ name: policy.name, table }, policy.using)}</pre>`)}<p class="small quiet">${asWritten.plan}</p></div>
    <div><span>Faster</span>${faster !== undefined && markup`<p class="cool"><b>${speedTime(faster)}</b></p><pre>${faster.statements.join('\n')}</pre><p class="small quiet">${faster.plan}</p>`}</div></div>
    ${faster !== undefined && markup`<p class="small quiet">${faster.because}</p>`}`;
}
