/** The page in a real browser, before a real lm-serve: what people see is what was sent. */
/// <reference lib="dom" />
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { visit, withBrowser } from './browser.ts';
import { pill, readAll, says, seen, status, tally, texts } from './dom.ts';
import { proxied } from './proxy.ts';
import { record, records, serving } from './serving.ts';
import { timed, until } from './sh.ts';

const numbered = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

test('lines appear once, in order, those held and those that come; no rule of the page is broken', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 1500));
      const { page, complaints } = await visit(browser, `${server.url}/`);
      await says(page, /^1,500 lines$/);
      for (let n = 1501; n <= 2000; n += 50) await server.feed(records('web1', n, 50));
      await says(page, /^2,000 lines$/);
      assert.is((await texts(page)).at(-1), 'line 2000');
      await says(page, /Live[^]*2,000 lines held[^]*0 lost/, status);
      for (const [width, height] of [[640, 900], [1300, 500], [1200, 700]] as const) {
        await page.setViewportSize({ width, height });
        await until(async () => (await texts(page)).length >= Math.floor((height - 260) / 20) && (await texts(page)).at(-1) === 'line 2000');
        assert.is(await pill(page), '', 'it goes on following in a window of another size');
      }
      assert.equal(await readAll(page), numbered(1, 2000));
      assert.equal(complaints, []);
    }),
  ),
));

test('paused: no pixel moves while lines come, which are counted; then on to the newest', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 500));
      const { page } = await visit(browser, `${server.url}/`);
      await says(page, /^500 lines$/);
      const stops: [string, () => Promise<unknown>][] = [
        ['Space', () => page.keyboard.press('Space')],
        ['the wheel', async () => (await page.mouse.move(700, 400), page.mouse.wheel(0, -90))],
        ['a selection', () => page.locator('#log .row').nth(12).locator('.text').click({ clickCount: 2 })],
        ['PageUp', () => page.keyboard.press('PageUp')],
        ['the scroll bar', () => page.evaluate(() => document.querySelector('#log')?.scrollBy(0, -4000))],
      ];
      let n = 500;
      for (const [what, stop] of stops) {
        await stop();
        await page.getByText('Jump to newest').waitFor();
        await page.waitForTimeout(300); // the scroll bar comes to rest: that must not move anything either
        const before = await seen(page);
        const chosen = await page.evaluate(() => String(document.getSelection()));
        for (let i = 0; i < 5; i++) await server.feed(records('web1', n + i * 40 + 1, 40));
        n += 200;
        await page.getByText('200 new').waitFor();
        assert.equal(await seen(page), before, what);
        assert.is(await page.evaluate(() => String(document.getSelection())), chosen);
        if (what === 'a selection') assert.ok(chosen !== '');
        await page.evaluate(() => document.getSelection()?.removeAllRanges());
        await page.getByText('Jump to newest').click();
        await until(async () => (await texts(page)).at(-1) === `line ${n}`, 5000, () => what);
        await page.mouse.click(600, 20); // takes the focus off what was pressed
        await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
      }
      // A key counts for more than scrolling that came before it and has not been drawn.
      await page.evaluate(() => {
        document.querySelector('#log')?.scrollTo(0, 100);
        document.dispatchEvent(new KeyboardEvent('keydown', { key: 'End' }));
      });
      await server.feed(records('web1', n + 1, 1));
      await until(async () => (await texts(page)).at(-1) === `line ${n + 1}`, 5000, () => 'the newest line');
      assert.is(await pill(page), '');
    }),
  ),
));

test('scrolled to the end it follows, by whatever, also while lines come', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 1000));
      const { page } = await visit(browser, `${server.url}/`);
      await says(page, /^1,000 lines$/);
      let n = 1000;
      let on = true;
      const feeding = (async () => {
        while (on) {
          await server.feed(records('web1', n + 1, 4));
          n += 4;
          await new Promise((resolve) => setTimeout(resolve, 40));
        }
      })();
      try {
        const ways: [string, () => Promise<unknown>][] = [
          ['the wheel', () => page.mouse.wheel(0, 2400)], // a slow machine turns it seldom, while lines come as fast
          ['Ctrl+End', () => page.keyboard.press('Control+End')],
          ['the scroll bar', () => page.evaluate(() => document.querySelector('#log')?.scrollTo(0, 1e9))],
        ];
        await page.mouse.move(700, 400);
        for (const [what, way] of ways) {
          await page.getByRole('log').focus();
          for (const key of ['PageUp', 'PageUp', 'PageUp']) await page.keyboard.press(key);
          await until(async () => (await pill(page)) !== '');
          await page.waitForTimeout(300);
          await until(async () => (await way(), await page.waitForTimeout(30), (await pill(page)) === ''), 8000, () => what);
        }
      } finally {
        on = false;
        await feeding;
      }
      // Nothing comes: the last line is the end.
      await page.keyboard.press('Home');
      await until(async () => (await pill(page)) !== '');
      await page.waitForTimeout(300);
      await page.keyboard.press('Control+End');
      await until(async () => (await pill(page)) === '', 5000, () => 'Ctrl+End');
      await page.keyboard.press('Control+a');
      await until(async () => (await pill(page)) !== '', 5000, () => 'a selection of all stops it');
    }),
  ),
));

