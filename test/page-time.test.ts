/** Time in a real browser: a stretch of it drawn on the histogram, panes locked together; and lines that stay where they are when others are folded. */
/// <reference lib="dom" />
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Page } from 'playwright-core';
import { visit, withBrowser } from './browser.ts';
import { pill, readAll, says, seen, texts, type Seen } from './dom.ts';
import { serving, type Serving } from './serving.ts';
import { timed, until } from './sh.ts';

const T = Date.UTC(2026, 10, 22, 12, 0, 0);
const line = (id: string, n: number, ts: number, msg = `line ${n}`): string => `${JSON.stringify({ id, run: 'r', n, ts, msg })}\n`;

const withPage = (hash: string, fill: (server: Serving) => Promise<number>, body: (page: Page, server: Serving) => Promise<void>): (() => Promise<void>) =>
  timed(90_000, () =>
    withBrowser((browser) =>
      serving([], async (server) => {
        const count = await fill(server);
        const { page, complaints } = await visit(browser, `${server.url}/${hash}`);
        await says(page, new RegExp(`^${count.toLocaleString('en')} lines$`));
        await body(page, server);
        assert.equal(complaints, []);
      }),
    ),
  );

/** 1,200 lines of ten minutes, two a second. */
async function tenMinutes(server: Serving): Promise<number> {
  await server.feed(Array.from({ length: 1200 }, (_, i) => line('web1', i + 1, T + i * 500)).join(''));
  return 1200;
}

const bars = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('slider', { name: 'Lines over time' });
/** Where so much of the histogram's width is, on the screen. */
async function at(page: Page, part: number): Promise<[number, number]> {
  const { x, y, width, height } = (await bars(page).boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  return [x + part * width, y + height / 2];
}
async function draw(page: Page, from: number, to: number): Promise<void> {
  await page.mouse.move(...(await at(page, from)));
  await page.mouse.down();
  await page.mouse.move(...(await at(page, (from + to) / 2)));
  await page.mouse.move(...(await at(page, to)));
  await page.mouse.up();
}
/** The time in the address, ms after the first line's. */
function chosen(page: Page): [from: number, to: number] | undefined {
  const hash = new URLSearchParams(new URL(page.url()).hash.slice(1));
  return hash.has('from') ? [Number(hash.get('from')) - T, Number(hash.get('to')) - T] : undefined;
}
const numbers = (rows: string[]): number[] => rows.map((text) => Number(text.replace(/\D+/, '')));
const between = (from: number, to: number): number[] => Array.from({ length: 1200 }, (_, i) => i + 1).filter((n) => (n - 1) * 500 >= from && (n - 1) * 500 < to);

test('drawing on the histogram shows that time only, until it is taken away; a click goes there', withPage('', tenMinutes, async (page, server) => {
  await until(async () => (await bars(page).getAttribute('aria-valuemax')) !== '0');
  await draw(page, 0.25, 0.5);
  await says(page, /of 1,200 lines match/);
  const [from, to] = chosen(page) ?? [];
  assert.ok(Math.abs((from ?? 0) - 150_000) <= 10_000 && Math.abs((to ?? 0) - 300_000) <= 10_000, `${from} to ${to}`);
  const within = between(from ?? 0, to ?? 0);
  await says(page, new RegExp(`^${within.length} of 1,200 lines match, ${(1200 - within.length).toLocaleString('en')} hidden$`));
  assert.equal(numbers(await readAll(page)), within);
  // What comes is shown if it is of that time.
  await server.feed(line('web1', 1201, T + 200_000, 'late 1201') + line('web1', 1202, T + 700_000, 'new 1202'));
  await says(page, new RegExp(`^${within.length + 1} of 1,202 lines match`));

  // Where nothing matches there is nothing to draw.
  await page.keyboard.press('f');
  await page.keyboard.type('nothing like it');
  await says(page, /^0 of /);
  await until(async () => (await page.locator('.bars path').count()) === 0);
  await page.getByRole('searchbox', { name: 'Filter' }).fill('');
  await page.keyboard.press('Escape');
  await until(async () => (await page.locator('.bars path').count()) > 0);

  const ways: [string, () => Promise<unknown>][] = [
    ['the key', () => page.keyboard.press('I')],
    ['Esc in the histogram', () => bars(page).press('Escape')],
    ['its chip', () => page.getByRole('button', { name: /^All times/ }).click()],
  ];
  for (const [what, away] of ways) {
    if (!chosen(page)) await draw(page, 0.5, 0.3); // from right to left as well
    await says(page, /of 1,202 lines match/);
    await away();
    await says(page, /^1,202 lines$/);
    assert.is(chosen(page), undefined, what);
  }

  await page.getByRole('log').focus();
  await page.keyboard.press('End');
  await until(async () => (await pill(page)) === '');
  // A hand that shakes has clicked.
  const [x, y] = await at(page, 0.75);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 3, y);
  await page.mouse.up();
  await until(async () => {
    const [first = 0, ...more] = numbers(await texts(page)).filter((n) => n <= 1200);
    return first < 0.75 * 1400 && (more.at(-1) ?? 0) > 0.75 * 1400 - 100 && first > 0.75 * 1400 - 150;
  }, 5000, () => 'the lines of that time');
  await until(async () => (await pill(page)) !== '', 5000, () => 'it stands still');
  assert.is(chosen(page), undefined);
  assert.match(await page.locator('.row.here .text').innerText(), /line/);
  const clicked = numbers(await texts(page))[0] ?? NaN;
  await page.keyboard.press('PageUp');
  await until(async () => (numbers(await texts(page))[0] ?? NaN) < clicked, 5000, () => 'the keys go on with the lines');

  // Esc while it is drawn: nothing has been.
  const before = await seen(page);
  await page.mouse.move(...(await at(page, 0.1)));
  await page.mouse.down();
  await page.mouse.move(...(await at(page, 0.2)));
  await page.keyboard.press('Escape');
  await page.mouse.up();
  await page.waitForTimeout(200);
  assert.is(chosen(page), undefined);
  assert.equal(await seen(page), before);

  // The same by keyboard: a stretch with Shift, then Enter.
  await bars(page).focus();
  for (const key of ['Home', 'Shift+PageUp', 'Shift+ArrowRight', 'Enter']) await page.keyboard.press(key);
  await says(page, /of 1,202 lines match/);
  const [first, last] = chosen(page) ?? [];
  assert.ok(first === 0 && (last ?? 0) > 0, `${first} to ${last}`);
  await says(page, new RegExp(`^${between(first ?? 0, last ?? 0).length} of`));
}));

