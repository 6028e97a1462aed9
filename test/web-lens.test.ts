/** What a pane shows against a plain model of it: streams, levels, times, filters, repeats, stacks and surroundings, while lines come and go. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ALL_LEVELS, LEVEL } from '../lib/level.ts';
import { KIND } from '../lib/web/kind.ts';
import { EVERYTHING, RAIL, type Choice, type Row } from '../lib/web/talk.ts';
import { filter, lines, Page, type Line } from './keeping.ts';
import { timed, until } from './sh.ts';

/** A line as the model knows it. */
type Known = Line & { position: number; ts: number; level: number; goesOn: boolean };
/** A row as the model shows it; `repeats` and `folded` are positions. */
type Shown = { position: number; repeats: number[]; folded: number[]; context: boolean };

const levelOf = (text: string): number => (text.startsWith('ERROR') ? LEVEL.error : text.startsWith('WARN') ? LEVEL.warn : LEVEL.none);

/** Levels and what goes on, line by line. */
function known(sent: readonly Line[]): Known[] {
  const heads = new Map<string, { level: number; followers: number; indented: boolean }>();
  return sent.map((line, position) => {
    const head = heads.get(line.id);
    const indented = line.text.startsWith(' ');
    const goesOn = indented && head !== undefined && !head.indented && head.followers < 500;
    if (head && goesOn) {
      head.followers++;
      return { ...line, ts: line.ts ?? 1, position, goesOn, level: head.level || levelOf(line.text) };
    }
    const level = levelOf(line.text);
    heads.set(line.id, { level, followers: 0, indented });
    return { ...line, ts: line.ts ?? 1, position, goesOn: false, level };
  });
}

const byLevel = (lines: readonly Known[]): number[] => Array.from({ length: 7 }, (_, level) => lines.filter((line) => line.level === level).length);

const candidate = ({ streams, after }: Choice) => (line: Known): boolean =>
  (!streams || streams.includes(line.id)) && line.position >= Number((after ?? 'e.0').slice(2));

const passes = (choice: Choice, line: Known): boolean => (choice.levels & (1 << line.level)) !== 0 && passesAnyLevel(choice, line);

function passesAnyLevel({ filters, from, to }: Choice, line: Known): boolean {
  if (line.ts < (from ?? -Infinity) || line.ts >= (to ?? Infinity)) return false;
  return filters.every((f) => new RegExp(f.source).test(line.text) !== f.exclude);
}

/** Every row shown of the lines, none of which has been dropped. */
function view(all: Known[], choice: Choice, opened: ReadonlySet<number>): Shown[] {
  const own = all.filter(candidate(choice));
  const matching = own.map((line) => passes(choice, line));
  const near = choice.filters.length > 0 ? choice.around : 0;
  const seen = matching.map((_, i) => matching.slice(Math.max(0, i - near), i + near + 1).includes(true));
  const rows: (Shown & { line: Known })[] = [];
  const heads = new Map<string, { row: Shown | undefined }>(); // undefined: opened
  let free = -1; // index of the opened row whose equals are shown
  own.forEach((line, i) => {
    if (!seen[i]) {
      if (!line.goesOn) heads.delete(line.id);
      return;
    }
    const context = !matching[i];
    const head = heads.get(line.id);
    const alone = !context && head?.row?.context === true; // what matches is not hidden under what does not
    if (choice.stacks && line.goesOn && head?.row && !alone) return void head.row.folded.push(line.position);
    const last = rows.at(-1);
    const anew = !(choice.stacks && line.goesOn);
    const alike = choice.repeats && anew && !context && last && !last.context && last.folded.length === 0;
    const isHead = last && !(choice.stacks && last.line.goesOn);
    if (alike && isHead && last.line.id === line.id && last.line.text === line.text) {
      if (free !== rows.length - 1 && !opened.has(last.position)) {
        last.repeats.push(line.position);
        heads.set(line.id, { row: last });
        return;
      }
      free = rows.length;
    }
    const row = { position: line.position, repeats: [], folded: [], context, line };
    rows.push(row);
    if (anew || !head || alone) heads.set(line.id, { row: opened.has(line.position) ? undefined : row });
  });
  return rows;
}

/** What is left of the rows when lines before a position are dropped. */
function trimmed(rows: Shown[], first: number): Shown[] {
  return rows.flatMap((row) => {
    if (row.position >= first) return [row];
    const left = row.repeats.filter((position) => position >= first);
    return left.length > 0 ? [{ position: left[0] as number, repeats: left.slice(1), folded: [], context: false }] : [];
  });
}

