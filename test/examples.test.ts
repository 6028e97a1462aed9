/** The examples that other tests do not run: the README's, those of lm(7), lm-serve(1) and lm-record(5), as they stand, on a machine of their own. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Machine } from './machine.ts';
import { sh, stopAll, timed, until, withFolder, type Running } from './sh.ts';
import { examplesOf } from './tls.ts';

const machine = Machine.forProcess();

/** One user at one machine, in an empty folder: lines are typed as they stand, pins filled in. */
class Desk {
  readonly #m: Machine;
  readonly #folder: string;
  readonly #running: Running[] = [];

  constructor(m: Machine) {
    this.#m = m;
    this.#folder = m.run(`mktemp -d -p /srv`).trim();
    m.run('grep -q logs.example.com /etc/hosts || echo 127.0.0.1 logs.example.com >> /etc/hosts; mkdir -p /var/log/nginx && : > /var/log/nginx/access.log');
  }

  run(line: string): string {
    return this.#m.run(`cd ${this.#folder} && ${line}`);
  }

  /** A line that goes on. */
  start(line: string): Running {
    const r = this.#m.start(`cd ${this.#folder} && ${line.replace(/ &$/, '')}`);
    this.#running.push(r);
    return r;
  }

  pin(file: string): string {
    return this.run(`lm-cert -p ${file}`).trim();
  }

  /** Until the shell line succeeds; one entry into the machine, since each may take a second. */
  comes(line: string): void {
    try {
      this.run(`for i in $(seq 100); do { ${line}; } && exit; sleep 0.2; done; exit 1`);
    } catch (err) {
      throw new Error(`${(err as Error).message} ${this.#running.map((r) => r.err)}`, { cause: err });
    }
  }

