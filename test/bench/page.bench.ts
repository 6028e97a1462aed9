/// <reference lib="dom" />
/** The page: first paint, a million lines loaded, filtered and scrolled through, and what following many lines costs the tab. */
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { visit, withBrowser } from '../browser.ts';
import { record, serving } from '../serving.ts';
import { sh } from '../sh.ts';
import { machine, nginxLog, row } from './measure.ts';
import { browserMemory, busy, keyLatency, time, typeFilter } from './tab.ts';

const LINES = Number(process.env['LINES'] ?? 1_000_000);
const RATE = Number(process.env['RATE'] ?? 10_000);
const dir = mkdtempSync(join(tmpdir(), 'lm-bench-'));

/** Frames a second, the longest frame, and main-thread milliseconds a second, while `step` is done before each frame. */
async function frames(page: Page, session: CDPSession, step: 'none' | 'scroll' | 'jump'): Promise<[string, string, string]> {
  const before = await busy(session);
  const seconds = 3;
  const { fps, longest } = await page.evaluate(async ([what, limit]) => {
    const log = document.querySelector('#log') as HTMLElement;
    if (what !== 'none') log.scrollTop = log.scrollHeight / 2;
    let count = 0;
    let last = performance.now();
    let worst = 0;
    for (const begun = last; last - begun < Number(limit) * 1000; count++) {
      await new Promise(requestAnimationFrame);
      worst = Math.max(worst, performance.now() - last);
      last = performance.now();
      if (what === 'scroll') log.scrollTop -= 400;
      if (what === 'jump') log.scrollTop = Math.random() * log.scrollHeight;
    }
    return { fps: count / Number(limit), longest: worst };
  }, [step, seconds]);
  return [fps.toFixed(0), longest.toFixed(0), (((await busy(session)) - before) / seconds * 1000).toFixed(0)];
}

try {
  process.stdout.write(`The page with ${LINES} lines in a headless browser without a graphics card (${machine()})\n`);
  sh(`lm-frame -i web1/nginx < ${nginxLog(LINES)} > ${dir}/records`);
  await withBrowser((browser) =>
    serving(['--memory=500M'], async (server) => {
      for await (const chunk of createReadStream(`${dir}/records`)) await server.feed(chunk as Buffer);
      await server.received(LINES, 60_000);
      const begun = performance.now();
      const { page } = await visit(browser, `${server.url}/#lines=${LINES}`);
      const held = `${LINES.toLocaleString('en')} lines`;
      await page.waitForFunction((text) => document.querySelector('.tally')?.textContent === text, held, { polling: 100, timeout: 300_000 });
      const loaded = performance.now() - begun;
      const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN);
      row('', 'ms');
      row('first paint', paint.toFixed(0));
      row('all lines held', loaded.toFixed(0));
      memory('with no filter');
      await page.getByRole('searchbox', { name: 'Filter' }).fill('warm up');
      row('the first filter, all (the matcher is given every line)', (await time(page, /match,/)).toFixed(0));
      for (const pattern of ['GET /login\\d+5 ', '" 50[0-9] ', 'iphone|curl/', '\\d+\\.\\d+\\.99\\.']) {
        await page.getByRole('searchbox', { name: 'Filter' }).fill('');
        await time(page, /lines$/);
        const { first, all } = await typeFilter(page, pattern);
        row(`filter ${pattern}, from its last key: first, all`, first.toFixed(0), all.toFixed(0));
      }
      memory('after filters');
      await page.getByRole('searchbox', { name: 'Filter' }).fill('');
      await time(page, /lines$/);
      await server.feed(record('hostile', 1, 'a'.repeat(100_000)) + record('hostile', 2, 'foo'.repeat(30_000)));
      for (const pattern of ['(a+)+$', '.*foo.*bar.*', '(x+x+)+y|(a|a)*b']) {
        await page.getByRole('searchbox', { name: 'Filter' }).fill(pattern);
        const [worst, end] = await Promise.all([keyLatency(page, 30), outcome(page)]);
        row(`hostile ${pattern}: worst key, ${end.what}`, worst.toFixed(0), end.ms.toFixed(0));
        await page.getByRole('searchbox', { name: 'Filter' }).fill('');
        await time(page, /lines$/);
      }
      const session = await page.context().newCDPSession(page);
      await session.send('Performance.enable');
      row('', 'frames/s', 'longest ms', 'busy ms/s');
      row('scrolled by 400 px a frame', ...(await frames(page, session, 'scroll')));
      row('anywhere each frame', ...(await frames(page, session, 'jump')));
      await page.locator('#log').focus(); // the keys are for the lines, not for the box
      await page.keyboard.press('End');
      const feeder = feed((text) => server.feed(text));
      row(`following ${RATE} lines/s`, ...(await frames(page, session, 'none')));
      await page.keyboard.press('w');
      row(`following ${RATE} lines/s, wrapped`, ...(await frames(page, session, 'none')));
      await page.keyboard.press(' ');
      row(`standing still under ${RATE} lines/s`, ...(await frames(page, session, 'none')));
      clearInterval(feeder);
      const came = Number((await page.locator('.pills .said').innerText()).replace(/\D/g, ''));
      if (!(came > RATE * 2)) throw new Error(`only ${came} lines came meanwhile`);
    }),
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function memory(when: string): void {
  const { renderers, all } = browserMemory();
  row(`memory ${when}, MB: the page, the whole browser`, renderers.toFixed(0), all.toFixed(0));
}

/** How a filter ended: all tried, or stopped. */
async function outcome(page: Page): Promise<{ what: string; ms: number }> {
  const begun = performance.now();
  const stopped = page.getByText(/Stopped: .* takes too long/).first().waitFor({ timeout: 60_000 }).then(() => 'stopped');
  const what = await Promise.race([stopped, time(page, /match,/).then(() => 'done')]);
  stopped.catch(() => {});
  return { what, ms: performance.now() - begun };
}

/** Send lines at the rate, every 20 ms. */
function feed(write: (text: string) => Promise<void>): NodeJS.Timeout {
  let n = 0;
  const step = RATE / 50;
  return setInterval(() => {
    let text = '';
    for (let i = 0; i < step; i++) text += record('live', ++n, `line ${n} ${'of a log that somebody reads all day '.repeat(n % 5)}`);
    void write(text);
  }, 20);
}
