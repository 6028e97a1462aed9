/** The lines in a real browser: they stay where they are whatever is set, their fields open, and only what they say gets out. */
/// <reference lib="dom" />
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { visit, withBrowser } from './browser.ts';
import { says, seen, status, tally, texts, type Seen } from './dom.ts';
import { record, records, serving } from './serving.ts';
import { timed, until } from './sh.ts';

const SOAK = process.env['LM_SOAK'] === '1';

/** A log as it comes: JSON, logfmt, access lines, traces, of every length. */
function mixed(from: number, to: number): string {
  let text = '';
  for (let n = from; n <= to; n++) {
    const words = 'word '.repeat((n * 37) % 120);
    const msg = [
      `line ${n} ${words}`,
      JSON.stringify({ level: n % 7 === 0 ? 'error' : 'info', msg: `line ${n} ${words}`, user: `user${n % 9}`, req: { url: `/items/${n}`, big: '@' }, n }).replace('"@"', '12345678901234567890'),
      `level=info msg="line ${n}" user=user${n % 9} took=${n}ms`,
      `line ${n} 10.0.0.1 https://x.example/${n} \x1b[31mred\x1b[0m`,
    ][n % 4] as string;
    text += record('web1', n, msg);
  }
  return text;
}

const numberIn = (row: Seen | undefined): number => Number(/line (\d+)/.exec(row?.text ?? '')?.[1]);
/** The row at the top: its number, and the part of it that is above the edge. */
async function top(page: Page): Promise<{ n: number; above: number; top: number }> {
  const [first] = await seen(page);
  return { n: numberIn(first), above: -(first?.top ?? 0) / (first?.height ?? 1), top: first?.top ?? NaN };
}
const settled = (page: Page): Promise<unknown> => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60))));
const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
  await settled(page);
};

test('whatever is set or comes, the line at the top stays the line at the top, and the same part of it is above the edge', timed(120_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(mixed(1, 2000));
      const { page, complaints } = await visit(browser, `${server.url}/`);
      await says(page, /^2,000 lines$/);
      await press(page, 'PageUp', 'PageUp', 'PageUp', 'PageUp');
      await page.evaluate(() => document.querySelector('#log')?.scrollBy(0, -7));
      await page.waitForTimeout(300);
      const begun = await top(page);
      assert.ok(begun.n > 1 && begun.n < 2000 && begun.above > 0.1, JSON.stringify(begun));
      let came = 2000;
      const resize = (width: number, height: number) => (): Promise<unknown> => page.setViewportSize({ width, height });
      const changes: [string, () => Promise<unknown>][] = [
        ['wrap', () => press(page, 'z')],
        ['narrower', resize(900, 700)],
        ['larger text', () => press(page, '+', '+', '+')],
        ['density', () => press(page, '=')],
        ['density again', () => press(page, '=')],
        ['wider and lower', resize(1400, 420)],
        ['one line only', () => press(page, 'z')],
        ['smaller text', () => press(page, '-', '-', '-', '-')],
        ['density as at first', () => press(page, '=')],
        ['times of UTC', () => press(page, 'T')],
        ['as they came', () => press(page, 'J')],
        ['by their fields', () => press(page, 'J')],
        ['without colours', () => press(page, 'K')],
        ['higher', resize(1200, 700)],
      ];
      for (const [what, change] of changes) {
        await change();
        await server.feed(mixed(came + 1, came + 50));
        came += 50;
        await says(page, new RegExp(`^${came.toLocaleString('en')} lines$`));
        await page.waitForTimeout(250);
        const now = await top(page);
        assert.is(now.n, begun.n, `${what}: ${JSON.stringify(now)} after ${JSON.stringify(begun)}`);
        assert.ok(Math.abs(now.above - begun.above) < 0.12, `${what}: ${now.above} of it is above, ${begun.above} was`);
      }
      assert.equal(complaints, []);
    }),
  ),
));

