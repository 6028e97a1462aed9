/** What is installed works where it is, and is gone when it is removed: make install, npm, the Debian package. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readTables } from '../lib/tables.ts';
import { Machine } from './machine.ts';
import { sh, timed, withFolder } from './sh.ts';

const COMMANDS = [...(await readTables()).keys()];
const PAGES = ['lm.7', 'lm-setup.7', ...COMMANDS.map((name) => `${name}.1`)];

function done(line: string): string {
  const { out, err, code } = sh(line);
  assert.is(code, 0, `${line}: ${err}${out}`);
  return out;
}

/** A record made by the commands of a folder, and its text by way of the page's API: so the page's files are found as well. */
function works(dir: string, bin: string): void {
  for (const name of COMMANDS) assert.match(done(`${bin}/${name} -V`), new RegExp(`^${name} \\d`));
  const out = done(`export PATH=${bin}:$PATH; echo hello | lm-frame -i x > $TMPDIR/records
    lm-serve -l 127.0.0.1:0 < $TMPDIR/records 2> $TMPDIR/log & trap 'kill $!' EXIT
    until grep -q listening $TMPDIR/log; do sleep 0.05; done
    page=$(sed -n 's/.*listening on //p' $TMPDIR/log)
    until curl -s "$page"api/tail?as=text | grep hello; do sleep 0.05; done
    curl -sf "$page" | grep '<title>'; curl -sf -o $TMPDIR/js "$page"start.js && curl -sf -o $TMPDIR/feed "$page$(grep -o 'feed-[0-9a-f]*\\.js' $TMPDIR/js)"`.replaceAll('$TMPDIR', dir));
  assert.match(out, /hello\n.*lm: logs/);
}

test('make install and uninstall, with PREFIX and DESTDIR', timed(60_000, () => withFolder((dir) => {
  const make = `make -s -o all PREFIX=${dir}/prefix`;
  done(`${make} install`);
  works(dir, `${dir}/prefix/bin`);
  for (const page of PAGES) done(`man -w -M ${dir}/prefix/share/man ${page.slice(-1)} ${page.slice(0, -2)}`);
  done(`cd ${dir}/prefix && ls share/bash-completion/completions/lm-frame share/zsh/site-functions/_lm-frame share/fish/vendor_completions.d/lm-frame.fish`);
  done(`cd ${dir}/prefix && ls lib/systemd/system/lm-records.socket share/doc/lm/examples/nginx.conf share/doc/lm/examples/supervisor.conf`);
  done(`${make} uninstall`);
  assert.is(done(`find ${dir}/prefix -not -type d`), '');
  done(`make -s -o all install PREFIX=/usr DESTDIR=${dir}/stage`);
  assert.is(done(`grep -rl ${dir} ${dir}/stage; find ${dir}/stage -type l -lname '${dir}*'; ls ${dir}/stage`), 'usr\n');
})));

test('npm pack, and npm install -g of it', timed(90_000, () => withFolder((dir) => {
  const npm = `npm --silent --offline --cache ${dir}/cache`;
  done(`${npm} pack --ignore-scripts --pack-destination ${dir}`);
  done(`${npm} install -g --prefix ${dir} ${dir}/lm-*.tgz`);
  works(dir, `${dir}/bin`);
  for (const page of PAGES) done(`man -w -M ${dir}/share/man ${page.slice(-1)} ${page.slice(0, -2)}`);
  done(`${npm} uninstall -g --prefix ${dir} lm`);
  assert.is(done(`find ${dir}/bin ${dir}/lib/node_modules ${dir}/share -name 'lm*'`), '');
})));

const dir = mkdtempSync(join(tmpdir(), 'lm-test-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const FILES = 'find /etc /usr /var \\( -path /var/lib/dpkg -o -path /var/cache -o -path /var/log -o -path /var/lib/systemd \\) -prune -o -print | sort';

function inMachine(name: string, body: (m: Machine) => void): void {
  test(name, timed(90_000, async () => {
    const machine = Machine.boot(dir, false);
    if (typeof machine === 'string') return console.log(`SKIPPED ${name}: ${machine}`);
    try {
      const node = machine.try('dpkg -s nodejs').code === 0 ? '' : '--force-depends';
      machine.run(`rm -f /var/lib/man-db/auto-update; cp ${dir}/lm_*_all.deb /root/lm.deb; printf 'dpkg ${node} -i /root/lm.deb' > /root/install; ${FILES} > /root/before`);
      body(machine);
      assert.is(machine.run(`${FILES} > /root/after; comm -3 /root/before /root/after | grep -v /root/after || :`), '', 'files left or gone');
    } finally {
      machine.down();
    }
  }));
}

test('make deb', timed(60_000, async () => {
  done(`tree=$(mktemp -d); make -s -o all install PREFIX=/usr DESTDIR=$tree && sh lib/debian/build.sh $tree ${dir}; s=$?; rm -rf $tree; exit $s`);
  assert.match(done(`dpkg-deb -f ${dir}/lm_*_all.deb Depends Architecture`), /nodejs \(>= 20\)\n.*all/);
}));

inMachine('the Debian package with systemd: installed, at work, removed, purged, nothing left', (m) => {
  m.run('sh /root/install && man -w lm && man -w lm-frame && man -w lm-serve');
  m.run(`cd /etc/lm && lm-cert receiver localhost && lm-cert sender web1 && echo "web1 $(lm-cert -p sender.pem) *" >> authorized
    echo "localhost $(lm-cert -p receiver.pem)" >> receivers && echo LM_RECEIVER=localhost > send-app.env && : > /var/log/app.log
    systemctl enable --now lm-records.socket lm-recv.socket lm-recv lm-serve.socket lm-serve lm-send@app
    until curl -s http://127.0.0.1:5334/api/tail | grep -q hello; do echo hello >> /var/log/app.log; sleep 0.1; done`);
  m.run('dpkg -i --force-depends /root/lm.deb'); // an upgrade: all goes on
  m.run(`until curl -s http://127.0.0.1:5334/api/tail | grep -q again; do echo again >> /var/log/app.log; sleep 0.1; done`);
  m.run('dpkg -r lm');
  assert.is(m.try("pgrep -af 'lm-(frame|serve|tls)'").out, '');
  assert.is(m.try('command -v lm-frame lm-serve').out, '');
  assert.match(m.run('cat /etc/lm/authorized'), /^web1 sha256/m, 'settings stay');
  m.run('dpkg -P lm');
  assert.is(m.try('dpkg -s lm').code, 1);
  assert.is(m.run("systemctl list-units --all --no-legend 'lm-*'"), '');
});

inMachine('the Debian package without systemd: installed, removed, purged, nothing left', (m) => {
  const without = (line: string): string => m.run(`unshare -m sh -c 'mount -t tmpfs none /run/systemd && { ${line}; }'`);
  without('sh /root/install && echo x | lm-frame -i x | lm-frame -d');
  without('dpkg -r lm');
  without('dpkg -P lm');
  assert.is(m.try('command -v lm-frame').out, '');
});

test.run();
