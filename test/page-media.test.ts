/** The page on paper, in colours that the system forces, and in panes of any width: what is there to be read stays, and is told apart. */
/// <reference lib="dom" />
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Page } from 'playwright-core';
import { visit, withBrowser } from './browser.ts';
import { says, texts } from './dom.ts';
import { lines } from './page-data.ts';
import { record, serving } from './serving.ts';
import { timed, until } from './sh.ts';

/** Which of these elements are to be seen. */
const visible = (page: Page, selector: string): Promise<string[]> =>
  page.evaluate((which) => [...document.querySelectorAll(which)].filter((element) => element.getClientRects().length > 0).map((element) => element.className || element.tagName), selector);

/** Computed styles of the first element that the selector names, which must be there. */
const styles = (page: Page, selector: string, ...names: string[]): Promise<string> =>
  page.evaluate(([which, all]) => {
    const element = document.querySelector(which as string);
    if (!element) throw new Error(`no ${which as string}`);
    return (all as string[]).map((name) => getComputedStyle(element).getPropertyValue(name)).join(' ');
  }, [selector, names] as const);

/** How light a colour is, 0 to 255. */
const light = (rgb: string): number => (rgb.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part) / 3, 0);

const CONTROLS = 'footer, .tools, .filter, .find, .shape, .pills, .rail, nav, input, button:not(.level, .twist)';

test('printed: the lines, what they are and how many, dark on light, without controls; forced colours: everything is still told apart', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(lines(1, 300));
      const { page, complaints } = await visit(browser, `${server.url}/#filter=order&find=user`, { colorScheme: 'dark' });
      await says(page, /^300 of 600 lines match/);
      await until(async () => (await page.locator('#log .row mark.found').count()) > 20 && (await page.locator('#log .row mark:not(.found)').count()) > 20);
      const onScreen = await texts(page);
      assert.ok((await visible(page, CONTROLS)).length > 20);
      assert.ok(light(await styles(page, '#log .row .text', 'color')) > 128);

      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      await until(async () => (await texts(page)).length > onScreen.length, 5000, () => 'the lines take the room of the controls');
      const printed = await texts(page);
      assert.equal(printed.slice(-onScreen.length), onScreen);
      assert.equal(await visible(page, CONTROLS), []);
      assert.match(await page.locator('.tally').innerText(), /^300 of 600 lines match/);
      assert.match(await page.locator('.title').innerText(), /All streams/);
      assert.ok(light(await styles(page, '#log .row .text', 'color')) < 100, 'dark');
      assert.ok(light(await styles(page, '#log .row.l5', 'background-color')) > 200, 'on light');
      const pdf = (await page.pdf({ format: 'A4', landscape: true })).toString('latin1');
      assert.is(pdf.match(/\/Type \/Page\b/g)?.length, 1, 'a page of lines, and no empty one');

      await page.emulateMedia({ media: 'screen', forcedColors: 'active' });
      await until(async () => (await visible(page, CONTROLS)).length > 20);
      const [ground, text] = (await styles(page, '#log .row.l3', 'background-color', 'color')).split(/(?<=\)) /) as [string, string];
      const differ = async (what: string, ...styled: Promise<string>[]): Promise<void> => {
        const all = await Promise.all(styled);
        assert.is(new Set(all).size, all.length, `${what}: ${all.join(', ')}`);
      };
      const edge = ['border-left-color', 'border-left-style'];
      await differ('levels', styles(page, '#log .row.l3', ...edge), styles(page, '#log .row.l4', ...edge), styles(page, '#log .row.l5', ...edge));
      assert.is(await styles(page, '#log .row.l3', 'border-left-color'), ground, 'an edge where there is none would be one');
      assert.equal(await page.locator('#log .row.l5 .sign').allInnerTexts().then((all) => [...new Set(all)]), ['E']);
      await differ('marks', styles(page, '#log mark:not(.found)', 'background-color'), styles(page, '#log mark.found', 'background-color'), Promise.resolve(ground));
      assert.match(await styles(page, '#log .row .twist:not([hidden])', 'color'), /^rgb/);
      const twist = await page.evaluate(() => getComputedStyle(document.querySelector('#log .twist:not([hidden])') as Element, '::before').borderTopColor);
      assert.match(twist, /, 0\)$/, 'a triangle has sides that cannot be seen');

      // The line one is at, the stream chosen, a level hidden: each as a shape, not as a shade.
      await page.keyboard.press('k');
      await page.locator('.row.here').waitFor();
      assert.match(await styles(page, '.row.here', 'outline-style'), 'solid');
      await page.getByRole('navigation').getByRole('button', { name: /^web1\/app/ }).click();
      await page.locator('.stream.chosen').waitFor();
      assert.match(await styles(page, '.stream.chosen', 'outline-style'), 'solid');
      assert.match(await styles(page, '.stream:not(.chosen)', 'outline-style'), 'none');
      await page.getByRole('group', { name: 'Levels' }).getByRole('button', { name: /^info/ }).click();
      await page.locator('.level.info[aria-pressed=false]').waitFor();
      await differ('a hidden level', styles(page, '.level.info .glyph + span', 'text-decoration-line'), styles(page, '.level.error .glyph + span', 'text-decoration-line'));
      // Which pane the keys are for, what is pressed, which setting it is; and where the focus is, also on what has a frame for its state.
      await page.keyboard.press('z');
      await page.keyboard.press('|');
      await page.locator('.frame.focused').waitFor();
      await differ('panes', styles(page, '.frame.focused .head', 'outline-style'), styles(page, '.frame:not(.focused) .head', 'outline-style'));
      await differ('a button that is pressed', styles(page, '.tool[aria-pressed=true]', 'outline-style'), styles(page, '.tool[aria-pressed=false]', 'outline-style'));
      await page.keyboard.press('Q');
      await page.keyboard.press('f');
      assert.is(await styles(page, '.filter-input', 'outline-style', 'outline-width'), 'solid 2px');
      await page.keyboard.press('Tab');
      assert.is(await styles(page, ':focus', 'outline-style', 'outline-width'), 'solid 2px');
      await page.locator('#log').focus();
      await page.keyboard.press(',');
      await differ('settings', styles(page, '.segments input:checked + span', 'background-color'), styles(page, '.segments input:not(:checked) + span', 'background-color'));
      await page.keyboard.press('Escape');
      await page.locator('#log .row .text').first().waitFor();
      await page.evaluate(() => document.getSelection()?.selectAllChildren(document.querySelector('#log .row .text') as Element));
      const chosen = await page.evaluate(() => getComputedStyle(document.querySelector('#log .row .text') as Element, '::selection').backgroundColor);
      assert.is.not(chosen, ground);
      assert.is.not(text, ground);
      assert.equal(complaints, []);
    }),
  ),
));

