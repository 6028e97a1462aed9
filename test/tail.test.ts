/** api/tail by level and time against a plain model that knows each record's text, decoded. */
import fc from 'fast-check';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Heads } from '../lib/heads.ts';
import { Ingest, Source } from '../lib/ingest.ts';
import { LEVEL_NAMES, TRAIT } from '../lib/level.ts';
import { Matcher } from '../lib/matcher.ts';
import { parseMoment } from '../lib/moment.ts';
import { BadRequest } from '../lib/query.ts';
import { Ring } from '../lib/ring.ts';
import { Tail, tailQuery } from '../lib/tail.ts';
import { Traits } from '../lib/traits.ts';
import { traitsOf } from './keeping.ts';
import { serving } from './serving.ts';
import { BIN, timed, until } from './sh.ts';

const T = 1_795_341_000_000;

/** What is held and what asks for it. */
class Bench {
  readonly ring: Ring;
  readonly traits = new Traits();
  readonly #ingest: Ingest;
  readonly #source = new Source();
  readonly #matcher: Matcher;

  constructor(matcher: Matcher, memory = 1 << 24) {
    this.#matcher = matcher;
    this.ring = new Ring(memory);
    this.#ingest = new Ingest(this.ring);
  }

  /** Lines that come together, and are visible at once. */
  come(...lines: string[]): void {
    this.#ingest.push(this.#source, Buffer.from(lines.map((line) => `${line}\n`).join('')), T);
    this.#ingest.flush();
  }

  async ask(query: string): Promise<string[]> {
    const tail = new Tail(this, tailQuery(query), this.#matcher);
    await tail.seek(() => false);
    let text = '';
    for (let parts = await tail.read(); parts; parts = await tail.read()) text += Buffer.concat(parts).toString();
    return text.split('\n').slice(0, -1);
  }
}

async function withMatcher<T>(body: (matcher: Matcher) => Promise<T>): Promise<T> {
  const matcher = new Matcher(pathToFileURL(join(BIN, '../lib/matcher.worker.js')));
  try {
    return await body(matcher);
  } finally {
    await matcher.close();
  }
}

type Known = { line: string; id: string; ts: number; mark: boolean; level: string; msg: string };

/** What is to be known of each line of the feed, its level from its plain text. */
function known(feed: string[]): Known[] {
  const heads = new Heads();
  return feed.map((line) => {
    const entry = JSON.parse(line) as { id: string; ts: number; msg?: string };
    if (entry.msg === undefined) return { line, id: entry.id, ts: entry.ts, mark: true, level: '', msg: '' };
    const tail = /^(?:[^"\\]|\\.)*"(.*)/.exec(line.slice(line.indexOf('"msg":"') + 7))?.[1] ?? '';
    const traits = traitsOf(heads, entry.id, entry.msg, tail, tail.startsWith(',"more":true'));
    return { line, id: entry.id, ts: entry.ts, mark: false, level: LEVEL_NAMES[traits & TRAIT.level] ?? '', msg: entry.msg };
  });
}

const TEXTS = [
  'ERROR cannot', '\tat a.b(C.java:1)', 'Caused by: x', '... 3 more', 'WARN hot', 'plain', '  indented', 'Traceback (most recent call last):', 'ValueError: z',
  '{"level":"warn","msg":"x"}', '{"level":50}', 'level=debug x=1', '<3>kernel', 'I1122 22:13:26.042000 1 c.go:12] x', '\x1b[31mERROR\x1b[0m red', 'é "quoted" \\ INFO',
  '[fatal] \ud800 half', '', 'TRACE',
];
const line = fc.record({
  id: fc.constantFrom('a', 'b', 'c/d'), text: fc.constantFrom(...TEXTS), ts: fc.integer({ min: T, max: T + 20 }),
  more: fc.constantFrom('', '', '', ',"more":true', ',"level":"error"', ',"host":"x"', ',"more":true,"severity":4', ',"a":{"level":"fatal"}'),
  odd: fc.constantFrom('', '', '', '', '', 'junk ERROR', 'spaced', 'end', 'gap', 'old', 'exponent'),
});

/** The records as some writer may write them. */
function written(lines: { id: string; text: string; ts: number; more: string; odd: string }[]): string[] {
  const n = new Map<string, number>();
  return lines.map(({ id, text, ts, more, odd }) => {
    if (odd === 'junk ERROR') return `${odd} ${text.replaceAll('\n', ' ')}`;
    const number = (n.get(id) ?? 0) + (odd === 'gap' ? 3 : 1);
    n.set(id, odd === 'end' ? number - 1 : number);
    if (odd === 'end') return `{"id":"${id}","run":"r","n":${number - 1},"end":true}`;
    const msg = JSON.stringify(text);
    if (odd === 'spaced') return ` { "msg" : ${msg}, "id":"${id}"${more}, "ts":${ts},"run":"r","n":${number} }`;
    const time = odd === 'old' ? -5 : odd === 'exponent' ? '1e12' : ts;
    return `{"id":"${id}","run":"r","n":${number},"ts":${time},"msg":${msg}${more}}`;
  });
}

const query = fc.record({
  ids: fc.constantFrom<string[]>(['a', 'b', 'c/d', 'unframed'], ['a'], ['b', 'unframed'], ['c/d', 'a']),
  levels: fc.option(fc.uniqueArray(fc.constantFrom(...LEVEL_NAMES), { minLength: 1 })),
  since: fc.option(fc.integer({ min: T - 1, max: T + 21 })), until: fc.option(fc.integer({ min: T + 22, max: T + 23 }), { freq: 2 }),
  early: fc.option(fc.integer({ min: T, max: T + 20 }), { freq: 2 }),
  match: fc.option(fc.constantFrom('a', 'ERR', '^$'), { freq: 2 }), marks: fc.boolean(), lines: fc.constantFrom(0, 1, 3, 10, Infinity, Infinity),
});

test('levels, times, streams and patterns together: what the model says, in any batches', timed(60_000, () => withMatcher(async (matcher) => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), fc.array(query, { minLength: 1, maxLength: 6 }), async (lines, together, queries) => {
      const bench = new Bench(matcher);
      const all = written(lines);
      const half = Math.floor(all.length / 2);
      for (const [from, to] of [[0, half], [half, all.length]] as const) { // asked again when more has come
        for (let i = from; i < to; i += together) bench.come(...all.slice(i, Math.min(to, i + together)));
        const feed = known(await bench.ask('lines=all&marks=1'));
        for (const { ids, levels, since, until: end, early, match, marks, lines: count } of queries) {
          const before = early !== null && (since === null || since < early) ? early : end;
          const fits = (one: Known): boolean =>
            ids.includes(one.id) && (since === null || one.ts >= since) && (before === null || one.ts < before) &&
            (one.mark ? marks : (levels === null || levels.includes(one.level)) && (match === null || new RegExp(match).test(one.msg.replace(/\x1b\[\d*m/g, ''))));
          const records = feed.flatMap((one, at) => (!one.mark && fits(one) ? [at] : []));
          const first = count === Infinity || records.length < count ? 0 : count === 0 ? feed.length : (records[records.length - count] as number);
          const wanted = feed.slice(first).filter(fits).map((one) => one.line);
          const asked: string[] = [...ids.map((id) => `id=${id}`), `marks=${marks ? 1 : 0}`, `lines=${count === Infinity ? 'all' : count}`];
          if (levels) asked.push(...(levels.length % 2 ? [`level=${levels.join(',')}`] : levels.map((level) => `level=${level}`)));
          if (since !== null) asked.push(`since=${since}`);
          if (before !== null) asked.push(`until=${before}`);
          if (match !== null) asked.push(`match=${encodeURIComponent(match)}`);
          assert.equal(await bench.ask(asked.join('&')), wanted, asked.join('&'));
        }
      }
    }),
    { numRuns: 150 },
  );
})));

