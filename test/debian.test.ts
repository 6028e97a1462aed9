/** The Debian package in a fresh Debian made by debootstrap. A minute or more, and it needs Debian's mirror: LM_SOAK=1 runs it. */
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileURLToPath } from 'node:url';
import { report, sh, timed, withFolder } from './sh.ts';

const HELPER = fileURLToPath(new URL('debian.sh', import.meta.url));

/**
 * What is typed in there. Debian 12 has Node 18, so an administrator takes Node from elsewhere, as a package called nodejs: here that
 * package holds this machine's own node. A shared library that it should want beyond Debian's own would show as a failure.
 */
const SCRIPT = `set -e
say() { echo "== $*"; }
list() { find / -xdev \\( -path /proc -o -path /mnt -o -path /sys -o -path /var/lib/dpkg -o -path /var/log -o -path /var/cache \\) -prune -o -print | sort; }
run() { ps -eo args | grep -E '^(node )?[^ ]*lm-(serve|tls|frame)' || :; }
if dpkg -i /mnt/lm.deb >/tmp/refused 2>&1; then exit 1; fi
grep -q 'depends on nodejs (>= 20)' /tmp/refused && dpkg -P lm >/dev/null 2>&1
say "refused without node"
dpkg -i /mnt/nodejs.deb >/dev/null && rm /tmp/refused && node --version
man -w man >/dev/null; mkdir -p /var/lib/private; list >/mnt/before
begun=$(date +%s%N)
dpkg -i /mnt/lm.deb
say "installed in $(( ($(date +%s%N) - begun) / 1000000 )) ms"
man lm 2>/dev/null | grep -q 'log monitoring out of pipes' && man lm-setup >/dev/null 2>&1 && for c in cert fifo frame serve tls-recv tls-send; do man lm-$c >/dev/null 2>&1; lm-$c -V; done
test "$(echo hello | lm-frame -i x | lm-frame -d)" = hello
say "pages and commands"
setsid sh /usr/share/doc/lm/examples/demo.sh >/tmp/demo 2>&1 &
for i in $(seq 100); do page=$(sed -n 's/^  \\(http.*\\)$/\\1/p' /tmp/demo); [ -z "$page" ] || break; sleep 0.2; done
for i in $(seq 100); do curl -sf "$page"api/tail | grep -q 'level=info' && break; sleep 0.2; done
curl -sf "$page"api/tail | tail -n 1; curl -sf "$page" | grep '<title>'
kill $!; wait $! || [ $? = 143 ]
test -z "$(run)" && tail -n 1 /tmp/demo && rm /tmp/demo && ls -A /tmp
say "demo"
echo '# mine' >> /etc/lm/authorized
dpkg -r lm && grep -q mine /etc/lm/authorized && test ! -e /usr/bin/lm-frame
say "removed, settings stay"
mkdir -p /var/lib/private/lm/journal /var/lib/lm && touch /var/lib/private/lm/journal/000000000001.ndjson && ln -s ../private/lm/journal /var/lib/lm/journal
dpkg -P lm
if dpkg -s lm 2>/dev/null; then exit 1; fi
list >/mnt/after; comm -3 /mnt/before /mnt/after
say "purged"
`;

test('the package in a fresh Debian with this machine\'s node as nodejs: refused without node, installed, man, demo, removed, purged, nothing left', timed(600_000, async () => withFolder((dir) => {
  if (!process.env['LM_SOAK']) return console.log('SKIPPED debian.test.ts: takes a minute or more and needs Debian\'s mirror; make soak runs it');
  const made = sh(`tree=$(mktemp -d) && make -s -o all install PREFIX=/usr ZSHDIR=/usr/share/zsh/vendor-completions DESTDIR=$tree && sh lib/debian/build.sh $tree ${dir} && mv ${dir}/lm_*.deb ${dir}/lm.deb
    rm -rf $tree; mkdir -p ${dir}/node/usr/bin ${dir}/node/DEBIAN && cp ${process.execPath} ${dir}/node/usr/bin/node &&
    printf 'Package: nodejs\\nVersion: ${process.versions.node}\\nArchitecture: all\\nMaintainer: test <lm@localhost>\\nDescription: node of the machine that tests\\n' > ${dir}/node/DEBIAN/control &&
    dpkg-deb --root-owner-group -Znone --build ${dir}/node ${dir}/nodejs.deb`);
  assert.is(made.code, 0, made.err + made.out);
  const { status, stdout, stderr } = spawnSync(HELPER, [dir, SCRIPT], { encoding: 'utf8', timeout: 590_000 });
  if (status === 77) return console.log(`SKIPPED debian.test.ts: ${stderr.trim()}`);
  assert.is(status, 0, stdout + stderr);
  for (const step of ['refused without node', 'installed in', 'pages and commands', 'demo', 'removed, settings stay']) assert.match(stdout, `== ${step}`);
  assert.match(stdout, /level=info load=.*\n.*<title>lm: logs/);
  assert.match(stdout, /lm demo: ended\n== demo/);
  assert.is(stdout.split('== removed, settings stay\n')[1]?.split('\n').filter((line) => line.startsWith('/') || line.startsWith('\t')).join('\n'), '', stdout);
  report(`${/installed in .*/.exec(stdout)?.[0]}`);
})));

test.run();
