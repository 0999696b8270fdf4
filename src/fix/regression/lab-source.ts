/** The text of `tests/isolation/lab.ts`: what the written tests run on. It needs only pg and Node. */
export const labSource = `// @ts-nocheck
/**
 * Two tenants against the running app: sends requests as their users and says whether anything crossed over.
 * Written by drydock; yours to keep and to change. It needs
 *   DRYDOCK_BASE_URL   where the app runs, built from this folder
 *   DATABASE_URL       its database on this machine: migrated, and empty or filled by an earlier run of these tests
 */
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const here = dirname(fileURLToPath(import.meta.url));
const world = JSON.parse(readFileSync(join(here, 'world.json'), 'utf8'));
const appRoot = process.env.DRYDOCK_APP_ROOT ?? join(here, '..', '..');
const cookies = new Map();
let opened;

/** Fails when the attack gets through. */
export async function holds(attack) {
  const lab = await open();
  const run = await play(lab, attack);
  const seen = judge(lab, attack, run);
  if (seen !== undefined) throw new Error(seen + '\\n' + run.exchanges.map(each => each.method + ' ' + each.path + ' → ' + each.status).join('\\n'));
}

/** Fails when the owner's own use of the same entry point does not work. */
export async function works(use) {
  const lab = await open();
  const run = await play(lab, use);
  const last = run.exchanges.at(-1);
  const location = last.headers.get('location') ?? '';
  const error = /^\\s*\\{"(?:error|message)":"([^"]{1,160})"/.exec(last.text)?.[1];
  if (last.status >= 400) throw new Error('The owner is answered ' + last.status + ': ' + last.text.slice(0, 200));
  if (/sign-?in|log-?in|onboarding|denied|forbidden/i.test(location)) throw new Error('The owner is sent to ' + location);
  if (error !== undefined) throw new Error('The owner is answered: ' + error);
  if (use.sees === true && marksIn(last.text, '').filter(mark => mark.tenant === tenantOf(use)).length === 0) throw new Error('The answer shows nothing of its own reader.');
}

function open() {
  opened ??= start();
  return opened;
}

async function start() {
  const database = required('DATABASE_URL');
  const host = new URL(database).hostname;
  if (!/^(localhost|127\\.|\\[?::1)/.test(host) && process.env.DRYDOCK_ALLOW_REMOTE !== '1') throw new Error('DATABASE_URL is not on this machine; these tests write rows. Use a database of their own.');
  const client = new pg.Client({ connectionString: database });
  client.on('error', () => {});
  await client.connect();
  await fill(client);
  const lab = { client, baseUrl: required('DRYDOCK_BASE_URL').replace(/\\/$/, ''), actions: readActions(), mount: undefined };
  lab.mount = await findMount(lab);
  return lab;
}

function required(name) {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(name + ' is not set. Start the app and set it: see ' + join(here, 'README.md'));
  return value;
}

/* ---- the database ---- */

async function fill(client) {
  const known = await client.query('select count(*)::int as n from ' + quoted(world.root.table) + ' where ' + column(world.root.key) + '::text = any($1)', [Object.values(world.tenants).map(tenant => tenant.tenantId)]);
  if (known.rows[0].n === Object.keys(world.tenants).length) return;
  const others = await client.query('select count(*)::int as n from ' + quoted(world.root.table));
  if (others.rows[0].n > 0) throw new Error('The database holds rows already. These tests need one of their own: migrated and empty.');
  await replaying(client, async () => {
    // Reference data that migrations made has other ids in every database; the world brings its own.
    for (const table of world.tables) await client.query('delete from ' + quoted(table.name));
    for (const table of world.tables) await insert(client, table, world.rows[table.name] ?? []);
  });
}

async function replaying(client, work) {
  await client.query('begin');
  try {
    await client.query('set local session_replication_role = replica');
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function insert(client, table, rows) {
  if (rows.length === 0) return;
  const names = table.columns.filter(name => name in rows[0]).map(column).join(', ');
  const target = quoted(table.name);
  await client.query('insert into ' + target + ' (' + names + ') overriding system value select ' + names + ' from jsonb_populate_recordset(null::' + target + ', $1::jsonb) on conflict do nothing', [JSON.stringify(rows)]);
}

async function remove(client, table, rows) {
  if (rows.length === 0) return;
  const keys = table.primaryKey.length > 0 ? table.primaryKey : table.columns;
  const same = keys.map(key => "to_jsonb(x) -> '" + key + "' is not distinct from given -> '" + key + "'").join(' and ');
  await client.query('delete from ' + quoted(table.name) + ' x using jsonb_array_elements($1::jsonb) given where ' + same, [JSON.stringify(rows)]);
}

async function snapshot(client) {
  const parts = world.tables.map((table, index) => 'select ' + index + ' as number, to_jsonb(x) as row from ' + quoted(table.name) + ' x');
  const answer = await client.query(parts.join(' union all '));
  const rows = new Map(world.tables.map(table => [table.name, new Map()]));
  for (const { number, row } of answer.rows) {
    const table = world.tables[Number(number)];
    rows.get(table.name).set(JSON.stringify(table.primaryKey.length > 0 ? table.primaryKey.map(key => row[key]) : row), row);
  }
  return rows;
}

function difference(before, after) {
  const changes = [];
  for (const [table, rows] of after) {
    const earlier = before.get(table);
    for (const [key, row] of rows) if (JSON.stringify(earlier.get(key)) !== JSON.stringify(row)) changes.push({ table, before: earlier.get(key), after: row });
    for (const [key, row] of earlier) if (!rows.has(key)) changes.push({ table, before: row, after: undefined });
  }
  return changes;
}

async function restore(client, changes) {
  if (changes.length === 0) return;
  await replaying(client, async () => {
    for (const table of world.tables) await remove(client, table, changes.filter(change => change.table === table.name && change.after !== undefined).map(change => change.after));
    for (const table of world.tables) await insert(client, table, changes.filter(change => change.table === table.name && change.before !== undefined).map(change => change.before));
  });
}

function quoted(name) {
  return name.split('.').map(column).join('.');
}

function column(name) {
  return '"' + name.replaceAll('"', '""') + '"';
}

/* ---- requests ---- */

async function play(lab, attack) {
  if (attack.expect?.kind === 'bundle') return { exchanges: [], changes: [], last: [] };
  const clean = await snapshot(lab.client);
  const exchanges = [];
  let before = clean;
  try {
    for (const { table, column: name, value } of attack.prepare ?? []) {
      await lab.client.query('update ' + quoted(table) + ' set ' + column(name) + ' = ' + (value === null ? 'null' : "'" + String(value).replaceAll("'", "''") + "'")).catch(() => {});
    }
    const prepared = await snapshot(lab.client);
    before = prepared;
    for (const [index, step] of attack.steps.entries()) {
      if (index === attack.steps.length - 1 && index > 0) {
        if (attack.expect?.kind === 'independent') await takeAwayOthers(lab);
        before = await snapshot(lab.client);
      }
      exchanges.push(await send(lab, step));
    }
    const after = await snapshot(lab.client);
    return { exchanges, changes: difference(prepared, after), last: difference(before, after) };
  } finally {
    await restore(lab.client, difference(clean, await snapshot(lab.client)));
  }
}

async function takeAwayOthers(lab) {
  const rows = await snapshot(lab.client);
  const others = ['B', 'C'].flatMap(letter => (world.tenants[letter] === undefined ? [] : [world.tenants[letter]]));
  await replaying(lab.client, async () => {
    for (const table of world.tables.filter(each => !world.kept.includes(each.name))) {
      const keyOf = row => table.primaryKey.map(key => String(row[key])).join(' ');
      const foreign = new Set(others.flatMap(tenant => (tenant.rows[table.name] ?? []).map(keyOf)));
      await remove(lab.client, table, [...rows.get(table.name).values()].filter(row => foreign.has(keyOf(row))));
    }
  });
}

async function send(lab, step) {
  const cookie = await cookiesOf(lab, step.as);
  const request = await build(lab, step);
  const headers = { ...request.headers, ...(cookie === '' ? {} : { cookie }) };
  let path = request.path;
  let response = await fetch(lab.baseUrl + path, { method: request.method, headers, body: request.body, redirect: 'manual' });
  const again = response.headers.get('location') ?? '';
  if (headers.rsc !== undefined && /[?&]_rsc=/.test(again)) {
    const target = new URL(again, lab.baseUrl);
    path = target.pathname + target.search;
    response = await fetch(lab.baseUrl + path, { method: request.method, headers, redirect: 'manual' });
  }
  const text = await response.text();
  return { method: request.method, path, status: response.status, headers: response.headers, text, sent: path + ' ' + JSON.stringify(request.headers) + ' ' + (request.sent ?? '') };
}

async function build(lab, step) {
  switch (step.kind) {
    case 'http':
      return httpRequest(lab, step);
    case 'action':
      return actionRequest(lab, step);
    case 'form':
      return formRequest(lab, step);
    case 'webhook':
      return webhookRequest(step);
    default:
      throw new Error('Unknown step ' + step.kind);
  }
}

function httpRequest(lab, step) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(step.query ?? {})) for (const item of [resolve(value)].flat()) if (item !== undefined && item !== null) query.append(name, String(item));
  const headers = { accept: '*/*' };
  for (const [name, value] of Object.entries(step.headers ?? {})) {
    const resolved = resolve(value);
    if (resolved !== undefined) headers[name] = Array.isArray(resolved) ? resolved.map(String).join('') : String(resolved);
  }
  if (step.navigation === true) Object.assign(headers, navigation(step));
  if (!/^(GET|HEAD)$/.test(step.method)) headers.origin = lab.baseUrl;
  const path = fillPath(step) + (query.size === 0 ? '' : '?' + query.toString());
  if (step.body === undefined) return { method: step.method, path, headers };
  const value = resolve(step.body.value);
  if (step.body.type === 'json') {
    headers['content-type'] = 'application/json';
    return { method: step.method, path, headers, body: JSON.stringify(value), sent: JSON.stringify(value) };
  }
  if (step.body.type === 'text') return { method: step.method, path, headers: { ...headers, 'content-type': 'text/plain' }, body: String(value), sent: String(value) };
  const form = step.body.type === 'form' ? new URLSearchParams() : new FormData();
  for (const [name, item] of Object.entries(value)) if (item !== undefined && item !== null) form.append(name, String(item));
  return { method: step.method, path, headers, body: form, sent: JSON.stringify(value) };
}

function fillPath(step) {
  return step.pattern.replace(/\\[\\[?(?:\\.\\.\\.)?([^\\]]+)\\]\\]?/g, (_, name) => encodeURIComponent(String(resolve(step.params?.[name] ?? ''))));
}

function navigation(step) {
  const segments = step.pattern.split('/').filter(segment => segment !== '');
  const leaf = ['__PAGE__?{"drydock":"1"}', {}, null, 'refetch'];
  const tree = segments.reduceRight((inner, segment) => {
    const name = /\\[\\[?(?:\\.\\.\\.)?([^\\]]+)\\]\\]?/.exec(segment)?.[1];
    return [name === undefined ? segment : [name, String(resolve(step.params[name] ?? '')), segment.includes('...') ? 'c' : 'd', null], { children: inner }, null, null];
  }, leaf);
  return { rsc: '1', 'next-router-state-tree': encodeURIComponent(JSON.stringify(['', { children: tree }, null, null])), 'next-url': '/' };
}

function actionRequest(lab, step) {
  const action = lab.actions.find(each => each.name === step.action);
  if (action === undefined) throw new Error('The build has no action ' + step.action + '. Build the app in ' + appRoot + ' first.');
  const values = step.arguments.map(value => resolve(value) ?? null);
  const headers = { 'next-action': action.id, accept: 'text/x-component', origin: lab.baseUrl };
  const encoded = encodeArguments(values);
  if (typeof encoded === 'string') headers['content-type'] = 'text/plain;charset=UTF-8';
  return { method: 'POST', path: action.route, headers, body: encoded, sent: JSON.stringify(values) };
}

/* As React's encodeReply writes plain values and forms. */
function encodeArguments(values) {
  const forms = [];
  const encode = value => {
    if (typeof value === 'string') return value.startsWith('$') ? '$' + value : value;
    if (Array.isArray(value)) return value.map(encode);
    if (typeof value !== 'object' || value === null) return value;
    if ('formData' in value) return '$K' + forms.push(value.formData).toString(16);
    if ('date' in value && Object.keys(value).length === 1) return '$D' + new Date(value.date).toISOString();
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encode(item)]));
  };
  const root = JSON.stringify(encode(values));
  if (forms.length === 0) return root;
  const data = new FormData();
  for (const [index, form] of forms.entries()) for (const [name, item] of Object.entries(form)) if (item !== undefined && item !== null) data.append((index + 1).toString(16) + '_' + name, String(item));
  data.append('0', root);
  return data;
}

async function formRequest(lab, step) {
  const path = fillPath(step);
  const page = await fetch(lab.baseUrl + path, { headers: { accept: 'text/html', cookie: await cookiesOf(lab, step.pageAs) }, redirect: 'manual' });
  const html = await page.text();
  const ids = lab.actions.filter(each => each.name === step.action).map(each => each.id);
  const form = [...html.matchAll(/<form\\b[^>]*>([\\s\\S]*?)<\\/form>/g)].map(match => match[1]).find(inner => ids.some(id => inner.includes(id)));
  if (form === undefined) throw new Error('The page ' + path + ' shows no form for ' + step.action);
  const data = new FormData();
  for (const match of form.matchAll(/<(?:input|textarea|select)\\b([^>]*)>/g)) {
    const name = decode(/\\bname="([^"]*)"/.exec(match[1])?.[1]);
    if (name !== undefined && !(name in step.fields)) data.append(name, decode(/\\bvalue="([^"]*)"/.exec(match[1])?.[1]) ?? '');
  }
  const sent = [];
  for (const [name, value] of Object.entries(step.fields)) {
    const resolved = resolve(value);
    if (resolved === undefined || resolved === null) continue;
    data.append(name, String(resolved));
    sent.push(String(resolved));
  }
  return { method: 'POST', path, headers: { accept: 'text/html', origin: lab.baseUrl }, body: data, sent: sent.join(' ') };
}

function decode(text) {
  return text?.replaceAll('&quot;', '"').replaceAll('&#x27;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function webhookRequest(step) {
  const event = { object: 'event', api_version: '2025-01-27.acacia', created: 1750000000, livemode: false, pending_webhooks: 1, request: { id: null, idempotency_key: null }, ...resolve(step.event) };
  const body = JSON.stringify(event);
  const headers = { 'content-type': 'application/json' };
  if (step.signature !== 'none') headers['stripe-signature'] = sign(body, step.signature === 'valid' ? environment('STRIPE_WEBHOOK_SECRET') : 'whsec_wrong');
  return { method: 'POST', path: step.pattern, headers, body, sent: body };
}

function sign(body, secret) {
  const time = Math.floor(Date.now() / 1000);
  return 't=' + time + ',v1=' + createHmac('sha256', secret).update(time + '.' + body).digest('hex');
}

function environment(name) {
  const value = process.env[name];
  if (value === undefined) throw new Error('Set ' + name + ' to the value that the app runs with.');
  return value;
}

/* ---- values by role ---- */

function resolve(value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value.ref === 'string' && Object.keys(value).length === 1) return reference(value.ref);
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (resolve(item) === undefined ? [] : [[key, resolve(item)]])));
}

function reference(ref) {
  const [head, ...rest] = ref.split('.');
  if (head === 'environment') return environment(rest.join('.'));
  if (head === 'credential') return world.credentials[rest.join('.')];
  if (head === 'missing') return missing(rest);
  const tenant = world.tenants[head];
  if (rest[0] === 'tenant') return tenant?.tenantId;
  if (rest[0] === 'users') return tenant?.users[Number(rest[1])]?.[rest[2] ?? 'id'];
  return tenant?.rows[rest.slice(0, -2).join('.')]?.[Number(rest.at(-2))]?.[rest.at(-1)] ?? undefined;
}

function missing(rest) {
  const sample = rest[0] === 'tenant' ? world.tenants.A.tenantId : world.tenants.A.rows[rest.slice(0, -1).join('.')]?.[0]?.[rest.at(-1)];
  if (sample === undefined || /^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(sample)) return '0d0cfade-0000-4000-8000-00000000dead';
  return /^\\d+$/.test(sample) ? '1987654321' : 'drydock-missing-0001';
}

/* ---- who asks ---- */

async function cookiesOf(lab, name) {
  if (name === 'anonymous') return '';
  if (!cookies.has(name)) cookies.set(name, await signIn(lab, name));
  return cookies.get(name);
}

async function signIn(lab, name) {
  const [letter, , index] = name.split('.');
  const tenant = world.tenants[letter];
  const user = name === 'stranger' ? world.stranger : name === 'memberOfBoth' ? world.memberOfBoth : tenant?.users[Number(index)];
  if (user === undefined) throw new Error('There is no user ' + name);
  const answer = await post(lab, lab.mount + '/sign-in/email', { email: user.email, password: world.password }, '');
  if (answer.status >= 400) throw new Error('Could not sign in as ' + user.email + ': ' + answer.status + ' ' + (await answer.text()).slice(0, 160));
  const jar = collect(new Map(), answer);
  const active = tenant === undefined ? undefined : await post(lab, lab.mount + '/organization/set-active', { organizationId: tenant.tenantId }, header(jar));
  return header(active === undefined ? jar : collect(jar, active));
}

function post(lab, path, body, cookie) {
  return fetch(lab.baseUrl + path, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/json', origin: lab.baseUrl, ...(cookie === '' ? {} : { cookie }) }, body: JSON.stringify(body) });
}

function collect(jar, response) {
  for (const line of response.headers.getSetCookie()) {
    const [pair] = line.split(';');
    jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
  }
  return jar;
}

function header(jar) {
  return [...jar].map(([name, value]) => name + '=' + value).join('; ');
}

async function findMount(lab) {
  for (const mount of world.mounts) {
    const answer = await post(lab, mount + '/sign-in/email', { email: 'nobody@drydock.invalid', password: world.password }, '');
    if (answer.status !== 404 && answer.status !== 405) return mount;
  }
  throw new Error('No sign-in by e-mail and password answers at ' + world.mounts.join(', '));
}

/* ---- what crossed over ---- */

function judge(lab, attack, run) {
  const last = run.exchanges.at(-1);
  const own = tenantOf(attack);
  const sent = run.exchanges.map(each => safely(each.sent)).join(' ').toLowerCase();
  switch (attack.expect.kind) {
    case 'isolated':
      return foreignChange(run.last, own) ?? foreignSeen(attack, last, own, sent);
    case 'denied':
      return foreignSeen(attack, last, undefined, sent) ?? anyChange(run.changes);
    case 'unchanged':
      return anyChange(run.changes) ?? foreignSeen(attack, last, own, sent);
    case 'no-secret':
      return secretSeen(last, sent);
    case 'not-shared':
      return keptByOthers(last, own);
    case 'once':
      return repeated(run.last);
    case 'same-as-missing':
      return tellsApart(run.exchanges[0], last);
    case 'independent':
      return dependsOnOthers(attack, run.exchanges);
    case 'bundle':
      return inScripts(environment(attack.expect.variable), attack.expect.variable);
    default:
      throw new Error('Unknown expectation ' + attack.expect.kind);
  }
}

function tenantOf(attack) {
  const letter = (attack.about ?? attack.steps.at(-1)?.as ?? '')[0];
  return letter === 'A' || letter === 'B' || letter === 'C' ? letter : undefined;
}

function marksIn(text, sent) {
  const found = new Map();
  for (const match of text.matchAll(/zq7k([abc])[a-z2-7]{8}/gi)) found.set(match[0].toLowerCase(), { text: match[0].toLowerCase(), tenant: match[1].toUpperCase() });
  const lower = text.toLowerCase();
  for (const [id, tenant] of world.ids) if (lower.includes(id.toLowerCase())) found.set(id.toLowerCase(), { text: id.toLowerCase(), tenant });
  return [...found.values()].filter(mark => !sent.includes(mark.text));
}

function readable(attack, exchange, headers = true) {
  const text = exchange.text + (headers ? ' ' + [...exchange.headers].map(([name, value]) => (name === 'set-cookie' ? '' : value)).join(' ') : '');
  const metadata = [/<title\\b[^>]*>[\\s\\S]*?<\\/title>/gi, /<(?:meta|link)\\b[^>]*>/gi, /\\[\\\\?"\\$\\\\?",\\\\?"(?:title|meta|link)\\\\?",(?:\\\\?"[^"\\\\]*\\\\?"|null),\\{[^}]*\\}/g];
  if (attack.part === 'metadata') return metadata.flatMap(pattern => [...text.matchAll(pattern)].map(match => match[0])).join('\\n');
  if (attack.part === 'page') return metadata.reduce((current, pattern) => current.replace(pattern, ' '), text);
  return text;
}

function foreignSeen(attack, exchange, own, sent) {
  const [mark] = marksIn(safely(readable(attack, exchange)), sent).filter(each => each.tenant !== own);
  return mark === undefined ? undefined : 'The answer shows ' + mark.text + ' of tenant ' + mark.tenant + '.';
}

function foreignChange(changes, own) {
  for (const change of changes) {
    const ids = new Map(world.ids);
    const values = [change.before, change.after].flatMap(row => (row === undefined ? [] : Object.values(row)));
    const foreign = values.find(value => ids.has(value) && ids.get(value) !== own && ids.get(value) !== '');
    if (foreign !== undefined) return 'The request changed ' + change.table + ': the row belongs to, or points at, tenant ' + ids.get(foreign) + '.';
  }
  return undefined;
}

function anyChange(changes) {
  const [change] = changes;
  return change === undefined ? undefined : 'The request changed a row of ' + change.table + '.';
}

function repeated(changes) {
  const isTime = value => typeof value === 'string' && /^\\d{4}-\\d\\d-\\d\\dT/.test(value);
  const telling = changes.find(change => change.before === undefined || change.after === undefined || Object.keys(change.after).some(name => JSON.stringify(change.before[name]) !== JSON.stringify(change.after[name]) && !isTime(change.after[name])));
  return telling === undefined ? undefined : 'The second delivery of the same event changed ' + telling.table + '.';
}

function secretSeen(exchange, sent) {
  const secret = world.secrets.find(each => exchange.text.includes(each.value) && !sent.includes(each.value.toLowerCase()));
  return secret === undefined ? undefined : 'The answer holds the secret column ' + secret.column + '.';
}

function keptByOthers(exchange, own) {
  const control = exchange.headers.get('cache-control') ?? '';
  const shared = (/\\bpublic\\b|s-maxage=[1-9]/i.test(control) || /max-age=[1-9]/i.test(control)) && !/private|no-store/i.test(control);
  const personal = marksIn(exchange.text, '').some(mark => mark.tenant === own);
  return shared && personal && exchange.status < 300 ? 'A shared cache may keep this personal answer: cache-control: ' + control : undefined;
}

function tellsApart(missingAnswer, foreignAnswer) {
  const shape = each => each.status + ' ' + (each.headers.get('location') ?? '') + ' ' + (/json|text\\/plain|csv/.test(each.headers.get('content-type') ?? '') ? masked(each.text) : '');
  if (missingAnswer.status >= 500 || foreignAnswer.status >= 500 || shape(missingAnswer) === shape(foreignAnswer)) return undefined;
  return 'A foreign row is answered ' + foreignAnswer.status + ', a missing one ' + missingAnswer.status + '.';
}

function masked(text) {
  return text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, 'id').replace(/drydock-missing-\\d+|zq7k\\w+/gi, 'id').replace(/\\d{4}-\\d\\d-\\d\\d(?:T[\\d:.]+Z?)?/g, 'time').replace(/"digest":"[^"]*"/g, '');
}

function dependsOnOthers(attack, exchanges) {
  const visible = each => readable(attack, each, false).replace(/<script\\b[\\s\\S]*?<\\/script>|<style\\b[\\s\\S]*?<\\/style>|<input\\b[^>]*type="hidden"[^>]*>|<[^>]+>/g, ' ').replace(/\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z?|\\b[0-9a-f]{40,}\\b/g, '').replace(/"digest":"[^"]*"/g, '').replace(/\\s+/g, ' ');
  const [before, again, after] = exchanges.map(visible);
  return after === undefined || before !== again || before === after ? undefined : 'The answer changes when only other tenants’ rows change.';
}

function inScripts(value, name) {
  const folder = join(appRoot, '.next', 'static');
  if (!existsSync(folder)) throw new Error('There is no build in ' + appRoot);
  const hit = readdirSync(folder, { recursive: true }).map(String).filter(file => file.endsWith('.js')).find(file => readFileSync(join(folder, file), 'utf8').includes(value));
  return hit === undefined ? undefined : 'The script ' + hit + ' that every browser loads holds the value of ' + name + '.';
}

function safely(text) {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function readActions() {
  const file = join(appRoot, '.next', 'server', 'server-reference-manifest.json');
  if (!existsSync(file)) return [];
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  return ['node', 'edge'].flatMap(runtime => Object.entries(manifest[runtime] ?? {})).map(([id, entry]) => {
    const routes = Object.keys(entry.workers ?? {}).map(worker => '/' + worker.replace(/^(?:src\\/)?app\\//, '').split('/').slice(0, -1).filter(segment => !/^\\(.*\\)$|^@/.test(segment)).join('/'));
    return { id, name: fromRoot(String(entry.filename ?? '')) + '#' + entry.exportedName, route: routes.find(route => !route.includes('[')) ?? '/' };
  });
}

function fromRoot(file) {
  const parts = file.replaceAll('\\\\', '/').split('/');
  const start = parts.findIndex((_, index) => existsSync(join(appRoot, ...parts.slice(index))));
  return start < 0 ? file : parts.slice(start).join('/');
}
`;