/** The times of rows: `a` has a line a second, `b` one in three seconds, from a second before on. */
const A = (n: number): number => (n - 1) * 1000;
const B = (n: number): number => (n - 1) * 3000 - 1000;

async function two(server: Serving): Promise<number> {
  await server.feed(Array.from({ length: 900 }, (_, i) => line('a', i + 1, T + A(i + 1))).join(''));
  await server.feed(Array.from({ length: 300 }, (_, i) => line('b', i + 1, T + B(i + 1))).join(''));
  return 900;
}

test('locked panes stand at the same time, whichever of them is scrolled; unlocked they do not', withPage('#stream=a&pane&stream=b&lock=1', two, async (page, server) => {
  const top = async (pane: string): Promise<number> => numbers(await texts(page, pane))[0] ?? NaN;
  /** The first of the other pane that is not before the top of this one. */
  const together = async (driver: string, what: string): Promise<void> => {
    let [a, b] = [NaN, NaN];
    await until(async () => {
      [a, b] = [await top('#log'), await top('#log-1')];
      return driver === 'a' ? B(b) >= A(a) && B(b - 1) < A(a) : A(a) >= B(b) && A(a - 1) < B(b);
    }, 5000, () => `${what}: a at ${A(a)}, b at ${B(b)}`);
  };
  const over = async (pane: string): Promise<void> => {
    const box = await page.locator(pane).boundingBox();
    await page.mouse.move((box?.x ?? 0) + 200, (box?.y ?? 0) + 200);
  };
  await page.locator('#log-1 .row').first().waitFor();
  await over('#log');
  await page.mouse.wheel(0, -4000);
  await together('a', 'the wheel over the first');
  await page.mouse.wheel(0, -1500);
  await together('a', 'and again');
  const before = await top('#log-1');
  await over('#log-1');
  await page.mouse.wheel(0, -400);
  await until(async () => (await top('#log-1')) < before);
  await together('b', 'the wheel over the second, where nothing was clicked');
  await page.locator('#log-1').focus();
  for (const key of ['PageUp', 'PageUp', 'ArrowDown']) await page.keyboard.press(key);
  await together('b', 'keys');
  const dragged = await top('#log-1');
  await page.evaluate(() => document.querySelector('#log-1')?.scrollTo(0, 2000));
  await until(async () => (await top('#log-1')) !== dragged);
  await together('b', 'the scroll bar');
  // To go into the other pane, and one pane more, moves none.
  const places = async (): Promise<number[]> => [await top('#log'), await top('#log-1')];
  const rested = await places();
  await page.locator('#log').click({ position: { x: 400, y: 300 } });
  await page.keyboard.press('o');
  await page.waitForTimeout(200);
  assert.equal(await places(), rested);
  await page.keyboard.press('|');
  await page.locator('#log-2 .row').first().waitFor();
  await until(async () => (await top('#log-2')) === rested[1], 5000, () => 'the new one is where the one is that it was made of');
  assert.equal(await places(), rested);
  await page.keyboard.press('Q');
  await until(async () => (await page.getByRole('log').count()) === 2);
  assert.ok(await page.locator('.frame:has(#log-1)').evaluate((frame) => frame.classList.contains('focused')));
  // Lines that come move neither.
  const stood = [await seen(page), await seen(page, '#log-1')];
  await server.feed(line('a', 901, T + A(901)) + line('b', 301, T + B(301)));
  await says(page, /^901 lines$/);
  await page.waitForTimeout(200);
  assert.equal([await seen(page), await seen(page, '#log-1')], stood);
  await page.keyboard.press('End');
  await until(async () => numbers(await texts(page)).at(-1) === 901 && numbers(await texts(page, '#log-1')).at(-1) === 301, 5000, () => 'both follow');

  await page.keyboard.press('L');
  await page.getByText('Panes move by themselves').waitFor();
  const newest = await seen(page);
  await page.keyboard.press('Home');
  await until(async () => (await top('#log-1')) === 1);
  await page.waitForTimeout(200);
  assert.equal(await seen(page), newest);
}));

