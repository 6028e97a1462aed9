import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BIN, ENV, Running, sh, start, startLine, stopAll, timed, until, withFolder } from './sh.ts';
import { Chaos, examplesOf, makeKey, sendArgs, startRecv, type Key, type Recv } from './tls.ts';

const SOAK = process.env['LM_SOAK'] !== undefined;
const STOPS = SOAK ? 100 : 3;
const USAGE = 'usage: lm-tls-recv [-hvV] [-a file] [--anyone] [-c count] [--frame] [-J dir] [-k file] [--keep-age=time] [--keep-size=size]'
  + ' [-M size] [--raw] [--segment=size] [-t time] [[host]:port]\n';

type Site = { dir: string; receiver: Key; sender: Key; recv: Recv; out: () => string };

/** A receiver that lets one key send what the patterns allow. */
async function withSite(patterns: string, body: (site: Site) => Promise<void>, options: string[] = []): Promise<void> {
  await withFolder(async (dir) => {
    const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
    writeFileSync(join(dir, 'authorized'), `web1 ${sender.pin} ${patterns}\n`);
    const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized'), ...options], join(dir, 'out'));
    await body({ dir, receiver, sender, recv, out: () => readFileSync(join(dir, 'out'), 'latin1') });
    await stopAll(recv.process);
  });
}

/** Send text, to the end. */
async function send(args: string[], input: string): Promise<Running> {
  const r = start('lm-tls-send', args);
  r.child.stdin?.end(input);
  await r.closed;
  return r;
}
const record = (id: string, n = 1, run = 'k3x9a1qz'): string => (
  `{"id":"${id}","run":"${run}","n":${n},"ts":1795341000123,"msg":"GET / 200"}\n`
);
const numbered = (count: number, length = 90): string => Array.from({ length: count }, (_, i) => `${i} ${'x'.repeat(length)}\n`).join('');

test('-h goes to stdout and leaves with 0', () => {
  const r = sh('lm-tls-recv -h');
  assert.ok(r.out.startsWith(USAGE), r.out);
  assert.equal([r.err, r.code], ['', 0]);
  assert.match(sh('lm-tls-recv -V').out, /^lm-tls-recv \d+\.\d+\.\d+\n$/);
});

test('mistakes on the command line', () => withFolder((dir) => {
  const { pem } = makeKey(dir, 'receiver');
  for (const [line, message] of [
    ['lm-tls-recv', 'no --key given, and no receiver.pem in /nonexistent/.config/lm or /etc/lm; lm-cert makes one'],
    [
      `lm-tls-recv -k ${pem}`,
      'no --authorized given, and no authorized in /nonexistent/.config/lm or /etc/lm; --anyone accepts every sender',
    ],
    [`lm-tls-recv -k ${pem} --anyone -a f`, 'options --anyone and --authorized exclude each other'],
    ['lm-tls-recv -x', 'unknown option -x'],
    ['lm-tls-recv --raw --raw', 'option --raw given twice'],
    ['lm-tls-recv :1 :2', 'more than one address given'],
    ['lm-tls-recv :65536', 'port 65536 is out of range'],
    ['lm-tls-recv 5333', 'address 5333 is not understood'],
    ['lm-tls-recv -M 1k', 'option --memory: size 1k is out of range'],
    ['lm-tls-recv -c 0', 'option --connections: number 0 is out of range'],
  ] as const) {
    assert.equal(sh(line), { out: '', err: `lm-tls-recv: ${message}\n${USAGE}`, code: 2 }, line);
  }
}));

test('what cannot be read or listened on ends it at once', timed(20_000, () => withFolder(async (dir) => {
  const { pem, crt } = makeKey(dir, 'receiver');
  assert.equal(sh(`lm-tls-recv --anyone -k ${dir}/none`), { out: '', err: `lm-tls-recv: cannot read ${dir}/none: ENOENT\n`, code: 1 });
  assert.equal(sh(`lm-tls-recv --anyone -k ${crt}`), { out: '', err: `lm-tls-recv: cannot use ${crt}: no private key in it\n`, code: 1 });
  assert.equal(sh(`lm-tls-recv -a ${dir}/none -k ${pem}`), { out: '', err: `lm-tls-recv: cannot read ${dir}/none: ENOENT\n`, code: 1 });
  const recv = await startRecv(['-k', pem, '--anyone']);
  assert.equal(
    sh(`lm-tls-recv --anyone -k ${pem} ${recv.address}`),
    { out: '', err: `lm-tls-recv: cannot listen on ${recv.address}: EADDRINUSE\n`, code: 1 },
  );
  await stopAll(recv.process);
  assert.is(recv.process.code, 0);
})));

