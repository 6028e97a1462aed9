/** A disk in memory that can crash before any operation, run full, fail, and lose what was not synced. */
import type { Disk, DiskFile } from '../lib/spool-disk.ts';

type Change = { at: number; bytes: Uint8Array } | { truncate: number };
type Node = { synced: Buffer; changes: Change[] };
type Naming = { make: string; node: Node } | { rename: string; to: string } | { remove: string };

/** The machine is off: nothing more happens. */
export class Crash extends Error {}

function apply(bytes: Buffer, change: Change): Buffer {
  if ('truncate' in change) return bytes.subarray(0, change.truncate);
  const grown = Buffer.alloc(Math.max(bytes.length, change.at + change.bytes.length));
  bytes.copy(grown);
  grown.set(change.bytes, change.at);
  return grown;
}

function applyName(names: Map<string, Node>, change: Naming): void {
  if ('make' in change) names.set(change.make, change.node);
  else if ('remove' in change) names.delete(change.remove);
  else {
    const node = names.get(change.rename);
    names.delete(change.rename);
    if (node) names.set(change.to, node);
  }
}

const contentOf = (node: Node): Buffer => node.changes.reduce(apply, node.synced);
const fail = (code: string): Error => Object.assign(new Error(code), { code });

export class SimDisk implements Disk {
  /** Operations that change something so far. */
  steps = 0;
  crashed = false;
  /** The operation before which the machine goes off. */
  crashAt = Infinity;
  /** Bytes of room for files. */
  room = Infinity;
  /** The file that cannot be read. */
  unreadable: string | undefined;
  /** What every sync fails with, if anything. */
  fault: string | undefined;
  #synced = new Map<string, Node>();
  #changes: Naming[] = [];

  list(): { name: string; size: number }[] {
    return [...this.#names()].map(([name, node]) => ({ name, size: contentOf(node).length }));
  }

  read(name: string, max: number): Buffer {
    if (name === this.unreadable) throw fail('EIO');
    const node = this.#names().get(name);
    if (!node) throw fail('ENOENT');
    return Buffer.from(contentOf(node).subarray(0, max));
  }

  create(name: string): DiskFile {
    this.#step();
    if (this.#names().has(name)) throw fail('EEXIST');
    const node: Node = { synced: Buffer.alloc(0), changes: [] };
    this.#changes.push({ make: name, node });
    const change = (one: Change): void => void node.changes.push(one);
    return {
      write: (bytes, at) => {
        this.#step();
        const free = Math.max(0, this.room - this.list().reduce((sum, { size }) => sum + size, 0));
        const fits = Math.min(bytes.length, free + Math.max(0, contentOf(node).length - at));
        if (fits > 0) change({ at, bytes: Uint8Array.from(bytes.subarray(0, fits)) });
        if (fits < bytes.length) throw fail('ENOSPC');
      },
      truncate: (length) => {
        this.#step();
        change({ truncate: length });
      },
      sync: async () => {
        this.#step();
        if (this.fault) throw fail(this.fault);
        node.synced = contentOf(node);
        node.changes = [];
      },
      close: () => {},
    };
  }

  rename(from: string, to: string): void {
    this.#step();
    if (!this.#names().has(from)) throw fail('ENOENT');
    this.#changes.push({ rename: from, to });
  }

  remove(name: string): void {
    if (!this.#names().has(name)) throw fail('ENOENT');
    this.#step();
    this.#changes.push({ remove: name });
  }

  async sync(): Promise<void> {
    this.#step();
    this.#synced = this.#names();
    this.#changes = [];
  }

  close(): void {}

  /** The process was killed, the machine lives: everything is as it was. */
  killed(): SimDisk {
    return this.#copy(this.#names(), (node) => contentOf(node));
  }

  /** The power went: what was synced is there, and of the rest the beginning, as much as `next` likes, of each file and of the names. */
  powerLost(next: () => number): SimDisk {
    const names = new Map(this.#synced);
    for (const change of this.#changes.slice(0, Math.floor(next() * (this.#changes.length + 1)))) applyName(names, change);
    return this.#copy(names, (node) => {
      const kept = node.changes.slice(0, Math.floor(next() * (node.changes.length + 1)));
      const torn = node.changes[kept.length];
      if (torn && 'bytes' in torn) kept.push({ at: torn.at, bytes: torn.bytes.subarray(0, Math.floor(next() * torn.bytes.length)) });
      return kept.reduce(apply, node.synced);
    });
  }

  /** Change the bytes of a file behind everybody's back. */
  spoil(name: string, change: (bytes: Buffer) => Buffer): void {
    const node = this.#names().get(name);
    if (!node) throw fail('ENOENT');
    node.synced = change(Buffer.from(contentOf(node)));
    node.changes = [];
  }

  #names(): Map<string, Node> {
    const names = new Map(this.#synced);
    for (const change of this.#changes) applyName(names, change);
    return names;
  }

  #copy(names: Map<string, Node>, content: (node: Node) => Buffer): SimDisk {
    const disk = new SimDisk();
    for (const [name, node] of names) disk.#synced.set(name, { synced: content(node), changes: [] });
    return disk;
  }

  #step(): void {
    if (this.crashed || ++this.steps >= this.crashAt) {
      this.crashed = true;
      throw new Crash();
    }
  }
}
