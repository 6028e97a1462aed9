/** The shipped programs under a real supervisord: restarts lose nothing, a stop leaves no process behind. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sh, start, stopAll, timed, until, withFolder } from './sh.ts';

const SENDER = 'lm-send-nginx';

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

test('sender, receiver and viewer: every restart without loss, and nothing is left of them', timed(90_000, () => withFolder(async (dir) => {
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
  const daemon = start('supervisord', ['-c', `${dir}/supervisord.conf`]);
  const control = (line: string): string => sh(`supervisorctl -c ${dir}/supervisord.conf ${line}`).out;
  const show = (): string => sh(`tail -n 20 ${dir}/logs/*; cat ${dir}/log`).out;
  const api = (path: string): string => sh(`curl -s 'http://127.0.0.1:${web}/api/${path}'`).out;
  const comes = (text: string): Promise<void> => until(() => api('tail?lines=all&as=text').includes(`${text}\n`), 15_000, () => `${text}: ${control('status')} ${show()}`);
  const write = (from: number, to: number): void => {
    for (let n = from; n <= to; n++) appendFileSync(log, `line ${n}\n`);
  };
  try {
    await until(() => (control('status').match(/RUNNING/g) ?? []).length === 3, 20_000, () => control('status') + show());
    await until(() => /web1 \(.*\) is here/.test(show()), 15_000, show);
    write(1, 100);
    await comes('line 100');

    write(101, 200);
    control('restart lm-recv');
    write(201, 300);
    await comes('line 300');
    assert.equal(api('tail?lines=all&as=text').trim().split('\n').map((line) => /line \d+$/.exec(line)?.[0]), Array.from({ length: 300 }, (_, i) => `line ${i + 1}`));

    control('restart lm-serve');
    write(301, 400);
    await comes('line 400');
    const counted = JSON.parse(api('streams')) as { counts: { lost: number; duplicates: number; malformed: number } };
    assert.equal([counted.counts.lost, counted.counts.duplicates, counted.counts.malformed], [0, 0, 0]);

    write(401, 500);
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
