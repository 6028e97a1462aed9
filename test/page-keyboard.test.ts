/** The page by keyboard alone, from finding a stream to taking a line away; and a voice that is not flooded. */
/// <reference lib="dom" />
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { visit, withBrowser } from './browser.ts';
import { says, texts } from './dom.ts';
import { lines, press } from './page-data.ts';
import { records, serving } from './serving.ts';
import { timed, until } from './sh.ts';

test('by keyboard alone: a stream found, filtered, split, found in, a line taken away', timed(120_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(lines(1, 300) + records('db1', 1, 20));
      const { page } = await visit(browser, `${server.url}/`, { permissions: ['clipboard-read', 'clipboard-write'] });
      await says(page, /^620 lines$/);
      await press('s', 'nginx', 'Enter')(page);
      await page.getByRole('log', { name: 'web1/nginx' }).waitFor();
      await press('f', '502', 'Enter')(page);
      await says(page, /^33 of 300 lines match/);
      await page.keyboard.press('Escape');
      await press('|', 's')(page);
      await page.keyboard.press('Control+a');
      await press('db1', 'Enter')(page);
      await page.getByRole('log', { name: 'db1' }).waitFor();
      assert.is(await page.getByRole('log').count(), 2);
      await page.keyboard.press('Escape');
      await press('X', 'o')(page);
      assert.is(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'web1/nginx');
      await press('/', 'GET', 'Enter')(page);
      await page.getByText('33 of 33').waitFor();
      await page.keyboard.press('Tab');
      await page.getByRole('log', { name: 'web1/nginx' }).focus();
      await page.keyboard.press('v');
      await page.getByText('Copied a link to this view').waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(link, /#stream=web1\/nginx&and=502&find=GET&at=web1\/nginx:r1:\d+&pane&stream=db1$/);
      const again = await visit(browser, link);
      await says(again.page, /^33 of 300 lines match/);
      assert.is(await again.page.getByRole('log').count(), 2);
      const top = (await texts(page))[0];
      let there: string | undefined;
      await until(async () => (there = (await texts(again.page))[0]) === top, 10_000, () => `${link} at the top: ${top}, it is: ${there}`);
      await page.keyboard.press('A');
      await page.getByText('Copied 33 lines').waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^(2026-11-22T\d\d:\d\d:\d\d\.\d\d\dZ web1\/nginx 10\.0\.0\.\d+ - - "GET [^\n]*\n){33}$/);
      await page.keyboard.press('V');
      await page.getByText('Copied a link to this line').waitFor();
      await page.keyboard.press('$');
      await page.getByText('Copied a command for a shell').waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl .*api\/tail/);
      await page.keyboard.press('Q');
      assert.is(await page.getByRole('log').count(), 1);
      // What is pressed and goes away leaves the keyboard at the lines, not at the top of the page.
      const atLines = (): Promise<boolean> => page.evaluate(() => document.activeElement?.getAttribute('role') === 'log');
      assert.ok(await atLines());
      await press('f', 'GET', 'Enter', 'Escape', 'PageUp')(page);
      for (const name of ['Jump to newest', 'Remove filter GET']) {
        await page.getByRole('button', { name }).focus();
        await page.keyboard.press('Enter');
        await until(atLines, 5000, () => String(name));
      }
    }),
  ),
));

test('a list that is hidden and a row that goes leave the focus at the lines', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(lines(1, 100));
      const { page } = await visit(browser, `${server.url}/#stream=web1/app`);
      await says(page, /^100 lines$/);
      const atLines = (): Promise<boolean> => page.evaluate(() => document.activeElement?.getAttribute('role') === 'log');
      const name = page.locator('.stream .name').first();
      const atName = (): Promise<boolean> => name.evaluate((element) => document.activeElement === element);
      await name.focus();
      for (const shut of [
        () => page.keyboard.press('Escape'),
        () => page.getByRole('button', { name: 'Close', exact: true }).click(),
        () => page.mouse.click(2, 2),
      ]) {
        await page.keyboard.press('?');
        await page.locator('dialog[open]').waitFor();
        await shut();
        await page.locator('dialog').waitFor({ state: 'detached' });
        assert.ok(await atName(), String(shut));
      }
      await page.keyboard.press('\\');
      await until(atLines, 5000, () => 'the list is hidden');
      await press('Home', 'l')(page);
      await page.locator('.field:focus').waitFor();
      await page.keyboard.press('C');
      await says(page, /^0 lines/);
      await until(atLines, 5000, () => 'the row is cleared');
    }),
  ),
));

test('lines are not read out while they come; what is said of them is little', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 100));
      const { page } = await visit(browser, `${server.url}/`);
      await says(page, /^100 lines$/);
      await page.evaluate(() => {
        const spoken: string[] = [];
        Object.assign(window, { spoken });
        const live = (node: Node): boolean => {
          const region = (node instanceof Element ? node : node.parentElement)?.closest('[aria-live], [role=log], [role=status], [role=alert]');
          return region !== null && region !== undefined && region.getAttribute('aria-live') !== 'off';
        };
        new MutationObserver((all) => {
          for (const { target } of all) if (live(target) && target.textContent !== '') spoken.push(target.textContent ?? '');
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
      });
      for (let n = 101; n < 1000; n += 50) {
        await server.feed(records('web1', n, 50));
        await page.waitForTimeout(60);
      }
      await says(page, /^1,000 lines$/);
      const spoken = await page.evaluate(() => (window as unknown as { spoken: string[] }).spoken);
      assert.ok(spoken.length <= 2, spoken.join(' | '));
    }),
  ),
));

