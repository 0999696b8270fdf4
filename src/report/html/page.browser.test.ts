import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { largeRules, largeTrace, sampleRescue } from '../sample.ts';
import { renderHtml } from './render.ts';

/** A browser that scripts/setup.mjs found or installed. */
function browserPath(): string {
  const known = [
    process.env['DRYDOCK_CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  return known.find(path => path !== undefined && existsSync(path)) ?? chromium.executablePath();
}

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drydock-report-'));
  writeFileSync(join(folder, 'rescue.html'), renderHtml(sampleRescue()));
  writeFileSync(join(folder, 'large.html'), renderHtml(largeTrace(300)));
  writeFileSync(join(folder, 'rules.html'), renderHtml(largeRules(155)));
  writeFileSync(join(folder, 'many.html'), renderHtml(largeRules(1200)));
  browser = await chromium.launch({ executablePath: browserPath(), args: flags });
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  /** Everything the browser complained about, and every address it asked for. */
  readonly complaints: string[];
}

async function open(name: string, width: number, colorScheme: 'light' | 'dark', script = true): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled: script });
  const complaints: string[] = [];
  page.on('console', message => complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(error.message));
  page.on('request', request => {
    if (!/^(?:file|data):/.test(request.url())) complaints.push(request.url());
  });
  await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
  return { page, complaints };
}

/** Texts whose contrast with their background is below WCAG AA, as `ratio text`. A text, because it runs in the page. */
const faintTexts = String.raw`(() => {
  const parse = color => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = color => {
    const [red, green, blue] = color.slice(0, 3).map(part => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backgroundOf = element => {
    if (element === null) return [255, 255, 255];
    const color = parse(getComputedStyle(element).backgroundColor);
    return color.length === 3 || (color[3] ?? 0) > 0.99 ? color : backgroundOf(element.parentElement);
  };
  const hasText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim() !== '');
  const isShown = element => element.checkVisibility() && element.getClientRects().length > 0;
  return [...document.querySelectorAll('body *')]
    .filter(element => !['SCRIPT', 'STYLE', 'title'].includes(element.tagName) && hasText(element) && isShown(element))
    .flatMap(element => {
      const style = getComputedStyle(element);
      const ink = luminance(parse(element instanceof SVGElement ? style.fill : style.color));
      const paper = luminance(backgroundOf(element));
      const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      return ratio < (large ? 3 : 4.5) ? [ratio.toFixed(2) + ' ' + element.textContent.trim().slice(0, 40)] : [];
    });
})()`;

