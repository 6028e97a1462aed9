/** The shipped units under a real systemd: hardened, restarted and killed under load, watched. LM_SOAK=1 does it twenty times each. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kills, restarts, senderEnds, type KeptChain, type Part } from './endurance.ts';
import { Machine } from './machine.ts';
import { timed } from './sh.ts';

const SOAK = Boolean(process.env['LM_SOAK']);
const RESTARTS = SOAK ? 20 : 2;
const KILLS = SOAK ? 20 : 1;
const RATE = SOAK ? 1000 : 200; // lines a second
const LIMIT = SOAK ? 900_000 : 120_000;
const UNITS = ['lm-recv.service', 'lm-serve.service', 'lm-send@app.service'];
const ALL = [...UNITS, 'lm-send-journal.service'];
const MAX_EXPOSURE = 1.5;
const LOG = '/var/log/app.log';
const UNIT: Record<Part, string> = { receiver: 'lm-recv', viewer: 'lm-serve', sender: 'lm-send@app' };

const machine = Machine.forProcess();
if (typeof machine === 'string') console.log(`SKIPPED all of systemd.test.ts: ${machine}`);

const on = (name: string, body: (m: Machine) => Promise<void>, ms = LIMIT): void => {
  if (typeof machine === 'string') test.skip(name, () => {});
  else test(name, timed(ms, () => body(machine)));
};

/** The chain of the units. */
function chainOn(m: Machine): KeptChain {
  return {
    dir: m.dir, log: LOG, id: 'web1/app', journal: '/var/lib/lm/journal', page: 'http://127.0.0.1:5334',
    run: (line) => m.run(line),
    start: (line) => m.start(line),
    said: () => m.run('journalctl -n 30 -o cat -u "lm-*"'),
    processes: (part) => `cat /sys/fs/cgroup$(systemctl show -P ControlGroup ${UNIT[part]})/cgroup.procs`,
    restarting: (part) => `systemctl restart --no-block ${UNIT[part]}`,
    replaced: (part, line) => m.replaced(UNIT[part], line),
  };
}

/** A shell line that prints the process of lm-tls-send in a unit. */
function senderOf(unit: string): string {
  return `for p in $(cat /sys/fs/cgroup$(systemctl show -P ControlGroup ${unit})/cgroup.procs); do
    tr '\\0' ' ' < /proc/$p/cmdline | grep -q '/lm-tls-send ' && echo $p; done || :`;
}

/** Keys, settings and a receiver at a port that only root may open. */
function setUp(m: Machine): void {
  m.write('/etc/systemd/system/lm-recv.socket.d/port.conf', '[Socket]\nListenStream=\nListenStream=443\n');
  m.write('/etc/lm/send-app.env', 'LM_RECEIVER=localhost:443\nLM_FRAME=--field=from=test\nLM_SEND=-t 1s\n');
  m.run(`cd /etc/lm && lm-cert receiver localhost && lm-cert sender web1
    echo "web1 $(lm-cert -p sender.pem) web1/*" > authorized
    echo "localhost:443 $(lm-cert -p receiver.pem)" > receivers
    echo LM_ID=web1/app >> send-app.env
    touch ${LOG} && chgrp adm ${LOG} && chmod 640 ${LOG}
    systemctl daemon-reload
    systemctl start lm-records.socket lm-recv.socket lm-serve.socket lm-serve lm-recv lm-send@app`);
}

on('systemd finds nothing wrong with the units', async (m) => {
  const { out, err, code } = m.try('systemd-analyze verify --man=no /usr/local/lib/systemd/system/lm-*');
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
  const out = m.run(ALL.map((unit) => `systemd-analyze security --no-pager ${unit}`).join('; '));
  const found = [...out.matchAll(/exposure level for (\S+): ([\d.]+)/g)];
  assert.equal(found.map(([, unit]) => unit), ALL);
  for (const [, unit, exposure] of found) assert.ok(Number(exposure) <= MAX_EXPOSURE, `${unit}: ${exposure}`);
});

on(`${RESTARTS} clean restarts of receiver and viewer each, under load: every line once, in the journal and on the page`, async (m) => {
  await restarts(chainOn(m), { rounds: RESTARTS, rate: RATE });
});

on(`${KILLS} kills of receiver and viewer each, under load: every line once in the journal; the page lacks what the viewer died with`, async (m) => {
  await kills(chainOn(m), { rounds: KILLS, rate: RATE });
});

on(`${KILLS} restarts and kills of the sender each, under load: what tail has given arrives, each line once`, async (m) => {
  await senderEnds(chainOn(m), { rounds: KILLS, rate: RATE });
  assert.is(m.show('lm-send@app', 'Result'), 'success');
});

