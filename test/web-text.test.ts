/** What becomes of a line's text: colours, escapes, marks; and the small pure parts of the page. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ago, moment, rate, size, timeOfDay } from '../lib/web/clock.ts';
import { contrast, hueOf, readable, textOn } from '../lib/web/colour.ts';
import { compile, expressionOf, marksIn, patternFault } from '../lib/web/pattern.ts';
import { areaHeight, MAX_HEIGHT, rowOf, scrollOf } from '../lib/web/scale.ts';
import { layered, segmentsOf, summarized } from '../lib/web/segments.ts';
import { paint, plainText } from '../lib/web/sgr.ts';
import { structureOf } from '../lib/web/structure.ts';
import { summaryOf } from '../lib/web/summary.ts';
import { tokensIn } from '../lib/web/tokens.ts';

const E = '\x1b';
/** Runs as [text, classes, fg, bg]. */
const runsOf = (text: string): string[][] => {
  const { plain, runs } = paint(text);
  return runs.map((run) => [plain.slice(run.start, run.end), run.classes, run.fg, run.bg]);
};

test('colours and attributes: 16, 256, true colour, on and off', () => {
  assert.equal(runsOf(`a${E}[1;31mb${E}[0mc`), [['a', '', '', ''], ['b', 'bold', '1', ''], ['c', '', '', '']]);
  assert.equal(runsOf(`${E}[38;5;196mx${E}[48;5;21my${E}[39mz`), [
    ['x', '', '#ff0000', ''], ['y', '', '#ff0000', '#0000ff'], ['z', '', '', '#0000ff'],
  ]);
  assert.equal(runsOf(`${E}[38;2;1;2;3mx${E}[38:2::4:5:6my${E}[38:2:7:8:9mz`), [
    ['x', '', '#010203', ''], ['y', '', '#040506', ''], ['z', '', '#070809', ''],
  ]);
  assert.equal(runsOf(`${E}[97;100;4;9mx${E}[24;29my${E}[mz`), [['x', 'under strike', '15', '8'], ['y', '', '15', '8'], ['z', '', '', '']]);
  assert.equal(runsOf(`${E}[38;5;300mx${E}[38;2;999;1;1my${E}[38mz${E}[999mq`), [
    ['x', '', '', ''], ['y', '', '', ''], ['z', '', '', ''], ['q', '', '', ''],
  ]);
  assert.equal(runsOf(`${E}[38;5;250;1mx`), [['x', 'bold', '#bcbcbc', '']]);
  assert.equal(runsOf(`${E}[1;4:3mx${E}[4:0my${E}[58;5;9mz${E}[38:2:1:2:3;3mq`), [['x', 'bold under', '', ''], ['y', 'bold', '', ''], ['z', 'bold', '', ''], ['q', 'bold italic', '#010203', '']]);
});

test('other sequences leave no trace, those that are none are shown', () => {
  assert.is(plainText(`${E}[1mbold${E}(B${E}[m`), 'bold'); // as tput sgr0 ends it
  assert.is(plainText(`a${E}[2Kb${E}[?25lc${E}]8;;http://x${E}\\link${E}]8;;\x07d`), 'abclinkd');
  const { plain, segments } = segmentsOf(`${E}]0;title\x07 ${E}[31`, []);
  assert.is(plain, `${E}]0;title\x07 ${E}[31`);
  assert.is(segments.map((s) => s.text).join(''), '\\x1b]0;title\\x07 \\x1b[31');
});

test('what cannot be seen is shown escaped', () => {
  const text = 'a\0\b\r\n\x7f\x85\u202eb\u2066\u200b\ufeff\u{e0041}\u{e0100}\tc';
  const { segments } = segmentsOf(text, []);
  assert.is(segments.map((s) => s.text).join(''), 'a\\0\\b\\r\\n\\x7f\\x85\\u202eb\\u2066\\u200b\\ufeff\\u{e0041}\\u{e0100}\tc');
  assert.equal(segments.filter((s) => s.hidden).length > 0, true);
  assert.equal(segmentsOf('plain ✓ 👩‍👩‍👧 text', []).segments, []);
  for (const char of '\u00ad\u034f\u115f\u1160\u180e\u3164\uffa0') assert.match(segmentsOf(`a${char}b`, []).segments.map((s) => s.text).join(''), /^a\\[xu]\w+b$/);
});

