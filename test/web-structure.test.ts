/** JSON and logfmt in lines: found, read without losing how they are written, said in one line, and made into filters. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cellsOf, pathsIn, Widths } from '../lib/web/columns.ts';
import { fieldFilter } from '../lib/web/fieldfilter.ts';
import { expressionOf } from '../lib/web/pattern.ts';
import { structureOf, type Structure } from '../lib/web/structure.ts';
import { summaryOf } from '../lib/web/summary.ts';
import { nodeAt, pathKeys, pathName, readJson, said, unquoted, type Node } from '../lib/web/tree.ts';

/** A tree as plain data, numbers as they are written. */
function valueOf(text: string, node: Node): unknown {
  if (node.kind === 'object') return Object.fromEntries(node.items.map((item) => [item.key, valueOf(text, item)]));
  if (node.kind === 'array') return node.items.map((item) => valueOf(text, item));
  if (node.kind === 'string') return unquoted(text.slice(node.start, node.end));
  return JSON.parse(text.slice(node.start, node.end));
}

const nodesIn = (node: Node): Node[] => [node, ...node.items.flatMap(nodesIn)];
const summary = (text: string, marks: number[] = []): string => {
  const structure = structureOf(text);
  return structure ? summaryOf(text, structure, marks).map((piece) => piece.text).join('') : text;
};
const path = (text: string, name: string): Node => {
  const structure = structureOf(text);
  const node = structure && nodeAt(structure.root, pathKeys(name));
  if (!node) throw new Error(`no ${name} in ${text}`);
  return node;
};

test('any JSON is read as it is, each value a stretch of the text', () => {
  const json = fc.jsonValue({ maxDepth: 5 });
  fc.assert(
    fc.property(json, fc.constantFrom(0, 1, 4), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      const node = readJson(text);
      assert.ok(node && node.end === text.length);
      assert.equal(valueOf(text, node), JSON.parse(text));
      for (const { start, end } of nodesIn(node)) assert.equal(JSON.stringify(JSON.parse(text.slice(start, end))).length > 0, true);
    }),
  );
});

test('what is no JSON is none, and takes no time', () => {
  const none = ['', '{', '{a:1}', '{"a":}', '{"a":1,}', '[1,]', '{"a" 1}', 'nul', '"a', '-', '{"a":1', '{"a":"b\\"}'];
  for (const text of none) assert.is(readJson(text), undefined, text);
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '1', 'a', '\\', ' '), maxLength: 40 }), (text) => {
      let good = true;
      try {
        JSON.parse(text.replace(/\\(.)/g, (all, c: string) => ('"\\'.includes(c) ? all : 'aa'))); // what JSON knows no escape for is taken as it stands
      } catch {
        good = false;
      }
      const node = readJson(text);
      assert.is(node !== undefined && text.slice(node.end).trim() === '', good);
    }),
  );
  const begun = performance.now();
  readJson('['.repeat(200_000));
  readJson('{"a":'.repeat(50_000), 0, true);
  readJson(`[${'"\\\\'.repeat(100_000)}`);
  structureOf(`${'{"a" '.repeat(50_000)}}`);
  structureOf(`${'{"a":"'.repeat(40_000)}}`);
  structureOf('a="'.repeat(80_000));
  structureOf('a=b '.repeat(60_000));
  structureOf(`a=${'b="\\'.repeat(50_000)}`);
  assert.ok(performance.now() - begun < 2000, `took ${performance.now() - begun} ms`);
});

test('JSON cut at any place gives what is whole of it', () => {
  const text = '{"msg":"a \\" b","n":12345678901234567890,"o":{"p":[1,{"q":true}],"r":null},"s":"end"}';
  const whole = valueOf(text, readJson(text) as Node) as Record<string, unknown>;
  for (let cut = 1; cut < text.length; cut++) {
    const part = text.slice(0, cut);
    assert.is(readJson(part), undefined);
    const node = readJson(part, 0, true);
    assert.ok(node?.cut, part);
    const value = valueOf(part, node) as Record<string, unknown>;
    for (const [key, one] of Object.entries(value)) if (typeof one !== 'object') assert.equal(one, whole[key], part);
  }
});

test('bounds: depth and number of values', () => {
  const deep = `${'[{"a":'.repeat(100)}1${'}]'.repeat(100)}`;
  const node = readJson(deep);
  assert.ok(node && node.end === deep.length);
  assert.ok(nodesIn(node).length < 40 && nodesIn(node).some((one) => one.cut));
  const wide = JSON.stringify(Array.from({ length: 50_000 }, (_, i) => i));
  const list = readJson(wide);
  assert.ok(list && list.end === wide.length && list.cut && list.items.length <= 2000);
});