describe.each([
  [390, 'light'],
  [390, 'dark'],
  [1280, 'light'],
  [1280, 'dark'],
] as const)('at %i pixels, %s', (width, scheme) => {
  test.each(['rescue', 'large', 'rules'])('the %s page fits, loads nothing, and can be read', async name => {
    const { page, complaints } = await open(name, width, scheme);
    await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    expect(await page.evaluate(faintTexts)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

test('a table of the map is followed with the keyboard, and left again', async () => {
  const { page } = await open('rescue', 1280, 'light');
  await page.locator('.before .map svg.wide .node.table.leak').first().focus();
  await page.keyboard.press('Enter');
  const trail = page.locator('#trail-before');
  expect(await trail.isVisible()).toBe(true);
  expect(await trail.locator('.steps').count()).toBeGreaterThan(0);
  expect(await page.locator('.before .map.following').count()).toBe(1);
  await page.keyboard.press('Escape');
  expect(await trail.isVisible()).toBe(false);
  await page.close();
});

test('without a script a cell opens its transcript and a leaking entry point leads to its finding', async () => {
  const { page } = await open('rescue', 1280, 'light', false);
  await page.locator('.cell.leaks').nth(1).click();
  expect(await page.locator('[popover]:popover-open pre').innerText()).toContain('rollback;');
  await page.keyboard.press('Escape');
  const href = await page.locator('.before .map svg.wide a.node.entry').first().getAttribute('href');
  expect(await page.locator(`[id="${(href ?? '').slice(1)}"]`).count()).toBe(1);
  await page.close();
});

test('the switch shows the matrix as it is after the repairs', async () => {
  const { page } = await open('rescue', 390, 'light');
  expect(await page.locator('#matrix .before .cell.leaks').first().isVisible()).toBe(true);
  await page.locator('#matrix .switch label', { hasText: 'After' }).click();
  expect(await page.locator('#matrix .before .cell.leaks').first().isVisible()).toBe(false);
  expect(await page.locator('#matrix .after .cell.proved').first().isVisible()).toBe(true);
  await page.close();
});

test('the matrix is one stop of the keyboard, and the arrows go from box to box', async () => {
  const { page } = await open('rules', 1280, 'light');
  const stops = await page.locator('#matrix .cell[tabindex="0"]').count();
  expect(stops).toBe(1);
  await page.locator('#matrix .cell[tabindex="0"]').focus();
  const label = async (): Promise<string> =>
    String(await page.evaluate("document.activeElement.getAttribute('aria-label')"));
  const first = await label();
  await page.keyboard.press('ArrowRight');
  expect(await label()).not.toBe(first);
  await page.keyboard.press('ArrowLeft');
  expect(await label()).toBe(first);
  await page.keyboard.press('ArrowDown');
  expect((await label()).split(':')[1]).toBe(first.split(':')[1]);
  await page.keyboard.press('Enter');
  expect(await page.locator('[popover]:popover-open h3').count()).toBe(1);
  await page.close();
});

test('a name and a standing narrow the matrix, and no row is left out without them', async () => {
  const { page } = await open('rules', 1280, 'dark');
  const rows = page.locator('#matrix tr.object:visible');
  expect(await rows.count()).toBe(155);
  await page.locator('.filter-bar input').fill('attachment_14');
  expect(await rows.count()).toBe(11);
  await page.locator('.chip[data-standing="leaks"]').click();
  const left = await rows.count();
  expect(left).toBeLessThan(11);
  expect(await page.locator('.filter-bar .shown').innerText()).toBe(`${left} of 155`);
  await page.locator('.filter-bar input').fill('no such table');
  expect(await page.locator('.picture .none').isVisible()).toBe(true);
  await page.locator('.filter-bar input').press('Escape');
  await page.locator('.chip[data-standing="leaks"]').click();
  expect(await rows.count()).toBe(155);
  await page.close();
});

test('of a very large matrix the page opens with what needs a reader, and draws the rest when it is asked for', async () => {
  const { page, complaints } = await open('many', 1280, 'light');
  const rows = page.locator('#matrix tr.object:visible');
  const first = await rows.count();
  expect(first).toBeLessThan(400);
  expect(await page.locator('.filter-bar .chip[data-standing="leaks"]').innerText()).toMatch(/\d+ leak/);
  const quiet = 'compliance_evidence_attachment_1199';
  expect(await page.locator(`tr[data-name="${quiet}"]`).count()).toBe(0);
  await page.locator('.later button').click();
  await expect.poll(() => rows.count()).toBe(1200);
  expect(await page.locator('.later').count()).toBe(0);
  await page.locator(`tr[data-name="${quiet}"] .cell`).first().click();
  expect(await page.locator('[popover]:popover-open h3').innerText()).toContain(quiet);
  await page.locator('[popover]:popover-open .close').click();
  await page.locator('.filter-bar input').fill('attachment_1199');
  expect(await page.locator('.filter-bar .shown').innerText()).toBe('1 of 1200');
  expect(complaints).toEqual([]);
  await page.close();
});

test('a name that is kept back is found, and without a script the page says where the rest is', async () => {
  const { page } = await open('many', 1280, 'light');
  await page.locator('.filter-bar input').fill('attachment_1199');
  await expect.poll(() => page.locator('#matrix tr.object:visible').count()).toBe(1);
  await page.close();
  const plain = await open('many', 1280, 'light', false);
  expect(await plain.page.locator('.later').innerText()).toContain('drydock rules --all');
  await plain.page.close();
});

test('each box has a sign and a word beside its colour, and says all of it to a screen reader', async () => {
  const { page } = await open('rules', 1280, 'light');
  const wrong = await page.evaluate(
    "[...document.querySelectorAll('.cell')].filter(box => !box.querySelector('i').textContent || !box.querySelector('span').textContent || !/: (select|insert|update|delete) as \\w+: /.test(box.getAttribute('aria-label'))).length",
  );
  expect(wrong).toBe(0);
  await page.close();
});
