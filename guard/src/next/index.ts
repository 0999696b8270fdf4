/** The guards of a Next.js app: App Router and `pages/api`. */
export { guardNext } from './guard-next.ts';
export type { NextGuards } from './guard-next.ts';
export type { ActionCall, ActionOptions, ActionRefusal, ActionResult, GuardAction, ServerAction } from './action.ts';
export type { ApiCall, GuardApi } from './api.ts';
export { refuseKeylessCache } from './keyless-cache.ts';
export type { NextObservers } from './observe.ts';
export { NoAccess, Unavailable } from './no-access.ts';
export type { NoAccessTexts } from './no-access.ts';
export type { CallOptions, CallView, GuardNextOptions, Member, ScopeKind, TenantSource } from './options.ts';
export type { GuardMetadata, GuardPage, PageCall, PageOptions, PageProps } from './page.ts';
export { pageScope } from './page-scope.ts';
export type { GuardRoute, PathParams, RouteCall, RouteHandler, RouteOptions } from './route.ts';
export {
  tenantFromArgument,
  tenantFromHeader,
  tenantFromParam,
  tenantFromSession,
  tenantFromSubdomain,
} from './tenant.ts';
export type { Fields } from '../fields.ts';
export type { InputIssue, StandardSchema } from '../standard-schema.ts';
