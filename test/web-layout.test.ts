/** The parts of the page that think and do not draw: views and their addresses, the search for streams, their groups, what is remembered. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ALL_LEVELS } from '../lib/level.ts';
import { bonusAt, fit, fitAll, ranked } from '../lib/web/fuzzy.ts';
import { grouped } from '../lib/web/groups.ts';
import { fromHash, lineOf, lineText, toHash } from '../lib/web/hash.ts';
import { MAX_PANES, noChip, noPattern, plainPane, type Layout, type PaneView } from '../lib/web/layout.ts';
import { TIME_MODES } from '../lib/web/timing.ts';

// Views and addresses

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).filter((s) => !/\p{Cs}/u.test(s));
const pattern = fc.record({ source: text, mode: fc.constantFrom('regex', 'text'), fold: fc.boolean() });
const chip = fc.record({ source: text, mode: fc.constantFrom('regex', 'text'), fold: fc.boolean(), exclude: fc.boolean(), on: fc.boolean() });
const time = fc.option(fc.nat(2 ** 31).map((n) => n * 1000), { nil: undefined });
const name = fc.record({ id: text, run: fc.stringMatching(/^[a-z0-9]{0,12}$/), n: fc.nat() });
const pane = fc.record({
  streams: fc.option(fc.array(text, { minLength: 1, maxLength: 5 }), { nil: undefined }),
  draft: fc.oneof(fc.constant(noChip), chip),
  filters: fc.array(chip, { maxLength: 4 }),
  find: fc.oneof(fc.constant(noPattern), pattern),
  levels: fc.integer({ min: 1, max: ALL_LEVELS }), // one is always shown: of the last the button shows all
  wrap: fc.option(fc.boolean(), { nil: undefined }),
  columns: fc.array(text, { maxLength: 3 }),
  repeats: fc.boolean(),
  off: fc.boolean(),
  stacks: fc.boolean(),
  around: fc.nat(1000),
  from: time,
  to: time,
  after: fc.option(fc.stringMatching(/^[a-z0-9-]{1,12}\.\d{1,15}$/), { nil: undefined }),
  at: fc.option(name, { nil: undefined }),
  pointed: fc.boolean(),
}).map((p) => ({ ...p, pointed: p.pointed && p.at !== undefined })) as fc.Arbitrary<PaneView>;
const layout: fc.Arbitrary<Layout> = fc.record({
  panes: fc.array(pane, { minLength: 1, maxLength: MAX_PANES }),
  lock: fc.boolean(),
  lines: fc.option(fc.integer({ min: 1, max: 9_999_999 }), { nil: undefined }),
  time: fc.option(fc.constantFrom(...TIME_MODES), { nil: undefined }),
});

test('every view is the same again out of its address', () => {
  fc.assert(fc.property(layout, (view) => assert.equal(fromHash(toHash(view)), structuredClone({ ...view }))), { numRuns: 500 });
});

test('any text at all is an address of some view, and within bounds', () => {
  const key = fc.constantFrom('stream', 'filter', 'filter.zz', 'not.t', 'pane', 'level', 'around', 'at', 'line', 'from', 'cleared', 'lines', '__proto__');
  const junk = fc.array(fc.tuple(key, fc.string()), { maxLength: 40 }).map((pairs) => pairs.map(([k, v]) => `${k}=${v}`).join('&'));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), junk), (hash) => {
      const view = fromHash(hash);
      assert.ok(view.panes.length >= 1 && view.panes.length <= MAX_PANES);
      assert.equal(fromHash(toHash(view)), view);
    }),
    { numRuns: 500 },
  );
});

test('addresses are short and can be read, and those of 0.1.0 still mean what they meant', () => {
  assert.is(toHash({ panes: [plainPane()], lock: false, lines: undefined, time: undefined }), '');
  const view = fromHash('#stream=web1/nginx&stream=a:b&filter=5%5Cd%5Cd&case=1&wrap=1&lines=1000');
  assert.equal(view.panes, [
    { ...plainPane(), streams: ['web1/nginx', 'a:b'], draft: { ...noChip, source: '5\\d\\d', fold: false }, wrap: true },
  ]);
  assert.is(view.lines, 1000);
  assert.is(toHash(view), '#stream=web1/nginx&stream=a:b&filter.c=5%5Cd%5Cd&wrap=1&lines=1000');
  const two = '#filter=error&not.t=healthz&level=warn,error,fatal&pane&stream=db1&find=slow&at=db1:k3x9:812&lock=1';
  assert.is(toHash(fromHash(two)), two);
  assert.is(fromHash(`#${'pane&'.repeat(50)}`).panes.length, MAX_PANES);
});

test('a line is named by stream, run and number, also where the stream has colons', () => {
  assert.equal(lineOf('a:b/c:run1:7'), { id: 'a:b/c', run: 'run1', n: 7 });
  assert.equal(lineOf(lineText({ id: 'x', run: '', n: 3 })), { id: 'x', run: '', n: 3 });
  for (const bad of ['', 'x', 'x:1', 'x:r:-1', 'x:r:1e3']) assert.is(lineOf(bad), undefined, bad);
});

// Fuzzy search

/** All ways to find the query's characters in order, scored by the same rules, tried one by one. */
function slowly(t: string, q: string): number | undefined {
  let best: number | undefined;
  const go = (i: number, last: number, score: number): void => {
    if (i === q.length) {
      if (best === undefined || score > best) best = score;
      return;
    }
    for (let j = last + 1; j < t.length; j++) {
      if (t[j] !== q[i]) continue;
      const bonus = bonusAt(t, j);
      const gap = j - last - 1;
      const add = i === 0 ? bonus * 2 : gap === 0 ? Math.max(bonus, 4) : bonus - 3 - (gap - 1);
      go(i + 1, j, score + 16 + add);
    }
  };
  go(0, -1, 0);
  return best;
}

