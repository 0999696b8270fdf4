import { Graph, layout } from '@dagrejs/dagre';
import type { MapEdge, MapModel, MapNode, Tone } from './map-model.ts';

/** A node with its height on the map; the column gives the rest. */
export interface PlacedNode extends MapNode {
  readonly y: number;
}

/** The map with coordinates. */
export interface PlacedMap {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly MapEdge[];
  readonly height: number;
}

const rowHeight = 24;
const margin = 16;

type Heights = ReadonlyMap<string, number>;

/**
 * Places the columns: what leaks on top, what holds below, and within each band the order in which few lines cross.
 * Entry points stand row by row; files and tables as near as they can to what leads to them.
 */
export function placeMap(model: MapModel): PlacedMap {
  const column = (name: MapNode['column']): readonly MapNode[] => model.nodes.filter(node => node.column === name);
  const rows = Math.max(...(['entry', 'file', 'table'] as const).map(name => column(name).length), 1);
  const height = rows * rowHeight + 2 * margin;
  const first = rowByRow(column('entry'), layered(model));
  const firstTables = nearTo(column('table'), model, first, height);
  const entries = rowByRow(column('entry'), pulled(column('entry'), model, firstTables, first));
  const tables = nearTo(column('table'), model, entries, height);
  const files = nearTo(column('file'), model, new Map([...entries, ...tables]), height);
  const y = new Map([...entries, ...files, ...tables]);
  return { nodes: model.nodes.map(node => ({ ...node, y: y.get(node.id) ?? 0 })), edges: model.edges, height };
}

/** The heights that dagre gives, by node: a good order, but with loud and quiet nodes mixed. */
function layered(model: MapModel): Heights {
  const graph = new Graph<object, { width: number; height: number; y?: number }, { minlen: number; weight: number }>({
    multigraph: true,
  });
  graph.setGraph({ rankdir: 'LR', nodesep: 2, edgesep: 1, ranksep: 60 });
  graph.setDefaultEdgeLabel(() => ({ minlen: 1, weight: 1 }));
  const column = new Map(model.nodes.map(node => [node.id, node.column]));
  for (const node of model.nodes) graph.setNode(node.id, { width: 40, height: rowHeight });
  for (const edge of model.edges) {
    // Entry points and tables stay in their columns when a path passes through no file of its own.
    const direct = column.get(edge.from) === 'entry' && column.get(edge.to) === 'table';
    graph.setEdge(edge.from, edge.to, { minlen: direct ? 2 : 1, weight: edge.tone === 'leak' ? 4 : 1 }, edge.tone);
  }
  layout(graph);
  return new Map(model.nodes.map(node => [node.id, graph.node(node.id).y ?? 0]));
}

const bands: readonly Tone[] = ['leak', 'unknown', 'quiet'];

/** Nodes by band, then by the height they would like. */
function inBands(nodes: readonly MapNode[], wanted: Heights): readonly MapNode[] {
  return nodes.toSorted(
    (left, right) =>
      bands.indexOf(left.tone) - bands.indexOf(right.tone) || (wanted.get(left.id) ?? 0) - (wanted.get(right.id) ?? 0),
  );
}

function rowByRow(nodes: readonly MapNode[], wanted: Heights): Heights {
  return new Map(
    inBands(nodes, wanted).map((node, index) => [node.id, Math.round(margin + (index + 0.5) * rowHeight)]),
  );
}

/** The mean height of what a node is joined to, by lines of its own tone where it has some. */
function pulled(nodes: readonly MapNode[], model: MapModel, placed: Heights, fallback: Heights): Heights {
  const throughFiles = joinedTo(model);
  return new Map(
    nodes.map(node => {
      const joined = throughFiles.get(node.id) ?? [];
      const own = joined.filter(each => each.tone === node.tone);
      const heights = (own.length > 0 ? own : joined).map(each => placed.get(each.id)).filter(y => y !== undefined);
      const mean = heights.reduce((sum, y) => sum + y, 0) / heights.length;
      return [node.id, heights.length === 0 ? (fallback.get(node.id) ?? 0) : mean];
    }),
  );
}

interface Joined {
  readonly id: string;
  readonly tone: Tone;
}

/** For each node the others that share a path with it. */
function joinedTo(model: MapModel): ReadonlyMap<string, readonly Joined[]> {
  const byPath = new Map<number, MapNode[]>();
  for (const node of model.nodes) for (const path of node.paths) byPath.set(path, [...(byPath.get(path) ?? []), node]);
  const toneOf = new Map(model.edges.flatMap(edge => edge.paths.map(path => [path, edge.tone] as const)));
  return new Map(
    model.nodes.map(node => [
      node.id,
      node.paths.flatMap(path =>
        (byPath.get(path) ?? []).map(other => ({ id: other.id, tone: toneOf.get(path) ?? 'quiet' })),
      ),
    ]),
  );
}

/** Each node as near as it can to what it is joined to, none closer to the next than a row. */
function nearTo(nodes: readonly MapNode[], model: MapModel, placed: Heights, height: number): Heights {
  const wanted = pulled(nodes, model, placed, new Map());
  const ordered = inBands(nodes, wanted);
  const y: number[] = [];
  for (const node of ordered)
    y.push(Math.max(wanted.get(node.id) ?? 0, (y.at(-1) ?? margin - rowHeight / 2) + rowHeight));
  // What was pushed below the edge is pushed back up, from the bottom.
  let limit = height - margin - rowHeight / 2;
  for (let index = y.length - 1; index >= 0; index -= 1) {
    y[index] = Math.min(y[index] ?? 0, limit);
    limit = (y[index] ?? 0) - rowHeight;
  }
  return new Map(ordered.map((node, index) => [node.id, Math.round(y[index] ?? 0)]));
}
