import type { Attack } from '../../core/result.ts';
import type { OutgoingCall } from '../../collect/runtime/recorder.ts';
import type { TenantKey } from '../exploit/seed-types.ts';
import { readMetadata, withoutMetadata } from './metadata.ts';
import { sightingsIn, type Sighting } from './marks.ts';
import type { Lab } from './lab.ts';
import type { Expectation, Replay } from './replay.ts';
import type { Exchange } from './send.ts';
import { tenantOfRow, type Change, type Snapshot } from './state.ts';
import { viewsOf, type View } from './views.ts';

/** Everything that happened while a replay was sent. */
export interface Run {
  readonly exchanges: readonly [Exchange, ...Exchange[]];
  /** Rows that differ from before, with the database as it was after. */
  readonly changes: readonly Change[];
  readonly after: Snapshot;
  /** Changes that only the last step made, for replays that compare two deliveries. */
  readonly lastChanges: readonly Change[];
  readonly outgoing: readonly OutgoingCall[];
}

/** What an oracle says about a run. */
export interface Judgement {
  readonly leaked: boolean;
  readonly observed: string;
  readonly oracle?: NonNullable<Attack['oracle']>;
  readonly table?: string;
  readonly excerpt?: string;
}

/** Decides what a run shows, by what its replay says must not happen. */
export function judgeRun(lab: Lab, replay: Replay, run: Run): Judgement {
  const expect: Expectation = replay.expect;
  switch (expect.kind) {
    case 'isolated':
      return (
        foreignChanged(lab, replay, run) ??
        foreignSent(lab, replay, run) ??
        foreignSeen(lab, replay, run) ??
        held('nothing of another tenant came back, changed or was sent on')
      );
    case 'denied':
      return ownSeen(lab, replay, run) ?? anyChanged(lab, run) ?? held('nothing came back and nothing changed');
    case 'no-secret':
      return secretSeen(lab, replay, run) ?? held('no secret column came back');
    case 'not-shared':
      return sharedAnswer(lab, replay, run) ?? held('no shared cache may keep the answer');
    case 'unchanged':
      return anyChanged(lab, run) ?? foreignSeen(lab, replay, run) ?? held('no row changed and nothing came back');
    case 'bundle':
      return held('no script holds it');
    case 'once':
      return changedTwice(run) ?? held('the second delivery changed nothing');
    case 'same-as-missing':
      return differsFromMissing(run) ?? held('a foreign row and a missing row are answered alike');
    case 'independent':
      return dependsOnOthers(replay, run) ?? held("other tenants' rows do not change the answer");
  }
}

function held(observed: string): Judgement {
  return { leaked: false, observed };
}

/** The tenant whose data the last principal may see; `undefined` for nobody. */
function tenantOfPrincipal(replay: Replay): TenantKey | undefined {
  // An event of a webhook is sent by nobody, and is about one tenant.
  const name = replay['about'] ?? replay.steps.at(-1)?.as;
  const letter = typeof name === 'string' ? name[0] : undefined;
  return letter === 'A' || letter === 'B' || letter === 'C' ? letter : undefined;
}

function foreignSeen(lab: Lab, replay: Replay, run: Run): Judgement | undefined {
  const own = tenantOfPrincipal(replay);
  const seen = sightingsOf(lab, replay, run).filter(sighting => sighting.tenant !== own);
  const [first] = seen.toSorted((left, right) => rank(replay, left) - rank(replay, right));
  if (first === undefined) return undefined;
  return {
    leaked: true,
    oracle: 'foreign-canary',
    ...(first.table === '' ? {} : { table: first.table }),
    observed: `The answer holds ${columnsOf(seen)} of tenant ${first.tenant}${first.view === 'body' ? '' : ` (${first.view})`}.`,
    excerpt: first.excerpt,
  };
}

/** Content tells more than a key, and a row of a table more than the name of a tenant. */
function rank(replay: Replay, sighting: Sighting): number {
  return (
    distance(replay, sighting.table) * 8 +
    (/(?:^|_)id$/.test(sighting.column) ? 2 : 0) +
    (sighting.table === '' ? 4 : 0)
  );
}

/** 0 for the table that the entry point is about most, more for others. */
function distance(replay: Replay, table: string): number {
  const tables = replay.tables ?? [];
  const index = tables.indexOf(table);
  return index < 0 ? tables.length : index;
}

function sightingsOf(lab: Lab, replay: Replay, run: Run): readonly Sighting[] {
  const last = run.exchanges[run.exchanges.length - 1] ?? run.exchanges[0];
  const sent = sentTexts(run.exchanges).toLowerCase();
  return sightingsIn(readableViews(replay, last), lab.marks).filter(sighting => !sent.includes(sighting.text));
}