test('wrapped lines: scrolled by small steps nothing jumps, and every line is passed', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      let text = '';
      for (let n = 1; n <= 400; n++) text += record('web1', n, `line ${n} ${'word '.repeat((n * 37) % 190)}`);
      await server.feed(text);
      const { page } = await visit(browser, `${server.url}/#wrap=1`);
      await says(page, /^400 lines$/);
      await page.mouse.move(700, 400);
      let before: Awaited<ReturnType<typeof seen>> = [];
      let last = '';
      await until(async () => { // controls that come with the lines take their room first
        before = await seen(page);
        await page.waitForTimeout(300);
        return last === (last = JSON.stringify(before));
      });
      assert.ok(before.some((row) => row.height > 40));
      for (let step = 0; step < 60; step++) {
        const by = step < 40 ? -130 : 90;
        await page.evaluate((pixels) => document.querySelector('#log')?.scrollBy(0, pixels), by);
        let after = before;
        await until(async () => JSON.stringify((after = await seen(page))) !== JSON.stringify(before), 3000, () => `step ${step}`);
        const common = before.filter((row) => after.some((other) => other.text === row.text));
        assert.ok(common.length > 0);
        for (const row of common) {
          const moved = (after.find((other) => other.text === row.text)?.top ?? 0) - row.top;
          assert.ok(Math.abs(moved + by) <= 1, `step ${step}: ${row.text.slice(0, 12)} moved by ${moved}`);
        }
        before = after;
      }
      await page.keyboard.press('Home');
      await until(async () => (await texts(page))[0]?.startsWith('line 1 ') === true);
      const all = await readAll(page);
      assert.equal(all.map((line) => line.replace(/^(line \d+).*/s, '$1')), numbered(1, 400));
    }),
  ),
));

for (const upgrade of [true, false]) {
  test(`cut connections (${upgrade ? 'WebSocket' : 'streamed response'}): no line is missing or twice`, timed(90_000, () =>
    withBrowser((browser) =>
      serving([], async (server) => {
        await proxied(server.port, async (proxy) => {
          const { page } = await visit(browser, proxy.url);
          await says(page, /^0 lines$/);
          for (let n = 1; n <= 3000; n += 100) {
            await server.feed(records('web1', n, 100));
            if (n % 600 === 301) proxy.cut();
            if (n === 1201) {
              proxy.down = true;
              proxy.cut();
              await says(page, /Connection cut/, status);
            }
            if (n === 2001) proxy.down = false;
            await new Promise((resolve) => setTimeout(resolve, 20)); // so that cuts fall between and within batches
          }
          await page.getByRole('button', { name: 'Try now' }).click({ timeout: 500 }).catch(() => {}); // it may be back already
          await says(page, /^3,000 lines$/);
          assert.is(proxy.upgrades > 0, upgrade);
          assert.equal(await readAll(page), numbered(1, 3000));
          await says(page, /Live/, status);
        }, upgrade);
      }),
    ),
  ));
}

test('a server started again is a row in its place, and lines that it reads again are not twice', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (first) => proxied(first.port, async (proxy) => {
      await first.feed(records('web1', 1, 10));
      const { page } = await visit(browser, proxy.url);
      await says(page, /^10 lines$/);
      await serving([], async (second) => {
        await second.feed(records('web1', 6, 10));
        await second.received(10);
        proxy.turnTo(second.port);
        proxy.cut();
        await says(page, /^15 lines$/);
        const rows = await texts(page);
        assert.equal(rows.filter((text) => text.startsWith('line')), numbered(1, 15));
        assert.match(rows[10] ?? '', /server was started again/);
        await says(page, /5 repeated/, status);
      });
    })),
  ),
));

