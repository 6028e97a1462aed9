/** lm-tls-send to lm-tls-recv --journal, each line on the disk before it is acknowledged: lines a second, CPU, time to acknowledgement. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { newEpoch, SenderSession, type Stream } from '../../lib/sender.ts';
import { Window } from '../../lib/window.ts';
import { ALPN, FrameReader, MAX_PAYLOAD } from '../../lib/wire.ts';
import { sh, startLine, stopAll, type Running } from '../sh.ts';
import { cost, cpuOf, machine, median, nginxLog, row } from './measure.ts';

const LINES = Number(process.env['LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const SECONDS = Number(process.env['SECONDS'] ?? 5);
const log = nginxLog(LINES);
const dir = mkdtempSync(join(tmpdir(), 'lm-bench-'));
sh(`cd ${dir} && lm-cert r localhost > r.pin && lm-cert s x > s.pin && echo "a $(cat s.pin) *" > auth`);
const pin = readFileSync(join(dir, 'r.pin'), 'utf8').trim();

async function receiver(options: string): Promise<{ recv: Running; at: string }> {
  const [journal, out] = options === '-J' ? [`-J ${dir}/j`, '/dev/null'] : ['', `${dir}/out`];
  const recv = startLine(`exec lm-tls-recv -k ${dir}/r.pem -a ${dir}/auth ${journal} 127.0.0.1:0 > ${out}`);
  return { recv, at: (await recv.says(/listening on (\S+)/))[1] as string };
}

/** One sender of all lines, to its end. Returns lines a second and CPU seconds of each end. */
async function bulk(options: string): Promise<{ rate: number; send: number; recv: number }> {
  sh(`rm -rf ${dir}/j ${dir}/out`);
  const { recv, at } = await receiver(options);
  const before = cpuOf(recv.child.pid ?? 0);
  const send = cost(`lm-tls-send -k ${dir}/s.pem --pin ${pin} ${at} < ${log}`);
  const used = cpuOf(recv.child.pid ?? 0) - before;
  await stopAll(recv);
  if (options.includes('-J')) {
    const lines = sh(`cat ${dir}/j/*.ndjson | grep -v '^{"@":' | cmp - ${log}`);
    if (lines.code !== 0) throw new Error(`the journal differs: ${lines.err}${lines.out}`);
  }
  return { rate: LINES / send.wall, send: send.cpu / (LINES / 1e6), recv: used / (LINES / 1e6) };
}

/** Single lines, one each ms; the time from the write to the acknowledgement of each, ms. */
async function single(options: string): Promise<number[]> {
  sh(`rm -rf ${dir}/j ${dir}/out`);
  const { recv, at } = await receiver(options);
  const pem = readFileSync(join(dir, 's.pem'));
  const port = Number(at.split(':')[1]);
  const socket = connect({ host: '127.0.0.1', port, key: pem, cert: pem, ALPNProtocols: [ALPN], rejectUnauthorized: false });
  const stream: Stream = { window: new Window(1 << 22), epoch: newEpoch(), ended: false, refused: { lines: 0, earlier: 0, reason: '' } };
  const session = new SenderSession(stream);
  const reader = new FrameReader();
  reader.max = MAX_PAYLOAD;
  const sent: { end: number; at: number }[] = [];
  const times: number[] = [];
  socket.on('data', (chunk: Buffer) => {
    reader.push(chunk, (frame) => session.take(frame));
    for (let first = sent[0]; first && first.end <= stream.window.acked; first = sent[0]) {
      times.push(performance.now() - first.at);
      sent.shift();
    }
  });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.setNoDelay(true);
  socket.write(session.hello('bench'));
  const line = Buffer.from(`${'x'.repeat(150)}\n`);
  const begun = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.floor(performance.now() - begun);
      while (session.state === 'open' && stream.window.tail / line.length < due) {
        stream.window.append(line);
        stream.window.seal();
        sent.push({ end: stream.window.tail, at: performance.now() });
      }
      for (let frame = session.next(); frame; frame = session.next()) socket.write(frame);
      if (performance.now() - begun < SECONDS * 1000) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.destroy();
  await stopAll(recv);
  return times.sort((a, b) => a - b);
}

try {
  const length = Math.round(statSync(log).size / LINES);
  process.stdout.write(`one sender, ${LINES} nginx lines of ${length} bytes, CPU s a million, median of ${ROUNDS} (${machine()})\n`);
  row('', 'lines/s', 'CPU send', 'CPU recv', 'CPU both');
  for (const [name, options] of [['--journal > /dev/null', '-J'], ['no journal > file', '']] as const) {
    const runs: Awaited<ReturnType<typeof bulk>>[] = [];
    for (let i = 0; i < ROUNDS; i++) runs.push(await bulk(options));
    const of = (key: 'rate' | 'send' | 'recv'): number => median(runs.map((r) => r[key]));
    row(name, Math.round(of('rate')).toString(), of('send'), of('recv'), median(runs.map((r) => r.send + r.recv)));
  }
  process.stdout.write(`single lines of 151 bytes, 1,000 a second: ms from the write to the acknowledgement\n`);
  row('', 'p50', 'p99', 'max', 'on disk/B');
  for (const [name, options] of [['--journal > /dev/null', '-J'], ['no journal > file', '']] as const) {
    const times = await single(options);
    const files = options ? readdirSync(join(dir, 'j')) : [];
    const size = files.reduce((sum, file) => sum + statSync(join(dir, 'j', file)).size, 0);
    const at = (part: number): number => times[Math.floor(times.length * part)] ?? NaN;
    row(name, at(0.5), at(0.99), times.at(-1) ?? NaN, size / times.length);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
