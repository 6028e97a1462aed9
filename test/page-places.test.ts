/** The page in the places where people open it, and what it says of them: passwords, proxies, a server started again, and what is missing. */
/// <reference lib="dom" />
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { visit, withBrowser } from './browser.ts';
import { says, status, texts } from './dom.ts';
import { proxied } from './proxy.ts';
import { record, records, serving, usersIn } from './serving.ts';
import { timed, until, withFolder } from './sh.ts';

test('opened by an address with a password in it, the page is there', timed(60_000, () => withFolder((dir) =>
  withBrowser((browser) =>
    serving(['-u', usersIn(dir)], async (server) => {
      await server.feed(records('web1', 1, 10));
      const { page, complaints } = await visit(browser, `http://anna:secret@127.0.0.1:${server.port}/`);
      await says(page, /^10 lines$/);
      await server.feed(records('web1', 11, 10));
      await says(page, /^20 lines$/);
      await says(page, /Live/, status);
      assert.equal(complaints, []);
    }),
  ),
)));

test('lines that fell between two lives of the server are told and counted; lines that came late are not lost', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (first) => proxied(first.port, async (proxy) => {
      await first.feed(records('web1', 1, 5) + records('web1', 8, 3));
      const { page } = await visit(browser, proxy.url);
      await says(page, /2 lost/, status);
      await first.feed(records('web1', 6, 2));
      await says(page, /^10 lines$/);
      await says(page, /0 lost/, status);
      await serving([], async (second) => {
        first.running.child.kill('SIGKILL');
        proxy.turnTo(second.port);
        proxy.cut();
        await second.feed(records('web1', 15, 2));
        await says(page, /^12 lines$/);
        assert.equal((await texts(page)).slice(-3), ['4 lines missing here: web1 11-14', 'line 15', 'line 16']);
        await says(page, /4 lost/, status);
        await second.feed(records('web1', 20, 1));
        await says(page, /7 lost/, status);
      });
    })),
  ),
));

test('a stream is not told to be live while nothing is heard of it, and not forgotten when the server is started again', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (first) => proxied(first.port, async (proxy) => {
      const list = (page: Page): Promise<string> => page.locator('#streams .list').innerText();
      await first.feed(records('web1', 1, 50) + records('web2', 1, 50));
      const { page } = await visit(browser, proxy.url);
      await says(page, /web1\s+5\.0\/s\s+web2\s+5\.0\/s/, list);
      proxy.down = true;
      proxy.cut();
      const age = async (): Promise<number> => Number(/web1\s+(\d+)s\s+web2\s+\1s/.exec(await list(page))?.[1]);
      let young = NaN;
      await until(async () => (young = await age()) >= 3);
      await until(async () => (await age()) > young, 5000, () => `older than ${young} s`);
      assert.is(await page.locator('#streams .live').count(), 0);
      await serving([], async (second) => {
        await second.feed(records('web1', 51, 50));
        proxy.turnTo(second.port);
        proxy.down = false;
        await says(page, /web1\s+5\.0\/s\s+web2\s+\d+s/, list);
      });
    })),
  ),
));

/** The page comes in sight, or goes out of it. */
const see = (page: Page, on: boolean): Promise<void> => page.evaluate((hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}, !on);

test('out of sight, where timers wait, the title tells of errors; seen again it has all lines at once', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 10));
      const { page, complaints } = await visit(browser, server.url);
      await page.locator('.bars[role=slider]').waitFor();
      await page.clock.install();
      await see(page, false);
      await page.clock.pauseAt(Date.now() + 60_000); // no timer and no frame from now on
      for (let n = 11; n <= 13; n++) {
        await server.feed(record('web1', n, 'level=error msg=bad'));
        await says(page, new RegExp(`^\\(${n - 10} errors?\\)`), () => page.title());
      }
      await see(page, true);
      await page.clock.resume();
      await says(page, /^13 lines$/);
      await says(page, /^lm: logs$/, () => page.title());
      assert.equal(complaints, []);
    }),
  ),
));

