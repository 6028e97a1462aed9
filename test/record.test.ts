import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RecordReader, unescape } from '../lib/record.ts';
import { isStreamId } from '../lib/stream-id.ts';

type Read = { id: string; run: string; n: number; ts: number; kind: string; more: boolean; hasId: boolean; canonical: boolean; msg: string };

function read(reader: RecordReader, text: string | Uint8Array): Read | string {
  const bytes = Buffer.from(text);
  const bad = reader.read(bytes, 0, bytes.length);
  if (bad !== undefined) return bad;
  const { id, run, n, ts, kind, more, hasId, canonical } = reader;
  return { id, run, n, ts, kind, more, hasId, canonical, msg: unescape(bytes, reader.msgStart, reader.msgEnd) };
}
const fresh = (text: string | Uint8Array): Read | string => read(new RecordReader(), text);

const CANONICAL = '{"id":"web1/nginx","run":"k3x9a1qz","n":812,"ts":1795341000123,"msg":"GET / 200"}';

test('the record of the manual', () => {
  assert.equal(fresh(CANONICAL), {
    id: 'web1/nginx', run: 'k3x9a1qz', n: 812, ts: 1795341000123, kind: 'line', more: false, hasId: true, canonical: true, msg: 'GET / 200',
  });
});

test('any order, spaces and other keys', () => {
  const got = fresh(' { "msg" : "a\\u0041\\n" , "x":[1,{"y":[]},"]"], "id":"a", "ts" : 5 , "n":3,"run":"r", "z": -1.5e3 } ');
  assert.equal(got, { id: 'a', run: 'r', n: 3, ts: 5, kind: 'line', more: false, hasId: true, canonical: false, msg: 'aA\n' });
});

test('what is missing', () => {
  assert.equal(fresh('{"msg":"x"}'), {
    id: 'unframed', run: '', n: 0, ts: NaN, kind: 'line', more: false, hasId: false, canonical: false, msg: 'x',
  });
  assert.is(fresh('{"id":"a"}'), 'no msg');
  assert.is(fresh('{}'), 'no msg');
});

test('beat and end carry the last number', () => {
  assert.equal((fresh('{"id":"a","run":"r","n":0,"ts":5,"beat":true}') as Read).kind, 'beat');
  assert.equal((fresh('{"id":"a","run":"r","n":7,"ts":5,"end":true}') as Read).kind, 'end');
  assert.is(fresh('{"id":"a","beat":1}'), 'no msg');
});

const MALFORMED: [string, string][] = [
  ['', 'empty'], ['null', 'not an object'], ['5', 'not an object'], ['[]', 'not an object'], ['"s"', 'not an object'],
  ['{', 'not JSON'], ['{"msg":"x"', 'not JSON'], ['{"msg":"x"}}', 'not JSON'], ['{"msg":"x",}', 'not JSON'], ['{msg:"x"}', 'not JSON'],
  ['{"msg":"x"} {"msg":"y"}', 'not JSON'], ['{"msg":"a\tb"}', 'not JSON'], ['{"msg":"\\x"}', 'not JSON'], ['{"msg":"\\u12g4"}', 'not JSON'],
  ['{"msg":"x","a":01}', 'not JSON'], ['{"msg":"x","a":tru}', 'not JSON'], ['{"msg":"x","a":[1,]}', 'not JSON'], ['{"msg":"x","a":[}]}', 'not JSON'],
  ['{"msg":"x","a":NaN}', 'not JSON'], ['{"msg":"x","a":+1}', 'not JSON'], ['{"msg":"x","a":}', 'not JSON'],
  ['{"msg":"x","msg":"y"}', 'a key twice'], ['{"id":"a","i\\u0064":"b","msg":"x"}', 'a key twice'], ['{"msg":"x","q":1,"q":1}', 'a key twice'],
  ['{"id":"__proto__/..","msg":"x"}', 'bad id'], ['{"id":"","msg":"x"}', 'bad id'], ['{"id":5,"msg":"x"}', 'bad id'], ['{"id":"a b","msg":"x"}', 'bad id'],
  ['{"id":"a","run":5,"n":1,"msg":"x"}', 'bad run'], ['{"id":"a","run":"r","n":-1,"msg":"x"}', 'bad n'], ['{"id":"a","run":"r","n":0,"msg":"x"}', 'bad n'],
  ['{"id":"a","run":"r","n":1.5,"msg":"x"}', 'bad n'], ['{"id":"a","ts":"now","msg":"x"}', 'bad ts'], ['{"id":"a","ts":1e99,"msg":"x"}', 'bad ts'],
  ['{"id":"a","msg":5}', 'bad msg'], ['{"id":"a","msg":null}', 'bad msg'], [`{"msg":"x","d":${'['.repeat(100)}${']'.repeat(100)}}`, 'nested too deep'],
];
test('malformed records say why, and a reader that has seen good ones says the same', () => {
  const used = new RecordReader();
  read(used, CANONICAL);
  for (const [text, reason] of MALFORMED) {
    assert.is(fresh(text), reason, text);
    assert.is(read(used, text), reason, text);
  }
});

