import type { Path } from '../../core/path.ts';
import { formatPlace } from '../../core/place.ts';
import { principalWords, reasonWords, roleWords, verdictWords } from '../words.ts';
import { type Content, markup, type Markup } from './markup.ts';

/** The steps of a path with its query as SQL, the unbound part marked. */
export function stepsList(path: Path): Markup {
  const last = path.steps.length - 1;
  return markup`<ol class="steps ${path.verdict}">${path.steps.map(
    (
      step,
      index,
    ) => markup`<li class="${step.role}"><div class="what"><span>${step.label}</span><span class="where">${formatPlace(step)}</span></div>
      ${step.code !== undefined && step.code.trim() !== '' && markup`<pre>${step.code.trim()}</pre>`}${index === last && query(path)}</li>`,
  )}
    <li class="database"><div class="what"><span>${path.verdict === 'leaks' ? 'database lets it through' : 'database'}</span><span class="where">${path.sink.operation} ${path.sink.table}</span></div>
    <span class="quiet small">${roleWords(path.sink.role)}</span></li></ol>`;
}

function query(path: Path): Markup {
  const remark =
    path.verdict === 'leaks' || path.verdict === 'unknown'
      ? markup`<p class="remark">▲ ${reasonWords(path.reason)}</p>`
      : undefined;
  return markup`<pre class="sql">${marked(path.sql, path.unbound)}</pre>${remark}`;
}

function marked(sql: string, unbound: string | undefined): Content {
  const start = unbound === undefined || unbound === '' ? -1 : sql.indexOf(unbound);
  if (unbound === undefined || start < 0) return sql;
  return [sql.slice(0, start), markup`<mark>${unbound}</mark>`, sql.slice(start + unbound.length)];
}

/** One path in the list of all: verdict, ends and reason, its steps folded. `key` and `index` make it findable from the map. */
export function pathItem(path: Path, key: string, index: number): Markup {
  const tone = path.verdict === 'leaks' ? 'warm' : path.verdict === 'isolated' ? 'cool' : 'quiet';
  return markup`<li id="${key}-path-${index}" class="${path.verdict}">
    <div class="head"><b class="${tone}">${verdictWords(path.verdict)}</b> <span>${path.entryPoint.name}</span> <span class="quiet">→ ${path.sink.operation} <code>${path.sink.table}</code></span></div>
    <div class="quiet small">${reasonWords(path.reason)} · asked by ${principalWords(path.principal)}</div>
    <details class="small"><summary class="quiet">${formatPlace(path.sink)}</summary>${stepsList(path)}</details></li>`;
}
