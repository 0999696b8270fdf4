import { stackHere } from '../caller.ts';
import { GuardError } from '../errors.ts';
import { boundHere } from './bound.ts';
import { callbackOf, configOf, promised, refused } from './calls.ts';
import { report } from '../events/event.ts';
import { forNobody } from '../scope.ts';
import type { Scope } from '../scope.ts';
import type { Policy } from './policy.ts';
import { ScopedQuery } from './scoped-query.ts';
import type { SelfTest } from './self-test.ts';
import { inlined, setterFailure } from './setter.ts';
import type { Setter } from './setter.ts';
import type { Judgement, StatementKind } from './statements.ts';
import { keptHere, refusedItself, textOf } from './submittable.ts';
import type { QueryRows } from '../tripwire/results.ts';
import { Client, isSubmittable, Query } from './wire.ts';
import type { QueryCallback, QueryConfig, Submittable, WireClient, WireConnection } from './wire.ts';

/** A connection on which every statement travels with its scope. */
export interface GuardedClient extends WireClient {
  /** Says for whom the connection was taken from the pool, until it is taken again. */
  takeFor(scope: Scope | undefined): void;
  /** As `query`, for a callback that is already bound to its context. */
  ask(first: unknown, second: unknown, callback: QueryCallback | undefined): unknown;
}

