/** Values that tell who has read them that they have changed: what the page knows and what is chosen, and the controls drawn from it. */

/** Whoever reads signals: what it has read in which version, and how it is told that this may be another now. */
type Reader = { readonly sources: Map<Signal<unknown>, number>; stale(): unknown };

let reader: Reader | undefined; // who is reading now
let busy = false; // effects run: what they change is told when those before are done
const due = new Set<Reader & { run: () => unknown }>();

export class Signal<T> {
  version = 0;
  readonly readers = new Set<Reader>();
  protected held: T;

  constructor(value: T) {
    this.held = value;
  }

  get value(): T {
    const value = this.peek();
    reader?.sources.set(this, this.version);
    if (reader) this.readers.add(reader);
    return value;
  }

  set value(value: T) {
    if (value === this.held) return;
    this.held = value;
    this.version++;
    for (const one of this.readers) one.stale();
    settle();
  }

  /** The value, without becoming one of its readers. */
  peek(): T {
    this.renew();
    return this.held;
  }

  /** Be what it should be now. */
  renew(): void {}
}

class Computed<T> extends Signal<T> implements Reader {
  readonly sources = new Map<Signal<unknown>, number>();
  readonly #make: () => T;
  #stale = true;

  constructor(make: () => T) {
    super(undefined as T);
    this.#make = make;
  }

  stale(): void {
    if (this.#stale) return;
    this.#stale = true;
    for (const one of this.readers) one.stale();
  }

  override renew(): void {
    if (!this.#stale) return;
    if (this.version === 0 || changed(this)) {
      const value = read(this, this.#make);
      if (this.version === 0 || value !== this.held) this.version++;
      this.held = value;
    }
    this.#stale = false;
  }
}

export const signal = <T>(value: T): Signal<T> => new Signal(value);

/** A value made of others, anew when it is read and one of them has changed. */
export const computed = <T>(make: () => T): { readonly value: T; peek(): T } => new Computed(make);

/** Do it now, and again whenever a signal that it has read has changed. Gives what ends that. */
export function effect(run: () => unknown): () => void {
  const own = { sources: new Map<Signal<unknown>, number>(), stale: () => due.add(own), run };
  const outer = busy;
  busy = true;
  try {
    read(own, run);
  } finally {
    busy = outer;
  }
  settle();
  return () => {
    read(own, () => {});
    due.delete(own);
  };
}

/** Read signals without becoming one of their readers. */
export const untracked = <T>(make: () => T): T => read(undefined, make);

/** What `who` has read before counts no more. */
function read<T>(who: Reader | undefined, make: () => T): T {
  if (who) for (const source of who.sources.keys()) source.readers.delete(who);
  who?.sources.clear();
  const outer = reader;
  reader = who;
  try {
    return make();
  } finally {
    reader = outer;
  }
}

function changed({ sources }: Reader): boolean {
  for (const [source, version] of sources) {
    source.renew();
    if (source.version !== version) return true;
  }
  return false;
}

/** Run the effects that are due, and those that become so by it. One that fails hinders no other. */
function settle(): void {
  if (busy) return;
  busy = true;
  try {
    for (const one of due) {
      due.delete(one);
      if (changed(one)) read(one, one.run);
    }
  } finally {
    busy = false;
    if (due.size > 0) settle();
  }
}
