/** The core of lm/1 against a model of a few lines, under every fault that connections and processes have, in any order. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Far, Link, newStream, WINDOW, type NewStream } from './ends.ts';

const SENDER_MEMORY = 300_000;
const RUNS = process.env['LM_SOAK'] ? 3000 : 100;

/**
 * What is to be true, said without the protocol. A stream is a text. Each life of a receiver begins it where the sender then still
 * holds it, at the latest where another life has put it out; from there it puts out every byte once and in order, or counts it as lost,
 * and lost is only what another life has put out.
 */
class Model {
  text = '';
  readonly lives = new Map<Far, { begin: number; gaps: { from: number; to: number }[] }>();
  /** Every byte below has been put out by some life, and acknowledged or not. */
  out = 0;

  /** The receiver has answered HELLO. `next` is what it has of the stream, `base` the lowest offset that the sender holds. */
  welcome(far: Far, base: number, { known, next }: { known: boolean; next: number }): void {
    const life = this.lives.get(far);
    assert.is(known, life !== undefined, 'a life knows the streams that it has seen');
    assert.ok(base <= this.out, `the sender has forgotten what nobody put out: ${base} > ${this.out}`);
    if (!life) this.lives.set(far, { begin: base, gaps: [] });
    else if (base > next) {
      const last = life.gaps.at(-1);
      if (last && last.to > next) last.to = base; // it was not told of the last one before the connection ended
      else life.gaps.push({ from: next, to: base });
    }
  }

  /** How far this life has come: what it put out, and what it was told is lost. */
  reached(far: Far): number {
    const life = this.lives.get(far);
    if (!life) return 0;
    let [at, left] = [life.begin, far.out.length];
    for (const { from, to } of life.gaps) {
      if (left < from - at) break;
      left -= from - at;
      at = to;
    }
    return at + left;
  }

  /** What this life must have put out so far, if it was told of all its gaps. */
  expected(far: Far): string {
    const life = this.lives.get(far);
    if (!life) return '';
    let [at, text] = [life.begin, ''];
    for (const { from, to } of life.gaps) {
      if (at + far.out.length - text.length < from) break;
      text += this.text.slice(at, from);
      at = to;
    }
    return text + this.text.slice(at, at + far.out.length - text.length);
  }

  check(far: Far): void {
    assert.ok(far.out === this.expected(far), `put out: ${far.out.length} bytes`);
    this.out = Math.max(this.out, Math.min(this.reached(far), this.text.length));
  }
}

