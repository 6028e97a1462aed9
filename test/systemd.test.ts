/** The shipped units under a real systemd: hardened, restarted and killed under load, watched. LM_SOAK=1 does it twenty times each. */
import { closeSync, existsSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from './machine.ts';
import { timed, until, type Running } from './sh.ts';

const SOAK = Boolean(process.env['LM_SOAK']);
const RESTARTS = SOAK ? 20 : 2;
const KILLS = SOAK ? 20 : 1;
const RATE = SOAK ? 1000 : 500; // lines a second
const LIMIT = SOAK ? 600_000 : 60_000;
const UNITS = ['lm-recv.service', 'lm-serve.service', 'lm-send@app.service'];
const ALL = [...UNITS, 'lm-send-journal.service'];
const MAX_EXPOSURE = 1.5;

const dir = mkdtempSync(join(tmpdir(), 'lm-test-'));
const machine = Machine.boot(dir);
if (typeof machine === 'string') console.log(`SKIPPED all of systemd.test.ts: ${machine}`);
else process.on('exit', () => machine.down());
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));

const on = (name: string, body: (m: Machine) => Promise<void>, ms = LIMIT): void => {
  if (typeof machine === 'string') test.skip(name, () => {});
  else test(name, timed(ms, () => body(machine)));
};

/** Keys, settings and a receiver at a port that only root may open. */
function setUp(m: Machine): void {
  m.write('/etc/systemd/system/lm-recv.socket.d/port.conf', '[Socket]\nListenStream=\nListenStream=443\n');
  m.write('/etc/lm/send-app.env', 'LM_RECEIVER=localhost:443\nLM_FRAME=--field=from=test\nLM_SEND=-t 1s\n');
  m.run(`cd /etc/lm && lm-cert receiver localhost && lm-cert sender web1
    echo "web1 $(lm-cert -p sender.pem) web1/*" > authorized
    echo "localhost:443 $(lm-cert -p receiver.pem)" > receivers
    echo LM_ID=web1/app >> send-app.env
    touch /var/log/app.log && chgrp adm /var/log/app.log && chmod 640 /var/log/app.log
    systemctl daemon-reload
    systemctl start lm-records.socket lm-recv.socket lm-serve.socket lm-serve lm-recv lm-send@app`);
}

type Got = { run: string; n: number; line: number };

/** Writes `NAME 1`, `NAME 2`... into the log, 20 times a second, and follows the page's API through every restart of the viewer. */
class Load {
  readonly #m: Machine;
  readonly #writer: Running;
  readonly #reader: Running;
  readonly #folder: string;
  readonly #name: string;
  readonly #got: Got[] = [];
  #file = 1;
  #at = 0;

