/** The list of streams, a thousand of them: searched, grouped, pinned, walked by keyboard; and what the page remembers. */
/// <reference lib="dom" />
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Page } from 'playwright-core';
import { visit, withBrowser } from './browser.ts';
import { says } from './dom.ts';
import { record, serving } from './serving.ts';
import { timed, until } from './sh.ts';

const nav = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('navigation', { name: 'Streams' });
const names = (page: Page): Promise<string[]> => nav(page).locator('.list .id').allTextContents();

test('a thousand streams: found by a few letters, walked by keyboard, drawn only as far as they are seen', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      let text = '';
      for (let i = 0; i < 1000; i++) text += record(`region-${i % 5}/host${i}/nginx`, 1, `hello ${i}`);
      await server.feed(text);
      const { page, complaints } = await visit(browser, `${server.url}/`);
      await says(page, /^1,000 lines$/);
      await nav(page).getByRole('button', { name: /^All streams 1,000/ }).waitFor();
      assert.equal((await names(page)).slice(0, 3), ['region-0/', 'region-0/host0/nginx', 'region-0/host5/nginx']);
      assert.ok((await nav(page).getByRole('listitem').count()) < 60, 'rows out of sight are not drawn');

      await page.keyboard.press('s');
      await page.keyboard.type('r3 h42');
      await until(async () => (await names(page))[0] === 'region-3/host423/nginx' || (await names(page))[0]?.includes('host42') === true);
      const best = (await names(page))[0] ?? '';
      await page.keyboard.press('Enter');
      await says(page, /^1 line$/);
      await page.getByRole('log', { name: best }).waitFor();
      await page.keyboard.press('s');
      const here = (): Promise<string> => page.evaluate(() => document.activeElement?.closest('li')?.querySelector('.id')?.textContent ?? '');
      await page.keyboard.press('ArrowDown');
      await until(async () => (await here()) === best);
      await page.keyboard.press('ArrowDown');
      await until(async () => !['', best].includes(await here()));
      const second = await here();
      await page.keyboard.press('Enter');
      await page.getByRole('log', { name: second }).waitFor();
      await page.keyboard.press('Space');
      await page.getByRole('log', { name: 'All streams' }).waitFor();
      await page.keyboard.press('a');
      await nav(page).getByRole('searchbox').fill('');

      await nav(page).getByRole('button', { name: 'region-0/ fold' }).click();
      await until(async () => (await names(page)).slice(0, 2).join() === 'region-0/,region-1/');
      await nav(page).getByRole('button', { name: /^region-0\/ 200/ }).click();
      await says(page, /^200 lines$/);
      await nav(page).getByRole('button', { name: 'region-0/ unfold' }).click();
      const first = nav(page).getByRole('button', { name: /^region-0\/host0\/nginx/ });
      await first.click();
      for (let i = 0; i < 120; i++) await page.keyboard.press('ArrowDown');
      await page.getByRole('log').focus();
      assert.equal(complaints, []);
    }),
  ),
));

test('pins stand on top, and with folded groups, theme and text they are there the next time', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(['web1/nginx', 'web1/app', 'db1'].map((id) => record(id, 1)).join(''));
      const { page } = await visit(browser, `${server.url}/`);
      await says(page, /^3 lines$/);
      await nav(page).getByRole('button', { name: /^web1\/nginx/ }).hover();
      await nav(page).getByRole('button', { name: 'Pin web1/nginx' }).click();
      await nav(page).getByRole('button', { name: 'web1/ fold' }).click();
      await page.keyboard.press('t');
      await page.keyboard.press('+');
      await page.keyboard.press('i');
      const before = await names(page);
      assert.equal(before, ['web1/nginx', 'db1', 'web1/']);
      await page.reload();
      await says(page, /^3 lines$/);
      await until(async () => (await names(page)).join() === before.join(), 5000, () => 'the same list');
      assert.is(await page.evaluate(() => document.documentElement.dataset['theme']), 'dark');
      await page.keyboard.press(',');
      const sheet = page.getByRole('dialog', { name: 'Settings' });
      assert.ok(await sheet.getByRole('radio', { name: 'Dark' }).isChecked());
      assert.is(await sheet.getByRole('slider').inputValue(), '13.5');
      assert.not.ok(await sheet.getByRole('checkbox', { name: 'Histogram above the lines' }).isChecked());
    }),
  ),
));

test('lost lines of a stream are told as such, also to who does not see where they stand', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(record('web1', 1) + record('web1', 5));
      const { page } = await visit(browser, `${server.url}/`);
      await page.getByRole('button', { name: /^web1 −3 lost/ }).waitFor();
    }),
  ),
));

test('without storage the page works all the same', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(record('web1', 1));
      const { page, complaints } = await visit(browser, 'about:blank');
      await page.addInitScript(() => Object.defineProperty(window, 'localStorage', { get: () => { throw new Error('shut off'); } }));
      await page.goto(`${server.url}/`);
      await says(page, /^1 line$/);
      await page.keyboard.press('t');
      await until(async () => (await page.evaluate(() => document.documentElement.dataset['theme'])) === 'dark');
      assert.equal(complaints, []);
    }),
  ),
));

test('errors are counted in the list, the tab and its icon, until somebody looks', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(record('web1', 1, 'level=info msg=fine') + record('db1', 1, 'level=info msg=fine'));
      const { page } = await visit(browser, `${server.url}/#stream=db1`);
      await says(page, /^1 line$/);
      await page.evaluate(() => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
        Object.assign(window, { framed: window.requestAnimationFrame, requestAnimationFrame: () => 0 }); // as in a tab that is not seen
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await server.feed(record('web1', 2, 'level=error msg=bad') + record('web1', 3, 'level=error msg=worse'));
      await page.waitForFunction(() => /^\(2 errors\) db1/.test(document.title), undefined, { polling: 100 });
      assert.match((await page.locator('link[rel=icon]').getAttribute('href')) ?? '', /icon-bad/);
      await page.evaluate(() => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => false });
        Object.assign(window, { requestAnimationFrame: (window as unknown as { framed: unknown }).framed });
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await page.waitForFunction(() => document.title === 'db1 · lm');
      await nav(page).getByRole('button', { name: /^web1.*2 errors/ }).click();
      await until(async () => (await nav(page).getByText('2 errors').count()) === 0, 8000, () => 'looked at');
    }),
  ),
));

test.run();
