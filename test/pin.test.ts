import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pinOfFile } from '../lib/pem.ts';
import { isPin, pinOf, pinOfKey } from '../lib/pin.ts';
import { sh, withFolder } from './sh.ts';

test('a pin has one spelling', () => {
  const pin = `sha256:${createHash('sha256').update('x').digest('base64url')}`;
  assert.ok(isPin(pin));
  const last = pin.at(-1) ?? '';
  const next = String.fromCharCode(last.charCodeAt(0) + 1); // decodes to the same 32 bytes
  assert.equal(Buffer.from(pin.slice(7, -1) + next, 'base64url'), Buffer.from(pin.slice(7), 'base64url'));
  for (const text of [
    '', 'sha256:', pin.slice(0, -1), `${pin}A`, `${pin} `, `${pin}\n`, pin.slice(0, -1) + next, pin.toUpperCase(), `sha1:${pin.slice(7)}`,
  ]) assert.not(isPin(text), text);
});

test('a key has one pin: in a certificate, private or public, in every spelling of openssl', () => withFolder((dir) => {
  for (const [name, make] of [
    ['ec', 'openssl ecparam -genkey -name prime256v1'],
    ['rsa', 'openssl genrsa -traditional 2048'],
    ['ed25519', 'openssl genpkey -algorithm ed25519'],
  ] as const) {
    const made = sh(`cd ${dir} && rm -f k* c* && ${make} > k &&
      openssl req -x509 -key k -subj /CN=x -out c && openssl x509 -in c -outform DER > c.der &&
      openssl x509 -in c -text > c.txt && openssl pkey -in k -pubout > k.pub && cat k c > kc && openssl pkey -in k > k8 &&
      openssl pkey -in k -pubout -outform DER | openssl dgst -sha256 -binary | base64 | tr +/ -_ | tr -d =`);
    assert.is(made.code, 0, made.err);
    const pin = `sha256:${made.out.trim()}`;
    assert.ok(isPin(pin), name);
    for (const file of ['k', 'k8', 'k.pub', 'c', 'c.der', 'c.txt', 'kc']) {
      assert.is(pinOfFile(readFileSync(`${dir}/${file}`)), pin, `${name} ${file}`);
    }
    assert.is(pinOf(new X509Certificate(readFileSync(`${dir}/c`))), pin);
    assert.is(pinOfKey(createPublicKey(createPrivateKey(readFileSync(`${dir}/k`)))), pin);
  }
}));

test('files without a pin', () => withFolder((dir) => {
  sh(`cd ${dir} && openssl req -x509 -newkey rsa:2048 -nodes -keyout k -subj /CN=x -out c &&
    openssl pkey -in k -aes128 -passout pass:x -out locked
    sed 4d c > cut; sed 4d k > cutkey; head -c 3000 /dev/urandom | sed '1s/^/0/' > noise; head -5 c > half
    sed 's/END CERTIFICATE/END PUBLIC KEY/' c > mixed`);
  for (const [file, fact] of [
    ['locked', 'its private key is encrypted, and no passphrase is asked for'],
    ['cut', 'its certificate is damaged'],
    ['cutkey', 'its private key is damaged, or of an unknown kind'],
    ['noise', 'its certificate is damaged'],
    ['half', 'no certificate and no key in it'],
    ['mixed', 'no certificate and no key in it'],
  ] as const) {
    assert.throws(() => pinOfFile(readFileSync(`${dir}/${file}`)), (err: Error) => err.message === fact, file);
  }
  assert.throws(() => pinOfFile(Buffer.alloc(0)), /no certificate/);
}));

test.run();
