import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Journal, NoRoom, type Entry } from '../lib/journal.ts';
import { CursorFile, readCursor } from '../lib/journal-cursor.ts';
import { groupLine, openingLine, segmentName, segmentNumber, type Position } from '../lib/journal-format.ts';
import { JournalReader } from '../lib/journal-reader.ts';
import { SegmentScan } from '../lib/journal-scan.ts';
import { Standings, newStanding, type Standing } from '../lib/standings.ts';
import { crc32 } from '../lib/crc.ts';
import { countLines } from '../lib/lines.ts';
import { random } from './oracle.ts';
import { SimDisk, type Death } from './sim-disk.ts';
import { timed } from './sh.ts';

const SOAK = process.env['LM_SOAK'] !== undefined;
const DIR = '/j';
const OPTIONS = { segment: 3000, remembered: 100 };
const EPOCH = '0123456789abcdef0123456789abcdef';

/** A sender as the receiver sees it: a stream of lines, sent again from where the journal says. */
class Stream {
  readonly name: string;
  readonly text: Buffer;
  acked = 0;

  constructor(name: string, lines: number, seed: number) {
    this.name = name;
    const next = random(seed);
    this.text = Buffer.from(Array.from({ length: lines }, (_, i) => `${name} ${i} ${hostile(i, next)}\n`).join(''));
  }

  /** Some whole lines from `from` on. */
  piece(from: number, about: number): Buffer {
    const end = this.text.indexOf('\n', Math.min(from + about, this.text.length - 1)) + 1;
    return this.text.subarray(from, end);
  }
}

/** What a line may hold: among others what looks like the journal's own lines. */
function hostile(i: number, next: () => number): string {
  const mark = 'AAAAAAAAAAAAAAAA';
  const fakes = [
    'x'.repeat(Math.floor(next() * 300)),
    `{"@":"group","mark":"${mark}","crc":"00000000","at":0,"bytes":99999,"lines":1}`,
    '{"@":"segment"}', `{"@":"group","mark":"`, '', '\0\0', '{"id":"a","msg":"b"}',
  ];
  return fakes[i % fakes.length] ?? '';
}

function entry(from: Standing, bytes: Buffer): Entry {
  const { committed: offset } = from;
  const last = { offset, length: bytes.length, crc: crc32(bytes) };
  const standing = { ...from, committed: offset + bytes.length, last, lines: from.lines + countLines(bytes) };
  return { payload: [bytes], standings: [standing] };
}

const openJournal = (disk: SimDisk, options = OPTIONS): Promise<Journal> => Journal.open(DIR, options, disk, () => (disk.clock += 7));

/** All lines in the journal, as latin1, and the damage met. */
async function readAll(disk: SimDisk, from: Position, limit?: () => Position): Promise<{ text: string; damage: string[]; end: Position }> {
  const reader = new JournalReader(disk, DIR, from, limit);
  let [text, end] = ['', from];
  const damage: string[] = [];
  for (let got = await reader.read(); got; got = await reader.read()) {
    if (got.is === 'lines') text += got.lines.toString('latin1');
    else damage.push(`${got.damage.segment} ${got.damage.from}-${got.damage.to}: ${got.damage.reason}`);
    end = got.next;
  }
  await reader.close();
  return { text, damage, end };
}

/** The journal holds of each stream the beginning, as far as the standing says; and no less than was acknowledged. */
function check(journal: Journal, text: string, streams: Stream[]): void {
  for (const stream of streams) {
    const got = text.split(/(?<=\n)/).filter((line) => line.startsWith(`${stream.name} `)).join('');
    const standing = kept(journal, stream.name);
    assert.is(got, stream.text.toString('latin1', 0, standing?.committed ?? 0), stream.name);
    assert.ok((standing?.committed ?? 0) >= stream.acked, `${stream.name}: ${standing?.committed} < ${stream.acked}`);
    if (standing) {
      const { offset = 0, length = 0, crc } = standing.last ?? {};
      assert.is(offset + length, standing.committed);
      assert.is(crc32(stream.text.subarray(offset, offset + length)), crc);
    }
  }
}

