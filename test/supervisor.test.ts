/** The shipped programs under a real supervisord: restarted and killed under load, and a stop leaves no process behind. LM_SOAK=1 does it twenty times. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kills, restarts, senderEnds, type KeptChain, type Part } from './endurance.ts';
import { sh, start, startLine, stopAll, timed, until, withFolder } from './sh.ts';
import { deadPort } from './tls.ts';

const SOAK = Boolean(process.env['LM_SOAK']);
const MEASURE = { rounds: SOAK ? 20 : 1, rate: SOAK ? 1000 : 200 };
const PROGRAM: Record<Part, string> = { receiver: 'lm-recv', viewer: 'lm-serve', sender: 'lm-send-nginx' };

/** Processes that have `dir` on their command line. */
function processesOf(dir: string): string[] {
  return sh(`pgrep -af '${dir}' | grep -v 'supervisord\\|pgrep\\|bash -c pgrep'`).out.trim().split('\n').filter(Boolean);
}

/** Run a shell line to its end, and give what it printed. */
function run(line: string): string {
  const { out, err, code } = sh(line);
  assert.is(code, 0, `${line}: ${err}${out}`);
  return out;
}

/** Keys, a log, and supervisord's settings with the shipped programs, all within `dir`. */
async function setUp(dir: string): Promise<KeptChain> {
  const [web, tls] = [await deadPort(), await deadPort()];
  const log = join(dir, 'logs/access.log');
  mkdirSync(join(dir, 'logs'));
  writeFileSync(log, '');
  const [pin] = run(`cd ${dir} && lm-cert receiver localhost && lm-cert sender web1 && echo "web1 $(lm-cert -p sender.pem) web1/*" > authorized`).split('\n');
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
  const control = `supervisorctl -c ${dir}/supervisord.conf`;
  return {
    dir, log, id: 'web1/nginx', journal: `${dir}/kept/journal`, page: `http://127.0.0.1:${web}`,
    run,
    start: (line) => startLine(line),
    said: () => sh(`tail -n 20 ${dir}/logs/*; cat ${dir}/log`).out,
    // All of a program are in one process group, its first process leads it.
    processes: (part) => `pgrep -g $(${control} pid ${PROGRAM[part]})`,
    restarting: (part) => `${control} restart ${PROGRAM[part]} > ${dir}/restart 2>&1 &`,
    replaced: (part, line) => run(`before=$(${control} pid ${PROGRAM[part]}); { ${line}\n}
      for i in $(seq 100); do ${control} status ${PROGRAM[part]} | grep RUNNING | grep -vq "pid $before," && exit; sleep 0.2; done
      ${control} status >&2; exit 1`),
  };
}

test('sender, receiver and viewer: restarts and kills without loss, and nothing is left of them', timed(SOAK ? 1_500_000 : 150_000, () => withFolder(async (dir) => {
  const chain = await setUp(dir);
  // A supervisord that is killed leaves its programs; a test that fails must not.
  process.once('exit', () => sh(`kill -KILL ${processesOf(dir).map((line) => Number.parseInt(line, 10)).join(' ')}`));
  const daemon = start('supervisord', ['-c', `${dir}/supervisord.conf`]);
  const control = (line: string): string => sh(`supervisorctl -c ${dir}/supervisord.conf ${line}`).out;
  try {
    await until(() => (control('status').match(/RUNNING/g) ?? []).length === 3, 20_000, () => control('status') + chain.said());
    await until(() => /web1 \(.*\) is here/.test(chain.said()), 15_000, chain.said);
    await restarts(chain, MEASURE);
    await kills(chain, MEASURE);
    await senderEnds(chain, MEASURE);

    appendFileSync(chain.log, 'line of the end\n');
    control(`stop ${PROGRAM.sender}`); // what tail has read is sent
    await until(() => /web1 .* has finished/.test(sh(`tail -n 1 ${dir}/logs/lm-recv*`).out), 10_000, chain.said);
    const left = processesOf(dir);
    assert.is(left.length, 2, left.join('\n'));
    assert.match(control('status'), new RegExp(`${PROGRAM.sender} +STOPPED`));
    control('stop all');
    assert.equal(processesOf(dir), []);
  } finally {
    await stopAll(daemon);
  }
  assert.equal(processesOf(dir), []);
})));

test.run();
