import type { Sql } from '../../../core/ports.ts';
import type { DatabaseModel } from '../../../model/database/types.ts';
import type { TenancyModel } from '../../../model/tenancy/types.ts';
import type { SeededUser } from '../../exploit/seed-types.ts';
import type { Principal } from '../principals.ts';

/** What an auth library's adapter works with. */
export interface SignInContext {
  readonly appRoot: string;
  readonly baseUrl: string;
  readonly sql: Sql;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  /** URL patterns of the build, to find where the library is mounted. */
  readonly routes: readonly string[];
  readonly anonymous: Principal;
}

/** Signs seeded users in, for real, through the app's own endpoints. */
export interface SignIn {
  /** `undefined` for no tenant. */
  (principal: Principal, user: SeededUser, tenantId: string | undefined): Promise<void>;
}

/** One auth library: recognises itself, and prepares the seeded users' credentials once. */
export interface SignInAdapter {
  readonly library: string;
  prepare(context: SignInContext, users: readonly SeededUser[]): Promise<SignIn | undefined>;
}