test('fields open in place: nothing above moves, keys walk, values become filters and columns', timed(120_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(mixed(1, 600));
      const { page, complaints } = await visit(browser, `${server.url}/`);
      await says(page, /^600 lines$/);
      await press(page, 'Home', 'j');
      const rows = await page.locator('.row').evaluateAll((all) => all.map((row) => [row.textContent ?? '', row.querySelector<HTMLElement>('.twist')?.hidden === false]));
      for (const [text, opens] of rows) assert.is(opens, /user/.test(String(text)), `${text} can be opened: ${opens}`);
      await press(page, 'End', ...'kkkkkkkkkkkkkk'); // where there is room for a tree below
      const here = page.locator('.row.here');
      for (let i = 0; i < 8 && !(await here.locator('.twist').isVisible()); i++) await press(page, 'k');
      const before = await seen(page);
      const name = numberIn({ text: await here.locator('.text').innerText() } as Seen);
      await press(page, 'ArrowRight');
      const tree = page.getByRole('tree');
      await tree.waitFor();
      const after = await seen(page);
      const at = before.findIndex((row) => numberIn(row) === name);
      assert.equal(after.slice(0, at).map(({ top, text }) => [top, text]), before.slice(0, at).map(({ top, text }) => [top, text]));
      assert.ok((after[at]?.height ?? 0) > 80);
      // Lines that come move nothing, and the keyboard stays in the tree.
      await server.feed(mixed(601, 700));
      await says(page, /^700 lines$/);
      assert.equal(await seen(page), after);
      await page.keyboard.press('ArrowDown');
      const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '');
      const walked: string[] = [];
      for (let i = 0; i < 9; i++) {
        walked.push((await focused()).replace(/show only.*/, ''));
        await page.keyboard.press('ArrowDown');
      }
      assert.ok(walked.some((field) => field.startsWith('user')), walked.join());
      await page.keyboard.press('Home');
      for (let i = 0; i < 12 && !(await focused()).startsWith('user'); i++) await page.keyboard.press('ArrowDown');
      const user = /^user(user\d)/.exec(await focused())?.[1] ?? '';
      await page.keyboard.press('c');
      await settled(page);
      await page.locator('.columns .cell', { hasText: 'user' }).waitFor();
      const cells = await page.locator('.row .text .cell:first-child').allInnerTexts();
      assert.ok(cells.length > 5 && cells.every((cell) => /^user\d$/.test(cell)), cells.join());
      const lefts = await page.evaluate(() => [...document.querySelectorAll('.row .text .cell')].map((cell) => cell.getBoundingClientRect().left));
      const head = await page.evaluate(() => document.querySelector('.columns .cell')?.getBoundingClientRect().left ?? 0);
      assert.ok(lefts.every((left) => Math.abs(left - head) < 2), `${head}: ${lefts.join()}`);
      await page.locator('.field', { hasText: 'user' }).first().focus();
      await page.keyboard.press('+');
      await says(page, /^\d+ of 700 lines match/);
      let users: string[] = [];
      await until(async () => {
        users = await page.locator('.row .text .cell:first-child').allInnerTexts();
        return users.length > 0 && users.every((cell) => cell === user);
      }, 10_000, () => users.join());
      assert.equal(complaints, []);
    }),
  ),
));

test('fields opened by keys at the foot of the window come into sight, as does each that the keys go to; the lines still stand still', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      const fields = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`field${i}`, i]));
      const deep = JSON.stringify({ msg: 'deep', a: fields, b: { c: fields } });
      await server.feed(mixed(1, 300) + record('web1', 301, deep, 'r9') + record('web1', 302, 'the last', 'r9'));
      const { page, complaints } = await visit(browser, `${server.url}/`);
      await says(page, /^302 lines$/);
      await press(page, 'k', 'k', 'l');
      const inSight = (): Promise<boolean> =>
        page.evaluate(() => {
          const { top, bottom } = document.querySelector('#log')?.getBoundingClientRect() ?? new DOMRect();
          const field = document.activeElement?.getBoundingClientRect() ?? new DOMRect();
          return field.height > 0 && field.top >= top - 1 && field.bottom <= bottom + 1;
        });
      await page.getByRole('tree').waitFor();
      assert.is(await page.evaluate(() => (document.querySelector('.fields')?.getBoundingClientRect().bottom ?? Infinity) <= innerHeight), true);
      const go = async (key: string, times: number): Promise<void> => {
        for (let i = 0; i < times; i++) {
          await page.keyboard.press(key);
          assert.ok(await inSight(), `${key} ${i}: ${await page.evaluate(() => document.activeElement?.textContent ?? '')}`);
        }
      };
      await press(page, 'ArrowDown', 'ArrowRight');
      await go('ArrowDown', 62);
      await go('Home', 1);
      await go('End', 1);
      await go('ArrowUp', 30);
      assert.match(await page.locator('.pill').innerText(), /^Paused/);
      assert.equal(complaints, []);
    }),
  ),
));

