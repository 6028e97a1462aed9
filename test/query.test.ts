/** Parameters of requests. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BadRequest, countOf, flagOf, parseQuery, valueOf } from '../lib/query.ts';

const known = { id: 'many', lines: 'once', follow: 'once' } as const;

const refused = (fn: () => unknown, why: string): void => assert.throws(fn, (err: unknown) => err instanceof BadRequest && err.message === why);

test('values by name, in their order', () => {
  const values = parseQuery('id=a%2Fb&lines=5&id=c+d&follow=1', known);
  assert.equal(values.get('id'), ['a/b', 'c d']);
  assert.is(valueOf(values, 'lines'), '5');
  assert.is(countOf(values, 'lines', 7), 5);
  assert.is(flagOf(values, 'follow'), true);
});

test('what is absent has its default', () => {
  const values = parseQuery('', known);
  assert.equal([values.size, countOf(values, 'lines', 7), flagOf(values, 'follow'), valueOf(values, 'id')], [0, 7, false, undefined]);
});

test('what a route does not know, or not in this form, is refused by name', () => {
  refused(() => parseQuery('nonsense=1', known), 'unknown parameter nonsense');
  refused(() => parseQuery('__proto__=1', known), 'unknown parameter __proto__');
  refused(() => parseQuery('constructor=1', known), 'unknown parameter constructor');
  refused(() => parseQuery('lines=1&lines=1', known), 'parameter lines given twice');
  refused(() => flagOf(parseQuery('follow=yes', known), 'follow'), 'parameter follow must be 0 or 1');
  for (const text of ['-1', '1e3', '1.5', '', '9'.repeat(10), '0x10', ' 1']) {
    refused(() => countOf(parseQuery(`lines=${text}`, known), 'lines', 1), 'parameter lines must be a number');
  }
});

test.run();
