import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIdentity } from '../lib/identity.ts';
import { presentedPin } from '../lib/presented.ts';
import { sh, startLine, timed, until, withFolder } from './sh.ts';

const USAGE = 'usage: lm-cert [-hV] [-c host[:port]] [-p file] [name [host ...]]\n';
const UNVERIFIED = 'lm-cert: unverified: anyone in between could have presented this pin, '
  + 'so compare it with what lm-cert -p prints on that machine\n';
const PIN = /^sha256:[A-Za-z0-9_-]{43}\n$/;
const OPENSSL_PIN = 'openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64 | tr +/ -_ | tr -d =';

test('-h goes to stdout and leaves with 0', () => {
  const r = sh('lm-cert -h');
  assert.ok(r.out.startsWith(USAGE));
  assert.equal([r.err, r.code], ['', 0]);
  assert.match(sh('lm-cert --version').out, /^lm-cert \d+\.\d+\.\d+\n$/);
});

test('mistakes on the command line make nothing', () => withFolder((dir) => {
  const hosts = Array.from({ length: 101 }, (_, i) => `h${i}`).join(' ');
  for (const [line, message] of [
    ['lm-cert', 'no name given'],
    ['lm-cert -x n', 'unknown option -x'],
    ['lm-cert --days=3 n', 'unknown option --days'],
    ['lm-cert -p n -p n', 'option --print given twice'],
    ['lm-cert -c a -c b', 'option --connect given twice'],
    ['lm-cert -p', 'option --print needs a value'],
    ['lm-cert -p f -c h', 'options --connect and --print exclude each other'],
    ['lm-cert -p f n', 'option --print takes no operand'],
    ['lm-cert n -c h', 'option --connect takes no operand'],
    ['lm-cert -c h:x', 'option --connect: address h:x is not understood'],
    ['lm-cert -c h:0', 'option --connect: port 0 is out of range'],
    ["lm-cert ''", 'an empty text cannot be the name of a file'],
    ['lm-cert sub/', 'sub/ cannot be the name of a file'],
    ['lm-cert ..', '.. cannot be the name of a file'],
    ['lm-cert n.pem', 'give the name without .pem: n'],
    ['lm-cert n.crt', 'give the name without .crt: n'],
    ['lm-cert n a_b a,b', 'a,b is no host name and no address'],
    ['lm-cert n 1.2.3', '1.2.3 is no host name and no address'],
    ['lm-cert n fe80::1%eth0', 'fe80::1%eth0 is no host name and no address'],
    ["lm-cert n '*.1.2.3.4'", '*.1.2.3.4 is no host name and no address'],
    ["lm-cert n 'a.*'", 'a.* is no host name and no address'],
    ["lm-cert n ''", ' is no host name and no address'],
    ['lm-cert n a b a', 'a host is given twice'],
    [`lm-cert n ${hosts}`, 'more than 100 hosts given'],
  ] as const) assert.equal(sh(`cd ${dir} && ${line}`), { out: '', err: `lm-cert: ${message}\n${USAGE}`, code: 2 }, line);
  assert.equal(readdirSync(dir), []);
}));

test('makes a key for its owner only and a certificate, and prints the pin that openssl finds', () => withFolder((dir) => {
  for (const umask of ['022', '000', '077']) {
    const r = sh(`cd ${dir} && rm -f * && umask ${umask} && lm-cert r logs.example.com '*.example.org' 192.0.2.7 2001:db8::7`);
    assert.equal([r.err, r.code], ['', 0]);
    assert.match(r.out, PIN);
    assert.is(statSync(`${dir}/r.pem`).mode & 0o777, 0o600);
    assert.is(statSync(`${dir}/r.crt`).mode & 0o777, 0o666 & ~Number.parseInt(umask, 8) & 0o644);
    assert.is(`sha256:${sh(`openssl x509 -in ${dir}/r.crt -noout -pubkey | ${OPENSSL_PIN}`).out}`, r.out);
    assert.is(`sha256:${sh(`openssl pkey -in ${dir}/r.pem -pubout | ${OPENSSL_PIN}`).out}`, r.out);
    for (const file of ['r.pem', 'r.crt']) assert.equal(sh(`lm-cert -p ${dir}/${file}`), { out: r.out, err: '', code: 0 });
    const pem = readFileSync(`${dir}/r.pem`, 'utf8');
    assert.ok(pem.endsWith(readFileSync(`${dir}/r.crt`, 'utf8')));
    assert.is(`${parseIdentity(pem).pin}\n`, r.out);
  }
  assert.equal(readdirSync(dir).sort(), ['r.crt', 'r.pem']);
}));

