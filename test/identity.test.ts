import { chmodSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readIdentity } from '../lib/identity.ts';
import { pinOfFile } from '../lib/pem.ts';
import { sh, timed, withFolder } from './sh.ts';

const MAKE = `openssl ecparam -genkey -name prime256v1 > k && openssl req -x509 -key k -subj /CN=x > c &&
  cat k c > both && cat c k > reversed &&
  openssl req -x509 -newkey rsa:2048 -nodes -keyout rk -subj /CN=y > rc && cat k rc > other && cat k c rc > chain &&
  openssl pkey -in k -aes128 -passout pass:x > locked && cat c >> locked &&
  openssl ec -in k -aes128 -passout pass:x > oldlocked && cat c >> oldlocked &&
  openssl genpkey -algorithm x25519 > xk &&
  openssl x509 -new -force_pubkey <(openssl pkey -in xk -pubout) -key k -subj /CN=x > xc && cat xk xc > exchange &&
  { cat k; sed 3d c; } > damaged`;

test('key and certificate in any order, with a chain, and its pin', timed(20_000, () => withFolder(async (dir) => {
  assert.is(sh(`cd ${dir} && ${MAKE}`).code, 0);
  const key = sh(`cat ${dir}/k`).out;
  const pin = pinOfFile(Buffer.from(key));
  for (const file of ['both', 'reversed', 'chain']) {
    chmodSync(`${dir}/${file}`, 0o640);
    const identity = await readIdentity(`${dir}/${file}`);
    assert.is(identity.pin, pin);
    assert.ok(key.includes(identity.key));
    assert.is(identity.cert, sh(`cat ${dir}/c ${file === 'chain' ? `${dir}/rc` : ''}`).out);
  }
})));

test('what cannot be used is said', timed(20_000, () => withFolder(async (dir) => {
  assert.is(sh(`cd ${dir} && ${MAKE}`).code, 0);
  for (const [file, fact] of [
    ['k', 'no certificate in it'],
    ['c', 'no private key in it'],
    ['other', 'its key and its certificate do not belong together'],
    ['locked', 'its private key is encrypted, and no passphrase is asked for'],
    ['oldlocked', 'its private key is encrypted, and no passphrase is asked for'],
    ['damaged', 'its certificate is damaged'],
  ] as const) {
    const message = await readIdentity(`${dir}/${file}`).then(() => 'read', (err: Error) => err.message);
    assert.is(message, `cannot use ${dir}/${file}: ${fact}`);
  }
  assert.match(await readIdentity(`${dir}/exchange`).then(() => 'read', (err: Error) => err.message), /: not fit for TLS: /);
  assert.is(await readIdentity(`${dir}/none`).then(() => 'read', (err: Error) => err.message), `cannot read ${dir}/none: ENOENT`);
})));

test('a key that others may read is used, with a warning', timed(20_000, () => withFolder(async (dir) => {
  assert.is(sh(`cd ${dir} && ${MAKE}`).code, 0);
  const write = process.stderr.write;
  let said = '';
  process.stderr.write = (text: string | Uint8Array): boolean => ((said += String(text)), true);
  try {
    for (const mode of [0o600, 0o640, 0o604]) {
      chmodSync(`${dir}/both`, mode);
      await readIdentity(`${dir}/both`);
      said += `${mode.toString(8)} `;
    }
  } finally {
    process.stderr.write = write;
  }
  assert.is(said, `600 640 lm: others may read the private key in ${dir}/both: chmod o= ${dir}/both\n604 `);
})));

test.run();
