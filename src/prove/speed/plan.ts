/** A node of a plan as `explain (format json)` prints it: https://www.postgresql.org/docs/current/sql-explain.html */
interface PlanNode {
  readonly text: (name: string) => string | undefined;
  readonly number: (name: string) => number;
  readonly children: readonly PlanNode[];
}

/** The node in which most of the time goes, in one line: how it reads which table, and what it throws away. */
export function tellingLine(answer: unknown): string {
  const whole: unknown = Array.isArray(answer) ? answer[0] : undefined;
  const root = nodeOf(fieldOf(whole, 'Plan'));
  const [slowest] = nodesIn(root).toSorted((left, right) => own(right) - own(left));
  return slowest === undefined ? '' : lineOf(slowest);
}

/** A plan without what is expected of it: two of one shape do the same. */
export function shapeOf(answer: unknown): string {
  return JSON.stringify(answer, (_name, value: unknown) => (typeof value === 'number' ? 0 : value));
}

function lineOf({ text, number, children }: PlanNode): string {
  const index = text('Index Name');
  const relation = text('Relation Name');
  const condition = text('Index Cond') ?? text('Recheck Cond');
  const filter = text('Filter');
  const removed = number('Rows Removed by Filter');
  const reads = children.find(child => child.text('Subplan Name') !== undefined);
  return [
    `${text('Node Type') ?? 'Plan'}${index === undefined ? '' : ` using ${index}`}${relation === undefined ? '' : ` on ${relation}`}`,
    ...(condition === undefined ? [] : [`by ${condition}`]),
    ...(filter === undefined ? [] : [`filter ${filter}`]),
    ...(removed > 0 ? [`${removed} rows read for nothing`] : []),
    ...(number('Actual Loops') > 1 ? [`${number('Actual Loops')} times`] : []),
    ...(filter === undefined || reads === undefined ? [] : [`with ${lineOf(reads)}`]),
  ].join(', ');
}

/** The time of a node without that of the nodes below it; its cost where it was not run. */
function own(node: PlanNode): number {
  const whole = ({ number }: PlanNode): number =>
    number('Actual Loops') > 0 ? number('Actual Total Time') * number('Actual Loops') : number('Total Cost');
  return whole(node) - node.children.reduce((sum, child) => sum + whole(child), 0);
}

function nodesIn(node: PlanNode): readonly PlanNode[] {
  return [node, ...node.children.flatMap(nodesIn)];
}

function nodeOf(value: unknown): PlanNode {
  const below = fieldOf(value, 'Plans');
  return {
    text: name => {
      const found = fieldOf(value, name);
      return typeof found === 'string' ? found : undefined;
    },
    number: name => Number(fieldOf(value, name) ?? 0),
    children: Array.isArray(below) ? below.map(nodeOf) : [],
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
