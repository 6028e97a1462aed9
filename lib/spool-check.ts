/** Whether a spool can be used, and what is in it; nothing in it is changed. */
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { why } from './cli.ts';
import { openDisk } from './spool-disk.ts';
import { Failure } from './failure.ts';
import { tryLock } from './lock.ts';
import { byteSize } from './progress.ts';
import { parseSegmentName } from './segment.ts';

/** What was seen. Throws Failure. */
export async function* checkSpool(path: string): AsyncGenerator<string> {
  const there = exists(path);
  const folder = there ? path : dirname(resolve(path));
  try {
    if (!statSync(folder).isDirectory()) throw new Error('ENOTDIR');
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (err) {
    throw new Failure(`cannot use ${path}: ${why(err)}`, `it has to be a folder that this user may write: mkdir -p ${path}`);
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = `${byteSize(bavail * bsize)} free`;
  yield there ? `${path}: ${await contents(path)}, ${free}` : `${path} will be made, ${free}`;
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

async function contents(path: string): Promise<string> {
  const disk = openDisk(path);
  try {
    const files = disk.list().flatMap(({ name, size }) => {
      const parsed = parseSegmentName(name);
      return parsed ? [{ epoch: parsed.epoch, size }] : [];
    });
    const unlock = await tryLock(`lm-spool ${disk.id}`);
    await unlock?.();
    const bytes = byteSize(files.reduce((sum, { size }) => sum + size, 0));
    const streams = new Set(files.map(({ epoch }) => epoch)).size;
    return `${bytes} of ${streams} ${streams === 1 ? 'stream' : 'streams'}${unlock ? ' wait in it' : ', in use by another process'}`;
  } finally {
    disk.close();
  }
}
