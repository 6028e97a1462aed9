/** What a service tells systemd, and which descriptors it takes from it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { passedFds } from '../lib/listenfds.ts';

/** Run `source` (a module that imports from lib/) in a process of its own, and give what it wrote. */
async function runModule(source: string, env: NodeJS.ProcessEnv): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'lm-notify-'));
  try {
    const file = join(dir, 'service.mts');
    writeFileSync(file, source.replaceAll('LIB', resolve('lib')));
    const child = spawn(process.execPath, ['--import', 'tsx', file], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk));
    await once(child, 'close');
    clearTimeout(timer);
    return out;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('descriptors are ours only when LISTEN_PID says so', () => {
  const env = { LISTEN_FDS: '2', LISTEN_PID: '77', LISTEN_FDNAMES: 'records:http' };
  assert.equal(passedFds(env, 77), [{ fd: 3, name: 'records' }, { fd: 4, name: 'http' }]);
  assert.equal(passedFds(env, 78), []);
  assert.equal(passedFds({ LISTEN_PID: '77' }, 77), []);
  assert.equal(passedFds({ LISTEN_PID: '77', LISTEN_FDS: '-1' }, 77), []);
  assert.equal(passedFds({ LISTEN_PID: '77', LISTEN_FDS: '1e9' }, 77), []);
  assert.equal(passedFds({ LISTEN_PID: '77', LISTEN_FDS: '1' }, 77), [{ fd: 3, name: '' }]);
});

test('a fake systemd-notify gets the fields, one line each', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lm-notify-'));
  try {
    writeFileSync(join(dir, 'systemd-notify'), '#!/bin/sh\nprintf "%s|" "$@" "${LISTEN_FDS:-none}" >> "$NOTIFY_SOCKET"\n', { mode: 0o755 });
    const said = join(dir, 'said');
    writeFileSync(said, '');
    const source = `
      import { notifyReady } from 'LIB/notify.ts';
      import { readFileSync } from 'node:fs';
      const stop = notifyReady('listening on http://[::1]:1/\\nREADY=0');
      let text = '';
      const until = async (what) => { while (!(text = readFileSync(process.env.NOTIFY_SOCKET, 'utf8')).includes(what)) await new Promise((r) => setTimeout(r, 20)); };
      await until('WATCHDOG=1');
      stop();
      await until('STOPPING=1');
      console.log(text);`;
    const text = await runModule(source, {
      NOTIFY_SOCKET: said, WATCHDOG_USEC: '100000', LISTEN_FDS: '9', PATH: `${dir}:${process.env['PATH']}`,
    });
    assert.match(text, 'READY=1|STATUS=listening on http://[::1]:1/ READY=0|none|');
    assert.match(text, 'WATCHDOG=1|none|');
    assert.match(text, 'STOPPING=1|none|');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('without a manager, or without systemd-notify, nothing happens', async () => {
  const source = "import { notify } from 'LIB/notify.ts'; notify({ READY: '1' }); setTimeout(() => console.log('went on'), 50);";
  assert.is(await runModule(source, { NOTIFY_SOCKET: '' }), 'went on\n');
  assert.is(await runModule(source, { NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' }), 'went on\n');
});

test.run();
