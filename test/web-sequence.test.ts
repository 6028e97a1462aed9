/** Expressions taken apart at their `.*` say the same as they do whole, and hostile lines do not make them slow. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { piecesOf, Sequence } from '../lib/web/sequence.ts';

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

test('a line full of the first piece takes no time', () => {
  const begun = performance.now();
  for (let i = 0; i < 50; i++) assert.not.ok(new Sequence(/foo.*bar.*/).test('foo'.repeat(300_000)));
  assert.ok(performance.now() - begun < 5000, 'as one it takes minutes');
});

test.run();