/** A page with so many lines of each kind, at an address with that hash. */
const withLines = (count: number, hash: string, body: (page: Page) => Promise<void>): (() => Promise<void>) =>
  timed(60_000, () =>
    withBrowser((browser) =>
      serving([], async (server) => {
        await server.feed(lines(1, count));
        const { page } = await visit(browser, `${server.url}/${hash}`);
        await body(page);
      }),
    ),
  );

test('the row that keys go to is heard, and its level where it matters', withLines(30, '', async (page) => {
  await says(page, /^60 lines$/);
  await press('k', 'k')(page);
  const heard = (): Promise<string | null> => page.locator('#said .unseen-text').textContent();
  const here = async (): Promise<string> => (await page.locator('#log .row.here .text').textContent()) ?? '';
  await until(async () => (await heard())?.endsWith(await here()) === true, 5000, () => 'the row to be heard');
  await page.keyboard.press('E');
  await until(async () => (await heard()) === `error: ${await here()}`, 5000, () => 'the error to be heard');
  await page.keyboard.press('/');
  await press('GET /20 ', 'Enter')(page);
  await until(async () => /GET \/20 /.test((await heard()) ?? '') && (await heard()) === (await here()), 5000, () => 'the hit to be heard');
}));

test('keys that come faster than answers are done in turn', withLines(20_000, '', async (page) => {
  await says(page, /^40,000 lines$/);
  const type = (...keys: string[]): Promise<void> =>
    page.evaluate((all) => all.forEach((key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))), keys);
  // The oldest error is far from the newest lines: it has to be found, and then fetched.
  await type('Home', 'e', 'm', 'j', 'm', 'B');
  const marked = page.locator('.marks li');
  await until(async () => (await marked.count()) === 2, 5000, () => 'two bookmarks');
  const [first = '', second = ''] = await marked.allTextContents();
  assert.match(first, /"level":"error".*"user":10,/);
  assert.match(second, /GET \/10 /);
  await page.keyboard.press('Escape');
  await type('End', 'E', 'k', 'm');
  await page.getByText('GET /19999 ').and(page.locator('.row.here .text')).waitFor();
  await type('E', 'End');
  await page.waitForTimeout(300); // in which the error's row must not come
  assert.is(await page.getByRole('button', { name: 'Jump to newest' }).count(), 0);
  // What is shown changes as well: the row is one of what is chosen, not of what was there before.
  await type(']', 'E', 'E', 'm', '|', 'Home');
  await page.locator('#log-1 .row').first().getByText('order placed user=1 ').waitFor();
  await type('B');
  await until(async () => (await marked.count()) === 4, 5000, () => 'four bookmarks');
  assert.match((await marked.allTextContents()).join('\n'), /web1\/app.*"user":19990,/);
}));

test('where no line is shown nothing is copied or saved, and the clipboard keeps what it has', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(lines(1, 30));
      const { page } = await visit(browser, `${server.url}/#and=nothing+of+the+kind`, { permissions: ['clipboard-read', 'clipboard-write'] });
      await says(page, /^0 of 60 lines match/);
      await page.evaluate(() => navigator.clipboard.writeText('kept'));
      let saved = 0;
      page.on('download', () => saved++);
      await press('y', 'A', 'd')(page);
      await page.getByText('No line is shown').waitFor();
      await page.waitForTimeout(500);
      assert.is(saved, 0);
      assert.is(await page.evaluate(() => navigator.clipboard.readText()), 'kept');
    }),
  ),
));

const focused = (page: Page): Promise<string | undefined> => page.evaluate(() => document.activeElement?.closest('[role=log], dialog')?.ariaLabel ?? undefined);

test('the link to the lines goes there, and the view stays as it was', withLines(30, '#stream=web1/app&and=order', async (page) => {
  await says(page, /^\d+ of 30 lines match/);
  const before = page.url();
  await press('Tab', 'Enter')(page);
  await until(async () => (await focused(page)) === 'web1/app', 5000, () => 'the lines');
  await page.waitForTimeout(500);
  await says(page, /^\d+ of 30 lines match/);
  assert.is(page.url(), before);
}));

test('a bookmark removed in the list leaves the focus there', withLines(30, '', async (page) => {
  await says(page, /^60 lines$/);
  await press('k', 'm', 'k', 'm', 'B')(page);
  await page.getByRole('button', { name: /^Remove the bookmark/ }).first().focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('.marks li').length === 1);
  assert.is(await focused(page), 'Bookmarks');
}));

