import type { JudgedPath } from '../../checks/check.ts';
import type { NearbyCheck } from '../../core/advice.ts';
import type { Predicate, Term } from '../../core/predicate.ts';
import type { Fact } from '../../model/app/types.ts';
import { predicateText, termText } from '../sql-text.ts';

const most = 4;

/** The checks on the way to the query, each with the reason why it does not tie the row to the caller. */
export function nearbyChecks(path: JudgedPath): readonly NearbyCheck[] {
  const checks = path.model.facts.flatMap((fact): readonly NearbyCheck[] => {
    const why = fact.weakness === undefined ? whyNot(fact, path) : weaknessWords[fact.weakness];
    return why === undefined ? [] : [{ label: fact.label, why, ...fact.place }];
  });
  // The same check may stand in a layout and on the path: what it does on the path is what counts.
  const unique = new Map<string, NearbyCheck>();
  for (const check of checks) {
    const key = `${check.file}:${check.line}:${check.label}`;
    if (!unique.has(key) || check.why !== weaknessWords['layout-only']) unique.set(key, check);
  }
  return [...unique.values()].slice(-most);
}

const weaknessWords: Readonly<Record<NonNullable<Fact['weakness']>, string>> = {
  'fail-open': 'when it fails, the failure is caught and the path goes on',
  'not-awaited': 'its promise is not awaited: it is always truthy, and its failure comes too late',
  'result-dropped': 'it answers, and nobody looks at the answer',
  'layout-only': 'it stands in a layout, which does not run for every request',
  unfollowed: 'its code is not here: what it asks for is not known',
};

function whyNot({ holds }: Fact, path: JudgedPath): string | undefined {
  const { table } = path.sink;
  switch (holds.kind) {
    case 'signed-in':
      return `it proves who asks, not whose row of '${table}' this is`;
    case 'member':
      return `it verifies ${termText(holds.tenant)}; the row of '${table}' is chosen by something else`;
    case 'role':
      return holds.tenant === undefined
        ? `it proves a role (${holds.roles.join(', ')}), not whose row this is`
        : `it proves a role in ${termText(holds.tenant)}, which the row of '${table}' is not tied to`;
    case 'system':
      return 'it proves that one of your own systems asks, not for whom';
    case 'row':
      return holds.row.table === table && chosenIn(holds.row.where)
        ? `it proves that the row exists, not that it is the caller's`
        : `it found a row of '${holds.row.table}'; nothing connects the row of '${table}' with it`;
    case 'condition':
      return conditionWords(holds.condition, table);
  }
}

/** Conditions on presence alone guard nothing and look like nothing: they are left out. */
function conditionWords(condition: Predicate, table: string): string | undefined {
  if (condition.kind !== 'compare' || (condition.operator !== '=' && condition.operator !== 'is-not-distinct-from'))
    return undefined;
  if (isConstant(condition.left) || isConstant(condition.right)) return undefined;
  return `it compares ${predicateText(condition)}, which says nothing of this row of '${table}'`;
}

function isConstant(term: Term): boolean {
  return term.kind === 'constant';
}

function chosenIn(where: Predicate): boolean {
  switch (where.kind) {
    case 'compare':
      return [where.left, where.right].some(term => term.kind === 'client' || term.kind === 'tool-argument');
    case 'and':
      return where.operands.some(chosenIn);
    default:
      return false;
  }
}
