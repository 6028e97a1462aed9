/** The page for everyone: no violation that axe-core knows of in any state; and light. */
/// <reference lib="dom" />
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Page } from 'playwright-core';
import { GZIP } from '../lib/assets.ts';
import { visit, withBrowser } from './browser.ts';
import { says } from './dom.ts';
import { lines, press } from './page-data.ts';
import { record, serving, type Serving } from './serving.ts';
import { timed } from './sh.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

type Violation = { id: string; nodes: { html: string; failureSummary?: string }[] };

/**
 * What axe-core finds wrong with the page as it stands, by WCAG 2.2 A and AA and what is good practice. `colours`: only whether what is
 * written can be told from what is behind it.
 */
async function violations(page: Page, colours: boolean): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(async (rules) => {
    const { axe: tool } = window as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } };
    return (await tool.run({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) })).violations;
  }, colours ? ['color-contrast'] : undefined);
  return found.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 200)} ${failureSummary.slice(0, 300)}`));
}

/** Address, and what is done there. */
const STATES: [string, string, (page: Page) => Promise<unknown>][] = [
  ['busy', '', async () => {}],
  ['paused', '', async (page) => (await page.keyboard.press('Home'), page.getByRole('button', { name: 'Jump to newest' }).waitFor())],
  ['filtered', '#filter=order&not.t=healthz&and.o=x&level=info,error&find=user', (page) => page.keyboard.press('n')],
  ['split', '#stream=web1/nginx&pane&stream=web1/app&wrap=1&lock=1', async () => {}],
  ['palette', '', async (page) => (await page.keyboard.press('Control+k'), page.keyboard.type('co'))],
  ['help', '', press('?')],
  ['settings', '', press(',')],
  ['bookmarks', '', press('Home', 'm', 'B')],
  ['the whole line', '', press('Home', 'Enter')],
  ['a wrong pattern', '', press('f', 'error (')],
  ['recent filters', '', press('f', 'order', 'Enter', 'ArrowDown')],
  ['no match', '#filter=zzzz', async () => {}],
];

/** On a telephone those that are laid out in another way there. */
const ON_PHONE = ['busy', 'paused', 'filtered', 'split', 'palette'];

async function checked(page: Page, server: Serving, phone: boolean, colours: boolean): Promise<void> {
  const wrong: string[] = [];
  for (const [name, hash, act] of STATES) {
    if (phone && !ON_PHONE.includes(name)) continue;
    await page.goto('about:blank');
    await page.goto(`${server.url}/${hash}`);
    await says(page, /\d lines?/);
    await act(page);
    if (phone && name === 'split') await page.getByRole('button', { name: 'Streams' }).click();
    await page.waitForTimeout(400); // typing rests, what slides has slid
    wrong.push(...(await violations(page, colours)).map((text) => `${name}: ${text}`));
    if (phone) assert.is(await page.evaluate(() => document.documentElement.scrollWidth), 400, `${name} sticks out`);
  }
  assert.equal(wrong, []);
}

/** Light differs from dark in its colours alone. */
const LOOKS = [['dark', 1280, false], ['light', 1280, true], ['light', 400, false]] as const;
for (const [colorScheme, width, colours] of LOOKS) {
  test(`axe-core finds nothing in any state, ${colorScheme}, ${width} wide`, timed(180_000, () =>
    withBrowser((browser) =>
      serving([], async (server) => {
        const phone = width < 700;
        const { page, complaints } = await visit(browser, `${server.url}/`, { colorScheme, viewport: { width, height: 800 }, hasTouch: phone, bypassCSP: true });
        await page.getByText('No lines yet').waitFor();
        assert.equal((await violations(page, colours)).map((text) => `empty: ${text}`), []);
        await server.feed(lines(1, 300) + record('web1/app', 320, 'after a gap'));
        await checked(page, server, phone, colours);
        assert.equal(complaints, []);
      }),
    ),
  ));
}

test('every sign has its paths in index.html, and none is there for nothing', () => {
  const read = (name: string): string => readFileSync(new URL(`../lib/web/${name}`, import.meta.url), 'utf8');
  const names = /export type IconName =([^;]+);/.exec(read('icon.tsx'))?.[1]?.match(/\w+/g);
  assert.equal(names?.sort(), Array.from(read('index.html').matchAll(/<symbol id="i-(\w+)"/g), ([, name]) => name).sort());
});

/** What the page needs before its first line, and all of it. */
const FIRST_MOST = 60_000;
const MOST = 75_500;

test('the JavaScript of the page, compressed as it is sent, is within its bounds', () => {
  const folder = fileURLToPath(new URL('../dist/web/', import.meta.url));
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  const size = (name: string): number => gzipSync(readFileSync(folder + name), GZIP).length;
  const sum = (of: string[]): number => of.reduce((all, name) => all + size(name), 0);
  assert.is(names.length, 5);
  const first = names.filter((name) => /^(start|page|feed)/.test(name));
  assert.is(first.length, 3);
  assert.ok(sum(first) <= FIRST_MOST, `${sum(first)} bytes before the first line`);
  assert.ok(sum(names) <= MOST, `${sum(names)} bytes`);
});

test.run();