/** Makes the class of client that a guarded pool opens; libraries that open their own connections are given it as it is. */
export function guardedClient(policy: Policy, selfTest: SelfTest): new () => GuardedClient {
  return class extends Client implements GuardedClient {
    private taken: Scope | undefined;
    /** What the guard sends is one trip already, and replies are matched to what was sent last. */
    readonly pipeline = false;

    /**
     * A transaction that the one before left open is nobody's: it ends, with its cursors, before anything else is asked.
     * What was asked and not waited for may still open one.
     */
    takeFor(scope: Scope | undefined): void {
      this.taken = scope;
      const isLeftOpen = this._txStatus === 'T' || this._txStatus === 'E';
      const isBusy = Boolean(this._getActiveQuery()) || this._queryQueue.length > 0;
      if ((isLeftOpen || isBusy) && policy.mode !== 'observe') this.enqueue(new Ender(this));
    }

    override _handleParseComplete(): void {
      const active = this._getActiveQuery();
      if (active instanceof ScopedQuery && active.takesParseComplete(this.connection)) return;
      super._handleParseComplete();
    }

    override connect(callback?: (error: Error | undefined, client?: unknown) => void): Promise<unknown> {
      // Nobody listens before the connection is handed over, and an 'error' without a listener ends the process.
      this.on('error', heard);
      const ready = forNobody(() => super.connect()).then(() => this.examined());
      const told = callback === undefined ? ready.then(() => this) : tell(ready, this, callback);
      return told.finally(() => this.off('error', heard));
    }

    /** Whoever asked for a connection that fails the self-test never gets it, so that nobody else would close it. */
    private async examined(): Promise<void> {
      try {
        await selfTest.passed(this);
      } catch (error) {
        await super.end();
        throw error;
      }
    }

    override query(first: unknown, second?: unknown, third?: unknown): unknown {
      if (first === null || first === undefined) return super.query(first);
      const callback = callbackOf(first, second, third);
      // Answers come in the context of the connection: what a callback asks next belongs to whoever asked before.
      return this.ask(first, second, callback && boundHere(callback));
    }

    ask(first: unknown, second: unknown, callback: QueryCallback | undefined): unknown {
      if (isSubmittable(first))
        return first instanceof ScopedQuery ? super.query(first) : this.surrounded(first, callback);
      const config = configOf(first, second);
      const judged = policy.judge(config.text);
      const { kind } = judged;
      if (selfTest.running(this)) return this.plain(config, callback);
      const entry = this.entryFor(kind, config.text);
      const refusal =
        entry instanceof GuardError ? entry : ((entry && policy.refusesMixing(config)) ?? this.leavesBehind(judged));
      if (refusal !== undefined) return refused(refusal, callback);
      if (entry === undefined || entry instanceof GuardError) return this.plain(config, callback);
      return this.travelling(config, callback, entry, kind === 'several' && (config.values ?? []).length === 0);
    }

    /**
     * What lasts for the session is for no other tenant to find: the pool ends a connection that was used often enough, and
     * Knex one that is marked. Behind a pooler by transaction the session goes on, so that it is refused there. A setting may
     * be for all, where it is made before anybody has taken the connection.
     */
    private leavesBehind({ leaves }: Judgement): GuardError | undefined {
      if (leaves === undefined || (leaves === 'setting' && this.taken === undefined)) return undefined;
      if (selfTest.report?.pooler === true) {
        const refusal = policy.refusal('unsafe-connection', behindPooler);
        return policy.mode === 'observe' ? undefined : refusal;
      }
      if (policy.mode === 'observe') return undefined;
      this._poolUseCount = Infinity;
      this.__knex__disposed = 'it holds what a statement left for its session';
      return undefined;
    }

    /** The scope and setter for a statement sent now; nothing where it may go as it is, which only `observe` has. */
    private entryFor(kind: StatementKind, text: string | undefined): Entry | GuardError | undefined {
      const scope = policy.admits(kind, policy.scopeOn(this.taken), text);
      if (scope === undefined || scope instanceof GuardError) return scope;
      const setter = policy.setterOf(scope);
      if (setter !== undefined) return { scope, setter };
      const refusal = policy.refusal('bad-id', 'The user or tenant of the scope is no text that Postgres could keep.');
      return policy.mode === 'observe' ? undefined : refusal;
    }

    private travelling(
      config: QueryConfig,
      callback: QueryCallback | undefined,
      entry: Entry,
      several: boolean,
    ): unknown {
      const stack = policy.mode === 'test' ? stackHere() : undefined;
      return promised(callback, settle => {
        const answered = inspecting(settle, policy, entry.scope, stack);
        this.send(this.trip({ config, answered, setter: entry.setter, several }, 2), config);
      });
    }

    /** A query with its scope, which is sent again as often as `left` says where that is safe and helps. */
    private trip(trip: Trip, left: number): ScopedQuery {
      const query = new ScopedQuery(
        trip.config,
        (error, result) => {
          const again =
            error && left > 0 && this._txStatus === 'I' ? this.insteadOf(query, error, trip, left) : undefined;
          if (again === undefined) trip.answered(error, result);
          else this.sendFirst(again, trip.config);
        },
        this.travelOf(trip.setter),
        trip.several,
      );
      return query;
    }

    /**
     * What to send in place of what failed by the guard's own doing. Outside of a transaction Postgres has taken all of the
     * trip back. A statement that is not there under its name, or has other columns now, was named by the guard; a setter
     * that fails while it only watches must not cost the app its answer.
     */
    private insteadOf(query: ScopedQuery, error: Error, trip: Trip, left: number): Submittable | undefined {
      // The app may have used its object for another query meanwhile.
      const config = { ...trip.config, text: trip.several ? trip.config.text : query.text, values: query.values ?? [] };
      if (query.isStale(error)) return this.trip({ ...trip, config }, left - 1);
      if (policy.mode !== 'observe' || !(error instanceof GuardError)) return undefined;
      policy.refusal(error.code, error.message);
      return new Query(trip.config, undefined, trip.answered);
    }

    /** In front of what waits, which was asked later. */
    private sendFirst(query: Submittable, config: QueryConfig): void {
      this.send(query, config);
      if (this._queryQueue.at(-1) === query) this._queryQueue.unshift(...this._queryQueue.splice(-1));
    }

    private travelOf(setter: Setter): ConstructorParameters<typeof ScopedQuery>[2] {
      const watch = policy.mode === 'observe' && setter.name === 'drydock_tenant';
      return {
        setter,
        membership: policy.membership,
        named: selfTest.named(),
        onMember: watch ? noteMember : undefined,
      };
    }

    private plain(config: QueryConfig, callback: QueryCallback | undefined): unknown {
      return promised(callback, settle => this.send(new Query(config, undefined, settle), config));
    }

    /** node-postgres reads the time limit of a query from what it is given, which here is a query already. */
    private send(query: object, { query_timeout }: Partial<QueryConfig> = {}): void {
      this.queue(query_timeout === undefined ? query : Object.assign(query, { query_timeout }));
    }

    /** node-postgres warns of a query that comes while another waits: not where the guard let it wait. */
    private queue(query: object, ...callbacks: readonly unknown[]): void {
      if (this._queryQueue.length === 0) return void super.query(query, ...callbacks);
      const surrounded = new Set(this._queryQueue.flatMap(one => (isOwn(one) ? one.covers() : [])));
      const own = this._queryQueue.every(one => surrounded.has(one)) ? this._queryQueue.splice(0) : [];
      super.query(query, ...callbacks);
      this._queryQueue.unshift(...own);
    }

    /** Puts a query of the guard's own behind what waits: `query` would warn that something runs already. */
    private enqueue(query: Submittable): void {
      this._queryQueue.push(query);
      this._pulseQueryQueue();
    }

    /**
     * Cursors, streams and COPY keep the connection for more than one trip: the setter goes in front of them in a
     * transaction, which is opened and ended around them where the app has none open.
     */
    private surrounded(query: Submittable, callback: QueryCallback | undefined): unknown {
      const text = textOf(query);
      const judged = text === 'hidden' ? hidden : policy.judge(text.sent);
      const entry = this.entryFor(judged.kind, text === 'hidden' ? undefined : text.sent);
      const extra = callback === undefined ? [] : [callback];
      keptHere(query);
      const refusal = entry instanceof GuardError ? entry : this.leavesBehind(judged);
      if (refusal !== undefined) {
        if (query.callback === undefined && callback !== undefined) query.callback = callback;
        return refusedItself(refusal, query, this.connection);
      }
      if (entry === undefined || entry instanceof GuardError) return super.query(query, ...extra);
      const opener = new Opener(this, entry.setter, query, policy);
      this.enqueue(opener);
      this.queue(query, ...extra);
      this.enqueue(new Closer(opener));
      return query;
    }
  };
}

