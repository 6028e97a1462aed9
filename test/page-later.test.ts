/** What the page fetches later: after the first lines, of itself; what is used before waits for it; and what is said where it cannot be had. */
/// <reference lib="dom" />
import type { BrowserContextOptions, Page, Route } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { visit, withBrowser, type Visit } from './browser.ts';
import { says } from './dom.ts';
import { proxied } from './proxy.ts';
import { record, records, serving, usersIn } from './serving.ts';
import { timed, until, withFolder } from './sh.ts';

const MATCH = /\/match-\w+\.js/;
const REST = /\/rest-\w+\.js/;
const toast = (page: Page): Promise<string> => page.locator('#said').innerText();
const sheets = (page: Page): Promise<number> => page.locator('dialog[open]').count();

/** Open a page whose rest is answered by `answer`. */
async function visitWith(
  browser: Parameters<typeof visit>[0], url: string, answer: (route: Route) => Promise<void>, options: BrowserContextOptions = {},
): Promise<Visit> {
  const there = await visit(browser, 'about:blank', options);
  await there.page.route(REST, answer);
  await there.page.goto(url);
  await says(there.page, /^10 lines$/);
  return there;
}

test('it comes of itself once the first lines are drawn, and then all works without the server', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => proxied(server.port, async (proxy) => {
      await server.feed(records('web1', 1, 9) + record('web1', 10, '{"level":"info","msg":"structured","user":"anna"}'));
      let rows = -1;
      const { page, complaints } = await visitWith(browser, proxy.url, async (route) => {
        rows = await route.request().frame().locator('#log .row').count();
        await route.continue();
      });
      await until(() => rows >= 0);
      assert.ok(rows > 0, 'lines first');
      await page.locator('.bars[role=slider]').waitFor();
      assert.equal(complaints, []);
      proxy.down = true;
      proxy.cut();
      for (const key of ['?', ',', 'B', 'Control+k']) {
        await page.keyboard.press(key);
        await page.locator('dialog[open]').waitFor();
        await page.keyboard.press('Escape');
        await until(async () => (await sheets(page)) === 0);
      }
      await page.getByRole('log').focus();
      await page.keyboard.press('k');
      await page.locator('.row .twist:visible').first().click();
      await page.getByRole('treeitem').first().waitFor();
      await page.getByRole('searchbox', { name: 'Find a stream' }).fill('nothing');
      await page.getByText('No such stream').waitFor();
    })),
  ),
));

test('what is used before it has come waits for it, and happens once', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 9) + record('web1', 10, '{"msg":"structured","user":"anna"}'));
      let free = (): void => {};
      const held = new Promise<void>((resolve) => (free = resolve));
      const { page, complaints } = await visitWith(browser, server.url, async (route) => (await held, route.continue()));
      await page.locator('.row .twist:visible').first().click();
      await page.keyboard.press('?');
      await page.keyboard.press('|'); // meant for the sheet
      await page.waitForTimeout(300);
      assert.is(await sheets(page), 0);
      free();
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      assert.is(await page.locator('.frame').count(), 1);
      await page.keyboard.press('Escape');
      await until(async () => (await sheets(page)) === 0);
      assert.is(await page.locator('.fields').count(), 1);
      await page.waitForTimeout(300);
      assert.is(await sheets(page), 0);
      assert.equal(complaints, []);
    }),
  ),
));

test('a filter is set for the first time while the server is away: what it needs has been fetched before', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => proxied(server.port, async (proxy) => {
      await server.feed(records('web1', 1, 10));
      const { page } = await visit(browser, 'about:blank'); // with a route, as in others, browsers under test keep nothing
      const fetched = page.waitForResponse(MATCH);
      await page.goto(`${proxy.url}#lines=5`);
      await (await fetched).finished();
      proxy.down = true;
      proxy.cut();
      await page.getByText('Connection cut').waitFor();
      await page.getByRole('searchbox', { name: 'Filter', exact: true }).fill('line 7');
      await says(page, /^1 of 5 lines match/);
      await page.getByRole('button', { name: 'Load 5 older' }).click();
      await says(page, /^Not loaded: the server cannot be reached$/, toast);
    })),
  ),
));

test('a filter that is set while the server is away is not called slow, and is tried when what it needs can be fetched', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => proxied(server.port, async (proxy) => {
      await server.feed(records('web1', 1, 10));
      const { page } = await visit(browser, proxy.url);
      await says(page, /^10 lines$/);
      proxy.down = true;
      proxy.cut();
      await page.getByRole('searchbox', { name: 'Filter', exact: true }).fill('line 7');
      await page.waitForTimeout(3500);
      assert.match(await page.locator('.fault').innerText(), /^$/);
      proxy.down = false;
      await says(page, /^1 of 10 lines match/);
    })),
  ),
));

test('where it cannot be fetched that is said, and the next use tries again', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 10));
      const { page } = await visitWith(browser, server.url, (route) => route.abort());
      await page.keyboard.press('?');
      await says(page, /could not be fetched: try again/, toast);
      assert.is(await sheets(page), 0);
      await page.unroute(REST);
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    }),
  ),
));

test('a page whose server has another version by now says so, and goes on', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 10));
      const { page } = await visitWith(browser, server.url, (route) => route.fulfill({ status: 404, body: 'no such file' }));
      await page.keyboard.press('?');
      await says(page, /another version of this page: reload it/, toast);
      await server.feed(records('web1', 11, 10));
      await says(page, /^20 lines$/);
    }),
  ),
));

test('while the login is refused nothing is asked for, and all goes on where it stopped once the login is right again', timed(90_000, () => withFolder((dir) =>
  withBrowser((browser) =>
    serving(['-u', usersIn(dir)], async (server) => {
      const setPassword = (to: string): void => {
        usersIn(dir, to);
        server.running.child.kill('SIGHUP');
      };
      await server.feed(records('web1', 1, 10));
      const login = { httpCredentials: { username: 'anna', password: 'secret' } };
      let tried = 0;
      const { page } = await visitWith(browser, server.url, (route) => (tried++, route.abort()), login);
      await until(() => tried > 0);
      setPassword('other');
      await page.getByText('Login refused').waitFor();
      await page.waitForTimeout(3000); // the list of streams asks once more
      let asked = 0;
      page.on('request', () => asked++);
      await page.waitForTimeout(8000);
      assert.is(asked, 0);
      await page.unroute(REST);
      setPassword('secret');
      await server.feed(records('web1', 11, 10));
      await page.getByRole('button', { name: 'Try now' }).click();
      await says(page, /^20 lines$/);
      await page.waitForRequest(/api\/streams/);
      await page.locator('.bars[role=slider]').waitFor();
    }),
  ),
)));

test('by an address with a password it belongs to the page that is there', timed(60_000, () => withFolder((dir) =>
  withBrowser((browser) =>
    serving(['-u', usersIn(dir)], async (server) => {
      await server.feed(records('web1', 1, 10));
      const { page, complaints } = await visit(browser, `http://anna:secret@127.0.0.1:${server.port}/`);
      await says(page, /^10 lines$/);
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('|'); // once for each page that listens
      await until(async () => (await page.locator('.frame').count()) > 1);
      assert.is(await page.locator('.frame').count(), 2);
      assert.equal(complaints, []);
    }),
  ),
)));

test.run();