test('key and list have a home', timed(20_000, () => withFolder(async (dir) => {
  const receiver = makeKey(dir, 'r');
  const sender = makeKey(dir, 's');
  mkdirSync(join(dir, 'lm'));
  writeFileSync(join(dir, 'lm/receiver.pem'), readFileSync(receiver.pem), { mode: 0o600 });
  writeFileSync(join(dir, 'lm/authorized'), `web1 ${sender.pin} *\nweb2 nonsense\n`);
  const recv = await startRecv([], join(dir, 'out'), { XDG_CONFIG_HOME: dir });
  await recv.process.says(/authorized: line 2: nonsense is not a pin/);
  assert.is((await send(sendArgs(sender, receiver, recv.address), 'x\n')).code, 0);
  await stopAll(recv.process);
  assert.is(readFileSync(join(dir, 'out'), 'utf8'), 'x\n');
})));

test('a reader that leaves early is a quiet end, and the sender keeps what was not taken', timed(30_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  const r = startLine(`lm-tls-recv -k ${receiver.pem} --anyone 127.0.0.1:0 | head -1; echo "\${PIPESTATUS[0]}"`);
  const address = (await r.says(/listening on (\S+)/))[1] as string;
  const s = start('lm-tls-send', ['-t', '100ms', ...sendArgs(sender, receiver, address)]);
  s.child.stdin?.write(numbered(20_000));
  await r.closed;
  assert.match(r.out, /^0 x+\n0\n$/);
  assert.not.match(r.err, /cannot|EPIPE/);
  await s.says(/ECONNREFUSED/);
  s.kill('SIGTERM');
  await s.closed;
  assert.is(s.code, 1);
})));

test('a full disk is a failure', timed(30_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  const r = startLine(`exec lm-tls-recv -k ${receiver.pem} --anyone 127.0.0.1:0 > /dev/full`);
  const address = (await r.says(/listening on (\S+)/))[1] as string;
  const s = start('lm-tls-send', ['-t', '100ms', ...sendArgs(sender, receiver, address)]);
  s.child.stdin?.write('x\n');
  await r.closed;
  assert.is(r.code, 1);
  assert.match(r.err, /lm-tls-recv: cannot write standard output: ENOSPC\n$/);
  s.kill('SIGTERM');
  await s.closed;
  assert.match(s.err, /lost, not acknowledged: 1 lines, 2 bytes/);
})));

test(`SIGTERM under load, ${STOPS} times: what was written was acknowledged, and the rest comes to the next one`,
  timed(SOAK ? 1_200_000 : 200_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  const input = Buffer.from(numbered(40_000 * STOPS));
  const out = join(dir, 'out');
  let recv = await startRecv(['-k', receiver.pem, '--anyone'], out);
  const address = recv.address;
  const s = start('lm-tls-send', sendArgs(sender, receiver, address));
  let at = 0;
  const more = (): void => { // slow enough to live through all restarts
    if (at >= input.length) s.child.stdin?.end();
    else s.child.stdin?.write(input.subarray(at, (at += 200_000)), () => setTimeout(more, 10));
  };
  more();
  for (let i = 0; i < STOPS; i++) {
    const before = statSync(out).size;
    await until(() => statSync(out).size > before + 200_000 || s.over, 60_000, () => `more output: ${s.err}`);
    await stopAll(recv.process);
    assert.equal([recv.process.code, recv.process.err.includes('lost')], [0, false]);
    recv = await startRecv(['-k', receiver.pem, '--anyone', address], out);
  }
  await s.closed;
  assert.is(s.code, 0, s.err);
  await stopAll(recv.process);
  assert.ok(readFileSync(out).equals(input));
})));

