/** What a live client is sent, and how it goes on after a cut. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Feed, type Start } from '../lib/feed.ts';
import { IdFilter } from '../lib/glob.ts';
import { Ingest, Source } from '../lib/ingest.ts';
import { Ring } from '../lib/ring.ts';
import { select, startOfLast } from '../lib/select.ts';
import { Traits } from '../lib/traits.ts';

type Line = Record<string, unknown>;

/** A server that takes lines in and may lose its oldest. */
class Box {
  readonly ring: Ring;
  readonly traits = new Traits();
  readonly #ingest: Ingest;
  readonly #source = new Source();
  #n = 0;

  constructor(limit = 1 << 24) {
    this.ring = new Ring(limit);
    this.#ingest = new Ingest(this.ring);
  }

  /** One batch of so many records of streams s0, s1, s2 in turn; entry number k has the text `k`, if nothing else is taken in. */
  add(count: number, pad = ''): void {
    let text = '';
    for (let i = 0; i < count; i++, this.#n++) text += `{"id":"s${this.#n % 3}","ts":1,"msg":"${this.#n + 1}${pad}"}\n`;
    this.raw(text);
  }

  raw(text: string): void {
    this.#ingest.push(this.#source, Buffer.from(text), 5);
    this.#ingest.flush();
  }
}

const drainOf = (parts: Buffer[]): Line[] => Buffer.concat(parts).toString().split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line);

/** Everything a feed has to say now. */
function drain(feed: Feed): Line[] {
  let text = '';
  for (let parts = feed.read(); parts; parts = feed.read()) text += Buffer.concat(parts).toString();
  return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line);
}

/** Entry numbers and texts, checked against what the batches say. */
function entriesOf(lines: Line[]): { seq: number; entry: Line }[] {
  const entries: { seq: number; entry: Line }[] = [];
  let left = 0;
  let seqs: number[] = [];
  for (const line of lines) {
    if (left > 0) {
      entries.push({ seq: seqs[seqs.length - left] as number, entry: line });
      left--;
    } else if (line['@'] === 'batch') {
      left = line['count'] as number;
      const first = Number((line['at'] as string).split('.')[1]);
      seqs = (line['seqs'] as number[] | undefined) ?? Array.from({ length: left }, (_, i) => first + i);
      assert.is(seqs[0], first);
      assert.is(seqs.length, left);
      assert.is(line['ts'], 5);
    } else assert.is(line['@'], 'skip');
  }
  assert.is(left, 0);
  return entries;
}

const feedOf = (box: Box, start: Start, ...globs: string[]): Feed => new Feed(box.ring, box.traits, 'e', start, globs.length > 0 ? new IdFilter(globs) : undefined);

