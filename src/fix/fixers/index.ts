import type { Finding } from '../../core/finding.ts';
import type { Fixer } from '../context.ts';
import { keyCache, privateCacheControl, renderPerRequest } from './cache.ts';
import { correlatePolicy } from './correlate.ts';
import { guardInPage, requireCronSecret, requireRole, requireSession } from './copied-guards.ts';
import {
  appRole,
  enableOtherwise,
  enablePolicies,
  forcePolicies,
  guardFunction,
  indexTenant,
  invokeFunction,
  narrowOtherwise,
  repairObject,
  replacePolicy,
  revokeGrant,
  securityInvoker,
} from './database.ts';
import {
  addUsing,
  callOnce,
  dropPolicy,
  enablePart,
  grantOtherColumns,
  indexColumns,
  moveExtensions,
  revokeAll,
  revokeBeyond,
  revokeCreate,
  revokeCreateSchema,
  revokeDefault,
  setSearchPath,
  tenantInKey,
} from './database-lints.ts';
import { bindRole, closeFunctions, keepRole } from './database-roles.ts';
import { admitFirstMember, keepNewTenants } from './first-member.ts';
import { narrowColumns, sameAnswer } from './exposure.ts';
import { fillArgument } from './fill-argument.ts';
import { awaitGuard, stopOnFailure, useResult } from './guards.ts';
import { ownCustomer } from './own-customer.ts';
import { scopeQuery, tieObject } from './scope-query.ts';
import { serverOnly } from './server-only.ts';
import { tieReferences, tieToSeen } from './tie-references.ts';
import { tenantInUniqueKey } from './unique-keys.ts';
import { verifyReference } from './verify-reference.ts';
import { mapByCustomer, recordEvent, verifyWebhook } from './webhook.ts';

/** Fixers by the kind of repair that a check asks for, the most fitting first; the next is tried when one does not hold. */
const byKind: ReadonlyMap<string, readonly Fixer[]> = new Map([
  ['scope-query', [scopeQuery, fillArgument]],
  ['tie-object', [tieObject, scopeQuery, fillArgument]],
  ['ignore-client-tenant', [fillArgument, scopeQuery]],
  ['drop-filter-option', [scopeQuery, fillArgument]],
  ['tool-uses-session', [scopeQuery]],
  ['require-session', [scopeQuery, fillArgument, requireSession]],
  ['require-membership', [fillArgument, scopeQuery]],
  ['await-guard', [awaitGuard, scopeQuery]],
  ['stop-on-failure', [stopOnFailure, scopeQuery]],
  ['use-result', [useResult, scopeQuery]],
  ['guard-page-not-layout', [guardInPage, fillArgument, scopeQuery]],
  ['require-role', [requireRole]],
  ['require-cron-secret', [requireCronSecret]],
  ['verify-reference', [verifyReference]],
  ['key-cache', [keyCache]],
  ['private-cache-control', [privateCacheControl]],
  ['render-per-request', [renderPerRequest]],
  ['verify-webhook', [verifyWebhook]],
  ['record-event', [recordEvent]],
  ['map-by-customer', [mapByCustomer]],
  ['own-customer', [ownCustomer]],
  ['narrow-columns', [narrowColumns]],
  ['same-answer', [sameAnswer]],
  ['server-only', [serverOnly]],
  ['repair-object', [repairObject, invokeFunction]],
  ['enable-policies', [enablePolicies, ...enableOtherwise]],
  ['create-policies', [enablePolicies, ...enableOtherwise]],
  ['enable-force', [forcePolicies]],
  [
    'replace-policy',
    [admitFirstMember, keepNewTenants, tieToSeen, tieReferences, replacePolicy, ...narrowOtherwise, keepRole],
  ],
  ['security-invoker', [securityInvoker]],
  ['guard-function', [guardFunction, invokeFunction]],
  ['revoke-grant', [revokeGrant]],
  ['index-tenant', [indexTenant]],
  ['app-role', [appRole]],
  ['set-search-path', [setSearchPath]],
  ['add-using', [addUsing]],
  ['tenant-in-key', [tenantInKey]],
  ['move-extensions', [moveExtensions]],
  ['call-once', [callOnce]],
  ['index-columns', [indexColumns]],
  ['drop-policy', [dropPolicy]],
  ['enable-part', [enablePart]],
  ['grant-other-columns', [grantOtherColumns]],
  ['revoke-beyond', [revokeBeyond]],
  ['revoke-default', [revokeDefault]],
  ['revoke-all', [revokeAll]],
  ['revoke-create', [revokeCreate]],
  ['revoke-create-schema', [revokeCreateSchema]],
  ['bind-role', [bindRole]],
  ['close-functions', [closeFunctions]],
  ['correlate-policy', [correlatePolicy, admitFirstMember, keepNewTenants, replacePolicy, ...narrowOtherwise]],
  ['tenant-in-unique-key', [tenantInUniqueKey]],
]);

/** The fixers to try for a finding, in order. */
export function fixersFor(finding: Finding): readonly Fixer[] {
  return finding.repair === undefined ? [] : (byKind.get(finding.repair.kind) ?? []);
}
