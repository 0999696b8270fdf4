import { loadFlightCodec, type FlightCodec } from '../../collect/runtime/flight.ts';
import { readManifests, type BuildManifests } from '../../collect/runtime/manifests.ts';
import type { OutgoingCall } from '../../collect/runtime/recorder.ts';
import { DrydockError } from '../../core/error.ts';
import type { Sql } from '../../core/ports.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import type { Seed, SeededUser } from '../exploit/seed-types.ts';
import { createMarkFinder, tenantsOf, type MarkFinder } from './marks.ts';
import { createPrincipal, type Principal, type PrincipalName } from './principals.ts';
import { betterAuth } from './sign-in/better-auth.ts';
import type { SignInAdapter, SignInContext } from './sign-in/adapter.ts';
import { diffSnapshots, restore, takeSnapshot, type Change, type Snapshot } from './state.ts';

/** A running app with seeded tenants and signed-in principals: everything an attack needs. */
export interface Lab {
  readonly appRoot: string;
  readonly baseUrl: string;
  readonly sql: Sql;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly seed: Seed;
  readonly environment: Readonly<Record<string, string>>;
  readonly credentials: Readonly<Record<string, string>>;
  readonly manifests: BuildManifests;
  readonly codec: FlightCodec;
  readonly marks: MarkFinder;
  readonly outgoing: readonly OutgoingCall[];
  principal(name: PrincipalName): Principal;
  /** The database as it was when everybody had signed in. */
  readonly clean: Snapshot;
}

/** What `openLab` needs: an app that runs on a seeded database. */
export interface LabOptions {
  readonly appRoot: string;
  readonly baseUrl: string;
  readonly sql: Sql;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly seed: Seed;
  readonly environment: Readonly<Record<string, string>>;
  /** API keys of tenants, by tenant: `A` → the key as a caller sends it. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly outgoing: readonly OutgoingCall[];
}

const adapters: readonly SignInAdapter[] = [betterAuth];

/** Signs every seeded user in through the app's own endpoints and remembers the state of the database. */
export async function openLab(options: LabOptions): Promise<Lab> {
  const manifests = readManifests(options.appRoot);
  const anonymous = createPrincipal('anonymous', undefined, options.baseUrl);
  const principals = new Map<PrincipalName, Principal>([['anonymous', anonymous]]);
  const users = seededUsers(options.seed);
  const context: SignInContext = { ...options, routes: manifests.routes.map(route => route.pattern), anonymous };
  const signIn = await prepareSignIn(
    context,
    users.map(entry => entry.user),
  );
  for (const { name, user, tenantId } of users) {
    const principal = createPrincipal(name, user.email, options.baseUrl);
    await signIn(principal, user, tenantId);
    principals.set(name, principal);
  }
  const clean = await takeSnapshot(options.sql, options.database);
  return {
    ...options,
    manifests,
    codec: loadFlightCodec(options.appRoot),
    marks: createMarkFinder({ ...options, clean }),
    principal: name => principals.get(name) ?? anonymous,
    clean,
  };
}

async function prepareSignIn(
  context: SignInContext,
  users: readonly SeededUser[],
): ReturnType<SignInAdapter['prepare']> extends Promise<infer T> ? Promise<NonNullable<T>> : never {
  for (const adapter of adapters) {
    const signIn = await adapter.prepare(context, users);
    if (signIn !== undefined) return signIn;
  }
  throw new DrydockError(
    'sign-in-failed',
    `Could not sign in test users: none of the known auth libraries (${adapters.map(adapter => adapter.library).join(', ')}) answers in this app.`,
    {
      next: 'Everything but the probe can still run: drydock trace, drydock rules.',
    },
  );
}

interface NamedUser {
  readonly name: PrincipalName;
  readonly user: SeededUser;
  readonly tenantId: string | undefined;
}

function seededUsers(seed: Seed): readonly NamedUser[] {
  const members = tenantsOf(seed)
    .filter(([key]) => key !== 'C')
    .flatMap(([key, tenant]) =>
      tenant.users.map((user, index) => ({ name: `${key}.users.${index}` as const, user, tenantId: tenant.tenantId })),
    );
  return seed.stranger === undefined
    ? members
    : [...members, { name: 'stranger', user: seed.stranger, tenantId: undefined }];
}

/** Puts the database back to the clean state; gives what had changed. */
export async function restoreClean(lab: Lab): Promise<readonly Change[]> {
  const changes = diffSnapshots(lab.clean, await takeSnapshot(lab.sql, lab.database));
  await restore(lab.sql, lab.database, changes);
  return changes;
}
