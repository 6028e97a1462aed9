import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseHtpasswd } from '../lib/htpasswd.ts';
import { Login } from '../lib/login.ts';
import { PasswordThread } from '../lib/password-thread.ts';
import { BIN, sh, timed } from './sh.ts';

const SCRIPT = pathToFileURL(join(BIN, '../lib/password-thread.worker.js'));

/** Run `body` with a thread that is closed afterwards. */
async function withThread(body: (thread: PasswordThread) => Promise<void>, script = SCRIPT): Promise<void> {
  const thread = new PasswordThread(script);
  try {
    await body(thread);
  } finally {
    thread.close();
  }
}

test('passwords of every kind, while this thread goes on', timed(20_000, () => withThread(async (thread) => {
  const stored = ['-B -C 10', '-m', '-s', '-5'].map((kind) => sh(`htpasswd -nb ${kind} u secret`).out.trim().slice(2));
  const begun = performance.now();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const answers = await Promise.all(stored.flatMap((hash) => [thread.isPassword(hash, 'secret'), thread.isPassword(hash, 'Secret')]));
  clearInterval(timer);
  assert.equal(answers, [true, false, true, false, true, false, true, false]);
  assert.ok(ticks >= (performance.now() - begun) / 50, `${ticks} ticks`);
})));

test('the whole door, with a file of htpasswd', timed(20_000, () => withThread(async (thread) => {
  const { users } = parseHtpasswd(sh('htpasswd -nbB alice wonder; htpasswd -nbm bob builder').out);
  const login = new Login(users, (stored, password) => thread.isPassword(stored, password));
  const outcome = async (user: string, password: string): Promise<string> =>
    (await login.check(`Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`, '::1')).outcome;
  assert.equal(
    [await outcome('alice', 'wonder'), await outcome('bob', 'builder'), await outcome('bob', 'wonder'), await outcome('carol', 'wonder')],
    ['in', 'in', 'denied', 'denied'],
  );
})));

test('a thread that cannot be, or is closed, is an Error for whoever asks', timed(20_000, async () => {
  const ask = (thread: PasswordThread): Promise<unknown> => thread.isPassword('{SHA}x', 'y').catch((err: Error) => err.constructor.name);
  await withThread(async (thread) => {
    assert.equal(await Promise.all([ask(thread), ask(thread)]), ['Error', 'Error']);
  }, pathToFileURL('/nonexistent/password-thread.worker.js'));
  await withThread(async (thread) => {
    const asked = [ask(thread), ask(thread)];
    thread.close();
    assert.equal(await Promise.all(asked), ['Error', 'Error']);
    assert.is(await ask(thread), false, 'asked again, it is started again');
  });
}));

test.run();
