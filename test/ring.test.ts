/** Batches, and the ring that holds the newest of them. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Batch, BatchBuilder, joinBatches, KIND } from '../lib/batch.ts';
import { Ring } from '../lib/ring.ts';

/** A batch of lines `x0`, `x1`... of the given streams. */
function batchOf(first: number, ids: string[], ts = 0, pad = ''): Batch {
  const builder = new BatchBuilder();
  builder.ts = ts;
  ids.forEach((id, i) => {
    const line = Buffer.from(`${id}:${first + i}${pad}\n`);
    const at = builder.append(line, 0, line.length);
    builder.note(id, id === 'mark' ? KIND.mark : KIND.line, at, at + id.length, builder.length);
  });
  return builder.take(first);
}

function linesOf(batch: Batch): string[] {
  return Array.from({ length: batch.count }, (_, i) => batch.bytes.toString('utf8', batch.start(i), batch.ends[i]));
}

function costOf(ring: Ring): number {
  let bytes = 0;
  for (let batch = ring.batchOf(ring.first); batch; batch = ring.batchOf(batch.next)) bytes += batch.cost;
  return bytes;
}

test('a batch knows its entries', () => {
  const batch = batchOf(7, ['a', 'b', 'a', 'mark']);
  assert.equal([batch.first, batch.count, batch.next, batch.marks], [7, 4, 11, 1]);
  assert.equal(batch.ids, ['a', 'b', 'mark']);
  assert.equal(linesOf(batch), ['a:7\n', 'b:8\n', 'a:9\n', 'mark:10\n']);
  assert.equal([0, 1, 2, 3].map((i) => batch.id(i)), ['a', 'b', 'a', 'mark']);
  assert.is(batch.bytes.toString('utf8', batch.msgs[2], batch.msgs[3]), 'b');
});

test('a builder is empty after it gave its batch, however large that was', () => {
  const builder = new BatchBuilder();
  const line = Buffer.from(`${'x'.repeat(100_000)}\n`);
  for (let i = 0; i < 300; i++) builder.note(`s${i}`, KIND.line, 0, 1, builder.append(line, 0, line.length) + line.length);
  const first = builder.take(1);
  assert.equal([first.count, first.bytes.length, first.ids.length], [300, 300 * 100_001, 300]);
  builder.note('t', KIND.line, 0, 1, builder.append(line, 99_999, 100_001) + 2);
  const second = builder.take(301);
  assert.equal([linesOf(second), second.ids], [['x\n'], ['t']]);
});

test('joining changes nothing but the number of batches', () => {
  const one = batchOf(1, ['a', 'mark'], 5);
  const two = batchOf(3, ['b', 'a', 'mark'], 9);
  const joined = joinBatches([one, two]);
  assert.equal([joined.first, joined.count, joined.ts, joined.marks], [1, 5, 5, 2]);
  assert.equal(linesOf(joined), [...linesOf(one), ...linesOf(two)]);
  assert.equal([0, 1, 2, 3, 4].map((i) => joined.id(i)), ['a', 'mark', 'b', 'a', 'mark']);
  assert.is(joined.bytes.toString('utf8', joined.msgs[6], joined.msgs[7]), 'a');
});

test('an empty ring', () => {
  const ring = new Ring(1e6);
  assert.equal([ring.first, ring.next, ring.entries, ring.batchOf(1)], [1, 1, 0, undefined]);
});

test('holds the newest within its limit, without holes, and counts what it dropped', () => {
  const sizes = fc.array(fc.record({ count: fc.integer({ min: 1, max: 40 }), pause: fc.integer({ min: 0, max: 5000 }) }), { maxLength: 900 });
  fc.assert(fc.property(sizes, fc.integer({ min: 10_000, max: 200_000 }), (steps, limit) => {
    const ring = new Ring(limit);
    let ts = 0;
    for (const { count, pause } of steps) {
      ts += pause;
      ring.append(batchOf(ring.next, Array.from({ length: count }, (_, i) => (i % 7 === 3 ? 'mark' : `s${i % 3}`)), ts));
      assert.ok(ring.bytes <= limit || ring.size === 1);
    }
    assert.is(ring.dropped, ring.first - 1);
    let bytes = 0;
    let seq = ring.first;
    while (seq < ring.next) {
      const batch = ring.batchOf(seq) as Batch;
      assert.is(batch.first, seq);
      linesOf(batch).forEach((line, i) => assert.is(line, `${batch.id(i)}:${seq + i}\n`));
      assert.is(ring.batchOf(batch.next - 1), batch);
      bytes += batch.cost;
      seq = batch.next;
    }
    assert.is(ring.bytes, bytes);
    assert.is(ring.batchOf(ring.next), undefined);
    assert.is(ring.batchOf(ring.first - 1), undefined);
  }), { numRuns: 60 });
});

test('a quiet feed is not mostly overhead, and what is fresh stays as it came', () => {
  const ring = new Ring(1e9);
  for (let i = 0; i < 20_000; i++) ring.append(batchOf(ring.next, ['a'], i * 50));
  assert.ok(ring.size < 400, `${ring.size} batches`);
  assert.is(ring.batchOf(19_950)?.count, 1);
  assert.is(ring.batchOf(19_950)?.ts, 19_949 * 50);
  assert.is(ring.bytes, costOf(ring));
});

test('joined batches stay small, whatever the lines', () => {
  const ring = new Ring(1e9);
  for (let i = 0; i < 2000; i++) ring.append(batchOf(ring.next, ['a'], 0, 'x'.repeat(10_000)));
  for (let seq = 1; seq < ring.next; seq++) assert.ok((ring.batchOf(seq)?.bytes.length ?? 0) <= 256 * 1024);
});

test('a batch larger than the ring is held alone', () => {
  const ring = new Ring(1000);
  ring.append(batchOf(1, ['a', 'b']));
  ring.append(batchOf(3, ['a'], 0, 'x'.repeat(5000)));
  assert.equal([ring.first, ring.size, ring.dropped], [3, 1, 2]);
});

test('a batch out of order is a defect', () => {
  assert.throws(() => new Ring(1e6).append(batchOf(2, ['a'])), /batch begins at 2, not 1/);
});

test('who waits is woken once, unless called off', () => {
  const ring = new Ring(1e6);
  const woken: string[] = [];
  ring.onAppend(() => {
    woken.push('a');
    ring.onAppend(() => woken.push('again'));
  });
  const off = ring.onAppend(() => woken.push('b'));
  off();
  ring.append(batchOf(1, ['a']));
  assert.equal(woken, ['a']);
  ring.append(batchOf(2, ['a']));
  ring.append(batchOf(3, ['a']));
  assert.equal(woken, ['a', 'again']);
});

test.run();
