/// <reference lib="dom" />
/** The page while lines come: a minute at 10,000 lines a second with a filter on, a burst, the way from stdin to the screen, streams switched. */
import type { Page } from 'playwright-core';
import { visit, withBrowser } from '../browser.ts';
import { record, records, serving, type Serving } from '../serving.ts';
import { until } from '../sh.ts';
import { machine, median, row } from './measure.ts';
import { browserMemory, busy, longestTask, tally, time, watchTasks } from './tab.ts';

const RATE = Number(process.env['RATE'] ?? 10_000);
const SECONDS = Number(process.env['SECONDS'] ?? 60);

let n = 0;

/** Send lines at a rate, every 20 ms, for so many seconds. */
async function send(server: Serving, rate: number, seconds: number): Promise<void> {
  const begun = performance.now();
  for (let sent = 0; sent < rate * seconds; ) {
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - begun) / 1000) * rate));
    let text = '';
    for (; sent < due; sent++) text += record(`s${++n % 10}`, n, `line ${n} ${n % 50 === 0 ? 'ERROR' : 'INFO'} of a log that somebody reads all day, and then some more`);
    await server.feed(text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function minute(page: Page, server: Serving): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.getByRole('searchbox', { name: 'Filter' }).fill('ERROR');
  await time(page, /match,/);
  await watchTasks(page);
  const before = { busy: await busy(session), memory: browserMemory().renderers };
  await send(server, RATE, SECONDS);
  const used = (((await busy(session)) - before.busy) / SECONDS) * 1000;
  row(`${RATE} lines/s for ${SECONDS} s, filtered: main thread ms/s`, used.toFixed(0));
  row('longest task, ms (0: none of 50)', (await longestTask(page)).toFixed(0));
  row('memory of the page before and after, MB', before.memory.toFixed(0), browserMemory().renderers.toFixed(0));
  await page.getByRole('searchbox', { name: 'Filter' }).fill('');
  await time(page, /lines$/);
}

async function burst(page: Page, server: Serving): Promise<void> {
  const text = records('burst', 1, 50_000);
  const begun = performance.now();
  await server.feed(text);
  await until(async () => (await page.locator('#log').innerText()).includes('line 50000'), 60_000, () => 'the last line of the burst');
  row('50,000 lines at once: the last is on the screen, ms', (performance.now() - begun).toFixed(0));
}

/** Each line says when it was written; the page notes when it is in a frame. */
async function latency(page: Page, server: Serving): Promise<void> {
  await page.evaluate(() => {
    const seen = globalThis as unknown as { late: number[] };
    seen.late = [];
    const known = new Set<string>();
    const look = (): void => {
      for (const row of document.querySelectorAll('#log .row')) {
        const [, at] = /written (\d+)/.exec(row.textContent ?? '') ?? [];
        if (at === undefined || known.has(row.textContent ?? '')) continue;
        known.add(row.textContent ?? '');
        seen.late.push(Date.now() - Number(at));
      }
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  for (let i = 1; i <= 500; i++) {
    let text = '';
    for (let k = 0; k < 10; k++) text += record('timed', i * 10 + k, `${i * 10 + k} written ${Date.now()}`);
    await server.feed(text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const late = await page.evaluate(() => (globalThis as unknown as { late: number[] }).late.sort((a, b) => a - b));
  row(`stdin to screen at 1,000 lines/s, ms: median, p95 (${late.length} seen)`, median(late).toFixed(0), (late[Math.floor(late.length * 0.95)] ?? NaN).toFixed(0));
}

async function switching(page: Page): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < 20; i++) {
    const id = `s${i % 10}`;
    const before = await tally(page);
    const begun = performance.now();
    await page.evaluate((hash) => (location.hash = hash), `#stream=${id}`);
    await page.waitForFunction((name) => {
      const tags = [...document.querySelectorAll('#log .row .tag')].map((tag) => tag.textContent);
      return tags.length > 5 && tags.every((tag) => tag === name || tag === '');
    }, id, { polling: 'raf' });
    if (before !== '') took.push(performance.now() - begun);
  }
  row('another stream, ms: median, worst of 20', median(took).toFixed(0), Math.max(...took).toFixed(0));
}

process.stdout.write(`The page while lines come, in a headless browser without a graphics card (${machine()})\n`);
await withBrowser((browser) =>
  serving(['--memory=500M'], async (server) => {
    await send(server, 20_000, 1);
    const { page } = await visit(browser, `${server.url}/`);
    await time(page, /lines$/);
    await latency(page, server);
    await burst(page, server);
    await minute(page, server);
    await switching(page);
  }),
);
