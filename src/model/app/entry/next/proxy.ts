import { platformRequest } from '../../library/requests.ts';
import { objectOf } from '../../value.ts';
import { exportEntry, type Convention } from './entry.ts';

/** `proxy.ts`, `middleware.ts` before Next.js 16: runs before whatever its matcher covers. */
export const proxy: Convention = file => {
  if (!file.isInApp || !/^(?:proxy|middleware)$/.test(file.name) || file.base.includes('/')) return [];
  const module = file.load();
  const symbol = [file.name, 'default', 'proxy', 'middleware'].find(candidate => module?.exports.has(candidate));
  return module === undefined || symbol === undefined
    ? []
    : [exportEntry(module, 'proxy', 'proxy', symbol, () => () => [platformRequest(undefined), objectOf({})])];
};