test('invalid UTF-8 in an id or key is malformed', () => {
  assert.type(fresh(Buffer.concat([Buffer.from('{"id":"a'), Buffer.from([0xff]), Buffer.from('","msg":"x"}')])), 'string');
});

test('stream ids', () => {
  for (const id of ['a', 'web1/nginx', 'A.b_c/d@e:f-g', '0'.repeat(128)]) assert.ok(isStreamId(id), id);
  for (const id of ['', '.a', '/a', 'a..b', 'a b', 'ä', 'a\n', '0'.repeat(129), '-a']) assert.not.ok(isStreamId(id), id);
});

// What the fast path and the slow path say must never differ: a filter and a reader must agree about every record.
const ID = fc.constantFrom('web1', 'web1/nginx', 'a:b');
const RECORD = fc.record({
  id: ID, run: fc.constantFrom('r1', 'r2'), n: fc.integer({ min: 1, max: 2 ** 40 }), ts: fc.integer({ min: 0, max: 8.64e15 }),
  msg: fc.string({ unit: 'binary', maxLength: 30 }), more: fc.boolean(), host: fc.constantFrom(undefined, 'h1', 'h2'),
});
const lineOf = (r: { id: string; run: string; n: number; ts: number; msg: string; more: boolean; host: string | undefined }): string =>
  JSON.stringify({ id: r.id, run: r.run, n: r.n, ts: r.ts, msg: r.msg, ...(r.more && { more: true }), ...(r.host && { host: r.host }) });

test('a used reader and a fresh one agree on good records, and with JSON.parse', () => {
  fc.assert(
    fc.property(fc.array(RECORD, { minLength: 1, maxLength: 12 }), (records) => {
      const used = new RecordReader();
      for (const r of records) {
        const text = lineOf(r);
        const got = read(used, text);
        assert.equal(got, fresh(text));
        const { id, run, n, ts, msg, more = false } = JSON.parse(text) as Read;
        assert.equal(got, { id, run, n, ts, kind: 'line', more, hasId: true, canonical: true, msg });
      }
    }),
  );
});

test('a used reader and a fresh one agree on damaged records', () => {
  fc.assert(
    fc.property(RECORD, fc.nat(), fc.constantFrom('"', '\\', '}', ',', '0', '\u0001', 'x', '{', ':'), fc.boolean(), (r, at, c, insert) => {
      const used = new RecordReader();
      read(used, lineOf(r));
      const text = lineOf({ ...r, n: r.n + 1 });
      const i = at % text.length;
      const damaged = text.slice(0, i) + c + text.slice(insert ? i : i + 1);
      assert.equal(read(used, damaged), fresh(damaged));
    }),
    { numRuns: 5000 },
  );
});

test('what is read is JSON, and what is JSON with the right keys is read', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.string(), (json, junk) => {
      const good = `{"x":${json},"msg":"m"}`;
      assert.is((fresh(good) as Read).msg, 'm', good);
      const text = `{"msg":"m","x":${junk}}`;
      const got = fresh(text);
      let parses = true;
      try {
        JSON.parse(text);
      } catch {
        parses = false;
      }
      if (!parses) assert.type(got, 'string', text);
    }),
    { numRuns: 2000 },
  );
});

test('a buffer that is used again does not make one stream look like another', () => {
  const reader = new RecordReader();
  const buffer = Buffer.alloc(200);
  for (const id of ['web1', 'web2', 'web1']) {
    for (const n of [1, 2]) {
      const end = buffer.write(`{"id":"${id}","run":"r","n":${n},"ts":1,"msg":"m"}`);
      assert.is(reader.read(buffer, 0, end), undefined);
      assert.equal([reader.id, reader.n], [id, n]);
    }
  }
});

test('random bytes never throw', () => {
  const reader = new RecordReader();
  read(reader, CANONICAL);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void reader.read(bytes, 0, bytes.length)), { numRuns: 5000 });
});

test.run();
