import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAuthorized, type Sender } from '../lib/authorized.ts';

const pin = (name: string): string => `sha256:${createHash('sha256').update(name).digest('base64url')}`;
const [A, B, C] = [pin('a'), pin('b'), pin('c')];

/** The one sender of a one-line file. */
function sender(patterns: string): Sender {
  const { senders, problems } = parseAuthorized(`web1 ${A} ${patterns}\n`);
  assert.equal(problems, []);
  const [only] = senders.values();
  if (!only) throw new Error('no sender');
  return only;
}

test('names, pins, patterns; comments, blanks, other line ends', () => {
  const { senders, problems } = parseAuthorized(
    `\ufeff# who may send\r\n\r\n  web1\t${A}   web1/* nginx # the old machine\r\nweb1 ${B} web1/*\n#web2 ${C} *\n \t\nops@desk ${C} *`,
  );
  assert.equal(problems, []);
  assert.equal([...senders.values()].map((s) => [s.name, s.pin, s.patterns]), [
    ['web1', A, ['web1/*', 'nginx']],
    ['web1', B, ['web1/*']],
    ['ops@desk', C, ['*']],
  ]);
  assert.equal([...senders.keys()], [A, B, C]);
});

test('patterns', () => {
  for (const [patterns, yes, no] of [
    ['web1/* nginx', ['web1/', 'web1/a', 'web1/a/b', 'nginx'], ['web1', 'web10/a', 'nginx2', 'anginx', 'unframed', 'WEB1/a']],
    ['db?', ['db1', 'dbx', 'db/'], ['db', 'db12']],
    ['*', ['a', 'a/b', 'unframed', 'x'.repeat(128)], []],
    ['unframed', ['unframed'], ['unframed2', 'a']],
    ['*/access*.log', ['a/access.log', 'a/b/access-1.log'], ['access.log', 'a/access.log2']],
    ['a.b', ['a.b'], ['axb']],
    ['??', ['ab'], ['a', 'abc']],
    ['**a**', ['a', 'xax'], ['b']],
  ] as const) {
    const s = sender(patterns);
    for (const id of yes) assert.ok(s.allows(id), `${patterns} allows ${id}`);
    for (const id of no) assert.not(s.allows(id), `${patterns} refuses ${id}`);
    for (const id of yes) assert.ok(s.allows(id), 'the second time too');
  }
});

test('a bad line is told by its number and allows nothing; the others hold', () => {
  for (const [line, fact] of [
    ['web1', 'no pin'],
    ['-web1 x *', '-web1 cannot be a name'],
    [`${'n'.repeat(65)} ${B} *`, `${'n'.repeat(61)}... cannot be a name`],
    [`${B} web1 *`, `${B} cannot be a name`],
    ['web1 sha256:abc *', 'sha256:abc is not a pin'],
    [`web1 ${B.slice(0, -1)}* x`, `${B.slice(0, -1)}* is not a pin`],
    [`web1 ${B}`, 'no patterns: say which stream ids it may use, * for all'],
    [`web1 ${B} # *`, 'no patterns: say which stream ids it may use, * for all'],
    [`web1 ${B} web1/* speed=5M`, 'unknown option speed='],
    [`web1 ${B} rate=5M`, 'no patterns: say which stream ids it may use, * for all'],
    [`web1 ${B} rate=fast *`, 'option rate=: size fast is not understood'],
    [`web1 ${B} rate= *`, 'option rate=: size  is not understood'],
    [`web1 ${B} rate=5M/s *`, 'option rate=: size 5M/s is not understood'],
    [`web1 ${B} rate=16383 *`, 'option rate=: size 16383 is out of range'],
    [`web1 ${B} rate=2048G *`, 'option rate=: size 2048G is out of range'],
    [`web1 ${B} rate=1M * rate=2M`, 'option rate= twice'],
    [`web1 ${B} from=10.0.0.0/8 from=::1 *`, 'option from= twice'],
    [`web1 ${B} from= *`, 'option from=: range  is not understood'],
    [`web1 ${B} from=10.0.0.0/33 *`, 'option from=: range 10.0.0.0/33 is not understood'],
    [`web1 ${B} from=10.0.0.0/08 *`, 'option from=: range 10.0.0.0/08 is not understood'],
    [`web1 ${B} from=10.0.0.1,,10.0.0.2 *`, 'option from=: range  is not understood'],
    [`web1 ${B} from=2001:db8::/129 *`, 'option from=: range 2001:db8::/129 is not understood'],
    [`web1 ${B} from=logs.example.com *`, 'option from=: range logs.example.com is not understood'],
    [`web1 ${B} [ab]*`, 'pattern [ab]* fits no stream id'],
    [`web1 ${B} !x`, 'pattern !x fits no stream id'],
    [`web1 ${B} wéb`, 'pattern wéb fits no stream id'],
    [`web1 ${B} ${'x'.repeat(129)}`, 'pattern longer than 128 characters'],
    [`web1 ${A} *`, 'the pin of web1 stands on a line above, for first'],
    [`web1 ${B} ${'x '.repeat(3000)}`, 'longer than 4096 characters'],
  ] as const) {
    const { senders, problems } = parseAuthorized(`first ${A} a/*\n${line}\nlast ${C} c/*\n`);
    assert.equal(problems, [`line 2: ${fact}`]);
    assert.equal([...senders.values()].map((s) => [s.name, s.pin]), [['first', A], ['last', C]], line);
    assert.not(senders.get(A)?.allows('b'));
  }
});

