/** One writer a folder: a lock that the kernel gives back when its holder dies, and that holds across containers as well. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { why } from './cli.ts';

/**
 * Take the lock of the folder, its file `lock`. Returns what gives it back. Throws Error when somebody else holds it.
 *
 * Node has no flock(2), but such a lock belongs to the open file description: flock(1) takes it through a descriptor of ours that it
 * inherits, and when it has ended the lock is ours alone.
 */
export function lockFolder(folder: string): () => void {
  const fd = openSync(join(folder, 'lock'), constants.O_RDWR | constants.O_CREAT, 0o600);
  const { error, status, stderr } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] });
  if (!error && status === 0) return () => closeSync(fd);
  closeSync(fd);
  if (error) throw new Error(`flock(1) cannot be run: ${why(error)}`);
  throw new Error(status === 1 ? 'another process writes it' : stderr.toString().trim() || `flock(1) ended with ${status}`);
}
