import type { EntryPointKind } from '../../../../core/path.ts';
import { platformRequest } from '../../library/requests.ts';
import { objectOf } from '../../value.ts';
import { exportEntry, parametersValue, routeOf, type Convention } from './entry.ts';

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** `app/…/route.ts`: each exported method. What is called by a service or on a schedule is told by its address. */
export const routeHandlers: Convention = file => {
  if (!file.isInApp || !file.base.startsWith('app/') || file.name !== 'route') return [];
  const module = file.load();
  if (module === undefined) return [];
  const route = routeOf(file.base);
  return [...module.exports.keys()]
    .filter(symbol => methods.has(symbol))
    .map(method =>
      exportEntry(
        module,
        kindOf(route),
        `${method} ${route}`,
        method,
        parameters => () => [platformRequest(method, [], route), objectOf({ params: parametersValue(parameters) })],
        { route, method },
      ),
    );
};

function kindOf(route: string): EntryPointKind {
  if (/\/webhooks?(?:\/|$)/.test(route)) return 'webhook';
  return /\/cron(?:\/|$)/.test(route) ? 'cron' : 'route-handler';
}