test('levels stay right while small batches are joined and old ones go, also those of lines whose head is gone', timed(30_000, () => withMatcher(async (matcher) => {
  const bench = new Bench(matcher, 400_000);
  let n = 0;
  const come = (msg: string): void => bench.come(`{"id":"a","run":"r","n":${++n},"ts":${n},"msg":"${msg}"}`);
  const numbers = async (query: string): Promise<number[]> => (await bench.ask(query)).map((text) => (JSON.parse(text) as { n: number }).n);
  let headless = 0;
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 70; i++) come(n % 30 === 0 ? 'ERROR x' : n % 30 < 20 ? '  at y' : 'z');
    const held = await numbers('lines=all');
    assert.equal(await numbers('lines=all&level=error'), held.filter((at) => (at - 1) % 30 < 20));
    if (((held[0] as number) - 1) % 30 > 0 && ((held[0] as number) - 1) % 30 < 20) headless++;
  }
  assert.ok(bench.ring.dropped > 0 && bench.ring.size < bench.ring.entries && headless > 0, `${bench.ring.dropped} ${bench.ring.size} ${headless}`);
})));

test('who reads by level while the memory turns over is told what went', timed(30_000, () => withMatcher(async (matcher) => {
  const bench = new Bench(matcher, 1 << 20);
  let n = 0;
  const come = (): void => bench.come(...Array.from({ length: 1000 }, () => `{"id":"a","run":"r","n":${++n},"ts":1,"msg":"ERROR ${'x'.repeat(200)}"}`));
  const tail = new Tail(bench, tailQuery('follow=1&level=error&lines=all'), matcher);
  let [got, skipped] = [0, 0];
  const read = async (): Promise<void> => {
    for (let parts = await tail.read(); parts; parts = await tail.read()) {
      for (const text of Buffer.concat(parts).toString().split('\n').slice(0, -1)) {
        const said = JSON.parse(text) as { '@'?: string; n: number; from: number; to: number };
        assert.is(said['@'] ? said.from : said.n, got + skipped + 1);
        if (said['@']) skipped += said.to - said.from + 1;
        else got++;
      }
    }
  };
  come();
  await tail.seek(() => false);
  await read();
  assert.equal([got, skipped], [1000, 0]);
  come();
  const reading = read(); // it gives others their turn with a batch in hand, and meanwhile
  for (let i = 0; i < 8; i++) come();
  await reading;
  assert.equal([got + skipped, bench.ring.entries + 2000], [n, got]); // one batch it had in hand
})));