test('fuzzy search finds what has the letters in order, by its best way', () => {
  const letters = fc.stringMatching(/^[ab1/.]{0,9}$/);
  fc.assert(
    fc.property(letters, fc.stringMatching(/^[ab1]{1,4}$/), (t, q) => {
      const found = fit(t, q);
      assert.is(found?.score, slowly(t, q), `${q} in ${t}`);
      if (found) assert.is(found.at.map((i) => t[i]).join(''), q);
    }),
    { numRuns: 400 },
  );
});

test('what people mean comes first', () => {
  const order = (query: string, ids: string[]): string[] => ranked(ids, query, (id) => id).map(({ item }) => item);
  assert.is(order('ng', ['web1/logging', 'web1/nginx', 'meaning'])[0], 'web1/nginx');
  assert.is(order('w1n', ['web10/node', 'web1/nginx', 'wide-001-n'])[0], 'web1/nginx');
  assert.is(order('db', ['web/daily-backup', 'db1', 'adb'])[0], 'db1');
  assert.equal(order('ngi 2', ['web1/nginx', 'web2/nginx', 'web2/app']), ['web2/nginx']);
  assert.equal(order('nginx !web2', ['web1/nginx', 'web2/nginx']), ['web1/nginx']);
  assert.equal(order("^web 'app x$", ['web1/app/x', 'web1/a-p-p/x', 'my/web/app/x']), ['web1/app/x']);
  assert.equal(order('NG', ['nginx', 'webNG']), ['webNG'], 'a capital makes case matter');
  assert.equal(fitAll('web1/nginx', 'web nx')?.at, [0, 1, 2, 5, 9]);
});

test('1,000 streams are searched between two keys', () => {
  const ids = Array.from({ length: 1000 }, (_, i) => `region-${i % 7}/web${i}/service-${i % 31}/access.log`);
  const begun = performance.now();
  for (let i = 0; i < 10; i++) ranked(ids, 'reg3 svc2 acc', (id) => id);
  assert.ok((performance.now() - begun) / 10 < 60, `${(performance.now() - begun) / 10} ms`);
});

// Groups

const rowsOf = (ids: string[], shut: string[] = []): string[] =>
  grouped(ids, new Set(shut)).map((row) => '  '.repeat(row.depth) + ('group' in row ? `${row.label}(${row.ids.length})` : row.label));

test('ids are grouped by their slashes; a group of one is none', () => {
  const ids = ['web1/nginx/error', 'web1/nginx/access', 'web2/nginx', 'web1/app', 'db1', 'web10/x', 'eu/a/b/one', 'eu/a/b/two'];
  assert.equal(rowsOf(ids), [
    'db1', 'eu/a/b/(2)', '  one', '  two', 'web1/(3)', '  app', '  nginx/(2)', '    access', '    error', 'web2/nginx', 'web10/x',
  ]);
  assert.equal(rowsOf(ids, ['web1/', 'eu/a/b/']), ['db1', 'eu/a/b/(2)', 'web1/(3)', 'web2/nginx', 'web10/x']);
});

test('every id is in the list once, whatever its slashes', () => {
  const id = fc.stringMatching(/^[ab/]{1,8}$/);
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 20 }), (ids) => {
      const rows = grouped(ids, new Set());
      const leaves = rows.flatMap((row) => ('id' in row ? [row.id] : []));
      assert.equal([...leaves].sort(), [...ids].sort());
      for (const row of rows) if ('group' in row) assert.ok(row.ids.length >= 2 && row.ids.every((one) => one.startsWith(row.group)));
    }),
  );
});

test.run();