function readableViews(replay: Replay, exchange: Exchange): readonly View[] {
  // Beside its result an action's answer may carry a page that was rendered anew: that is the page's doing.
  if (exchange.result !== undefined) return viewsOf({ ...exchange.answer, body: Buffer.from(resultText(exchange)) });
  const views = viewsOf(exchange.answer);
  if (replay['part'] === 'metadata') return views.map(view => ({ ...view, text: readMetadata(view.text) }));
  if (replay['part'] === 'page') return views.map(view => ({ ...view, text: withoutMetadata(view.text) }));
  return views;
}

/** What the requests carried themselves: an echo of it tells nothing. */
function sentTexts(exchanges: readonly Exchange[]): string {
  return exchanges
    .map(
      exchange =>
        `${decodeURIComponentSafely(exchange.request.path)} ${JSON.stringify(exchange.request.headers)} ${exchange.sent}`,
    )
    .join(' ');
}

function columnsOf(sightings: readonly Sighting[]): string {
  const names = [
    ...new Set(
      sightings.filter(sighting => sighting.table !== '').map(sighting => `${sighting.table}.${sighting.column}`),
    ),
  ].sort();
  return names.length === 0
    ? 'text'
    : names.length > 4
      ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more columns`
      : names.join(', ');
}

function foreignChanged(lab: Lab, replay: Replay, run: Run): Judgement | undefined {
  const own = tenantOfPrincipal(replay);
  for (const change of run.lastChanges.toSorted(
    (left, right) => distance(replay, left.table) - distance(replay, right.table) || telling(left) - telling(right),
  )) {
    const owners = ownersOf(lab, run, change);
    const owner = owners.find(tenant => tenant !== own);
    if (owner !== undefined && own !== undefined && owners[0] === own)
      return changed(change, `moved a row to tenant ${owner}`);
    if (owner !== undefined && own !== undefined) return changed(change, `${verb(change)} of tenant ${owner}`);
    if (owner !== undefined && !isBookkeeping(lab, change.table))
      return changed(change, `${verb(change)} of tenant ${owner} for a caller who belongs to no tenant`);
  }
  return own === undefined ? undefined : foreignReference(lab, run, own);
}

/** What was deleted or added tells more than what followed from it by a foreign key. */
function telling(change: Change): number {
  return change.kind === 'deleted' ? 0 : change.kind === 'inserted' ? 1 : 2;
}

/** A row of the caller's own that now points at another tenant's row. */
function foreignReference(lab: Lab, run: Run, own: TenantKey): Judgement | undefined {
  for (const change of run.lastChanges) {
    const table = lab.database.tables.find(candidate => candidate.name === change.table);
    if (change.after === undefined || table === undefined) continue;
    for (const key of table.foreignKeys) {
      const [column] = key.columns;
      const [referenced] = key.referencedColumns;
      if (column === undefined || referenced === undefined || key.columns.length > 1) continue;
      const value = change.after[column];
      if (value === null || value === undefined || value === change.before?.[column]) continue;
      const target = [...(lab.clean.get(key.table)?.values() ?? [])].find(row => row[referenced] === value);
      const owner =
        target === undefined
          ? undefined
          : tenantOfRow(key.table, target, { tenancy: lab.tenancy, seed: lab.seed, snapshot: lab.clean });
      if (owner !== undefined && owner !== own) {
        return {
          leaked: true,
          oracle: 'state-change',
          table: change.table,
          observed: `A row of '${change.table}' now points with '${column}' at a row of '${key.table}' of tenant ${owner}.`,
        };
      }
    }
  }
  return undefined;
}

function ownersOf(lab: Lab, run: Run, change: Change): readonly TenantKey[] {
  const before =
    change.before === undefined
      ? undefined
      : tenantOfRow(change.table, change.before, { tenancy: lab.tenancy, seed: lab.seed, snapshot: lab.clean });
  const after =
    change.after === undefined
      ? undefined
      : tenantOfRow(change.table, change.after, { tenancy: lab.tenancy, seed: lab.seed, snapshot: run.after });
  return [before, after].flatMap(owner => owner ?? []);
}

function changed(change: Change, what: string): Judgement {
  return {
    leaked: true,
    oracle: 'state-change',
    table: change.table,
    observed: `The request ${what} in '${change.table}'${change.columns.length === 0 ? '' : ` (${change.columns.join(', ')})`}.`,
  };
}

function verb(change: Change): string {
  return { inserted: 'added a row', updated: 'changed a row', deleted: 'deleted a row' }[change.kind];
}

/** Sessions and one-time codes of the auth library come and go with every visitor. */
function isBookkeeping(lab: Lab, table: string): boolean {
  const found = lab.database.tables.find(candidate => candidate.name === table);
  return (
    found?.columns.some(column => /^expires_?at$/i.test(column.name)) === true &&
    found.columns.some(column => /^(?:token|value|session_token)$/i.test(column.name))
  );
}

function foreignSent(lab: Lab, replay: Replay, run: Run): Judgement | undefined {
  const own = tenantOfPrincipal(replay);
  for (const call of run.outgoing) {
    const mark = lab.marks
      .find(`${decodeURIComponentSafely(call.path)} ${call.text === '' ? '' : decodeURIComponentSafely(call.text)}`)
      .find(candidate => candidate.tenant !== own);
    if (mark !== undefined) {
      return {
        leaked: true,
        oracle: 'outgoing-call',
        table: mark.table,
        observed: `The app called ${call.method} ${call.host}${call.path.split('?')[0] ?? ''} for '${mark.table}.${mark.column}' of tenant ${mark.tenant}.`,
        excerpt: decodeURIComponentSafely(call.text).slice(0, 240),
      };
    }
  }
  return undefined;
}

function ownSeen(lab: Lab, replay: Replay, run: Run): Judgement | undefined {
  const [first] = sightingsOf(lab, replay, run);
  if (first === undefined) return undefined;
  return {
    leaked: true,
    oracle: 'foreign-canary',
    ...(first.table === '' ? {} : { table: first.table }),
    observed: `The answer holds ${columnsOf([first])} of tenant ${first.tenant}, for a caller who may not have it.`,
    excerpt: first.excerpt,
  };
}

function anyChanged(lab: Lab, run: Run): Judgement | undefined {
  const change = run.changes.find(
    candidate => !isBookkeeping(lab, candidate.table) && ownersOf(lab, run, candidate).length > 0,
  );
  return change === undefined ? undefined : changed(change, verb(change));
}

function secretSeen(lab: Lab, replay: Replay, run: Run): Judgement | undefined {
  const secret = sightingsOf(lab, replay, run).find(sighting => {
    const owner = lab.tenancy.owners.find(candidate => candidate.table === sighting.table);
    // A secret link is for its owner to see; a hash is for nobody.
    const forOwner =
      owner?.capabilityColumns.includes(sighting.column) === true && !/hash|digest|password/i.test(sighting.column);
    return owner?.secretColumns.includes(sighting.column) === true && !forOwner;
  });
  if (secret === undefined) return undefined;
  return {
    leaked: true,
    oracle: 'foreign-canary',
    table: secret.table,
    observed: `The answer holds the secret column '${secret.table}.${secret.column}'.`,
    excerpt: secret.excerpt,
  };
}

function sharedAnswer(lab: Lab, replay: Replay, run: Run): Judgement | undefined {
  const last = run.exchanges[run.exchanges.length - 1] ?? run.exchanges[0];
  const control = last.answer.headers
    .filter(([name]) => /^(?:cdn-|vercel-cdn-)?cache-control$/i.test(name))
    .map(([, value]) => value);
  const shared = control.find(
    value =>
      (/\bpublic\b|s-maxage=[1-9]/i.test(value) || /max-age=[1-9]/i.test(value)) && !/private|no-store/i.test(value),
  );
  const own = sightingsOf(lab, replay, run).find(sighting => sighting.tenant === tenantOfPrincipal(replay));
  if (shared === undefined || own === undefined || last.answer.status >= 300) return undefined;
  return {
    leaked: true,
    oracle: 'foreign-canary',
    ...(own.table === '' ? {} : { table: own.table }),
    observed: `The answer holds '${own.table}.${own.column}' of its reader and says 'cache-control: ${shared}': a shared cache hands it to everybody.`,
    excerpt: `cache-control: ${shared}`,
  };
}

function changedTwice(run: Run): Judgement | undefined {
  const change = run.lastChanges.find(
    candidate => candidate.kind !== 'updated' || candidate.columns.some(column => !isTime(candidate.after?.[column])),
  );
  if (change === undefined) return undefined;
  return changed(change, `was delivered twice with the same event id and the second delivery ${verb(change)}`);
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
}

function differsFromMissing(run: Run): Judgement | undefined {
  const [missing, foreign] = [run.exchanges[0], run.exchanges[run.exchanges.length - 1] ?? run.exchanges[0]];
  if (missing === foreign || missing.answer.status >= 500 || foreign.answer.status >= 500) return undefined;
  const [before, after] = [answerShape(missing), answerShape(foreign)];
  if (before === after) return undefined;
  return {
    leaked: true,
    oracle: 'difference',
    observed: `A row of tenant B is answered with ${foreign.answer.status}, a row that does not exist with ${missing.answer.status}: the answers tell that it exists.`,
    excerpt: `${before.slice(0, 110)}  ≠  ${after.slice(0, 110)}`,
  };
}

/** Status, redirect and, for data, the body with everything volatile masked. */
function answerShape(exchange: Exchange): string {
  const type = exchange.answer.headers.find(([name]) => name === 'content-type')?.[1] ?? '';
  const location = exchange.answer.headers.find(([name]) => name === 'location')?.[1] ?? '';
  const readable = exchange.step.kind !== 'action' && /json|text\/plain|csv/.test(type);
  return mask(
    `${exchange.answer.status} ${location} ${exchange.result === undefined && !readable ? '' : resultText(exchange)}`,
  );
}

function mask(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '‹id›')
    .replace(/\w*drydockmissing\d+|(?:[a-z]{2,5}_)?zq7k\w+/gi, '‹id›')
    .replace(/\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?/g, '‹time›')
    .replace(/"digest":"[^"]*"/g, '"digest":‹›');
}

/** First two answers before, the last one after every other tenant's rows were taken away. */
function dependsOnOthers(replay: Replay, run: Run): Judgement | undefined {
  const [first, second, third] = run.exchanges;
  if (second === undefined || third === undefined || third.answer.status >= 500) return undefined;
  const [before, again, after] = [first, second, third].map(exchange => comparable(replay, exchange));
  if (before === undefined || before !== again || before === after || after === undefined) return undefined;
  const at = firstDifference(before, after);
  return {
    leaked: true,
    oracle: 'difference',
    observed: `The answer changes when only other tenants' rows change: ‹${before.slice(at, at + 40).trim()}› becomes ‹${after.slice(at, at + 40).trim()}›.`,
    excerpt: before.slice(Math.max(0, at - 80), at + 120),
  };
}