  constructor(m: Machine, name: string) {
    this.#m = m;
    this.#name = name;
    this.#folder = join(dir, name);
    this.#reader = m.start(`mkdir ${this.#folder}; for i in $(seq 1000); do
      curl -sN 'http://127.0.0.1:5334/api/tail?lines=all&follow=1' > ${this.#folder}/$i; done`);
    this.#writer = m.start(`exec node -e '
      let n = 0;
      const write = () => {
        let text = "";
        for (let i = 0; i < ${RATE / 20}; i++) text += "${name} " + ++n + "\\n";
        require("fs").appendFileSync("/var/log/app.log", text);
      };
      const timer = setInterval(write, 50);
      process.stdin.on("end", () => { clearInterval(timer); console.log(n); }).resume();'`);
  }

  /** Records that followers of the page have got, in the order of the files they came into. What was read once is not read again. */
  got(): Got[] {
    const path = (file: number): string => join(this.#folder, String(file));
    for (let more = true; more && existsSync(path(this.#file)); ) {
      more = existsSync(path(this.#file + 1)); // then this one grows no more
      const fd = openSync(path(this.#file), 'r');
      const bytes = Buffer.alloc(fstatSync(fd).size - this.#at);
      readSync(fd, bytes, 0, bytes.length, this.#at);
      closeSync(fd);
      const end = bytes.lastIndexOf('\n') + 1;
      for (const text of bytes.subarray(0, end).toString().split('\n').slice(0, -1)) this.#take(text);
      this.#at += end;
      if (more) [this.#file, this.#at] = [this.#file + 1, 0];
    }
    return this.#got;
  }

  #take(text: string): void {
    const { run, n, msg } = JSON.parse(text) as { run: string; n: number; msg: string };
    if (msg.startsWith(`${this.#name} `)) this.#got.push({ run, n, line: Number(msg.slice(this.#name.length + 1)) });
  }

  /** Stop writing, wait until the last line has come, and give how many were written. */
  async end(): Promise<number> {
    this.#writer.child.stdin?.end();
    await this.#writer.closed;
    const written = Number(this.#writer.out);
    await until(() => this.got().some(({ line }) => line === written), 15_000, () => `line ${written}; got ${this.got().length} up to ${this.got().at(-1)?.line}`);
    this.#reader.kill('SIGKILL');
    return written;
  }

  /** Resolves when lines written from now on have come. */
  async flows(): Promise<void> {
    const before = this.got().at(-1)?.line ?? 0;
    await until(() => (this.got().at(-1)?.line ?? 0) > before + RATE / 10, 15_000, () => `lines after ${before}: ${this.#m.run('journalctl -n 30 -o cat -u "lm-*"')}`);
  }
}

/** Lines from `first` to `last` that are not among those got. */
function missing(lines: number[], first: number, last: number): number[] {
  const have = new Set(lines);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((line) => !have.has(line));
}

on('systemd finds nothing wrong with the units', async (m) => {
  const { out, err, code } = m.try('systemd-analyze verify /usr/local/lib/systemd/system/lm-*');
  assert.equal([out + err, code], ['', 0]);
});

on('they are up, with credentials, at a port below 1024, as users of no consequence, and ready when they say so', async (m) => {
  setUp(m);
  for (const unit of UNITS) {
    assert.is(m.show(unit, 'ActiveState'), 'active', m.run(`journalctl -o cat -u ${unit}`));
    assert.is.not(m.run(`stat -c %u /proc/${m.show(unit, 'MainPID')}`).trim(), '0');
  }
  assert.match(m.show('lm-recv', 'StatusText'), /listening on .*:443$/);
  assert.match(m.show('lm-serve', 'StatusText'), 'listening on http://127.0.0.1:5334/');
});

on(`exposure is at most ${MAX_EXPOSURE}`, async (m) => {
  for (const unit of ALL) {
    const [, exposure] = /exposure level for \S+: ([\d.]+)/.exec(m.run(`systemd-analyze security --no-pager ${unit}`)) ?? [];
    assert.ok(Number(exposure) <= MAX_EXPOSURE, `${unit}: ${exposure}`);
  }
});

on(`${RESTARTS} clean restarts of receiver and viewer each, under load: every line once`, async (m) => {
  const load = new Load(m, 'restarts');
  await load.flows();
  const first = load.got()[0]?.line ?? 0;
  for (let i = 0; i < RESTARTS; i++) {
    for (const unit of ['lm-recv', 'lm-serve']) {
      m.run(`systemctl restart ${unit}`);
      await load.flows();
    }
  }
  const written = await load.end();
  const lines = load.got().map(({ line }) => line);
  assert.equal(missing(lines, first, written), []);
  assert.is(lines.length, new Set(lines).size, 'none twice');
  assert.equal(lines, [...lines].sort((a, b) => a - b), 'in order');
});

on(`${KILLS} kills of receiver and viewer each, under load: they come back, and what is lost is little and known`, async (m) => {
  const load = new Load(m, 'kills');
  await load.flows();
  const first = load.got()[0]?.line ?? 0;
  for (let i = 0; i < KILLS; i++) {
    for (const unit of ['lm-recv', 'lm-serve']) {
      await m.crash(unit);
      await load.flows();
    }
  }
  const written = await load.end();
  const lines = load.got().map(({ line }) => line);
  // What the viewer had read but not yet given to a follower: one chunk of a pipe, 64 KiB, for each of its deaths.
  const gone = missing(lines, first, written);
  console.log(`     ${KILLS} + ${KILLS} kills: ${written} lines written, ${gone.length} not seen, ${lines.length - new Set(lines).size} seen twice`);
  assert.ok(gone.length <= KILLS * 65_536 / 80, `${gone.length} lines gone`);
  assert.is(lines.length, new Set(lines).size, 'none twice');
});

on(`${KILLS} restarts and kills of the sender, under load: all it has read arrives, each line once`, async (m) => {
  const load = new Load(m, 'senders');
  await load.flows();
  for (let i = 0; i < KILLS; i++) {
    m.run('systemctl restart lm-send@app');
    await load.flows();
  }
  const clean = new Map<string, number[]>();
  for (const { run, line } of load.got()) clean.set(run, [...(clean.get(run) ?? []), line]);
  assert.is(clean.size, KILLS + 1);
  for (const lines of clean.values()) assert.equal(missing(lines, lines[0] ?? 0, lines.at(-1) ?? 0), [], 'a run has no gap');
  for (let i = 0; i < KILLS; i++) {
    await m.crash('lm-send@app');
    await load.flows();
  }
  const written = await load.end();
  const lines = load.got().map(({ line }) => line);
  assert.is(lines.length, new Set(lines).size, 'none twice');
  console.log(`     ${KILLS} restarts and ${KILLS} kills of the sender: ${written} lines written, ${missing(lines, lines[0] ?? 0, written).length} while it was away`);
  const { streams } = JSON.parse(m.run('curl -s http://127.0.0.1:5334/api/streams')) as { streams: { id: string; lost: number }[] };
  assert.equal(streams.map(({ id, lost }) => [id, lost]), [['web1/app', 0]]);
  assert.is(m.show('lm-send@app', 'Result'), 'success');
});

on('the journal as a source: each unit a stream', async (m) => {
  m.run('printf "LM_RECEIVER=localhost:443\\nLM_ID=web1\\n" > /etc/lm/send-journal.env && systemctl start lm-send-journal');
  m.write('/etc/systemd/system/hello.service', '[Service]\nType=oneshot\nExecStart=sh -c \'echo "<3>hello from a unit" >&2; printf "\\\\033[1mbold\\\\n"\'\n');
  const got = (): string => m.run("curl -s 'http://127.0.0.1:5334/api/tail?id=web1/hello&lines=all'");
  await until(() => {
    m.run('systemctl daemon-reload && systemctl start hello');
    return got().includes('bold');
  }, 20_000, () => `${got()} ${m.run('journalctl -o cat -n 20')}`);
  assert.match(got(), /"id":"web1\/hello",.*"msg":"hello from a unit","level":"err"\}/);
  assert.match(got(), '"msg":"\\u001b[1mbold","level":"info"}');
  assert.not.match(m.run("curl -s 'http://127.0.0.1:5334/api/streams'"), 'web1/lm-send-journal');
  m.run('systemctl stop lm-send-journal');
  assert.is(m.show('lm-send-journal', 'Result'), 'success');
});

on('any death within the sender is the end of all of it, and a new one', async (m) => {
  for (const name of ['tail', 'lm-frame', 'lm-tls-send']) {
    const before = m.show('lm-send@app', 'MainPID');
    const group = `'/sys/fs/cgroup${m.show('lm-send@app', 'ControlGroup')}/cgroup.procs'`;
    m.run(`for p in $(cat ${group}); do tr '\\0' ' ' < /proc/$p/cmdline | grep -Eq '^(node [^ ]*/)?${name} ' && kill -KILL $p; done; :`);
    m.run('echo one more line >> /var/log/app.log');
    await until(() => m.show('lm-send@app', 'MainPID') !== before && m.show('lm-send@app', 'ActiveState') === 'active', 15_000, () => `a new sender after the death of ${name}`);
    assert.is(m.run(`wc -l < ${group}`).trim(), '4', `after the death of ${name}`);
  }
});

on('a viewer or receiver that hangs is noticed and replaced', async (m) => {
  for (const unit of ['lm-recv', 'lm-serve']) {
    m.write(`/etc/systemd/system/${unit}.service.d/watchdog.conf`, '[Service]\nWatchdogSec=1s\n');
    m.run(`systemctl daemon-reload && systemctl restart ${unit}`);
    const pid = m.show(unit, 'MainPID');
    m.run(`kill -STOP ${pid}`);
    await until(() => m.show(unit, 'NRestarts') !== '0' && m.show(unit, 'ActiveState') === 'active', 20_000, () => `a new ${unit}`);
    assert.match(m.run(`journalctl -o cat -u ${unit}`), 'Watchdog timeout');
    assert.is.not(m.show(unit, 'MainPID'), pid);
  }
});

on('a sender that is stopped while the receiver is away ends soon, and says what it could not deliver', async (m) => {
  m.run('systemctl stop lm-recv.socket lm-recv');
  m.run('echo nobody will see this >> /var/log/app.log');
  const begun = Date.now();
  m.run('systemctl stop lm-send@app');
  assert.ok(Date.now() - begun < 15_000);
  assert.match(m.run('journalctl -o cat -u lm-send@app'), /lost, not acknowledged: \d+ lines?/);
  assert.is(m.show('lm-send@app', 'Result'), 'exit-code'); // so that it is seen
  m.run('systemctl reset-failed lm-send@app');
});

on('a stop ends all, and leaves nothing', async (m) => {
  m.run('systemctl stop lm-recv.socket lm-serve.socket lm-records.socket lm-serve');
  assert.is(m.try("pgrep -f 'lm-(frame|serve|tls)'").out, '');
  assert.is(m.try('ls /run/lm/in').code, 2);
  assert.is(m.run('systemctl --failed --no-legend'), '');
});

test.run();