test('the certificate as openssl reads it', () => withFolder((dir) => {
  sh(`cd ${dir} && lm-cert r logs.example.com '*.example.org' 192.0.2.7 2001:db8::7 && lm-cert here`);
  const text = sh(`openssl x509 -in ${dir}/r.crt -noout -text`).out;
  for (const part of [
    /Signature Algorithm: ecdsa-with-SHA256/, /ASN1 OID: prime256v1/,
    /Issuer: CN = logs\.example\.com\n/, /Subject: CN = logs\.example\.com\n/,
    /Basic Constraints: critical\s+CA:FALSE/, /Key Usage: critical\s+Digital Signature\n/,
    /Extended Key Usage: \s+TLS Web Server Authentication, TLS Web Client Authentication\n/,
    /Subject Alternative Name: \s+DNS:logs\.example\.com, DNS:\*\.example\.org, IP Address:192\.0\.2\.7, IP Address:2001:DB8:0:0:0:0:0:7\n/,
  ]) assert.match(text, part);
  assert.equal(sh(`openssl verify -x509_strict -CAfile ${dir}/r.crt ${dir}/r.crt`).code, 0);
  const { validFrom, validTo, publicKey, serialNumber } = new X509Certificate(readFileSync(`${dir}/r.crt`));
  const age = Date.now() - Date.parse(validFrom);
  assert.ok(age > 86_300_000 && age < 87_000_000, validFrom);
  assert.is(new Date(validTo).getUTCFullYear() - new Date(validFrom).getUTCFullYear(), 100);
  assert.is(publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  const here = new X509Certificate(readFileSync(`${dir}/here.crt`));
  assert.is(here.subjectAltName, `DNS:${hostname()}`);
  assert.is.not(here.serialNumber, serialNumber);
}));

test('nothing is overwritten, and where one file is in the way none is made', () => withFolder((dir) => {
  const exists = (file: string): string => `lm-cert: cannot make ${file}: it exists, and is never overwritten\n`;
  writeFileSync(`${dir}/a.pem`, 'old');
  writeFileSync(`${dir}/b.crt`, 'old');
  symlinkSync(`${dir}/nowhere`, `${dir}/c.pem`);
  for (const [name, file] of [['a', 'a.pem'], ['b', 'b.crt'], ['c', 'c.pem']]) {
    assert.equal(sh(`cd ${dir} && lm-cert ${name} h`), { out: '', err: exists(file ?? ''), code: 1 });
  }
  assert.equal(readdirSync(dir).sort(), ['a.pem', 'b.crt', 'c.pem']);
  assert.is(readFileSync(`${dir}/a.pem`, 'utf8') + readFileSync(`${dir}/b.crt`, 'utf8'), 'oldold');
  assert.equal(sh(`cd ${dir} && lm-cert no/r h`), { out: '', err: 'lm-cert: cannot make no/r.pem: ENOENT\n', code: 1 });
  assert.is(sh(`cd ${dir} && lm-cert -- -r h && lm-cert -p ./-r.crt`).code, 0);
}));

test('what cannot be written whole is removed again', () => withFolder((dir) => {
  const r = sh(`cd ${dir} && ulimit -f 0 && lm-cert r h`);
  assert.equal([r.out, r.err, r.code], ['', 'lm-cert: cannot make r.pem: EFBIG\n', 1]);
  assert.equal(readdirSync(dir), []);
}));

test('a signal at any time leaves both files or none', timed(30_000, () => withFolder(async (dir) => {
  const outcomes = new Set<string>();
  for (let ms = 20; ms <= 220; ms += 20) {
    const name = `${dir}/n${ms}`;
    const r = startLine(`exec lm-cert ${name} h`);
    await new Promise((resolve) => setTimeout(resolve, ms));
    r.kill('SIGTERM');
    await r.closed;
    const made = existsSync(`${name}.pem`);
    assert.is(existsSync(`${name}.crt`), made);
    if (made) parseIdentity(readFileSync(`${name}.pem`, 'utf8'));
    else assert.is(r.signal, 'SIGTERM');
    outcomes.add(made ? 'made' : 'none');
  }
  assert.ok(outcomes.has('none'));
})));

test('a full standard output is said, a reader that leaves is not', () => withFolder((dir) => {
  assert.equal(sh(`cd ${dir} && lm-cert r h > /dev/full`), { out: '', err: 'lm-cert: cannot write standard output: ENOSPC\n', code: 1 });
  assert.match(sh(`lm-cert -p ${dir}/r.pem`).out, PIN, 'the files are there');
  assert.equal(sh('lm-cert - h > /dev/full').code, 1);
  assert.equal(sh(`lm-cert -p ${dir}/r.crt > /dev/full`).err, 'lm-cert: cannot write standard output: ENOSPC\n');
  const left = sh(`cd ${dir} && { lm-cert s h; echo rc=$? >&2; } | true; ls`);
  assert.equal([left.out, left.err], ['r.crt\nr.pem\ns.crt\ns.pem\n', 'rc=0\n']);
}));

test('- gives key and certificate on stdout, the pin on stderr, and makes no file', () => withFolder((dir) => {
  const r = sh(`cd ${dir} && lm-cert - web2`);
  assert.is(r.code, 0);
  const { pin } = parseIdentity(r.out);
  assert.is(r.err, `lm-cert: pin ${pin}\n`);
  assert.equal(readdirSync(dir), []);
  assert.equal(sh('lm-cert -p -', r.out), { out: `${pin}\n`, err: '', code: 0 });
  assert.equal(sh('cat | lm-cert -p-', r.out), { out: `${pin}\n`, err: '', code: 0 });
}));

test('-p: files that have no pin', () => withFolder((dir) => {
  writeFileSync(`${dir}/text`, 'hello\n');
  const nothing = 'no certificate and no key in it';
  assert.equal(sh(`lm-cert -p ${dir}/text`), { out: '', err: `lm-cert: cannot use ${dir}/text: ${nothing}\n`, code: 1 });
  assert.equal(sh(`lm-cert -p ${dir}/none`), { out: '', err: `lm-cert: cannot read ${dir}/none: ENOENT\n`, code: 1 });
  assert.equal(sh(`lm-cert -p ${dir}`), { out: '', err: `lm-cert: cannot read ${dir}: EISDIR\n`, code: 1 });
  assert.equal(sh('lm-cert -p -'), { out: '', err: `lm-cert: cannot use standard input: ${nothing}\n`, code: 1 });
  assert.equal(sh('yes | lm-cert -p -').err, 'lm-cert: cannot read standard input: longer than 1 MiB\n');
  assert.equal(sh('lm-cert -p /dev/zero').err, 'lm-cert: cannot read /dev/zero: longer than 1 MiB\n');
}));

test('-c: the pin of whoever answers, marked as unverified', timed(30_000, () => withFolder(async (dir) => {
  const pin = sh(`cd ${dir} && lm-cert r h`).out;
  const pem = readFileSync(`${dir}/r.pem`, 'utf8');
  const strict: TlsOptions = { requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' };
  for (const options of [{}, { ALPNProtocols: ['lm/1'] }, { ALPNProtocols: ['http/1.1'] }, strict]) {
    const server = createTlsServer({ key: pem, cert: pem, ...options }, (socket) => socket.on('error', () => {}).resume());
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const r = startLine(`exec lm-cert -c localhost:${port}`);
    await r.closed;
    server.close();
    assert.equal([r.out, r.err, r.code], [pin, UNVERIFIED, 0], JSON.stringify(options));
  }
})));

test('-c: a server of openssl, and of socat that wants a certificate of ours', timed(30_000, () => withFolder(async (dir) => {
  const pin = sh(`cd ${dir} && lm-cert r h`).out;
  const free = (): Promise<number> => new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
  for (const serve of [
    (port: number) => `openssl s_server -accept 127.0.0.1:${port} -key r.pem -cert r.crt -quiet`,
    (port: number) => `socat OPENSSL-LISTEN:${port},bind=127.0.0.1,fork,cert=r.pem,cafile=r.crt,verify=1 -`,
  ]) {
    const port = await free();
    const server = startLine(`cd ${dir} && exec ${serve(port)}`);
    let r = sh(`lm-cert -c 127.0.0.1:${port}`);
    await until(() => (r = sh(`lm-cert -c 127.0.0.1:${port}`)).code === 0, 10_000, () => r.err + server.err);
    assert.equal(r, { out: pin, err: UNVERIFIED, code: 0 });
    server.kill();
    await server.closed;
    const refused = `lm-cert: cannot connect to 127.0.0.1:${port}: ECONNREFUSED\n`;
    assert.equal(sh(`lm-cert -c 127.0.0.1:${port}`), { out: '', err: refused, code: 1 });
  }
})));

test('-c: who does not speak TLS, and who says nothing', timed(30_000, async () => {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket.on('error', () => {}));
    socket.once('data', () => wordy && socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  });
  let wordy = true;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const reason = (): Promise<string> => presentedPin({ host: '127.0.0.1', port }, 300).then(() => 'a pin', (err: Error) => err.message);
    assert.match(await reason(), new RegExp(`^cannot connect to 127\\.0\\.0\\.1:${port}: [A-Z_]+$`));
    wordy = false;
    assert.is(await reason(), `cannot connect to 127.0.0.1:${port}: no answer within 0.3 s`);
  } finally {
    connections.forEach((socket) => socket.destroy());
    server.close();
  }
}));

