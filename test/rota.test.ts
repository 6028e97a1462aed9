import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Lane, Rota } from '../lib/rota.ts';

const QUANTUM = 65_536;

test('every lane keeps its order, and its marks come when their bytes are out', () => {
  const put = fc.record({ lane: fc.nat(3), size: fc.oneof(fc.nat(300), fc.constantFrom(0, 9000, 40_000, 100_000)) });
  const take = fc.record({ quantum: fc.constantFrom(1, 5000, QUANTUM) });
  fc.assert(fc.property(fc.array(fc.oneof(put, put, take), { maxLength: 120 }), (steps) => {
    let woken = 0;
    const rota = new Rota(() => woken++);
    const given = [0, 0, 0, 0].map(() => ({ bytes: '', out: '', mark: 0 }));
    const lanes = given.map((g) => new Lane(rota, (mark) => {
      assert.ok(mark >= g.mark);
      g.mark = mark;
      assert.ok(g.out.length >= mark);
    }));
    const write = (quantum: number): void => {
      const taken = rota.take(quantum);
      taken.forEach(({ lane, block }) => ((given[lanes.indexOf(lane)] as { out: string }).out += block.bytes.toString('latin1')));
      const bytes = taken.reduce((sum, { block }) => sum + block.length, 0);
      assert.ok(taken.length <= 1 || bytes <= quantum);
      rota.done(taken);
    };
    for (const s of steps) {
      if ('quantum' in s) write(s.quantum);
      else {
        const g = given[s.lane] as { bytes: string };
        const wasEmpty = rota.empty;
        const before = woken;
        const text = String.fromCharCode(97 + (g.bytes.length % 26)).repeat(s.size);
        g.bytes += text;
        lanes[s.lane]?.put(Buffer.from(text), g.bytes.length);
        assert.ok(woken === before + 1 || (woken === before && !wasEmpty)); // told of more, but for what joins a block that waits
      }
    }
    while (!rota.empty) write(QUANTUM);
    assert.is(rota.held, 0);
    given.forEach((g, i) => {
      assert.ok(g.out === g.bytes);
      assert.is(g.mark, g.bytes.length);
      assert.ok(lanes[i]?.idle);
    });
  }), { numRuns: 60 });
});

test('a busy lane does not hold up the others', () => {
  const rota = new Rota(() => {});
  const order: string[] = [];
  const lane = (name: string): Lane => new Lane(rota, () => void order.push(name));
  const busy = lane('busy');
  for (let i = 0; i < 100; i++) busy.put(Buffer.alloc(40_000), i);
  const quiet = [0, 1, 2].map((i) => lane(`quiet${i}`));
  quiet.forEach((q) => q.put(Buffer.from('a line\n'), 1));
  for (let i = 0; i < 2; i++) rota.done(rota.take(QUANTUM));
  assert.equal(order.filter((name) => name !== 'busy'), ['quiet0', 'quiet1', 'quiet2']);
});

test('tiny blocks that wait are put together: memory stays near their bytes', () => {
  const rota = new Rota(() => {});
  const lane = new Lane(rota, () => {});
  for (let i = 0; i < 100_000; i++) lane.put(Buffer.from('x\n'), i);
  assert.is(lane.queued, 200_000);
  assert.ok(rota.held < 300_000, String(rota.held));
});

test.run();