test('big numbers, key order and keys given twice stay as they are written', () => {
  const text = '{"z":12345678901234567890,"a":1.0,"z":0.10,"__proto__":{"x":1}}';
  const structure = structureOf(text);
  assert.equal(structure?.root.items.map((item) => [item.key, text.slice(item.start, item.end)]), [
    ['z', '12345678901234567890'], ['a', '1.0'], ['z', '0.10'], ['__proto__', '{"x":1}'],
  ]);
});

test('structures: whole lines, behind text, logfmt; prose is none', () => {
  const form = (text: string): string => {
    const structure = structureOf(text);
    return structure ? `${structure.form}@${structure.root.start}` : 'none';
  };
  assert.is(form('{"a":1}'), 'json@0');
  assert.is(form('  {"a":1} '), 'json@2');
  assert.is(form('2026-11-22 INFO started {"port":80}'), 'json@24');
  assert.is(form('a {"b":1} c {"d":{"e":2}}'), 'json@12');
  assert.is(form('level=info msg="a b" n=1'), 'logfmt@0');
  assert.is(form('2026-11-22T10:00:00Z app: time=1 path=/x?a=b'), 'logfmt@26');
  const ufw = 'kernel: [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.9 LEN=40 ID=54321 DF PROTO=TCP DPT=22 SYN URGP=0 ';
  assert.is(form(ufw), 'logfmt@20');
  assert.equal(structureOf(ufw)?.root.items.map((item) => item.key), ['IN', 'OUT', 'SRC', 'LEN', 'ID', 'PROTO', 'DPT', 'URGP'], 'flags among them');
  assert.is(form('IN=eth0 OUT= SRC=203.0.113.9 LEN=40 ID=54321 DF PROTO=TCP'), 'none', 'nothing of a line would be left out');
  assert.is(form('url="http://x/?a=b" q="say \\"hi\\"" empty='), 'logfmt@0');
  for (const text of ['a=1', 'x = 1 y = 2', 'GET /?a=b&c=d 200', '{}', '{x}', 'if (a == b) c=d', '"a=b c=d', '', 'a=b then c']) {
    assert.is(form(text), 'none', text);
  }
  assert.is(structureOf(`{"a":"${'x'.repeat(5000)}`, true)?.root.items.length, undefined);
  assert.is(structureOf(`{"a":1,"b":"${'x'.repeat(5000)}`, true)?.root.items.length, 1);
});

test('any text: the structure is within it, and its summary shows only what is there', () => {
  const word = fc.constantFrom('a=b', 'c="d e"', '{"x":', '1}', '{"msg":"hi","n":[1,2]}', '"', '=', 'word', '\\', '{', '}', 'k=', '\t');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.boolean(), (words, cut) => {
      const text = words.join(' ');
      const structure = structureOf(text, cut);
      if (!structure) return;
      for (const { start, end } of nodesIn(structure.root)) assert.ok(start >= 0 && start <= end && end <= text.length);
      for (const piece of summaryOf(text, structure)) if (!piece.own) assert.is(text.slice(piece.at, piece.end), piece.text);
    }),
  );
});

test('the summary: message first, then the fields; time and level have columns of their own', () => {
  assert.is(summary('{"time":"t","level":"info","msg":"started","port":80,"ok":true}'), 'started  port=80  ok=true');
  assert.is(summary('{"req":{"method":"GET","url":"/x"},"tags":["a","b"],"message":"m"}'), 'm  req.method=GET  req.url=/x  tags=["a","b"]');
  assert.is(summary('{"a":1,"level":"info"}'), 'a=1  level=info');
  assert.is(summary('{"msg":"line\\nnext","x":""}'), 'line\nnext  x=');
  assert.is(summary('12:00 INFO up {"port":80}'), '12:00 INFO up  port=80');
  assert.is(summary('level=warn msg="slow query" took=31ms'), 'slow query  took=31ms');
  assert.is(summary('{"msg":"x","level":"info"}', [20, 24]), 'x  level=info');
  // As loggers write them: .NET, Serilog, Monolog, MongoDB, tracing of Rust, OpenTelemetry, CloudTrail, Docker.
  for (const [line, shown] of [
    ['{"EventId":14,"LogLevel":"Information","Category":"x","Message":"up"}', 'up  EventId=14  Category=x'],
    ['{"@t":"2026","@mt":"Slow {Ms}","@l":"Warning","Ms":12}', 'Slow {Ms}  Ms=12'],
    ['{"Timestamp":"2026","Level":"Error","MessageTemplate":"boom {Id}","Properties":{"Id":3}}', 'boom {Id}  Properties.Id=3'],
    ['{"message":"boom","context":{"a":1},"level":400,"level_name":"ERROR","channel":"app"}', 'boom  context.a=1  channel=app'],
    ['{"t":{"$date":"2026"},"s":"I","c":"NETWORK","msg":"accepted"}', 'accepted  s=I  c=NETWORK'],
    ['{"timestamp":"2026","level":"INFO","fields":{"message":"up","port":80},"target":"app"}', 'up  fields.port=80  target=app'],
    ['{"timeUnixNano":"1","severityNumber":17,"severityText":"ERROR","body":{"stringValue":"boom"}}', 'boom  timeUnixNano=1'],
    ['{"eventVersion":"1.08","eventTime":"2026","eventName":"GetObject","errorCode":"AccessDenied"}', 'GetObject  eventVersion=1.08  errorCode=AccessDenied'],
    ['{"log":"up\\n","stream":"stdout","time":"2026"}', 'up  stream=stdout'],
  ] as const) assert.is(summary(line), shown);
  const scan = '{"msg":"found","severity":"high"}';
  assert.is(summaryOf(scan, structureOf(scan) as Structure, [], undefined, false).map((piece) => piece.text).join(''), 'found  severity=high', 'no level, so shown');
  assert.ok(summary(JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i])))).length < 2000);
});