test('a machine that was asleep in the middle of drawing goes on at once', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 10));
      const { page, complaints } = await visit(browser, server.url);
      await says(page, /^10 lines$/);
      await page.evaluate(() => {
        const now = performance.now.bind(performance);
        let slept = 0;
        performance.now = () => now() + slept;
        new MutationObserver(() => (slept = 3_600_000)).observe(document.querySelector('#log') as Element, { childList: true, subtree: true, characterData: true });
      });
      for (let n = 11; n <= 13; n++) {
        await server.feed(record('web1', n));
        await until(async () => (await texts(page)).at(-1) === `line ${n}`, 3000, () => `line ${n}`);
      }
      assert.equal(complaints, []);
    }),
  ),
));

test('where one stands is in the address while lines come, and a line that is gone to until it has come', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 100) + records('web1', 110, 210));
      const { page } = await visit(browser, server.url);
      await says(page, /^310 lines$/);
      await page.keyboard.press('Home');
      const isIn = (name: string): boolean => page.url().includes(name);
      for (let n = 320; !isIn('at=web1:r1:1'); n++) {
        assert.ok(n < 350, page.url());
        await server.feed(record('web1', n));
        await page.waitForTimeout(100);
      }
      // What is missing has no name: the line below it has.
      await page.keyboard.press('Home');
      await page.evaluate(() => document.querySelector('#log')?.scrollBy(0, 85 * 20));
      await page.getByText('9 lines missing here').waitFor();
      for (let i = 0; i < 60 && (await texts(page))[0] !== '9 lines missing here: web1 101-109'; i++) await page.keyboard.press('ArrowDown');
      await until(() => isIn('at=web1:r1:110'), 5000, () => page.url());

      await page.goto('about:blank');
      await page.goto(`${server.url}/#line=web1:r1:5000`);
      await says(page, /lines$/);
      await page.waitForTimeout(1500);
      assert.ok(isIn('line=web1:r1:5000'), page.url());
      await server.feed(record('web1', 5000));
      await page.locator('.row.here', { hasText: 'line 5000' }).waitFor();
      assert.ok(isIn('line=web1:r1:5000'), page.url());
    }),
  ),
));

test('eight tabs where no WebSocket passes: each is there, those that are not seen as well, though browsers have six connections', timed(120_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await proxied(server.port, async (proxy) => {
        await server.feed(record('web1', 1, 'level=info msg=fine'));
        const { page: first } = await visit(browser, proxy.url);
        let page = first;
        for (let tabs = 2; tabs <= 8; tabs++) {
          await says(page, /^1 line$/);
          await see(page, false);
          page = await first.context().newPage();
          await page.goto(proxy.url);
        }
        await says(page, /^1 line$/);
        await server.feed(record('web1', 2, 'level=error msg=bad'));
        await says(page, /^2 lines$/);
        await says(page, /Live/, status);
        await first.waitForFunction(() => document.title.startsWith('(1 error)'), undefined, { polling: 100, timeout: 30_000 });
        let told = '';
        await first.exposeFunction('tell', (text: string) => (told += text));
        await first.evaluate(() => {
          const foot = document.querySelector('#status') as HTMLElement;
          new MutationObserver(() => (globalThis as unknown as { tell(text: string): void }).tell(foot.innerText)).observe(foot, { childList: true, subtree: true, characterData: true });
        });
        await first.waitForTimeout(5000);
        await see(first, true);
        await server.feed(record('web1', 3));
        await says(first, /^3 lines$/);
        assert.not.match(told, /cut/);
      }, false);
    }),
  ),
));

test('where a proxy sends to another page to log in, that is said, and it goes on where it stopped', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => proxied(server.port, async (proxy) => {
      await server.feed(records('web1', 1, 10));
      const { page } = await visit(browser, proxy.url);
      await says(page, /^10 lines$/);
      proxy.login = true;
      proxy.cut();
      await says(page, /Login refused/, status);
      await server.feed(records('web1', 11, 10));
      proxy.login = false;
      await page.getByRole('button', { name: 'Try now' }).click();
      await says(page, /^20 lines$/);
      await says(page, /Live/, status);
    })),
  ),
));

test.run();