test('SIGTERM while nobody reads the output: it ends in time, and senders keep what was not taken',
  timed(30_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  const recv = await startRecv(['-k', receiver.pem, '--anyone', '-t', '500ms']);
  let taken = '';
  recv.process.child.stdout?.on('data', (d: Buffer) => (taken += d.toString())).pause(); // node:child_process resumes it at the exit
  const text = numbered(40_000);
  const s = start('lm-tls-send', sendArgs(sender, receiver, recv.address));
  s.child.stdin?.end(text);
  await until(() => {
    recv.process.kill('SIGUSR1');
    return /waiting bytes \d\.\d MiB/.test(recv.process.err);
  });
  recv.process.kill('SIGTERM');
  await until(() => recv.process.child.exitCode !== null, 5000, () => recv.process.err);
  assert.is(recv.process.child.exitCode, 0);
  await recv.process.closed;
  const next = await startRecv(['-k', receiver.pem, '--anyone', recv.address], join(dir, 'out'));
  await s.closed;
  assert.is(s.code, 0, s.err);
  await stopAll(next.process);
  const rest = readFileSync(join(dir, 'out'), 'utf8');
  assert.ok(text.startsWith(taken) && taken.length < text.length);
  assert.ok(text.endsWith(rest));
  const twice = taken.length + rest.length - text.length; // at most the block that was being written
  assert.ok(twice >= 0 && twice <= 65_536, `${twice} bytes twice`);
})));

test('SIGHUP: who was taken off the list has to go, who was added may come, and a new key is used',
  timed(30_000, () => withSite('*', async ({ dir, receiver, sender, recv, out }) => {
  const leaving = start('lm-tls-send', ['-t', '0', ...sendArgs(sender, receiver, recv.address)]);
  leaving.child.stdin?.write('before\n');
  await until(() => out() === 'before\n');
  const other = makeKey(dir, 'other');
  writeFileSync(join(dir, 'authorized'), `web2 ${other.pin} *\n`);
  recv.process.kill('SIGHUP');
  await leaving.says(/lost the connection to \S+: it says AUTH: no longer authorized/);
  await leaving.says(/cannot send to \S+: it says AUTH: unknown key/);
  leaving.kill('SIGTERM');
  assert.is((await send(sendArgs(other, receiver, recv.address), 'after\n')).code, 0);
  const renewed = makeKey(dir, 'renewed');
  writeFileSync(receiver.pem, readFileSync(renewed.pem));
  recv.process.kill('SIGHUP');
  await until(() => (recv.process.err.match(/read again/g) ?? []).length === 2);
  assert.is((await send(sendArgs(other, renewed, recv.address), 'new key\n')).code, 0);
  writeFileSync(receiver.pem, 'damaged');
  recv.process.kill('SIGHUP');
  await recv.process.says(/cannot use \S+: no private key in it; going on with what was read before/);
  assert.is((await send(sendArgs(other, renewed, recv.address), 'still\n')).code, 0);
  assert.is(out(), 'before\nafter\nnew key\nstill\n');
  await leaving.closed;
})));

test('patterns: what a key may not send is left out, whatever form the record has',
  timed(30_000, () => withSite('web1/* nginx', async ({ receiver, sender, recv, out }) => {
  const allowed = [
    record('web1/a', 1), record('nginx', 1, 'other'), record('web1/a', 2), record('nginx', 2, 'other'),
    '{ "msg":"x", "id" : "web1/spaces" }\n', '{"ts":1,"id":"nginx","msg":"any order"}\n', '{"id":"web1/\\u0061","msg":"escaped"}\n',
    '{"id":"web1/a","run":"r","n":3,"ts":1,"beat":true}\n',
  ];
  const refused = [
    record('web10/a'), record('db'), record('nginx2'), 'no record\n', '\n', '{"msg":"no id"}\n', '{"id":"web1/a"}\n',
    // A key twice: nobody must read it as the other one.
    '{"id":"web1/a","run":"k3x9a1qz","n":3,"ts":1795341000123,"msg":"GET","id":"db"}\n',
    '{"id":"web1/a","run":"k3x9a1qz","n":3,"ts":1795341000123,"msg":"GET","\\u0069d":"db"}\n',
    '{"id":"web1/../db","msg":"x"}\n', '{"id":"web1/a","msg":"\xff"}\n',
  ];
  const mixed = allowed.flatMap((line, i) => [line, refused[i] ?? '']).concat(refused.slice(allowed.length));
  const r = start('lm-tls-send', sendArgs(sender, receiver, recv.address));
  r.child.stdin?.end(Buffer.from(mixed.join(''), 'latin1'));
  await r.closed;
  assert.is(r.code, 1);
  assert.match(r.err, new RegExp(`lines refused by the receiver: ${refused.length}: stream web10/a is not allowed for web1\n$`));
  assert.is(out(), allowed.join(''));
})));

