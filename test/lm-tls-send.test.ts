import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sh, start, stopAll, timed, until, withFolder } from './sh.ts';
import { Chaos, deadPort, examplesOf, makeKey, send, sendArgs, startRecv, withSite } from './tls.ts';

const USAGE = 'usage: lm-tls-send [-hvV] [--ca=file] [--check] [-k file] [--on-full=block|drop-oldest] [--pin=sha256:...]... [--raw] [-s dir] '
  + '[--spool-max=size] [--spool-sync=always|interval|never] [-t time] [-w size] host[:port] ...\n';
const PIN = `sha256:${'A'.repeat(43)}`;

test('-h goes to stdout and leaves with 0', () => {
  const r = sh('lm-tls-send -h');
  assert.ok(r.out.startsWith(USAGE), r.out);
  assert.equal([r.err, r.code], ['', 0]);
  assert.match(sh('lm-tls-send -V').out, /^lm-tls-send \d+\.\d+\.\d+\n$/);
});

test('mistakes on the command line', () => {
  for (const [line, message] of [
    ['lm-tls-send', 'no receiver given'],
    ['lm-tls-send -x h', 'unknown option -x'],
    ['lm-tls-send -t 1 -t 2 h', 'option --timeout given twice'],
    ['lm-tls-send --spool-sync often -s d h', 'option --spool-sync: often is none of always, interval, never'],
    ['lm-tls-send --on-full wait h', 'option --on-full: wait is none of block, drop-oldest'],
    ['lm-tls-send --spool-max 1k -s d h', 'option --spool-max: size 1k is out of range'],
    ['lm-tls-send --spool-max 1G h', 'option --spool-max needs --spool'],
    ['lm-tls-send --spool-sync never h', 'option --spool-sync needs --spool'],
    ['lm-tls-send -w 1G --spool-max 1G -s d h', 'option --window: more than half of --spool-max'],
    ['lm-tls-send --raw -s d h', 'options --raw and --spool exclude each other'],
    ['lm-tls-send --raw --check h', 'options --raw and --check exclude each other'],
    ['lm-tls-send --check -t 1 h', 'options --check and --timeout exclude each other'],
    ['lm-tls-send -w 1k h', 'option --window: size 1k is out of range'],
    ['lm-tls-send -t soon h', 'option --timeout: time soon is not understood'],
    ['lm-tls-send --pin sha256:x h', 'option --pin: sha256:x is not a pin'],
    [`lm-tls-send --pin ${PIN} --ca f h`, 'options --pin and --ca exclude each other'],
    ['lm-tls-send --raw -w 1m h', 'options --raw and --window exclude each other'],
    ['lm-tls-send h h:5333', 'a receiver is given twice'],
    ['lm-tls-send h:0', 'port 0 is out of range'],
    ['lm-tls-send "h:1;x"', 'address h:1;x is not understood'],
  ] as const) {
    assert.equal(sh(`${line} < /dev/null`), { out: '', err: `lm-tls-send: ${message}\n${USAGE}`, code: 2 }, line);
  }
});

test('files that cannot be used end it at once', () => withFolder((dir) => {
  writeFileSync(join(dir, 'empty'), 'nothing\n');
  for (const [options, message] of [
    [`-k ${dir}/none`, `cannot read ${dir}/none: ENOENT`],
    [`--ca ${dir}/none`, `cannot read ${dir}/none: ENOENT`],
    [`--ca ${dir}/empty`, `cannot use ${dir}/empty: no certificate in it`],
  ] as const) {
    assert.equal(sh(`lm-tls-send ${options} h < /dev/null`), { out: '', err: `lm-tls-send: ${message}\n`, code: 1 }, options);
  }
}));

test('any bytes arrive as they are; a last line without newline gets one',
  timed(20_000, () => withSite(async ({ receiver, sender, recv, out }) => {
  const bytes = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, i) => i)), Buffer.from('\n\n\r\n{"id":"x"}\nno end')]);
  const r = await send(sendArgs(sender, receiver, recv.address), bytes);
  assert.equal([r.code, r.err, r.out], [0, '', '']);
  assert.is(out(), `${bytes.toString('latin1')}\n`);
})));

test('no input at all is a stream too', timed(20_000, () => withSite(async ({ receiver, sender, recv, out }) => {
  const r = await send(sendArgs(sender, receiver, recv.address), '');
  assert.equal([r.code, r.err], [0, '']);
  await recv.process.says(/web1 \(127\.0\.0\.1\) has finished: 0 lines/);
  assert.is(out(), '');
})));