test('what lines say stays as it was: big numbers, copies without columns, links that give nothing away', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      const json = '{"msg":"hello","n":12345678901234567890,"z":1.0,"a":"\\u0041\\nB"}';
      const lines = [json, 'see https://x.example/a?b=1 and javascript:alert(1) <b>', '\x1b[31mred\x1b[0m text', 'last'];
      await server.feed(lines.map((msg, i) => record('web1', i + 1, msg)).join(''));
      const { page, complaints } = await visit(browser, `${server.url}/`);
      await says(page, /^4 lines$/);
      assert.is((await seen(page))[0]?.text, 'hello  n=12345678901234567890  z=1.0  a=A\\nB');
      const links = await page.evaluate(() => [...document.querySelectorAll<HTMLAnchorElement>('.row a')].map((a) => [a.href, a.rel, a.target]));
      assert.equal(links, [['https://x.example/a?b=1', 'noopener noreferrer', '_blank']]);
      const copied = await page.evaluate(() => {
        const texts = document.querySelectorAll('.row .text');
        document.getSelection()?.setBaseAndExtent(texts[0] as Element, 0, texts[3] as Element, 1);
        const data = new DataTransfer();
        const event = new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true });
        texts[0]?.dispatchEvent(event);
        return data.getData('text/plain');
      });
      assert.is(copied, [json, lines[1], 'red text', 'last'].join('\n'));
      assert.equal(complaints, []);
    }),
  ),
));

test('each character of a line is there, also one at its beginning that is not seen', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(record('web1', 1, '\ufeffmark'));
      const { page } = await visit(browser, `${server.url}/`);
      await says(page, /^1 line$/);
      await page.getByText('\\ufeff').waitFor();
    }),
  ),
));

test('no text disturbs another: from right to left, in heaps of marks, or hidden by its colours', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      const json = '{"msg":"مرحبا","user":"أحمد","عدد":5,"مدينة":"القاهرة","n":7}';
      await server.feed([json, `Z${'\u0301'.repeat(60)}algo`, '\x1b[37;47mwhite on white\x1b[0m', `{"msg":"${'wide '.repeat(300)}","a":1}`].map((text, i) => record('web1', i + 1, text)).join(''));
      const { page, complaints } = await visit(browser, `${server.url}/`);
      await says(page, /^4 lines$/);
      await page.locator('#log .f-string').first().waitFor();
      const places = await page.evaluate(() => [...(document.querySelector('#log .row .text')?.children ?? [])].map((part) => part.getBoundingClientRect().left));
      assert.ok(places.length > 8);
      assert.equal(places, places.toSorted((a, b) => a - b), 'each field is where it stands in the line');
      assert.not.match(await page.locator('#log .row .text').first().innerText(), /\u200e/);
      const clipped = await page.locator('#log .row .text').evaluateAll((all) => all.map((text) => getComputedStyle(text).overflowY === 'clip'));
      assert.equal(clipped, [false, true, false, false]);
      const [ink, ground] = await page.getByText('white on white').evaluate((element) => [getComputedStyle(element).color, getComputedStyle(element).backgroundColor]);
      assert.is.not(ink, ground);
      await page.keyboard.press('End');
      await page.keyboard.press('l');
      await page.locator('.field').first().waitFor();
      const [edge, window] = await page.evaluate(() => ['.fields', '#log'].map((which) => document.querySelector(which)?.getBoundingClientRect().right ?? 0));
      assert.ok((edge as number) < (window as number), `${edge} within ${window}`);
      assert.equal(complaints, []);
    }),
  ),
));

