/** What is taken away from a view in a real browser: the command that shows it in a shell, and files, each what the server's tail gives. */
/// <reference lib="dom" />
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Page } from 'playwright-core';
import { stripAnsi } from '../lib/ansi.ts';
import { visit, withBrowser } from './browser.ts';
import { says, texts } from './dom.ts';
import { record, serving, type Serving } from './serving.ts';
import { sh, shBytes, startLine, stopAll, timed, until } from './sh.ts';

const T = Date.UTC(2026, 10, 22, 12, 0, 0);
const stamp = (n: number): string => new Date(T + n * 1000).toISOString();

/** Lines as programs write them, framed by lm-frame: an application with colours, levels and traces, and a web server. */
async function filled(server: Serving): Promise<void> {
  const app: string[] = [];
  for (let n = 0; n < 100; n++) {
    if (n % 9 === 0) app.push(`${stamp(n)} \x1b[31mERROR\x1b[0m order ${n} "failed" \\ é`, `    at pay.${n}(Shop.java)`, `Caused by: timeout ${n}`);
    else app.push(`${stamp(n)} ${n % 7 === 0 ? 'WARN' : n % 3 === 0 ? 'DEBUG' : 'INFO'} order ${n} placed`);
  }
  const web = Array.from({ length: 100 }, (_, n) => `10.0.0.${n} - - [22/Nov/2026:12:0${Math.floor(n / 60)}:${String(n % 60).padStart(2, '0')} +0000] "GET /${n} HTTP/1.1" ${n % 9 === 0 ? 502 : 200} 81${n}`);
  for (const [id, lines] of [['a/app', app], ['b/web', web]] as const) await server.feed(shBytes(`lm-frame -t -i ${id}`, lines.map((line) => `${line}\n`).join('')).out);
}

/** Addresses of views; every one of them shows something, and hides something but the first. */
const VIEWS = [
  '', '#level=error', '#stream=a/app&level=warn,info', `#from=${T + 20_000}&to=${T + 61_000}`, `#filter=order&level=error,debug&from=${T + 9_000}&to=${T + 81_000}`,
  `#stream=b/web&and.t=502&level=error&from=${T}&to=${T + 50_000}`, '#and=order \\d*5&not.t=WARN&not=placed$&level=warn,info,error',
];
/** The server is asked for these alone: nothing is left for grep. */
const WHOLE = VIEWS.slice(0, 6);

/** A window so high that all rows are in sight. */
const ALL_SEEN = { width: 1200, height: 5200 };

/** Have the page show another view, loaded anew: of the one before nothing is left. */
async function turnTo(page: Page, url: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(url);
  await says(page, url.includes('#') ? /^\d+ of (224|124|100) lines match/ : /^224 lines$/);
}

/** What a key copies; `plain` has the page do so as over plain HTTP, where browsers give it no clipboard. */
async function copied(page: Page, key: '$' | 'y' | 'Y', plain = false): Promise<string> {
  await page.evaluate(() => navigator.clipboard.writeText(''));
  if (plain) await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }));
  await page.keyboard.press(key);
  if (plain) {
    await page.getByText(/^Copied /).waitFor();
    await page.evaluate(() => delete (navigator as { clipboard?: unknown }).clipboard);
  }
  let text = '';
  await until(async () => (text = await page.evaluate(() => navigator.clipboard.readText())) !== '');
  return text;
}

/** The file that a key saves: its name, and what is in it. */
async function saved(page: Page, key: 'd' | 'D'): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press(key)]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

test('the command for a shell prints, and the files hold, what the page shows', timed(120_000, () =>
  withBrowser((browser) =>
    serving([], async (server) => {
      await filled(server);
      const { page, complaints } = await visit(browser, `${server.url}/`, { permissions: ['clipboard-read', 'clipboard-write'], viewport: ALL_SEEN });
      const counts = new Set<number>();
      for (const view of VIEWS) {
        await turnTo(page, `${server.url}/${view}`);
        await page.keyboard.press('Space'); // it stands still: the command ends
        await page.getByText('Paused').waitFor();
        const command = await copied(page, '$');
        assert.match(command, /^curl -fsS -G /, view);
        const { out } = sh(command);
        await until(async () => (await texts(page)).map((line) => `${line}\n`).join('') === stripAnsi(out), 5000, () => command);
        counts.add(out.split('\n').length - 1);

        const text = await saved(page, 'd');
        assert.match(text.name, /^lm-(all|a-app|b-web)-\d{8}-\d{6}\.log$/);
        assert.is(text.bytes.toString(), stripAnsi(out), view);
        if (!WHOLE.includes(view)) continue;
        const records = await saved(page, 'D');
        assert.match(records.name, /\.ndjson$/);
        assert.is(records.bytes.toString(), sh(command.replace(' -d as=text', '')).out, view);
        assert.is(await copied(page, 'y', true), text.bytes.toString());
        assert.is(await copied(page, 'y'), text.bytes.toString());
        assert.is(await copied(page, 'Y'), records.bytes.toString());
      }
      assert.is(counts.size, VIEWS.length, [...counts].join());
      assert.ok(![...counts].includes(0));

      // Of more streams than the server takes names there is no command, rather than one that shows others.
      await page.goto('about:blank');
      await page.goto(`${server.url}/#${Array.from({ length: 65 }, (_, i) => `stream=s${i}`).join('&')}`);
      await page.keyboard.press('$');
      await page.getByText('A command can have 64 streams, not 65').waitFor();

      // What is followed goes on in the shell as on the page.
      await turnTo(page, `${server.url}/#level=error,fatal&from=${T + 90_000}&to=${T + 200_000}`);
      const command = await copied(page, '$');
      assert.match(command, /^curl -fsSN -G .* -d follow=1 /);
      const shell = startLine(command);
      try {
        const plain = (): string[] => stripAnsi(Buffer.from(shell.out, 'latin1').toString()).split('\n').slice(0, -1);
        const before = await texts(page);
        await until(() => plain().length === before.length, 5000, () => shell.err);
        for (const [n, level] of [[130, 'INFO'], [150, 'FATAL'], [250, 'ERROR'], [160, 'ERROR']] as const) {
          await server.feed(shBytes('lm-frame -t -i a/app', `${stamp(n)} ${level} new ${n}\n`).out);
        }
        await until(async () => (await texts(page)).length === before.length + 2 && plain().length === before.length + 2, 5000, () => plain().join('\n'));
        assert.equal(plain(), await texts(page));
      } finally {
        await stopAll(shell);
      }

      // More than browsers take without standing still is for a file.
      for (let n = 0; n < 210; n++) await server.feed(record('big', n + 1, 'x'.repeat(100_000)));
      await page.goto('about:blank');
      await page.goto(`${server.url}/#stream=big`);
      await says(page, /^210 lines$/);
      await page.keyboard.press('y');
      await page.getByText('Too much to copy (21 MB): save it as a file').waitFor();
      assert.equal(complaints, []);
    }),
  ),
));

test.run();