test('the runs of any text are its plain text, in order and whole, within bounded time', () => {
  const special = [`${E}[`, '31m', `${E}[1;38;5;9m`, `${E}]8;`, ';', '\x07', 'x', '\u202e'];
  const piece = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom(...special));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(50), { maxLength: 6 }), (pieces, cuts) => {
      const text = pieces.join('');
      const { plain, runs } = paint(text);
      assert.is(plain, plainText(text));
      if (runs.length > 0) assert.is(runs.map((run) => plain.slice(run.start, run.end)).join(''), plain);
      const marks = [...new Set(cuts.filter((at) => at <= plain.length))].sort((a, b) => a - b);
      if (marks.length % 2 === 1) marks.pop();
      const { segments } = segmentsOf(text, marks);
      const marked = marks.reduce((sum, at, i) => sum + (i % 2 === 0 ? -at : at), 0);
      const shown = segments.filter((s) => s.mark && !s.hidden).reduce((sum, s) => sum + s.text.length, 0);
      assert.ok(shown <= marked);
      if (segments.every((s) => !s.hidden) && segments.length > 0) assert.is(shown, marked);
    }),
  );
  const begun = performance.now();
  paint(`${E}]8;`.repeat(50_000));
  paint(`${E}[1`.repeat(50_000));
  assert.ok(segmentsOf(`${E}[31mx${E}[32my`.repeat(20_000), []).segments.length <= 2000);
  assert.ok(performance.now() - begun < 5000);
});

test('layers: tokens colour what has no colour of its own, marks and what was found lie over all', () => {
  const text = `10.0.0.1 ${E}[31m10.0.0.2${E}[0m 10.0.0.3`;
  const { plain, runs } = paint(text);
  const segments = layered(plain, runs, { marks: [5, 12], found: [7, 20], tokens: tokensIn(plain) });
  assert.is(segments.map((s) => s.text).join(''), plain);
  assert.equal(segments.filter((s) => s.token === 'ip').map((s) => s.text).join(''), '10.0.0.110.0.0.3');
  assert.is(segments.filter((s) => s.mark).map((s) => s.text).join(''), plain.slice(5, 12));
  assert.is(segments.filter((s) => s.found).map((s) => s.text).join(''), plain.slice(7, 20));
  assert.equal(segments.filter((s) => s.fg !== '').every((s) => s.token === ''), true);
});

test('layers of any text: every character once, marked where it should be', () => {
  const piece = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom(`${E}[31m`, `${E}[0m`, ' 10.0.0.1 ', ' 12ms', '"q"', '\u202e'));
  const cuts = fc.uniqueArray(fc.nat(60), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), cuts, cuts, (pieces, some, others) => {
      const { plain, runs } = paint(pieces.join(''));
      const pairs = (list: number[]): number[] => {
        const within = list.filter((at) => at <= plain.length).sort((a, b) => a - b);
        return within.slice(0, within.length - (within.length % 2));
      };
      const [marks, found] = [pairs(some), pairs(others)];
      const segments = layered(plain, runs, { marks, found, tokens: tokensIn(plain) });
      if (segments.length === 0) return;
      if (segments.every((s) => !s.hidden)) assert.is(segments.map((s) => s.text).join(''), plain);
      let at = 0;
      for (const segment of segments) {
        const within = (list: number[]): boolean => list.some((start, i) => i % 2 === 0 && start <= at && at < (list[i + 1] as number));
        assert.is(segment.mark, within(marks));
        assert.is(segment.found, within(found));
        assert.ok(segment.text.length > 0);
        at += segment.hidden ? lengthOf(segment.text) : segment.text.length;
      }
    }),
  );
});

/** How many characters an escaped text stands for. */
const lengthOf = (text: string): number =>
  [...text.matchAll(/\\u\{(\w+)\}|\\u\w{4}|\\x\w\w|\\./g)].reduce((sum, m) => sum + (m[1] !== undefined && parseInt(m[1], 16) > 0xffff ? 2 : 1), 0);

test('a summary is marked where its line was matched', () => {
  const text = '{"time":"t","msg":"a \\"b\\" c","user":"bob","n":12345}';
  const structure = structureOf(text);
  assert.ok(structure);
  const marks = [text.indexOf('bob') - 2, text.indexOf('bob') + 2];
  const found = [text.indexOf('b\\"'), text.indexOf('b\\"') + 1];
  const segments = summarized(text, [], summaryOf(text, structure, [...marks]), { marks, found, tokens: [] }, true);
  assert.is(segments.map((s) => s.text).join(''), 'a "b" c  user=bob  n=12345');
  assert.equal(segments.filter((s) => s.mark).map((s) => s.text), ['bo']);
  assert.equal([segments.filter((s) => s.found).map((s) => s.text).join('')], ['a "b" c']);
});