const kept = (journal: Journal, name: string): Standing | undefined => (
  journal.standings.all().find(({ standing: { principal } }) => principal === name)?.standing
);
const standingOf = (journal: Journal, name: string): Standing => kept(journal, name) ?? newStanding(name, EPOCH, 0);
const newStreams = (): Stream[] => [new Stream('web1', 70, 1), new Stream('db', 70, 2), new Stream('mail', 70, 3)];

/** Commit until all streams are in the journal, cleaning and saving a cursor on the way. Rejects with Died. */
async function carry(disk: SimDisk, journal: Journal, streams: Stream[], cursorAt: { position?: Position }): Promise<void> {
  const cursor = new CursorFile(disk, `${DIR}/cursor`);
  for (let turn = 0; streams.some((s) => standingOf(journal, s.name).committed < s.text.length); turn++) {
    const entries = streams.flatMap((stream, i) => {
      const standing = standingOf(journal, stream.name);
      if ((turn + i) % 3 === 0 || standing.committed === stream.text.length) return [];
      return [entry(standing, stream.piece(standing.committed, 200 + 97 * i))];
    });
    if (entries.length === 0) continue;
    const placed = await journal.commit(entries);
    for (const { standings: [standing] } of entries) {
      const stream = streams.find((s) => s.name === standing?.principal);
      if (stream && standing) stream.acked = standing.committed;
    }
    if (turn % 4 !== 3) continue;
    const from = placed.at(-1)?.from ?? journal.start;
    await cursor.save(from);
    if (turn % 8 === 7) await cursor.sync();
    cursorAt.position = from;
  }
}

test('the names of segments', () => {
  assert.is(segmentName(12), '000000000012.ndjson');
  assert.is(segmentNumber('000000000012.ndjson'), 12);
  for (const name of ['12.ndjson', '000000000012.ndjson.new', 'cursor']) assert.is(segmentNumber(name), undefined);
});

test('control lines are JSON, say what follows, and stand before it', () => {
  const mark = 'abcdefghijklmnop';
  const payload = [Buffer.from('a\n'), Buffer.from('b\nc\n')];
  const standing = { ...newStanding('web1', EPOCH, 0), committed: 6, last: { offset: 0, length: 6, crc: 1 }, lines: 3 };
  const line = groupLine(mark, { at: 100, ts: 5, streams: [{ standing, used: 5 }] }, payload);
  const crc = JSON.parse(line.toString()).crc;
  assert.is(line.toString(), `{"@":"group","mark":"${mark}","crc":"${crc}","at":100,"bytes":6,"ts":5,"streams":[`
    + `{"sender":"web1","epoch":"${EPOCH}","to":6,"last":{"offset":0,"length":6,"crc":1},"lines":3}]}\n`);
  // As lm-journal(5) says: of everything behind the eight digits.
  const whole = Buffer.concat([line, ...payload]);
  assert.is(crc, crc32(whole.subarray(whole.indexOf(crc) + 8)).toString(16).padStart(8, '0'));
  assert.match(openingLine(mark, { at: 0, bytes: 0, segment: 7, ts: 5, before: 99 }).toString(),
    /^\{"@":"segment","mark":"abcdefghijklmnop","crc":"[0-9a-f]{8}","at":0,"bytes":0,"v":1,"segment":7,"ts":5,"before":99\}\n$/);
});

test('what is committed is there after a restart, byte for byte, over many segments', async () => {
  const disk = new SimDisk(random(1));
  const streams = newStreams();
  let journal = await openJournal(disk);
  await carry(disk, journal, streams, {});
  await journal.close();
  journal = await openJournal(disk);
  const { text, damage } = await readAll(disk, journal.start);
  assert.equal([damage, journal.damage, journal.cut], [[], [], undefined]);
  check(journal, text, streams);
  assert.ok(journal.end.segment > 3, `${journal.end.segment} segments`);
  const limited = await readAll(disk, journal.start, () => journal.end);
  assert.is(limited.text, text);
  assert.equal(limited.end, journal.end);
});