test('while a word is put together, as in Japanese, Enter takes it and nothing else', withLines(30, '', async (page) => {
  await says(page, /^60 lines$/);
  const enter = (isComposing: boolean): Promise<unknown> =>
    page.evaluate((composing) => document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: composing, bubbles: true, cancelable: true })), isComposing);
  await press('f', 'order')(page);
  await enter(true);
  await page.waitForTimeout(200);
  assert.is(await page.getByRole('searchbox', { name: 'Filter' }).inputValue(), 'order');
  await enter(false);
  await page.getByRole('checkbox', { name: 'Use filter order' }).waitFor();
}));

test('a sheet opened right after another was shut stays', withLines(30, '', async (page) => {
  await says(page, /^60 lines$/);
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.evaluate(() => {
    document.querySelector('dialog')?.close(); // its event comes later
    document.dispatchEvent(new KeyboardEvent('keydown', { key: ',' }));
  });
  const settings = page.getByRole('dialog', { name: 'Settings' });
  await settings.waitFor();
  await page.waitForTimeout(500);
  assert.is(await settings.count(), 1);
  await page.keyboard.press('Escape');
  await until(async () => (await page.getByRole('dialog').count()) === 0);
  for (let i = 0; i < 20; i++) await press('?', 'Escape')(page);
  await page.keyboard.press('?');
  await page.waitForTimeout(500);
  assert.is(await page.getByRole('dialog', { name: 'Keys' }).count(), 1);
}));

test('Ctrl+Home and Ctrl+End go to the ends of what one is in: of the lines, or of what is typed', withLines(30, '', async (page) => {
  await says(page, /^60 lines$/);
  const paused = page.getByText('Jump to newest');
  await press('Control+Home')(page);
  await paused.waitFor();
  await press('f', 'order', 'Control+Home')(page);
  const box = page.getByRole('searchbox', { name: 'Filter' });
  const caret = (): Promise<number | null> => box.evaluate((it: HTMLInputElement) => it.selectionStart);
  assert.is(await caret(), 0);
  await page.keyboard.press('Control+End');
  assert.is(await caret(), 5);
  await press('Escape', 'Escape')(page);
  await paused.waitFor();
  await press('Control+End')(page);
  await paused.waitFor({ state: 'hidden' });
}));

test('on a Mac keys are known that take Option there, as | and [ in Germany, and others with it are left alone', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(lines(1, 30));
      const { page } = await visit(browser, 'about:blank');
      await page.addInitScript(() => Object.defineProperty(navigator, 'platform', { value: 'MacIntel' }));
      await page.goto(server.url);
      await says(page, /^60 lines$/);
      const withOption = async (key: string): Promise<void> => {
        await page.keyboard.down('Alt');
        await page.keyboard.press(key);
        await page.keyboard.up('Alt');
      };
      await withOption('|');
      await page.locator('.frame').nth(1).waitFor();
      await withOption('Home');
      await page.waitForTimeout(300);
      assert.is(await page.getByText('Paused').count(), 0);
    }),
  ),
));

test('what can be undone stays while it has the focus', withLines(30, '', async (page) => {
  await says(page, /^60 lines$/);
  await page.clock.install();
  await page.keyboard.press('C');
  const undo = page.getByRole('button', { name: 'Undo', exact: true });
  await undo.focus();
  await page.clock.runFor(60_000);
  assert.ok(await undo.isVisible());
  await undo.blur();
  await page.clock.runFor(60_000);
  assert.is(await undo.count(), 0);
}));

test('panes that were closed leave nothing behind', withLines(30, '', async (page) => {
  await says(page, /^60 lines$/);
  await page.locator('.bars[role=slider]').waitFor(); // with what comes later
  const tool = await page.context().newCDPSession(page);
  const left = async (): Promise<number[]> => {
    await tool.send('HeapProfiler.collectGarbage');
    const { nodes, jsEventListeners } = await tool.send('Memory.getDOMCounters');
    return [nodes, jsEventListeners];
  };
  await press('|', 'Q')(page);
  const [nodes = 0, listeners = 0] = await left();
  for (let i = 0; i < 10; i++) await press('|', 'Q')(page);
  let now: number[] = [];
  const few = async (): Promise<boolean> => {
    now = await left();
    return (now[0] ?? 0) < nodes + 100 && (now[1] ?? 0) < listeners + 10;
  };
  await until(few, 5000, () => `${now.join(' nodes, ')} listeners, before it were ${nodes} and ${listeners}`);
}));

test('keys that come faster than answers each go on from where the one before has led', withLines(3000, '#stream=web1/app', async (page) => {
  await says(page, /^3,000 lines$/);
  const here = page.locator('.row.here');
  const press = (key: string, times: number): Promise<void> => page.evaluate(([which, count]) => {
    const log = document.querySelector('#log');
    for (let i = 0; i < Number(count); i++) log?.dispatchEvent(new KeyboardEvent('keydown', { key: String(which), bubbles: true, cancelable: true }));
  }, [key, times]);
  const at = (user: number): Promise<void> => until(async () => (await here.innerText()).includes(`user=${user}`), 5000, () => `at ${user}`);
  await page.keyboard.press('E');
  await at(3000);
  await press('E', 7);
  await at(2930);
  await press('e', 7);
  await at(3000);
}));

test.run();
