/** lm-frame as the shell sees it. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sh, shBytes, start, startLine, stopAll, timed, until, withFolder, type Running } from './sh.ts';

const USAGE =
  'usage: lm-frame [-dhstvV] [--beat=time] [-f key=value]... [--from=journal] [-i id] [-j regex] [--join-wait=time] [-m bytes]\n';

type Line = { id: string; run: string; n: number; ts: number; msg?: string; more?: true; beat?: true; end?: true; [key: string]: unknown };

const linesOf = (text: string): Line[] => text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line);
const messages = (text: string): (string | undefined)[] => linesOf(text).map((line) => line.msg);
const framing = (...args: string[]): Running => start('lm-frame', ['-i', 'x', ...args]);

test('-h goes to stdout and leaves with 0', () => {
  const r = sh('lm-frame -h');
  assert.ok(r.out.startsWith(USAGE), r.out);
  assert.equal([r.err, r.code], ['', 0]);
  assert.match(sh('lm-frame --version').out, /^lm-frame \d+\.\d+\.\d+\n$/);
});

test('mistakes on the command line', () => {
  for (const [args, message] of [
    ['', 'no stream id: give --id or LM_ID'],
    ['-x', 'unknown option -x'],
    ['--idd=a', 'unknown option --idd'],
    ['-i a -i b', 'option --id given twice'],
    ['-i', 'option --id needs a value'],
    ['-i ../a', 'bad stream id ../a: letters, digits and ._/@:- are allowed, at most 128, and no ..'],
    ['-i a/../b', 'bad stream id a/../b: letters, digits and ._/@:- are allowed, at most 128, and no ..'],
    ['-i a -m 3', 'option --max: size 3 is out of range'],
    ['-i a -m 161k', 'option --max: size 161k is out of range'],
    ['-i a -m much', 'option --max: size much is not understood'],
    ['-i a --beat=0', 'option --beat: time 0 is out of range'],
    ['-i a --beat=2h', 'option --beat: time 2h is out of range'],
    ['-i a -j "("', 'option --join: Invalid regular expression: /(/: Unterminated group'],
    ['-i a -j x --join-wait=0', 'option --join-wait: time 0 is out of range'],
    ['-i a --join-wait=1s', 'option --join-wait is nothing without --join'],
    ['-i a -f host', 'option --field: host is not key=value'],
    ['-i a -f 1=x', 'option --field: 1=x is not key=value'],
    ['-i a -f msg=x', 'option --field: msg is a key of the record itself'],
    ['-i a -f k=1 -f k=2', 'option --field: k given twice'],
    ['-i a -f k=$(head -c 66000 /dev/zero | tr "\\0" x)', 'option --field: fields take more than 64 KiB'],
    ['-i a access.log', 'lm-frame reads standard input only'],
    ['-d -i a', 'option --id is nothing with --decode'],
    ['-d -t', 'option --time is nothing with --decode'],
    ['-d -m 5', 'option --max is nothing with --decode'],
  ] as const) {
    assert.equal(sh(`lm-frame ${args}`), { out: '', err: `lm-frame: ${message}\n${USAGE}`, code: 2 }, args);
  }
});

test('one record a line: id, run, number, time of arrival, text, fields', () => {
  const before = Date.now();
  const r = sh("lm-frame -i web1/nginx -f host=web1 -f 'note=a \"b\"' -", 'one\ntwo');
  assert.equal([r.err, r.code], ['', 0]);
  const [one, two] = linesOf(r.out);
  assert.ok(one && two);
  assert.equal(Object.keys(one), ['id', 'run', 'n', 'ts', 'msg', 'host', 'note']);
  assert.equal([one.id, one.n, one.msg, one['host'], one['note']], ['web1/nginx', 1, 'one', 'web1', 'a "b"']);
  assert.match(one.run, /^[a-z0-9]{8}$/);
  assert.ok(one.ts >= before && one.ts <= Date.now());
  assert.equal([two.run, two.n, two.msg], [one.run, 2, 'two']);
  assert.is.not(linesOf(sh('lm-frame -i x', 'a\n').out)[0]?.run, one.run);
});

test('LM_ID names the stream where --id does not', () => {
  assert.is(linesOf(sh('lm-frame', 'a\n', { LM_ID: 'from-env' }).out)[0]?.id, 'from-env');
  assert.is(linesOf(sh('lm-frame -i given', 'a\n', { LM_ID: 'from-env' }).out)[0]?.id, 'given');
  assert.is(sh('lm-frame', 'a\n', { LM_ID: '' }).code, 2);
});

test('no input, no output', () => {
  assert.equal(sh('lm-frame -i x'), { out: '', err: '', code: 0 });
  assert.equal(sh('lm-frame -d'), { out: '', err: '', code: 0 });
  assert.is(sh('lm-frame -i x < /').err, 'lm-frame: cannot read standard input: EISDIR\n');
});

test('a reader that leaves early is a quiet end', () => {
  for (const command of ['lm-frame -i x', 'lm-frame -i x -j ^y', 'lm-frame -d']) {
    const r = sh(`yes | { ${command}; echo "rc=$?" >&2; } | head -n 1 | wc -l`);
    assert.equal([r.out.trim(), r.err], ['1', 'rc=0\n'], command);
  }
});

test('a slow reader loses nothing', () => {
  const text = Array.from({ length: 30_000 }, (_, i) => `line ${i} ${'.'.repeat(i % 90)}\n`).join('');
  const r = shBytes('lm-frame -i x | { sleep 0.5; dd bs=4099 status=none; } | lm-frame -d', text);
  assert.ok(r.out.toString() === text);
  assert.is(r.err, '');
});

test('input in single bytes, with pauses between them', timed(30_000, async () => {
  const text = 'a "b"\n\né漢😀\r\nlast';
  const r = framing();
  for (const byte of Buffer.from(text)) {
    r.child.stdin?.write(Buffer.from([byte]));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  r.child.stdin?.end();
  await r.closed;
  assert.equal(messages(Buffer.from(r.out, 'latin1').toString()), ['a "b"', '', 'é漢😀\r', 'last']);
}));

test('a line over the limit: several records, a note, nothing lost', () => {
  const text = `${'0123456789'.repeat(10_000)}\nshort\n`;
  const r = sh('lm-frame -i x -m 1k', text);
  const lines = linesOf(r.out);
  assert.is(lines.length, 99);
  assert.ok(lines.every((line, i) => (line.more === true) === i < 97 && line.n === i + 1));
  assert.is(lines.slice(0, 98).map((line) => line.msg).join(''), text.slice(0, 100_000));
  assert.equal([r.err, r.code], ['lm-frame: lines longer than 1k, in several records: 1\n', 0]);
});

test('a line without an end flows through in bounded memory, both ways', timed(60_000, async () => {
  const limited = 'ulimit -d 600000; exec node --max-old-space-size=40 "$(command -v lm-frame)"';
  const r = startLine(
    `head -c 200000000 /dev/zero | tr '\\0' x | (${limited} -i x) | (${limited} -d) | tr -d x | od -c; echo "\${PIPESTATUS[@]}"`,
  );
  await r.closed;
  assert.is(r.out, '0000000  \\n\n0000001\n0 0 0 0 0 0\n');
  assert.is(r.err, 'lm-frame: lines longer than 64k, in several records: 1\n');
}));

test('every byte: what is UTF-8 comes back as it was, what is not is replaced and said', () => {
  const valid = Buffer.from(Array.from({ length: 0x800 }, (_, code) => String.fromCodePoint(code)).join('') + '\u2028\uffff😀\n');
  const r = shBytes('lm-frame -i x | lm-frame -d', valid);
  assert.ok(r.out.equals(valid));
  assert.is(r.err, '');
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const replaced = sh('lm-frame -i x', Buffer.concat([all, Buffer.from('\nfine\n')]));
  assert.equal(messages(replaced.out), [...all.toString().split('\n'), 'fine']);
  assert.equal([replaced.err, replaced.code], ['lm-frame: lines with bytes that are not UTF-8, replaced: 1\n', 0]);
});

test('a full disk is blamed on the output', () => {
  for (const args of ['-i x', '-d']) {
    assert.equal(sh(`lm-frame ${args} > /dev/full`, 'x\n'.repeat(100_000)), {
      out: '', err: 'lm-frame: cannot write standard output: ENOSPC\n', code: 1,
    });
  }
});

test('SIGTERM mid-stream: what was read is framed, half a line too, and the end is clean', timed(20_000, async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const r = framing();
    r.child.stdin?.write('one\ntwo\nhal');
    await until(() => r.out.includes('"two"'));
    r.child.kill(signal);
    await r.closed;
    assert.equal([messages(r.out), r.err, r.code], [['one', 'two', 'hal'], '', 0]);
  }
}));

test('SIGTERM while the reader is slow: all that was read still arrives', timed(30_000, () => withFolder(async (dir) => {
  const framer = `{ lm-frame -i x & echo $! > ${dir}/pid; wait $!; echo "rc $?" >&2; }`;
  const r = startLine(`yes abcdefgh | ${framer} | { sleep 1; cat; } > ${dir}/out`);
  await until(() => /^\d+\n$/.test(sh(`cat ${dir}/pid 2> /dev/null`).out));
  await new Promise((resolve) => setTimeout(resolve, 500));
  sh(`kill $(cat ${dir}/pid)`);
  await r.says(/rc 0/, 20_000);
  await stopAll(r);
  const lines = linesOf(readFileSync(join(dir, 'out'), 'utf8'));
  assert.ok(lines.length > 500);
  assert.ok(lines.every((line, i) => line.n === i + 1 && (line.msg === 'abcdefgh' || i === lines.length - 1)));
})));

test('a single line leaves at once, however slow the input', timed(30_000, async () => {
  const r = framing();
  r.child.stdin?.write('warm up\n');
  await until(() => r.out.includes('\n'));
  const delays: number[] = [];
  for (let i = 0; i < 20; i++) {
    const sent = performance.now();
    const length = r.out.length;
    r.child.stdin?.write(`line ${i}\n`);
    while (r.out.length === length) await new Promise((resolve) => setImmediate(resolve));
    delays.push(performance.now() - sent);
  }
  await stopAll(r);
  delays.sort((a, b) => a - b);
  assert.ok((delays[10] ?? Infinity) < 50, `median ${delays[10]} ms`);
}));

test('--beat: signs of life while idle and at the end, with the last number', timed(20_000, async () => {
  const r = framing('--beat=100ms');
  await until(() => r.out.split('\n').length > 2);
  r.child.stdin?.write('one\ntwo\n');
  await until(() => /"two"[^]*"beat"/.test(r.out));
  r.child.stdin?.end();
  await r.closed;
  const lines = linesOf(r.out);
  const [first] = lines;
  assert.equal(Object.keys(first ?? {}), ['id', 'run', 'n', 'ts', 'beat']);
  assert.equal([first?.n, first?.beat], [0, true]);
  const after = lines.slice(lines.findIndex((line) => line.msg === 'two') + 1);
  assert.ok(after.length >= 2 && after.every((line) => line.n === 2 && line.msg === undefined));
  assert.equal(after.map((line) => line.end === true), after.map((_, i) => i === after.length - 1));
}));

test('--beat: a reader that has left is noticed although nothing is to be written', timed(20_000, async () => {
  const r = startLine('{ lm-frame -i x --beat=100ms; echo "rc $?" >&2; } < <(sleep 60) | head -n 2');
  await r.says(/rc 0/);
  await stopAll(r);
  assert.is(linesOf(r.out).length, 2);
}));

test('without --beat there are no signs', () => {
  assert.not.match(sh('lm-frame -i x', 'a\n').out, /"(beat|end)":/);
});

test('--join waits for the lines that follow, then lets go', timed(20_000, async () => {
  const r = framing('-j', '^\\s', '--join-wait=300ms');
  r.child.stdin?.write('Error\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  r.child.stdin?.write('  at a\n');
  await until(() => r.out.includes('\n'));
  assert.equal(messages(r.out), ['Error\n  at a']);
  r.child.stdin?.end('  late\nnext\n');
  await r.closed;
  assert.equal(messages(r.out), ['Error\n  at a', '  late', 'next']);
}));

test('--time and --strip', () => {
  const r = sh('lm-frame -i x -ts', '\x1b[32m2023-11-14 22:13:26\x1b[0m x\n', { TZ: 'Europe/Berlin' });
  assert.equal(linesOf(r.out).map((line) => [line.ts, line.msg]), [[1699996406000, '2023-11-14 22:13:26 x']]);
});

test('-d tells what it passed on, and leaves with 0', () => {
  const r = sh('lm-frame -d', '{"msg":"a"}\nplain\n{"id":"x","msg":"b","more":true}\n');
  assert.equal(r, {
    out: 'a\nplain\nb\n', code: 0,
    err: 'lm-frame: lines that are not records, passed as they are: 1\nlm-frame: lines of which a part is missing: 1\n',
  });
});

test('-d lets other streams wait for the rest of a line no longer than a second', timed(20_000, async () => {
  const r = start('lm-frame', ['-d']);
  r.child.stdin?.write('{"id":"a","msg":"half ","more":true}\n{"id":"b","msg":"other"}\n');
  await until(() => r.out === 'half \nother\n', 5000, () => r.out);
  await stopAll(r);
}));

test('SIGUSR1 shows the counters', timed(20_000, async () => {
  const r = framing('-m', '4');
  r.child.stdin?.write('one\nlonger\n');
  await until(() => r.out.split('\n').length === 4);
  r.child.kill('SIGUSR1');
  await r.says(/^lm-frame: lines 2, bytes 11 B, records 3, split 1, not UTF-8 0\n/);
  await stopAll(r);
}));

/** The commands of the page's EXAMPLES. */
function examples(): string[] {
  const page = readFileSync(new URL('../man/lm-frame.1', import.meta.url), 'utf8');
  const section = /^\.Sh EXAMPLES$([^]*?)^\.Sh/m.exec(page)?.[1] ?? '';
  return [...section.matchAll(/^\.Dl \$ (.*)$/gm)].map(([, line = '']) => line.replaceAll('\\e', '\\'));
}