/** Die at operation `k` in the first process and at operation `again` of the next one; then go on to the end. */
async function dieAndGoOn(k: number, again: number, death: Death, seed: number): Promise<boolean> {
  const disk = new SimDisk(random(seed));
  const streams = newStreams();
  const cursorAt: { position?: Position } = {};
  let died = false;
  for (const dieAt of [k, again]) {
    disk.operations = 0;
    disk.dieAt = dieAt;
    try {
      const journal = await openJournal(disk);
      check(journal, (await readAll(disk, journal.start)).text, streams);
      await carry(disk, journal, streams, cursorAt);
    } catch (err) {
      // Journal names the folder in what it throws; what it came from is below.
      if (!disk.dead) throw err;
      died = true;
    }
    disk.restart(disk.dead ? death : 'kill');
  }
  const journal = await openJournal(disk);
  assert.equal(journal.damage, [], `no damage: ${JSON.stringify(journal.damage)}`);
  const cursor = await readCursor(disk, `${DIR}/cursor`);
  if (cursorAt.position && death === 'kill') assert.ok(cursor, 'the cursor is there');
  check(journal, (await readAll(disk, journal.start)).text, streams);
  await carry(disk, journal, streams, cursorAt);
  const { text, damage } = await readAll(disk, journal.start);
  assert.equal(damage, []);
  check(journal, text, streams);
  for (const stream of streams) assert.is(standingOf(journal, stream.name).committed, stream.text.length);
  await journal.close();
  return died;
}

for (const death of ['kill', 'power'] as const) {
  test(`${death}: dying at every single operation, then at every one of the next start`, timed(SOAK ? 1_200_000 : 120_000, async () => {
    let k = 1;
    for (; await dieAndGoOn(k, Infinity, death, k); k++);
    assert.ok(k > 60, `${k} operations`);
    for (let i = 1; i < k; i += SOAK ? 1 : 13) {
      for (let again = 1; again <= 8; again++) await dieAndGoOn(i, again, death, i * 31 + again);
    }
  }));
}

/** What was cleaned away, without the end of it that is back since the power was cut: a removal is as little synced as it needs to be. */
function withoutReturned(cleaned: string, text: string): string {
  for (let at = cleaned === '' ? -1 : 0; at >= 0; at = cleaned.indexOf('\n', at) + 1) {
    if (at === cleaned.length) break;
    if (text.startsWith(cleaned.slice(at))) return cleaned.slice(0, at);
  }
  return cleaned;
}

test('model: commits, deaths and full disks in any order', timed(SOAK ? 1_200_000 : 120_000, async () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ commit: fc.array(fc.tuple(fc.nat(2), fc.nat(900)), { minLength: 1, maxLength: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ die: fc.nat(6), death: fc.constantFrom<Death>('kill', 'power') }) },
    { weight: 1, arbitrary: fc.record({ full: fc.nat(500) }) },
    { weight: 1, arbitrary: fc.record({ clean: fc.nat(10_000) }) },
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
    const disk = new SimDisk(random(seed));
    const streams = [new Stream('web1', 400, 1), new Stream('db', 400, 2), new Stream('mail', 400, 3)];
    let journal = await openJournal(disk);
    let cleaned = '';
    for (const s of steps) {
      if ('commit' in s) {
        const entries: Entry[] = [];
        const at = new Map<string, Standing>();
        for (const [i, about] of s.commit) {
          const stream = streams[i] as Stream;
          const standing = at.get(stream.name) ?? standingOf(journal, stream.name);
          if (standing.committed === stream.text.length) continue;
          const made = entry(standing, stream.piece(standing.committed, about));
          at.set(stream.name, made.standings[0] as Standing);
          entries.push(made);
        }
        try {
          await journal.commit(entries);
          for (const [name, { committed }] of at) (streams.find((x) => x.name === name) as Stream).acked = committed;
        } catch (err) {
          if (!(err instanceof NoRoom) && !disk.dead) throw err;
          if (err instanceof NoRoom) disk.room = Infinity;
        }
      } else if ('full' in s) disk.room = disk.used + s.full;
      else if ('die' in s) {
        disk.dieAt = disk.operations + 1 + s.die;
        await journal.commit([{ payload: [Buffer.from('anonymous\n')], standings: [] }]).catch(() => {});
        disk.dead = true;
        disk.restart(s.death);
        disk.room = Infinity;
        journal = await openJournal(disk);
        if (s.death === 'power') cleaned = withoutReturned(cleaned, (await readAll(disk, journal.start)).text);
      } else {
        const before = (await readAll(disk, journal.start)).text;
        const keeper = await Journal.open(DIR, { ...OPTIONS, keepSize: s.clean }, disk, () => disk.clock);
        const passed = { ...keeper.end };
        await keeper.clean(passed);
        await keeper.close();
        journal = await openJournal(disk);
        const after = (await readAll(disk, journal.start)).text;
        assert.ok(before.endsWith(after));
        cleaned += before.slice(0, before.length - after.length);
      }
      const { text, damage } = await readAll(disk, journal.start, () => journal.end);
      assert.equal([damage, journal.damage], [[], []]);
      check(journal, cleaned + text, streams);
    }
  }), { numRuns: SOAK ? 3000 : 80 });
}));