test('a sender that speaks no lm/1 is let in with --raw only, and by its key',
  timed(30_000, () => withSite('web1/*', async ({ dir, receiver, sender, recv, out }) => {
  const socat = (to: string, key: string): string => (
    `socat -t 2 -u STDIN OPENSSL:${to},cafile=${receiver.crt},commonname=receiver${key && `,cert=${key}`}`
  );
  sh(socat(recv.address, sender.pem), record('web1/no'));
  await recv.process.says(/refused 127\.0\.0\.1: it does not speak lm\/1, and --raw is not given/);
  assert.is(out(), '');
  const raw = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized'), '--raw'], join(dir, 'out'));
  sh(socat(raw.address, sender.pem), `${record('web1/yes')}${record('db/no')}${record('web1/tail').slice(0, -1)}`);
  await raw.process.says(/lines of web1 \(127\.0\.0\.1\) refused: stream db\/no is not allowed for web1/);
  await until(() => out() === record('web1/yes') + record('web1/tail'), 5000, out);
  sh(socat(raw.address, ''), record('web1/anonymous'));
  await raw.process.says(/refused 127\.0\.0\.1: it shows no key/);
  sh(socat(raw.address, makeKey(dir, 'stranger').pem), record('web1/stranger'));
  await raw.process.says(/refused 127\.0\.0\.1: unknown key; .* the line: stranger sha256:\S+ stranger\/\*/);
  raw.process.kill('SIGUSR1');
  await raw.process.says(/lines 2, .*refused 1, .*unended 1,/);
  await stopAll(raw.process);
  assert.is(out(), record('web1/yes') + record('web1/tail'));
})));

test('names in certificates cannot write into the log', timed(30_000, () => withSite('*', async ({ dir, receiver, recv }) => {
  const evil = makeKey(dir, 'evil', '/CN=x sha256:y * \\nroot');
  const r = start('lm-tls-send', ['-t', '0', ...sendArgs(evil, receiver, recv.address)]);
  await recv.process.says(/the line: NAME sha256:\S{43} NAME\/\*\n/);
  r.kill('SIGTERM');
  await r.closed;
})));

test('a second connection limit: more than --connections are turned away, the others go on',
  timed(30_000, () => withSite('*', async ({ receiver, sender, recv, out }) => {
  const first = start('lm-tls-send', sendArgs(sender, receiver, recv.address));
  first.child.stdin?.write('1\n');
  await until(() => out() === '1\n');
  const second = start('lm-tls-send', ['-t', '0', ...sendArgs(sender, receiver, recv.address)]);
  await recv.process.says(/refused 127\.0\.0\.1: too many connections/);
  second.kill('SIGTERM');
  await second.closed;
  first.child.stdin?.end('2\n');
  await first.closed;
  assert.equal([first.code, out()], [0, '1\n2\n']);
}, ['-c', '1'])));

test('takes its socket from systemd, by name, and tells when it is ready', timed(30_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  const address = `127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`;
  mkdirSync(join(dir, 'bin'));
  writeFileSync(join(dir, 'bin/systemd-notify'), `#!/bin/sh\necho "$@" >> ${dir}/notified\n`, { mode: 0o755 });
  const handle = (server as unknown as { _handle: { fd: number } })._handle;
  const child = spawn('bash', ['-c', `LISTEN_PID=$$ exec lm-tls-recv -k ${receiver.pem} --anyone`], {
    env: {
      ...ENV,
      PATH: `${dir}/bin:${BIN}:${process.env['PATH']}`,
      LISTEN_FDS: '1',
      LISTEN_FDNAMES: 'tls',
      NOTIFY_SOCKET: '/nonexistent/socket',
    },
    stdio: ['ignore', 'pipe', 'pipe', handle.fd],
    detached: true,
  });
  server.close(); // or this process would take the connections
  const recv = new Running(child);
  try {
    await recv.says(new RegExp(`listening on ${address}\n`));
    const r = await send(sendArgs(sender, receiver, address), 'through the socket\n');
    assert.is(r.code, 0, r.err);
    await until(() => sh(`cat ${dir}/notified`).out.includes(`READY=1 STATUS=listening on ${address}`));
  } finally {
    await stopAll(recv);
  }
  assert.equal([recv.code, recv.out], [0, 'through the socket\n']);
})));

