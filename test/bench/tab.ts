/// <reference lib="dom" />
/** What a tab of the browser costs: memory of its processes, work of its main thread, and how soon it answers. */
import { readdirSync, readFileSync } from 'node:fs';
import type { CDPSession, Page } from 'playwright-core';
import { until } from '../sh.ts';
import { memoryOf } from './measure.ts';

/** Processes that this one has started, and those that they have, as in /proc. */
function descendants(): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const ours = (pid: number): boolean => {
    for (let at: number | undefined = parents.get(pid); at !== undefined && at > 1; at = parents.get(at)) if (at === process.pid) return true;
    return false;
  };
  return [...parents.keys()].filter(ours);
}

/** Proportional memory of the browser's processes, MB: those that render pages, and all of them. */
export function browserMemory(): { renderers: number; all: number } {
  let [renderers, all] = [0, 0];
  for (const pid of descendants()) {
    try {
      const cmd = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      if (!/chrom/i.test(cmd)) continue;
      const { pss } = memoryOf(pid);
      all += pss;
      if (cmd.includes('--type=renderer')) renderers += pss;
    } catch {
      // It has ended meanwhile.
    }
  }
  return { renderers, all };
}

export const tally = (page: Page): Promise<string> => page.locator('.tally').innerText();

/** Milliseconds from `begun` until the tally reads like this. */
export async function time(page: Page, what: RegExp, begun = performance.now()): Promise<number> {
  await until(async () => what.test(await tally(page)), 120_000, () => String(what));
  return performance.now() - begun;
}

/** Seconds that the page's main thread has worked so far. */
export async function busy(session: CDPSession): Promise<number> {
  return (await session.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration')?.value ?? 0;
}

/** Note the longest tasks of the main thread from now on; read with `longestTask`. */
export async function watchTasks(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = globalThis as unknown as { tasks: number[] };
    seen.tasks = [];
    new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' });
  });
}

/** The longest task since `watchTasks`, ms; 0 where none took 50 ms, which is what browsers call long. */
export function longestTask(page: Page): Promise<number> {
  return page.evaluate(() => Math.max(0, ...(globalThis as unknown as { tasks: number[] }).tasks));
}

/** How long a key that is pressed takes to be handled and its frame to be drawn, ms: the worst of so many, 100 ms apart. */
export async function keyLatency(page: Page, times: number): Promise<number> {
  await page.evaluate(() => {
    const seen = globalThis as unknown as { keys: number[] };
    seen.keys = [];
    addEventListener('keydown', (event) => requestAnimationFrame(() => seen.keys.push(performance.now() - event.timeStamp)), true);
  });
  for (let i = 0; i < times; i++) {
    await page.keyboard.press('Shift');
    await page.waitForTimeout(100);
  }
  return page.evaluate(() => Math.max(...(globalThis as unknown as { keys: number[] }).keys));
}

/** Milliseconds from the key that completed a filter: until every row on the screen is one that it lets pass, marked where it matches, and is painted; and until all lines have been tried. */
export type Filtered = { first: number; all: number };

/** The tally is what it will be when it has not changed for so long, ms. */
const CALM = 400;

/** Type a filter as a fast typist does, and time it within the page: what is outside of it asks too seldom. */
export async function typeFilter(page: Page, pattern: string): Promise<Filtered> {
  await page.getByRole('searchbox', { name: 'Filter' }).focus();
  const watching = page.evaluate(async ([source, calm]) => {
    const expression = new RegExp(source as string, 'i');
    const box = document.activeElement as HTMLInputElement;
    const passes = (row: Element): boolean => expression.exec(row.textContent ?? '')?.[0] === row.querySelector('mark')?.textContent;
    const tallied = (): string => document.querySelector('.tally')?.textContent ?? '';
    let [key, first, all, text] = [0, 0, 0, ''];
    const onKey = (event: KeyboardEvent): void => void ([key, first, all, text] = [event.timeStamp, 0, 0, tallied()]);
    addEventListener('keydown', onKey, true);
    await new Promise<void>((done) => {
      let timer: ReturnType<typeof setTimeout>;
      const observer = new MutationObserver(() => {
        if (box.value !== source) return;
        const now = performance.now();
        const rows = [...document.querySelectorAll('#log .row .text')];
        if (first === 0 && rows.length > 0 && rows.every(passes)) {
          first = now;
          requestAnimationFrame(() => setTimeout(() => (first = performance.now())));
        }
        if (text !== tallied()) [all, text] = [now, tallied()];
        clearTimeout(timer);
        timer = setTimeout(() => first > 0 && / match, /.test(text) && (observer.disconnect(), done()), calm as number);
      });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    removeEventListener('keydown', onKey, true);
    return { first: first - key, all: all - key };
  }, [pattern, CALM]);
  await page.keyboard.type(pattern, { delay: 60 });
  return watching;
}