test('the last lines, then what comes', () => {
  const box = new Box();
  box.add(10);
  box.add(10);
  const feed = feedOf(box, { lines: 12 });
  assert.equal(entriesOf(drain(feed)).map((e) => e.seq), [9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  assert.equal(drain(feed), []);
  box.add(1);
  assert.equal(drain(feed), [{ '@': 'batch', at: 'e.21', count: 1, ts: 5, traits: '0' }, { id: 's2', ts: 1, msg: '21' }]);
  assert.equal(drain(feedOf(box, { lines: 0 })), []);
  assert.is(entriesOf(drain(feedOf(box, { lines: 99 }))).length, 21);
});

test('hello and beat say where we are', () => {
  const box = new Box();
  box.add(3);
  const feed = feedOf(box, { lines: 10 });
  assert.is(Buffer.concat(feed.hello('1.0', 7)).toString(), '{"@":"hello","epoch":"e","version":"1.0","now":7}\n');
  drain(feed);
  assert.is(Buffer.concat(feed.beat(8)).toString(), '{"@":"beat","now":8,"at":"e.3"}\n');
});

test('after an entry: that which follows it, and nothing from the future', () => {
  const box = new Box();
  box.add(10);
  assert.equal(entriesOf(drain(feedOf(box, { after: { epoch: 'e', seq: 7 } }))).map((e) => e.seq), [8, 9, 10]);
  const feed = feedOf(box, { after: { epoch: 'e', seq: 999 } });
  assert.equal(drain(feed), []);
  box.add(1);
  assert.equal(entriesOf(drain(feed)).map((e) => e.seq), [11]);
});

test('a client of another life of the server gets all there is', () => {
  const box = new Box();
  box.add(4);
  assert.equal(entriesOf(drain(feedOf(box, { after: { epoch: 'old', seq: 3 } }))).map((e) => e.seq), [1, 2, 3, 4]);
});

test('what has left the memory is told exactly: gone before the client came, slow afterwards', () => {
  const box = new Box(60_000);
  box.add(10);
  const slow = feedOf(box, { lines: 5 });
  drain(slow);
  for (let i = 0; i < 50; i++) box.add(10, 'x'.repeat(1000));
  const { first, next } = box.ring;
  assert.ok(first > 100);
  const [skip, ...rest] = drain(slow);
  assert.equal(skip, { '@': 'skip', from: 'e.11', to: `e.${first - 1}`, count: first - 11, why: 'slow' });
  assert.equal(entriesOf(rest).map((e) => e.seq), Array.from({ length: next - first }, (_, i) => first + i));
  assert.equal(drain(feedOf(box, { after: { epoch: 'e', seq: 20 } }))[0], { '@': 'skip', from: 'e.21', to: `e.${first - 1}`, count: first - 21, why: 'gone' });
  assert.equal(drain(feedOf(box, { after: { epoch: 'old', seq: 20 } }))[0], { '@': 'skip', from: 'e.1', to: `e.${first - 1}`, count: first - 1, why: 'gone' });
  assert.is(drain(feedOf(box, { lines: 1e9 }))[0]?.['@'], 'batch', 'who asks for what is held misses nothing');
});

test('a client that was too slow goes on with the newest; what it missed can be had as far as it is held', () => {
  const box = new Box(1_500_000);
  box.add(10);
  const slow = feedOf(box, { lines: 5 });
  drain(slow);
  for (let i = 0; i < 400; i++) box.add(100);
  const { first, next } = box.ring;
  assert.ok(first > 11 && next - first > 12_000);
  const [skip, ...rest] = drain(slow);
  assert.equal(skip, { '@': 'skip', from: 'e.11', to: `e.${next - 10_001}`, count: next - 10_011, why: 'slow' });
  assert.equal(entriesOf(rest).map((e) => e.seq), Array.from({ length: 10_000 }, (_, i) => next - 10_000 + i));
  const missed = feedOf(box, { after: { epoch: 'e', seq: 10 }, until: next - 10_001 });
  assert.ok(missed.finite && !missed.over);
  const [gone, ...held] = drain(missed);
  assert.equal(gone, { '@': 'skip', from: 'e.11', to: `e.${first - 1}`, count: first - 11, why: 'gone' });
  assert.equal(entriesOf(held).map((e) => e.seq), Array.from({ length: next - 10_000 - first }, (_, i) => first + i));
  assert.ok(missed.over);
});

test('a part of what is held ends where it is to end, within batches and between them', () => {
  const box = new Box();
  for (let i = 0; i < 4; i++) box.add(5);
  for (let from = 0; from <= 20; from++) {
    for (let to = from; to <= 22; to++) {
      const want = Array.from({ length: Math.min(to, 20) - from }, (_, i) => from + 1 + i);
      assert.equal(entriesOf(drain(feedOf(box, { after: { epoch: 'e', seq: from }, until: to }))).map((e) => e.seq), want);
      const ids = new IdFilter(['s1']);
      const some = entriesOf(drain(new Feed(box.ring, box.traits, 'e', { after: { epoch: 'e', seq: from }, until: to }, ids)));
      assert.equal(some.map((e) => e.seq), want.filter((seq) => seq % 3 === 2));
    }
  }
});

test('a filter gives its streams with their marks, each with its number', () => {
  const box = new Box();
  box.add(7);
  box.raw('{"id":"s1","run":"r","n":1,"ts":1,"msg":"a"}\n{"id":"s1","run":"r","n":3,"ts":1,"msg":"b"}\n{"id":"x","ts":1,"msg":"c"}\nnull\n');
  const lines = drain(feedOf(box, { lines: 100 }, 's1', 'unf*'));
  assert.equal(entriesOf(lines).map((e) => [e.seq, e.entry['msg'] ?? e.entry['@']]), [[2, '2'], [5, '5'], [8, 'a'], [9, 'lost'], [10, 'b'], [12, 'null']]);
  assert.equal(entriesOf(drain(feedOf(box, { lines: 2 }, 's1'))).map((e) => e.seq), [9, 10]);
  assert.equal(drain(feedOf(box, { lines: 100 }, 'nobody')), []);
  const all = drain(feedOf(box, { lines: 3 }, '*'));
  assert.equal(all[0], { '@': 'batch', at: 'e.10', count: 3, ts: 5, traits: '000', seqs: [10, 11, 12] });
});

test('cut anywhere and resumed: each entry once, in order, or its absence counted', () => {
  const step = fc.record({ add: fc.integer({ min: 0, max: 30 }), reads: fc.integer({ min: 0, max: 3 }), cut: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 20_000, max: 100_000 }), (steps, limit) => {
    const box = new Box(limit);
    let feed = feedOf(box, { lines: 0 });
    let seq = 0;
    const take = (bytes: Buffer[], until?: number): void => {
      const lines = Buffer.concat(bytes).toString().split('\n').slice(0, -1).map((l) => JSON.parse(l) as Line);
      if (lines[0]?.['@'] === 'skip') {
        assert.is(lines[0]['from'], `e.${seq + 1}`);
        seq += lines[0]['count'] as number;
        assert.is(lines[0]['to'], `e.${seq}`);
        return;
      }
      for (const { seq: at, entry } of entriesOf(lines).slice(0, until)) {
        assert.is(at, seq + 1);
        assert.is(parseInt(entry['msg'] as string, 10), at);
        seq = at;
      }
    };
    for (const { add, reads, cut } of steps) {
      if (add > 0) box.add(add, 'x'.repeat(100));
      for (let i = 0; i < reads; i++) take(feed.read() ?? []);
      if (!cut) continue;
      take(feed.read() ?? [], 3); // the rest of this message was on its way when the connection broke
      feed = feedOf(box, { after: { epoch: 'e', seq } });
    }
    for (let parts = feed.read(); parts; parts = feed.read()) take(parts);
    assert.is(seq, box.ring.next - 1);
  }), { numRuns: 300 });
});

