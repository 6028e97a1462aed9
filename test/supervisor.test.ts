/** The shipped programs under a real supervisord: restarts lose nothing, a stop leaves no process behind. LM_SOAK=1 does it twenty times. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { report, sh, start, stopAll, timed, until, withFolder, type Running } from './sh.ts';

const SENDER = 'lm-send-nginx';
const SOAK = Boolean(process.env['LM_SOAK']);
const ROUNDS = SOAK ? 20 : 1;
const RATE = SOAK ? 1000 : 200; // lines a second

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Processes that have `dir` on their command line. */
function processesOf(dir: string): string[] {
  return sh(`pgrep -af '${dir}' | grep -v 'supervisord\\|pgrep\\|bash -c pgrep'`).out.trim().split('\n').filter(Boolean);
}

test('sender, receiver and viewer: every restart without loss, and nothing is left of them', timed(SOAK ? 900_000 : 150_000, () => withFolder(async (dir) => {
  const [web, tls] = [await freePort(), await freePort()];
  mkdirSync(join(dir, 'logs'));
  const log = join(dir, 'logs/access.log');
  writeFileSync(log, '');
  const set = sh(`cd ${dir} && lm-cert receiver localhost && lm-cert sender web1 && echo "web1 $(lm-cert -p sender.pem) web1/*" > authorized`);
  assert.is(set.code, 0, set.err);
  const pin = set.out.split('\n')[0];
  const shipped = readFileSync('lib/supervisor/lm.conf', 'utf8')
    .replaceAll('/run/lm', `${dir}/run`)
    .replaceAll('/etc/lm', dir)
    .replaceAll('/var/lib/lm', `${dir}/kept`)
    .replace('/var/log/nginx/access.log', log)
    .replace('exec lm-serve', `exec lm-serve -l 127.0.0.1:${web}`)
    .replace('1<>', `127.0.0.1:${tls} 1<>`)
    .replace('logs.example.com', `--pin ${pin} localhost:${tls}`);
  writeFileSync(join(dir, 'supervisord.conf'), `[supervisord]
nodaemon=true
logfile=${dir}/log
pidfile=${dir}/pid
childlogdir=${dir}/logs
[unix_http_server]
file=${dir}/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${dir}/sock
${shipped}`);
  // A supervisord that is killed leaves its programs; a test that fails must not.
  process.once('exit', () => sh(`kill -KILL ${processesOf(dir).map((line) => Number.parseInt(line, 10)).join(' ')}`));
  const daemon = start('supervisord', ['-c', `${dir}/supervisord.conf`]);
  const control = (line: string): string => sh(`supervisorctl -c ${dir}/supervisord.conf ${line}`).out;
  const show = (): string => sh(`tail -n 20 ${dir}/logs/*; cat ${dir}/log`).out;
  const api = (path: string): string => sh(`curl -s 'http://127.0.0.1:${web}/api/${path}'`).out;
  const comes = (text: string): Promise<void> => until(() => api('tail?lines=all&as=text').includes(`${text}\n`), 30_000, () => `${text}: ${control('status')} ${show()}`);
  try {
    await until(() => (control('status').match(/RUNNING/g) ?? []).length === 3, 20_000, () => control('status') + show());
    await until(() => /web1 \(.*\) is here/.test(show()), 15_000, show);
    let written = 0;
    // A process of its own: what is done here holds up this one.
    const load = (): Running => start('node', ['-e', `let n = ${written};
      const timer = setInterval(() => {
        let text = '';
        for (let i = 0; i < ${RATE / 20}; i++) text += 'line ' + ++n + '\\n';
        require('fs').appendFileSync('${log}', text);
      }, 50);
      process.stdin.on('end', () => { clearInterval(timer); console.log(n); }).resume();`]);
    const pause = async (writer: Running): Promise<void> => {
      writer.child.stdin?.end();
      await writer.closed;
      written = Number(writer.out);
      await comes(`line ${written}`);
    };
    const numbers = (): number[] => api('tail?lines=all&as=text').trim().split('\n').map((line) => Number(line.slice(5)));
    const running = (name: string): Promise<void> => until(() => new RegExp(`${name} +RUNNING`).test(control(`status ${name}`)), 20_000, () => control('status') + show());
    let writer = load();
    for (let i = 0; i < ROUNDS; i++) {
      control('restart lm-recv');
      await running('lm-recv');
      control('signal KILL lm-recv');
      await new Promise((resolve) => setTimeout(resolve, 500));
      await running('lm-recv');
    }
    await pause(writer);
    assert.equal(numbers(), Array.from({ length: written }, (_, i) => i + 1), 'each line once, in order');
    report(`${ROUNDS} restarts and ${ROUNDS} kills of the receiver: ${written} lines written, each once`);

    const counts = (): number[] => {
      const { lost, duplicates, malformed } = (JSON.parse(api('streams')) as { counts: Record<string, number> }).counts;
      return [lost ?? NaN, duplicates ?? NaN, malformed ?? NaN];
    };
    for (let i = 0; i < ROUNDS; i++) {
      writer = load();
      control('restart lm-serve');
      await running('lm-serve');
      await pause(writer);
      assert.equal(counts(), [0, 0, 0]);
      writer = load();
      control('signal KILL lm-serve');
      await new Promise((resolve) => setTimeout(resolve, 500));
      await running('lm-serve');
      await pause(writer);
      const lines = numbers();
      assert.equal(lines, Array.from({ length: lines.length }, (_, n) => (lines[0] ?? 0) + n), 'without a hole from where it began');
    }

    appendFileSync(log, 'line of the end\n');
    control(`stop ${SENDER}`); // what tail has read is sent
    await until(() => /web1 .* has finished/.test(show()), 10_000, show);
    const left = processesOf(dir);
    assert.is(left.length, 2, left.join('\n'));
    assert.match(control('status'), new RegExp(`${SENDER} +STOPPED`));
    control('stop all');
    assert.equal(processesOf(dir), []);
  } finally {
    await stopAll(daemon);
  }
  assert.equal(processesOf(dir), []);
})));

test.run();
