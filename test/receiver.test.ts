import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Hello } from '../lib/messages.ts';
import type { Filter, Peer, Session } from '../lib/receiver.ts';
import { Rollback, SenderSession, type Stream } from '../lib/sender.ts';
import { control, HEADER, MAX_PAYLOAD, putHeader, TYPE, WireError, type Frame } from '../lib/wire.ts';
import { BOUNDS, Far, Link, newStream as newNamed, reader, type NewStream } from './ends.ts';

/** A stream that another of these, made later, goes on with. */
const newStream = (): NewStream => ({ ...newNamed(), epoch: '0123456789abcdef0123456789abcdef' });

/** Go on without faults until the stream's end is agreed. */
function finish(far: Far, stream: Stream, link: Link): void {
  stream.window.seal();
  stream.ended = true;
  for (let i = 0; link.session.state !== 'done'; i++) {
    assert.ok(i < 10_000, `stuck in state ${link.session.state} with ${stream.window.tail - stream.window.acked} bytes`);
    link.pump(100);
    link.deliver(Infinity);
    far.write();
    far.receiver.acknowledge();
    link.answer(Infinity);
  }
}

const piece = fc.oneof(fc.nat(60), fc.nat(30_000), fc.constant(Infinity));
const lengths = fc.array(fc.oneof(fc.nat(200), fc.constantFrom(0, 30_000, 90_000)), { minLength: 1, maxLength: 4 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ append: lengths }) },
  { weight: 4, arbitrary: fc.record({ seal: fc.constant(true), pump: fc.nat(4) }) },
  { weight: 6, arbitrary: fc.record({ deliver: piece }) },
  { weight: 6, arbitrary: fc.record({ answer: piece }) },
  { weight: 4, arbitrary: fc.record({ write: fc.constantFrom(1, 65_536) }) },
  { weight: 2, arbitrary: fc.record({ acks: fc.constant(true) }) },
  { weight: 2, arbitrary: fc.record({ reconnect: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ late: piece }) },
);

test('whatever is cut, late, repeated or taken over: every byte once, in order', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
    const far = new Far();
    const stream = newStream();
    let sent = '';
    let link = new Link(far, stream);
    let old = link;
    for (const s of steps) {
      if ('append' in s) {
        const text = s.append.map((n) => `${sent.length} ${'abcdefghij'.repeat(n / 10)}\n`).join('');
        stream.window.append(Buffer.from(text));
        sent += text;
      } else if ('seal' in s) {
        stream.window.seal();
        link.pump(s.pump);
      } else if ('deliver' in s) link.deliver(s.deliver);
      else if ('answer' in s) link.answer(s.answer);
      else if ('write' in s) far.write(s.write);
      else if ('acks' in s) far.receiver.acknowledge();
      else if ('late' in s) {
        if (old !== link) old.deliver(s.late); // bytes of the last connection that were still under way
      } else {
        if (s.reconnect) link.close(); // else the receiver has not noticed: the new connection takes over
        old = link;
        link = new Link(far, stream);
      }
      assert.ok(stream.window.acked <= far.out.length);
      assert.ok(sent.startsWith(far.out));
    }
    link = new Link(far, stream);
    finish(far, stream, link);
    assert.ok(far.out === sent);
    assert.equal(stream.window.unacked(), { lines: 0, bytes: 0 });
    assert.is(far.rota.held, 0);
  }), { numRuns: 300 });
});

test('a connection that was taken over is told so, and what it still brings is ignored', () => {
  const far = new Far();
  const stream = newStream();
  const first = new Link(far, stream);
  first.deliver(Infinity);
  first.answer(Infinity);
  stream.window.append(Buffer.from('one\n'));
  stream.window.seal();
  first.pump(1);
  const second = new Link(far, stream);
  second.deliver(Infinity);
  assert.ok(first.fencedOff);
  first.deliver(Infinity);
  far.write();
  assert.is(far.out, '');
  second.answer(Infinity);
  finish(far, stream, second);
  assert.is(far.out, 'one\n');
});

