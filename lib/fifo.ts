/** Named pipes: made when they are missing, never put in the place of something else. */
import { lstatSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { why } from './cli.ts';

/** The mode as mkfifo(1) takes it in octal; throws Error for anything else. */
export function parseMode(text: string): string {
  if (!/^0?[0-7]{3}$/.test(text)) throw new Error(`mode ${text} is not understood`);
  return text;
}

/**
 * Make a named pipe of that mode (octal, whatever the umask) unless there is one; returns whether it was made.
 * Node has no mkfifo(3), so mkfifo(1) does it. Throws Error naming the path.
 */
export async function makeFifo(path: string, mode: string): Promise<boolean> {
  if (isFifo(path)) return false;
  const { execFile } = await import('node:child_process'); // most starts find their pipe made
  try {
    await promisify(execFile)('mkfifo', ['-m', mode, '--', path], { env: { ...process.env, LC_ALL: 'C' } });
    return true;
  } catch (err) {
    if (isFifo(path)) return false; // made by somebody else meanwhile
    const said = err instanceof Error && 'stderr' in err ? String(err.stderr).trim().split(': ').pop() : '';
    throw new Error(`cannot make named pipe ${path}: ${said || why(err)}`, { cause: err });
  }
}

/** Whether a named pipe is at path; throws Error when something else is. */
function isFifo(path: string): boolean {
  try {
    if (statSync(path).isFIFO()) return true;
  } catch (err) {
    if (why(err) !== 'ENOENT') throw new Error(`cannot open ${path}: ${why(err)}`, { cause: err });
    const dangling = lstatSync(path, { throwIfNoEntry: false });
    if (!dangling) return false;
  }
  throw new Error(`cannot open ${path}: not a named pipe`);
}