test('lost lines are a row in their place', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      const { page } = await visit(browser, `${server.url}/`);
      await server.feed(records('web1', 1, 5) + records('web1', 18, 5));
      await says(page, /^10 lines$/);
      await until(async () => (await texts(page)).some((text) => /12 lines missing here: web1 /.test(text)), 10_000, () => 'the note of the loss');
      const rows = await texts(page);
      assert.is(rows.findIndex((text) => text === '12 lines missing here: web1 6-17'), 5);
      await says(page, /12 lost/, status);
    }),
  ),
));

test('hostile lines and streams are harmless text', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      const markup = ['<img src=x onerror=alert(1)>', '<script>alert(1)</script>', '{{7*7}}${1}', '__proto__', '&amp;'];
      const hostile = [...markup, '\u202egnp.exe', '\x1b]0;title\x07', 'a\0b\rc', '\x1b[31m<b>red</b>\x1b[0m'];
      await server.feed(hostile.map((msg, i) => record('constructor', i + 1, msg)).join(''));
      await server.feed(`${JSON.stringify({ id: '<b>x</b>', msg: '<i>id</i>' })}\nnull\n{"id":"__proto__","msg":"p"}\n`);
      const hash = `#stream=${encodeURIComponent('<img src=x>')}&filter=${encodeURIComponent('<script>')}`;
      const { page, complaints } = await visit(browser, `${server.url}/${hash}`);
      await page.getByRole('navigation', { name: 'Streams' }).getByRole('button', { name: /All streams/ }).click();
      await page.getByRole('searchbox', { name: 'Filter' }).fill('');
      await says(page, /^12 lines$/);
      await says(page, /3 not records/, status);
      const rows = await texts(page);
      assert.equal(rows.slice(0, 9), [...markup, '\\u202egnp.exe', '\\x1b]0;title\\x07', 'a\\0b\\rc', '<b>red</b>']);
      assert.is(await page.locator('#log img, #log script, #log b, #log i, nav b, nav img').count(), 0);
      assert.equal(complaints, []);
    }),
  ),
));

test('a filter marks and counts; a wrong one changes nothing, an endless one freezes nothing', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      let text = '';
      for (let n = 1; n <= 3000; n++) text += record('web1', n, n % 10 === 0 ? `Error code=${n}` : `${'a'.repeat(40)}! ${n}`);
      await server.feed(text);
      const { page } = await visit(browser, `${server.url}/`);
      await says(page, /^3,000 lines$/);
      const box = page.getByRole('searchbox', { name: 'Filter' });
      await page.keyboard.press('f');
      await page.keyboard.type('error code=\\d+0$');
      await says(page, /^300 of 3,000 lines match, 2,700 hidden$/);
      // Counts are drawn a moment before the rows: those may still be marked by what was typed so far.
      await page.locator('#log mark', { hasText: /^Error code=3000$/ }).waitFor();
      assert.is((await texts(page)).at(-1), 'Error code=3000');
      await page.getByRole('button', { name: 'Match case' }).click();
      await says(page, /^0 of 3,000 lines match, 3,000 hidden$/);
      await page.getByRole('button', { name: 'Match case' }).click();
      await says(page, /^300 of/);

      await box.fill('error (');
      await page.getByText(/Not a pattern: Unterminated group/).waitFor();
      assert.match(await tally(page), /^300 of 3,000/);

      await page.evaluate(() => {
        const frames: number[] = [];
        Object.assign(window, { frames });
        let last = performance.now();
        const frame = (): void => {
          frames.push(performance.now() - last);
          last = performance.now();
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      });
      await box.fill('(a+)+$');
      await page.getByText(/takes too long/).waitFor();
      assert.match(await tally(page), /^300 of 3,000/);
      const longest = await page.evaluate(() => Math.max(...(window as unknown as { frames: number[] }).frames));
      assert.ok(longest < 500, `the page stood still for ${longest} ms`);
      await server.feed(record('web1', 3001, 'Error code=30010'));
      await says(page, /^301 of 3,001/);

      await page.keyboard.press('Escape');
      await says(page, /^3,001 lines$/);
      assert.is(await box.inputValue(), '');
    }),
  ),
));