test('credit: no more is under way than the window, and a line longer than it gets through', () => {
  const far = new Far();
  const stream = newStream();
  const link = new Link(far, stream);
  link.deliver(Infinity);
  link.answer(Infinity);
  for (let i = 0; i < 20; i++) stream.window.append(Buffer.from(`${'x'.repeat(30_000)}\n`));
  stream.window.seal();
  link.pump(100);
  link.deliver(Infinity);
  assert.ok(far.rota.held <= 65_536 + 1024, String(far.rota.held));
  assert.is(stream.window.acked, 0);
  stream.window.append(Buffer.from(`${'y'.repeat(MAX_PAYLOAD - 1)}\n`));
  finish(far, stream, link);
  assert.is(far.out.length, 20 * 30_001 + MAX_PAYLOAD);
});

test('the window of each shrinks when there are many', () => {
  const far = new Far({ window: 4 << 20, total: 8 << 20, remembered: 100 });
  assert.is(far.receiver.window, 4 << 20);
  for (let i = 0; i < 32; i++) {
    const stream = newStream();
    stream.epoch = i.toString(16).padStart(32, '0');
    new Link(far, stream).deliver(Infinity);
  }
  assert.is(far.receiver.window, (8 << 20) / 32);
});

/** A peer that says what it likes. */
class Rogue implements Peer {
  readonly heard: Frame[] = [];
  readonly #reader = reader();
  readonly session: Session;
  constructor(far: Far, hello: Hello = { epoch: 'f'.repeat(32), from: 0, base: 0, agent: '' }) {
    this.session = far.receiver.open(this, 'rogue', hello, 'rogue').session;
  }
  send(frame: Buffer): void {
    this.#reader.push(frame, (f) => void this.heard.push({ ...f, payload: Buffer.from(f.payload) }));
  }
  fenced(): void {}
  says(type: number, offset: number, text = ''): void {
    const bytes = Buffer.concat([Buffer.alloc(HEADER), Buffer.from(text)]);
    putHeader(bytes, type, offset, 1);
    reader().push(bytes, (frame) => this.session.take(this, frame));
  }
}

test('what breaks the protocol is refused by name', () => {
  const fault = (says: (r: Rogue) => void): string => {
    try {
      says(new Rogue(new Far()));
    } catch (err) {
      if (err instanceof WireError) return `${err.code}: ${err.message}`;
      throw err;
    }
    return 'nothing';
  };
  assert.is(fault((r) => r.says(TYPE.data, 5, 'late\n')), 'GAP: bytes 0 to 5 are missing');
  assert.is(fault((r) => r.says(TYPE.data, 0, 'no end')), 'FRAME: not whole lines');
  assert.is(fault((r) => r.says(TYPE.data, 0)), 'FRAME: not whole lines');
  assert.is(fault((r) => r.says(TYPE.end, 9)), 'GAP: the stream ends at 9, but 0 bytes are here');
  assert.is(fault((r) => r.says(TYPE.welcome, 0, '{}')), 'FRAME: a frame out of place');
  assert.is(fault((r) => r.says(TYPE.loss, 0, '{"to":-1,"lines":1}')), 'FRAME: LOSS: bad to');
  assert.is(fault((r) => r.says(TYPE.loss, 0, '[]')), 'FRAME: LOSS: not an object');
  assert.is(fault((r) => {
    r.says(TYPE.data, 0, 'ab\ncd\n');
    r.says(TYPE.data, 1, 'b\ncd\nef\n'); // overlaps: its new part begins where a line begins
    r.says(TYPE.data, 8, 'xx\ngh\n');
  }), 'GAP: no line begins at 9');
  assert.is(fault((r) => {
    r.says(TYPE.data, 0, `${'x'.repeat(60_000)}\n`);
    r.says(TYPE.data, 60_001, `${'x'.repeat(60_000)}\n`);
  }), 'CREDIT: sent beyond 65536');
  assert.is(fault((r) => {
    r.says(TYPE.data, 0, 'a\n');
    r.says(TYPE.end, 2);
    r.says(TYPE.data, 2, 'b\n');
  }), 'FRAME: lines behind the end');
  assert.is(fault((r) => {
    r.says(TYPE.end, 0);
    r.says(TYPE.loss, 0, '{"to":9,"lines":1}');
  }), 'FRAME: a loss behind the end');
});

