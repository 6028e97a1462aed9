/** What a service tells systemd, and which descriptors it takes from it. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { passedFds } from '../lib/listenfds.ts';
import { ENV, start, timed, withFolder } from './sh.ts';

/** Run `source` (a module that imports from LIB) in a process of its own, and give what it wrote to stdout. */
function runModule(source: string, env: NodeJS.ProcessEnv): Promise<string> {
  return withFolder(async (dir) => {
    const file = join(dir, 'service.mts');
    writeFileSync(file, source.replaceAll('LIB', resolve('lib')));
    const running = start(process.execPath, ['--import', 'tsx', file], { env });
    await running.closed;
    if (running.code !== 0) throw new Error(running.err);
    return running.out;
  });
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

test('a fake systemd-notify gets the fields, one line each', timed(20_000, () => withFolder(async (dir) => {
  writeFileSync(join(dir, 'systemd-notify'), '#!/bin/sh\nprintf "%s|" "$@" "${LISTEN_FDS:-none}" >> "$NOTIFY_SOCKET"\n', { mode: 0o755 });
  const said = join(dir, 'said');
  writeFileSync(said, '');
  const source = `
    import { notifyReady } from 'LIB/notify.ts';
    import { readFileSync } from 'node:fs';
    let status = 'listening on http://[::1]:1/\\nREADY=0';
    const notifier = notifyReady(() => status);
    const read = () => readFileSync(process.env.NOTIFY_SOCKET, 'utf8');
    const until = async (what) => { while (!read().includes(what)) await new Promise((r) => setTimeout(r, 20)); };
    await until('READY=1');
    await until('WATCHDOG=1');
    notifier.tell();
    status = 'connected';
    notifier.tell();
    await until('connected');
    status = 'behind';
    await until('behind');
    notifier.end();
    await until('STOPPING=1');
    console.log(read());`;
  const text = await runModule(source, { NOTIFY_SOCKET: said, WATCHDOG_USEC: '100000', LISTEN_FDS: '9', PATH: `${dir}:${ENV['PATH']}` });
  assert.match(text, 'READY=1|STATUS=listening on http://[::1]:1/ READY=0|none|');
  assert.match(text, '|WATCHDOG=1|none|', 'a status that is the same is not told again');
  assert.match(text, '|STATUS=connected|none|');
  assert.match(text, '|WATCHDOG=1|STATUS=behind|none|', 'with the next sign of life');
  assert.match(text, 'STOPPING=1|none|');
})));

test('without a manager, or without systemd-notify, nothing happens', timed(20_000, async () => {
  const source = "import { notify } from 'LIB/notify.ts'; notify({ READY: '1' }); setTimeout(() => console.log('went on'), 50);";
  assert.is(await runModule(source, { NOTIFY_SOCKET: '' }), 'went on\n');
  assert.is(await runModule(source, { NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' }), 'went on\n');
}));

test.run();