test('a day that begins is told between two rows, and moves nothing', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      const at = (n: number): number => Date.UTC(2026, 10, 21, 23, 59, 59, 990 + n);
      const lines = (from: number, to: number): string => {
        let text = '';
        for (let n = from; n <= to; n++) text += `${JSON.stringify({ id: 'web1', run: 'r', n, ts: n <= 500 ? at(n - 500) : at(n - 500) + 86_400_000, msg: `line ${n} ${'word '.repeat(n % 60)}` })}\n`;
        return text;
      };
      await server.feed(lines(1, 505));
      const { page, complaints } = await visit(browser, `${server.url}/#time=utc&wrap=1`, { timezoneId: 'Asia/Kathmandu' });
      await says(page, /^505 lines$/);
      const days = (): Promise<string[][]> => page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('.row .time')].filter((time) => time.dataset['day']).map((time) => [
          time.dataset['day'] ?? '', getComputedStyle(time, '::after').content, time.closest('.row')?.querySelector('.text')?.textContent?.slice(0, 8) ?? '',
        ]),
      );
      assert.equal(await days(), [['2026-11-22', '"2026-11-22"', 'line 501']]);
      // The row is as high as without it, and where it was.
      await page.keyboard.press('Space');
      await settled(page);
      let marked = await seen(page);
      for (let last = ''; last !== JSON.stringify(marked); marked = await seen(page)) { // controls that come with the lines take their room first
        last = JSON.stringify(marked);
        await page.waitForTimeout(1200);
      }
      assert.ok(marked.some((row) => row.text.startsWith('line 501')));
      await page.evaluate(() => document.querySelectorAll<HTMLElement>('[data-day]').forEach(({ dataset }) => delete dataset['day']));
      assert.equal(await seen(page), marked);
      // The row above it gone, nothing begins there.
      await page.keyboard.press('f');
      await page.keyboard.type('line 50[1-5]');
      await says(page, /^5 of 505 lines match/);
      await until(async () => (await days()).length === 0 && (await seen(page)).length === 5);
      await page.keyboard.press('Escape');
      await says(page, /^505 lines$/);
      await page.keyboard.press('End');
      await until(async () => (await days()).length === 1);
      // In the zone of the browser, 5:45 ahead, all these are of one day; then there comes another.
      await page.keyboard.press('T');
      await page.keyboard.press('T');
      await page.keyboard.press('T');
      await page.keyboard.press('T');
      await settled(page);
      assert.match(await page.locator('.row .time').last().innerText(), /^05:44:59/);
      assert.equal((await days()).map(([day]) => day), ['2026-11-23']);
      const copied = await page.evaluate(() => {
        const texts = [...document.querySelectorAll('.row .text')].slice(-8);
        document.getSelection()?.setBaseAndExtent(texts[0] as Element, 0, texts[7] as Element, 1);
        const event = new ClipboardEvent('copy', { clipboardData: new DataTransfer(), bubbles: true, cancelable: true });
        texts[0]?.dispatchEvent(event);
        return event.clipboardData?.getData('text/plain').split('\n').map((line) => line.slice(0, 8));
      });
      assert.equal(copied, [498, 499, 500, 501, 502, 503, 504, 505].map((n) => `line ${n}`));
      assert.equal(complaints, []);
    }),
  ),
));

test('older lines come without loading the page anew: not a pixel moves, and what was chosen holds for them', timed(120_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 5000));
      for (const hash of ['#lines=2000&wrap=1', '#lines=2000&filter=7$', '#lines=2000&repeats=1']) {
        const { page, complaints } = await visit(browser, `${server.url}/${hash}`);
        await says(page, hash.includes('filter') ? /^200 of 2,000 lines match/ : /^2,000 lines$/);
        await page.evaluate(() => ((window as unknown as { here: boolean }).here = true));
        await page.evaluate(() => document.querySelector('#log')?.scrollBy(0, -3013));
        await page.getByText('Jump to newest').waitFor();
        await page.waitForTimeout(300);
        const before = await seen(page);
        await page.getByRole('button', { name: 'Load 3,000 older' }).click();
        await says(page, hash.includes('filter') ? /^500 of 5,000 lines match/ : /^5,000 lines$/);
        await says(page, /5,000 lines held[^]*0 lost/, status);
        await page.getByRole('button', { name: /^Load/ }).waitFor({ state: 'detached' });
        await page.waitForTimeout(300);
        assert.equal(await seen(page), before, hash);
        assert.match(page.url(), /lines=1000000/);
        await page.keyboard.press('Home');
        await until(async () => (await texts(page))[0] === (hash.includes('filter') ? 'line 7' : 'line 1'));
        assert.ok(await page.evaluate(() => (window as unknown as { here?: boolean }).here));
        assert.equal(complaints, []);
      }
    }),
  ),
));

test('a link to a line that the server holds brings it, however many are newer; of one that nobody holds that is said', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 45_000));
      const { page, complaints } = await visit(browser, `${server.url}/#lines=2000&line=web1:r1:100`);
      await page.locator('.row.here', { hasText: /line 100$/ }).waitFor();
      await page.getByText('Jump to newest').waitFor();
      await says(page, /^45,000 lines$/);
      assert.is(await page.locator('.row.here', { hasText: /line 100$/ }).count(), 1);

      await page.goto('about:blank');
      await page.goto(`${server.url}/#lines=2000&line=web1:r1:50000`);
      await page.getByText('The line 50000 of web1 is not held any more, or not shown by this view').waitFor();
      await says(page, /^45,000 lines$/);
      assert.equal(complaints, []);
    }),
  ),
));

