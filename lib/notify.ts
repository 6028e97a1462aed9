/** Tells systemd what this service is doing: ready, its status, and that it is alive (sd_notify(3)). */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { passedFds } from './listenfds.ts';

/** The environment of a child that must not take descriptors or the watchdog for its own. */
function childEnv(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'WATCHDOG_PID', 'WATCHDOG_USEC']) delete env[name];
  return env;
}

/** One line for a status: what systemctl shows cannot hold more. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, ' ');
}

/**
 * Send fields such as `{ READY: '1', STATUS: 'listening on ...' }` to the service manager. Nothing happens without one,
 * and a failure is never an error of the service. Node has no datagram sockets of the file system: the message goes through
 * the descriptor of `OpenFile=/run/systemd/notify:notify` where the unit has it, else through systemd-notify(1),
 * which wants `NotifyAccess=all`.
 */
export function notify(fields: Record<string, string>): void {
  if (!process.env['NOTIFY_SOCKET']) return;
  const lines = Object.entries(fields).map(([key, value]) => `${key}=${oneLine(value)}`);
  const open = passedFds().find((passed) => passed.name === 'notify');
  if (open) {
    try {
      writeSync(open.fd, lines.join('\n'));
      return;
    } catch {
      // not a connected socket, or full: take the other way
    }
  }
  const child = spawn('systemd-notify', lines, { stdio: 'ignore', env: childEnv() });
  child.on('error', () => {});
  child.unref();
}

/** What a service tells while it runs: that its status is another one, and that it ends. */
export type Notifier = { tell(): void; end(): void };

/**
 * Say READY=1, and from then on WATCHDOG=1 at half the interval that the unit's WatchdogSec= asks for, out of the event
 * loop: one that is stuck is noticed and restarted. `status` is asked then, and at `tell`, and told when it has changed.
 */
export function notifyReady(status: () => string): Notifier {
  let told = '';
  const withStatus = (fields: Record<string, string>): void => {
    const now = status();
    if (now !== told) fields = { ...fields, STATUS: now };
    told = now;
    if (Object.keys(fields).length > 0) notify(fields);
  };
  withStatus({ READY: '1' });
  const usec = Number(process.env['WATCHDOG_USEC']);
  const ours = (process.env['WATCHDOG_PID'] ?? String(process.pid)) === String(process.pid);
  const watch = ours && usec >= 1000 ? setInterval(() => withStatus({ WATCHDOG: '1' }), usec / 2000) : undefined;
  watch?.unref();
  return {
    tell: () => withStatus({}),
    end: () => {
      clearInterval(watch);
      notify({ STOPPING: '1' });
    },
  };
}
