import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isPassword, parseHtpasswd } from '../lib/htpasswd.ts';
import { sh, timed, withFolder } from './sh.ts';

const SHA512 = 'svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1';

test('the vectors of the specification of sha-crypt', timed(20_000, async () => {
  for (const [password, stored] of [
    ['Hello world!', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
    ['Hello world!', '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA'],
    ['a very much longer text to encrypt.  This one even stretches over morethan one line.',
      '$5$rounds=1400$anotherlongsalts$Rx.j8H.h8HjEDGomFU8bDkXm3XIUnzyxf12oP84Bnq1'],
    ['Hello world!', `$6$saltstring$${SHA512}`],
    ['we have a short salt string but not a short password',
      '$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0'],
  ] as const) {
    assert.ok(await isPassword(stored, password), stored);
    assert.not(await isPassword(stored, `${password}.`), stored);
    assert.not(await isPassword(stored, ''), stored);
  }
}));

test('what crypt(3) of the system makes, for passwords of every length', timed(30_000, async () => {
  const script = `use bytes; for $n (0..70, 127, 128, 129) { $p = substr("p\\xc3\\xbcss" x 40, 0, $n - $n % 5); $p .= "x" x ($n % 5);
    for $s ("\\$1\\$ab", "\\$1\\$abcdefgh", "\\$5\\$rounds=1000\\$",
      "\\$5\\$rounds=1001\\$sixteencharacter", "\\$6\\$rounds=1000\\$s", "\\$6\\$rounds=1002\\$sixteencharacter") {
    print "$p\\t", crypt($p, $s), "\\n" } }`;
  const made = sh('perl -', script).out.trimEnd().split('\n');
  assert.is(made.length, 74 * 6);
  for (const line of made) {
    const [password = '', stored = ''] = line.split('\t');
    assert.equal(parseHtpasswd(`u:${stored}`).problems, []);
    assert.ok(await isPassword(stored, password), line);
    assert.not(await isPassword(stored, `${password}y`), line);
  }
}));

test('what htpasswd and openssl passwd write', timed(60_000, () => withFolder(async (dir) => {
  for (const password of ['secret', 'ünïcödé 日本語', ' blanks ', 'x', 'x'.repeat(72), 'p:a:s:s$']) {
    const quoted = `'${password}'`;
    const r = sh(`cd ${dir} && rm -f f && touch f && for o in -B '-B -C 6' -m -s -2 -5 '-5 -r 2000'; do
      htpasswd -b $o f "u $o" ${quoted} || exit; done 2>/dev/null
      for o in 1 apr1 5 6; do printf 'openssl %s:%s:a comment\\n' $o "$(openssl passwd -$o -- ${quoted})" >> f; done`);
    assert.is(r.code, 0, r.err);
    const { users, problems } = parseHtpasswd(readFileSync(`${dir}/f`, 'utf8'));
    assert.equal(problems, []);
    assert.equal([...users.keys()], [
      'u -B', 'u -B -C 6', 'u -m', 'u -s', 'u -2', 'u -5', 'u -5 -r 2000', 'openssl 1', 'openssl apr1', 'openssl 5', 'openssl 6',
    ]);
    for (const [user, stored] of users) {
      assert.ok(await isPassword(stored, password), `${user} ${stored} ${password}`);
      assert.not(await isPassword(stored, `${password.slice(0, 20)}!`), `${user} ${stored} ${password}!`);
    }
  }
})));

test('a bad line is told by its number and lets nobody in; the others hold', () => {
  const good = `$6$saltstring$${SHA512}`;
  const unknown = 'the password is in no known format: set it with htpasswd -B';
  for (const [line, fact] of [
    ['bob:secret', `user bob: ${unknown}`],
    ['bob', `user bob: ${unknown}`],
    ['bob:', `user bob: ${unknown}`],
    ['bob:wkBEG9ESHWiBY', `user bob: ${unknown}`],
    ['bob:{SSHA}EfatjsUqKYSrqv18O1FlA3hcIHI=', `user bob: ${unknown}`],
    [`bob:$6$saltstring$${SHA512.slice(0, 43)}`, `user bob: ${unknown}`],
    [`bob:$5$saltstring$${SHA512}`, `user bob: ${unknown}`],
    [`bob:$5$saltstring$${SHA512.slice(0, 42)}!`, `user bob: ${unknown}`],
    [`bob:$6$rounds=999$saltstring$${SHA512}`, `user bob: ${unknown}`],
    [`bob:$6$rounds=500001$saltstring$${SHA512}`, 'user bob: 500001 rounds, and at most 500000 are taken'],
    [`bob:$2y$16$${'a'.repeat(53)}`, 'user bob: bcrypt with cost 16, and 4 to 15 are taken'],
    [`bob:$2y$03$${'a'.repeat(53)}`, 'user bob: bcrypt with cost 03, and 4 to 15 are taken'],
    [`:${good}`, 'no name of a user'],
    [`${'b'.repeat(256)}:${good}`, 'no name of a user'],
    [`first:${good}`, 'user first stands on a line above'],
  ] as const) {
    const { users, problems } = parseHtpasswd(`first:${good}\n${line}\n\n# comment\nlast:${good}:a comment\r\n`);
    assert.equal(problems, [`line 2: ${fact}`]);
    assert.equal([...users], [['first', good], ['last', good]]);
  }
});

test('any text is read without an Error', () => {
  const known = fc.constantFrom('u', ':', '$6$', '$5$', '$2y$10$', '{SHA}', '\n', 'rounds=5000$', SHA512);
  const part = fc.oneof(known, fc.string({ unit: 'binary', maxLength: 8 }));
  fc.assert(fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
    const text = parts.join('');
    for (const [user, stored] of parseHtpasswd(text).users) assert.ok(text.includes(`${user}:${stored}`));
  }), { numRuns: 2000 });
});

test.run();
