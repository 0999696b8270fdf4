import { callerOf, stackHere } from '../caller.ts';
import { isControlFlow } from '../control-flow.ts';
import { GuardError } from '../errors.ts';
import type { GuardCode } from '../errors.ts';
import { report } from '../events/event.ts';
import { eventTypeOf } from '../events/refusals.ts';
import { keepPlaces, stackOfAwait } from '../places.ts';
import { currentScope, hasLeftScope, mayFindScope, sameScope, scopesAround } from '../scope.ts';
import type { Scope } from '../scope.ts';
import type { QueryRows } from '../tripwire/results.ts';
import { mixed, mixesCallers } from './kept-apart.ts';
import type { LeftThrough } from './leaving.ts';
import { setters } from './setter.ts';
import type { Membership, Setter, SetterOf } from './setter.ts';
import { statementJudge, withoutLiterals } from './statements.ts';
import type { Judgement, SettingNames, StatementKind } from './statements.ts';
import type { QueryConfig } from './wire.ts';

/**
 * How much the guard does. `observe` only reports, for the first days on a live app; `enforce` refuses; `test` refuses and
 * keeps the place of each query, so that every refusal names file and line.
 */
export type GuardMode = 'observe' | 'enforce' | 'test';

/** What `guardPool` must know of the app. */
export interface PolicyOptions {
  /** Who belongs to which tenant. */
  readonly membership: Membership;
  /** `enforce` where nothing is said. */
  readonly mode?: GuardMode;
  /** The settings that the policies read: `app.tenant_id` and `app.user_id` where nothing is said. */
  readonly settings?: Partial<SettingNames>;
  /** Finds the scope where the code runs in none: from the framework's own store of the request. */
  readonly resolve?: () => Scope | undefined | Promise<Scope | undefined>;
  /**
   * For how long one scope, which is one request, goes on with a membership that was found: 0 where nothing is said, so
   * that it is looked up with every statement; 5,000 at most.
   */
  readonly recheckMs?: number;
  /** Whether connections go through a pooler by transaction; found out at start-up where nothing is said. */
  readonly pooler?: 'none' | 'transaction';
  /** Tables with a tenant column that need no row security, each with its reason. */
  readonly unprotected?: Readonly<Record<string, string>>;
  /**
   * Functions that run a text which they assemble, or are written in another language, and leave nothing on their session,
   * each with its reason.
   */
  readonly leavesNothing?: Readonly<Record<string, string>>;
  /** Called with the rows of each guarded statement before the app sees them; throws to keep them back. */
  readonly inspect?: (result: QueryRows, scope: Scope) => void;
}

/** One guard's rules: what a statement is, whose it is, and what is refused. Shared by all connections of a pool. */
export class Policy {
  readonly mode: GuardMode;
  readonly membership: Membership;
  readonly settings: SettingNames;
  private makeSetter: SetterOf;
  private judgeText: (text: string | undefined) => Judgement;
  readonly options: PolicyOptions;
  /** Who only watches is told once: it would be each query of the app. */
  private isTold?: boolean;

  constructor(options: PolicyOptions) {
    this.options = options;
    this.mode = options.mode ?? 'enforce';
    this.membership = options.membership;
    this.settings = { tenant: 'app.tenant_id', user: 'app.user_id', ...options.settings };
    for (const name of Object.values(this.settings)) requireSettingName(name);
    this.makeSetter = this.settersOf(options.membership);
    this.judgeText = statementJudge(this.settings);
    if (this.mode === 'test') keepPlaces();
  }

  /** The setter of a scope; none for work as admin, and where an id is nothing that Postgres could read. */
  setterOf(scope: Scope): Setter | undefined {
    return this.makeSetter(scope);
  }

  /**
   * Names the schema in which the membership table was found. Without it, a temporary table of the same name would stand
   * in front: https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SEARCH-PATH
   */
  membershipIn(schema: string): void {
    this.makeSetter = this.settersOf({ ...this.membership, table: `${schema}.${this.membership.table}` });
  }

  /** What a text is; the functions that it names are known once the self-test has looked for them. */
  judge(text: string | undefined): Judgement {
    return this.judgeText(text);
  }

  /** Makes texts that name such a function leave what it leaves. */
  leavingThrough(through: LeftThrough): void {
    this.judgeText = statementJudge(this.settings, through);
  }

  private settersOf(membership: Membership): SetterOf {
    return setters({
      settings: this.settings,
      membership,
      strict: this.mode !== 'observe',
      // Who only watches sees a stranger's setter pass: there is nothing found to go on with.
      recheckMs: this.mode === 'observe' ? 0 : Math.min(this.options.recheckMs ?? 0, longestRecheckMs),
    });
  }