const plain = (rows: readonly Row[]): unknown[] => rows.map((r) => [r.position, r.repeats, r.folded, r.context]);
const wanted = (rows: readonly Shown[]): unknown[] => rows.map((r) => [r.position, r.repeats.length + 1, r.folded.length, r.context]);

const someLine: fc.Arbitrary<Line> = fc.record({
  id: fc.constantFrom('a', 'a', 'b'),
  text: fc.constantFrom('same', 'same', 'same', 'ERROR x', 'WARN y', ' at x', ' at y', 'other 1', 'other 2'),
  ts: fc.integer({ min: 1000, max: 3000 }),
});
const someChoice: fc.Arbitrary<Partial<Choice>> = fc.record({
  streams: fc.constantFrom<string[] | undefined>(undefined, undefined, ['a'], ['b']),
  filters: fc.constantFrom([], [], [filter('s')], [filter('same', { exclude: true })], [filter('r'), filter('1', { exclude: true })], [filter('zz')]),
  levels: fc.constantFrom(ALL_LEVELS, ALL_LEVELS, (1 << LEVEL.error) | (1 << LEVEL.warn), 1 << LEVEL.none),
  repeats: fc.boolean(),
  stacks: fc.boolean(),
  around: fc.constantFrom(0, 0, 1, 3),
  from: fc.constantFrom(undefined, undefined, 1500),
  to: fc.constantFrom(undefined, undefined, 2500),
  after: fc.constantFrom(undefined, undefined, 'e.700'),
});
const someStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ lines: fc.array(someLine, { minLength: 1, maxLength: 40 }), times: fc.constantFrom(1, 1, 1, 30) }) },
  { weight: 2, arbitrary: fc.record({ choice: someChoice }) },
  { weight: 1, arbitrary: fc.record({ open: fc.nat() }) },
);

test('rows, counts and marks are those of a plain model, whatever is chosen, comes, goes and is opened', timed(240_000, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someStep, { minLength: 2, maxLength: 12 }), async (steps) => {
      const page = new Page({ lines: 2500, bytes: 1e9 });
      let choice: Choice = EVERYTHING;
      let begun = 0; // lines dropped when the rows were last made anew
      const opened = new Set<number>();
      await page.keeper.answer({ ask: 'find', pane: 0, serial: 1, filter: filter('[xr]') });
      const first = async (): Promise<number> => (await page.state()).dropped;
      for (const step of steps) {
        if ('lines' in step) for (let i = 0; i < step.times; i++) page.add(step.lines);
        else if ('choice' in step) {
          const before = choice;
          choice = { ...EVERYTHING, ...step.choice };
          page.choose(choice);
          await page.settled();
          if (JSON.stringify(before) !== JSON.stringify(choice)) begun = await first();
        } else {
          const rows = await page.rows();
          const row = rows[step.open % Math.max(1, rows.length)];
          if (!row || row.kind !== KIND.line) continue;
          if (!opened.delete(row.position)) opened.add(row.position);
          await page.keeper.answer({ ask: 'unfold', pane: 0, position: row.position });
          begun = await first();
        }
        const all = known(page.sent);
        const dropped = await first();
        const held = all.filter((line) => line.position >= dropped && candidate(choice)(line));
        const matching = held.filter((line) => passes(choice, line));
        let now = await page.state();
        await until(async () => (now = await page.state()).lines === held.length && now.matched === matching.length, 3000, () => {
          return `${held.length} lines and ${matching.length} that match, not ${now.lines} and ${now.matched}`;
        });
        assert.equal([...now.levels.held], byLevel(held));
        assert.equal([...now.levels.passing], byLevel(held.filter((line) => passesAnyLevel(choice, line))));
        const made = view(all.filter((line) => line.position >= begun), choice, opened);
        const rows = await page.rows();
        assert.equal(plain(rows), wanted(trimmed(made, dropped)));
        assert.equal(rows.map((row) => row.at), rows.map((_, i) => now.base + i));
        // Find finds in what is folded as well, and not in what is hidden.
        const context = new Set(rows.filter((row) => row.context).map((row) => row.position));
        const hits = held.filter((line) => /[xr]/.test(line.text) && (passes(choice, line) || context.has(line.position)));
        let count = NaN;
        await until(async () => (count = (await page.state()).find.count) === hits.length, 3000, () => `${hits.length} hits, not ${count}`);
      }
    }),
    { numRuns: 150, examples: [[[
      { lines: [{ id: 'b', text: 'same', ts: 1000 }, { id: 'b', text: ' at y', ts: 1000 }, { id: 'b', text: ' at x', ts: 1000 }], times: 1 },
      { choice: { streams: undefined, filters: [filter('same', { exclude: true })], levels: ALL_LEVELS, repeats: false, stacks: true, around: 1, from: undefined, to: undefined, after: undefined } },
      { open: 0 },
    ]]] }, // what is near a match, and opened
  );
}));