test('at 400 % there is room for lines, whatever the controls take', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(lines(1, 100));
      const { page } = await visit(browser, `${server.url}/#and=order&not=zzzz&find=user`, { viewport: { width: 320, height: 256 } });
      await says(page, /^100 of 200 lines match/);
      const high = (): Promise<number> => page.evaluate(() => document.querySelector('#log')?.getBoundingClientRect().height ?? 0);
      assert.ok((await high()) > 100, `${await high()} px`);
      await page.locator('#log').focus();
      await page.keyboard.press('Home');
      await page.locator('.pill').waitFor();
      const sight = await page.evaluate(() => document.querySelector('#log')?.getBoundingClientRect().top ?? 0);
      assert.ok(sight < 130, `lines from ${sight} px on`);
    }),
  ),
));

test('four panes in a low window each have room for lines, and keys bring the one they are for in sight', timed(60_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(lines(1, 100));
      const { page } = await visit(browser, `${server.url}/#and=order&find=user&pane&and=order&pane&and=order&pane&and=order`, { viewport: { width: 1500, height: 400 } });
      await says(page, /^100 of 200 lines match/);
      const boxes = (): Promise<{ y: number; height: number }[]> => page.getByRole('log').evaluateAll((all) => all.map((log) => log.getBoundingClientRect().toJSON() as { y: number; height: number }));
      assert.ok((await boxes()).every(({ height }) => height > 80), JSON.stringify(await boxes()));
      for (let i = 0; i < 3; i++) await page.keyboard.press('o');
      await until(async () => ((await boxes())[3]?.y ?? Infinity) + 80 < 400, 5000, () => 'the fourth in sight');
    }),
  ),
));

test('in a pane of any width there is room for what is typed, and nothing lies over anything else', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await server.feed(lines(1, 300));
      const { page, complaints } = await visit(browser, `${server.url}/#filter=order&find=user`);
      await says(page, /^300 of 600 lines match/);
      await page.locator('.hits', { hasText: '300' }).waitFor();
      for (let width = 1500; width >= 320; width -= 60) {
        await page.setViewportSize({ width, height: 700 });
        const faults = await page.evaluate(() => {
          const found: string[] = [];
          for (const input of document.querySelectorAll<HTMLElement>('.filter-input, .find-input')) {
            if (input.clientWidth < 70) found.push(`${input.className} ${input.clientWidth}`);
          }
          const all = [...document.querySelectorAll('.row1 button, .row1 input, .row1 .hits, .row1 .name')].map((element) => ({ element, box: element.getBoundingClientRect() }));
          const edge = document.querySelector('.row1')?.getBoundingClientRect().right ?? 0;
          for (const [i, { element, box }] of all.entries()) {
            if (box.width > 0 && box.right > edge + 1) found.push(`${element.className} sticks out`);
            for (const other of all.slice(i + 1)) {
              const over = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
              const under = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
              if (over > 1 && under > 1) found.push(`${element.className} and ${other.element.className}`);
            }
          }
          return found;
        });
        assert.equal(faults, [], `${width} px wide`);
      }
      assert.equal(complaints, []);
    }),
  ),
));

test('names of columns stand above their columns, in windows of any width', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      const id = 'production/web1/application';
      await server.feed(record(id, 1, '{"level":"info","msg":"hello","order":1,"ms":2}'));
      for (const [width, hash] of [[1500, ''], [1000, ''], [400, `&stream=${id}`]] as const) {
        const { page } = await visit(browser, `${server.url}/#column=order&column=ms${hash}`, { viewport: { width, height: 700 } });
        const lefts = (which: string): Promise<number[]> =>
          page.locator(which).evaluateAll((all) => all.map((element) => element.getBoundingClientRect().left));
        let off = [NaN];
        const above = async (): Promise<boolean> => {
          const [names, cells] = [await lefts('.columns .cell'), await lefts('.row .cell')];
          off = names.map((left, i) => left - (cells[i] ?? NaN));
          return off.length === 2 && off.every((by) => Math.abs(by) <= 2);
        };
        await until(above, 5000, () => `${width} px wide: off by ${off.join()}`);
      }
    }),
  ),
));

test.run();
