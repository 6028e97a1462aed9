import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse, plain, usage, UsageError, type Command } from '../lib/cli.ts';
import { parseCount, parseSize, parseTime } from '../lib/quantity.ts';

const command: Command = {
  name: 'lm-x',
  about: 'x',
  operands: 'file ...',
  options: {
    max: { letter: 'm', value: 'bytes', default: '64k', help: 'limit' },
    field: { letter: 'f', value: 'key=value', many: true, help: 'more' },
    strip: { letter: 's', help: 'strip' },
    all: { letter: 'a', help: 'all' },
    port: { value: 'n', help: 'port' },
  },
};
const args = (...argv: string[]) => parse(command, argv);
const refuses = (argv: string[], message: string) =>
  assert.throws(() => args(...argv), (err: unknown) => err instanceof UsageError && err.message === message, argv.join(' '));

test('values in every spelling', () => {
  for (const argv of [['-m', '1k'], ['-m1k'], ['-m=1k'], ['--max', '1k'], ['--max=1k'], ['-sm1k'], ['-sam', '1k']]) {
    assert.is(args(...argv).value('max'), '1k', argv.join(' '));
  }
  assert.is(args().value('max'), '64k');
  assert.is(args('--port', '-1').value('port'), '-1');
  assert.is(args('--port=007').value('port'), '007');
  assert.is(args('--port=a=b').value('port'), 'a=b');
  assert.equal(args('-f', 'a=1', '--field=b=', '-f', '-').all('field'), ['a=1', 'b=', '-']);
});

test('flags, operands, - and --', () => {
  const got = args('-sa', 'x', '-', '--', '-m', '--', 'y');
  assert.ok(got.has('strip') && got.has('all') && !got.has('max'));
  assert.equal(got.operands, ['x', '-', '-m', '--', 'y']);
});

test('mistakes, by name', () => {
  refuses(['--nope'], 'unknown option --nope');
  refuses(['--no-strip'], 'unknown option --no-strip');
  refuses(['--__proto__=1'], 'unknown option --__proto__');
  refuses(['--constructor'], 'unknown option --constructor');
  refuses(['-sx'], 'unknown option -x');
  refuses(['-m'], 'option --max needs a value');
  refuses(['--max='], 'option --max needs a value');
  refuses(['--strip=1'], 'option --strip takes no value');
  refuses(['-m1', '--max', '2'], 'option --max given twice');
  refuses(['-ss'], 'option --strip given twice');
  refuses(['--ma', '1'], 'unknown option --ma');
});

test('the usage line', () => {
  assert.is(usage(command), 'usage: lm-x [-ahsV] [-f key=value]... [-m bytes] [--port=n] file ...');
});

test('sizes, times and counts', () => {
  assert.is(parseSize('64k'), 65536);
  assert.is(parseSize('1.5G'), 1.5 * 2 ** 30);
  assert.is(parseTime('200ms'), 200);
  assert.is(parseTime('2'), 2000);
  assert.is(parseTime('1d'), 86_400_000);
  assert.is(parseCount('10', 1, 20), 10);
  for (const bad of ['', 'k', '-1', '1e3', '1kb', '0x10', '1 k', '9'.repeat(30)]) assert.throws(() => parseSize(bad), /not understood|out of range/, bad);
  assert.throws(() => parseSize('0'), 'size 0 is out of range');
  assert.throws(() => parseTime('5y'), 'time 5y is not understood');
  assert.throws(() => parseCount('1.5'), 'number 1.5 is not understood');
  assert.throws(() => parseCount('21', 1, 20), 'number 21 is out of range');
});

test('foreign text is made safe for one line', () => {
  assert.is(plain('a\nb\x1b[31m\u0085\u202e\u2028ü'), 'a\\x0ab\\x1b[31m\\x85\\u202e\\u2028ü');
});

test.run();