on('the journal as a source: each unit a stream', async (m) => {
  m.run('printf "LM_RECEIVER=localhost:443\\nLM_ID=web1\\n" > /etc/lm/send-journal.env');
  m.write('/etc/systemd/system/hello.service', '[Service]\nType=oneshot\nExecStart=sh -c \'echo "<3>hello from a unit" >&2; printf "\\\\033[1mbold\\\\n"\'\n');
  m.run('systemctl daemon-reload && systemctl start lm-send-journal');
  const get = "curl -s 'http://127.0.0.1:5334/api/tail?id=web1/hello&lines=all'";
  m.waits(`{ systemctl start hello; ${get} | grep -q bold; }`);
  const got = m.run(get);
  assert.match(got, /"id":"web1\/hello",.*"msg":"hello from a unit","level":"err"\}/);
  assert.match(got, '"msg":"\\u001b[1mbold","level":"info"}');
  // What it says itself is not sent, other than what systemd says about it.
  m.run(`kill -USR1 $(${senderOf('lm-send-journal')})`);
  m.waits('journalctl -o cat -u lm-send-journal | grep -q "connections 1"');
  m.waits(`{ systemctl start hello; [ $(${get} | grep -c bold) -gt 1 ]; }`);
  const own = m.run("curl -s 'http://127.0.0.1:5334/api/tail?id=web1/lm-send-journal&lines=all'");
  assert.match(own, 'Started lm-send-journal.service');
  assert.not.match(own, 'connections 1');
  m.run('systemctl stop lm-send-journal');
  assert.is(m.show('lm-send-journal', 'Result'), 'success');
});

on('any death within the sender is the end of all of it, and a new one', async (m) => {
  for (const name of ['tail', 'lm-frame', 'lm-tls-send']) {
    const group = `'/sys/fs/cgroup${m.show('lm-send@app', 'ControlGroup')}/cgroup.procs'`;
    m.replaced('lm-send@app', `for p in $(cat ${group}); do tr '\\0' ' ' < /proc/$p/cmdline | grep -Eq '^(node [^ ]*/)?${name} ' && kill -KILL $p; done
      echo one more line >> ${LOG}`);
    m.waits(`[ $(wc -l < ${group}) = 4 ]`, 10); // beside these, those that tell systemd come and go
  }
});

on('a viewer or receiver that hangs is noticed and replaced', async (m) => {
  for (const unit of ['lm-recv', 'lm-serve']) {
    m.write(`/etc/systemd/system/${unit}.service.d/watchdog.conf`, '[Service]\nWatchdogSec=2s\n');
    m.run(`systemctl daemon-reload && systemctl restart ${unit}`);
    m.replaced(unit, `kill -STOP $(systemctl show -P MainPID ${unit})`);
    assert.match(m.run(`journalctl -o cat -u ${unit}`), 'Watchdog timeout');
  }
});

on('a sender that hangs is noticed and replaced, and what it had not read is sent', async (m) => {
  m.write('/etc/systemd/system/lm-send@app.service.d/watchdog.conf', '[Service]\nWatchdogSec=8s\n');
  m.run('systemctl daemon-reload && systemctl restart lm-send@app');
  m.waits('systemctl show -P StatusText lm-send@app | grep "^sending to .* as web1; behind by "');
  m.replaced('lm-send@app', `kill -STOP $(${senderOf('lm-send@app')})
    for i in $(seq 1000); do echo hung $i; done >> ${LOG}`);
  assert.match(m.run('journalctl -o cat -u lm-send@app'), 'Watchdog timeout');
  m.waits("grep -qs 'hung 1000\"' /var/lib/lm/journal/*.ndjson");
  const kept = m.run("cat /var/lib/lm/journal/*.ndjson | grep -ao 'hung [0-9]*'").trim().split('\n');
  assert.equal(kept, Array.from({ length: 1000 }, (_, i) => `hung ${i + 1}`));
  m.run('rm -r /etc/systemd/system/lm-send@app.service.d && systemctl daemon-reload && systemctl restart lm-send@app');
});

on('a sender that is stopped while the receiver is away ends soon, and the next one sends what it has left in the spool', async (m) => {
  m.run(`systemctl stop lm-recv.socket lm-recv; echo seen later >> ${LOG}`);
  m.waits('grep -qs "seen later" /var/lib/lm/send-app/*.frames');
  m.waits('systemctl show -P StatusText lm-send@app | grep "^cannot send to localhost:443: .*; behind by [1-9]"');
  const begun = Date.now();
  m.run('systemctl stop lm-send@app');
  assert.ok(Date.now() - begun < 20_000);
  const said = m.run('journalctl -o cat -n 30 -u lm-send@app');
  assert.match(said, /kept in the spool, not acknowledged: \d+ bytes/);
  assert.is(m.show('lm-send@app', 'Result'), 'success', said);
  m.run('systemctl start lm-recv.socket lm-recv lm-send@app');
  m.waits("grep -qs 'seen later' /var/lib/lm/journal/*.ndjson");
});

on('a stop ends all, and leaves nothing', async (m) => {
  m.run('systemctl stop lm-send@app lm-recv.socket lm-recv lm-serve.socket lm-records.socket lm-serve');
  assert.is(m.try("pgrep -f 'lm-(frame|serve|tls)'").out, '');
  assert.is(m.try('ls /run/lm/in').code, 2);
  assert.is(m.run('systemctl --failed --no-legend'), '');
});

test.run();
