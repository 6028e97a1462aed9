/** Filters, levels, find and what is around a line: in a real browser, by what a person sees and presses. */
/// <reference lib="dom" />
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Page } from 'playwright-core';
import { visit, withBrowser } from './browser.ts';
import { pill, says, texts } from './dom.ts';
import { record, serving, type Serving } from './serving.ts';
import { timed, until } from './sh.ts';

const LEVELS = ['info', 'info', 'info', 'debug', 'warn', 'info', 'info', 'info', 'info', 'error'];

/** 1,000 lines: `level=... line N`, each tenth an error, each tenth but others a warning; every 100th of them has a needle. */
async function filled(server: Serving): Promise<void> {
  let text = '';
  for (let n = 1; n <= 1000; n++) text += record('web1', n, `level=${LEVELS[n % 10]} line ${n}${n % 100 === 50 ? ' needle' : ''}`);
  await server.feed(text);
}

const withPage = (hash: string, body: (page: Page, server: Serving) => Promise<void>): (() => Promise<void>) =>
  timed(90_000, () =>
    withBrowser((browser) =>
      serving([], async (server) => {
        await filled(server);
        const { page, complaints } = await visit(browser, `${server.url}/${hash}`);
        await says(page, /1,000 lines/);
        await body(page, server);
        assert.equal(complaints, []);
      }),
    ),
  );

const box = (page: Page, name: 'Filter' | 'Find'): ReturnType<Page['getByRole']> => page.getByRole('searchbox', { name, exact: true });

/** The rows come to be so: the counts above them are drawn a moment earlier. */
async function shows(page: Page, right: (rows: string[]) => boolean): Promise<void> {
  let rows: string[] = [];
  await until(async () => right((rows = await texts(page))), 10_000, () => `other rows than ${rows.slice(0, 5).join(' | ')}`);
}

