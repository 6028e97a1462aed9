/** Expressions taken apart at their `.*` say the same as they do whole, and hostile lines do not make them slow. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RowText } from '../lib/web/row-text.ts';
import { scoutOf } from '../lib/web/scout.ts';
import { piecesOf, Sequence } from '../lib/web/sequence.ts';
import { testOf, Tries, tryRows } from '../lib/web/tries.ts';

test('what is taken apart, and what is not', () => {
  for (const [source, pieces] of [
    ['foo.*bar', ['foo', 'bar']], ['.*foo.*bar.*', ['foo', 'bar']], ['foo.+?bar', ['foo.', 'bar']], ['^a\\.b.*[x.*|]\\d.*c+$', ['^a\\.b', '[x.*|]\\d', 'c+$']],
    ['a.*(b|c)', ['a', '(b|c)']], ['a.*\\x41b', ['a', '\\x41b']],
    ['foo', undefined], ['a|b.*c', undefined], ['a+.*b', undefined], ['(a).*\\1', undefined], ['(a.*b)', undefined], ['a.*(b.*c)', ['a', '(b.*c)']],
    ['a\\b.*c', undefined], ['a{2}.*b', undefined], ['a?.*b', undefined], ['a$.*b', undefined],
  ] as const) assert.equal(piecesOf(source), pieces, source);
});

test('whatever the expression and the text, the answer is that of the expression', () => {
  const part = fc.constantFrom('a', 'b', 'ab', '.', '.*', '.*', '.*?', '.+', '[ab]', '[^a]', '\\w', '\\.', '^', '$', 'b+', 'a?', '(a|b)', '(?:ab)*', '\\b', '(?=b)', '|', 'a{2}');
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', ' ', '\n', 'é'), maxLength: 20 });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 7 }), fc.constantFrom('', 'i'), fc.array(text, { minLength: 1, maxLength: 8 }), (parts, flags, texts) => {
      let whole: RegExp;
      try {
        whole = new RegExp(parts.join(''), flags);
      } catch {
        return;
      }
      const sequence = new Sequence(whole);
      for (const one of texts) assert.is(sequence.test(one), whole.test(one), `${whole} on ${JSON.stringify(one)}`);
    }),
    { numRuns: 20_000 },
  );
});

test('what is looked for first', () => {
  for (const [source, scout] of [
    ['PANIC', 'PANIC'], ['needle-\\d+', 'needle-'], ['ERROR|WARN', 'ERROR|WARN'], ['foo.*bar', 'foo'], ['a.*needle', 'needle'], ['status=5\\d\\d$', 'status=5'],
    ['abcd*', 'abc'], ['abcd{2}', 'abc'], ['a?bcd', 'bcd'], ['abcx+', 'abcx'], ['x+?abc', 'xabc'], ['^abc', 'abc'], ['\\babc', 'abc'], ['(x|y)+?abc(z)?', 'abc'],
    ['\\d+\\.\\d+\\.99\\.', '\\.99\\.'], ['\\d\\d[ab]', '\\d\\d[ab]'], ['x{2}(?=abcd)abc', 'abc'], ['a{b}cde', 'cde'], ['a{bcde', undefined],
    ['ab', undefined], ['ERROR|x', undefined], ['(abc)', undefined], ['a?bc', undefined], ['(?<n>a)\\k<n>bcd', undefined], ['', undefined],
  ] as const) assert.is(scoutOf(new RegExp(source))?.source, scout, source);
  for (const [source, scout] of [
    ['" 50[0-9] ', '/" 50/g'], ['GET /login\\d+5 ', '/GET \\/login\\d/gi'], ['iphone|\\.99\\.', '/iphone|\\.99\\./gi'], ['\\x41\\.\\.', '/\\x41\\.\\./gi'], ['ſ\\.\\.', '/ſ\\.\\./gi'],
  ] as const) assert.is(String(scoutOf(new RegExp(source, 'i'))), scout, source);
});

test('rows are found as by trying each, whatever they hold and whatever is looked for first', () => {
  const part = fc.constantFrom('abc', 'abd', 'abc', '[ab]bc', '\\wbc', '.', '.*', 'c+', 'c+?', 'b{1}', 'x?', '|abd', '^', '$', '(?!d)', '(abc|c)', '(ab)?', '\\b', 'é', '✓', '-.-', '-1-', '--+');
  const line = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'abc', 'abd', 'B', '-', '-1-', 'é', '✓', '😀', '\x1b[31m', '\n', '\ud800'), maxLength: 12 });
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.boolean(), fc.array(line, { minLength: 1, maxLength: 100 }), (parts, fold, exclude, lines) => {
      const source = parts.join('');
      const filters = [{ source, mode: 'regex' as const, fold, exclude }, { source: 'ab', mode: 'text' as const, fold: false, exclude: false }];
      try {
        new RegExp(source);
      } catch {
        return;
      }
      const encoded = lines.map((one) => encoder.encode(one));
      const bytes = new Uint8Array(encoded.reduce((sum, one) => sum + one.length, 0));
      const bounds = new Uint32Array(lines.length * 2);
      let at = 0;
      encoded.forEach((one, i) => {
        bytes.set(one, at);
        bounds.set([at, (at += one.length)], i * 2);
      });
      const bits = tryRows(new RowText(bytes, bounds), testOf(filters));
      const whole = new RegExp(source, fold ? 'i' : '');
      encoded.forEach((one, i) => {
        const plain = new TextDecoder().decode(one).replaceAll('\x1b[31m', '');
        assert.is(((bits[i >> 3] as number) >> (i & 7)) & 1, Number(whole.test(plain) !== exclude && plain.includes('ab')), `${whole} on ${JSON.stringify(plain)}`);
      });
    }),
    { numRuns: 5000 },
  );
});

test('rows that are kept are tried again without being sent, until they are to be forgotten', () => {
  const tries = new Tries();
  const bytes = new TextEncoder().encode('onetwo');
  const filters = [{ source: 'two', mode: 'text' as const, fold: false, exclude: false }];
  const bounds = new Uint32Array([0, 3, 3, 6]);
  const first = tries.answer({ what: 'try', filters, rows: [{ chunk: 7, bytes, bounds, keep: true }] });
  assert.equal([[...(first?.bits?.[0] ?? [])], (first?.kept ?? 0) > 0], [[2], true]);
  assert.equal([...(tries.answer({ what: 'try', filters, rows: [{ chunk: 7 }] })?.bits?.[0] ?? [])], [2]);
  tries.answer({ what: 'forget', chunks: [7, 8] });
  assert.is(tries.answer({ what: 'try', filters, rows: [] })?.kept, 0);
});

test('a line full of the first piece takes no time', () => {
  const begun = performance.now();
  for (let i = 0; i < 50; i++) assert.not.ok(new Sequence(/foo.*bar.*/).test('foo'.repeat(300_000)));
  assert.ok(performance.now() - begun < 5000, 'as one it takes minutes');
});

test.run();
