/** The way of lm-setup(7), line by line as it stands there, on a machine that systemd runs. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from './machine.ts';
import { timed } from './sh.ts';

const page = readFileSync('man/lm-setup.7', 'utf8');

/** What is typed in a section, in its order; the page is one machine's worth of commands, as this test is. */
function typed(section: string): string[] {
  const text = page.split(`\n.Sh ${section}\n`)[1]?.split('\n.Sh ')[0] ?? '';
  const plain = text.replace(/^\.Dl # (.*)$/gm, '\n# $1\n').replaceAll('\\e', '\\');
  // Lines that go on: a loop, a pipeline.
  return plain.split('\n').filter((line) => line.startsWith('# ')).join('\n').replace(/\n#( {3,}|(?= done))/g, '\n')
    .split(/\n(?=# )/).map((line) => line.replace(/^# ?/gm, '')).filter(Boolean);
}

const machine = Machine.forProcess();

test('receiver, sender, nine more, nginx, changes, counters, and a sender without Node', timed(200_000, async () => {
  if (typeof machine === 'string') return console.log(`SKIPPED setup.test.ts: ${machine}`);
  const m = machine;
  const run = (line: string): string => {
    try {
      return m.run(line);
    } catch (err) {
      throw new Error(`${(err as Error).message}\n${m.try('journalctl -n 30 -o cat').out}`);
    }
  };
  const pin = (file: string): string => run(`lm-cert -p ${file}`).trim();
  const page = (path: string, more = ''): string => m.try(`curl -s ${more} 'http://127.0.0.1:5334/${path}'`).out;
  const comes = (text: string, from: string, more = ''): void => {
    run(`for i in $(seq 200); do ${from}; curl -s ${more} 'http://127.0.0.1:5334/api/tail?lines=all' | grep -q '${text}' && exit; sleep 0.2; done; exit 1`);
  };

  m.run('echo 127.0.0.1 logs.example.com >> /etc/hosts; mkdir -p /var/log/nginx; touch /var/log/nginx/access.log');
  // Ssh to any machine is this one, with folders of its own.
  m.write('/usr/local/bin/ssh', '#!/bin/sh\nto=/srv/${1#root@}\nmkdir -p $to\nsh -c "$(echo "$2" | grep -v systemctl | sed "s|/etc/lm|$to|g; s|-C /|-C $to|")"\n');
  m.run('chmod +x /usr/local/bin/ssh; rm -f /etc/nginx/sites-enabled/default; mkdir -p /usr/share/doc/lm; ln -s /usr/local/share/doc/lm/examples /usr/share/doc/lm/');

  for (const line of typed('THE RECEIVER')) run(line);
  const receiver = pin('/etc/lm/receiver.pem');
  const lines = typed('A SENDER');
  const nine = lines.findIndex((line) => line.startsWith('pin='));
  for (const line of lines.slice(0, nine)) run(line.replace('sha256:...', () => (/receivers/.test(line) ? receiver : pin('/etc/lm/sender.pem'))));
  run(lines.slice(nine).join('\n'));
  assert.is(run('grep -c "^web" /etc/lm/authorized').trim(), '10');
  assert.match(run('cat /srv/web10/receivers'), `logs.example.com ${receiver}`);
  comes('"id":"web1/nginx".*one line', 'echo one line >> /var/log/nginx/access.log');
  comes('"id":"web1/nginx".*a second', 'echo a second >> /var/log/nginx/access.log');
  comes('"id":"web1/lm-recv"', ':');

  run('cd /etc/nginx && lm-cert lm logs.example.com && mv lm.pem lm.key');
  for (const line of typed('THE PAGE BEHIND NGINX')) run(line.replace('-B -c /etc/nginx/lm.users anna', '-bBc /etc/nginx/lm.users anna secret').replace('systemctl reload nginx', 'nginx'));
  assert.match(run('curl -skf -u anna:secret https://logs.example.com/logs/api/streams'), '"streams":');
  assert.match(run("curl -sk -o /tmp/x -w '%{http_code}' https://logs.example.com/logs/api/streams"), '401');
  const user = "-H 'X-Remote-User: x'";

  const changes = typed('CHANGES');
  for (const line of changes) {
    run(line);
    if (/sender-new web1/.test(line)) run(`echo "web1 ${pin('/etc/lm/sender-new.pem')} web1/*" >> /etc/lm/authorized; systemctl reload lm-recv`);
    // What was taken to the new machine, with other owners, instead of what is here: the new machine.
    if (/^tar/.test(line)) {
      run(`rm -r /var/lib/private/lm/journal && chown -R root:root /srv/logs2 && mv /srv/logs2/var/lib/private/lm/journal /var/lib/private/lm/
        cmp /srv/logs2/etc/lm/receiver.pem /etc/lm/receiver.pem && systemctl enable --now lm-recv.socket lm-recv`);
    }
    if (/receiver-new logs/.test(line)) run(`echo "logs.example.com ${pin('/etc/lm/receiver-new.pem')}" >> /etc/lm/receivers; systemctl restart lm-send@nginx`);
  }
  assert.is(m.try('grep -c "^web3 " /etc/lm/authorized').out.trim(), '0');
  comes('"id":"web1/nginx".*new keys', 'echo new keys >> /var/log/nginx/access.log', user);
  m.waits('grep -q "new keys" /var/lib/lm/journal/*.ndjson');
  assert.match(run('cat /var/lib/lm/journal/*.ndjson | grep -ac one.line'), /^[1-9]/);
  for (const line of typed('COUNTERS AND WHAT TO WATCH')) run(line);
  assert.match(run(`for i in $(seq 50); do journalctl -o cat -u lm-recv | grep 'lines.*senders' && exit; sleep 0.1; done`), /senders/);
  assert.match(page('metrics', user), 'lm_serve_lost_records_total 0');

  run('mkdir -p /root/old && cp /etc/lm/receiver.pem /root/old/ && openssl x509 -in /etc/lm/receiver.pem -out /root/old/receiver.crt && touch /var/log/messages');
  const strangers = typed('SENDERS WITHOUT NODE');
  for (const line of strangers.filter((l) => !l.startsWith('tail'))) {
    run(`cd /root/old && ${line.replace('sha256:...', () => pin('/root/old/old1.pem'))}`);
  }
  const pipelines = strangers.filter((l) => l.startsWith('tail'));
  assert.is(pipelines.length, 2);
  for (const [i, line] of pipelines.entries()) {
    const sender = m.start(`cd /root/old && ${line}`);
    comes(i === 0 ? `"id":"old1","run":.*plain ${i}` : `"id":"old1/messages".*a "quoted\\\\\\\\" tab ${i}`.replace('"quoted\\\\\\\\"', '.*quoted.*'),
      i === 0 ? `echo plain ${i} >> /var/log/messages` : `printf 'a "quoted" tab ${i}\\n' >> /var/log/messages`, user);
    sender.kill('SIGKILL');
  }
}));

test('the way without systemd: the shell of the page', timed(90_000, async () => {
  if (typeof machine === 'string') return;
  const lines = typed('WITHOUT SYSTEMD').filter((line) => !line.startsWith('!') && !line.startsWith('exec'));
  assert.is(lines.length, 5, lines.join('\n'));
  machine.run("systemctl stop 'lm-send*'; systemctl stop 'lm-*.service' 'lm-*.socket'");
  const shell = machine.start(`${lines.join('\n')}\nwait`);
  machine.run(`for i in $(seq 100); do curl -sf http://127.0.0.1:5334/healthz && break; sleep 0.1; done
    for i in $(seq 100); do echo by hand | lm-frame -i web1/hand | lm-tls-send logs.example.com && break; sleep 0.1; done
    for i in $(seq 50); do curl -s http://127.0.0.1:5334/api/tail | grep 'by hand' && exit; sleep 0.1; done; exit 1`);
  shell.kill('SIGKILL');
}));

test.run();
