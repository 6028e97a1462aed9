/** Values that know who reads them: what is drawn or worked out from one is so anew when it changes. */

type Source = { readonly users: Set<User>; version(): number; idle(): void };
type User = { readonly deps: Map<Source, number>; stale(): void };

let reader: User | undefined;
const waiting = new Set<Effect>();
let running = false;

/** Run `body`; what it reads is what `user` depends on from now on. */
function tracked<T>(user: User | undefined, body: () => T): T {
  const before = reader;
  reader = user;
  try {
    return body();
  } finally {
    reader = before;
  }
}

/** Run `body` without depending on what it reads. */
export const untracked = <T>(body: () => T): T => tracked(undefined, body);

function read(source: Source): void {
  const user = reader;
  if (!user) return;
  source.users.add(user);
  // The version read first: who changes what it has read itself runs again.
  const version = source.version();
  if (!user.deps.has(source)) user.deps.set(source, version);
}

/** Take a user off the sources that it reads no more. */
function drop(user: User, old: Map<Source, number>): void {
  for (const source of old.keys()) {
    if (user.deps.has(source)) continue;
    source.users.delete(user);
    if (source.users.size === 0) source.idle();
  }
}

const outdated = ({ deps }: User): boolean => [...deps].some(([source, seen]) => source.version() !== seen);

/** Work `body` out for `user`, with its dependences known anew. */
function anew<T>(user: User & { deps: Map<Source, number> }, body: () => T): T {
  const old = new Map(user.deps);
  user.deps.clear();
  try {
    return tracked(user, body);
  } finally {
    drop(user, old);
  }
}

function flush(): void {
  if (running) return;
  running = true;
  try {
    for (const effect of waiting) {
      waiting.delete(effect);
      effect.run();
    }
  } finally {
    running = false;
  }
}

export class Signal<T> {
  readonly users = new Set<User>();
  #value: T;
  #version = 0;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    read(this);
    return this.#value;
  }

  set value(value: T) {
    if (value === this.#value) return;
    this.#value = value;
    this.#version++;
    for (const user of [...this.users]) user.stale();
    flush();
  }

  /** The value, without depending on it. */
  peek(): T {
    return this.#value;
  }

  version(): number {
    return this.#version;
  }

  idle(): void {}
}

class Computed<T> {
  readonly users = new Set<User>();
  readonly deps = new Map<Source, number>();
  readonly #body: () => T;
  #value: T | undefined;
  #version = 0;
  #fresh = false;

  constructor(body: () => T) {
    this.#body = body;
  }

  get value(): T {
    read(this);
    this.version();
    return this.#value as T;
  }

  stale(): void {
    if (!this.#fresh) return;
    this.#fresh = false;
    for (const user of [...this.users]) user.stale();
  }

  /** Brings the value up to date. Where nobody depends on it, it is worked out each time. */
  version(): number {
    if (this.#fresh) return this.#version;
    const used = this.users.size > 0;
    if (!used || this.deps.size === 0 || outdated(this)) {
      const value = used ? anew(this, this.#body) : untracked(this.#body);
      if (this.#version === 0 || value !== this.#value) this.#version++;
      this.#value = value;
    }
    this.#fresh = used;
    return this.#version;
  }

  /** Nobody reads it any more: so it reads nothing. */
  idle(): void {
    this.#fresh = false;
    const old = new Map(this.deps);
    this.deps.clear();
    drop(this, old);
  }
}

class Effect {
  readonly deps = new Map<Source, number>();
  readonly #body: () => void;
  #ended = false;

  constructor(body: () => void) {
    this.#body = body;
  }

  stale(): void {
    waiting.add(this);
  }

  run(): void {
    if (!this.#ended && (this.deps.size === 0 || outdated(this))) anew(this, this.#body);
  }

  end(): void {
    this.#ended = true;
    const old = new Map(this.deps);
    this.deps.clear();
    drop(this, old);
  }
}

/** A value that can be set. Setting it to what it is changes nothing. */
export const signal = <T>(value: T): Signal<T> => new Signal(value);

/** A value worked out from others; anew only when one of them has changed and somebody asks. */
export const computed = <T>(body: () => T): { readonly value: T } => new Computed(body);

/** Run `body` now, and again whenever something that it read has changed. Gives what ends that. */
export function effect(body: () => void): () => void {
  const made = new Effect(body);
  const nested = running;
  running = true; // what it sets is seen to when it is done
  try {
    made.run();
  } finally {
    running = nested;
  }
  flush();
  return () => made.end();
}