/** The visible text of an answer, without what differs from request to request. */
function comparable(replay: Replay, exchange: Exchange): string {
  const whole = resultText(exchange);
  // Titles are streamed: they may come before or after the page, from one request to the next.
  const text = replay['part'] === 'metadata' ? readMetadata(whole) : withoutMetadata(whole);
  const visible = text
    .replace(/<script\b[\s\S]*?<\/script>/g, ' ')
    .replace(/<style\b[\s\S]*?<\/style>/g, ' ')
    .replace(/<input\b[^>]*type="hidden"[^>]*>/g, ' ')
    .replace(/<[^>]+>/g, ' ');
  return `${exchange.answer.status} ${visible
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, '‹time›')
    .replace(/"digest":"[^"]*"|\b[0-9a-f]{40,}\b/g, '‹›')
    .replace(/\s+/g, ' ')}`;
}

function firstDifference(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return Math.max(0, at - 12);
}

/** What an action returned, or the body of any other answer. */
function resultText(exchange: Exchange): string {
  if (exchange.result === undefined) return Buffer.from(exchange.answer.body).toString('utf8');
  return exchange.result.kind === 'returned' ? safeJson(exchange.result.value) : '';
}

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** What the owner's own use of an entry point shows. */
export function ownRowsSeen(
  lab: Lab,
  replay: Replay,
  run: Run,
): { readonly works: boolean; readonly observed: string } {
  const own = tenantOfPrincipal(replay);
  const last = run.exchanges[run.exchanges.length - 1] ?? run.exchanges[0];
  const { status } = last.answer;
  const location = last.answer.headers.find(([name]) => name === 'location')?.[1];
  const returnedError = errorIn(last);
  const changedOwn = run.changes.find(
    change => ownersOf(lab, run, change).includes(own ?? 'A') && !isBookkeeping(lab, change.table),
  );
  if (changedOwn !== undefined && status < 400)
    return { works: true, observed: `${verb(changedOwn)} of its own in '${changedOwn.table}'` };
  if (status >= 400)
    return { works: false, observed: `answered ${status}${returnedError === undefined ? '' : `: ${returnedError}`}` };
  if (location !== undefined && /sign-?in|log-?in|auth|onboarding|denied|forbidden/i.test(location))
    return { works: false, observed: `was sent to ${new URL(location, 'http://localhost').pathname}` };
  if (returnedError !== undefined) return { works: false, observed: `answered: ${returnedError}` };
  const seen = sightingsOf(lab, replay, run).find(sighting => sighting.tenant === own);
  if (seen !== undefined) return { works: true, observed: `sees its own '${seen.table}.${seen.column}'` };
  return { works: true, observed: `answered ${status}` };
}

function errorIn(exchange: Exchange): string | undefined {
  if (exchange.result?.kind === 'threw') return 'the action threw';
  const text = resultText(exchange).slice(0, 4000);
  const named =
    /^\s*\{"(?:error|message)":"([^"]{1,160})"/.exec(text)?.[1] ?? /"output":\{"error":"([^"]{1,160})"/.exec(text)?.[1];
  return named;
}