  /** The scope for work that begins here, asked of the running code first and of `resolve` after it. Throws what that throws. */
  scopeHere(): Scope | undefined | Promise<Scope | undefined> {
    const now = currentScope();
    const { resolve } = this.options;
    if (now !== undefined || resolve === undefined || !mayFindScope()) return now;
    try {
      // Plain JavaScript answers with `null`, and with promises that are none of the engine's own.
      const found: unknown = resolve() ?? undefined;
      if (!isThenable(found)) return found as Scope | undefined;
      return Promise.resolve(found).then(
        scope => (scope as Scope | null) ?? undefined,
        (error: unknown) => this.unresolved(error),
      );
    } catch (error) {
      return this.unresolved(error);
    }
  }

  /** A session that cannot be read is nobody's; in `observe` that refuses nothing, and redirects stay what they are. */
  private unresolved(error: unknown): undefined {
    if (this.mode !== 'observe' && isControlFlow(error)) throw error;
    const refusal = this.refusal('no-scope', '`resolve` failed, so that nobody said who asks.');
    refusal.cause = error;
    if (this.mode !== 'observe') throw refusal;
  }

  /**
   * The scope of a statement on a connection that was taken in `taken`. The running code decides, where its scope lies
   * within the one of the connection; a lost context means the connection's own.
   */
  scopeOn(taken: Scope | undefined): Scope | GuardError | undefined {
    const now = currentScope();
    if (now === undefined) return taken === undefined || hasLeftScope() ? undefined : taken;
    if (taken === undefined) return now;
    if (sameScope(now, taken) || scopesAround().some(scope => sameScope(scope, taken)))
      return now.mode === 'admin' && taken.mode !== 'admin' ? this.refusal('no-admin-pool', adminInside) : now;
    return this.refusal('scope-crossed', crossed);
  }

  /**
   * The scope in which a statement may run, or why it may not; none where it needs none. In `observe` a refusal is only
   * reported, and the statement goes as it is.
   */
  admits(kind: StatementKind, scope: Scope | GuardError | undefined, text?: string): Scope | GuardError | undefined {
    const problem = this.problemOf(kind, scope, text);
    if (problem !== undefined) return this.mode === 'observe' ? undefined : problem;
    return kind === 'transaction' || kind === 'harmless' ? undefined : scope;
  }

  private problemOf(
    kind: StatementKind,
    scope: Scope | GuardError | undefined,
    text: string | undefined,
  ): GuardError | undefined {
    if (kind === 'transaction' || kind === 'harmless') return undefined;
    if (scope instanceof GuardError) return scope;
    if (scope === undefined) return this.refusal('no-scope', noScope, stackHere(), text);
    if (scope.mode === 'admin') return this.refusal('no-admin-pool', noAdmin);
    return kind === 'tampering' ? this.refusal('scope-tampered', tampered) : undefined;
  }

  /** Refuses a query that a library may have sent in the context of somebody else's. */
  refusesMixing(config: QueryConfig): GuardError | undefined {
    if (this.isTold || !mixesCallers(config)) return undefined;
    const refusal = this.refusal('unsafe-connection', mixed);
    this.isTold = this.mode === 'observe';
    return this.isTold ? undefined : refusal;
  }

  /**
   * Makes a refusal and reports it. It names the place in the app; where an ORM ran the query late and no stack holds the
   * place, it names the statement, without what stands between quotes.
   */
  refusal(code: GuardCode, reason: string, stack = stackHere(), statement?: string): GuardError {
    const place = callerOf(stack) ?? callerOf(stackOfAwait());
    const outcome = this.mode === 'observe' ? 'observed' : 'denied';
    report({ type: eventTypeOf(code), outcome, reason, ...(place === undefined ? {} : { place }) });
    if (place !== undefined) return new GuardError(code, `${reason} At ${place}.`);
    return new GuardError(code, statement === undefined ? reason : `${reason} The query: ${shortened(statement)}`);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function shortened(statement: string): string {
  const plain = withoutLiterals(statement).replaceAll(/\s+/g, ' ').trim();
  return plain.length > 160 ? `${plain.slice(0, 160)}…` : plain;
}

const longestRecheckMs = 5_000;

const noScope =
  'A query ran without a scope, so that nobody said whose rows it may see: run it inside of asTenant, asUser, asSystem or asAdmin.';
const tampered = 'A statement would change the role or the settings that say whose rows it may see.';
const noAdmin =
  'Work as admin needs a pool of its own: give guardPool one as `admin`, for a role that may see every tenant.';
const crossed =
  'A connection that was taken for one tenant was used for another: take it and use it within the same scope.';
const adminInside =
  'Work as admin cannot share a connection that was taken for a tenant: take a connection inside of asAdmin.';

/** https://www.postgresql.org/docs/current/runtime-config-custom.html */
function requireSettingName(name: string): void {
  if (/^[a-z_][a-z0-9_$]*\.[a-z_][a-z0-9_$]*$/i.test(name)) return;
  throw new GuardError('unsafe-connection', `'${name}' is no name of a setting: write it as 'app.tenant_id'.`);
}