/** Lines with traces under each tenth, and runs of equal ones. */
async function traces(server: Serving): Promise<number> {
  const texts: string[] = [];
  for (let i = 0; i < 200; i++) {
    if (i % 10 === 0) texts.push(`ERROR ${i} failed`, ...Array.from({ length: 6 }, (_, k) => `    at f${k}(${i})`));
    else if (i % 10 === 5) texts.push('equal', 'equal', 'equal');
    else texts.push(`INFO ${i}`);
  }
  await server.feed(texts.map((msg, i) => line('web1', i + 1, T + i, msg)).join(''));
  return texts.length;
}

test('whatever is folded, unfolded or comes, the line one is at stays at its pixel', withPage('', traces, async (page, server) => {
  const resting = async (): Promise<Seen[]> => {
    let last = '';
    let now: Seen[] = [];
    await until(async () => {
      now = await seen(page);
      await page.waitForTimeout(120);
      return last === (last = JSON.stringify(now)) && now.length > 0;
    });
    return now;
  };
  const topOf = (rows: Seen[], text: string): number | undefined => rows.find((row) => row.text === text)?.top;
  const changed = (before: Seen[]): Promise<void> => until(async () => JSON.stringify(await seen(page)) !== JSON.stringify(before), 5000, () => 'nothing changed');
  await page.keyboard.press('Home');
  await page.keyboard.press('PageDown');
  await page.keyboard.press('PageDown');
  await page.evaluate(() => document.querySelector('#log')?.scrollBy(0, 7)); // a part of the row at the top is above the edge
  let before = await resting();
  assert.ok((before[0]?.top ?? 0) < 0);
  let n = 1000;
  for (const key of ['S', 'R', 'S', 'R', 'S', 'R', 'R', 'S']) {
    const [top] = before;
    // What is folded away itself cannot stay: then the one that it is folded under is at the top.
    const head = /^ {4}at f\d\((\d+)\)/.exec(top?.text ?? '')?.[1];
    await page.keyboard.press(key);
    await changed(before);
    const after = await resting();
    const now = after[0];
    if (topOf(after, top?.text ?? '') !== undefined && top?.text !== 'equal') assert.is(topOf(after, top?.text ?? ''), top?.top, `${key}: ${top?.text}`);
    else assert.is(now?.text, head === undefined ? 'equal' : `ERROR ${head} failed`, `${key}: ${top?.text}`);
    await server.feed(line('web1', ++n, T + n, `INFO new ${n}`));
    await page.waitForTimeout(150);
    assert.equal(await seen(page), after, `${key}, a line comes`);
    before = after;
  }

  // One trace opened and shut again below the top, by key and by its button.
  await page.keyboard.press('S');
  await changed(before);
  before = await resting();
  const folded = page.locator('#log .row', { has: page.locator('.extra button', { hasText: /6/ }) }).nth(1);
  const name = (await folded.locator('.text').innerText());
  const upTo = (rows: Seen[]): Seen[] => rows.slice(0, rows.findIndex((row) => row.text === name) + 1);
  await folded.locator('.extra button').click();
  await changed(before);
  const open = await resting();
  assert.equal(upTo(open), upTo(before));
  assert.match(open[upTo(open).length]?.text ?? '', /^ {4}at f0/);
  await server.feed(line('web1', ++n, T + n, `INFO new ${n}`));
  await page.waitForTimeout(150);
  assert.equal(await seen(page), open);
  await page.keyboard.press('h');
  await changed(open);
  assert.equal(await resting(), before);
}));

test.run();
