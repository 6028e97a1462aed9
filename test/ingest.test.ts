/** From lines to entries. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BATCH_BYTES, Ingest, Source } from '../lib/ingest.ts';
import { LineCutter, MAX_LINE } from '../lib/lines.ts';
import { Ring } from '../lib/ring.ts';

type Entry = Record<string, unknown>;

/** A new ingest that has taken in the text, in blocks of its whole lines. */
function taken(...blocks: (string | Buffer)[]): { ingest: Ingest; ring: Ring; source: Source } {
  const ring = new Ring(1 << 28);
  const ingest = new Ingest(ring);
  const source = new Source();
  const cutter = new LineCutter();
  for (const text of blocks) for (const block of cutter.push(Buffer.from(text))) ingest.push(source, block, 1000);
  for (const block of cutter.end()) ingest.push(source, block, 1000);
  ingest.flush();
  return { ingest, ring, source };
}

/** The lines of a ring's entries; each must stand where its batch says. */
function linesOf(ring: Ring): string[] {
  const lines: string[] = [];
  for (let seq = ring.first; seq < ring.next; ) {
    const batch = ring.batchOf(seq);
    if (!batch) throw new Error(`entry ${seq} is not held`);
    for (let i = 0; i < batch.count; i++) {
      const line = batch.bytes.toString('utf8', batch.start(i), batch.ends[i]);
      assert.is(line.indexOf('\n'), line.length - 1);
      const entry = JSON.parse(line) as Entry;
      assert.is(entry['id'], batch.id(i));
      assert.is(batch.kinds[i] === 2, line.startsWith('{"@":'));
      if ('msg' in entry) assert.is(JSON.parse(`"${batch.bytes.toString('utf8', batch.msgs[2 * i], batch.msgs[2 * i + 1])}"`), entry['msg']);
      lines.push(line.slice(0, -1));
    }
    seq = batch.next;
  }
  return lines;
}

const entriesOf = (...blocks: (string | Buffer)[]): Entry[] => linesOf(taken(...blocks).ring).map((line) => JSON.parse(line) as Entry);

const record = (id: string, n: number, msg = 'm'): string => `{"id":"${id}","run":"r1","n":${n},"ts":5,"msg":"${msg}"}`;

test('what lm-frame writes is copied byte for byte', () => {
  const lines = [record('web1/nginx', 1), record('web1/nginx', 2, 'a \\"b\\" \\u0000 \u{1f600}'), record('b', 1, ''),
    '{"id":"a","ts":0,"msg":"no run","level":"warn","big":12345678901234567890}',
    '{"id":"web1/nginx","run":"r1","n":3,"ts":5,"msg":"part","more":true}'];
  assert.equal(linesOf(taken(`${lines.join('\n')}\n`).ring), lines);
});

test('a record in another order is written in ours, and loses nothing', () => {
  const text = ' { "big" : 12345678901234567890 ,"msg":"a\\"}", "o":{"msg":"}","l":[1, {"a" :[]}]},"e":{},"n":3, "run":"r","\\u0069d":"x","s":"\\\\" } \r\n';
  assert.equal(linesOf(taken(text).ring), [
    '{"id":"x","run":"r","n":3,"ts":1000,"msg":"a\\"}","big":12345678901234567890,"o":{"msg":"}","l":[1, {"a" :[]}]},"e":{},"s":"\\\\"}',
  ]);
});

test('a number without a run, or a run without a number, stays a key like any other', () => {
  assert.equal(linesOf(taken('{"id":"x","n":3,"msg":""}\n{"run":"r","id":"x","msg":""}\n').ring), [
    '{"id":"x","ts":1000,"msg":"","n":3}', '{"id":"x","ts":1000,"msg":"","run":"r"}',
  ]);
});

test('what is no record is kept, with the reason, and counted', () => {
  const cases: [string | Buffer, string][] = [
    ['null', 'not an object'], ['5', 'not an object'], ['[]', 'not an object'], ['"s"', 'not an object'], ['', 'empty'], ['plain text', 'not an object'],
    ['{"id":"a","msg":"x"', 'not JSON'], ['{"id":"a","msg":"x","msg":"y"}', 'a key twice'], ['{"id":"a","id":"b","msg":"y"}', 'a key twice'],
    ['{"id":"a","i\\u0064":"b","msg":"y"}', 'a key twice'], ['{"id":"a"}', 'no msg'], ['{"id":"a","msg":5}', 'bad msg'], ['{"id":5,"msg":""}', 'bad id'],
    ['{"id":"","msg":""}', 'bad id'], ['{"id":"a/../b","msg":""}', 'bad id'], ['{"id":"__proto__","msg":""}', 'bad id'],
    ['{"id":"a","n":-1,"run":"r","msg":""}', 'bad n'], ['{"id":"a","ts":"5","msg":""}', 'bad ts'], ['{"id":"a","msg":"\u0001"}', 'not JSON'],
    ['{"msg":"x","host":"h"}', 'no id'], ['a\0b\u001b[31m\u202e', 'not an object'],
  ];
  for (const [text, bad] of cases) {
    const { ring, ingest } = taken(Buffer.concat([Buffer.from(text), Buffer.from('\n')]));
    assert.equal(linesOf(ring).map((line) => JSON.parse(line) as Entry), [{ id: 'unframed', ts: 1000, msg: text, bad }], String(text));
    assert.is(ingest.counts.malformed, 1);
    assert.equal([...ingest.counts.reasons], [[bad, 1]]);
    assert.is(ingest.streams.of('unframed').lines, 1);
  }
});

