import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { renew, Rollback, type Stream } from '../lib/sender.ts';
import { Spool, type SpoolOptions } from '../lib/spool.ts';
import { FarEnd, Link } from './far-end.ts';
import { random } from './oracle.ts';
import { timed, until } from './sh.ts';
import { SimDisk } from './sim-spool-disk.ts';

const MORE = process.env['LM_SOAK'] === '1' ? 10 : 1;

/** One process: a spool, its connection, and what it has read and written; `run` numbers processes. */
class Life {
  readonly spool: Spool;
  readonly said: string[] = [];
  /** Lines read; those of them that are in files; those that were synced. */
  read: string[] = [];
  written = 0;
  synced = 0;
  done = false;
  #stream: Stream;
  #link: Link | undefined;
  readonly #disk: SimDisk;
  readonly #far: FarEnd;
  readonly #run: number;

  constructor(disk: SimDisk, far: FarEnd, run: number, options: Partial<SpoolOptions> = {}) {
    this.#disk = disk;
    this.#far = far;
    this.#run = run;
    this.spool = new Spool(disk, {
      max: 1 << 20, memory: 4000, segment: 700, dropping: false, sync: 'interval', say: (text) => this.said.push(text), ...options,
    });
    this.#stream = this.spool.first();
  }

  append(lines: number): void {
    const more = Array.from({ length: lines }, (_, i) => `${this.#run} ${this.read.length + i} ${'z'.repeat((this.read.length + i) % 60)}`);
    this.read.push(...more);
    this.spool.window.append(Buffer.from(more.map((line) => `${line}\n`).join('')));
    this.spool.window.seal();
    if (!this.#disk.crashed && this.spool.window.exposed.bytes === 0) this.written = this.read.length;
  }

  async sync(): Promise<void> {
    const { written } = this;
    await this.spool.sync();
    if (!this.#disk.crashed && !this.spool.window.unsafe) this.synced = written;
  }

  /** Up to `frames` go over the connection, made if there is none; of the last ones the acknowledgement is still on its way. */
  send(frames: number, unanswered = 0): void {
    for (let i = 0; i < frames && !this.#disk.crashed && !this.done; i++) {
      try {
        this.#link ??= new Link(this.#far, this.#stream);
      } catch (err) {
        if (!(err instanceof Rollback)) throw err;
        this.said.push('rollback');
        renew(this.#stream);
        continue;
      }
      if (this.#disk.crashed) return;
      if (!this.#link.step(i < frames - unanswered) && this.#link.session.state !== 'done') return;
      if (this.#link.session.state === 'done' && !this.#disk.crashed) this.#turn();
    }
  }

  #turn(): void {
    this.#link = undefined;
    const next = this.spool.next();
    if (next) this.#stream = next;
    else this.done = true;
  }

  cut(): void {
    this.#link = undefined;
  }

  /** To the end of everything. */
  finish(): void {
    this.spool.window.seal();
    this.spool.stream.ended = true;
    for (let rounds = 0; !this.done && !this.#disk.crashed; rounds++) {
      assert.ok(rounds < 1000, 'it does not come to an end');
      this.send(50);
    }
  }
}

/** Nothing twice, order kept, no line that was not read; and all that were promised. */
function judge(far: FarEnd, promised: readonly string[][], what: string): void {
  const seen = new Set(far.lines);
  assert.is(seen.size, far.lines.length, `${what}: something came twice`);
  const last = new Map<string, number>();
  for (const line of far.lines) {
    const [run = '', n = ''] = line.split(' ');
    assert.ok(Number(n) > (last.get(run) ?? -1), `${what}: ${line} after ${last.get(run)}`);
    last.set(run, Number(n));
  }
  const runs = far.lines.map((line) => Number(line.split(' ')[0]));
  assert.equal(runs, [...runs].sort((a, b) => a - b), `${what}: an older process' lines come first`);
  for (const lines of promised) for (const line of lines) assert.ok(seen.has(line), `${what}: ${line} is missing`);
}

const disk = (): SimDisk => new SimDisk();

test('what goes in comes out, over cut connections, and nothing is left on the disk', async () => {
  const [d, far] = [disk(), new FarEnd()];
  const life = new Life(d, far, 0);
  for (let i = 0; i < 60; i++) {
    life.append(1 + (i % 7));
    if (i % 3 === 0) life.send(4, i % 4);
    if (i % 5 === 0) life.cut();
  }
  life.finish();
  judge(far, [life.read], 'plain');
  assert.is(far.lines.length, life.read.length);
  assert.equal([life.said, await life.spool.close()], [[], { lost: { lines: 0, bytes: 0 }, kept: 0 }]);
  assert.equal(d.list().filter(({ name }) => name.endsWith('.frames')), []);
});

type Death = 'kill' | 'power';

/** A life of a fixed course with a crash at `crashAt`, after which one more process drains the disk. Returns the steps it took. */
async function crashAt(step: number, how: Death, seed: number, second = Infinity): Promise<number> {
  const [first, far, next] = [disk(), new FarEnd(), random(seed)];
  first.crashAt = step;
  const one = new Life(first, far, 1);
  for (let i = 0; i < 30 && !first.crashed; i++) {
    one.append(3 + (i % 5));
    if (!first.crashed && i % 4 === 1) await one.sync();
    if (!first.crashed && i % 3 === 2) one.send(2 + (i % 3), i % 2);
    if (i % 5 === 4) one.cut();
  }
  if (!first.crashed) one.finish();
  const { steps } = first;
  const promised = [one.read.slice(0, how === 'kill' ? one.written : one.synced)];
  const survivors = how === 'kill' ? first.killed() : first.powerLost(next);
  survivors.crashAt = second;
  const two = new Life(survivors, far, 2);
  if (!survivors.crashed) two.append(5);
  two.finish();
  if (survivors.crashed) {
    promised.push(two.read.slice(0, how === 'kill' ? two.written : 0));
    const three = new Life(how === 'kill' ? survivors.killed() : survivors.powerLost(next), far, 3);
    three.append(5);
    three.finish();
    promised.push(three.read);
  } else promised.push(two.read);
  judge(far, promised, `${how} at ${step}, seed ${seed}, second ${second}`);
  if (how === 'kill') assert.equal(far.lost, { lines: 0, bytes: 0 });
  return steps;
}

test('killed before each single operation on the disk: every line that was written arrives once', timed(120_000 * MORE, async () => {
  const steps = await crashAt(Infinity, 'kill', 1);
  assert.ok(steps > 70, String(steps));
  for (let step = 1; step <= steps; step++) await crashAt(step, 'kill', step);
}));

test('power lost before each single operation: every line that was synced arrives once, whatever is left of the others',
  timed(120_000 * MORE, async () => {
  const steps = await crashAt(Infinity, 'power', 1);
  for (let step = 1; step <= steps; step++) for (let seed = 1; seed <= 3 * MORE; seed++) await crashAt(step, 'power', 100 * step + seed);
}));

test('and again before each operation of the recovery', timed(120_000 * MORE, async () => {
  for (const how of ['kill', 'power'] as const) {
    for (let step = 10; step <= 90; step += 20) {
      for (let second = 1; second <= 40; second++) await crashAt(step, how, step + second, second);
    }
  }
}));

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 4, arbitrary: fc.record({ send: fc.integer({ min: 1, max: 12 }), unanswered: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.constant({ cut: true as const }) },
  { weight: 2, arbitrary: fc.constant({ sync: true as const }) },
  { weight: 1, arbitrary: fc.record({ die: fc.constantFrom<Death>('kill', 'power'), seed: fc.integer({ min: 1 }) }) },
);

test('any course of appending, sending, cuts, syncs, kills and power losses', timed(120_000 * MORE, async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
    const far = new FarEnd();
    const promised: string[][] = [];
    let [d, run] = [disk(), 1];
    let life = new Life(d, far, run);
    for (const a of actions) {
      if ('append' in a) life.append(a.append);
      else if ('send' in a) life.send(a.send, a.unanswered);
      else if ('cut' in a) life.cut();
      else if ('sync' in a) await life.sync();
      else {
        // What of an earlier process is still there was synced by nobody since: after a power loss only kills may be relied on.
        promised.push(life.read.slice(0, a.die === 'kill' ? life.written : life.synced));
        d = a.die === 'kill' ? d.killed() : d.powerLost(random(a.seed));
        life = new Life(d, far, ++run);
      }
    }
    life.finish();
    promised.push(life.read);
    judge(far, promised, 'any course');
    assert.equal(d.list().filter(({ name }) => name.endsWith('.frames')), []);
  }), { numRuns: 150 * MORE });
}));

test('drop-oldest: within its bound for ever, every line delivered or counted, in memory and over restarts',
  timed(120_000 * MORE, async () => {
  const steps = fc.array(fc.tuple(fc.nat(30), fc.nat(6), fc.nat(9)), { minLength: 5, maxLength: 50 });
  await fc.assert(fc.asyncProperty(steps, async (course) => {
    const far = new FarEnd();
    far.credit = 2000;
    let [d, run, dropped, read] = [disk(), 1, 0, 0];
    let life = new Life(d, far, run, { max: 6000, dropping: true });
    for (const [lines, frames, what] of course) {
      life.append(lines + 1);
      assert.ok(life.spool.bytes <= 6000 + 4000, String(life.spool.bytes));
      life.send(frames, 1);
      if (what === 0) life.cut();
      if (what !== 1) continue;
      dropped += life.spool.dropped.lines;
      read += life.read.length;
      d = d.killed();
      life = new Life(d, far, ++run, { max: 6000, dropping: true });
    }
    life.finish();
    dropped += life.spool.dropped.lines;
    read += life.read.length;
    judge(far, [], 'drop-oldest');
    assert.is(far.lines.length + far.lost.lines, read);
    assert.ok(far.lost.lines <= dropped && (run > 1 || far.lost.lines === dropped), `${far.lost.lines} ${dropped}`);
  }), { numRuns: 100 * MORE });
}));

test('block: full at the bound, and room again as soon as enough is acknowledged', () => {
  const [d, far] = [disk(), new FarEnd()];
  const life = new Life(d, far, 1, { max: 5000 });
  let appended = 0;
  for (; !life.spool.window.full; appended++) life.append(5);
  assert.ok(life.spool.bytes >= 5000 && life.spool.bytes < 5600, String(life.spool.bytes));
  life.send(1000);
  assert.not.ok(life.spool.window.full);
  life.finish();
  judge(far, [life.read], 'block');
});

test('a full disk: reading waits, lines in memory go out, and it goes on by itself when there is room', timed(20_000, async () => {
  const [d, far] = [disk(), new FarEnd()];
  d.room = 3000;
  const life = new Life(d, far, 1);
  while (!life.spool.window.full) life.append(5);
  assert.match(life.said.join(), /cannot write the spool: ENOSPC; reading waits, and what is in memory is sent; trying again/);
  assert.ok(life.spool.window.exposed.lines > 0);
  life.send(1000);
  assert.is(far.lines.length, life.read.length); // all of them, also those that never came to the disk
  assert.not.ok(life.spool.window.full);
  assert.is(life.said.length, 2);
  assert.is(life.said[1], 'the spool can be written again');
  while (!life.spool.window.full) life.append(5);
  d.room = Infinity;
  await until(() => !life.spool.window.full, 5000);
  life.append(5);
  life.finish();
  judge(far, [life.read], 'full disk');
}));

test('a full disk with drop-oldest: counted to the line', () => {
  const [d, far] = [disk(), new FarEnd()];
  d.room = 3000;
  const life = new Life(d, far, 1, { dropping: true });
  for (let i = 0; i < 200; i++) life.append(5);
  life.finish();
  judge(far, [life.read.slice(-5)], 'full disk');
  assert.is(far.lines.length + far.lost.lines, life.read.length);
  assert.equal(far.lost, life.spool.dropped);
  assert.ok(far.lost.lines > 0);
});

test('a sync that fails: told, nothing more is written, lines go on in memory within its bound', async () => {
  const [d, far] = [disk(), new FarEnd()];
  const life = new Life(d, far, 1);
  life.append(20);
  d.fault = 'EIO';
  await life.sync();
  assert.match(life.said.join(), /cannot write the spool: EIO; going on without it: from now on lines are kept in memory only/);
  const steps = d.steps;
  while (!life.spool.window.full) life.append(5);
  assert.is(d.steps, steps);
  life.send(3);
  const { lost, kept } = await life.spool.close();
  assert.ok(lost.bytes > 1000 && kept === 0);
  life.finish();
  judge(far, [life.read], 'EIO');
});

/** A disk with the files of a process that was killed: about 12 of them. */
function leftBehind(far: FarEnd, lines = 300): { d: SimDisk; read: string[]; names: string[] } {
  const d = disk();
  const life = new Life(d, far, 1);
  for (let i = 0; i < lines / 3; i++) life.append(3);
  const killed = d.killed();
  return { d: killed, read: life.read, names: killed.list().map(({ name }) => name).filter((name) => name.endsWith('.frames')).sort() };
}

test('damage in the middle of a file: told, counted, sent as LOSS, everything else arrives, the file is kept', () => {
  const far = new FarEnd();
  const { d, read, names } = leftBehind(far);
  const name = names[4] ?? '';
  d.spoil(name, (bytes) => {
    bytes[100] = (bytes[100] as number) ^ 4;
    return bytes;
  });
  const life = new Life(d, far, 2);
  life.append(4);
  life.finish();
  judge(far, [life.read], 'damage');
  assert.is(far.lines.length + far.lost.lines, read.length + 4);
  assert.equal(far.lost, life.spool.damaged);
  assert.is(far.lost.lines, 3);
  assert.match(life.said.join('\n'), new RegExp(`^${name} is damaged: ${far.lost.bytes} bytes of lines are lost, the others are sent;`));
  assert.equal(d.list().map((file) => file.name).filter((n) => n.includes('frames')), [`${name}.damaged`]);
});

test('a whole file missing, and one cut short, are losses; only a few damaged files are kept', () => {
  const far = new FarEnd();
  const { d, names, read } = leftBehind(far, 900);
  d.remove(names[3] ?? '');
  for (let i = 5; i < 19; i += 2) d.spoil(names[i] ?? '', (bytes) => bytes.subarray(0, bytes.length - 10));
  const life = new Life(d, far, 2);
  life.finish();
  judge(far, [], 'missing');
  assert.is(far.lost.bytes, life.spool.damaged.bytes);
  assert.ok(far.lost.bytes > 600 && far.lines.length < read.length);
  assert.is(d.list().filter((file) => file.name.endsWith('.damaged')).length, 4);
});

test('the end of the last file torn: cut, told, and the rest arrives', () => {
  const far = new FarEnd();
  const { d, names, read } = leftBehind(far);
  d.spoil(names.at(-1) ?? '', (bytes) => bytes.subarray(0, bytes.length - 5));
  const life = new Life(d, far, 2);
  life.finish();
  judge(far, [read.slice(0, -3)], 'torn');
  assert.match(life.said.join(), /ends within a frame, as after a crash: its last \d+ bytes are cut off/);
  assert.is(life.spool.damaged.bytes, 0);
});

test('a last file with nothing but the beginning of a frame, and files that cannot be read: told, counted, never silent', () => {
  const far = new FarEnd();
  const { d, names, read } = leftBehind(far);
  d.spoil(names.at(-1) ?? '', (bytes) => bytes.subarray(0, 20));
  d.unreadable = names[2];
  const life = new Life(d, far, 2);
  life.finish();
  judge(far, [read.slice(0, 20)], 'unreadable');
  assert.match(life.said.join('\n'), /ends within a frame, as after a crash: its last 20 bytes are cut off/);
  assert.match(life.said.join('\n'), /cannot read \S+: EIO; its \d+ bytes are lost/);
  assert.ok(far.lost.bytes > 300 && life.spool.damaged.bytes >= far.lost.bytes);
  const last = leftBehind(far);
  last.d.unreadable = last.names.at(-1);
  far.lines = [];
  const next = new Life(last.d, far, 2);
  next.finish();
  assert.match(next.said.join(), /cannot read/);
  assert.ok(next.spool.damaged.bytes > 0);
});

test('a note of what is acknowledged that is wrong, old or damaged costs nothing', () => {
  const far = new FarEnd();
  for (const text of ['EPOCH 5000 00000000\n', 'EPOCH 5000\n', `${'ab'.repeat(16)} 9999999 00000000\n`, '', '\0\0\0\0']) {
    const { d, read, names } = leftBehind(far);
    const file = d.create('ack');
    file.write(Buffer.from(text.replace('EPOCH', names[0]?.slice(9, 41) ?? '')), 0);
    far.lines = [];
    const life = new Life(d, far, 2);
    life.finish();
    judge(far, [read], 'hint');
  }
});

test('a receiver that has forgotten the stream gets what is not acknowledged; a second one gets what is held', () => {
  const far = new FarEnd();
  const d = disk();
  const one = new Life(d, far, 1);
  for (let i = 0; i < 50; i++) one.append(3);
  one.send(20);
  const acked = far.lines.length;
  far.streams.clear();
  one.cut();
  one.finish();
  judge(far, [one.read], 'forgotten');
  assert.ok(acked > 0);
  // A receiver that was put back to an earlier state: what is still on disk is sent again, what is not is a loss that it hears of.
  const back = new FarEnd();
  const two = new Life(disk(), back, 1);
  for (let i = 0; i < 50; i++) two.append(3);
  two.send(3);
  const [[epoch, known]] = [...back.streams] as [[string, { received: number; last: undefined; ended: boolean }]];
  const snapshot = { lines: [...back.lines], received: known.received };
  two.send(20);
  two.cut();
  back.lines = snapshot.lines;
  back.streams.set(epoch, { received: snapshot.received, last: undefined, ended: false });
  two.finish();
  assert.is(back.lines.length + two.read.filter((line) => !back.lines.includes(line)).length, two.read.length);
  const missing = two.read.filter((line) => !back.lines.includes(line));
  assert.is(back.lost.bytes, missing.reduce((sum, line) => sum + line.length + 1, 0));
});

test('a spool put back from a copy: the receiver has more, so nothing of it is sent again, and new lines arrive', () => {
  const [d, far] = [disk(), new FarEnd()];
  const one = new Life(d, far, 1);
  for (let i = 0; i < 20; i++) one.append(3);
  const copy = d.killed();
  for (let i = 0; i < 20; i++) one.append(3);
  one.finish();
  const two = new Life(copy, far, 2);
  two.append(7);
  two.finish();
  judge(far, [one.read, two.read], 'copy');
});

test('other bytes than the receiver has under the same name: a new name, everything that is not acknowledged is sent', () => {
  const far = new FarEnd();
  const { d, read, names } = leftBehind(far);
  const epoch = names[0]?.slice(9, 41) ?? '';
  far.streams.set(epoch, { received: 400, last: { offset: 300, length: 100, crc: 12345 }, ended: false });
  const life = new Life(d, far, 2);
  life.append(3);
  life.finish();
  judge(far, [read, life.read], 'other bytes');
  assert.equal(life.said, ['rollback']);
});

test.run();
