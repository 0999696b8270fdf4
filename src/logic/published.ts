import type { Term } from '../core/predicate.ts';

const flags =
  /^(?:is_?)?(?:public|published|publicly_(?:visible|accessible|available|listed))$|^(?:public|publish)_(?:access|view|page|share|sharing|enabled|visible)(?:_enabled)?$/;
const visibilities = /^(?:visibility|privacy|access|access_level|access_type|audience)$/;
const states = /^(?:status|state)$/;

function plain(column: string): string {
  return column.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** Whether a column says yes or no to showing its row to everybody. */
export function isPublishedFlag(column: string): boolean {
  return flags.test(plain(column));
}

/** Whether a column that equals the value says that its row's owner shows the row to everybody. */
export function isPublished(column: string, value: Term): boolean {
  if (value.kind !== 'constant') return false;
  const name = plain(column);
  if (flags.test(name)) return value.value === true || value.value === 'true' || value.value === 1;
  const text = typeof value.value === 'string' ? value.value.toLowerCase() : '';
  if (visibilities.test(name)) return /^(?:public|everyone|anyone|anybody|world)$/.test(text);
  return states.test(name) && text === 'published';
}