test('strangers verify it: curl by name and by address, openssl s_client', timed(30_000, () => withFolder(async (dir) => {
  sh(`cd ${dir} && lm-cert r logs.example.com 127.0.0.1`);
  const pem = readFileSync(`${dir}/r.pem`, 'utf8');
  const server = createTlsServer({ key: pem, cert: pem }, (socket) => {
    socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const outcome = async (line: string): Promise<number | null> => {
    const r = startLine(`cd ${dir} && ${line}`);
    r.child.stdin?.end();
    await r.closed;
    return r.code;
  };
  const curl = `curl -sS -f --cacert r.crt --resolve logs.example.com:${port}:127.0.0.1 --resolve other.example.com:${port}:127.0.0.1`;
  assert.is(await outcome(`${curl} https://logs.example.com:${port}/`), 0);
  assert.is(await outcome(`${curl} https://127.0.0.1:${port}/`), 0);
  assert.is(await outcome(`${curl} https://other.example.com:${port}/`), 60, 'another name is refused');
  assert.is(await outcome(`openssl s_client -connect 127.0.0.1:${port} -CAfile r.crt -verify_return_error -verify_ip 127.0.0.1`), 0);
  server.close();
})));

/** The commands of the EXAMPLES, with their continuation lines. */
function examples(page: string): string[] {
  const text = readFileSync(fileURLToPath(new URL(`../man/${page}`, import.meta.url)), 'utf8');
  const lines = [...text.slice(text.indexOf('.Sh EXAMPLES')).matchAll(/^\.Dl (.*)$/gm)].map(([, line = '']) => line);
  const plain = lines.join('\n').replaceAll('\\(dq', '"').replaceAll('\\e', '\\');
  return plain.split(/^\$ /m).slice(1).map((line) => line.replaceAll('\\ ', ' ').trimEnd());
}

test('the examples of the manual pages work as they stand', timed(60_000, () => withFolder(async (dir) => {
  // What belongs to other machines is played here: ssh runs its command at home, and the receiver answers on this one.
  const bin = `${dir}/bin`;
  sh(`mkdir -p ${bin} ${dir}/.config/lm`);
  writeFileSync(`${bin}/ssh`, '#!/bin/sh\nshift; exec sh -c "$*"\n', { mode: 0o755 });
  const list = examples('lm-cert.1');
  assert.is(list.length, 10);
  sh(`cd ${dir} && lm-cert receiver h`);
  const pem = readFileSync(`${dir}/receiver.pem`, 'utf8');
  const pin = sh(`cd ${dir} && lm-cert -p receiver.crt && rm receiver.*`).out;
  const server = createTlsServer({ key: pem, cert: pem }, (socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const outputs: string[] = [];
  for (const line of list) {
    const local = line.replace('-c logs.example.com', `-c 127.0.0.1:${port}`);
    const r = startLine(`cd ${dir} && PATH=${bin}:$PATH && ${local}`, { env: { HOME: dir } });
    r.child.stdin?.end();
    await r.closed;
    assert.is(r.code, 0, `${line}: ${r.err}`);
    outputs.push(r.out);
  }
  server.close();
  const [made, sender, , , presented, there, byOpenssl, , , rsa] = outputs;
  for (const out of [made, sender, rsa]) assert.match(out ?? '', PIN);
  assert.is(presented, pin);
  assert.equal([there, `sha256:${byOpenssl}`], [made, made]);
  assert.is(readFileSync(`${dir}/authorized`, 'utf8'), `web1 ${sender?.trim()} web1/*\n`);
  parseIdentity(readFileSync(`${dir}/.config/lm/sender.pem`, 'utf8'));
  assert.is(statSync(`${dir}/.config/lm/sender.pem`).mode & 0o777, 0o600);
  assert.equal(examples('lm-authorized.5').map((line) => sh(`cd ${dir} && ${line}`).code), [0]);
})));

test.run();