test('errors, rail, shape and hits are counted', timed(20_000, async () => {
  const page = new Page({ lines: 5000, bytes: 1e9 });
  const make = (count: number, at: number): Line[] =>
    Array.from({ length: count }, (_, i) => ({
      id: 'a', text: i % 100 === 0 ? `ERROR ${i}` : i % 50 === 1 ? `WARN ${i}` : `line ${i}`, ts: 1_795_341_000_000 + (at + i) * 10,
    }));
  page.add(make(3000, 0));
  await page.keeper.answer({ ask: 'find', pane: 0, serial: 7, filter: filter('7$') });
  await until(async () => !(await page.state()).find.searching);
  let now = await page.state();
  assert.equal(now.find, { serial: 7, count: 300, searching: false, stopped: undefined });
  assert.is(now.errors, 30);
  assert.ok(now.rail.length === 400 && now.rail.every((bin) => (bin & RAIL.hit) !== 0 || bin >= 0));
  assert.is(now.rail.filter((bin) => (bin & RAIL.error) !== 0).length, 30);
  const sum = (counts: Uint32Array, level: number): number => counts.reduce((all, n, i) => (i % 7 === level ? all + n : all), 0);
  const { shape } = now;
  assert.ok(shape && shape.from <= 1_795_341_000_000 && shape.to > 1_795_341_000_000 + 29_990 && shape.counts.length / 7 <= 240);
  assert.equal([sum(shape.counts, LEVEL.error), sum(shape.counts, LEVEL.warn), sum(shape.counts, LEVEL.none)], [30, 60, 2910]);
  page.add(make(4000, 3000));
  await until(async () => (await page.state()).find.count > 300);
  now = await page.state();
  assert.is(now.errors, 70, 'errors are counted on, whatever is dropped');
  await until(async () => {
    const shaped = (await page.state()).shape;
    return shaped !== undefined && sum(shaped.counts, LEVEL.none) + sum(shaped.counts, LEVEL.warn) + sum(shaped.counts, LEVEL.error) === now.held;
  }, 4000);
  page.show('ERROR');
  await page.settled();
  const texts = (await page.rows()).map((row) => row.text);
  assert.ok(texts.length > 0 && texts.every((text) => text.startsWith('ERROR')));
  await page.keeper.answer({ ask: 'find', pane: 0, serial: 8, filter: undefined });
  assert.is((await page.state()).find.count, 0);
}));

test('going from hit to hit opens what they are folded under, there and back', timed(20_000, async () => {
  const page = new Page();
  const texts = ['ERROR one', ' at x', ' at y', 'same', 'same', ' at y', 'same', 'other', 'ERROR two', ' at x', 'y last', 'end'];
  page.add(texts.flatMap((text) => [{ id: 'a', text }, { id: 'b', text: 'between' }]));
  page.choose({ streams: ['a'], repeats: true, stacks: true });
  await page.keeper.answer({ ask: 'find', pane: 0, serial: 1, filter: filter('y') });
  await until(async () => !(await page.state()).find.searching);
  const folded = (await page.rows()).map((row) => row.text);
  assert.equal(folded, ['ERROR one', 'same', 'same', 'other', 'ERROR two', 'y last', 'end']);
  assert.is((await page.state()).find.count, 3);
  const walk = async (forward: boolean): Promise<unknown[]> => {
    const { base, end } = await page.state();
    const found: unknown[] = [];
    for (let row: number | undefined = forward ? base - 1 : end, serial = 0; ; ) {
      const said = await page.keeper.answer({ ask: 'seek', pane: 0, serial: ++serial, what: 'hit', row: row as number, forward });
      if (said?.say !== 'sought' || said.row === undefined) return found;
      const state = await page.state();
      assert.is(said.lens, state.lens);
      row = said.row;
      found.push([(await page.rows()).find((one) => one.at === row)?.text, said.index, said.count]);
    }
  };
  assert.equal(await walk(true), [[' at y', 0, 3], [' at y', 1, 3], ['y last', 2, 3]]);
  assert.equal((await page.rows()).map((row) => row.text), ['ERROR one', ' at x', ' at y', 'same', 'same', ' at y', 'same', 'other', 'ERROR two', 'y last', 'end']);
  assert.equal(await walk(false), [['y last', 2, 3], [' at y', 1, 3], [' at y', 0, 3]]);
}));