test('limits: how fast, and from where; among the patterns in any order', () => {
  const limits = (words: string): [number | undefined, string | undefined, readonly string[]] => {
    const s = sender(words);
    return [s.limits.rate, s.limits.from?.text, s.patterns];
  };
  assert.equal(limits('web1/*'), [undefined, undefined, ['web1/*']]);
  assert.equal(limits('rate=5M web1/* nginx'), [5 << 20, undefined, ['web1/*', 'nginx']]);
  assert.equal(limits('a from=10.0.0.0/8,::1 b rate=16k # from=x'), [16_384, '10.0.0.0/8,::1', ['a', 'b']]);
  for (const [from, inside, outside] of [
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3'], ['9.255.255.255', '11.0.0.0', '::a00:1', '', 'x']],
    ['192.0.2.7', ['192.0.2.7'], ['192.0.2.6', '192.0.2.8']],
    ['192.0.2.7/31', ['192.0.2.6', '192.0.2.7'], ['192.0.2.5', '192.0.2.8']],
    ['0.0.0.0/0', ['1.2.3.4'], ['::1']],
    ['::/0', ['::1', 'fe80::1%eth0'], ['1.2.3.4']],
    ['2001:db8::/33,127.0.0.1', ['2001:db8:7fff::1', '127.0.0.1'], ['2001:db8:8000::1', '127.0.0.2']],
  ] as const) {
    const { from: ranges } = sender(`* from=${from}`).limits;
    for (const address of inside) assert.ok(ranges?.has(address), `${from} has ${address}`);
    for (const address of outside) assert.not.ok(ranges?.has(address), `${from} has not ${address}`);
  }
});

test('bounds of the file: what lies beyond is not read, and that is told', () => {
  const many = Array.from({ length: 10_005 }, (_, i) => `n${i} ${pin(String(i))} *`);
  const r = parseAuthorized(many.join('\n'));
  assert.equal([r.senders.size, r.problems], [10_000, ['line 10001: longer than 10000 lines: nothing is read from here on']]);
  assert.equal(parseAuthorized(`${many.slice(0, 10_000).join('\n')}\n`).problems, []);
  const pad = `${'#'.repeat(1023)}\n`;
  const wide = parseAuthorized(`${pad.repeat(1023)}${'#'.repeat(1000)}\nweb1 ${A} a*\n`);
  assert.equal([wide.senders.size, wide.problems], [0, ['line 1025: longer than 1 MiB: nothing is read from here on']]);
  const junk = parseAuthorized('x\n'.repeat(1000));
  assert.equal([junk.problems.length, junk.problems[20]], [21, 'and 980 more']);
});

test('the example of the manual page', () => {
  const page = readFileSync(fileURLToPath(new URL('../man/lm-authorized.5', import.meta.url)), 'utf8');
  const [, example = ''] = /^\.Bd -literal\n([^]*?)^\.Ed$/m.exec(page) ?? [];
  const { senders, problems } = parseAuthorized(example);
  assert.equal(problems, []);
  assert.equal([...senders.values()].map((s) => [s.name, s.patterns.join(' ')]), [
    ['web1', 'web1/*'], ['web2', 'web2/*'], ['web2', 'web2/*'], ['printer', 'unframed'], ['branch', '*'],
  ]);
});

test('a hostile pattern costs no more than its length', () => {
  const s = sender('a*'.repeat(63) + 'b');
  const begun = performance.now();
  for (let i = 0; i < 2000; i++) s.allows(`${'a'.repeat(120)}${i}`);
  assert.ok(performance.now() - begun < 2000);
});

test('any text is read without an Error, and a line that is not in the file allows nothing', () => {
  const known = fc.constantFrom(A, B, 'web1', '*', 'a?/*', '#', ' ', '\n', '\r', '\t', '=', 'rate=1M', 'from=::/0,10.0.0.1', 'from=', ',', '/8');
  const word = fc.oneof(known, fc.string({ unit: 'binary', maxLength: 8 }));
  fc.assert(fc.property(fc.array(word, { maxLength: 40 }), fc.constantFrom(' ', ''), (words, between) => {
    const text = words.join(between);
    const { senders, problems } = parseAuthorized(text);
    for (const s of senders.values()) {
      const line = text.replace(/^\ufeff/, '').split('\n').find((l) => l.includes(s.pin) && l.trim().startsWith(`${s.name}`));
      assert.ok(line && s.patterns.length > 0 && s.patterns.every((p) => line.includes(p)));
    }
    for (const p of problems) assert.match(p, /^line \d+: |^and \d+ more$/);
  }), { numRuns: 2000 });
});

test.run();