test('a record without an id shows its message', () => {
  assert.equal(entriesOf('{"msg":"hello \\"x\\"","ts":7}\n'), [{ id: 'unframed', ts: 7, msg: 'hello "x"', bad: 'no id' }]);
});

test('invalid UTF-8 spoils its own line only', () => {
  const block = Buffer.concat([Buffer.from(`${record('a', 1)}\n`), Buffer.from('{"id":"a","msg":"\xff\xfe"}\n', 'latin1'), Buffer.from(`${record('a', 2, 'ü')}\n`)]);
  assert.equal(entriesOf(block).map((e) => [e['id'], e['msg'], e['bad']]), [
    ['a', 'm', undefined], ['unframed', '{"id":"a","msg":"\ufffd\ufffd"}', 'invalid UTF-8'], ['a', 'ü', undefined],
  ]);
});

test('a long line that is no record comes in pieces, each below 1 MiB however it must be escaped', () => {
  for (const unit of ['\0', 'é', '😀', 'x', '"']) {
    const text = unit.repeat(Math.floor((MAX_LINE - 1) / Buffer.byteLength(unit)));
    const lines = linesOf(taken(`${text}\n`).ring);
    assert.ok(lines.length > 1 && lines.every((line) => Buffer.byteLength(line) < MAX_LINE));
    const entries = lines.map((line) => JSON.parse(line) as Entry);
    assert.is(entries.map((e) => e['msg']).join(''), text);
    assert.equal(entries.map((e) => e['more']), entries.map((_, i) => (i < entries.length - 1 ? true : undefined)));
  }
});

test('a long line of nothing but halves of characters', () => {
  const entries = entriesOf(Buffer.concat([Buffer.alloc(1_000_000, 0x80), Buffer.from('\n')]));
  assert.ok(entries.length > 1 && entries.length < 10);
  assert.is(entries.map((e) => e['msg']).join(''), '\ufffd'.repeat(1_000_000));
});

/** The JSON text of a value with blanks wherever they may stand. */
function spaced(value: unknown, blanks: string[]): string {
  let k = 0;
  const blank = (): string => blanks[k++ % blanks.length] ?? '';
  const write = (v: unknown): string => {
    if (Array.isArray(v)) return `[${blank()}${v.map((x) => write(x) + blank()).join(`,${blank()}`)}]`;
    if (typeof v !== 'object' || v === null) return JSON.stringify(v);
    return `{${blank()}${Object.entries(v).map(([key, x]) => `${JSON.stringify(key)}${blank()}:${blank()}${write(x)}${blank()}`).join(`,${blank()}`)}}`;
  };
  return `${blank()}${write(value)}${blank()}`;
}