test('bytes that come again are dropped, wherever the frames are cut the second time', () => {
  const lines = Array.from({ length: 40 }, (_, i) => `${i} ${'x'.repeat((i * 7) % 30)}\n`);
  const offset = (n: number): number => lines.slice(0, n).join('').length;
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(40), fc.nat(40), fc.boolean()), { maxLength: 60 }), (frames) => {
    const far = new Far();
    const rogue = new Rogue(far);
    let [reached, sent] = [0, 0];
    for (const [from, to, write] of frames) {
      if (from > reached || to <= from) continue;
      rogue.says(TYPE.data, offset(from), lines.slice(from, to).join(''));
      sent += offset(to) - offset(from);
      reached = Math.max(reached, to);
      if (write) far.write();
    }
    while (!far.rota.empty) far.write();
    assert.is(far.out, lines.slice(0, reached).join(''));
    const { repeated, bytes } = rogue.session.counts;
    assert.equal([bytes, repeated], [offset(reached), sent - offset(reached)]);
  }));
});

test('loss that a sender announces is counted, never silent', () => {
  const far = new Far();
  const rogue = new Rogue(far);
  rogue.says(TYPE.data, 0, 'a\n');
  rogue.says(TYPE.loss, 2, '{"to":50,"lines":4,"reason":"full"}');
  rogue.says(TYPE.loss, 2, '{"to":50,"lines":4,"reason":"full"}');
  rogue.says(TYPE.data, 50, 'b\n');
  far.write();
  assert.is(far.out, 'a\nb\n');
  assert.is(far.lost, 48);
  assert.is(rogue.session.committed, 52);
});

test('a receiver that has forgotten what it acknowledged: the sender says what is gone, and goes on', () => {
  const far = new Far();
  const early = newStream();
  early.window.append(Buffer.from('one\n'));
  finishPartly(far, early);
  const stream = newStream(); // the same, further on: byte 8 was acknowledged, which this receiver does not know any more
  for (const text of ['one\n', 'two\n', 'three\n']) {
    stream.window.append(Buffer.from(text));
    stream.window.seal();
  }
  stream.window.release(8);
  finish(far, stream, new Link(far, stream));
  assert.is(far.out, 'one\nthree\n');
  assert.is(far.lost, 4);
});

test('other bytes at the receiver under the same epoch are a rollback, never dropped as known', () => {
  const far = new Far();
  const before = newStream();
  before.window.append(Buffer.from('one\ntwo\n'));
  finishPartly(far, before);
  const shorter = newStream();
  shorter.window.append(Buffer.from('one\n'));
  shorter.window.seal();
  const link = new Link(far, shorter);
  link.deliver(Infinity);
  const rollback = (pattern: RegExp) => (err: unknown): boolean => err instanceof Rollback && pattern.test(err.message);
  assert.throws(() => link.answer(Infinity), rollback(/has 8 bytes of this stream, which has 4/));
  const other = newStream();
  other.window.append(Buffer.from('one\nTWO\nthree\n'));
  other.window.seal();
  const again = new Link(far, other);
  again.deliver(Infinity);
  assert.throws(() => again.answer(Infinity), rollback(/other bytes than these at 0/));
});

/** Send everything and have it written, without END and without the ACK. */
function finishPartly(far: Far, stream: Stream): void {
  stream.window.seal();
  const link = new Link(far, stream);
  link.deliver(Infinity);
  link.answer(Infinity);
  link.pump(9);
  link.deliver(Infinity);
  far.write();
}