/** A journal of three segments, as its files. */
async function made(): Promise<{ disk: SimDisk; text: string; streams: Stream[] }> {
  const disk = new SimDisk(random(9));
  const streams = newStreams();
  const journal = await openJournal(disk);
  await carry(disk, journal, streams, {});
  await journal.close();
  return { disk, streams, text: (await readAll(disk, journal.start)).text };
}

const segmentsOf = async (disk: SimDisk): Promise<string[]> => (
  (await disk.list(DIR)).filter((name) => segmentNumber(name) !== undefined).sort()
);

test('the last segment cut at every byte: what is whole stays, the rest is kept beside it', timed(60_000, async () => {
  const { disk, text } = await made();
  const last = `${DIR}/${(await segmentsOf(disk)).at(-1)}`;
  const whole = Buffer.from(disk.bytes(last));
  const opening = whole.indexOf('\n') + 1;
  for (let length = whole.length - 1; length >= opening; length -= length > whole.length - 600 ? 1 : 13) {
    disk.replace(last, whole.subarray(0, length));
    const journal = await openJournal(disk);
    const left = disk.bytes(last);
    assert.ok(whole.subarray(0, left.length).equals(left));
    assert.is(journal.cut === undefined, left.length === length);
    if (journal.cut) assert.ok(disk.bytes(`${last}.cut`).equals(whole.subarray(left.length, length)));
    const got = (await readAll(disk, journal.start)).text;
    assert.ok(text.startsWith(got));
    assert.equal(journal.damage, []);
    await journal.close();
  }
}));

test('any byte changed: in the last group it is cut, elsewhere it is told and left as it is, and all other lines are read',
  timed(SOAK ? 1_200_000 : 120_000, async () => {
  const { disk, text } = await made();
  const names = await segmentsOf(disk);
  const next = random(77);
  for (const name of names.slice(-3)) {
    const path = `${DIR}/${name}`;
    const whole = Buffer.from(disk.bytes(path));
    for (let at = 0; at < whole.length; at += SOAK ? 1 : 1 + Math.floor(next() * 80)) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ (1 << Math.floor(next() * 8));
      disk.replace(path, changed);
      const before = await segmentsOf(disk);
      const journal = await openJournal(disk);
      const read = await readAll(disk, journal.start);
      if (name !== names.at(-1)) {
        assert.is(read.damage.length, 1, `${name} ${at}: ${read.damage}`);
        assert.ok(disk.bytes(path).equals(changed), 'not touched');
      } else if (journal.cut) assert.equal([journal.damage, read.damage], [[], []], `${at}`);
      else {
        assert.ok(journal.damage.length > 0, `${name} ${at}`);
        assert.ok(disk.bytes(path).equals(changed), 'not touched');
        assert.ok(read.damage.length > 0);
      }
      // Lines of groups that are not damaged are all there, in order.
      const lines = text.split(/(?<=\n)/);
      let i = 0;
      for (const line of read.text.split(/(?<=\n)/)) {
        while (i < lines.length && lines[i] !== line) i++;
        assert.ok(i < lines.length, `a line that is not there: ${line}`);
        i++;
      }
      await journal.close();
      for (const extra of await segmentsOf(disk)) if (!before.includes(extra)) await disk.remove(`${DIR}/${extra}`);
      disk.replace(path, whole);
    }
  }
}));