test('the EXAMPLES of the page do what it says', () => withFolder((dir) => {
  const stub = (name: string, script: string): void => {
    writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(dir, name), 0o755);
  };
  stub('tail', 'cat access.log');
  stub('journalctl', `echo '{"__REALTIME_TIMESTAMP":"1700000006000000","_SYSTEMD_UNIT":"ssh.service","PRIORITY":"6","MESSAGE":"hello"}'`);
  stub('lm-tls-send', 'cat > sent');
  stub('curl', `printf '{"id":"web1/a","msg":"an ERROR"}\\n{"id":"web1/a","msg":"fine"}\\n'`);
  writeFileSync(join(dir, 'access.log'), '1.2.3.4 - - [14/Nov/2023:22:13:26 +0000] "GET / HTTP/1.1" 200 5\n');
  writeFileSync(join(dir, 'app.log'), 'start\n\x1b[31mError: x\x1b[0m\n    at a (b.js:1)\nCaused by: y\nnext\n');
  const lines = examples().map((line) => `cd ${dir}; PATH=${dir}:$PATH; ${line}`);
  const [nginx = '', journal = '', app = '', text = '', follow = '', ...others] = lines;
  assert.is(others.length, 0);
  const sent = (): Line[] => linesOf(readFileSync(join(dir, 'sent'), 'utf8'));
  assert.equal(sh(nginx), { out: '', err: '', code: 0 });
  assert.equal(sent().map((line) => [line.id, line.ts]), [['web1/nginx', 1700000006000]]);
  assert.equal(sh(journal), { out: '', err: '', code: 0 });
  assert.equal(sent().map((line) => [line.id, line.n, line.end]), [['web1/ssh', 1, undefined], ['web1/ssh', 1, true]]);
  assert.is(sent()[0]?.ts, 1700000006000);
  assert.equal(sh(app), { out: '', err: '', code: 0 });
  const records = linesOf(readFileSync(join(dir, 'app.records'), 'utf8'));
  assert.equal(records.map((line) => [line.msg, line['version']]), [
    ['start', '1.4.2'], ['Error: x\n    at a (b.js:1)\nCaused by: y', '1.4.2'], ['next', '1.4.2'],
  ]);
  assert.equal(sh(text), { out: 'start\nError: x\n    at a (b.js:1)\nCaused by: y\nnext\n', err: '', code: 0 });
  assert.equal(sh(follow), { out: 'an ERROR\n', err: '', code: 0 });
}));

test('the EXAMPLES of lm-record(5) are what lm-frame writes', () => {
  const page = readFileSync(new URL('../man/lm-record.5', import.meta.url), 'utf8');
  const [example = ''] = /^\{"id":"app"[^]*?(?=^\.Ed)/m.exec(page) ?? [];
  const real = sh('lm-frame -i app -m 4 -f host=web1 --beat=1h', 'abcdef\n').out;
  const anonymous = (text: string): string => text.replace(/"run":"\w+"/g, '"run":""').replace(/"ts":\d+/g, '"ts":0');
  assert.is(anonymous(real), anonymous(example));
});

test('each option is in the page, and each option of the page exists', () => {
  const page = readFileSync(new URL('../man/lm-frame.1', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\.It Fl .*?-([a-z-]{2,})/gm)].map(([, name]) => name);
  const real = [...sh('lm-frame -h').out.matchAll(/^ .*--([a-z-]+)/gm)].map(([, name]) => name);
  assert.equal(documented.sort(), real.sort());
});

test.run();
