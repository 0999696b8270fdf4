import { makeGuardAction } from './action.ts';
import type { GuardAction } from './action.ts';
import { makeGuardApi } from './api.ts';
import type { GuardApi } from './api.ts';
import { makeObservers } from './observe.ts';
import type { NextObservers } from './observe.ts';
import type { GuardNextOptions } from './options.ts';
import { makeGuardMetadata, makeGuardPage } from './page.ts';
import type { GuardMetadata, GuardPage } from './page.ts';
import { makeGuardRoute } from './route.ts';
import type { GuardRoute } from './route.ts';

/** The guards of an app, one for each way in. */
export interface NextGuards extends NextObservers {
  readonly guardRoute: GuardRoute;
  readonly guardAction: GuardAction;
  readonly guardPage: GuardPage;
  readonly guardMetadata: GuardMetadata;
  readonly guardApi: GuardApi;
}

/**
 * Makes the guards of an app: each asks who is calling, for which tenant and in which role before any of the app's code
 * runs, and lets leave what was declared.
 *
 * @example
 * export const { guardRoute, guardAction, guardPage } = guardNext({
 *   session: fromBetterAuth(auth),
 *   tenant: tenantFromSession(),
 *   membership: ({ user, tenant }) => findMember(user, tenant),
 * });
 */
export function guardNext(options: GuardNextOptions): NextGuards {
  return {
    guardRoute: makeGuardRoute(options),
    guardAction: makeGuardAction(options),
    guardPage: makeGuardPage(options),
    guardMetadata: makeGuardMetadata(options),
    guardApi: makeGuardApi(options),
    ...makeObservers(options),
  };
}