test('a segment that is missing, and one that has become shorter', async () => {
  const { disk } = await made();
  const names = await segmentsOf(disk);
  await disk.remove(`${DIR}/${names[1]}`);
  let journal = await openJournal(disk);
  assert.equal(journal.damage.map(({ segment, reason }) => [segment, reason]), [[2, 'it is missing']]);
  assert.equal((await readAll(disk, journal.start)).damage, ['2 0-0: it is missing']);
  await journal.close();
  const before = `${DIR}/${names.at(-2)}`;
  const whole = disk.bytes(before);
  disk.replace(before, whole.subarray(0, whole.length - 10));
  journal = await openJournal(disk);
  assert.is(journal.damage[1]?.reason, `it was ${whole.length} bytes long and now is ${whole.length - 10}`);
  assert.is((await readAll(disk, journal.start)).damage.length, 2);
});

test('files that become shorter or go away while they are read: told, and it goes on at the end', async () => {
  for (const spoil of [
    async (disk: SimDisk, path: string) => disk.replace(path, disk.bytes(path).subarray(0, 400)),
    async (disk: SimDisk, path: string) => disk.remove(path),
  ]) {
    const disk = new SimDisk(random(4));
    const journal = await openJournal(disk);
    for (let i = 0; i < 20; i++) await journal.commit([{ payload: [Buffer.from(`${i} ${'x'.repeat(40)}\n`)], standings: [] }]);
    await spoil(disk, `${DIR}/${segmentName(1)}`);
    const { damage, end } = await readAll(disk, journal.start, () => journal.end);
    assert.is(damage.length, 1, String(damage));
    assert.equal(end, journal.end);
  }
});

test('a sender that knows the mark cannot make its lines a group', async () => {
  const disk = new SimDisk(random(4));
  const journal = await openJournal(disk);
  const mark = JSON.parse(disk.bytes(`${DIR}/${segmentName(1)}`).toString()).mark as string;
  const fake = groupLine(mark, { at: 5000, ts: 1, streams: [{ standing: newStanding('evil', EPOCH, 0), used: 1 }] }, [Buffer.from('x\n')]);
  const lines = Buffer.concat([fake, Buffer.from('x\n')]);
  await journal.commit([{ payload: [lines], standings: [] }]);
  const again = await openJournal(disk);
  assert.is((await readAll(disk, again.start)).text, lines.toString('latin1'));
  assert.is(again.standings.size, 0);
});

test('retention: the oldest segments go, but none that is being written or that the reader has not passed', async () => {
  const { disk } = await made();
  const count = (await segmentsOf(disk)).length;
  const journal = await Journal.open(DIR, { ...OPTIONS, keepSize: 0 }, disk, () => disk.clock);
  const over = await journal.clean({ segment: 3, at: 0, done: 0 });
  assert.is(over, journal.size); // and all that is left is more than is wanted
  assert.equal((await segmentsOf(disk))[0], segmentName(3));
  assert.is(await journal.clean(journal.end), 0);
  assert.equal([(await segmentsOf(disk)).length, journal.removed], [1, count - 1]);
  assert.equal(journal.start.segment, count);
});

test('retention by age: segments are begun often enough, and go when their last line is old', async () => {
  const disk = new SimDisk(random(4));
  const hour = 3_600_000;
  const journal = await Journal.open(DIR, { ...OPTIONS, segment: 1e9, keepAge: 8 * hour }, disk, () => disk.clock);
  for (let i = 0; i < 20; i++) {
    await journal.commit([{ payload: [Buffer.from(`${i}\n`)], standings: [] }]);
    disk.clock += hour;
    await journal.clean(journal.end);
  }
  const left = (await readAll(disk, journal.start)).text.split('\n').filter(Boolean).map(Number);
  assert.is(left.at(-1), 19);
  assert.ok(left.length >= 8 && left.length <= 10, String(left));
});

