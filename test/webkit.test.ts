/** The page in the engine of Safari, where it is installed: its main way, and what its style sheet and its console say there. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { proxied } from './proxy.ts';
import { record, records, serving } from './serving.ts';
import { timed, until } from './sh.ts';
import { consoleOf, MISSING, withWebKit, type WebKit } from './webkit.ts';

type Seen = [top: number, text: string, height: number];

const seen = (web: WebKit): Promise<Seen[]> => web.run(`const { top, bottom } = document.querySelector('#log').getBoundingClientRect();
  return [...document.querySelectorAll('#log .row')].map((row) => [row.getBoundingClientRect(), row.querySelector('.text').textContent])
    .filter(([box]) => box.bottom > top + 0.5 && box.top < bottom - 0.5).map(([box, text]) => [box.top, text, box.height])`);
const newest = async (web: WebKit): Promise<string> => (await seen(web)).at(-1)?.[1] ?? '';
const numbered = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

/** Wait until an element says so, or the newest row in sight does. */
async function says(web: WebKit, what: RegExp, where = '.tally'): Promise<void> {
  let last = '';
  await until(async () => what.test((last = await (where === 'newest' ? newest(web) : web.text(where)))), 10_000, () => `${what}, it says: ${last}`);
}

/** Every line that the page holds, from the top by the keyboard. */
async function readAll(web: WebKit): Promise<string[]> {
  const all: string[] = [];
  await web.press('Home');
  await until(async () => (await seen(web))[0]?.[1] === 'line 1');
  for (let pages = 0; pages < 100; pages++) {
    const now = (await seen(web)).map(([, text]) => text);
    const known = all.lastIndexOf(now[0] ?? '');
    all.splice(known < 0 ? all.length : known, Infinity, ...now);
    if ((await web.text('.pills')) === '') break;
    await web.press('PageDown');
    await until(async () => (await seen(web))[0]?.[1] !== now[0] || (await web.text('.pills')) === '');
  }
  return all.filter((text) => /^line \d+$/.test(text));
}

const inWebKit = (body: (web: WebKit) => Promise<void>): (() => Promise<void>) => timed(90_000, () => withWebKit(body));
const here = MISSING === undefined ? test : test.skip;
if (MISSING !== undefined) console.log(`SKIPPED webkit.test.ts: ${MISSING}`);

here('the main way: lines held and live, pause, filter, find, wrap, a sheet, a server started again; every line once', inWebKit((web) =>
  serving([], async (server) => proxied(server.port, async (proxy) => {
    await server.feed(records('web1', 1, 500));
    await web.open(proxy.url);
    await says(web, /^500 lines$/);
    for (let n = 501; n <= 700; n += 50) await server.feed(records('web1', n, 50));
    await says(web, /^line 700$/, 'newest');

    const middle = { x: 700, y: 400 };
    const stops = [() => web.wheel(middle, -90), () => web.press('PageUp'), () => web.press(' '), async () => web.drag(middle, { x: 500, y: 460 })];
    for (const [i, stop] of stops.entries()) {
      await stop();
      await says(web, /Paused/, '.pills');
      await until(async () => JSON.stringify(await seen(web)) === JSON.stringify(await seen(web))); // the wheel comes to rest
      const before = await seen(web);
      await server.feed(records('web1', 701 + i * 50, 50));
      await says(web, /50 new/, '.pills');
      assert.equal(await seen(web), before, `stop ${i}: not a pixel moves`);
      await web.drag(await web.placeOf('.pills .newest'));
      await says(web, new RegExp(`^line ${750 + i * 50}$`), 'newest');
    }

    await web.press('f', ...'7$', 'Enter');
    await says(web, /^90 of 900 lines match, 810 hidden$/);
    await web.press('Escape', 'X', '/', ...'line 33\\d', 'Enter');
    await says(web, /^10 of 10$/, '.hits');
    await says(web, /^line 339$/, '.row.here .text');
    await web.press('Escape', 'End');

    await server.feed(record('web1', 901, 'long '.repeat(300)));
    await says(web, /^long/, 'newest');
    await web.press('z');
    await until(async () => ((await seen(web)).at(-1)?.[2] ?? 0) >= 200, 10_000, () => 'a long line wrapped');
    await web.press('z', '?');
    await says(web, /^Keys/, 'dialog[open]');
    await web.press('Escape');
    await until(async () => (await web.text('dialog[open]')) === '', 10_000, () => 'the sheet to be shut');

    await serving([], async (second) => {
      await second.feed(records('web1', 891, 10) + records('web1', 902, 99));
      await second.received(109);
      proxy.turnTo(second.port);
      proxy.cut();
      await says(web, /^1,000 lines$/);
      await says(web, /10 repeated/, '#status');
      assert.equal(await readAll(web), [...numbered(1, 900), ...numbered(902, 1000)]);
    });
    assert.equal(await web.run('return complaints'), []);
  })),
));