test('any record keeps its keys and values, however it is written', () => {
  const key = fc.string().filter((k) => !['id', 'run', 'n', 'ts', 'msg', '__proto__', 'beat', 'end'].includes(k));
  const extra = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
  const blanks = fc.array(fc.constantFrom('', ' ', '\t', '\r', ' \t '), { minLength: 1, maxLength: 7 });
  fc.assert(fc.property(extra, extra, fc.string(), blanks, (before, after, msg, given) => {
    const wanted = { ...before, msg, id: 'a', ...after };
    const lines = linesOf(taken(`${spaced(wanted, given)}\n`).ring);
    assert.is(lines.length, 1);
    assert.equal(JSON.parse(lines[0] as string), { ...(JSON.parse(JSON.stringify(wanted)) as Entry), ts: 1000 });
    assert.match(lines[0] as string, /^\{"id":"a","ts":1000,"msg":"/);
  }), { numRuns: 1000 });
});

test('gaps, duplicates and late lines are told', () => {
  const { ring, ingest } = taken([1, 2, 5, 2, 3, 3, 6].map((n) => `${record('a', n)}\n`).join(''));
  assert.equal(linesOf(ring), [
    record('a', 1), record('a', 2), '{"@":"lost","id":"a","run":"r1","from":3,"to":4,"lines":2,"ts":1000}', record('a', 5), record('a', 3), record('a', 6),
  ]);
  const { received, records, duplicates, lost, late, malformed } = ingest.counts;
  assert.equal({ received, records, duplicates, lost, late, malformed }, { received: 7, records: 5, duplicates: 2, lost: 2, late: 1, malformed: 0 });
  assert.equal([ingest.streams.of('a').lost, ingest.streams.of('a').duplicates, ingest.streams.of('a').lines], [1, 2, 5]);
});

test('a beat reveals a loss, an end is told, neither is a line', () => {
  const { ring, ingest } = taken(`${record('a', 1)}\n{"id":"a","run":"r1","n":3,"ts":5,"beat":true}\n{"id":"a","run":"r1","n":3,"ts":5,"end":true}\n`);
  assert.equal(linesOf(ring).slice(1), [
    '{"@":"lost","id":"a","run":"r1","from":2,"to":3,"lines":2,"ts":1000}', '{"@":"end","id":"a","run":"r1","ts":1000}',
  ]);
  assert.is(ingest.streams.of('a').pulse.state(1001), 'ended');
  assert.is(ingest.streams.of('a').lines, 1);
});

test('a writer that begins with beats promises their interval, not the time since another one was heard of', () => {
  const ingest = new Ingest(new Ring(1 << 20));
  const source = new Source();
  const say = (text: string, now: number): void => ingest.push(source, Buffer.from(`${text}\n`), now);
  const beat = '{"id":"a","run":"r2","n":0,"ts":5,"beat":true}';
  say(record('a', 1), 1000);
  say(beat, 7_200_000);
  say(beat, 7_210_000);
  const { pulse } = ingest.streams.of('a');
  assert.equal([pulse.state(7_244_000), pulse.state(7_246_000)], ['idle', 'lost']);
});

test('runs and streams are told apart, whatever their order', () => {
  const lines = Array.from({ length: 300 }, (_, i) => `{"id":"s${i % 3}","run":"r${i % 2}","n":${Math.floor(i / 6) + 1},"ts":1,"msg":""}`);
  const { ring, ingest } = taken(`${lines.join('\n')}\n`);
  assert.equal(linesOf(ring), lines);
  assert.is(ingest.counts.lost, 0);
});

test('batches are closed at their size, also inside one block', () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => record('a', i + 1, 'x'.repeat(80)));
  const { ring } = taken(`${lines.join('\n')}\n`);
  assert.equal(linesOf(ring), lines);
  assert.ok(ring.size >= (20_000 * 120) / BATCH_BYTES - 1);
  for (let seq = 1; seq < ring.next; seq += 100) assert.ok((ring.batchOf(seq)?.bytes.length ?? 0) < BATCH_BYTES + 200);
  const empty = taken('\n'.repeat(200_000)).ring;
  assert.is(empty.next, 200_001);
});

const line = fc.oneof(
  fc.record({ id: fc.constantFrom('a', 'b', 'web1/nginx'), n: fc.integer({ min: 1, max: 30 }), msg: fc.string({ unit: 'grapheme' }) }).map((r) =>
    `{"id":"${r.id}","run":"r","n":${r.n},"ts":1,"msg":${JSON.stringify(r.msg)}}`),
  fc.record({ msg: fc.string(), id: fc.constantFrom('a', 'c', '__proto__', ''), x: fc.json() }).map((r) => JSON.stringify(r)),
  fc.json(),
  fc.string({ unit: 'binary' }).map((s) => s.replaceAll('\n', '')),
  fc.constantFrom('', 'null', '5', '[]', '{}', '{"id":"a","end":true,"run":"r","n":9}', '{"id":"a","msg":"\\ud800"}'),
);

test('any lines: every line is an entry or a counted duplicate, valid JSON, whatever the cuts', () => {
  fc.assert(fc.property(fc.array(line, { maxLength: 60 }), fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 8 }), (lines, cuts) => {
    const bytes = Buffer.from(lines.map((l) => `${l}\n`).join(''));
    const whole = taken(bytes);
    const at = [0, ...cuts.map((c) => Math.min(c, bytes.length)).sort((a, b) => a - b), bytes.length];
    const cut = taken(...at.slice(1).map((end, i) => bytes.subarray(at[i], end)));
    assert.equal(linesOf(cut.ring), linesOf(whole.ring));
    const { received, records, malformed, duplicates, beats } = whole.ingest.counts;
    assert.is(received, lines.length);
    assert.is(records + malformed + duplicates + beats, lines.length);
    const shown = linesOf(whole.ring).filter((l) => !l.startsWith('{"@"'));
    assert.is(shown.length, records + malformed);
  }), { numRuns: 500 });
});

test('a flood of streams and runs is bounded', () => {
  const ring = new Ring(1 << 20);
  const ingest = new Ingest(ring);
  const source = new Source();
  for (let i = 0; i < 30_000; i++) ingest.push(source, Buffer.from(`${record(`s${i}`, 7)}\n`), i);
  ingest.flush();
  assert.ok(ingest.streams.size <= 10_000 && ingest.account.size <= 10_000);
  assert.is(ingest.counts.records, 30_000);
  assert.is(ingest.counts.lost, 0);
});

test.run();
