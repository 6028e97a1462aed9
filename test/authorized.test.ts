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
    [`web1 ${B} web1/* rate=5M`, 'unknown option rate='],
    [`web1 ${B} from=10.0.0.0/8 *`, 'unknown option from='],
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
  const known = fc.constantFrom(A, B, 'web1', '*', 'a?/*', '#', ' ', '\n', '\r', '\t', '=', 'rate=1');
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