test('paths lead to values, whatever the keys are', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }), (keys) => {
      assert.equal(pathKeys(pathName(keys)), keys);
      const text = JSON.stringify(keys.reduceRight<unknown>((value, key) => ({ [key]: value }), 7));
      const root = readJson(text) as Node;
      assert.is(said(text, nodeAt(root, keys) as Node), '7');
    }),
  );
  assert.is(said('{"log.level":"x"}', path('{"log.level":"x"}', 'log.level')), 'x');
});

test('a value makes a filter that finds its line, and those that have the same value only', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1, maxLength: 6 }), fc.oneof(fc.string({ maxLength: 10 }), fc.integer(), fc.boolean()), { minKeys: 1, maxKeys: 5 }), (data) => {
      const text = JSON.stringify({ first: 1, ...data });
      const structure = structureOf(text);
      assert.ok(structure);
      for (const item of structure.root.items) {
        const regex = expressionOf(fieldFilter(text, structure, item, false, false), false);
        assert.ok(regex.test(text), `${regex} in ${text}`);
        const other = `${text.slice(0, item.start)}"not this"${text.slice(item.end)}`;
        const twice = structure.root.items.filter((one) => one.key === item.key).length > 1;
        if (!twice && said(text, item) !== 'not this' && !text.slice(0, item.start).match(regex)) assert.not(regex.test(other), `${regex} in ${other}`);
      }
    }),
  );
  const line = 'level=info n=1 msg="a b"';
  const structure = structureOf(line);
  assert.ok(structure);
  const n = expressionOf(fieldFilter(line, structure, path(line, 'n'), false, false), false);
  assert.equal([n.test(line), n.test('n=12 x=1'), n.test('xn=1 y=2'), n.test('y=2 n=1')], [true, false, false, true]);
  const lists = '{"tags":["a", "b"],"nums":[5,15],"k\\u00e9y":1}';
  const found = (keys: string, listed: boolean): boolean[] => {
    const filter = fieldFilter(lists, structureOf(lists) as Structure, path(lists, keys), listed, false);
    return [lists, '{"tags":["a"]}', '{"tags":["ab","b"]}', '{"nums":[15]}', '{"nums":[1, 5]}'].map((text) => expressionOf(filter, false).test(text));
  };
  assert.equal(found('tags.0', true), [true, true, false, false, false]);
  assert.equal(found('tags.1', true), [true, false, true, false, false]);
  assert.equal(found('nums.0', true), [true, false, false, false, true]);
  assert.equal(found('kéy', false), [true, false, false, false, false], 'a key as it was written');
});

test('columns: the fields lines have, their values, and widths that only grow', () => {
  const texts = ['{"a":1,"b":{"c":"x"}}', '{"a":2}', 'prose', 'a=3 d="y z"'];
  assert.equal(pathsIn(texts), ['a', 'b.c', 'd']);
  const cells = texts.map((text) => cellsOf(text, structureOf(text), ['a', 'b.c', 'd']).map((cell) => cell.text));
  assert.equal(cells, [['1', 'x', ''], ['2', '', ''], ['', '', ''], ['3', '', 'y z']]);
  const widths = new Widths();
  assert.is(widths.of('a'), 4);
  assert.is(widths.of('status'), 9, 'with room for the button at its name');
  assert.ok(widths.fit(['a'], [{ text: 'x'.repeat(9), node: undefined }]));
  assert.not(widths.fit(['a'], [{ text: 'x', node: undefined }]));
  assert.is(widths.of('a'), 9);
});

test.run();