test('a line over 1 MiB is split and counted', timed(20_000, () => withSite(async ({ receiver, sender, recv, out }) => {
  const r = await send(sendArgs(sender, receiver, recv.address), `a\n${'x'.repeat(2_500_000)}\nb\n`);
  assert.equal([r.code, r.err], [0, 'lm-tls-send: lines longer than 1 MiB, split: 1\n']);
  const lines = out().split('\n');
  assert.equal(lines.map((l) => l.length), [1, 1_048_575, 1_048_575, 402_850, 1, 0]);
})));

test('the receiver is known by one of its pins, or by its certificate',
  timed(30_000, () => withSite(async ({ receiver, sender, recv, out }) => {
  const to = recv.address;
  assert.is((await send(['-k', sender.pem, '--pin', PIN, '--pin', receiver.pin, to], 'two pins\n')).code, 0);
  assert.is((await send(['-k', sender.pem, '--ca', receiver.crt, to], 'ca\n')).code, 0);
  assert.is(out(), 'two pins\nca\n');
})));

/** Start a sender that is expected not to get through, and end it when it has said so. */
async function sayOf(args: string[], pattern: RegExp, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const r = start('lm-tls-send', ['-t', '0', ...args], { env });
  r.child.stdin?.write('one\ntwo\n');
  const said = (await r.says(pattern))[0];
  r.kill('SIGTERM');
  await r.closed;
  assert.is(r.code, 1);
  assert.match(r.err, /lm-tls-send: lost, not acknowledged: 2 lines, 8 bytes\n$/);
  return said;
}

test('a receiver that is not who it should be gets nothing', timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const to = recv.address;
  const other = makeKey(dir, 'other');
  assert.is(
    await sayOf(['-k', sender.pem, '--pin', PIN, to], /cannot send.*\n/),
    `cannot send to ${to}: its key ${receiver.pin} is not the one in --pin; trying again\n`,
  );
  const said = await sayOf(['-k', sender.pem, '--ca', other.crt, to], /cannot send.*\n/);
  assert.match(said, `its key ${receiver.pin} is not the one in ${other.crt}`);
  // Unknown: the message has the very line to add, and with that line it works, without a restart.
  const env = { XDG_CONFIG_HOME: join(dir, 'config') };
  const line = (await sayOf(['-k', sender.pem, to], /add to (\S+) the line: (\S+ \S+);/, env));
  assert.is(line, `add to ${dir}/config/lm/receivers the line: ${to} ${receiver.pin};`);
  mkdirSync(join(dir, 'config/lm'), { recursive: true });
  writeFileSync(join(dir, 'config/lm/sender.pem'), readFileSync(sender.pem), { mode: 0o600 });
  const waiting = start('lm-tls-send', [to], { env });
  waiting.child.stdin?.end('patient\n');
  await waiting.says(/not trusted/);
  writeFileSync(join(dir, 'config/lm/receivers'), `# known\n${to} ${receiver.pin}\n`);
  await waiting.closed;
  assert.is(waiting.code, 0, waiting.err);
  assert.match(waiting.err, new RegExp(`sending to ${to} as web1\n$`));
  assert.is(out(), 'patient\n');
})));

test('a certificate that has expired and bears another name is as good as its key', timed(30_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver', '/CN=elsewhere.example', -1), makeKey(dir, 'sender')];
  const recv = await startRecv(['-k', receiver.pem, '--anyone'], join(dir, 'out'));
  assert.is((await send(['-k', sender.pem, '--ca', receiver.crt, recv.address], 'a\n')).code, 0);
  assert.is((await send(['--pin', receiver.pin, recv.address], 'b\n')).code, 0); // and --anyone takes a sender without key
  assert.is(readFileSync(join(dir, 'out'), 'utf8'), 'a\nb\n');
  await stopAll(recv.process);
})));

