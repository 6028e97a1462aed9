/** What the page shows of what it holds: streams chosen, filters tried, patterns that never end. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KIND } from '../lib/web/kind.ts';
import type { Limits } from '../lib/web/limits.ts';
import { note } from '../lib/web/notes.ts';
import type { Row } from '../lib/web/talk.ts';
import { filter, lines, Page, type Line } from './keeping.ts';
import { timed, until } from './sh.ts';

const encoder = new TextEncoder();

test('every line is shown; those of chosen streams alone when some are chosen', async () => {
  const page = new Page();
  page.add(lines(3000));
  assert.equal((await page.rows()).map((row) => row.text), page.sent.map((line) => line.text));
  page.show('', ['b', 'c']);
  page.add(lines(300));
  const rows = await page.rows();
  assert.equal(rows.map((row) => row.text), page.sent.filter((line) => line.id !== 'a').map((line) => line.text));
  assert.equal(rows.map((row) => row.at), rows.map((_, i) => (rows[0]?.at ?? 0) + i));
  const { lines: count, matched, held } = await page.state();
  assert.equal([count, matched, held], [2200, 2200, 3300]);
  page.show('', ['nobody']);
  assert.equal(await page.rows(), []);
});

test('a filter shows what matches, with its marks, and counts what it hides', timed(20_000, async () => {
  const page = new Page();
  page.add(lines(5000, (i) => (i % 7 === 0 ? `x ✓ Needle ${i} needle` : i % 2 === 0 ? `\x1b[31mnee\x1b[0mdle ${i}` : `hay ${i}`)));
  page.show('needle \\d+', undefined, true);
  const state = await page.settled();
  const matching = (line: Line): boolean => /needle \d+/i.test(line.text.replace(/\x1b\[\d+m/g, ''));
  assert.is(state.lines, 5000);
  assert.is(state.matched, page.sent.filter(matching).length);
  assert.equal((await page.rows()).map((row) => row.text), page.sent.filter(matching).map((line) => line.text));
  assert.equal((await page.rows())[0]?.marks, [4, 12]);
  page.add(lines(500, (i) => `needle ${i}`));
  await until(async () => (await page.state()).matched === page.sent.filter(matching).length);
  page.show('needle \\d+', undefined, false);
  assert.is((await page.settled()).matched, page.sent.filter((line) => /needle \d+/.test(line.text.replace(/\x1b\[\d+m/g, ''))).length);
}));

test('whatever is chosen, added and dropped, what is shown is what a plain search gives', timed(60_000, async () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 900 }) }),
    fc.record({
      pattern: fc.constantFrom('', '1', '5$', 'e 1\\d', 'zzz'),
      streams: fc.constantFrom<string[] | undefined>(undefined, ['a'], ['b', 'c']),
    }),
    fc.record({ wait: fc.integer({ min: 0, max: 3 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const page = new Page({ lines: 3000, bytes: 1e9 });
      let choice: { pattern: string; streams: string[] | undefined } = { pattern: '', streams: undefined };
      for (const s of steps) {
        if ('add' in s) page.add(lines(s.add, (i) => `line ${page.sent.length + i}`));
        else if ('wait' in s) for (let i = 0; i < s.wait; i++) await new Promise((resolve) => setImmediate(resolve));
        else page.show((choice = s).pattern, s.streams);
      }
      const { dropped, pattern } = await page.settled();
      assert.is(pattern, choice.pattern);
      const regex = new RegExp(choice.pattern);
      const { streams } = choice;
      const want = page.sent.slice(dropped).filter(({ id, text }) => regex.test(text) && (!streams || streams.includes(id)));
      await until(async () => (await page.state()).matched === want.length, 3000, () => `${want.length} rows`);
      assert.equal((await page.rows()).map((row) => row.text), want.map((line) => line.text));
    }),
    { numRuns: 60 },
  );
}));

test('notes are shown whatever the filter, and are no lines', timed(10_000, async () => {
  const page = new Page();
  page.add(lines(10));
  page.keeper.take(encoder.encode('{"@":"skip","from":"e.11","to":"e.20","count":10,"why":"slow"}\n'));
  page.show('line 3', ['a', 'b', 'c']);
  const { lines: count, matched } = await page.settled();
  assert.equal([count, matched], [10, 1]);
  assert.equal((await page.rows()).map((row) => row.kind), [KIND.line, KIND.skip]);
}));

test('rows keep their numbers while older ones are found and newer ones come', timed(10_000, async () => {
  const page = new Page();
  page.add(lines(20_000));
  page.show('[05]$');
  let first: Row | undefined;
  await until(async () => (first = (await page.rows()).at(-1)) !== undefined && (await page.state()).pattern !== '');
  page.add(lines(1000));
  await page.settled();
  const again = (await page.rows()).find((row) => row.at === first?.at);
  assert.is(again?.position, first?.position);
  await until(async () => (await page.state()).matched === 4200);
}));

test('a row that should stay is found again in another choice', timed(10_000, async () => {
  const page = new Page();
  page.add(lines(9000));
  page.show('7$', undefined, false, 4444);
  const { keepAt } = await page.settled();
  assert.is((await page.rows()).find((row) => row.at === keepAt)?.text, 'line 4447');
}));

test('typing on: only the last pattern is tried to the end', timed(10_000, async () => {
  const page = new Page();
  page.add(lines(100_000));
  for (const pattern of ['l', 'li', 'lin', 'line 7', 'line 77', 'line 777']) {
    page.show(pattern);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { pattern, matched } = await page.settled();
  assert.equal([pattern, matched], ['line 777', 111]);
  assert.ok(page.desk.tried < 200_000, `${page.desk.tried} lines were tried`);
}));

test('a pattern that never ends is stopped; the last good filter goes on, for lines come meanwhile as well', timed(15_000, async () => {
  const page = new Page();
  page.add(lines(3000));
  page.show('7$');
  assert.is((await page.settled()).matched, 300);
  page.show('never');
  page.add(lines(1000));
  await until(async () => (await page.state()).search.state === 'slow', 5000);
  assert.is(page.desk.ended, 1);
  assert.is((await page.state()).pattern, '7$');
  await until(async () => (await page.state()).matched === 400);
  page.show('never', ['a']);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.is(page.desk.ended, 1, 'it is not tried again');
  page.show('8$');
  assert.is((await page.settled()).matched, 400);
}));

test('what tries filters may take long to come; where it cannot be had that is said, and the next filter asks for it again', timed(15_000, async () => {
  const page = new Page();
  page.desk.delay = 2000;
  page.add(lines(3000));
  page.show('7$');
  await new Promise((resolve) => setTimeout(resolve, 1700));
  page.add(lines(10));
  assert.is((await page.state()).search.state, 'searching');
  assert.equal([(await page.settled()).matched, page.desk.ended], [301, 0]);

  const other = new Page();
  other.desk.delay = -1;
  other.add(lines(3000));
  other.show('7$');
  await until(async () => (await other.state()).search.state === 'unfetched', 5000);
  const { pattern, matched } = await other.state();
  assert.equal([pattern, matched], ['', 3000]);
  void other.keeper.answer({ ask: 'find', pane: 0, serial: 1, filter: filter('7$') });
  await until(async () => (await other.state()).find.stopped === 'unfetched', 5000);
  other.desk.delay = 0;
  other.show('8$');
  assert.is((await other.settled()).matched, 300);
}));

test('with no good filter before it, all lines are shown', timed(10_000, async () => {
  const page = new Page();
  page.add(lines(100));
  page.show('never');
  await until(async () => (await page.state()).search.state === 'slow', 5000);
  const { pattern, matched } = await page.state();
  assert.equal([pattern, matched], ['', 100]);
}));

test('the newest rows come with the state; a whole line and its keys are given on asking', timed(10_000, async () => {
  const page = new Page();
  page.add([...lines(100), { id: 'a', text: `long ${'é'.repeat(5000)}` }]);
  await page.keeper.answer({ ask: 'follow', pane: 0, rows: 3 });
  const { tail } = await page.state();
  assert.equal(tail?.map((row) => row.text.slice(0, 7)), ['line 98', 'line 99', 'long éé']);
  const last = tail?.at(-1) as Row;
  assert.ok(last.text.length < 5000 && last.rest > 0 && !last.text.includes('\ufffd'));
  const whole = await page.keeper.answer({ ask: 'whole', position: last.position });
  assert.ok(whole?.say === 'whole');
  assert.is(whole.text.length, 5005);
  assert.is(whole.label.n, 101);
  assert.equal(await page.keeper.answer({ ask: 'whole', position: 1e9 }), { say: 'gone' });
}));

/** The server's answer to `after=e.A&until=e.B`, of entries numbered like their lines; those up to `gone` are not held any more. */
function answered(query: string, gone = 0): string {
  const [, after, until] = /^after=e\.(\d+)&until=e\.(\d+)$/.exec(query)?.map(Number) ?? [];
  assert.ok(after !== undefined && until !== undefined, query);
  const from = Math.max(after, gone);
  const entries = Array.from({ length: until - from }, (_, i) => {
    const n = from + 1 + i;
    return `${JSON.stringify({ id: 'a', run: 'r', n, ts: 1, msg: `line ${n - 1}` })}\n`;
  });
  const skip = from > after ? `{"@":"skip","from":"e.${after + 1}","to":"e.${from}","count":${from - after},"why":"gone"}\n` : '';
  return `{"@":"hello","epoch":"e","now":1}\n${skip}{"@":"batch","at":"e.${from + 1}","count":${entries.length},"ts":1}\n${entries.join('')}`;
}