test('a stream goes on where it was after the connection broke, under one name',
  timed(30_000, () => withSite('*', async ({ receiver, sender, recv, out }) => {
  const chaos = new Chaos(recv.port);
  const r = start('lm-tls-send', sendArgs(sender, receiver, await chaos.listen()));
  r.child.stdin?.write('a\n');
  await until(() => out() === 'a\n');
  chaos.cutAll();
  await recv.process.says(/web1 \(127\.0\.0\.1\) is gone, not finished; lines 1, committed 2 B, behind 0 B\n/);
  await recv.process.says(/web1 \(127\.0\.0\.1\) is back: lm-tls-send /);
  r.child.stdin?.end('b\n');
  await r.closed;
  await recv.process.says(/web1 \(127\.0\.0\.1\) has finished: 2 lines\n/);
  chaos.close();
  assert.equal([r.code, out()], [0, 'a\nb\n']);
})));

test('the examples of the manual page', timed(30_000, () => withFolder(async (dir) => {
  const [cert = '', list = '', write = '', look = '', local = '', raw = '', socat = '', openssl = ''] = examplesOf('lm-tls-recv.1');
  const sender = makeKey(dir, 'web1');
  const run = (line: string): string => `cd ${dir}; ${line.replace('sha256:...', sender.pin).replaceAll('logs.example.com', 'localhost')}`;
  assert.is(sh(run(cert)).code, 0);
  assert.is(sh(run(list)).code, 0);
  const start1 = async (line: string): Promise<{ r: Running; address: string }> => {
    const r = startLine(run(/:\d+$/.test(line) ? line : line.replace(/-a authorized( --raw --frame)?/, '$& localhost:0')));
    return { r, address: ((await r.says(/listening on (\S+)/))[1] as string).replace(/^\S+:/, 'localhost:') };
  };
  const text = record('web1/x');
  const deliver = (address: string): void => {
    const r = sh(`cd ${dir}; lm-tls-send -k web1.pem --ca receiver.crt ${address}`, text);
    assert.is(r.code, 0, r.err);
  };
  const toFile = await start1(write.replace('/run/lm/in', 'in'));
  deliver(toFile.address);
  await stopAll(toFile.r);
  assert.is(readFileSync(join(dir, 'in'), 'utf8'), text);
  const toText = await start1(look);
  deliver(toText.address);
  await until(() => toText.r.out.includes('GET / 200'));
  await stopAll(toText.r);
  const open = await start1(local.replace('5400', '0'));
  deliver(open.address);
  await until(() => open.r.out === text);
  await stopAll(open.r);
  const both = await start1(raw);
  writeFileSync(join(dir, 'log'), text);
  const tails = [socat, openssl].map((line) => startLine(run(line).replaceAll('localhost:5333', both.address)));
  await until(() => both.r.out === text + text, 10_000, () => both.r.out + both.r.err + tails.map((t) => t.err));
  await stopAll(both.r, ...tails);
})));

test('a named pipe whose reader leaves is written on for the next one', timed(30_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  sh(`mkfifo ${dir}/pipe`);
  const first = startLine(`exec head -c 7 < ${dir}/pipe`);
  const recv = startLine(`exec lm-tls-recv -k ${receiver.pem} --anyone 127.0.0.1:0 > ${dir}/pipe`);
  const address = (await recv.says(/listening on (\S+)/))[1] as string;
  const s = start('lm-tls-send', sendArgs(sender, receiver, address));
  s.child.stdin?.write('line 1\n');
  await first.closed;
  s.child.stdin?.end('line 2\nline 3\n');
  const second = startLine(`exec head -n 2 < ${dir}/pipe`);
  await second.closed;
  await s.closed;
  assert.equal([first.out, second.out, s.code], ['line 1\n', 'line 2\nline 3\n', 0]);
  await stopAll(recv);
  assert.is(recv.code, 0);
})));

test('a sender that refuses the receiver in the handshake holds no place', timed(20_000, () => withFolder(async (dir) => {
  const receiver = makeKey(dir, 'receiver');
  const recv = startLine(`exec lm-tls-recv -k ${receiver.pem} --anyone 127.0.0.1:0 > /dev/null`);
  const port = Number((await recv.says(/listening on \S+:(\d+)/))[1]);
  const open = (): number => readdirSync(`/proc/${recv.child.pid}/fd`).length;
  const before = open();
  for (let i = 0; i < 40; i++) {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['lm/1'] });
    await new Promise((resolve) => socket.on('error', resolve).on('secureConnect', () => socket.destroy()).on('close', resolve));
  }
  await until(() => open() <= before, 5000, () => `${open()} descriptors, ${before} at first; ${recv.err}`);
  assert.not.match(recv.err, /too many connections/);
  await stopAll(recv);
})));

test.run();
