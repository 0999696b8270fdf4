import { snakeCase } from '../core/names.ts';
import type { Operator, Predicate, Term } from '../core/predicate.ts';

const flags =
  /^(?:is_?)?(?:public|published|publicly_(?:visible|accessible|available|listed))$|^(?:public|publish)_(?:access|view|page|share|sharing|enabled|visible)(?:_enabled)?$/;
const visibilities = /^(?:visibility|privacy|access|access_level|access_type|audience)$/;
const states = /^(?:status|state)$/;

/** Whether a column says yes or no to showing its row to everybody. */
export function isPublishedFlag(column: string): boolean {
  return flags.test(snakeCase(column));
}

/** Whether a column that equals the value says that its row's owner shows the row to everybody. */
export function isPublished(column: string, value: Term): boolean {
  if (value.kind !== 'constant') return false;
  const name = snakeCase(column);
  if (flags.test(name)) return value.value === true || value.value === 'true' || value.value === 1;
  const text = typeof value.value === 'string' ? value.value.toLowerCase() : '';
  if (visibilities.test(name)) return /^(?:public|everyone|anyone|anybody|world)$/.test(text);
  return states.test(name) && text === 'published';
}

const closedFlags = /^(?:is_?)?private$/;
const closed = /^(?:private|restricted|confidential)$/;

/**
 * The column whose comparison says that its row is not kept from everybody: `visibility <> 'private'`,
 * `is_private = false`; `undefined` for any other comparison. What is only no draft need not be shown.
 */
export function notClosedBy(operator: Operator, left: Term, right: Term, positive: boolean): Term | undefined {
  const isEquality = operator === '=' || operator === 'is-not-distinct-from';
  if (!isEquality && operator !== '<>' && operator !== 'is-distinct-from') return undefined;
  const [column, constant] = left.kind === 'column' ? [left, right] : [right, left];
  if (column.kind !== 'column' || constant.kind !== 'constant') return undefined;
  const [name, { value }, isEqual] = [snakeCase(column.column), constant, isEquality === positive];
  const isOpen =
    typeof value === 'boolean'
      ? closedFlags.test(name) && value !== isEqual
      : !isEqual && typeof value === 'string' && visibilities.test(name) && closed.test(value.toLowerCase());
  return isOpen ? column : undefined;
}

/** Whether the condition itself says that a row is not kept from everybody. */
export function notCloses(condition: Predicate): boolean {
  const [inner, positive] = condition.kind === 'not' ? [condition.operand, false] : [condition, true];
  return inner.kind === 'compare' && notClosedBy(inner.operator, inner.left, inner.right, positive) !== undefined;
}

/** Whether a column says by yes or no that its row is kept from everybody. */
export function isClosedFlag(column: string): boolean {
  return closedFlags.test(snakeCase(column));
}