test('lines that are refused are left out, counted, and told to the sender; the others pass and all is acknowledged', () => {
  const far = new Far();
  const stream = newStream();
  const filter: Filter = (lines) => {
    const all = lines.toString().split(/(?<=\n)/);
    const kept = all.filter((l) => !l.startsWith('bad')).map((l) => Buffer.from(l));
    return { kept, lines: kept.length, refused: all.length - kept.length, reason: 'bad' };
  };
  const link = new Link(far, stream, filter);
  link.deliver(Infinity);
  link.answer(Infinity);
  for (const text of ['a\nbad 1\nb\n', 'bad 2\n', 'c\nbad 3\n']) {
    stream.window.append(Buffer.from(text));
    stream.window.seal();
  }
  finish(far, stream, link);
  assert.is(far.out, 'a\nb\nc\n');
  assert.equal(stream.refused, { lines: 3, earlier: 0, reason: 'bad' });
});

test('streams that ended are forgotten first, then those unused for longest, never one in use', () => {
  const far = new Far({ ...BOUNDS, remembered: 3 });
  const hello = (i: number): Hello => ({ epoch: String(i).padStart(32, '0'), from: 0, base: 0, agent: '' });
  const [idle, ended, busy] = [1, 2, 3].map((i) => new Rogue(far, hello(i))) as [Rogue, Rogue, Rogue];
  idle.says(TYPE.data, 0, 'x\n');
  far.write();
  far.receiver.close(idle, idle.session);
  ended.says(TYPE.data, 0, 'x\n');
  ended.says(TYPE.end, 2);
  far.write();
  far.receiver.close(ended, ended.session);
  new Rogue(far, hello(4));
  assert.is(far.receiver.remembered, 3);
  const again = new Rogue(far, hello(1));
  assert.is(again.session, idle.session); // it was the ended one that went
  for (let i = 5; i < 20; i++) {
    const r = new Rogue(far, hello(i));
    far.receiver.close(r, r.session);
  }
  assert.is(new Rogue(far, hello(3)).session, busy.session);
  assert.ok(far.receiver.remembered <= 4);
});

test('a stream that ends without a byte is answered at once, written down nowhere, and forgotten with its connection', () => {
  const far = new Far();
  const none = new Rogue(far);
  none.says(TYPE.end, 0);
  assert.equal(none.heard.map(({ type, offset }) => [type, offset]), [[TYPE.welcome, 0], [TYPE.end, 0]]);
  assert.ok(far.rota.empty);
  assert.is(far.receiver.remembered, 1);
  far.receiver.close(none, none.session);
  assert.is(far.receiver.remembered, 0);
  new Rogue(far).says(TYPE.end, 0); // its answer was lost on the way
});

test('a stream that has ended: whoever asks again hears END again', () => {
  const far = new Far();
  const stream = newStream();
  stream.window.append(Buffer.from('one\n'));
  const link = new Link(far, stream);
  stream.window.seal();
  stream.ended = true;
  link.deliver(Infinity);
  link.answer(Infinity);
  link.pump(9);
  link.deliver(Infinity);
  far.write();
  link.close(); // its END never arrives
  const again = new Link(far, stream);
  finish(far, stream, again);
  assert.is(far.out, 'one\n');
});

test('fuzzed answers never make anything but a WireError or a Rollback', () => {
  const answer = fc.tuple(
    fc.constantFrom(...Object.values(TYPE)),
    fc.oneof(fc.nat(20), fc.constant(2 ** 53 - 1)),
    fc.oneof(
      fc.json().map((j) => Buffer.from(j).subarray(0, 4000)),
      fc.uint8Array({ maxLength: 8 }),
      fc.constant(Buffer.from('{"next":3,"limit":9}')),
    ),
  );
  fc.assert(fc.property(fc.array(answer, { maxLength: 6 }), (answers) => {
    const stream = newStream();
    stream.window.append(Buffer.from('ab\ncd\n'));
    stream.window.seal();
    const session = new SenderSession(stream);
    const r = reader();
    try {
      for (const [type, offset, payload] of answers) {
        const bytes = Buffer.concat([Buffer.alloc(HEADER), payload]);
        putHeader(bytes, type, offset, 0);
        r.push(bytes, (frame) => session.take(frame));
        session.next();
      }
      r.push(control(TYPE.ping, 0), (frame) => session.take(frame));
    } catch (err) {
      assert.ok(err instanceof WireError || err instanceof Rollback, String(err));
    }
    assert.ok(stream.window.acked <= 6);
  }), { numRuns: 500 });
});

test.run();