test('an authority vouches for a host name, and for that name only', timed(30_000, () => withFolder(async (dir) => {
  const sender = makeKey(dir, 'sender');
  const made = sh(`cd ${dir}
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=authority -days 9 -keyout ca.key -out ca.crt
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout leaf.key -out leaf.csr
    openssl x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 -out leaf.crt \\
      -extfile <(echo subjectAltName=DNS:localhost)
    cat leaf.key leaf.crt > leaf.pem; chmod 600 leaf.pem`);
  const recv = await startRecv(['-k', join(dir, 'leaf.pem'), '--anyone', 'localhost:0'], join(dir, 'out'));
  const env = { SSL_CERT_FILE: join(dir, 'ca.crt') };
  for (const [args, vars] of [[['--ca', join(dir, 'ca.crt')], {}], [[], env]] as const) {
    const r = await send([...args, `localhost:${recv.port}`], 'named\n', vars);
    assert.equal([r.code, r.err], [0, ''], made.err);
    const said = await sayOf([...args, `127.0.0.1:${recv.port}`], /cannot send.*\n/, vars);
    assert.match(said, args.length > 0 ? /is not the one in \S+ca\.crt/ : /not trusted/);
    assert.match(said, /\(ERR_TLS_CERT_ALTNAME_INVALID\)/);
  }
  assert.match(await sayOf([`localhost:${recv.port}`], /cannot send.*\n/), /not trusted \((UNABLE_TO_|SELF_SIGNED|DEPTH)/);
  assert.match(await sayOf(['--ca', sender.crt, `localhost:${recv.port}`], /cannot send.*\n/), /is not the one in/);
  assert.is(readFileSync(join(dir, 'out'), 'utf8'), 'named\nnamed\n');
  await stopAll(recv.process);
})));

test('a sender that is not authorized is told so, and gets in once it is',
  timed(30_000, () => withSite(async ({ dir, receiver, recv, out }) => {
  const newcomer = makeKey(dir, 'newcomer', '/CN=web2');
  const r = start('lm-tls-send', sendArgs(newcomer, receiver, recv.address));
  r.child.stdin?.end('hello\n');
  await r.says(/it says AUTH: unknown key sha256:\S+; trying again/);
  const [, line = ''] = await recv.process.says(/refused 127\.0\.0\.1: unknown key; to let it in, add to \S+ the line: (.*)\n/);
  assert.is(line, `web2 ${newcomer.pin} web2/*`);
  writeFileSync(join(dir, 'authorized'), `${line.replace('web2/*', 'unframed')}\n`);
  recv.process.kill('SIGHUP');
  await r.closed;
  assert.is(r.code, 0, r.err);
  assert.is(out(), 'hello\n');
})));

test('the receiver is away: it waits, says so once, and delivers everything', timed(30_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  const port = await deadPort();
  const r = start('lm-tls-send', sendArgs(sender, receiver, `127.0.0.1:${port}`));
  r.child.stdin?.end('one\ntwo\n');
  await r.says(/ECONNREFUSED/);
  await new Promise((resolve) => setTimeout(resolve, 700)); // several attempts
  const recv = await startRecv(['-k', receiver.pem, '--anyone', `127.0.0.1:${port}`], join(dir, 'out'));
  await r.closed;
  assert.is(r.err, `lm-tls-send: cannot send to 127.0.0.1:${port}: ECONNREFUSED; trying again\n`
    + `lm-tls-send: sending to 127.0.0.1:${port} as 127.0.0.1\n`);
  assert.is(r.code, 0);
  await stopAll(recv.process);
  assert.is(readFileSync(join(dir, 'out'), 'utf8'), 'one\ntwo\n');
})));

test('of several receivers the next one is taken', timed(30_000, () => withSite(async ({ receiver, sender, recv, out }) => {
  const r = await send([...sendArgs(sender, receiver, `127.0.0.1:${await deadPort()}`), recv.address], 'x\n');
  assert.is(r.code, 0, r.err);
  assert.is(out(), 'x\n');
})));

test('a stopped sender still delivers what it has read', timed(30_000, () => withSite(async ({ receiver, sender, recv, out }) => {
  const r = start('lm-tls-send', sendArgs(sender, receiver, recv.address));
  r.child.stdin?.write('read\nhalf a line');
  await until(() => out() === 'read\n');
  r.kill('SIGTERM');
  await r.closed;
  assert.equal([r.code, r.err], [0, '']);
  assert.is(out(), 'read\nhalf a line\n');
})));

test('SIGINT while nobody takes the lines: it says what is lost, and fails', timed(30_000, async () => {
  const r = start('lm-tls-send', ['-t', '300ms', '--pin', PIN, `127.0.0.1:${await deadPort()}`]);
  r.child.stdin?.write('1\n2\n3\n');
  await r.says(/ECONNREFUSED/);
  r.kill('SIGINT');
  await r.closed;
  assert.is(r.code, 1);
  assert.match(r.err, /\nlm-tls-send: lost, not acknowledged: 3 lines, 6 bytes\n$/);
}));

test('reading waits when the window is full', timed(30_000, async () => {
  const r = start('lm-tls-send', ['-t', '0', '-w', '64k', '--pin', PIN, `127.0.0.1:${await deadPort()}`]);
  const line = Buffer.from(`${'x'.repeat(999)}\n`);
  let taken = 0;
  const more = (): void => void r.child.stdin?.write(line, () => {
    taken += line.length;
    if (taken < 5_000_000) more();
  });
  more();
  await r.says(/ECONNREFUSED/);
  let before = -1;
  await until(async () => {
    const still = taken === before;
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return still && taken > 0;
  });
  assert.ok(taken < 600_000, String(taken)); // window, a chunk, and what two pipes hold
  r.kill('SIGTERM');
  await r.closed;
  assert.is(r.code, 1);
}));

