import type { EntryPoint, Path } from '../../core/path.ts';
import { compareText } from '../../core/place.ts';
import type { Verdict } from '../../core/verdict.ts';

/** How a part of the map is drawn: `leak` is warm, `unknown` is hatched, `quiet` is everything that holds. */
export type Tone = 'leak' | 'unknown' | 'quiet';

/** A place on the map: an entry point or a group of quiet ones, a file that asks the database, a table. */
export interface MapNode {
  readonly id: string;
  readonly column: 'entry' | 'file' | 'table';
  readonly label: string;
  /** The whole name, or what a group holds. */
  readonly title: string;
  readonly tone: Tone;
  /** Positions in the list of paths. */
  readonly paths: readonly number[];
}

/** A line of the map, as wide as it has paths. */
export interface MapEdge {
  readonly from: string;
  readonly to: string;
  readonly tone: Tone;
  readonly paths: readonly number[];
}

/** What the map shows, before it has coordinates. */
export interface MapModel {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

/** At most so many nodes stand alone in a column before quiet ones, then leaking ones too, are grouped. */
const alone = { entries: 14, leakingEntries: 76, groups: 10, tables: 26 };

/** The map of an app: leaking paths in full, quiet ones gathered until the whole can be taken in at a glance. */
export function toMapModel(paths: readonly Path[]): MapModel {
  const entryNames = nameEntries(paths);
  const tableNames = nameTables(paths);
  const nodes = new Map<string, MapNode>();
  const edges = new Map<string, MapEdge>();
  for (const [index, path] of paths.entries()) {
    const tone = toneOf(path.verdict);
    const entry = entryNames(path);
    const table = tableNames(path);
    const stops = [
      { ...entry, id: `entry ${entry.label}`, column: 'entry' as const },
      ...fileStop(path, tone),
      { ...table, id: `table ${table.label}`, column: 'table' as const },
    ];
    for (const stop of stops) addNode(nodes, { ...stop, tone, paths: [index] });
    for (const [position, stop] of stops.entries()) {
      const next = stops[position + 1];
      if (next !== undefined) addEdge(edges, { from: stop.id, to: next.id, tone, paths: [index] });
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

interface Naming {
  readonly label: string;
  readonly title: string;
}

function toneOf(verdict: Verdict): Tone {
  return verdict === 'leaks' ? 'leak' : verdict === 'unknown' || verdict === 'broken' ? 'unknown' : 'quiet';
}

/** Only paths that need a reader pass through the file of their query; the others would be a tangle of thin lines. */
function fileStop(path: Path, tone: Tone): readonly { id: string; column: 'file'; label: string; title: string }[] {
  if (tone === 'quiet' || path.sink.file === path.entryPoint.file) return [];
  return [{ id: `file ${path.sink.file}`, column: 'file', label: path.sink.file, title: path.sink.file }];
}

function addNode(nodes: Map<string, MapNode>, node: MapNode): void {
  const known = nodes.get(node.id);
  nodes.set(
    node.id,
    known === undefined
      ? node
      : { ...known, tone: louder(known.tone, node.tone), paths: [...known.paths, ...node.paths] },
  );
}

function addEdge(edges: Map<string, MapEdge>, edge: MapEdge): void {
  const key = `${edge.from}\n${edge.to}\n${edge.tone}`;
  const known = edges.get(key);
  edges.set(key, known === undefined ? edge : { ...known, paths: [...known.paths, ...edge.paths] });
}

function louder(left: Tone, right: Tone): Tone {
  const order: readonly Tone[] = ['leak', 'unknown', 'quiet'];
  return order.indexOf(left) <= order.indexOf(right) ? left : right;
}

function nameEntries(paths: readonly Path[]): (path: Path) => Naming {
  const toneByEntry = new Map<string, Tone>();
  for (const path of paths) {
    const known = toneByEntry.get(path.entryPoint.name);
    const tone = toneOf(path.verdict);
    toneByEntry.set(path.entryPoint.name, known === undefined ? tone : louder(known, tone));
  }
  const loud = [...toneByEntry.values()].filter(tone => tone !== 'quiet').length;
  const quiet = new Map(
    paths
      .map(path => [path.entryPoint.name, path.entryPoint] as const)
      .filter(([name]) => toneByEntry.get(name) === 'quiet'),
  );
  const groupQuiet = quiet.size > alone.entries ? gather([...quiet.values()], 'others') : undefined;
  const groupLoud =
    loud > alone.leakingEntries
      ? gather(
          [...new Map(paths.map(path => [path.entryPoint.name, path.entryPoint])).values()].filter(
            entry => toneByEntry.get(entry.name) !== 'quiet',
          ),
          'leaking',
        )
      : undefined;
  return path => {
    const grouping = toneByEntry.get(path.entryPoint.name) === 'quiet' ? groupQuiet : groupLoud;
    return grouping?.get(path.entryPoint.name) ?? { label: shortEntry(path.entryPoint), title: path.entryPoint.name };
  };
}

/** Entry points by the part of the app they are in; small parts share the last group. */
function gather(entryPoints: readonly EntryPoint[], state: string): ReadonlyMap<string, Naming> {
  const areas = new Map<string, EntryPoint[]>();
  for (const entryPoint of entryPoints) {
    const area = areaOf(entryPoint);
    areas.set(area, [...(areas.get(area) ?? []), entryPoint]);
  }
  const bySize = [...areas].toSorted(
    ([leftName, left], [rightName, right]) => right.length - left.length || compareText(leftName, rightName),
  );
  const rest = bySize.slice(alone.groups).flatMap(([, members]) => members);
  const groups: readonly (readonly [string, readonly EntryPoint[]])[] = [
    ...bySize.slice(0, alone.groups),
    ['elsewhere', rest],
  ];
  return new Map(
    groups.flatMap(([area, members]) => {
      const naming = {
        label: `${area} · ${members.length} ${state}`,
        title: members.map(member => member.name).join('\n'),
      };
      return members.map(
        member =>
          [member.name, members.length === 1 ? { label: shortEntry(member), title: member.name } : naming] as const,
      );
    }),
  );
}

function areaOf(entryPoint: EntryPoint): string {
  if (entryPoint.name.includes('#')) return entryPoint.file.split('/').slice(0, -1).join('/') || entryPoint.file;
  const segments = entryPoint.name
    .slice(entryPoint.name.indexOf(' ') + 1)
    .split('/')
    .filter(part => part !== '');
  const depth = segments[0] === 'api' ? 2 : 1;
  return `/${segments.slice(0, depth).join('/')}`;
}

/** `action app/orders/actions.ts#save` is too long for a map: its name is enough, its file is in the title. */
function shortEntry(entryPoint: EntryPoint): string {
  const hash = entryPoint.name.indexOf('#');
  if (hash < 0) return entryPoint.name;
  const kind = entryPoint.name.slice(0, entryPoint.name.indexOf(' '));
  return `${kind} ${entryPoint.name.slice(hash + 1)}`;
}

function nameTables(paths: readonly Path[]): (path: Path) => Naming {
  const loud = new Set(paths.filter(path => toneOf(path.verdict) !== 'quiet').map(path => path.sink.table));
  const quiet = [...new Set(paths.map(path => path.sink.table))].filter(table => !loud.has(table)).sort(compareText);
  const folded = new Set(
    loud.size + quiet.length > alone.tables ? quiet.slice(Math.max(0, alone.tables - loud.size)) : [],
  );
  const group: Naming = { label: `${folded.size} more tables`, title: [...folded].join('\n') };
  return path => (folded.has(path.sink.table) ? group : { label: path.sink.table, title: path.sink.table });
}