test('the next hit, error, warning, bookmark; a time, a position, a line by its name', timed(20_000, async () => {
  const page = new Page();
  page.add(Array.from({ length: 5000 }, (_, i) => ({ id: i % 2 === 0 ? 'a' : 'b', text: i % 1000 === 500 ? 'ERROR' : i % 1000 === 700 ? 'WARN' : `line ${i}`, ts: 1000 + i })));
  let serial = 0;
  const seek = async (rest: object, row = -1, forward = true): Promise<[number | undefined, string | undefined, number, number]> => {
    const ask = { ask: 'seek', pane: 0, serial: ++serial, what: 'hit', row, forward, ...rest } as Parameters<typeof page.keeper.answer>[0];
    const said = await page.keeper.answer(ask);
    if (said?.say !== 'sought') throw new Error('no answer');
    assert.is(said.serial, serial);
    return [said.row, said.why, said.index, said.count];
  };
  const rows = await page.rows();
  const base = rows[0]?.at ?? 0;
  const at = ([row, ...rest]: Awaited<ReturnType<typeof seek>>): unknown[] => [row === undefined ? row : row - base, ...rest];
  await page.keeper.answer({ ask: 'find', pane: 0, serial: 1, filter: filter('999$') });
  await until(async () => !(await page.state()).find.searching);
  assert.equal(at(await seek({}, base - 1)), [999, undefined, 0, 5]);
  assert.equal(at(await seek({}, base + 999)), [1999, undefined, 1, 5]);
  assert.equal(at(await seek({}, base + 1999, false)), [999, undefined, 0, 5]);
  assert.equal(at(await seek({}, base + 999, false)), [undefined, 'none above', -1, 5]);
  assert.equal(at(await seek({ what: 'error' }, base + 500)).slice(0, 2), [1500, undefined]);
  assert.equal(at(await seek({ what: 'error' }, base + 5000, false)).slice(0, 2), [4500, undefined]);
  assert.equal(at(await seek({ what: 'warning' }, base + 4700)).slice(0, 2), [undefined, 'none below']);
  await page.keeper.answer({ ask: 'bookmarks', positions: [40, 4000] });
  assert.equal(at(await seek({ what: 'bookmark' }, base + 40)).slice(0, 2), [4000, undefined]);
  assert.equal(at(await seek({ what: 'bookmark' }, base + 40, false)).slice(0, 2), [undefined, 'none above']);
  assert.equal(at(await seek({ what: 'time', time: 1234 })).slice(0, 2), [234, undefined]);
  assert.equal(at(await seek({ what: 'time', time: 99_999 })).slice(0, 2), [4999, 'all are earlier']);
  assert.equal(at(await seek({ what: 'position', position: 77 })).slice(0, 2), [77, undefined]);
  assert.equal(at(await seek({ what: 'line', id: 'b', run: 'r', n: 100 })).slice(0, 2), [99, undefined]);
  assert.equal(at(await seek({ what: 'line', id: 'a', run: 'r', n: 100 })).slice(0, 2), [undefined, 'not held']);
  assert.equal(at(await seek({ what: 'error', lens: (await page.state()).lens }, Infinity, false)).slice(0, 2), [4500, undefined]);
  page.choose({ streams: ['a'] });
  // Rows are counted otherwise now: from the number of one that another lens had nothing can be told, and none is opened for it.
  const { lens } = await page.state();
  assert.equal(await seek({ lens: lens - 1 }, base + 999), [undefined, 'gone', -1, 0]);
  assert.is((await page.state()).lens, lens);
  const [row, why] = await seek({ what: 'line', id: 'b', run: 'r', n: 100 });
  assert.is(why, 'hidden');
  assert.is((await page.rows()).find((one) => one.at === row)?.text, 'line 100');
}));

test('a repeat of the newest row changes that row, and the page is told', timed(10_000, async () => {
  const page = new Page();
  page.choose({ repeats: true });
  page.add([{ id: 'a', text: 'x' }, { id: 'a', text: 'same' }]);
  assert.is((await page.rows()).length, 2);
  await page.state();
  page.add(lines(213, () => 'same', ['a']));
  const { changed, base, end } = await page.state();
  assert.equal(changed.map((row) => [row.at - base, row.text, row.repeats]), [[1, 'same', 214]]);
  assert.is(end - base, 2);
  assert.equal((await page.state()).changed, []);
}));

