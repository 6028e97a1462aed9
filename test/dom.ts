/** The page of lm-serve as a person sees it: rows, counts and status, read from a real browser. */
/// <reference lib="dom" />
import type { Page } from 'playwright-core';
import { until } from './sh.ts';

/** A row: where it is within the window, its stream's tag, its text. */
export type Seen = { top: number; height: number; tag: string; text: string };

/** The rows within the window of a pane, the first one's unless another is named, from the top. */
export function seen(page: Page, pane = '#log'): Promise<Seen[]> {
  return page.evaluate((log) => {
    const frame = document.querySelector(log)?.getBoundingClientRect() ?? new DOMRect();
    return [...document.querySelectorAll(`${log} .row`)]
      .map((row) => {
        const { top, height } = row.getBoundingClientRect();
        const part = (name: string): string => row.querySelector(name)?.textContent ?? '';
        return { top: top - frame.top, height, tag: part('.tag'), text: part('.text') };
      })
      .filter((row) => row.top + row.height > 0.5 && row.top < frame.height - 0.5);
  }, pane);
}

/** The texts of the rows within the window. */
export const texts = async (page: Page, pane?: string): Promise<string[]> => (await seen(page, pane)).map((row) => row.text);
/** How many lines there are and match. */
export const tally = (page: Page): Promise<string> => page.locator('.tally').first().innerText();
/** What stands over the lines while they stand still: '' while they follow. */
export const pill = (page: Page): Promise<string> => page.locator('.pills').first().innerText();
/** The line at the foot. */
export const status = (page: Page): Promise<string> => page.getByRole('status').innerText();

/** Wait until the tally, or another part, says so. */
export async function says(page: Page, what: RegExp, where: (page: Page) => Promise<string> = tally): Promise<void> {
  let last = '';
  await until(async () => what.test((last = await where(page))), 15_000, () => `${what}, it says: ${last}`);
}

/** Every line that the page holds, read from the top by the keyboard: the numbers that its rows end in. */
export async function readAll(page: Page): Promise<string[]> {
  await page.getByRole('log').focus();
  await page.keyboard.press('Home');
  await until(async () => (await pill(page)) !== '');
  await page.waitForFunction(() => document.querySelector('#log')?.scrollTop === 0);
  const all: string[] = [];
  for (let pages = 0; pages < 500; pages++) {
    const now = await texts(page);
    const known = all.lastIndexOf(now[0] ?? '');
    all.splice(known < 0 ? all.length : known, Infinity, ...now);
    if ((await pill(page)) === '') break;
    await page.keyboard.press('PageDown');
    await page.waitForFunction((first) => {
      const frame = document.querySelector('#log')?.getBoundingClientRect().top ?? 0;
      const row = [...document.querySelectorAll('#log .row')].find((r) => r.getBoundingClientRect().bottom > frame + 0.5);
      return row?.querySelector('.text')?.textContent !== first || document.querySelector('.pills')?.textContent === '';
    }, now[0]);
  }
  return all;
}
