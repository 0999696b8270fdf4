import { platformRequest, responderValue } from '../../library/requests.ts';
import { exportEntry, type Convention } from './entry.ts';

/** `pages/api/…`: one function for every method. */
export const pagesApi: Convention = file => {
  if (!file.isInApp || !file.base.startsWith('pages/api/')) return [];
  const module = file.load();
  if (module === undefined || !module.exports.has('default')) return [];
  const route = `/${file.base
    .replace(/\.(?:[cm]?[jt]sx?)$/, '')
    .replace(/^pages\//, '')
    .replace(/\/index$/, '')}`;
  return [
    exportEntry(
      module,
      'api-route',
      `ANY ${route}`,
      'default',
      parameters => machine => [platformRequest(undefined, parameters), responderValue(machine)],
      { route },
    ),
  ];
};
