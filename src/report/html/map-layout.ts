import { Graph, layout } from '@dagrejs/dagre';
import type { MapEdge, MapModel, MapNode } from './map-model.ts';

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

const rowHeight = 25;
const margin = 18;

/** Orders every column so that few lines cross, and spreads the shorter columns over the height of the longest. */
export function placeMap(model: MapModel): PlacedMap {
  const wanted = layered(model);
  const columns = (['entry', 'file', 'table'] as const).map(column =>
    model.nodes
      .filter(node => node.column === column)
      .toSorted((left, right) => (wanted.get(left.id) ?? 0) - (wanted.get(right.id) ?? 0)),
  );
  const height = Math.max(...columns.map(column => column.length), 1) * rowHeight + 2 * margin;
  return { nodes: columns.flatMap(column => spreadOver(column, height, wanted)), edges: model.edges, height };
}

/** The heights that dagre gives, by node. */
function layered(model: MapModel): ReadonlyMap<string, number> {
  const graph = new Graph<object, { width: number; height: number; y?: number }, { minlen: number; weight: number }>({
    multigraph: true,
  });
  graph.setGraph({ rankdir: 'LR', nodesep: 2, edgesep: 1, ranksep: 60 });
  graph.setDefaultEdgeLabel(() => ({ minlen: 1, weight: 1 }));
  const column = new Map(model.nodes.map(node => [node.id, node.column]));
  for (const node of model.nodes) graph.setNode(node.id, { width: 40, height: rowHeight - 4 });
  for (const edge of model.edges) {
    // Entry points and tables stay in their columns when a path passes through no file of its own.
    const direct = column.get(edge.from) === 'entry' && column.get(edge.to) === 'table';
    graph.setEdge(edge.from, edge.to, { minlen: direct ? 2 : 1, weight: edge.tone === 'leak' ? 4 : 1 }, edge.tone);
  }
  layout(graph);
  return new Map(model.nodes.map(node => [node.id, graph.node(node.id).y ?? 0]));
}

/** Keeps each node near the height it was given, none closer to the next than a row. */
function spreadOver(
  column: readonly MapNode[],
  height: number,
  wanted: ReadonlyMap<string, number>,
): readonly PlacedNode[] {
  const heights = column.map(node => wanted.get(node.id) ?? 0);
  const lowest = Math.max(...wanted.values(), 1);
  const scale = (height - 2 * margin - rowHeight) / lowest;
  const placed: number[] = [];
  for (const [index, y] of heights.entries()) {
    const previous = placed[index - 1];
    const ideal = margin + rowHeight / 2 + y * scale;
    placed.push(previous === undefined ? ideal : Math.max(ideal, previous + rowHeight));
  }
  // What was pushed below the edge is pushed back up, from the bottom.
  let limit = height - margin - rowHeight / 2;
  for (let index = placed.length - 1; index >= 0; index -= 1) {
    const y = Math.min(placed[index] ?? 0, limit);
    placed[index] = y;
    limit = y - rowHeight;
  }
  return column.map((node, index) => ({ ...node, y: Math.round(placed[index] ?? 0) }));
}
