/** CPU seconds per million nginx lines of every stage, in one run beside `cat | cat` and socat over TLS. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChain } from '../chain.ts';
import { sh, start, startLine, stopAll, until } from '../sh.ts';
import { cost, cpuOf, machine, median, nginxLog, row } from './measure.ts';

const LINES = Number(process.env['LINES'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const PER = LINES / 1e6;
const log = nginxLog(LINES);
const dir = mkdtempSync(join(tmpdir(), 'lm-bench-'));
const figures = new Map<string, number[]>();
const note = (name: string, cpu: number): void => void figures.set(name, [...(figures.get(name) ?? []), cpu / PER]);

/** socat to socat over TLS, one way, to the end. */
async function socat(): Promise<number> {
  sh(`cd ${dir} && [ -e s.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout s.key -out s.crt -days 9 -subj /CN=localhost 2>/dev/null; cat s.key s.crt > s.pem`);
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const recv = start('socat', ['-u', `OPENSSL-LISTEN:${port},bind=127.0.0.1,cert=${dir}/s.pem,verify=0`, `OPEN:${dir}/out,creat,trunc`]);
  await until(() => sh(`ss -ltn 2>/dev/null | grep -q :${port} || grep -qi ':${port.toString(16).padStart(4, '0')} ' /proc/net/tcp`).code === 0);
  const send = cost(`socat -u OPEN:${log} OPENSSL:127.0.0.1:${port},cafile=${dir}/s.crt,commonname=localhost`);
  let used = 0;
  while (!recv.over) {
    try {
      used = cpuOf(recv.child.pid ?? 0);
    } catch {
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await recv.closed;
  return send.cpu + used;
}

/** lm-tls-send to lm-tls-recv, every line acknowledged; the sender ends when all is. */
async function transport(): Promise<number> {
  sh(`cd ${dir} && rm -f r.pem r.crt s1.pem s1.crt && lm-cert r localhost > r.pin && lm-cert s1 x > s1.pin && echo "a $(cat s1.pin) *" > auth`);
  const recv = startLine(`exec lm-tls-recv -k ${dir}/r.pem -a ${dir}/auth 127.0.0.1:0 > ${dir}/out`);
  const at = (await recv.says(/listening on (\S+)/))[1];
  const before = cpuOf(recv.child.pid ?? 0);
  const pin = sh(`cat ${dir}/r.pin`).out.trim();
  const send = cost(`lm-tls-send -k ${dir}/s1.pem --pin ${pin} ${at} < ${log}`);
  const used = cpuOf(recv.child.pid ?? 0) - before;
  await stopAll(recv);
  if (sh(`cmp ${log} ${dir}/out`).code !== 0) throw new Error('what arrived differs');
  return send.cpu + used;
}

/** lm-serve taking records in from its pipe. */
async function serve(): Promise<number> {
  sh(`[ -e ${dir}/records ] || lm-frame -i web1/nginx < ${log} > ${dir}/records`);
  const chain = await startChain(dir, { serve: '--memory=300M' });
  const pid = chain.processes.serve.child.pid ?? 0;
  const before = cpuOf(pid);
  sh(`cat ${dir}/records > ${dir}/in`);
  await until(async () => {
    const state = (await (await fetch(`${chain.page}api/streams`)).json()) as { streams: { lines: number }[] };
    return state.streams[0]?.lines === LINES;
  }, 60_000);
  const used = cpuOf(pid) - before;
  await chain.stop();
  sh(`cd ${dir} && rm -f receiver.* sender.*`);
  return used;
}

try {
  process.stdout.write(`CPU seconds per million lines, median of ${ROUNDS} rounds (${machine()})\n`);
  for (let i = 0; i < ROUNDS; i++) {
    note('cat | cat', cost(`cat ${log} | cat`).cpu);
    note('socat TLS, both ends', await socat());
    note('lm-frame', cost(`cat ${log} | lm-frame -i web1/nginx`).cpu - cost(`cat ${log} > /dev/null`).cpu);
    note('lm-tls-send + lm-tls-recv, acknowledged', await transport());
    note('lm-serve, taking in', await serve());
  }
  const base = median(figures.get('cat | cat') ?? []);
  row('', 'CPU s', 'x cat');
  for (const [name, values] of figures) row(name, median(values), median(values) / base);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