test('streams: one alone, several together, all; switching never shows a line of another', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      const ids = ['alpha', 'beta', 'gamma'];
      let n = 0;
      const more = (count: number): Promise<void> => {
        let text = '';
        for (let i = 0; i < count; i++, n++) for (const id of ids) text += record(id, n + 1, `${id} ${n + 1}`);
        return server.feed(text);
      };
      await more(400);
      const { page } = await visit(browser, `${server.url}/`);
      const nav = page.getByRole('navigation', { name: 'Streams' });
      await says(page, /^1,200 lines$/);
      await page.evaluate(() => {
        const wrong: string[] = [];
        Object.assign(window, { wrong, allowed: undefined });
        const look = (): void => {
          const { allowed } = window as unknown as { allowed?: string };
          for (const text of document.querySelectorAll('#log .row .text')) {
            if (allowed !== undefined && !(text.textContent ?? '').startsWith(allowed)) wrong.push(`${allowed}: ${text.textContent}`);
          }
          requestAnimationFrame(look);
        };
        document.querySelector('#streams')?.addEventListener('click', (event) => {
          const name = event.target instanceof Element ? event.target.closest('.name')?.querySelector('.id')?.textContent : undefined;
          Object.assign(window, { allowed: name ?? undefined });
        });
        requestAnimationFrame(look);
      });
      for (let i = 0; i < 30; i++) {
        void more(20);
        await nav.getByRole('button', { name: ids[i % 3] as string }).click();
        if (i % 5 === 0) await until(async () => (await texts(page))[0]?.startsWith(ids[i % 3] as string) === true);
      }
      assert.equal(await page.evaluate(() => (window as unknown as { wrong: string[] }).wrong), []);
      await page.evaluate(() => Object.assign(window, { allowed: undefined }));

      await nav.getByRole('button', { name: 'alpha' }).click();
      await says(page, /^1,000 lines$/);
      await nav.getByRole('button', { name: 'beta' }).click({ modifiers: ['Control'] });
      await says(page, /^2,000 lines$/);
      assert.match(page.url(), /#stream=alpha&stream=beta$/);
      assert.equal(new Set((await seen(page)).map((row) => row.tag)), new Set(['alpha', 'beta']));
      await nav.getByRole('checkbox', { name: /gamma/ }).check();
      await says(page, /^3,000 lines$/);
      await nav.getByRole('checkbox', { name: /alpha/ }).uncheck();
      await says(page, /^2,000 lines$/);
      await nav.getByRole('searchbox').fill('gam');
      assert.is(await nav.getByRole('checkbox').count(), 1);
      await nav.getByRole('button', { name: /All streams/ }).click();
      await says(page, /^3,000 lines$/);

      const again = await visit(browser, `${server.url}/#stream=beta&filter=7%24&wrap=1`);
      await says(again.page, /^100 of 1,000 lines match/);
      assert.ok((await texts(again.page)).every((text) => /^beta \d*7$/.test(text)));
    }),
  ),
));

test('a long line is cut in its row and whole in its sheet', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(record('web1', 1, `begin ${'x'.repeat(200_000)} the end`));
      const { page } = await visit(browser, `${server.url}/`);
      await says(page, /^1 line$/);
      assert.ok(((await texts(page))[0] ?? '').length < 3000);
      await page.getByRole('button', { name: /more/ }).click();
      const sheet = page.getByRole('dialog', { name: 'web1' });
      assert.match(await sheet.locator('pre').innerText(), /^begin x+ the end$/);
      assert.match(await sheet.innerText(), /200,014 characters/);
      await page.keyboard.press('Escape');
      assert.is(await page.getByRole('dialog').count(), 0);
    }),
  ),
));

test('on a telephone: nothing sticks out, the streams are behind a button', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(records('web1', 1, 300, ' and more words than a telephone is wide'.repeat(2)) + records('db1', 1, 20));
      const phone = { viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true };
      const { page, complaints } = await visit(browser, `${server.url}/`, phone);
      await says(page, /^320 lines$/);
      assert.is(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      assert.ok((await page.evaluate(() => document.querySelector('#log')?.scrollWidth ?? 0)) <= 390);
      // A finger on a box goes into it, wherever it comes down.
      const box = await page.getByRole('searchbox', { name: 'Filter' }).boundingBox();
      for (const part of [0.35, 0.6, 0.85]) {
        await page.touchscreen.tap((box?.x ?? 0) + part * (box?.width ?? 0), (box?.y ?? 0) + (box?.height ?? 0) / 2);
        await until(() => page.evaluate(() => document.activeElement?.className === 'filter-input'), 5000, () => `the focus, tapped at ${part}`);
        assert.is(await page.getByRole('button', { name: 'Regular expression' }).getAttribute('aria-pressed'), 'true');
        await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      }
      const nav = page.getByRole('navigation', { name: 'Streams' });
      await page.getByRole('button', { name: 'Streams' }).click();
      assert.ok(await page.evaluate(() => document.querySelector('#streams')?.contains(document.activeElement) && document.querySelector('#panes')?.matches('[inert]')));
      await nav.getByRole('button', { name: 'db1' }).click();
      await says(page, /^20 lines$/);
      await until(async () => !(await nav.isVisible()));
      assert.equal(complaints, []);
    }),
  ),
));

test.run();