/** Only looks a little different without them, or is not needed there. */
const DO_WITHOUT = ['scrollbar-color', 'overflow-anchor', 'overflow-clip-margin', 'forced-color-adjust'];

here('the style sheet is understood: what is not selected, what is underlined, what lies above; and few rules are passed over', inWebKit((web) =>
  serving([], async (server) => {
    await server.feed(`${records('web1', 1, 5)}no record\n${record('late', 1)}`);
    await web.open(`${server.url}/`);
    await says(web, /^7 lines$/);
    const unknown = await web.run<string[]>(`const text = arguments[0].replace(/\\/\\*[^]*?\\*\\//g, '');
      return [...text.matchAll(/([-a-z]+):\\s*([^;{}]+);/g)].filter(([, name, value]) => !CSS.supports(name, value.replace('!important', '').trim()))
        .filter(([, name]) => !CSS.supports('-webkit-' + name, 'none') || !text.includes('-webkit-' + name)).map(([, name, value]) => name + ': ' + value)`,
    (await server.ask('/page.css')).text);
    assert.equal(unknown.filter((rule) => !DO_WITHOUT.some((name) => rule.startsWith(`${name}:`))), []);
    const [from, to] = [await web.placeOf('.row .time'), await web.placeOf('.row .text')];
    await web.drag({ x: from.x, y: from.y - 60 }, { x: to.x, y: to.y - 20 });
    await until(async () => (await web.run('return String(getSelection())')) !== '', 10_000, () => 'a selection');
    assert.not.match(await web.run('return String(getSelection())'), /:|web1/, 'times and streams are not selected');
    const underline = await web.run(`const { textDecorationLine, textDecorationStyle } = getComputedStyle(document.querySelector('.row.bad .text'));
      return [textDecorationLine, textDecorationStyle].join(' ')`);
    assert.is(underline, 'underline dotted', 'a line that was no record');
    await server.feed(record('web1', 6, JSON.stringify({ level: 'info', msg: 'long '.repeat(100) })));
    await says(web, /^8 lines$/);
    const aside = 'document.querySelector("#log").scrollLeft = 150; return document.querySelector(".aside") !== null';
    await until(() => web.run<boolean>(aside), 10_000, () => 'times that stay in sight');
    const above = await web.run(`const { x, y, width, height } = document.querySelector('.twist:not([hidden])').getBoundingClientRect();
      return document.elementFromPoint(x + width / 2, y + height / 2).className`);
    assert.is(above, 'time', 'what opens a line passes below its time');
  }),
));

here('the console has nothing to complain of but a hint for phones', timed(60_000, () =>
  serving([], async (server) => {
    await server.feed(records('web1', 1, 500));
    const said = await consoleOf(`${server.url}/#filter=7&find=77`, async () => {
      await until(async () => /^lm_serve_followers\{route="live"\} 1$/m.test((await server.ask('/metrics')).text), 30_000, () => 'the page to follow');
      await new Promise((resolve) => setTimeout(resolve, 2000));
    });
    assert.equal(said.filter((line) => !line.includes('"interactive-widget" not recognized')), []);
  }),
));

test.run();
