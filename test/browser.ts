/** A real browser for the tests of the page: an installed Chromium, or the one that the package @sparticuz/chromium carries. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { ENV } from './sh.ts';

// The first is the same engine without what is around a window, which takes a quarter of the processor time (measured).
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ARGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update',
];

type Found = { path: string; args: string[] };

/** Throws where there is none: these tests cannot be left out silently. */
async function find(): Promise<Found> {
  const named = process.env['CHROME'];
  if (named !== undefined) return { path: named, args: ARGS };
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of NAMES) if (runs(join(dir, name))) return { path: join(dir, name), args: ARGS };
  }
  const carried = '@sparticuz/chromium';
  try {
    const { default: chrome } = (await import(carried)) as { default: { executablePath(): Promise<string>; args: string[] } };
    return { path: await chrome.executablePath(), args: [...chrome.args, ...ARGS] };
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err);
    throw new Error(`no browser to test the page with: install chromium, set CHROME to one, or npm install ${carried} (${why})`);
  }
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function launch(): Promise<Browser> {
  const { path, args } = await find();
  // The browser gets no more of the environment than the programs under test.
  const given = { ...ENV, HOME: process.env['HOME'] };
  const env = Object.fromEntries(Object.entries(given).filter((e): e is [string, string] => e[1] !== undefined));
  const handle = { handleSIGTERM: false, handleSIGINT: false, handleSIGHUP: false };
  return chromium.launch({ executablePath: path, args, env, timeout: 60_000, ...handle });
}

/** Starting a browser takes longer than most tests: the next one takes it over, when it begins within this, ms. */
const KEPT = 500;
let kept: Browser | undefined;
let closing: NodeJS.Timeout | undefined;

/** Run `body` with a browser that nothing is open in; what it leaves open is closed, also when it fails. One call at a time. */
export async function withBrowser<T>(body: (browser: Browser) => Promise<T>): Promise<T> {
  clearTimeout(closing);
  const browser = kept?.isConnected() ? kept : await launch();
  kept = browser;
  try {
    return await body(browser);
  } finally {
    await Promise.all(browser.contexts().map((context) => context.close()));
    closing = setTimeout(() => {
      kept = undefined;
      void browser.close();
    }, KEPT);
  }
}

/** A page and everything it complained of. */
export type Visit = { page: Page; complaints: string[] };

/** Open an address in a context of its own. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 700 }, ...options });
  // Functions handed to the page are compiled by tsx, which gives them their names by a helper that is not there.
  await context.addInitScript('globalThis.__name = (f) => f');
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && complaints.push(message.text())));
  page.on('pageerror', (error) => void complaints.push(error.message));
  await page.goto(url);
  return { page, complaints };
}
