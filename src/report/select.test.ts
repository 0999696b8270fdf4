import { expect, test } from 'vitest';
import { sampleTrace } from './sample.ts';
import { select, suggestions } from './select.ts';

const trace = sampleTrace();

function named(name: string): string {
  const selection = select(trace, name);
  return selection === undefined ? 'nothing' : `${selection.kind} ${selection.paths.map(path => path.id).join(' ')}`;
}

const [entry] = trace.paths.filter(path => path.entryPoint.name === 'GET /api/invoices/[id]');
const id = entry?.id ?? '';

test('an entry point is found as it is printed, by its route, and as the browser calls it', () => {
  for (const name of [
    'GET /api/invoices/[id]',
    '/api/invoices/[id]',
    'GET /api/invoices/inv_1042',
    'get /api/invoices/7?full=1',
  ])
    expect(named(name), name).toBe(`entry ${id}`);
});

test('another method is another entry point', () => {
  expect(named('DELETE /api/invoices/inv_1042')).toBe('nothing');
});

test('an action is found by its last name', () => {
  expect(named('#updateCustomer')).toMatch(/^entry /);
});

test('a table is found by its name, with its schema or without', () => {
  expect(named('invoices')).toMatch(/^table /);
  expect(named('Invoices')).toBe(named('invoices'));
});

test('a file and a line of it pick the paths that go through there', () => {
  const { file, line } = entry?.sink ?? { file: '', line: 0 };
  expect(named(file)).toContain(id);
  expect(named(`${file}:${line}`)).toContain(id);
  expect(named(`${file}:99999`)).toBe('nothing');
});

test('an entry point that reaches no query is found all the same', () => {
  const idle = {
    kind: 'page',
    name: 'page /about',
    route: '/about',
    file: 'app/about/page.tsx',
    line: 1,
    symbol: 'default',
  } as const;
  const selection = select({ ...trace, entryPoints: [...trace.entryPoints, idle] }, 'page /about');
  expect(selection).toEqual({ kind: 'entry', paths: [], entryPoints: [idle] });
});

test('for a name that means nothing, near ones are suggested', () => {
  expect(suggestions(trace, 'invoice')).toContain('invoices');
  expect(suggestions(trace, 'GET /api/invoice/[id]')[0]).toBe('GET /api/invoices/[id]');
});
