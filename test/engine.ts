/** A window of a browser that is driven by its own protocol, Firefox or WebKit: what a person does there, and the main way through the page. */
import * as assert from 'uvu/assert';
import { proxied } from './proxy.ts';
import { record, records, serving } from './serving.ts';
import { until } from './sh.ts';

/** Keys that are no letters, as WebDriver writes them. */
const KEYS: Record<string, string> = {
  Enter: '\uE007', Escape: '\uE00C', PageUp: '\uE00E', PageDown: '\uE00F', End: '\uE010', Home: '\uE011',
};

export type Place = { x: number; y: number };

/** Has the page keep what it complains of. */
export const LISTEN = `window.complaints = [];
  addEventListener('error', (event) => complaints.push(event.message));
  addEventListener('unhandledrejection', (event) => complaints.push(String(event.reason)));
  addEventListener('securitypolicyviolation', (event) => complaints.push(event.violatedDirective));
  console.error = console.warn = (...what) => complaints.push(what.join(' '));`;

export abstract class Engine {
  /** Go there. What is complained of from then on is kept in the page. */
  abstract open(url: string): Promise<void>;

  /** Run this as the body of a function in the page. */
  abstract run<T = string>(script: string, ...args: unknown[]): Promise<T>;

  /** A source of input, and what it does, as both protocols write it. */
  protected abstract act(source: object): Promise<unknown>;

  /** The text of an element as it is seen; '' where there is none. */
  text(selector: string): Promise<string> {
    return this.run('return document.querySelector(arguments[0])?.innerText ?? ""', selector);
  }

  /** Press keys one after the other: letters, or names as in `KEYS`. */
  press(...keys: string[]): Promise<unknown> {
    const down = keys.map((key) => ({ type: 'keyDown', value: KEYS[key] ?? key }));
    return this.act({ type: 'key', id: 'keys', actions: down.flatMap((key) => [key, { ...key, type: 'keyUp' }]) });
  }

  /** Press the button of the mouse at one place and let it go at another, or at the same. */
  drag(from: Place, to = from): Promise<unknown> {
    const actions = [{ type: 'pointerMove', ...from }, { type: 'pointerDown', button: 0 }, { type: 'pointerMove', ...to }, { type: 'pointerUp', button: 0 }];
    return this.act({ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions });
  }

  /** Turn the wheel at a place, down if positive. */
  wheel(at: Place, deltaY: number): Promise<unknown> {
    return this.act({ type: 'wheel', id: 'wheel', actions: [{ type: 'scroll', ...at, deltaX: 0, deltaY }] });
  }

  /** Where the middle of the last element is that the selector finds. */
  async placeOf(selector: string): Promise<Place> {
    const at = await this.run<Place | null>(`const r = [...document.querySelectorAll(arguments[0])].at(-1)?.getBoundingClientRect();
      return r && { x: Math.round(r.x + r.width / 2), y: Math.round(r.y + r.height / 2) }`, selector);
    if (!at) throw new Error(`the page has no ${selector}`);
    return at;
  }
}

type Seen = [top: number, text: string, height: number];

const seen = (web: Engine): Promise<Seen[]> => web.run(`const { top, bottom } = document.querySelector('#log').getBoundingClientRect();
  return [...document.querySelectorAll('#log .row')].map((row) => [row.getBoundingClientRect(), row.querySelector('.text').textContent])
    .filter(([box]) => box.bottom > top + 0.5 && box.top < bottom - 0.5).map(([box, text]) => [box.top, text, box.height])`);
const newest = async (web: Engine): Promise<string> => (await seen(web)).at(-1)?.[1] ?? '';
const numbered = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`);

/** Wait until an element says so, or the newest row in sight does. */
export async function says(web: Engine, what: RegExp, where = '.tally', ms = 15_000): Promise<void> {
  let last = '';
  await until(async () => {
    last = await (where === 'newest' ? newest(web) : web.text(where));
    if (what.test(last)) return true;
    last += `; ${await web.text('#status')}`;
    return false;
  }, ms, () => `${what}, it says: ${last}`);
}

/** Every line that the page holds, from the top by the keyboard. */
async function readAll(web: Engine): Promise<string[]> {
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

/** The rules of a style sheet that are passed over, as `name: value`. */
export const unknownRules = (web: Engine, css: string): Promise<string[]> =>
  web.run(`const text = arguments[0].replace(/\\/\\*[^]*?\\*\\//g, '');
    return [...text.matchAll(/([-a-z]+):\\s*([^;{}]+);/g)].filter(([, name, value]) => !CSS.supports(name, value.replace('!important', '').trim()))
      .filter(([, name]) => !CSS.supports('-webkit-' + name, 'none') || !text.includes('-webkit-' + name)).map(([, name, value]) => name + ': ' + value)`, css);

/** The main way: lines held and live, pause, filter, find, wrap, a sheet, a server started again; every line once, and nothing complained of. */
export const mainWay = (web: Engine): Promise<void> =>
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
  }));
