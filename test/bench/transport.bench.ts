/** What a transport costs, side by side on the same lines: socat and rsyslog over TLS, and ours acknowledged, with journal, with spool. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { newStream, SenderSession } from '../../lib/sender.ts';
import { Window } from '../../lib/window.ts';
import { ALPN, FrameReader, MAX_PAYLOAD } from '../../lib/wire.ts';
import { sh, startLine, stopAll, until, start, type Running } from '../sh.ts';
import { cost, cpuOf, machine, median, nginxLog, row } from './measure.ts';
import { rsyslog, rsyslogMissing } from './rsyslog.ts';

const LINES = Number(process.env['LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const SECONDS = Number(process.env['SECONDS'] ?? 5);
const log = nginxLog(LINES);
const dir = mkdtempSync(join(tmpdir(), 'lm-bench-'));
sh(`cd ${dir} && lm-cert r localhost > r.pin && lm-cert s x > s.pin && echo "a $(cat s.pin) *" > auth`);
sh(`cd ${dir} && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout s.key -out s.crt -days 9 -subj /CN=localhost \
  -addext subjectAltName=IP:127.0.0.1 2>/dev/null; cat s.key s.crt > socat.pem`);
const pin = readFileSync(join(dir, 'r.pin'), 'utf8').trim();

/** One way to carry all lines: seconds, CPU seconds of each end, and how many lines have come. */
type Run = { wall: number; send: number; recv: number; lines: number };

const linesIn = (command: string): number => Number(sh(`${command} | wc -l`).out);

async function socat(): Promise<Run> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const listen = `OPENSSL-LISTEN:${port},bind=127.0.0.1,cert=${dir}/socat.pem,verify=0`;
  const recv = start('bash', ['-c', `TIMEFORMAT='COST %U %S'; time socat -u ${listen} OPEN:${dir}/out,creat,trunc`]);
  await until(() => sh(`grep -qi ':${port.toString(16).padStart(4, '0')} ' /proc/net/tcp`).code === 0);
  const send = cost(`socat -u OPEN:${log} OPENSSL:127.0.0.1:${port},cafile=${dir}/s.crt,commonname=localhost`);
  await recv.closed;
  const [, user, sys] = /COST (\S+) (\S+)/.exec(recv.err) ?? [];
  return { wall: send.wall, send: send.cpu, recv: Number(user) + Number(sys), lines: linesIn(`cat ${dir}/out`) };
}

async function receiver(journal: boolean): Promise<{ recv: Running; at: string }> {
  sh(`rm -rf ${dir}/j ${dir}/out ${dir}/spool`);
  const [option, out] = journal ? [`-J ${dir}/j`, '/dev/null'] : ['', `${dir}/out`];
  const recv = startLine(`exec lm-tls-recv -k ${dir}/r.pem -a ${dir}/auth ${option} 127.0.0.1:0 > ${out}`);
  return { recv, at: (await recv.says(/listening on (\S+)/))[1] as string };
}

/** lm-tls-send to lm-tls-recv, to the sender's end: then all is acknowledged. Throws when what arrived is not what was sent. */
async function ours(journal: boolean, options: string): Promise<Run> {
  const { recv, at } = await receiver(journal);
  const before = cpuOf(recv.child.pid ?? 0);
  const send = cost(`lm-tls-send -k ${dir}/s.pem --pin ${pin} ${options} ${at} < ${log}`);
  const used = cpuOf(recv.child.pid ?? 0) - before;
  await stopAll(recv);
  const arrived = journal ? `cat ${dir}/j/*.ndjson | grep -v '^{"@":'` : `cat ${dir}/out`;
  if (sh(`${arrived} | cmp - ${log}`).code !== 0) throw new Error('what arrived differs');
  return { wall: send.wall, send: send.cpu, recv: used, lines: linesIn(arrived) };
}

/** Single lines, one each ms; the time from the write to the acknowledgement of each, ms. */
async function single(journal: boolean): Promise<number[]> {
  const { recv, at } = await receiver(journal);
  const pem = readFileSync(join(dir, 's.pem'));
  const port = Number(at.split(':')[1]);
  const socket = connect({ host: '127.0.0.1', port, key: pem, cert: pem, ALPNProtocols: [ALPN], rejectUnauthorized: false });
  const stream = newStream(new Window(1 << 22));
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

const RSYSLOG = rsyslogMissing();
const WAYS: Record<string, () => Promise<Run>> = {
  'socat TLS, no acknowledgement': socat,
  ...(RSYSLOG === '' ? {
    'rsyslog TLS (omfwd), no acknowledgement': async () => ({ ...await rsyslog('tls', dir, log), lines: linesIn(`cat ${dir}/out`) }),
    'rsyslog RELP TLS, window 10,000': async () => ({ ...await rsyslog('relp', dir, log), lines: linesIn(`cat ${dir}/out`) }),
  } : {}),
  'lm, acknowledged': () => ours(false, ''),
  'lm --journal': () => ours(true, ''),
  'lm --journal, --spool': () => ours(true, `--spool ${dir}/spool`),
};

try {
  const length = Math.round(statSync(log).size / LINES);
  process.stdout.write(`one sender, ${LINES} nginx lines of ${length} bytes, CPU s a million that arrived, median of ${ROUNDS} rounds (${machine()})\n`);
  if (RSYSLOG !== '') process.stdout.write(`*** NOT MEASURED: rsyslog, missing here: ${RSYSLOG}; see test/needs.sh ***\n`);
  const runs = new Map<string, Run[]>();
  for (let i = 0; i < ROUNDS; i++) {
    for (const [name, way] of Object.entries(WAYS)) {
      if (i > 0 && name.startsWith('rsyslog')) continue; // slow enough to be measured once
      runs.set(name, [...(runs.get(name) ?? []), await way()]);
    }
  }
  row('', 'lines/s', 'CPU send', 'CPU recv', 'CPU both', 'x socat', 'arrived');
  const both = (of: Run[]): number => median(of.map((r) => (r.send + r.recv) / (r.lines / 1e6)));
  const base = both(runs.get('socat TLS, no acknowledgement') ?? []);
  for (const [name, of] of runs) {
    const per = (key: 'send' | 'recv'): number => median(of.map((r) => r[key] / (r.lines / 1e6)));
    const rate = median(of.map((r) => r.lines / r.wall));
    row(name, rate.toFixed(0), per('send'), per('recv'), both(of), both(of) / base, String(Math.min(...of.map((r) => r.lines))));
  }
  process.stdout.write(`single lines of 151 bytes, 1,000 a second: ms from the write to the acknowledgement (${machine()})\n`);
  row('', 'p50', 'p99', 'max', 'on disk/B');
  for (const [name, journal] of [['--journal > /dev/null', true], ['no journal > file', false]] as const) {
    const times = await single(journal);
    const files = journal ? readdirSync(join(dir, 'j')) : [];
    const size = files.reduce((sum, file) => sum + statSync(join(dir, 'j', file)).size, 0);
    const at = (part: number): number => times[Math.floor(times.length * part)] ?? NaN;
    row(name, at(0.5), at(0.99), times.at(-1) ?? NaN, size / times.length);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
