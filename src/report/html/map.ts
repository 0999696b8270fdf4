import type { Path } from '../../core/path.ts';
import { count } from '../words.ts';
import { type Content, markup, type Markup } from './markup.ts';
import { type PlacedMap, type PlacedNode, placeMap } from './map-layout.ts';
import { toMapModel } from './map-model.ts';

interface Sheet {
  readonly name: string;
  readonly width: number;
  readonly entry: number;
  readonly file: number;
  readonly table: number;
  readonly letters: { readonly entry: number; readonly file: number; readonly table: number };
}

/** One drawing for a desk, one for a phone: a scaled-down desk drawing cannot be read on a phone. */
const sheets: readonly Sheet[] = [
  { name: 'wide', width: 1040, entry: 356, file: 600, table: 836, letters: { entry: 42, file: 30, table: 27 } },
  { name: 'narrow', width: 358, entry: 172, file: 226, table: 252, letters: { entry: 21, file: 0, table: 13 } },
];

/** The map: entry points left, tables right, leaking paths warm. Nodes link to their first finding; a script adds following. */
export function mapFigure(paths: readonly Path[], key: string, hrefOf: (path: Path) => string | undefined): Markup {
  const placed = placeMap(toMapModel(paths));
  const links = paths.map(hrefOf);
  const leaks = paths.filter(path => path.verdict === 'leaks').length;
  const label = `${count(paths.length, 'path')} from entry points on the left to tables on the right, ${leaks} of them leaking.`;
  return markup`<figure class="map" data-map="${key}">
    ${sheets.map(sheet => drawing(placed, sheet, label, links))}
    <figcaption class="legend">${legend()}</figcaption>
  </figure>`;
}

function drawing(map: PlacedMap, sheet: Sheet, label: string, links: readonly (string | undefined)[]): Markup {
  const byId = new Map(map.nodes.map(node => [node.id, node]));
  const ordered = map.edges.toSorted((left, right) => Number(left.tone === 'leak') - Number(right.tone === 'leak'));
  const head = 22;
  return markup`<svg class="${sheet.name}" viewBox="0 0 ${sheet.width} ${map.height + head}" role="group" aria-label="${label}">
    <g class="heads"><text x="${sheet.entry - 8}" y="14" text-anchor="end">entry points</text>${sheet.letters.file > 0 && markup`<text x="${sheet.file}" y="14" text-anchor="middle">code that asks</text>`}<text x="${sheet.table + 8}" y="14">tables</text></g>
    <g transform="translate(0 ${head})">
    <g class="edges" fill="none">${ordered.map(edge => {
      const from = byId.get(edge.from);
      const to = byId.get(edge.to);
      if (from === undefined || to === undefined) return undefined;
      return markup`<path class="edge ${edge.tone}" d="${curve(sheet, from, to)}" stroke-width="${strokeWidth(edge.paths.length, edge.tone === 'quiet')}" data-paths="${edge.paths.join(' ')}"/>`;
    })}</g>
    <g class="nodes">${map.nodes.map(node => drawNode(node, sheet, links))}</g>
    </g>
  </svg>`;
}

function curve(sheet: Sheet, from: PlacedNode, to: PlacedNode): string {
  const x1 = sheet[from.column];
  const x2 = sheet[to.column];
  const bend = Math.round((x2 - x1) * 0.45);
  return `M${x1} ${from.y}C${x1 + bend} ${from.y} ${x2 - bend} ${to.y} ${x2} ${to.y}`;
}

function strokeWidth(paths: number, quiet: boolean): number {
  return quiet ? 1 : Math.min(4, 1.5 + Math.log2(paths) * 0.7);
}

function drawNode(node: PlacedNode, sheet: Sheet, links: readonly (string | undefined)[]): Content {
  const x = sheet[node.column];
  const letters = sheet.letters[node.column];
  const href = node.paths.map(index => links[index]).find(link => link !== undefined);
  const dot = markup`<circle cx="${x}" cy="${node.y}" r="${node.tone === 'quiet' ? 2.5 : 4}"/>`;
  const anchor = node.column === 'entry' ? 'end' : node.column === 'file' ? 'middle' : 'start';
  const offset = node.column === 'entry' ? -9 : node.column === 'file' ? 0 : 9;
  const raise = node.column === 'file' ? -7 : 4;
  const text =
    letters > 0 &&
    markup`<text x="${x + offset}" y="${node.y + raise}" text-anchor="${anchor}">${shorten(node.label, letters, node.column === 'file')}</text>`;
  const drawn = markup`<title>${node.title}</title>${hitArea(node, sheet)}${dot}${text}`;
  const attributes = markup`class="node ${node.column} ${node.tone}" data-paths="${node.paths.join(' ')}"`;
  return href === undefined
    ? markup`<g ${attributes}>${drawn}</g>`
    : markup`<a href="${href}" ${attributes}>${drawn}</a>`;
}

/** A finger is wider than a word: the whole row takes the touch. */
function hitArea(node: PlacedNode, sheet: Sheet): Markup {
  const left = node.column === 'entry' ? 0 : node.column === 'file' ? sheet.file - 90 : sheet.table - 10;
  const right = node.column === 'entry' ? sheet.entry + 10 : node.column === 'file' ? sheet.file + 90 : sheet.width;
  const wide = node.column !== 'file' || sheet.letters.file > 0;
  return markup`<rect x="${left}" y="${node.y - 12}" width="${wide ? right - left : 0}" height="24"/>`;
}

/** A name that fits its column; a file loses its beginning, anything else its middle. */
function shorten(text: string, letters: number, fromStart: boolean): string {
  const characters = [...text];
  if (characters.length <= letters) return text;
  if (fromStart) return `…${characters.slice(characters.length - letters + 1).join('')}`;
  const tail = Math.floor(letters * 0.4);
  return `${characters.slice(0, letters - tail - 1).join('')}…${characters.slice(characters.length - tail).join('')}`;
}

function legend(): Markup {
  return markup`<span><i class="line leak"></i> leaks</span><span><i class="line unknown"></i> could not tell</span><span><i class="line quiet"></i> isolated or public</span>`;
}