const refused = (query: string, why: string): void =>
  assert.throws(() => tailQuery(query), (err: unknown) => err instanceof BadRequest && err.message === why, query);

test('levels and times that mean nothing are refused by name', () => {
  for (const name of ['', 'loud', 'ERROR', 'warning', ' error', '3', '__proto__', 'constructor', 'toString', '\0']) {
    for (const query of [`level=${encodeURIComponent(name)}`, `level=info,${encodeURIComponent(name)}`, `level=info&level=${encodeURIComponent(name)}`]) {
      refused(query, `parameter level: ${name} is none of none, trace, debug, info, warn, error, fatal`);
    }
  }
  refused(`level=${'x'.repeat(5000)}`, `parameter level: ${'x'.repeat(40)} is none of none, trace, debug, info, warn, error, fatal`);
  const good = '2026-11-22T22:13:26Z, milliseconds since the epoch and 15m (ago) are';
  const times = [
    '', 'yesterday', '15x', '-15m', '1e3', '0x10', '1.5', 'NaN', 'Infinity', ' 5', '9'.repeat(16), '2026-11-22', '2026-11-22T22:13:26', '2026-11-22T22:13:26 01:00',
    '2026-02-30T00:00:00Z', '2026-11-22T24:00:00Z', '2026-11-22T22:13:26+25:00', '0099-01-01T00:00:00Z', '1950-01-01T00:00:00Z', '2026-11-22T22:13:26.1234567890123Z', '١',
  ];
  for (const name of ['since', 'until']) {
    for (const text of times) refused(`${name}=${encodeURIComponent(text)}`, `parameter ${name}: time ${text} is not understood; ${good}`);
    refused(`${name}=400d`, `parameter ${name}: time 400d is out of range; ${good}`);
    refused(`${name}=${'9'.repeat(5000)}m`, `parameter ${name}: time ${'9'.repeat(40)} is not understood; ${good}`);
    refused(`${name}=1&${name}=1`, `parameter ${name} given twice`);
  }
  for (const query of ['since=5&until=5', 'since=6&until=5', 'since=1m&until=2m']) refused(query, 'parameter since must be before until');
});

test('moments as people name them', () => {
  const at = Date.UTC(2026, 10, 22, 22, 13, 26);
  for (const text of ['2026-11-22T22:13:26Z', '2026-11-22t22:13:26z', '2026-11-22T23:13:26+01:00', '2026-11-22T16:43:26-05:30', `${at}`]) assert.is(parseMoment(text, 0), at, text);
  assert.equal(['2026-11-22T22:13:26.5Z', '2026-11-22T22:13:26.123456789Z'].map((text) => parseMoment(text, 0) - at), [500, 123]);
  assert.equal(['15m', '1.5h', '2d', '200ms', '0s', '3S'].map((text) => at - parseMoment(text, at)), [900_000, 5_400_000, 172_800_000, 200, 0, 3000]);
  assert.equal(['0', '-5', '8640000000000000'].map((text) => parseMoment(text, at)), [0, -5, 8.64e15]);
});

test('who follows gets what fits as it comes; a span counts from when it was asked', timed(30_000, () => serving([], async (server) => {
  const now = Date.now();
  const at = (n: number, ago: number, msg: string): string => `${JSON.stringify({ id: 'a', run: 'r', n, ts: now - ago, msg })}\n`;
  await server.feed(at(1, 3_600_000, 'ERROR old') + at(2, 1000, 'ERROR new') + at(3, 1000, 'INFO') + at(4, 1000, 'WARN a') + at(5, 999, '  b'));
  await server.received(5);
  const res = await server.open('/api/tail?level=warn,error&since=15m&follow=1&as=text&lines=2');
  let text = '';
  res.on('data', (chunk: Buffer) => (text += chunk));
  await until(() => text === 'WARN a\n  b\n');
  await server.feed(at(6, 0, '  c') + at(7, 0, 'INFO') + at(8, 3_600_000, 'ERROR late') + at(9, -1000, 'ERROR d'));
  await until(() => text === 'WARN a\n  b\n  c\nERROR d\n', 5000, () => text);
  res.destroy();
  assert.is((await server.ask(`/api/tail?until=${new Date(now - 2000).toISOString()}&level=error&as=text`)).text, 'ERROR old\nERROR late\n');
  assert.is((await server.ask('/api/tail?level=fatal')).text, '');
  const none = await server.ask('/api/tail?level=loud');
  assert.equal([none.status, none.text], [400, 'parameter level: loud is none of none, trace, debug, info, warn, error, fatal\n']);
})));

test.run();
