// Every way into the twin, with arguments that name A's rows, B's rows, or B's organization.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ids, organization, users } from './seed.mjs';

const variants = [
  { id: 'A', org: 'A' },
  { id: 'B', org: 'A' },
  { id: 'B', org: 'B' },
];

/** The calls of the whole app, each a name and a function that answers with text. */
export async function callsOf(twin, NextRequest, only) {
  const files = [...filesBelow(join(twin, 'app')), ...filesBelow(join(twin, 'pages'))];
  const calls = [];
  for (const file of files.toSorted()) {
    const name = relative(twin, file);
    const kind = kindOf(name);
    if (kind === undefined || !only.test(name)) continue;
    const module = await import(pathToFileURL(file).href);
    for (const variant of variants) calls.push(...kind(module, name, fields(variant), NextRequest));
  }
  return calls;
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name));
}

function kindOf(name) {
  if (name.endsWith('route.ts')) return name.includes('/auth/') ? undefined : routes;
  if (/(?:page|layout)\.tsx$/.test(name)) return name === 'app/layout.tsx' ? undefined : pages;
  if (name.startsWith('app/actions/')) return actions;
  return name.startsWith('pages/api/') ? legacy : undefined;
}

function fields({ id: tenant, org }) {
  const id = ids[tenant];
  const named = [
    'id',
    'orderId',
    'invoiceId',
    'noteId',
    'uploadId',
    'taskId',
    'quoteId',
    'keyId',
    'contactId',
    'token',
  ];
  return {
    id,
    tenant,
    organizationId: organization[org],
    label: `${tenant === 'A' ? 'own' : 'foreign'} row, ${org === 'A' ? 'own' : 'foreign'} organization`,
    params: {
      ...Object.fromEntries(named.map(name => [name, id])),
      organizationId: organization[org],
      organizationSlug: `slug-${org}`,
    },
    body: {
      ...Object.fromEntries(named.map(name => [name, id])),
      customerId: id,
      organizationId: organization[org],
      userId: users[tenant],
      orderIds: [id],
      ids: [id],
      ...texts,
    },
  };
}

const texts = {
  name: 'n',
  title: 't',
  body: 'text',
  summary: 's',
  lane: 'lane',
  details: 'd',
  reason: 'r',
  content: 'c',
  filename: 'f',

  reference: 'r',
  origin: 'o',
  destination: 'd',
  displayName: 'd',
  email: 'x@y.example',
  plan: 'growth',
  address: 'x',

  rateCents: 5,
  priceCents: 5,
  amountCents: 5,
  pinned: true,
  position: 2,
  instructions: 'i',
  visibility: 'team',
};

const statuses = ['delivered', 'paid', 'done', 'active', 'won'];
const tools = ['findOrders', 'findInvoices', 'customerNotes', 'orderMessages', 'setOrderStatus', 'setPickupDate'];

function routes(module, name, given, NextRequest) {
  return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
    .filter(method => typeof module[method] === 'function')
    .flatMap(method =>
      bodiesFor(method, name, given).map(body => ({
        name: `${method} ${name}, ${given.label}`,
        run: async () => {
          const search = new URLSearchParams({
            ...given.params,
            customerId: given.id,
            q: 'zq',
            query: 'zq',
            term: 'zq',
            lane: 'zq',
            status: 'open',
            period: 'quarter',
          });
          const request = new NextRequest(`http://localhost/${name}?${search}`, {
            method,
            headers: { 'x-organization-id': given.organizationId, 'content-type': 'application/json' },
            ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
          });
          const response = await module[method](request, { params: Promise.resolve(given.params) });
          return { ok: response.ok, text: `${response.status} ${await response.text()}` };
        },
      })),
    );
}

function bodiesFor(method, name, given) {
  if (method === 'GET') return [undefined];
  if (name.includes('assistant')) {
    const input = { ...given.body, text: 'zq', status: undefined, pickupDate: '2026-02-02' };
    return tools.map(toolName => ({
      toolName,
      input: toolName === 'setOrderStatus' ? { ...input, status: 'delivered' } : input,
    }));
  }
  if (name.includes('billing')) return [{ ...given.body, customerId: `cus_zq${given.tenant}` }];
  return [given.body, ...statuses.map(status => ({ ...given.body, status }))];
}

function pages(module, name, given) {
  if (typeof module.default !== 'function') return [];
  const searchParams = { ...given.params, q: 'zq', lane: 'zq', status: 'booked', customerId: given.id };
  return [
    {
      name: `page ${name}, ${given.label}`,
      run: async () => {
        const tree = await module.default({
          params: Promise.resolve(given.params),
          searchParams: Promise.resolve(searchParams),
        });
        return { ok: true, text: JSON.stringify(tree, shown) };
      },
    },
  ];
}

function actions(module, name, given) {
  const shapes = [
    [given.body],
    [given.id, 'text', given.id],
    [[given.id]],
    [given.id, true],
    ...statuses.map(status => [given.id, status]),
  ];
  return Object.entries(module)
    .filter(([, action]) => typeof action === 'function')
    .flatMap(([action, work]) =>
      shapes.map(shape => ({
        name: `action ${name}#${action}, ${given.label}`,
        run: async () => {
          const answer = await work(...shape);
          return { ok: answer?.error === undefined, text: JSON.stringify(answer) ?? '' };
        },
      })),
    );
}

function legacy(module, name, given) {
  return [
    {
      name: `${name}, ${given.label}`,
      run: async () => {
        let text = '';
        let status = 200;
        const response = {
          status: code => ((status = code), response),
          json: body => ((text = JSON.stringify(body)), response),
          setHeader: () => response,
        };
        await module.default({ headers: {}, query: given.params, method: 'GET' }, response);
        return { ok: status < 400, text: `${status} ${text}` };
      },
    },
  ];
}

/** What a component is given is what it may show. */
function shown(key, value) {
  if (key === '_owner' || key === '_store' || key === '_debugInfo') return undefined;
  return typeof value === 'function' ? `[${value.name}]` : typeof value === 'symbol' ? String(value) : value;
}
