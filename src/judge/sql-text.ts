import type { Predicate, Term } from '../core/predicate.ts';
import type { QueryPath } from '../model/app/types.ts';

/** A query as SQL for people: values by provenance in ‹›, so that one sees what chose the row. */
export function sqlText({ query }: QueryPath): string {
  if (query.calls !== undefined) {
    return `select ${query.calls.function}(${query.calls.arguments.map(({ name, value }) => `${name} => ${termText(value)}`).join(', ')})`;
  }
  const where = query.where.kind === 'true' ? '' : ` where ${predicateText(query.where)}`;
  if (query.service !== undefined) return `${query.service.name}: ${query.operation} ${query.table}${where}`;
  const assigned = query.values.map(({ column, value }) => [column, termText(value)] as const);
  switch (query.operation) {
    case 'read':
      return `select ${query.columns?.join(', ') || '*'} from ${query.table}${joinText(query.joined)}${where}`;
    case 'insert':
      return `insert into ${query.table} (${assigned.map(([column]) => column).join(', ')}) values (${assigned.map(([, value]) => value).join(', ')})`;
    case 'update': {
      const set = [
        ...assigned.map(([column, value]) => `${column} = ${value}`),
        ...(query.valuesOpen ? ['‹whatever the browser sends›'] : []),
      ];
      return `update ${query.table} set ${set.join(', ')}${where}`;
    }
    case 'delete':
      return `delete from ${query.table}${where}`;
  }
}

function joinText(joined: QueryPath['query']['joined']): string {
  const tables = [...new Set(joined.map(row => row.table))];
  return tables.length === 0 ? '' : ` with ${tables.join(', ')}`;
}

/** A predicate as SQL for people. */
export function predicateText(predicate: Predicate): string {
  switch (predicate.kind) {
    case 'true':
    case 'false':
      return predicate.kind;
    case 'compare':
      return `${termText(predicate.left)} ${operatorText(predicate.operator)} ${termText(predicate.right)}`;
    case 'is-null':
      return `${termText(predicate.term)} is null`;
    case 'and':
      return predicate.operands
        .map(operand => (operand.kind === 'or' ? `(${predicateText(operand)})` : predicateText(operand)))
        .join(' and ');
    case 'or':
      return predicate.operands.map(predicateText).join(' or ');
    case 'not':
      return `not (${predicateText(predicate.operand)})`;
    case 'exists':
      return `exists (select 1 from ${predicate.row.table} where ${predicateText(predicate.row.where)})`;
    case 'maybe-absent':
      return `[${predicateText(predicate.operand)}]`;
    case 'opaque':
      return '‹not understood›';
  }
}

function operatorText(operator: string): string {
  return operator.startsWith('is-') ? operator.replaceAll('-', ' ') : operator;
}

/** A term for people: `‹params.id›`, `‹session tenant.id›`. */
export function termText(term: Term): string {
  switch (term.kind) {
    case 'column':
      return term.row === 'self' ? term.column : `${shortRow(term.row)}.${term.column}`;
    case 'principal':
      return `‹session ${term.attribute}›`;
    case 'client':
      return `‹browser ${term.path}›`;
    case 'tool-argument':
      return `‹model ${term.path}›`;
    case 'event':
      return `‹event ${term.path}›`;
    case 'setting':
      return `current_setting('${term.name}')`;
    case 'constant':
      return typeof term.value === 'string' ? `'${term.value}'` : String(term.value);
    case 'environment':
      return `‹env ${term.name}›`;
    case 'call':
      return `${term.name}(${term.arguments.map(termText).join(', ')})`;
    case 'opaque':
      return '‹?›';
  }
}

function shortRow(row: string): string {
  return (
    row
      .split(/[/:>]/)
      .at(-1)
      ?.replace(/[~#]\d+$/, '') ?? row
  );
}
