/** The files of lm-setup(7) for runit, s6 and OpenRC, as they stand there, at work under the real programs. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Load, missing, type Chain } from './load.ts';
import { Machine } from './machine.ts';
import { sh, timed } from './sh.ts';

// Its systemd does nothing here: what is wanted are its root, its processes and its network, apart from all others.
const machine = Machine.forProcess();

if (typeof machine !== 'string') {
  machine.run(`echo 127.0.0.1 logs.example.com >> /etc/hosts; mkdir -p /etc/lm /var/log/nginx; touch /var/log/nginx/access.log
    cd /etc/lm && lm-cert receiver logs.example.com && lm-cert sender web1 && echo "web1 $(lm-cert -p sender.pem) web1/*" > authorized
    echo "logs.example.com $(lm-cert -p receiver.pem)" > receivers`);
}

/** The files that lm-setup(7) tells people to write, by the paths it gives for them; each begins with `#!`. */
function filesOfPage(): Map<string, string> {
  const text = readFileSync('man/lm-setup.7', 'utf8').split('\n.Sh WITHOUT SYSTEMD\n')[1]?.split('\n.Sh ')[0] ?? '';
  const found = text.matchAll(/^\.Pa (\S+)(?: ,)?\n(?:[^.].*\n)?\.Bd -literal.*\n(#!(?:.*\n)*?)\.Ed$/gm);
  return new Map([...found].map(([, path = '', file = '']) => [path, file.replaceAll('\\e', '\\')]));
}

/** Who keeps programs running by those files: the shell lines that begin it, that stop one program, and that end it. */
type Keeper = { name: string; needs: string; begin: string; stop: (program: string) => string; end: string };

const PROGRAMS = ['lm-serve', 'lm-recv', 'lm-send-nginx'];
const KEEPERS: Keeper[] = [{
  name: 'runit', needs: 'runsvdir',
  begin: 'setsid runsvdir /etc/service </dev/null >/var/log/runit 2>&1 & echo $! > /run/runsvdir.pid',
  stop: (program) => `sv stop /etc/service/${program}`,
  end: 'kill -HUP $(cat /run/runsvdir.pid)',
}, {
  name: 's6', needs: 's6-svscan',
  begin: 'setsid s6-svscan /etc/service </dev/null >/var/log/s6 2>&1 &',
  stop: (program) => `s6-svc -wD -T 10000 -d /etc/service/${program}`,
  end: 's6-svscanctl -t /etc/service',
}, {
  name: 'OpenRC', needs: 'openrc-run',
  // What its boot would have made.
  begin: `cd /etc/init.d && chmod +x lm-serve && ln -s lm-serve lm-recv && ln -s lm-serve lm-send-nginx
    mkdir -p /run/openrc/{daemons,exclusive,failed,inactive,options,scheduled,started,starting,stopping,tmp} && touch /run/openrc/softlevel && for s in ${PROGRAMS.join(' ')}; do rc-service $s start || exit; done`,
  stop: (program) => `rc-service ${program} stop`,
  end: ':',
}];

/** Shell lines that list what runs of our programs, and of those that keep them. */
const OURS = "pgrep -af '[l]m-(frame|serve|tls)|^tail |^timeout |/run$' | grep -Ev ' (runsv|s6-supervise|supervise-daemon) '";
const KEPT = "pgrep -af '^(runsv|runsvdir|s6-|supervise-daemon)'";

for (const { name, needs, begin, stop, end } of KEEPERS) {
  test(`${name} by the files of the page: a line reaches it, a kill of the receiver loses nothing, a stop leaves nothing`, timed(90_000, async () => {
    const files = filesOfPage();
    assert.equal([...files.keys()], [...PROGRAMS.map((program) => `/etc/service/${program}/run`), '/etc/init.d/lm-serve']);
    for (const [path, file] of files) assert.is(sh('bash -n', file).err, '', path);
    if (typeof machine === 'string' || sh(`PATH=$PATH:/usr/sbin command -v ${needs}`).code !== 0) {
      return console.log(`SKIPPED ${name} in keepers.test.ts, but for the syntax of its files: ${typeof machine === 'string' ? machine : `no ${needs}`}`);
    }
    const m = machine;
    m.run('rm -rf /run/lm /var/lib/lm /etc/service/*');
    for (const [path, file] of files) {
      if (path.startsWith('/etc/init.d/') === (name === 'OpenRC')) m.write(path, file);
      else if (path.startsWith('/etc/service/')) m.write(path, file);
    }
    m.run(`chmod +x /etc/service/*/run; ${begin}`);
    const chain: Chain = {
      dir: m.dir, log: '/var/log/nginx/access.log', id: 'web1/nginx', journal: '/var/lib/lm/journal', page: 'http://127.0.0.1:5334',
      run: (line) => m.run(line),
      start: (line) => m.start(line),
      said: () => m.try(`tail -n 20 /var/log/runit /var/log/s6 /var/log/lm-*; ${OURS}; ${KEPT}`).out,
    };
    try {
      const load = new Load(chain, name, 200);
      await load.flows();
      const first = load.got()[0]?.line ?? 0;
      const pid = m.run("pgrep -f '[l]m-tls-recv'").trim();
      m.run(`kill -KILL ${pid}; for i in $(seq 100); do pgrep -f '[l]m-tls-recv' && exit; sleep 0.1; done; exit 1`);
      await load.flows();
      const written = await load.end();
      const kept = (await load.kept()).map(({ line }) => line);
      assert.equal(missing(kept, first, written), [], 'none missing');
      assert.is(kept.length, written - first + 1, 'none twice');
      for (const command of ['lm-serve', 'lm-tls-recv', 'lm-frame', 'lm-tls-send', 'tail']) assert.match(m.run(OURS), command);
      // The receiver first: the sender then has a line that it cannot send, and must not wait for that.
      m.run(stop('lm-recv'));
      m.run(`echo kept for later >> ${chain.log}; for i in $(seq 100); do grep -qs 'kept for later' /var/lib/lm/send-nginx/*.frames && exit; sleep 0.1; done; exit 1`);
      for (const program of PROGRAMS) if (program !== 'lm-recv') m.run(stop(program));
      assert.is(m.try(OURS).out, '', 'left after the stop');
    } finally {
      m.try(end);
    }
    m.run(`for i in $(seq 50); do ${KEPT} || exit 0; sleep 0.1; done; exit 1`);
  }));
}

test.run();
