/** Descriptors that systemd opened for this process: sockets to listen on, and files by name (sd_listen_fds(3)). */
import { fstatSync } from 'node:fs';

const FIRST = 3;

/** The descriptors passed to this process, in order, each with its FileDescriptorName= ('' when it has none). */
export function passedFds(env: NodeJS.ProcessEnv = process.env, pid = process.pid): { fd: number; name: string }[] {
  const count = Number(env['LISTEN_FDS']);
  if (env['LISTEN_PID'] !== String(pid) || !Number.isInteger(count) || count < 1 || count > 1024) return [];
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  return Array.from({ length: count }, (_, i) => ({ fd: FIRST + i, name: names[i] ?? '' }));
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

/**
 * The descriptor to listen on: the socket passed under `name`, else the first socket passed, else undefined.
 * Never simply the first descriptor: a unit that also reads a named pipe from systemd may get that one as its first.
 */
export function listenFd(name: string): number | undefined {
  const sockets = passedFds().filter((passed) => isSocket(passed.fd));
  return (sockets.find((passed) => passed.name === name) ?? sockets[0])?.fd;
}