test('what a slow page was not given is loaded back into its place, once, whatever is chosen', timed(20_000, async () => {
  const page = new Page();
  const all = lines(9000, (i) => `line ${i}`, ['a']);
  page.add(all.slice(0, 2000));
  page.keeper.take(encoder.encode('{"@":"skip","from":"e.2001","to":"e.6000","count":4000,"why":"slow"}\n'));
  page.sent.push(...all.slice(2000, 6000));
  page.add(all.slice(6000));
  const note = (await page.rows()).find((row) => row.kind === KIND.skip);
  assert.ok(note?.loadable && note.position === 2000);
  page.show('7$');
  assert.is((await page.settled()).matched, 500);
  const back = async (): Promise<unknown> => {
    const said = await page.keeper.answer({ ask: 'back', position: 2000 });
    page.again();
    return said;
  };
  page.keeper.load = () => Promise.reject(new Error('no way'));
  assert.equal(await back(), { say: 'back', lines: 0, more: false, why: 'no way' });
  page.keeper.load = async (query, block) => block(encoder.encode(answered(query)).subarray(0, -30));
  assert.equal(await back(), { say: 'back', lines: 0, more: false, why: 'the answer was cut short' });
  page.keeper.load = async (query, block) => block(encoder.encode(answered(query)));
  assert.is((await page.keeper.state('live', 0)).skipped, 4000);
  assert.equal(await back(), { say: 'back', lines: 4000, more: false });
  assert.is((await page.keeper.state('live', 0)).skipped, 0, 'what has been loaded is not missing any more');
  assert.is((await page.settled()).matched, 900);
  page.show('');
  await page.settled();
  assert.equal((await page.rows()).map((row) => row.text), all.map((line) => line.text));
  assert.equal(await back(), { say: 'back', lines: 0, more: false, why: 'there is nothing to load' });
  page.add(lines(100, (i) => `more ${i}`, ['a']));
  assert.is((await page.state()).lines, 9100);
}));