test('what is shown, as a file: text, and records that can be read again', timed(20_000, async () => {
  const page = new Page();
  page.add([
    { id: 'a', text: 'plain "quoted" \\ back', ts: 5 }, { id: 'b', text: '\x1b[31mred\x1b[0m é ✓ \u0000', ts: 6 },
    { id: 'a', text: 'twice', ts: 7 }, { id: 'a', text: 'twice', ts: 8 }, { id: 'b', text: 'hidden', ts: 9 },
  ]);
  page.choose({ filters: [filter('hidden', { exclude: true })], repeats: true });
  await page.settled();
  const save = async (as: 'text' | 'ndjson'): Promise<[string, number]> => {
    const said = await page.keeper.answer({ ask: 'export', pane: 0, as });
    return said?.say === 'exported' ? [await said.blob.text(), said.lines] : ['', NaN];
  };
  assert.equal(await save('text'), ['plain "quoted" \\ back\nred é ✓ \u0000\ntwice\ntwice\n', 4]);
  const [records, count] = await save('ndjson');
  assert.is(count, 4);
  assert.equal(records.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown), page.sent.slice(0, 4).map(({ id, text, ts }, i) => ({
    id, run: 'r', n: i + 1, ts, msg: text,
  })));
}));

test('a file holds what was shown when it was asked for, whatever comes and goes while it is made', timed(30_000, async () => {
  const page = new Page({ lines: 50_000, bytes: 1e9 });
  page.add(lines(50_000, (i) => `line ${i} ${'word '.repeat(20)}`));
  page.choose({ filters: [filter('[05] word')] });
  await page.settled();
  const shown = page.sent.filter(({ text }) => /[05] word/.test(text)).map(({ text }) => `${text}\n`).join('');
  const order: string[] = [];
  const large = page.keeper.answer({ ask: 'export', pane: 0, as: 'text' }).finally(() => order.push('large'));
  await page.keeper.answer({ ask: 'show', pane: 1, serial: 1, choice: { ...EVERYTHING, streams: ['nobody'] }, keep: undefined });
  const small = page.keeper.answer({ ask: 'export', pane: 1, as: 'text' }).finally(() => order.push('small'));
  page.choose({ filters: [filter('nothing')] });
  page.add(lines(60_000)); // all of them go
  await page.settled();
  const [first, second] = [await large, await small];
  assert.ok(first?.say === 'exported' && second?.say === 'exported');
  assert.is(await first.blob.text(), shown);
  assert.equal([first.lines, second.lines, second.blob.size], [10_000, 0, 0]);
  assert.equal(order, ['large', 'small'], 'files come in the order in which they were asked for');
}));

test('several panes over one memory, each with its own streams and filters; closing one stops its work', timed(20_000, async () => {
  const page = new Page();
  page.add(lines(3000));
  const show = (pane: number, choice: Partial<Choice>): Promise<unknown> =>
    page.keeper.answer({ ask: 'show', pane, serial: 1, choice: { ...EVERYTHING, ...choice }, keep: undefined });
  await show(1, { streams: ['a'], filters: [filter('7$')] });
  await show(2, { filters: [filter('line'), filter('8$'), filter('LINE 2', { mode: 'text', fold: true, exclude: true })] });
  await until(async () => (await page.keeper.state('live', 0)).panes.every((pane) => pane.search.state === 'done'));
  page.add(lines(300));
  await until(async () => {
    const { panes } = await page.keeper.state('live', 0);
    return panes[0]?.matched === 3300 && panes[1]?.matched === 110 && panes[2]?.matched === 208;
  }, 5000, () => 'three panes');
  await page.keeper.answer({ ask: 'close', pane: 1 });
  assert.equal((await page.keeper.state('live', 0)).panes.map((pane) => pane.pane), [0, 2]);
  await show(3, { filters: [filter('never')] });
  await until(async () => (await page.keeper.state('live', 0)).panes[2]?.search.state === 'slow', 5000);
  page.add([{ id: 'a', text: 'line 18' }]);
  await until(async () => (await page.keeper.state('live', 0)).panes[1]?.matched === 209, 5000, () => 'the others to go on');
}));

test('a late line of a merged view is marked; a note of the person stands between the lines', timed(10_000, async () => {
  const page = new Page();
  page.add([{ id: 'a', text: '1', ts: 3000 }, { id: 'b', text: '2', ts: 1200 }, { id: 'a', text: '3', ts: 3001 }]);
  await page.keeper.answer({ ask: 'mark', text: 'deployed' });
  const rows = await page.rows();
  assert.equal(rows.map((row) => [row.text, row.late, row.kind]), [['1', false, 0], ['2', true, 0], ['3', false, 0], ['deployed', false, KIND.mark]]);
  page.choose({ streams: ['b'] });
  assert.equal((await page.rows()).map((row) => [row.text, row.late]), [['2', false], ['deployed', false]]);
}));

test.run();