  async leave(): Promise<void> {
    for (const r of this.#running) r.kill('SIGKILL');
    await Promise.all(this.#running.map((r) => r.closed));
  }
}

function at(name: string, body: (desk: Desk) => Promise<void>): void {
  test(name, timed(120_000, async () => {
    if (typeof machine === 'string') return console.log(`SKIPPED ${name}: ${machine}`);
    const desk = new Desk(machine);
    await body(desk).finally(() => desk.leave());
  }));
}

/** Lines of the page from the first that begins with `from`; it must be there. */
function linesFrom(lines: string[], from: string): string[] {
  const first = lines.findIndex((line) => line.startsWith(from));
  assert.ok(first >= 0, `no example ${from}`);
  return lines.slice(first);
}

at('README: by hand, from keys to the line on the page', async (desk) => {
  const readme = readFileSync('README.md', 'utf8');
  const typed = [...readme.matchAll(/^ {4}\$ (.*(?:(?<=\|)\n {8}.*)*)$/gm)].map((m) => (m[1] ?? '').replace(/\n +/g, ' '));
  const [receiver = '', sender = '', list = '', serve = '', recv = '', send = '', one = '', two = '', ...more] = linesFrom(typed, 'lm-cert');
  assert.equal(more, []);
  const pins = [desk.run(receiver).trim(), desk.run(sender).trim()];
  desk.run('printf "2026-11-22 22:05:09 status %s libc-bin:amd64\\n" unpacked half-configured installed > /var/log/dpkg.log');
  desk.run(list.replace(/sha256:\S+/, pins[1] ?? ''));
  await desk.start(serve).says(/lm-serve: listening on http:\/\/127\.0\.0\.1:5334\//);
  const receiving = desk.start(recv);
  await receiving.says(/lm-tls-recv: listening on \[::\]:5333/);
  desk.start(send.replace(/sha256:\S+/, pins[0] ?? ''));
  await receiving.says(/web1 \(127\.0\.0\.1\) is here: lm-tls-send \d/);
  desk.comes(`${two} | grep installed`);
  assert.match(desk.run(one), /^\{"id":"web1\/dpkg","run":"\w{8}","n":3,"ts":\d{13},"msg":"2026-11-22 22:05:09 status installed /);
  assert.match(desk.run(two), /^2026.* half-configured .*\n2026.* installed .*\n$/);
});

at('lm(7): from nothing to the page, and what else the records are good for', async (desk) => {
  const [receiver = '', sender = '', list = '', ...rest] = examplesOf('lm.7');
  const [folder = '', serve = '', recv = '', send = '', watch = '', plain = '', copy = '', jq = '', ...more] = rest;
  assert.equal(more, []);
  desk.run(receiver);
  desk.run(sender);
  desk.run(list.replace('sha256:...', desk.pin('sender.pem')));
  desk.run(folder);
  desk.start(serve);
  desk.comes('test -p /run/lm/in');
  const receiving = desk.start(recv);
  desk.start(send.replace('sha256:...', desk.pin('receiver.pem')));
  const write = 'echo "10.0.0.1 GET / Error 500" >> /var/log/nginx/access.log';
  desk.comes(`${write}; curl -s http://127.0.0.1:5334/api/tail | grep web1/nginx`);
  const watching = desk.start(`stdbuf -oL ${watch.replace('| grep', '| grep --line-buffered')}`);
  await until(() => watching.out.includes('Error 500'), 10_000);
  await stopAll(receiving);
  const text = desk.start(plain);
  await text.says(/web1 .* is (back|here)/);
  desk.run(write);
  await until(() => text.out.includes('GET / Error 500\n'), 20_000, () => text.err);
  await stopAll(text);
  const tee = desk.start(copy);
  desk.comes(`${write}; grep Error all.ndjson`);
  await stopAll(tee);
  const messages = desk.start(jq.replace('...', '-k receiver.pem -a authorized'));
  await messages.says(/web1 .* is (back|here)/);
  desk.run(write);
  await until(() => messages.out.includes('10.0.0.1 GET / Error 500\n'), 20_000, () => messages.err);
});

at('lm-serve(1): for colleagues, with passwords and HTTPS; and the block for nginx', async (desk) => {
  const [users = '', cert = '', serve = ''] = linesFrom(examplesOf('lm-serve.1'), 'htpasswd');
  desk.run('mkdir -p /run/lm');
  desk.run(users.replace('-B -c users ann', '-bBc users ann secret'));
  desk.run(cert);
  const serving = desk.start(serve);
  await serving.says(/listening on https:/);
  desk.run('echo \'{"id":"x","msg":"hello"}\' > /run/lm/in');
  desk.comes('curl -sk -u ann:secret https://logs.example.com:5334/api/tail | grep hello');
  assert.is(desk.run("curl -sk -o out -w '%{http_code}' https://logs.example.com:5334/api/tail"), '401');
  await stopAll(serving);

  const page = readFileSync('man/lm-serve.1', 'utf8').replaceAll('\\(dq', '"').replaceAll('\\(aq', "'");
  const [block = '', map = ''] = [...page.matchAll(/^\.Bd -literal -offset indent\n((?:location|map) [^]*?)^\.Ed/gm)].map((m) => m[1]);
  const conf = `pid nginx.pid; events {} http { access_log off; ${map} server { listen 80; ${block} } }`;
  desk.run(`mkdir -p logs && cat > nginx.conf <<'END'\n${conf}\nEND`);
  desk.start('exec nginx -p $PWD -c nginx.conf -e stderr -g "daemon off; master_process off; user root;"');
  desk.start('exec lm-serve --trust-user X-Remote-User --host-name example.com /run/lm/in');
  desk.run('grep -q " example.com" /etc/hosts || echo 127.0.0.1 example.com >> /etc/hosts');
  desk.comes('curl -s -u ann:secret http://example.com/logs/api/streams | grep epoch');
  assert.is(desk.run("curl -s -o out -w '%{http_code}' http://example.com/logs/"), '401');
});

test('lm-record(5): a record from a shell, and one stream out of many', () => withFolder((folder) => {
  const [printf = '', grep = '', ...more] = examplesOf('lm-record.5').map((line) => line.replaceAll('\\e', '\\'));
  assert.equal(more, []);
  assert.is(sh(`${printf} | lm-frame -d`).out, 'version 1.4.2 is out\n');
  const mine = '{"id":"web1/nginx","run":"a","n":1,"ts":1,"msg":"x"}\n';
  writeFileSync(join(folder, 'app.records'), `${mine}{"id":"web1/nginx2","msg":"y"}\n`);
  assert.is(sh(`cd ${folder} && ${grep}`).out, mine);
}));

test('every page with something to type has a test that names it', () => {
  const tests = readdirSync('test').filter((name) => name.endsWith('.test.ts')).map((name) => readFileSync(join('test', name), 'utf8')).join('');
  for (const page of readdirSync('man')) {
    if (/^\.(Dl [$#]|Sh EXAMPLES)/m.test(readFileSync(join('man', page), 'utf8'))) assert.match(tests, new RegExp(`\\b${page.replace('.', '\\.')}\\b`), page);
  }
});

test.run();