test('lines that fly by are coloured when they stay, and what was selected is not selected in others', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(mixed(1, 5000));
      const { page, complaints } = await visit(browser, `${server.url}/`);
      await says(page, /^5,000 lines$/);
      await press(page, 'Home');
      const coloured = (): Promise<void> => page.locator('#log .t-ip').first().waitFor();
      await coloured();
      const flight = await page.evaluate(async () => {
        const log = document.querySelector('#log') as HTMLElement;
        const rows = [...log.querySelectorAll('.row .text')];
        document.getSelection()?.setBaseAndExtent(rows[1] as Element, 0, rows[4] as Element, 1);
        const selected = String(document.getSelection());
        const plain: boolean[] = [];
        // On a machine that is busy with other things lines would stay long enough to be coloured: for the page it takes a hundredth of the time.
        const begun = performance.now();
        const now = performance.now.bind(performance);
        performance.now = () => begun + (now() - begun) / 100;
        for (let frame = 1; frame <= 40; frame++) {
          log.scrollTop = 1500 + frame * 1500;
          await new Promise(requestAnimationFrame);
          await new Promise(requestAnimationFrame);
          if (frame > 5) plain.push(log.querySelector('.t-ip') === null);
        }
        performance.now = now;
        return { selected, still: String(document.getSelection()), plain };
      });
      assert.match(flight.selected, /line 3 /);
      assert.is(flight.still, '');
      assert.ok(flight.plain.every(Boolean), `plain: ${flight.plain.join()}`);
      await coloured();
      assert.equal(complaints, []);
    }),
  ),
));

const MANY = SOAK ? 1_000_000 : 60_000;

test(`${MANY} wrapped lines: scrolled to any place, by dragging and by steps, resized and in another size, the top stays`, timed(SOAK ? 600_000 : 150_000, () =>
  withBrowser((browser) =>
    serving(['--memory=700M'], async (server) => {
      for (let n = 1; n <= MANY; n += 10_000) await server.feed(mixed(n, Math.min(MANY, n + 9_999)));
      await server.received(MANY, SOAK ? 300_000 : 60_000);
      const { page } = await visit(browser, `${server.url}/#lines=${MANY}&wrap=1`);
      await until(async () => (await tally(page)) === `${MANY.toLocaleString('en')} lines`, SOAK ? 300_000 : 60_000);
      await press(page, 'PageUp');
      for (const part of [0.5, 0.02, 0.97, 0.31, 0]) {
        await page.evaluate((share) => {
          const log = document.querySelector('#log') as HTMLElement;
          log.scrollTop = share * (log.scrollHeight - log.clientHeight);
        }, part);
        await until(async () => Math.abs((await top(page)).n / MANY - part) < 0.03, 10_000, () => `at ${part}`);
        await page.waitForTimeout(300);
        // Small steps move by what they say.
        await page.evaluate(() => document.querySelector('#log')?.scrollBy(0, 33));
        await page.waitForTimeout(300);
        const begun = await top(page);
        for (const change of [
          () => page.setViewportSize({ width: 800, height: 700 }), () => press(page, '+', '+'), () => page.setViewportSize({ width: 1200, height: 700 }),
          () => press(page, '-', '-'), () => press(page, 'z'), () => press(page, 'z'),
        ]) {
          await change();
          await page.waitForTimeout(150);
          const now = await top(page);
          assert.is(now.n, begun.n, `at ${part}`);
        }
      }
      // While a file is made of all of them, rows from anywhere are to be had.
      await page.evaluate((near) => {
        const order: string[] = [];
        Object.assign(window, { order });
        const { click } = HTMLAnchorElement.prototype;
        HTMLAnchorElement.prototype.click = function save(): void {
          order.push('saved');
          click.call(this);
        };
        const drawn = (): boolean => [...document.querySelectorAll('#log .text')].some((text) => Math.abs(Number(/line (\d+)/.exec(text.textContent ?? '')?.[1]) / near - 1) < 0.05);
        new MutationObserver(() => order.includes('drawn') || (drawn() && order.push('drawn'))).observe(document.querySelector('#log') as Element, { subtree: true, childList: true });
      }, 0.7 * MANY);
      const download = page.waitForEvent('download');
      await page.keyboard.press('D');
      await page.evaluate(() => {
        const log = document.querySelector('#log') as HTMLElement;
        log.scrollTop = 0.7 * (log.scrollHeight - log.clientHeight);
      });
      assert.match((await download).suggestedFilename(), /^lm-all-.*\.ndjson$/);
      const order = (): Promise<string[]> => page.evaluate(() => (window as unknown as { order: string[] }).order);
      await until(async () => (await order()).length === 2);
      assert.equal(await order(), ['drawn', 'saved']);
    }),
  ),
));

test.run();
