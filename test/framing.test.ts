/** Records of lines that are none: `lm-tls-recv --frame`, from the choice of the line to what openssl, socat and cut connections bring. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Sender } from '../lib/authorized.ts';
import { Framing, streamIdOf } from '../lib/framing.ts';
import { lineFilter } from '../lib/line-filter.ts';
import { isStreamId } from '../lib/stream-id.ts';
import { sh, start, startLine, stopAll, timed, until, withFolder } from './sh.ts';
import { Chaos, makeKey, sendArgs, startRecv } from './tls.ts';

type Record = { id: string; run: string; n: number; ts: number; msg: string; more?: boolean };

const records = (text: string): Record[] => text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record);
const shown = (blocks: Buffer[]): string => Buffer.concat(blocks).toString();

test('every name and address gives a valid stream id, the same where it is one', () => {
  for (const name of ['web1', 'a.b', '192.0.2.7', '2001:db8::7', 'web1/nginx']) assert.is(streamIdOf(name), name);
  assert.equal(['::1', 'fe80::1%eth0', 'a..b', 'a...b', '', '..'].map(streamIdOf), ['0::1', 'fe80::1-eth0', 'a-.b', 'a--.b', 'unnamed', '0-.']);
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => isStreamId(streamIdOf(name))));
});

test('records pass as they are if they may; any other line is a record of its sender, whatever the patterns are', () => {
  const filter = lineFilter(new Sender('old1', '', ['old1/*']), new Framing('old1'));
  const mine = '{"id":"old1/x","run":"k3x9a1qz","n":7,"ts":1795341000123,"msg":"mine"}\n';
  const foreign = '{"id":"web2","run":"k3x9a1qz","n":7,"ts":1795341000123,"msg":"not mine"}\n';
  const twice = '{"id":"old1/x","id":"web2","msg":"which?"}\n';
  const nameless = '{"level":"info","msg":"from a program that writes JSON"}\n';
  const passed = filter?.(Buffer.concat([Buffer.from(`one\n\n${mine}${foreign}${twice}${nameless}`), Buffer.from([0x80, 0x0a])]));
  assert.equal([passed?.lines, passed?.refused, passed?.reason], [6, 1, 'stream web2 is not allowed for old1']);
  const got = records(shown(passed?.kept ?? []));
  assert.equal(got.map(({ id, n, msg }) => [id, n, msg]), [
    ['old1', 1, 'one'], ['old1', 2, ''], ['old1/x', 7, 'mine'], ['old1', 3, twice.trim()], ['old1', 4, nameless.trim()], ['old1', 5, '\ufffd'],
  ]);
  assert.is(new Set(got.filter(({ id }) => id === 'old1').map(({ run }) => run)).size, 1);
  assert.ok(shown(passed?.kept ?? []).includes(mine), 'byte for byte');
});

test('however lines come in blocks: each once, in order, numbered without a gap; several senders beside each other', () => {
  const line = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }).map((s) => s.replaceAll('\n', ' ')), fc.constant('x'.repeat(70_000)), fc.constant(''));
  fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), fc.array(line, { maxLength: 8 })), { maxLength: 12 }), (blocks) => {
    const names = ['a', 'b'] as const;
    const filters = names.map((name) => lineFilter(new Sender(name, '', ['*']), new Framing(name)));
    const out: string[] = ['', ''];
    const sent: string[] = ['', ''];
    for (const [second, lines] of blocks) {
      const text = lines.map((l) => `${l}\n`).join('');
      const passed = filters[Number(second)]?.(Buffer.from(text));
      sent[Number(second)] += text;
      out[Number(second)] += shown(passed?.kept ?? []);
    }
    names.forEach((name, i) => {
      const got = records(out[i] ?? '');
      assert.equal(got.map(({ n }) => n), got.map((_, at) => at + 1));
      assert.ok(got.every(({ id }) => id === name));
      assert.is(got.map(({ msg, more }) => (more ? msg : `${msg}\n`)).join(''), sent[i]);
    });
  }), { numRuns: 50 });
});

test('lm-tls-recv --frame: plain lines of lm-tls-send over connections that break, each once, each connection a run', timed(60_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  writeFileSync(join(dir, 'authorized'), `web1 ${sender.pin} web1/*\n`);
  const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized'), '--frame'], join(dir, 'out'));
  let connections = 0;
  const chaos = new Chaos(recv.port, () => (++connections <= 5 ? { after: connections * 40_000, how: 'reset' } : undefined));
  const r = start('lm-tls-send', sendArgs(sender, receiver, await chaos.listen()));
  const count = 20_000;
  const text = Array.from({ length: count }, (_, i) => `line ${i} ${'.'.repeat(i % 60)}`);
  r.child.stdin?.end(`${text.join('\n')}\n`);
  await r.closed;
  chaos.close();
  await stopAll(recv.process);
  assert.is(r.code, 0, r.err);
  assert.ok(chaos.cuts >= 3, `${chaos.cuts} cuts`);
  const got = records(readFileSync(join(dir, 'out'), 'utf8'));
  assert.equal(got.map(({ msg }) => msg), text);
  assert.ok(got.every(({ id }) => id === 'web1'));
  const last = new Map<string, number>();
  for (const { run, n } of got) {
    assert.is(n, (last.get(run) ?? 0) + 1);
    last.set(run, n);
  }
  assert.ok(last.size <= chaos.connections, `${last.size} runs`);
})));

test('lm-tls-recv --frame --journal: killed and started anew under load, each line is in the journal once, no run has a hole', timed(90_000, () => withFolder(async (dir) => {
  const [receiver, sender] = [makeKey(dir, 'receiver'), makeKey(dir, 'sender')];
  writeFileSync(join(dir, 'authorized'), `web1 ${sender.pin} web1/*\n`);
  const args = ['-k', receiver.pem, '-a', join(dir, 'authorized'), '--frame', '-J', join(dir, 'journal')];
  let recv = await startRecv(args, '/dev/null');
  const { address } = recv;
  const r = start('lm-tls-send', sendArgs(sender, receiver, address));
  const text = Array.from({ length: 30_000 }, (_, i) => `line ${i}`);
  const held = (): Record[] => records(sh(`cat ${dir}/journal/* | grep '^{"id":'`).out).filter(({ id }) => id === 'web1');
  for (let kill = 0; kill < 3; kill++) {
    r.child.stdin?.write(text.slice(kill * 7500, (kill + 1) * 7500).map((line) => `${line}\n`).join(''));
    await until(() => held().length > kill * 7500, 20_000, () => r.err + recv.process.err);
    recv.process.kill('SIGKILL');
    await recv.process.closed;
    recv = await startRecv([...args, address], '/dev/null');
  }
  r.child.stdin?.end(text.slice(22_500).map((line) => `${line}\n`).join(''));
  await r.closed;
  await stopAll(recv.process);
  assert.is(r.code, 0, r.err);
  const got = held();
  assert.equal(got.map(({ msg }) => msg), text);
  const last = new Map<string, number>();
  for (const { run, n } of got) {
    assert.is(n, (last.get(run) ?? 0) + 1);
    last.set(run, n);
  }
  assert.ok(last.size >= 2, `${last.size} runs`);
})));

test('lm-tls-recv --raw --frame: socat and openssl with a key, and the account of what they sent', timed(40_000, () => withFolder(async (dir) => {
  const [receiver, one, two] = [makeKey(dir, 'receiver', '/CN=localhost'), makeKey(dir, 'one'), makeKey(dir, 'two')];
  writeFileSync(join(dir, 'authorized'), `old1 ${one.pin} old1/*\nold2 ${two.pin} old2/*\n`);
  const recv = await startRecv(['-k', receiver.pem, '-a', join(dir, 'authorized'), '--raw', '--frame'], join(dir, 'out'));
  const text = (name: string): string => Array.from({ length: 3000 }, (_, i) => `${name} "${i}"\t${'ä'.repeat(i % 50)}\n`).join('');
  const senders = [
    startLine(`socat -t 5 -u STDIN OPENSSL:${recv.address},cert=${one.pem},cafile=${receiver.crt},commonname=localhost`),
    startLine(`(cat; sleep 2) | openssl s_client -quiet -no_ign_eof -nocommands -cert ${two.pem} -CAfile ${receiver.crt} -verify_return_error -connect ${recv.address}`),
  ];
  senders.forEach((s, i) => s.child.stdin?.end(text(`old${i + 1}`)));
  const out = (): string => readFileSync(join(dir, 'out'), 'utf8');
  await until(() => out().split('\n').length === 6001, 20_000, () => `${out().split('\n').length - 1} lines ${recv.process.err}`);
  await stopAll(...senders, recv.process);
  for (const id of ['old1', 'old2']) {
    const got = records(out()).filter((r) => r.id === id);
    assert.equal(got.map(({ n }) => n), got.map((_, i) => i + 1));
    assert.is(got.map(({ msg }) => `${msg}\n`).join(''), text(id));
  }
})));

test('lm-tls-recv --anyone --frame: under the address, IPv6 too', timed(30_000, () => withFolder(async (dir) => {
  const receiver = makeKey(dir, 'receiver', '/CN=localhost');
  for (const [host, id] of [['127.0.0.1', '127.0.0.1'], ['[::1]', '0::1']] as const) {
    const recv = await startRecv(['-k', receiver.pem, '--anyone', '--raw', '--frame', `${host}:0`], join(dir, id));
    const r = sh(`echo hello | socat -t 1 -u STDIN OPENSSL:${recv.address},verify=0${host === '127.0.0.1' ? '' : ',pf=ip6'}`);
    await until(() => readFileSync(join(dir, id), 'utf8') !== '', 5000, () => r.err + recv.process.err);
    await stopAll(recv.process);
    assert.equal(records(readFileSync(join(dir, id), 'utf8')).map((got) => [got.id, got.msg]), [[id, 'hello']]);
  }
})));

test('--frame: a flood of empty lines that nobody reads stays within the memory given', timed(60_000, () => withFolder(async (dir) => {
  const receiver = makeKey(dir, 'receiver');
  const recv = await startRecv(['-k', receiver.pem, '--anyone', '--frame', '-M', '8M', '127.0.0.1:0']); // a pipe that is read no further
  recv.process.child.stdout?.pause();
  const senders = [1, 2, 3, 4].map(() => startLine(`yes '' | head -c 4000000 | lm-tls-send --pin ${receiver.pin} ${recv.address}`));
  const rss = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${recv.process.child.pid}/status`, 'utf8'))?.[1]) / 1024;
  const begin = rss();
  let most = begin;
  const end = Date.now() + 5000;
  await until(() => {
    most = Math.max(most, rss());
    return Date.now() > end;
  }, 20_000);
  senders.forEach((s) => s.kill('SIGKILL'));
  recv.process.kill('SIGKILL');
  console.log(`     16 MB of empty lines: at most ${Math.round(most)} MiB, ${Math.round(begin)} at the beginning`);
  assert.ok(most < begin + 120, `${most} MiB, ${begin} at the beginning`);
})));

test.run();