test('colours of lines can be read in both themes', () => {
  const ends = (css: string): [number, number, number][] =>
    [...css.matchAll(/rgb\((\d+) (\d+) (\d+)\)/g)].map((m) => [Number(m[1]), Number(m[2]), Number(m[3])]);
  for (const hex of ['#000000', '#ffffff', '#ffff00', '#0000ff', '#808080', '#123456', '#5fd700']) {
    const [light, dark] = ends(readable(hex)) as [[number, number, number], [number, number, number]];
    assert.ok(contrast(light, [255, 255, 255]) >= 4.5, `${hex} on white`);
    assert.ok(contrast(dark, [16, 20, 24]) >= 4.5, `${hex} on dark`);
  }
  assert.is(textOn('#ffff00'), '#000');
  assert.is(textOn('#0000ee'), '#fff');
  assert.is(hueOf('web1/nginx'), hueOf('web1/nginx'));
  assert.ok(new Set(Array.from({ length: 100 }, (_, i) => hueOf(`host${i}`))).size > 10);
});

test('patterns: faults are told, a leading .* changes nothing but the time', () => {
  assert.is(patternFault('a{2}'), undefined);
  assert.match(patternFault('(') ?? '', /nterminated group/);
  assert.is(patternFault('[')?.includes('/'), false);
  for (const [source, text, matches] of [
    ['.*foo', 'a foo', true], ['^.*foo', 'foo', true], ['.*foo|bar', 'bar', true],
    ['.*', '', true], ['.*?x.*y', 'axby', true], ['.*foo', 'fo', false],
  ] as const) assert.is(compile(source, false, false).test(text), matches, source);
  assert.throws(() => compile('.**', false, false));
  assert.ok(compile('error', true, false).test('ERROR'));
  const begun = performance.now();
  compile('.*foo.*bar', false, false).test('x'.repeat(100_000));
  assert.ok(performance.now() - begun < 1000);
  assert.equal(marksIn('ab ab', compile('ab', false, true)), [0, 2, 3, 5]);
  assert.equal(marksIn('abc', compile('x*', false, true)), []);
});

test('a filter as a field is shown finds it as JSON has it written as well', () => {
  const line = '{"user":{"id":"u-16","name":"Ada L."},"a.b":1,"order":2016,"tag":"x=y"}';
  const finds = (source: string, mode: 'regex' | 'text' = 'regex'): boolean =>
    expressionOf({ source, mode, fold: true, exclude: false }, false).test(line);
  for (const source of ['order=2016', 'order=20', 'order=', 'user.id=u-16', 'id=u', 'user.name="Ada L."', 'user.name="Ada', 'a.b=1', 'tag=x', 'x=y']) {
    assert.ok(finds(source), source);
    assert.ok(finds(source, 'text'), source);
  }
  for (const source of ['order=16', 'rder=2016', 'user.id=16', 'name=Ada$']) assert.not(finds(source), source);
  assert.ok(finds('order=20[0-2]6'));
  assert.not(finds('order=20.6', 'text'));
  // What is valid as it is typed stays valid.
  for (const source of ['a=*', 'a=+', 'a=?', 'a={2}', 'a=(b|c)', 'a="(', '.=', '-=-']) {
    if (patternFault(source) === undefined) assert.is(finds(source), new RegExp(source, 'i').test(line), source);
  }
});

test('the scroll bar: every row has a place, the ends are the ends, and there is always somewhere to scroll to', () => {
  fc.assert(
    fc.property(fc.nat(3_000_000), fc.integer({ min: 100, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (rows, window, part) => {
      const shape = { rows, rowHeight: 20, window };
      const range = areaHeight(shape) - window;
      assert.ok(areaHeight(shape) <= Math.max(MAX_HEIGHT, window));
      assert.is(scrollOf(0, shape), 0);
      if (range < 4) return;
      assert.ok(Math.abs(rowOf(range, shape) - (rows - window / 20)) < 1e-6);
      const row = part * (rows - window / 20);
      const scroll = scrollOf(row, shape);
      assert.ok(scroll >= 0 && scroll <= range);
      if (scroll > 1 && scroll < range - 1) assert.ok(Math.abs(rowOf(scroll, shape) - row) < 1e-3);
    }),
  );
});

test('times and sizes in words', () => {
  assert.match(timeOfDay(1_795_341_000_042), /^\d\d:\d\d:\d\d\.042$/);
  assert.match(moment(1_795_341_000_042), /^2026-11-2\d \d\d:\d\d:\d\d\.042 [+-]\d\d:\d\d$/);
  assert.is(timeOfDay(NaN), '--:--:--.---');
  assert.equal([0, 14_000, 180_000, 7_200_000, 200_000_000].map(ago), ['now', '14s', '3m', '2h', '2d']);
  assert.equal([0, 0.05, 0.34, 12.4, 3400].map(rate), ['', '<0.1/s', '0.3/s', '12/s', '3.4k/s']);
  assert.equal([812, 3400, 12_000_000].map(size), ['812 B', '3.4 kB', '12 MB']);
});

test.run();