test('of what is loaded back, what the server no longer holds stays missing', timed(20_000, async () => {
  const page = new Page();
  page.add(lines(10, (i) => `line ${i}`, ['a']));
  page.keeper.take(encoder.encode('{"@":"skip","from":"e.11","to":"e.60","count":50,"why":"slow"}\n'));
  page.keeper.load = async (query, block) => block(encoder.encode(answered(query, 40)));
  await page.keeper.answer({ ask: 'back', position: 10 });
  page.again();
  const rows = await page.rows();
  assert.equal(rows.map((row) => row.text).slice(9, 12), ['line 9', '30 lines not shown: they had left the memory of the server before this page could take them', 'line 40']);
  assert.equal(rows.filter((row) => row.loadable).map((row) => row.text), []);
  assert.is(rows.length, 31);
  assert.is((await page.keeper.state('live', 0)).skipped, 30);
  assert.equal(rows.flatMap((row) => note(row) ?? []), [], 'nothing is offered that cannot be had');
}));

/** A page that was given the lines from number `first` on of `all`, and can ask for the others; those up to `gone` are not there. */
function lateComer(all: Line[], first: number, gone = 0, limits?: Limits): { page: Page; asked: string[]; older: () => Promise<unknown> } {
  const page = new Page(limits);
  page.sent.push(...all.slice(0, first));
  page.add(all.slice(first));
  const asked: string[] = [];
  page.keeper.load = async (query, block) => {
    asked.push(query);
    block(encoder.encode(answered(query, gone)));
  };
  return { page, asked, older: () => page.keeper.answer({ ask: 'older', first: 1 }) };
}