test('SIGUSR1 and -v tell how it goes', timed(30_000, () => withSite(async ({ receiver, sender, recv, out }) => {
  const r = start('lm-tls-send', ['-v', ...sendArgs(sender, receiver, recv.address)]);
  r.child.stdin?.write('a\nb\n');
  await r.says(/sending to \S+ as web1\n/);
  await until(() => out() === 'a\nb\n');
  await until(() => {
    r.kill('SIGUSR1'); // the acknowledgement comes a little after the output
    return /lines 2, bytes 4 B, unacked bytes 0 B, connections 1, split 0, refused 0, dropped 0, damaged bytes 0 B\n/.test(r.err);
  });
  r.child.stdin?.end();
  await r.closed;
  assert.is(r.code, 0);
})));

test('lines that the receiver refuses are a failure, told once and counted',
  timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  writeFileSync(join(dir, 'authorized'), `web1 ${sender.pin} web1/*\n`);
  recv.process.kill('SIGHUP');
  await recv.process.says(/read again/);
  const record = (id: string): string => `{"id":"${id}","run":"r","n":1,"ts":1,"msg":"m"}\n`;
  const r = await send(sendArgs(sender, receiver, recv.address), `${record('web1/a')}${record('db/x')}not a record\n${record('web1/b')}`);
  assert.is(r.code, 1);
  assert.is(r.err, `lm-tls-send: ${recv.address} takes lines but does not pass them on: stream db/x is not allowed for web1\n`
    + 'lm-tls-send: lines refused by the receiver: 2: stream db/x is not allowed for web1\n');
  assert.is(out(), record('web1/a') + record('web1/b'));
  await recv.process.says(/lines of web1 refused: stream db\/x is not allowed for web1\n/);
})));

test('a connection that dies without a word is noticed when it is reset, and the stream goes on',
  timed(30_000, () => withSite(async ({ receiver, sender, recv, out }) => {
  const chaos = new Chaos(recv.port);
  const r = start('lm-tls-send', sendArgs(sender, receiver, await chaos.listen()));
  for (let i = 0; i < 10; i++) {
    r.child.stdin?.write(`line ${i}\n`);
    await until(() => out().endsWith(`line ${i}\n`));
    chaos.cutAll();
  }
  r.child.stdin?.end();
  await r.closed;
  chaos.close();
  assert.is(r.code, 0, r.err);
  assert.is(out(), Array.from({ length: 10 }, (_, i) => `line ${i}\n`).join(''));
})));

test('the examples of the manual page', timed(30_000, () => withSite(async ({ dir, receiver, sender, recv, out }) => {
  const [simple = '', full = '', spooled = '', flush = '', check = '', remember = '', listen = '', raw = ''] = examplesOf('lm-tls-send.1');
  mkdirSync(join(dir, '.config/lm'), { recursive: true });
  writeFileSync(join(dir, '.config/lm/sender.pem'), readFileSync(sender.pem), { mode: 0o600 });
  writeFileSync(join(dir, 'web1.pem'), readFileSync(sender.pem), { mode: 0o600 });
  writeFileSync(join(dir, 'access.log'), 'GET /1\nGET /2\n');
  const here = (line: string): string => `cd ${dir}; ${line.replace('tail -F', 'cat').replace('/var/spool/lm', dir).replace('sha256:...', receiver.pin)
    .replaceAll('logs2.example.com:5334', '127.0.0.1:1').replaceAll('logs.example.com', recv.address)}`;
  assert.equal(sh(here(remember), '', { HOME: dir }), { out: '', err: '', code: 0 });
  for (const line of [simple, full, spooled, flush]) assert.equal(sh(here(line), '', { HOME: dir }), { out: '', err: '', code: 0 }, line);
  assert.equal(out().match(/"id":"web1\/nginx".*"msg":"GET \/[12]"/g)?.length, 6);
  assert.match(sh(here(check), '', { HOME: dir }).out, /\nok {6}sender {4}let in as web1\n$/);
  const port = await deadPort();
  const far = start('bash', ['-c', `cd ${dir}; exec ${listen.replace('5333', `${port},bind=127.0.0.1`)}`]);
  const r = sh(`cd ${dir}; ${raw.replace('logs.example.com', `127.0.0.1:${port}`)}`);
  assert.is(r.code, 0, r.err);
  await far.closed;
  assert.is(far.out, sh('seq 10').out);
})));

test.run();
