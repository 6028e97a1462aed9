/** Patterns of clients: what they match, and what becomes of those that never end. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Batch } from '../lib/batch.ts';
import { Ingest, Source } from '../lib/ingest.ts';
import { Matcher, MAX_SEARCHES, PatternFault } from '../lib/matcher.ts';
import { Ring } from '../lib/ring.ts';
import { Tail, tailQuery } from '../lib/tail.ts';
import { Traits } from '../lib/traits.ts';
import { BIN, timed } from './sh.ts';

const SCRIPT = pathToFileURL(join(BIN, '../lib/matcher.worker.js'));

function ringOf(texts: string[], id = 'a'): Ring {
  const ring = new Ring(1 << 26);
  const ingest = new Ingest(ring);
  texts.forEach((msg) => ingest.push(new Source(), Buffer.from(`${JSON.stringify({ id, ts: 1, msg })}\n`), 5));
  ingest.flush();
  return ring;
}

const batchOf = (texts: string[]): Batch => ringOf(texts).batchOf(1) as Batch;

/** Run `body` with a matcher that is closed afterwards. */
async function withMatcher<T>(body: (matcher: Matcher) => Promise<T>): Promise<T> {
  const matcher = new Matcher(SCRIPT);
  try {
    return await body(matcher);
  } finally {
    await matcher.close();
  }
}

const hits = (matcher: Matcher, source: string, texts: string[], fold = false): Promise<number[]> =>
  matcher.match({ source, fold }, batchOf(texts), texts.map((_, i) => i));

const faultOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'none', (err: unknown) => {
  assert.ok(err instanceof PatternFault);
  return (err as Error).message;
});

test('matches the text that people see', timed(10_000, () => withMatcher(async (matcher) => {
  const texts = ['plain', 'a "quoted" \\ text', '\u001b[31mre\u001b[0md', 'ünï😀', 'two\nlines', ''];
  assert.equal(await hits(matcher, 'red', texts), [2]);
  assert.equal(await hits(matcher, '"quoted" \\\\', texts), [1]);
  assert.equal(await hits(matcher, '^.{3}..$', texts), [0, 3]);
  assert.equal(await hits(matcher, 'PLAIN', texts), []);
  assert.equal(await hits(matcher, 'PLAIN', texts, true), [0]);
  assert.equal(await hits(matcher, '^$', texts), [5]);
  assert.equal(await hits(matcher, 'o\\nl', texts), [4]);
  assert.equal(await matcher.match({ source: 'i', fold: false }, batchOf(texts), [1, 3]), []);
})));

test('a pattern that never ends is given up, refused for a while, and hinders nobody', timed(20_000, () => withMatcher(async (matcher) => {
  const trap = ['x'.repeat(10), `${'a'.repeat(100_000)}!`];
  await hits(matcher, 'warm', trap);
  const started = performance.now();
  const [fault, others] = await Promise.all([
    faultOf(hits(matcher, '(a+)+$', trap)),
    Promise.all(Array.from({ length: 10 }, (_, i) => hits(matcher, `x{${i + 1}}`, trap))),
  ]);
  assert.is(fault, 'the pattern takes too long');
  assert.equal(others, Array.from({ length: 10 }, () => [0]));
  assert.ok(performance.now() - started < 4000);
  assert.is(matcher.givenUp, 1);
  assert.match(await faultOf(hits(matcher, '(a+)+$', trap)), 'took too long before');
  assert.equal(await hits(matcher, '(a+)+!', ['b']), [], 'another pattern is no worse for it');
})));

test('a pattern that cannot be run says so', timed(10_000, () => withMatcher(async (matcher) => {
  assert.match(await faultOf(hits(matcher, '(', ['x'])), /Invalid regular expression/);
  assert.equal(await hits(matcher, 'x', ['x']), [0]);
})));

test('searches at once are bounded', () => {
  const matcher = new Matcher(SCRIPT);
  const open = Array.from({ length: MAX_SEARCHES }, () => matcher.open());
  assert.is(matcher.open(), undefined);
  assert.is(matcher.busy, 1);
  open[0]?.();
  assert.ok(matcher.open());
});

test('closing ends what is under way', timed(10_000, async () => {
  const matcher = new Matcher(SCRIPT);
  const trap = [`${'a'.repeat(100_000)}!`];
  const waiting = Promise.all([faultOf(hits(matcher, '(a+)+$', trap)), faultOf(hits(matcher, 'b', trap))]);
  await matcher.close();
  assert.equal(await waiting, ['the server ends', 'the server ends']);
}));

test('a script that is not there is a failure of the search, not of the process', timed(10_000, async () => {
  const matcher = new Matcher(new URL('file:///nonexistent/worker.js'));
  assert.match(await faultOf(matcher.match({ source: 'x', fold: false }, batchOf(['x']), [0])), /nonexistent/);
  await matcher.close();
}));

