/** Settings that are files have a home: the user's folder, then the machine's. */
import { open, type FileHandle } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { parseAddress, showAddress } from './address.ts';
import { why } from './cli.ts';
import { isPin } from './pin.ts';
import { MAX_TEXT, Problems, rowsOf, shown, wordsOf } from './rows.ts';

/** The port of a receiver that is named without one. */
export const RECEIVER_PORT = 5333;

const MAX_PINS = 16;

/** The folders that are looked into, in this order. $XDG_CONFIG_HOME counts only as an absolute path, as its specification says. */
export function settingHomes(env: NodeJS.ProcessEnv = process.env): string[] {
  const xdg = env['XDG_CONFIG_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return [join(xdg, 'lm'), '/etc/lm'];
  const home = env['HOME'] || userHome();
  return home !== undefined && isAbsolute(home) ? [join(home, '.config/lm'), '/etc/lm'] : ['/etc/lm'];
}

function userHome(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined; // a user id that has no entry, as in containers
  }
}

/** The path of `sender.pem`, `receivers`...: the first that is there, readable or not; undefined when none is. */
export function findSetting(name: string, homes: readonly string[] = settingHomes()): string | undefined {
  return homes.map((home) => join(home, name)).find((path) => {
    try {
      statSync(path);
      return true;
    } catch (err) {
      if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(why(err))) return false; // EACCES: the folder is closed to us
      throw new Error(`cannot read ${path}: ${why(err)}`, { cause: err });
    }
  });
}

/** The whole of a small file, of at most 1 MiB, however long it goes on. Rejects with `cannot read PATH: REASON`. */
export async function readSmall(path: string): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const bytes = Buffer.alloc(MAX_TEXT + 1);
    let length = 0;
    for (let n = -1; n !== 0 && length < bytes.length; length += n) n = (await file.read(bytes, length, bytes.length - length)).bytesRead;
    if (length > MAX_TEXT) throw new Error('longer than 1 MiB');
    return bytes.subarray(0, length);
  } catch (err) {
    throw new Error(`cannot read ${path}: ${why(err)}`, { cause: err });
  } finally {
    await file?.close();
  }
}

/** The text of a small file, as `readSmall`. */
export async function readSetting(path: string): Promise<string> {
  return (await readSmall(path)).toString();
}

/**
 * The file `receivers`, `host[:port] sha256:...` a line, as known_hosts: pins by `showAddress` of the receiver. A receiver on several
 * lines has several pins, as while its key is changed. Lines that are not understood count as missing, and are told. Never throws.
 */
export function parseReceivers(text: string): { receivers: Map<string, string[]>; problems: string[] } {
  const receivers = new Map<string, string[]>();
  const problems = new Problems();
  for (const { line, text: row } of rowsOf(text, problems)) {
    const [where = '', pin, ...rest] = wordsOf(row);
    try {
      const { host, port } = parseAddress(where, RECEIVER_PORT);
      if (pin === undefined) problems.add(line, 'no pin');
      else if (!isPin(pin)) problems.add(line, `${shown(pin)} is not a pin`);
      else if (rest.length > 0) problems.add(line, `${shown(rest.join(' '))} is not understood`);
      else receivers.set(showAddress(host, port), [...(receivers.get(showAddress(host, port)) ?? []), pin].slice(0, MAX_PINS));
    } catch {
      problems.add(line, `${shown(where)} is no address of a receiver`);
    }
  }
  return { receivers, problems: problems.list() };
}