test('who waits for a cursor waits for the disk, also when somebody else has asked it already', timed(10_000, async () => {
  const disk = new SimDisk(random(1));
  const open = disk.open.bind(disk);
  let slow = Promise.resolve();
  disk.open = async (path, how) => {
    const file = await open(path, how);
    return { ...file, sync: () => slow.then(() => file.sync()) };
  };
  const cursor = new CursorFile(disk, '/cursor');
  await cursor.save({ segment: 1, at: 100, done: 0 });
  let goOn: () => void = () => {};
  slow = new Promise((resolve) => (goOn = resolve));
  let waiting = 2;
  const both = [cursor.sync(), cursor.sync()].map((synced) => synced.then(() => waiting--));
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(waiting, 2);
  goOn();
  await Promise.all(both);
  await cursor.close();
}));

test('standings: kept 30 days, one day after the end, and a sender that has too many pushes out its own', () => {
  const day = 86_400_000;
  const standings = new Standings(10);
  const put = (name: string, i: number, now: number, ended = false): void => {
    standings.put({ ...newStanding(name, i.toString(16).padStart(32, '0'), 5), ended }, now);
  };
  const has = (name: string, i: number): boolean => (
    standings.all().some(({ standing: s }) => s.principal === name && Number.parseInt(s.epoch, 16) === i)
  );
  put('web1', 1, 0);
  put('web1', 2, 0, true);
  standings.expire(day);
  assert.equal([has('web1', 1), has('web1', 2)], [true, true]);
  standings.expire(day + 1);
  assert.equal([has('web1', 1), has('web1', 2)], [true, false]);
  for (let i = 0; i < 50; i++) put('many', i, day, i === 45);
  assert.equal([standings.size, has('web1', 1), has('many', 45), has('many', 49)], [10, true, false, true]);
  standings.expire(30 * day + 1);
  assert.equal([has('web1', 1), has('many', 49)], [false, true]);
  assert.is(standings.recall('many', (49).toString(16).padStart(32, '0'), 40 * day)?.committed, 5);
  standings.expire(60 * day);
  assert.is(standings.size, 1);
});

test('a full disk: nothing is left of what did not fit, and it goes on when there is room', async () => {
  const disk = new SimDisk(random(5));
  const journal = await openJournal(disk);
  const path = `${DIR}/${segmentName(1)}`;
  const [stream] = newStreams() as [Stream];
  await journal.commit([entry(standingOf(journal, 'web1'), stream.piece(0, 100))]);
  const before = Buffer.from(disk.bytes(path));
  disk.room = before.length + 50;
  const more = entry(standingOf(journal, 'web1'), stream.piece(standingOf(journal, 'web1').committed, 500));
  for (let i = 0; i < 3; i++) {
    try {
      await journal.commit([more]);
      assert.unreachable();
    } catch (err) {
      assert.instance(err, NoRoom);
    }
    assert.ok(disk.bytes(path).equals(before));
  }
  disk.room = Infinity;
  await journal.commit([more]);
  check(journal, (await readAll(disk, journal.start)).text, [stream]);
});

test('a reader that saw half a group, which a crash left and the next writer cut off, reads the shorter one in its place', async () => {
  const mark = '0123456789abcdef';
  const opening = openingLine(mark, { at: 0, bytes: 0, segment: 1, ts: 1, before: undefined });
  const group = (text: string): Buffer => {
    const payload = [Buffer.from(text)];
    return Buffer.concat([groupLine(mark, { at: opening.length, ts: 1, streams: [] }, payload), ...payload]);
  };
  let bytes = Buffer.concat([opening, group('x'.repeat(5000) + '\n').subarray(0, 3000)]);
  const scan = new SegmentScan({
    read: async (into, at) => bytes.subarray(at).copy(into),
    write: async () => 0,
    sync: async () => {},
    truncate: async () => {},
    size: async () => bytes.length,
    close: async () => {},
  });
  await scan.open();
  assert.equal(await scan.next(), { is: 'short' });
  bytes = Buffer.concat([opening, group('short\n')]);
  const step = await scan.next();
  assert.is(step.is === 'group' && step.lines.toString(), 'short\n');
  assert.equal(await scan.next(), { is: 'end' });
});

test.run();