async function tailed(ring: Ring, query: string): Promise<string[]> {
  return withMatcher(async (matcher) => {
    const tail = new Tail({ ring, traits: new Traits() }, tailQuery(query), matcher);
    await tail.seek(() => false);
    let text = '';
    for (let parts = await tail.read(); parts; parts = await tail.read()) text += Buffer.concat(parts).toString();
    return text.split('\n').slice(0, -1);
  });
}

test('a tail: the last that match, oldest first', timed(20_000, async () => {
  const ring = ringOf(Array.from({ length: 30_000 }, (_, i) => `line ${i} ${'x'.repeat(50)}`));
  assert.ok(ring.size > 5);
  const numbers = async (query: string): Promise<number[]> => (await tailed(ring, `${query}&as=text`)).map((line) => Number(line.split(' ')[1]));
  assert.equal(await numbers('lines=3'), [29_997, 29_998, 29_999]);
  assert.equal(await numbers('lines=3&match=line%20\\d*7%20'), [29_977, 29_987, 29_997]);
  assert.equal(await numbers('lines=all&match=LINE%20[12]%20&icase=1'), [1, 2]);
  assert.equal(await numbers('match=line%20[12]%20'), [1, 2], 'fewer than asked for');
  assert.equal(await numbers('lines=1&match=line%201%20'), [1]);
  assert.equal(await numbers('lines=0'), []);
  assert.is((await numbers('')).length, 100);
  assert.is((await numbers('lines=all')).length, 30_000);
}));

test('a tail by stream, with and without marks', timed(20_000, async () => {
  const ring = new Ring(1 << 20);
  const ingest = new Ingest(ring);
  const lines = [1, 2, 5].flatMap((n) => ['a', 'b'].map((id) => `{"id":"${id}","run":"r","n":${n},"ts":1,"msg":"${id}${n}\\n\\\\"}\n`));
  ingest.push(new Source(), Buffer.from(`${lines.join('')}junk\n`), 5);
  ingest.flush();
  assert.equal(await tailed(ring, 'id=a'), lines.filter((l) => l.includes('"a"')).map((l) => l.slice(0, -1)));
  assert.equal((await tailed(ring, 'id=a&id=unframed&marks=1')).map((l) => (JSON.parse(l) as Record<string, unknown>)['@'] ?? 'record'),
    ['record', 'record', 'lost', 'record', 'record']);
  assert.equal((await tailed(ring, 'id=a&marks=1&lines=1&match=a5')).length, 1, 'begins with the first record that matches');
  assert.equal((await tailed(ring, 'id=a&marks=1&match=a[25]')).length, 3);
  assert.equal(await tailed(ring, 'as=text&id=?'), ['a1\\n\\', 'b1\\n\\', 'a2\\n\\', 'b2\\n\\', 'a5\\n\\', 'b5\\n\\']);
  assert.equal(await tailed(ring, 'as=text&id=unframed'), ['junk']);
}));

test('queries that mean nothing are refused by name', () => {
  const cases: [string, RegExp][] = [['as=xml', /parameter as must be/], ['icase=1', /icase needs match/], ['marks=1&as=text', /exclude each other/],
    ['match=(', /no regular expression: /], [`match=${'x'.repeat(1001)}`, /at most 1000/], ['id=', /parameter id must have/], ['lines=-1', /must be a number/],
    [`id=${'x'.repeat(300)}`, /parameter id must have/], [Array.from({ length: 65 }, () => 'id=a').join('&'), /more than 64/], ['after=1', /unknown parameter after/]];
  for (const [query, why] of cases) assert.throws(() => tailQuery(query), why);
});

test('a follower that is too slow is told, also in text', timed(10_000, () => withMatcher(async (matcher) => {
  for (const form of ['as=text', 'as=ndjson']) {
    const ring = new Ring(20_000);
    const ingest = new Ingest(ring);
    const source = new Source();
    const add = (): void => {
      ingest.push(source, Buffer.from(`{"id":"a","ts":1,"msg":"${'x'.repeat(3000)}"}\n`), 5);
      ingest.flush();
    };
    add();
    const tail = new Tail({ ring, traits: new Traits() }, tailQuery(`follow=1&${form}`), matcher);
    await tail.seek(() => false);
    await tail.read();
    for (let i = 0; i < 20; i++) add();
    const said = Buffer.concat((await tail.read()) ?? []).toString();
    const count = ring.first - 2;
    assert.is(said, form === 'as=text' ? `lm-serve: ${count} entries are not shown, the reader was too slow\n`
      : `{"@":"skip","from":2,"to":${ring.first - 1},"count":${count},"why":"slow"}\n`);
  }
})));

test.run();
