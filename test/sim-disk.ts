/** A disk that can stop at any operation, as by kill -9 or by a power cut, and keeps then only what such a thing leaves. */
import type { Disk, DiskFile } from '../lib/disk.ts';

/** Thrown by the operation at which the machine stops, and by all after it. */
export class Died extends Error {}

/** kill: what was written stays. power: what was not synced may be there, in part, or not. */
export type Death = 'kill' | 'power';

const SECTOR = 512;

/** The bytes of a file: as they are seen, and as they are safe. */
class Inode {
  now: Buffer = Buffer.alloc(0);
  safe: Buffer = Buffer.alloc(0);
  changed = 0;

  write(bytes: Uint8Array, at: number): void {
    const grown = Buffer.alloc(Math.max(this.now.length, at + bytes.length));
    this.now.copy(grown);
    grown.set(bytes, at);
    this.now = grown;
  }

  /** What a power cut leaves: a length between the two, and of what is new each sector as it was, or zero, or as it should be. */
  cut(random: () => number): void {
    const [low, high] = [Math.min(this.now.length, this.safe.length), Math.max(this.now.length, this.safe.length)];
    const left = Buffer.alloc(random() < 0.5 ? this.now.length : low + Math.floor(random() * (high - low + 1)));
    this.safe.copy(left);
    const all = random() < 0.3;
    for (let at = 0; at < left.length; at += SECTOR) {
      const end = Math.min(at + SECTOR, this.now.length, left.length);
      if ((all || random() < 0.5) && at < end) this.now.copy(left, at, at, end);
    }
    this.now = left;
    this.safe = left;
  }
}

export class SimDisk implements Disk {
  /** Operations that change something so far; at number `dieAt` everything stops. */
  operations = 0;
  dieAt = Infinity;
  /** Bytes that fit on it. */
  room = Infinity;
  dead = false;
  clock = 1_795_341_000_000;
  readonly #random: () => number;
  #names = new Map<string, Inode>();
  #safeNames = new Map<string, Inode>();
  #pending: (() => void)[] = []; // changes of safe names, in order

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The machine goes on after it stopped. */
  restart(death: Death): void {
    if (death === 'power') {
      const some = Math.floor(this.#random() * (this.#pending.length + 1));
      for (const change of this.#pending.slice(0, some)) change();
      this.#names = new Map(this.#safeNames);
      for (const inode of new Set(this.#names.values())) inode.cut(this.#random);
    }
    this.#safeNames = new Map(this.#names);
    for (const inode of this.#names.values()) inode.safe = inode.now;
    this.#pending = [];
    this.dead = false;
    this.dieAt = Infinity;
  }

  /** A file's bytes, to look at or to damage. */
  bytes(path: string): Buffer {
    return this.#find(path).now;
  }

  replace(path: string, bytes: Buffer): void {
    this.#find(path).now = bytes;
  }

  #find(path: string): Inode {
    const inode = this.#names.get(path);
    if (!inode) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return inode;
  }

  /** One operation; when it is the last one, `half` may have happened. */
  #step(half: () => void = () => {}): void {
    if (this.dead) throw new Died();
    if (++this.operations < this.dieAt) return;
    this.dead = true;
    half();
    throw new Died();
  }

  #alive(): void {
    if (this.dead) throw new Died();
  }

  /** Bytes of all files. */
  get used(): number {
    return [...new Set(this.#names.values())].reduce((sum, { now }) => sum + now.length, 0);
  }

  async list(folder: string): Promise<string[]> {
    this.#alive();
    return [...this.#names.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
  }

  async makeFolder(): Promise<void> {
    this.#alive();
  }

  async about(path: string): Promise<{ size: number; changed: number }> {
    this.#alive();
    const { now, changed } = this.#find(path);
    return { size: now.length, changed };
  }

  async open(path: string, how: 'read' | 'write' | 'new'): Promise<DiskFile> {
    this.#alive();
    if (how === 'new') {
      this.#step();
      const inode = this.#names.get(path) ?? new Inode();
      inode.now = Buffer.alloc(0);
      this.#names.set(path, inode);
      this.#pending.push(() => this.#safeNames.set(path, inode));
    }
    const inode = this.#find(path);
    return {
      read: async (into, at) => {
        this.#alive();
        return at >= inode.now.length ? 0 : inode.now.copy(into, 0, at);
      },
      write: async (buffers, at) => {
        const bytes = Buffer.concat(buffers);
        // A write over a part of one sector is taken as a whole: the kernel copies it into one page, and the disk writes no less.
        const whole = at + bytes.length <= inode.now.length && Math.floor(at / SECTOR) === Math.floor((at + bytes.length - 1) / SECTOR);
        const half = (): void => {
          if (whole) this.#random() < 0.5 && inode.write(bytes, at);
          else if (this.#random() < 0.7) inode.write(bytes.subarray(0, Math.floor(this.#random() * (bytes.length + 1))), at);
        };
        this.#step(half);
        const fits = Math.min(bytes.length, this.room - this.used);
        if (fits <= 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        inode.write(bytes.subarray(0, fits), at);
        inode.changed = this.clock;
        return fits;
      },
      sync: async () => {
        const done = (): void => void (inode.safe = inode.now);
        this.#step(() => this.#random() < 0.5 && done());
        done();
      },
      truncate: async (length) => {
        const done = (): void => void (inode.now = inode.now.subarray(0, length));
        this.#step(() => this.#random() < 0.5 && done());
        done();
      },
      size: async () => inode.now.length,
      close: async () => {},
    };
  }

  async rename(from: string, to: string): Promise<void> {
    const done = (): void => {
      const inode = this.#find(from);
      this.#names.delete(from);
      this.#names.set(to, inode);
      this.#pending.push(() => {
        this.#safeNames.delete(from);
        this.#safeNames.set(to, inode);
      });
    };
    this.#step(() => this.#random() < 0.5 && done());
    done();
  }

  async remove(path: string): Promise<void> {
    this.#alive();
    this.#find(path);
    const done = (): void => {
      this.#names.delete(path);
      this.#pending.push(() => this.#safeNames.delete(path));
    };
    this.#step(() => this.#random() < 0.5 && done());
    done();
  }

  async syncFolder(): Promise<void> {
    const done = (): void => {
      for (const change of this.#pending) change();
      this.#pending = [];
    };
    this.#step(() => this.#random() < 0.5 && done());
    done();
  }
}