const piece = fc.oneof(fc.nat(60), fc.nat(30_000), fc.constant(Infinity));
const lengths = fc.array(fc.oneof(fc.nat(200), fc.constantFrom(0, 30_000, 90_000)), { minLength: 1, maxLength: 3 });
const step = fc.oneof(
  { weight: 25, arbitrary: fc.record({ do: fc.constant('go on' as const), lengths, frames: fc.nat(3), written: fc.constantFrom(1, 65_536) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('append' as const), lengths }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pump' as const), n: fc.nat(4) }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('deliver' as const), n: piece }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('answer' as const), n: piece }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('write' as const), n: fc.constantFrom(1, 65_536) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('acknowledge' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), n: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), noticed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('late' as const), n: piece }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('other receiver' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('receiver dies' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sender dies' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A sender process with its stream, and the model of it. */
type Life = { stream: NewStream; model: Model };

class World {
  readonly fars: Far[] = [new Far(), new Far()];
  life: Life = World.born();
  link: Link;
  old: Link;
  #turn = 0;

  constructor() {
    this.link = this.old = this.connect();
  }

  static born(): Life {
    return { stream: newStream(SENDER_MEMORY), model: new Model() };
  }

  get far(): Far {
    return this.fars[this.#turn] as Far;
  }

  connect(): Link {
    return new Link(this.far, this.life.stream);
  }

  /** What a sender has under way at a receiver is what arrived there while `link` was the connection. */
  deliver(link: Link, n: number): void {
    const before = link.welcomed;
    link.deliver(n);
    if (!before && link.welcomed && link === this.link) this.life.model.welcome(link.far, link.welcomed.base, link.welcomed);
  }

  reconnect(noticed: boolean): void {
    if (noticed) this.link.close();
    this.old = this.link;
    this.link = this.connect();
  }

  append(lengths: number[]): void {
    const { stream, model } = this.life;
    if (stream.window.full) return; // the program before the sender waits
    const text = lengths.map((n) => `${model.text.length} ${'abcdefghij'.repeat(n / 10)}\n`).join('');
    stream.window.append(Buffer.from(text));
    model.text += text;
  }

  /** Go on with the other receiver, which may know the stream from before. */
  switch(): void {
    this.#turn = 1 - this.#turn;
    this.reconnect(true);
  }

  check(): void {
    for (const far of this.fars) {
      this.life.model.check(far);
      // One window, and one frame more where nothing else is under way, with what blocks cost in memory.
      assert.ok(far.rota.held <= 2 * WINDOW + 100_000, `${far.rota.held} bytes held`);
    }
    const { stream, model } = this.life;
    assert.ok(stream.window.acked <= model.out, 'acknowledged before it was put out');
    assert.ok(model.text.length - stream.window.acked <= SENDER_MEMORY + 400_000);
  }

  /** The receiver's memory is gone; what it put out stays, and its next life begins anew. */
  receiverDies(): void {
    this.far.crash();
    this.life.model.lives.delete(this.far);
    this.reconnect(true);
  }

  /** What the sender's memory held is gone; what was put out of it is as it was. A new process has a new stream, that is looked at alone. */
  senderDies(): void {
    this.life = World.born();
    for (const far of this.fars) {
      far.write(1 << 30);
      far.out = '';
    }
    this.reconnect(true);
  }

  /** A while without faults. */
  goOn(lengths: number[], frames: number, written: number): void {
    this.deliver(this.link, Infinity);
    this.link.answer(Infinity);
    this.append(lengths);
    this.life.stream.window.seal();
    this.link.pump(frames);
    this.deliver(this.link, Infinity);
    this.fars.forEach((far) => far.write(written));
    this.far.receiver.acknowledge();
    this.link.answer(Infinity);
  }

  /** No more faults: everything must come, and the end be agreed. */
  finish(): void {
    const { stream, model } = this.life;
    this.reconnect(true);
    stream.window.seal();
    stream.ended = true;
    for (let i = 0; this.link.session.state !== 'done'; i++) {
      assert.ok(i < 10_000, `stuck in state ${this.link.session.state}`);
      this.link.pump(100);
      this.deliver(this.link, Infinity);
      this.far.write(65_536);
      this.far.receiver.acknowledge();
      this.link.answer(Infinity);
    }
    this.check();
    assert.is(model.reached(this.far), model.text.length);
    assert.equal(stream.window.unacked(), { lines: 0, bytes: 0 });
  }
}

function take(world: World, s: Step): void {
  if (s.do === 'append') world.append(s.lengths);
  else if (s.do === 'pump') {
    world.life.stream.window.seal();
    world.link.pump(s.n);
  } else if (s.do === 'deliver') world.deliver(world.link, s.n);
  else if (s.do === 'answer') world.link.answer(s.n);
  else if (s.do === 'write') world.fars.forEach((far) => far.write(s.n));
  else if (s.do === 'acknowledge') world.far.receiver.acknowledge();
  else if (s.do === 'repeat') world.link.repeat(s.n);
  else if (s.do === 'go on') world.goOn(s.lengths, s.frames, s.written);
  else if (s.do === 'cut') world.reconnect(s.noticed);
  else if (s.do === 'other receiver') world.switch();
  else if (s.do === 'receiver dies') world.receiverDies();
  else if (s.do === 'sender dies') world.senderDies();
  else if (world.old !== world.link && world.old.welcomed) world.deliver(world.old, s.n); // late
}

test('two receivers, all of them dying, cuts and late bytes: every byte once and in order at each, or counted as lost where the other has it', () => {
  fc.assert(fc.property(fc.array(step, { minLength: 10, maxLength: 100, size: 'max' }), (steps) => {
    const world = new World();
    for (const s of steps) {
      take(world, s);
      if (s.do !== 'append' && s.do !== 'pump' && s.do !== 'deliver') world.check();
    }
    world.finish();
  }), { numRuns: RUNS });
});

test.run();