test('older lines are loaded step by step before those held; rows, filters and find keep their places and go on', timed(30_000, async () => {
  const all = lines(50_000, (i) => `line ${i}`, ['a']);
  for (const [choice, matched] of [[{}, 50_000], [{ filters: [filter('7$')] }, 5000], [{ filters: [filter('7$')], around: 1 }, 5000], [{ repeats: true }, 50_000]] as const) {
    const { page, asked, older } = lateComer(all, 45_000);
    page.choose({ ...choice, filters: 'filters' in choice ? [...choice.filters] : [] });
    await page.keeper.answer({ ask: 'find', pane: 0, serial: 1, filter: filter('77$') });
    const before = await page.settled();
    const row = (await page.rows()).find((one) => one.text === 'line 45377');
    assert.is((await page.keeper.state('live', 0)).firstEntry, 45_001);
    assert.equal(await older(), { say: 'back', lines: 0, more: true });
    page.again(row?.position);
    assert.equal(await older(), { say: 'back', lines: 0, more: true });
    assert.equal(await older(), { say: 'back', lines: 0, more: false });
    assert.equal(asked, ['after=e.25000&until=e.45000', 'after=e.5000&until=e.25000', 'after=e.0&until=e.5000']);
    page.again(row?.position);
    await until(async () => (await page.settled()).matched === matched && !(await page.state()).find.searching);
    const now = await page.state();
    const rows = await page.rows();
    const folds = 'repeats' in choice || 'around' in choice;
    assert.is(now.lines, 50_000);
    assert.is(now.find.count, 500);
    assert.is((await page.keeper.state('live', 0)).firstEntry, 1);
    assert.equal(rows.filter((one) => !one.context).map((one) => one.text), all.map((line) => line.text).filter((text) => matched > 5000 || text.endsWith('7')));
    if (!folds) assert.equal([now.lens, now.end, rows.find((one) => one.at === row?.at)?.text], [before.lens, before.end, row?.text]);
    else assert.is(rows.find((one) => one.at === now.keepAt)?.text, row?.text);
    page.add(lines(10, (i) => `new ${i}7`, ['a']));
    await until(async () => (await page.state()).lines === 50_010);
    assert.is((await page.rows()).at(-1)?.text, 'new 97');
  }
}));

test('of older lines as many are loaded as there is room for; what the server has dropped meanwhile is no gap', timed(20_000, async () => {
  const all = lines(30_000, (i) => `line ${i}`, ['a']);
  const { page, older } = lateComer(all, 28_000, 0, { lines: 9000, bytes: 1e9 });
  assert.equal(await older(), { say: 'back', lines: 0, more: false });
  const { held, dropped, firstEntry } = await page.keeper.state('live', 0);
  assert.equal([held, dropped, firstEntry], [9000, 0, 0], 'and there is no room for more');
  assert.equal((await page.rows()).map((row) => row.text), all.slice(-9000).map((line) => line.text));
  assert.equal(await older(), { say: 'back', lines: 0, more: false });
  const other = lateComer(all, 28_000, 26_000);
  const [one, two] = await Promise.all([other.older(), other.older()]);
  assert.equal([one, two], [{ say: 'back', lines: 0, more: true }, { say: 'back', lines: 0, more: false }], 'asked for twice they come once');
  assert.equal((await other.page.rows()).map((row) => row.text), all.slice(26_000).map((line) => line.text));
  other.page.keeper.load = () => Promise.reject(new Error('no way'));
  assert.equal(await other.older(), { say: 'back', lines: 0, more: false, why: 'no way' });
  other.page.keeper.take(encoder.encode('{"@":"hello","epoch":"f","now":1}\n{"@":"batch","at":"f.100","count":1,"ts":1}\n{"id":"a","run":"s","n":100,"ts":1,"msg":"anew"}\n'));
  assert.is((await other.page.keeper.state('live', 0)).firstEntry, 0, 'lines of the server\'s earlier life are before them');
}));

test.run();