test('filters are kept side by side: each switched off and on, turned round, edited in place, undone', withPage('', async (page) => {
  await page.keyboard.press('f');
  await page.keyboard.type('line \\d*5\\d$');
  await says(page, /^90 of 1,000 lines match, 910 hidden$/);
  await page.keyboard.press('Enter');
  assert.is(await box(page, 'Filter').inputValue(), '', 'the box is free again');
  await says(page, /^90 of 1,000/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('F');
  await page.keyboard.type('9$');
  await says(page, /^80 of 1,000 lines match, 920 hidden$/);
  await page.keyboard.press('Enter');
  const chip = page.getByRole('group', { name: 'Filter not 9$' });
  await chip.getByRole('checkbox').uncheck();
  await says(page, /^90 of/);
  await chip.getByRole('checkbox').check();
  await says(page, /^80 of/);
  await chip.getByRole('button', { name: /Show only lines with/ }).click();
  await says(page, /^10 of/);
  await page.getByRole('button', { name: 'Edit filter 9$' }).click();
  await page.keyboard.type('8$');
  await page.keyboard.press('Enter');
  await says(page, /^10 of/);
  await shows(page, (rows) => rows.length > 0 && rows.every((line) => line.endsWith('8')));
  await page.keyboard.press('x');
  await says(page, /^1,000 lines$/);
  await page.keyboard.press('x');
  await says(page, /^10 of/);
  await page.getByRole('button', { name: /^info/ }).click();
  await says(page, /^0 of/);
  await page.keyboard.press('X');
  await says(page, /^1,000 lines$/);
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  assert.is(await page.getByRole('group', { name: /^Filter / }).count(), 2);
  await says(page, /^0 of/);
}));

test('a filter being typed, that hides the line one is at for a moment or finds nothing, does not lose the place', withPage('', async (page) => {
  await page.keyboard.press('g');
  await page.keyboard.press('PageDown');
  await page.getByText('line 39').first().click();
  const here = page.locator('.row.here');
  const place = async (): Promise<unknown[]> => [await here.locator('.text').textContent(), (await here.boundingBox())?.y];
  await here.getByText('line 39').waitFor();
  const before = await place();
  const isBack = (): Promise<void> => until(async () => JSON.stringify(await place()) === JSON.stringify(before), 5000, () => `${before.join()} is lost`);
  await page.keyboard.press('F');
  await page.keyboard.type('9'); // as typed on its way to 998
  await says(page, /^729 of/);
  await page.keyboard.type('98');
  await says(page, /^999 of/);
  await isBack();
  await page.keyboard.press('Escape');
  await page.keyboard.press('f');
  await page.keyboard.type('line 1');
  await says(page, /^112 of/);
  await page.keyboard.type('x');
  await says(page, /^0 of/);
  await page.keyboard.press('Escape');
  await says(page, /^1,000 lines$/);
  await isBack();
}));

test('a filter that is set while the lines stand still, and one is at none of them, leads to none', withPage('', async (page) => {
  await page.keyboard.press('Space');
  await page.keyboard.press('f');
  await page.keyboard.type('line');
  await page.locator('.row mark').last().waitFor();
  await shows(page, (rows) => rows.at(-1) === 'level=info line 1000');
  assert.is(await page.locator('.row.here').count(), 0);
}));

test('Esc takes away what is typed in the box that one is in, and no other', withPage('#stream=web1&pane', async (page) => {
  const boxes = box(page, 'Filter');
  await boxes.nth(0).fill('line 1');
  await boxes.nth(1).fill('line 2');
  await page.getByRole('searchbox', { name: 'Find a stream' }).click();
  await page.keyboard.press('Escape');
  assert.equal([await boxes.nth(0).inputValue(), await boxes.nth(1).inputValue()], ['line 1', 'line 2']);
  await boxes.nth(0).focus();
  await page.locator('#log-1').hover();
  await page.mouse.wheel(0, -100); // the keys would now speak to the second pane
  await page.keyboard.press('Escape');
  assert.equal([await boxes.nth(0).inputValue(), await boxes.nth(1).inputValue()], ['', 'line 2']);
}));

test('plain text is taken as it stands; case, and an expression that is wrong, say so and lose nothing', withPage('', async (page) => {
  await box(page, 'Filter').fill('level=warn line 4');
  await says(page, /^12 of/);
  await page.getByRole('button', { name: 'Match case' }).click();
  await box(page, 'Filter').fill('LEVEL');
  await says(page, /^0 of/);
  await page.getByText('No line matches').waitFor();
  await page.getByRole('button', { name: 'Match case' }).click();
  await says(page, /^1,000 of 1,000|^1,000 lines/);
  await box(page, 'Filter').fill('line 4(');
  await page.getByRole('alert').getByText(/Not a pattern/).waitFor();
  await page.getByRole('button', { name: 'Regular expression', exact: true }).click();
  await says(page, /^0 of/);
  assert.is(await page.getByText(/Not a pattern/).count(), 0);
  await page.getByRole('button', { name: 'Show all lines' }).click();
  await says(page, /^1,000 lines$/);
}));

test('recent and saved filters are there again after the page is loaded anew', withPage('', async (page) => {
  await page.keyboard.press('f');
  for (const source of ['needle', 'warn']) {
    await page.keyboard.type(source);
    await page.keyboard.press('Enter');
  }
  await page.getByRole('group', { name: 'Filter needle' }).hover();
  await page.getByRole('button', { name: 'Save needle', exact: true }).click();
  await page.keyboard.press('X');
  await page.goto(page.url().replace(/#.*/, ''));
  await says(page, /^1,000 lines$/);
  await page.keyboard.press('f');
  await page.keyboard.press('ArrowDown');
  const list = page.getByRole('group', { name: 'Recent and saved filters' });
  await until(async () => (await list.locator('code').allInnerTexts()).join() === 'needle,warn', 3000, () => 'the list');
  await page.keyboard.press('Enter');
  await says(page, /^10 of 1,000/);
}));

test('the list of filters, opened by its button, is shut by Esc or a click elsewhere; nothing else is done by that Esc', withPage('#filter=needle', async (page) => {
  const button = page.getByRole('button', { name: 'Recent and saved filters' });
  const list = page.getByRole('group', { name: 'Recent and saved filters' });
  const leave = [() => page.keyboard.press('Escape'), () => page.locator('.row').last().click(), () => page.getByRole('button', { name: 'All streams' }).click()];
  for (const how of leave) {
    await button.click();
    await list.waitFor();
    await how();
    await list.waitFor({ state: 'hidden' });
    assert.is(await box(page, 'Filter').inputValue(), 'needle');
  }
}));

test('levels: counted, hidden one by one or all but one, and by a key', withPage('', async (page, server) => {
  const levels = page.getByRole('group', { name: 'Levels' });
  await levels.getByRole('button', { name: 'error 100' }).waitFor();
  await levels.getByRole('button', { name: 'info 700' }).click();
  await says(page, /^300 of 1,000 lines match, 700 hidden$/);
  assert.match(page.url(), /level=/);
  // What is switched off is counted on, beside what the filter lets pass.
  await server.feed(record('web1', 1001, 'level=info one more'));
  await levels.getByRole('button', { name: 'info 701', pressed: false }).waitFor();
  await says(page, /^300 of 1,001 lines match, 701 hidden$/);
  await box(page, 'Filter').fill('line 99|more');
  await levels.getByRole('button', { name: 'info 8 of 701', pressed: false }).waitFor();
  await levels.getByRole('button', { name: 'error 2 of 100', pressed: true }).waitFor();
  await says(page, /^4 of 1,001 lines match, 997 hidden$/);
  await box(page, 'Filter').fill('');
  await levels.getByRole('button', { name: /^error/ }).click({ modifiers: ['Control'] });
  await says(page, /^100 of/);
  await shows(page, (rows) => rows.length > 0 && rows.every((line) => line.includes('level=error')));
  await page.keyboard.press('!');
  await says(page, /^200 of/);
  await page.keyboard.press('!');
  await says(page, /^1,001 lines$/);
}));

test('a pattern of the address that is none is not in use, and says so; the others are, and what is wrong lies over no control', withPage('#and=(foo&and=needle', async (page) => {
  await says(page, /^10 of 1,000 lines match/);
  const [bad, good] = [page.getByRole('group', { name: 'Filter (foo' }), page.getByRole('group', { name: 'Filter needle' })];
  assert.ok((await bad.getAttribute('class'))?.includes('faulty') && !(await good.getAttribute('class'))?.includes('faulty'));
  await box(page, 'Filter').fill('(a');
  await page.getByRole('alert').filter({ hasText: 'Not a pattern' }).waitFor();
  await bad.getByRole('button', { name: /^Remove/ }).click();
  await good.getByRole('button', { name: /^Remove/ }).click();
  await says(page, /^1,000 lines$/);
}));

test('all lines around one are shown until something else is chosen to be seen', withPage('#filter=needle', async (page) => {
  await says(page, /^10 of/);
  for (const [what, choose, tallied] of [
    ['a filter', () => box(page, 'Filter').fill('needle$'), /^10 of/],
    ['levels', () => page.keyboard.press('!'), /^0 of/],
  ] as const) {
    await page.getByRole('log').focus();
    await page.keyboard.press('c');
    await page.getByText('All lines around this one').waitFor();
    await says(page, /^1,000 lines$/);
    await choose();
    await says(page, tallied);
    await until(async () => !(await page.getByText('All lines around this one').isVisible()), 5000, () => what);
  }
}));

test('a link to a line: what comes with it is not new', withPage('', async (page) => {
  const url = page.url();
  await page.goto('about:blank');
  await page.goto(`${url}#line=web1:r1:500`);
  await page.locator('.row.here').waitFor();
  await says(page, /^Paused\n/, pill);
  await page.waitForTimeout(300);
  assert.match(await pill(page), /^Paused\n/);
}));

test('find hides nothing: it counts, goes from hit to hit and round, and what is around a line is one key away', withPage('', async (page) => {
  await page.keyboard.press('/');
  await page.keyboard.type('needle');
  await page.getByText('10', { exact: true }).waitFor();
  await says(page, /^1,000 lines$/);
  await page.keyboard.press('Enter');
  await page.getByText('10 of 10').waitFor();
  await until(async () => (await texts(page)).some((line) => line.includes('line 950 needle')));
  await page.getByRole('log').focus();
  await page.keyboard.press('N');
  await page.getByText('9 of 10').waitFor();
  await page.keyboard.press('n');
  await page.getByText('10 of 10').waitFor();
  await page.keyboard.press('n');
  await page.getByText('1 of 10').waitFor();
  await until(async () => (await texts(page)).some((line) => line.includes('line 50 needle')));

  await page.keyboard.press('f');
  await page.keyboard.type('needle');
  await says(page, /^10 of/);
  await page.getByRole('log').focus();
  await page.keyboard.press('n');
  await page.getByText(/^[1-9] of 10/).first().waitFor();
  const here = await page.locator('.row.here .text').innerText();
  await page.keyboard.press('c');
  const n = Number(/line (\d+)/.exec(here)?.[1]);
  await until(async () => (await texts(page)).some((line) => line.endsWith(`line ${n + 1}`)), 5000, () => 'the line after it');
  assert.is(await page.locator('.row.here .text').innerText(), here, 'the line is still marked');
  await page.keyboard.press('c');
  await says(page, /^10 of/);
  assert.is(await page.locator('.row.here .text').innerText(), here);
  await page.keyboard.press(')');
  await until(async () => (await texts(page)).some((line) => line.endsWith('line 949')) || (await texts(page)).some((line) => line.endsWith('line 51')));
}));

test('find finds in what is folded: going there opens it, and it is the line one is at', withPage('#stacks=1', async (page, server) => {
  let text = record('web1', 1001, 'level=error it failed');
  for (let n = 1002; n <= 1010; n++) text += record('web1', n, `    at place ${n}`);
  for (let n = 1011; n <= 1100; n++) text += record('web1', n, `level=info line ${n}`);
  await server.feed(text);
  await says(page, /^1,100 lines$/);
  await page.keyboard.press('/');
  await page.keyboard.type('place 1006');
  await page.locator('.hits', { hasText: /^1$/ }).waitFor();
  assert.is(await page.getByText('at place 1006').count(), 0);
  await page.keyboard.press('Enter');
  await page.locator('.hits', { hasText: '1 of 1' }).waitFor();
  await until(async () => (await page.locator('.row.here .text').allInnerTexts()).join().trim() === 'at place 1006', 10_000, () => 'the line within the fold');
  await shows(page, (rows) => rows.includes('level=error it failed') && rows.includes('    at place 1010'));
  assert.is(await page.locator('.row.here mark.found').innerText(), 'place 1006');
}));

test('next and previous error and warning', withPage('', async (page) => {
  await page.keyboard.press('e');
  await until(async () => (await page.locator('.row.here .text').allInnerTexts()).join() === 'level=error line 999');
  await page.keyboard.press('E');
  await until(async () => (await page.locator('.row.here .text').allInnerTexts()).join() === 'level=error line 989');
  await page.keyboard.press('w');
  await until(async () => (await page.locator('.row.here .text').allInnerTexts()).join() === 'level=warn line 994');
}));

test('beyond the last error of a filtered view it goes on at the other end, there and back', withPage('', async (page) => {
  await page.keyboard.press('f');
  await page.keyboard.type('line \\d*9$');
  await says(page, /^100 of 1,000/);
  await page.keyboard.press('Enter');
  await page.getByRole('log').focus();
  const here = (text: string): Promise<void> => until(async () => (await page.locator('.row.here .text').allInnerTexts()).join() === `level=error ${text}`, 5000, () => text);
  for (const [key, line] of [['e', 'line 999'], ['e', 'line 9'], ['e', 'line 19'], ['E', 'line 9'], ['E', 'line 999']] as const) {
    await page.keyboard.press(key);
    await here(line);
  }
  await page.getByText('Went on from the newest').waitFor();
}));

test('paused, new lines and errors are counted; back to where one stopped, or on to the newest', withPage('', async (page, server) => {
  await page.keyboard.press('Space');
  await page.getByText('Paused').waitFor();
  await page.keyboard.press('Home');
  let text = '';
  for (let n = 1001; n <= 1100; n++) text += record('web1', n, `level=${n % 50 === 0 ? 'error' : 'info'} line ${n}`);
  await server.feed(text);
  await until(async () => /^100 new, 2 errors/.test(await pill(page)), 10_000, () => 'count of new lines and errors');
  await page.getByRole('button', { name: 'Resume where I stopped' }).click();
  await until(async () => (await texts(page)).some((line) => line.endsWith('line 1001')));
  assert.ok((await texts(page)).some((line) => line.endsWith('line 1000')), 'with what was read last above it');
  await page.getByRole('button', { name: 'Jump to newest' }).click();
  await until(async () => (await texts(page)).at(-1)?.endsWith('line 1100') === true);
  assert.is(await pill(page), '');
  // Where filters have changed no line is new, and no error either.
  await page.keyboard.press('Space');
  await server.feed(record('web1', 1101, 'level=error last'));
  await until(async () => /^1 new, 1 error/.test(await pill(page)), 10_000, () => 'count of one error');
  await box(page, 'Filter').fill('line 1');
  await says(page, /^212 of/);
  await until(async () => /^Paused\s+Jump/.test(await pill(page)), 3000, () => 'no error to be new');
}));

test('clear shows only what comes, and can be undone', withPage('', async (page, server) => {
  await page.keyboard.press('C');
  await page.getByText('Cleared', { exact: true }).first().waitFor();
  await shows(page, (rows) => rows.length === 0);
  await server.feed(record('web1', 1001, 'after it'));
  await until(async () => (await texts(page)).join() === 'after it');
  await page.keyboard.press('U');
  await says(page, /^1,001 lines$/);
  await shows(page, (rows) => rows.at(-1) === 'after it');
}));

test('a cleared view stays cleared when it is loaded anew, split or sent as a link, with what has come since; it can be undone there', withPage('', async (page, server) => {
  await page.keyboard.press('C');
  await page.getByText('Cleared', { exact: true }).first().waitFor();
  await shows(page, (rows) => rows.length === 0);
  await until(() => page.url().includes('cleared='));
  await server.feed(record('web1', 1001, 'level=info after it'));
  await shows(page, (rows) => rows.join() === 'level=info after it');
  for (const lines of ['', '&lines=300']) {
    const url = page.url() + lines;
    await page.goto('about:blank');
    await page.goto(url);
    await shows(page, (rows) => rows.join() === 'level=info after it');
    await says(page, /^1 line$/);
  }
  await page.keyboard.press('|');
  const tallies = async (wanted: RegExp): Promise<void> => {
    let said = '';
    await until(async () => wanted.test((said = (await page.locator('.tally').allInnerTexts()).join('; '))), 15_000, () => `${wanted}, it says: ${said}`);
  };
  await tallies(/^1 line; 1 line$/);
  // What undoes it says of which pane, whichever one has gone to.
  await page.keyboard.press('C');
  await tallies(/^1 line; 0 lines$/);
  await page.locator('#log').click();
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await tallies(/^1 line; 1 line$/);
  await page.locator('#log-1').click();
  await page.keyboard.press('U');
  await tallies(/^1 line; 300 lines$/);
  await page.keyboard.press('U');
  await page.getByText('Nothing was cleared').waitFor();
  // What is loaded from before it is cleared as well; in another life of the server nothing is.
  await page.getByRole('button', { name: 'Load 701 older' }).click();
  await tallies(/^1 line; 1,001 lines$/);
  await until(() => page.url().includes('lines=1000000'));
  const url = page.url().replace(/cleared=[^.]*/, 'cleared=another');
  await page.goto('about:blank');
  await page.goto(url);
  await tallies(/^1,001 lines; 1,001 lines$/);
  await until(() => !page.url().includes('cleared='));
  assert.is(await page.getByText('Cleared', { exact: true }).count(), 0);
}));

test('found while the lines stand still: marked in rows that were there, in sight far to the right, and told where a row ends before it', timed(90_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      let text = record('web1', 1, `${'x '.repeat(450)}FAR`) + record('web1', 2, `${'y '.repeat(4500)}REST`);
      for (let n = 3; n <= 200; n++) text += record('web1', n);
      await server.feed(text);
      const { page, complaints } = await visit(browser, `${server.url}/`);
      await says(page, /^200 lines$/);
      const marked = async (count: number): Promise<void> =>
        until(async () => (await page.locator('#log mark.found').count()) === count, 5000, () => `${count} marks`);
      await page.keyboard.press('Home');
      await until(async () => (await texts(page)).includes('line 4'));
      await page.keyboard.press('/');
      await page.keyboard.type('line 1\\d$');
      await marked(10);
      await page.keyboard.press('Control+a');
      await page.keyboard.type('FAR');
      await marked(1);
      await page.keyboard.press('Enter');
      const inSight = (selector: string): Promise<void> =>
        until(() => page.evaluate((which) => {
          const log = document.querySelector('#log')?.getBoundingClientRect() ?? new DOMRect();
          const found = document.querySelector(which)?.getBoundingClientRect();
          return found !== undefined && found.left > log.left && found.right < log.right;
        }, selector), 5000, () => `${selector} in sight`);
      await inSight('#log mark.found');
      await page.keyboard.press('Control+a');
      await page.keyboard.type('REST');
      await until(async () => (await page.locator('.find .hits').innerText()) === '1');
      await page.keyboard.press('Enter');
      await inSight('#log .whole.found');
      assert.match(await page.locator('#log .whole.found').innerText(), /kB more, with a match$/);
      await page.keyboard.press('Control+a');
      await page.keyboard.type('line 4$');
      await marked(1);
      await page.keyboard.press('Enter');
      await inSight('#log mark.found');
      await page.keyboard.press('Escape');
      await marked(0);
      assert.equal(complaints, []);
    }),
  ),
));

test.run();
