/** Patterns of stream ids. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IdFilter, matchesGlob } from '../lib/glob.ts';

test('stars, question marks, and everything else for itself', () => {
  const yes = [['*', ''], ['*', 'a/b'], ['web1/*', 'web1/nginx'], ['web1/*', 'web1/a/b'], ['*nginx', 'web1/nginx'], ['a?c', 'abc'], ['a*b*c', 'aXbYc'],
    ['**', 'x'], ['a.c', 'a.c'], ['a*', 'a'], ['*a*a', 'aa']] as const;
  const no = [['', 'a'], ['a', ''], ['web1/*', 'web2/nginx'], ['a?c', 'ac'], ['a.c', 'abc'], ['[ab]', 'a'], ['a', 'A'], ['*a', 'ab'], ['?', '']] as const;
  yes.forEach(([glob, text]) => assert.ok(matchesGlob(glob, text), `${glob} ${text}`));
  no.forEach(([glob, text]) => assert.not.ok(matchesGlob(glob, text), `${glob} ${text}`));
});

test('means the same as the regular expression it stands for', () => {
  const char = fc.constantFrom('a', 'b', '/', '*', '?', '.');
  fc.assert(fc.property(fc.string({ unit: char, maxLength: 8 }), fc.string({ unit: char, maxLength: 10 }), (glob, text) => {
    const regex = new RegExp(`^${glob.replace(/[.\\/]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 's');
    assert.is(matchesGlob(glob, text), regex.test(text), `${glob} ${text}`);
  }), { numRuns: 5000 });
});

test('no pattern takes long', () => {
  const started = performance.now();
  for (let i = 0; i < 1000; i++) matchesGlob(`${'*a'.repeat(127)}b`, 'a'.repeat(128));
  assert.ok(performance.now() - started < 2000);
});

test('a filter takes any of its globs, and remembers rightly', () => {
  const filter = new IdFilter(['web1/*', 'db']);
  for (let round = 0; round < 2; round++) {
    assert.equal(['web1/a', 'db', 'db2', '__proto__'].map((id) => filter.matches(id)), [true, true, false, false]);
  }
  for (let i = 0; i < 50_000; i++) assert.ok(filter.matches(`web1/${i}`));
});

test.run();
