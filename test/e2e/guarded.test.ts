import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectDatabase } from '../../src/collect/database/collect.ts';
import { bootApp, type RunningApp } from '../../src/collect/runtime/app-process.ts';
import type { Replica } from '../../src/core/ports.ts';
import { startReplica } from '../../src/prove/replica/start.ts';
import { drydock, root } from './drydock.ts';

interface Report {
  readonly attacks: readonly { readonly entryPoint: string; readonly outcome: string; readonly observed: string }[];
  readonly ownAccess: readonly { readonly entryPoint: string; readonly outcome: string }[];
}

let app: RunningApp;

/** Harbor with the guard in it: a real build, a Postgres where it is the role `app`, and a browser. Takes minutes. */
describe('the guarded twin of the example app', () => {
  let replica: Replica;
  let browser: Browser;
  let report: Report;

  beforeAll(async () => {
    execFileSync(process.execPath, [join(root, 'examples/harbor-guarded/make.mjs')]);
    const twin = join(root, 'examples/harbor/.drydock/guarded/app');
    report = JSON.parse((await drydock(['probe', twin, '--json'])).stdout) as Report;
    const built = join(twin, '.drydock/probe/app');
    replica = await startReplica();
    const { replicaDatabase, database } = await collectDatabase({ root: built, replica });
    app = await bootApp({
      appRoot: built,
      workFolder: join(built, '.drydock'),
      databaseUrl: replicaDatabase?.url ?? '',
      roles: database.roles.filter(role => role.login).map(role => role.name),
    });
    browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox', '--disable-gpu'] });
  }, 1_200_000);

  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    await replica?.stop();
  });

  test('no attack gets through, and owners reach their own data', () => {
    const leaked = report.attacks.filter(attack => attack.outcome === 'leaked');
    expect(leaked.map(attack => `${attack.entryPoint}: ${attack.observed}`)).toEqual([]);
    expect(report.attacks.filter(attack => attack.outcome === 'held').length).toBeGreaterThan(1000);
    expect(report.ownAccess.filter(check => check.outcome === 'fails').map(check => check.entryPoint)).toEqual([]);
    expect(report.ownAccess.filter(check => check.outcome === 'works').length).toBeGreaterThan(150);
  });

  test('after one account signs out and another signs in, nothing of the first is shown, nor by going back', async () => {
    const context = await browser.newContext({ baseURL: app.baseUrl });
    const page = await context.newPage();
    await signUp(page, 'ann', 'Acme Freight');
    await addCustomer(page, 'Cedar Valley of Acme');
    await page.goto('/dashboard/customers');
    await page.getByText('Cedar Valley of Acme').first().waitFor();
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.waitForURL('**/dashboard');
    await post(page, '/api/auth/sign-out', {});

    await signUp(page, 'bob', 'Borealis Freight');
    await addCustomer(page, 'Halvorsen of Borealis');
    await page.goto('/dashboard/customers');
    await page.getByText('Halvorsen of Borealis').first().waitFor();
    expect(await page.content()).not.toContain('of Acme');
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.waitForURL('**/dashboard');
    // Behind these three lie the two pages that the first account saw.
    for (const step of ['back', 'back', 'back', 'forward', 'forward', 'forward']) {
      await (step === 'back' ? page.goBack() : page.goForward());
      await page.getByText('Borealis Freight').first().waitFor();
      expect(await page.content()).not.toContain('of Acme');
    }
    await context.close();
  });

  test('what a colleague’s link leads to is not there for a member of another organization', async () => {
    const context = await browser.newContext({ baseURL: app.baseUrl });
    const page = await context.newPage();
    await signUp(page, 'cleo', 'Coral Freight');
    const id = await addCustomer(page, 'Bright Orchard of Coral');
    await page.goto(`/dashboard/customers/${id}`);
    expect(await page.content()).toContain('Bright Orchard of Coral');
    await post(page, '/api/auth/sign-out', {});
    await signUp(page, 'dan', 'Delta Freight');
    await page.goto(`/dashboard/customers/${id}`);
    expect(await page.content()).not.toContain('of Coral');
    expect((await page.request.get(`/api/customers/${id}`)).status()).toBe(404);
    await context.close();
  });
});

/** A browser that scripts/setup.mjs found or installed. */
function browserPath(): string {
  const known = [process.env['DRYDOCK_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'];
  return known.find(path => path !== undefined && existsSync(path)) ?? chromium.executablePath();
}

async function signUp(page: Page, name: string, organization: string): Promise<void> {
  const slug = organization.toLowerCase().replaceAll(' ', '-');
  await post(page, '/api/auth/sign-up/email', { name, email: `${name}@${slug}.example`, password: 'a long password' });
  await post(page, '/api/auth/organization/create', { name: organization, slug });
}

async function addCustomer(page: Page, name: string): Promise<string> {
  const answer = await post(page, '/api/customers', { name, email: 'dock@shipper.example' });
  return (answer as { readonly customer: { readonly id: string } }).customer.id;
}

/** A call with the cookies of the page, as the page's own scripts make it. */
async function post(page: Page, path: string, data: object): Promise<unknown> {
  const response = await page.request.post(path, { data, headers: { origin: app.baseUrl } });
  expect(response.ok(), `${path} answered ${response.status()}: ${await response.text()}`).toBe(true);
  return response.json() as Promise<unknown>;
}