/** Tells a callback outside of the promise, so that what it throws is thrown and not swallowed. */
async function tell<T>(
  ready: Promise<void>,
  value: T,
  callback: (error: Error | undefined, value?: T) => void,
): Promise<void> {
  const failure = await ready.then(
    () => undefined,
    (error: Error) => error,
  );
  await new Promise<void>(resolve => {
    process.nextTick(() => {
      resolve();
      if (failure === undefined) callback(undefined, value);
      else callback(failure);
    });
  });
}

function heard(): void {}

interface Trip {
  readonly config: QueryConfig;
  readonly answered: QueryCallback;
  readonly setter: Setter;
  readonly several: boolean;
}

interface Entry {
  readonly scope: Scope;
  readonly setter: Setter;
}

/** Opens a transaction where there is none, and sets the scope in it. What waits behind it is told when that fails. */
class Opener extends Query {
  opened = false;
  readonly behind: Submittable;
  private readonly client: WireClient;
  private readonly setting: string;

  constructor(client: WireClient, setter: Setter, behind: Submittable, policy: Policy) {
    super('', undefined, error => {
      if (error === null || error === undefined) return;
      // It waits no more when the connection was lost: node-postgres told it then, as all that waits.
      const waiting = client._queryQueue.indexOf(behind);
      if (waiting === -1) return;
      client._queryQueue.splice(waiting, 1);
      const failure = setterFailure(error, policy.membership);
      behind.handleError(
        failure instanceof GuardError ? policy.refusal(failure.code, failure.message) : failure,
        client.connection,
      );
    });
    this.behind = behind;
    this.client = client;
    this.setting = inlined(setter);
  }

  /** What waits because of it. */
  covers(): readonly Submittable[] {
    return [this, this.behind];
  }

  override submit(connection: WireConnection): null {
    this.opened = this.client._txStatus === 'I';
    connection.query(this.opened ? `begin;\n${this.setting}` : this.setting);
    return null;
  }
}

/** Ends the transaction that the opener opened; an aborted one is rolled back by the same word. */
class Closer extends Query {
  private readonly opener: Opener;

  constructor(opener: Opener) {
    super('', undefined, () => {});
    this.opener = opener;
  }

  covers(): readonly Submittable[] {
    return [...this.opener.covers(), this];
  }

  override submit(connection: WireConnection): null {
    connection.query(this.opener.opened ? 'commit' : '');
    return null;
  }
}

/** Ends what was left open on a connection, if anything is by the time that all asked before has been answered. */
class Ender extends Query {
  private readonly client: WireClient;

  constructor(client: WireClient) {
    super('', undefined, () => {});
    this.client = client;
  }

  covers(): readonly Submittable[] {
    return [this];
  }

  override submit(connection: WireConnection): null {
    connection.query(this.client._txStatus === 'I' ? '' : 'rollback');
    return null;
  }
}

function isOwn(query: Submittable): query is Opener | Closer | Ender {
  return query instanceof Opener || query instanceof Closer || query instanceof Ender;
}

const behindPooler =
  'What a statement or a function that it calls leaves for its session (a temporary table, a cursor with hold, a setting) stays with the server behind a pooler by transaction, for the next tenant to find: use `on commit drop` or `set local`.';

/** Nobody can say what it would send. */
const hidden: Judgement = { kind: 'tampering' };

/** Keeps rows back when `inspect` objects, and says where the query was written when a refusal comes from the database. */
function inspecting(settle: QueryCallback, policy: Policy, scope: Scope, stack: string | undefined): QueryCallback {
  // The answer comes in the context of the connection, which another request may have opened; `inspect` asks in the query's.
  const inspect = policy.options.inspect && boundHere(policy.options.inspect);
  return (error, result) => {
    if (error instanceof GuardError) return settle(policy.refusal(error.code, error.message, stack ?? ''));
    if (error || inspect === undefined) return settle(error, result);
    try {
      for (const one of resultsOf(result)) inspect(one, scope);
    } catch (objection) {
      if (policy.mode === 'observe') return settle(error, result);
      return settle(objection instanceof Error ? objection : new GuardError('foreign-row', 'The rows were refused.'));
    }
    settle(error, result);
  };
}

function resultsOf(result: unknown): readonly QueryRows[] {
  const results: readonly unknown[] = Array.isArray(result) ? result : [result];
  return results.filter(
    (one): one is QueryRows => typeof one === 'object' && one !== null && 'rows' in one && Array.isArray(one.rows),
  );
}

function noteMember(found: string): void {
  if (found === '0')
    report({ type: 'authz_fail', outcome: 'observed', reason: 'The user is no member of the tenant.' });
}