test('where every entry is selected there is no list of them', () => {
  const box = new Box();
  box.add(3);
  const batch = box.ring.batchOf(1);
  if (!batch) throw new Error('no batch');
  assert.is(select(batch, 0, { marks: true }), undefined);
  assert.is(select(batch, 0, { marks: false }), undefined);
  assert.is(select(batch, 0, { ids: new IdFilter(['s*']), marks: true }), undefined);
  assert.equal(select(batch, 1, { ids: new IdFilter(['s0', 's1']), marks: true }), [1]);
  assert.equal(select(batch, 0, { ids: new IdFilter(['x']), marks: true }), []);
  box.raw('{"id":"s1","run":"r","n":1,"end":true}\n');
  const marked = box.ring.batchOf(4);
  if (!marked) throw new Error('no batch');
  assert.equal([select(marked, 0, { marks: true }), select(marked, 0, { marks: false })], [undefined, []]);
});

test('the start of the last lines counts what is selected', () => {
  const box = new Box();
  for (let i = 0; i < 30; i++) box.add(10);
  const ids = new IdFilter(['s0']);
  assert.is(startOfLast(box.ring, 1, { ids, marks: true }), 298);
  assert.is(startOfLast(box.ring, 20, { ids, marks: true }), 298 - 57);
  assert.is(startOfLast(box.ring, 1000, { ids, marks: true }), 1);
  assert.is(startOfLast(box.ring, 0, { ids, marks: true }), 301);
  assert.is(startOfLast(box.ring, 15, { marks: true }), 286);
  assert.is(startOfLast(new Ring(1), 5, { marks: true }), 1);
});

test('traits are noted when lines are first read, in the order in which each reader comes to them, and stay', () => {
  const box = new Box(400_000);
  const error = (n: number, end: number): string => Array.from({ length: end - n }, (_, i) => `{"id":"a","ts":1,"msg":"${(n + i) % 10 === 0 ? 'ERROR' : ' at'} ${n + i}"}\n`).join('');
  for (let n = 0; n < 105; n += 7) box.raw(error(n, n + 7)); // batches end within traces
  assert.is(box.ring.batchOf(1)?.noted, false);
  const [late, early] = [feedOf(box, { lines: 53 }), feedOf(box, { lines: 105 })];
  const told = new Map<number, string>();
  const read = (feed: Feed): boolean => {
    const parts = feed.read();
    for (const line of parts ? drainOf(parts) : []) {
      if (line['@'] !== 'batch') continue;
      const first = Number((line['at'] as string).split('.')[1]) - 1;
      [...(line['traits'] as string)].forEach((digit, i) => {
        assert.is(digit, told.get(first + i) ?? digit);
        told.set(first + i, digit);
      });
    }
    return parts !== undefined;
  };
  while (read(late) || read(early)) read(early);
  const wanted = (n: number): string => (n % 10 === 0 ? '5' : 'd');
  // In the batch where the later reader began there was nothing that its first line went on from.
  const alone = [...told].filter(([n, digit]) => digit !== wanted(n)).map(([n]) => n);
  assert.equal([told.size, alone], [105, [49]]);
  for (let n = 105; n < 4000; n++) {
    box.raw(error(n, n + 1)); // these are joined, some of them read and some not
    if (n % 300 < 150) while (read(late));
  }
  while (read(late));
  assert.ok(box.ring.size < 1000);
  for (let n = 110; n < 4000; n++) if (told.has(n)) assert.is(told.get(n), wanted(n), String(n));
  const again = feedOf(box, { lines: 10_000 });
  while (read(again));
});

test.run();
