import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { helloFrame, lossFrame } from '../lib/messages.ts';
import { Reports } from '../lib/reports.ts';
import { Rota } from '../lib/rota.ts';
import { ALPN, HEADER, putHeader, TYPE } from '../lib/wire.ts';
import { journalText } from './kept.ts';
import { stopAll, timed, until, withFolder } from './sh.ts';
import { makeKey, startRecv } from './tls.ts';

type Record = { id: string; run: string; n: number; ts: number; msg: string; level: string };

const records = (text: string): Record[] => (
  text.split('\n').filter((line) => line.startsWith('{"id"')).map((line) => JSON.parse(line) as Record)
);

/** Lines and bytes that records say one sender has lost, added up. */
function sumOf(list: Record[], name: string): { lines: number; bytes: number } {
  const sum = { lines: 0, bytes: 0 };
  for (const { msg } of list) {
    const [, lines = 0, bytes = 0] = new RegExp(`^${name} has lost (\\d+) lines, (\\d+) bytes: `).exec(msg) ?? [];
    sum.lines += Number(lines);
    sum.bytes += Number(bytes);
  }
  return sum;
}

function data(offset: number, text: string): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(HEADER), Buffer.from(text)]);
  putHeader(bytes, TYPE.data, offset, 1);
  return bytes;
}

for (const journal of [false, true]) {
  test(`what a sender says it has lost is written among the lines, added up, ${journal ? 'with' : 'without'} a journal`,
    timed(30_000, () => withFolder(async (dir) => {
    const receiver = makeKey(dir, 'receiver');
    const out = (): string => readFileSync(join(dir, 'out'), 'latin1');
    const recv = await startRecv(['-k', receiver.pem, '--anyone', ...(journal ? ['-J', join(dir, 'j')] : [])], join(dir, 'out'));
    const socket: TLSSocket = connect({ port: recv.port, host: '127.0.0.1', ALPNProtocols: [ALPN], rejectUnauthorized: false });
    socket.on('error', () => {}).resume();
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    socket.write(helloFrame({ epoch: '1'.repeat(32), from: 0, base: 0, agent: 'rogue' }));
    for (let i = 0; i < 500; i++) socket.write(lossFrame({ from: i * 100, to: i * 100 + 100, lines: 2, reason: 'a full "window"\n' }));
    socket.write(data(50_000, 'after\n'));
    await until(() => out().includes('after\n') && sumOf(records(out()), 'anyone ').lines === 1000, 5000, out);
    const list = records(out());
    assert.equal(sumOf(list, 'anyone '), { lines: 1000, bytes: 50_000 });
    assert.ok(list.length <= 3, `${list.length} records`);
    assert.equal(list.map(({ id, n, level }) => [id, n, level]), list.map((_, i) => ['lm-tls-recv', i + 1, 'error']));
    await recv.process.says(/lm-tls-recv: anyone  has lost \d+ lines, \d+ bytes: a full "window"/);
    socket.destroy();
    await stopAll(recv.process);
    if (journal) assert.is(await journalText(join(dir, 'j')), out());
  })));
}

test('many senders that lose: twenty records a second at most, and none is left out at the end', timed(10_000, async () => {
  const said: string[] = [];
  let out = '';
  const rota = new Rota(() => {});
  const reports = new Reports(rota, (text) => said.push(text));
  const write = (): void => {
    const taken = rota.take(1 << 20);
    out += taken.map(({ block }) => block.bytes.toString()).join('');
    rota.done(taken);
  };
  for (let i = 0; i < 5000; i++) reports.lost(`s${i % 2500}`, { lines: 1, bytes: 10, reason: 'full' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  write();
  assert.is(records(out).length, 20);
  reports.end();
  write();
  const list = records(out);
  assert.equal(said, list.map(({ msg }) => msg));
  assert.is(list.length, 1001); // a thousand senders each for itself, and the others
  assert.equal(sumOf(list, 's0'), { lines: 2, bytes: 20 });
  assert.equal(sumOf(list, '[a-z0-9 ]+'), { lines: 5000, bytes: 50_000 });
}));

test.run();
