/** The connection to the server: a WebSocket or, where a proxy passes none, a streamed response; made again for ever after a cut. */
import type { LinkState } from './talk.ts';

/** Waiting before an attempt grows from the first to the last, ms, and is drawn at random so that tabs do not come all at once. */
const FIRST_WAIT = 250;
const LAST_WAIT = 10_000;
/** How long a WebSocket may take to open before the other way is tried, ms. */
const OPEN_WAIT = 5000;
/** The server says something every 10 s; after this silence the connection is held for dead, ms. */
const SILENCE = 25_000;
/** Browsers have six connections to a server for all tabs. Where no WebSocket passes a tab that is not seen has one for so long, and then none, ms. */
const TURN = 3000;
const BETWEEN = 20_000;

export type LinkEvents = {
  /** What to ask for now: the cursor, or how many lines to begin with. */
  query(): string;
  /** A connection has begun; what comes next is the beginning of the feed. */
  begin(): void;
  /** A block of the feed. Throwing ends the connection. */
  block(block: Uint8Array): void;
  changed(): void;
};

/** The login is wrong or missing, or a proxy sends to where one logs in: asking again would not help, and counts as guessing. */
export const isDenied = ({ status, type }: Response): boolean => status === 401 || status === 403 || type === 'opaqueredirect';
/** What is asked is neither kept nor fetched from elsewhere. */
export const ASKED = { cache: 'no-store', redirect: 'manual' } as const;

/** Read a part of the feed that ends of itself. Rejects where it cannot be had, or not whole. */
export async function loadRange(url: string, block: (block: Uint8Array) => void): Promise<void> {
  const response = await fetch(url, ASKED).catch(() => {
    throw new Error('the server cannot be reached');
  });
  if (!response.ok || !response.body) throw new Error(`the server answers ${response.status}`);
  const reader = response.body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) block(piece.value);
}

export class Link {
  state: LinkState = 'connecting';
  /** When the next attempt is made, ms since the epoch; 0 while none is waited for. */
  retry = 0;
  readonly #url: string;
  readonly #events: LinkEvents;
  #wait = FIRST_WAIT;
  #again: ReturnType<typeof setTimeout> | undefined;
  #stop: () => void = () => {};
  #silence: ReturnType<typeof setTimeout> | undefined;
  #seen = true;
  #streams = false; // by streamed responses

  /** `url` is that of the live feed over HTTP. */
  constructor(url: string, events: LinkEvents) {
    this.#url = url;
    this.#events = events;
  }

  /** Connect, and again whenever the connection ends. */
  async open(): Promise<void> {
    clearTimeout(this.#again);
    this.retry = 0;
    if (this.state !== 'cut') this.#turn('connecting');
    try {
      if (!(await this.#socket()) && (await this.#stream())) return this.#turn('denied');
    } catch {
      // It is made again whatever ended it.
    }
    this.#later();
  }

  /** Do not wait any longer. */
  now(): void {
    if (this.retry > 0 || this.state === 'denied') void this.open();
  }

  /** Whether anybody sees the page. */
  set seen(on: boolean) {
    this.#seen = on;
    if (on && this.retry > 0) void this.open();
    this.#yield();
  }

  /** Leave the connection to others in a while, if it is not needed then. */
  #yield(): void {
    setTimeout(() => this.#idles && this.#stop(), TURN);
  }

  get #idles(): boolean {
    return this.#streams && !this.#seen;
  }

  /** Called with each block: the feed is alive. */
  #live(block: Uint8Array): void {
    this.#heard();
    this.#events.block(block);
    this.#wait = FIRST_WAIT;
    if (this.state !== 'live') this.#turn('live');
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#stop(), SILENCE);
  }

  /** Resolves when a socket has ended: true if it ever opened. */
  #socket(): Promise<boolean> {
    return new Promise((resolve) => {
      let opened = false;
      const socket = new WebSocket(`${this.#url.replace(/^http/, 'ws')}?${this.#events.query()}`);
      socket.binaryType = 'arraybuffer';
      const timer = setTimeout(() => socket.close(), OPEN_WAIT);
      const ended = (): void => {
        clearTimeout(timer);
        clearTimeout(this.#silence);
        socket.onmessage = null;
        socket.close();
        resolve(opened);
      };
      this.#stop = ended;
      socket.onopen = () => {
        opened = true;
        this.#streams = false;
        clearTimeout(timer);
        this.#heard();
        this.#events.begin();
      };
      socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
        try {
          this.#live(new Uint8Array(event.data));
        } catch {
          ended();
        }
      };
      socket.onclose = ended;
    });
  }

  /** Resolves or rejects when the streamed response has ended: true if the login was refused. */
  async #stream(): Promise<boolean> {
    const abort = new AbortController();
    this.#stop = () => abort.abort();
    const response = await fetch(`${this.#url}?${this.#events.query()}`, { ...ASKED, signal: abort.signal });
    if (!response.ok || !response.body) return isDenied(response);
    this.#heard();
    this.#events.begin();
    this.#streams = true;
    this.#yield();
    const reader = response.body.getReader();
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) this.#live(piece.value);
      return false;
    } finally {
      clearTimeout(this.#silence);
      abort.abort();
    }
  }

  #later(): void {
    const wait = (this.#idles ? BETWEEN : this.#wait) * (0.5 + Math.random() / 2);
    this.#wait = Math.min(this.#wait * 2, LAST_WAIT);
    this.retry = Date.now() + wait;
    this.#again = setTimeout(() => void this.open(), wait);
    if (!this.#idles) this.#turn('cut');
  }

  #turn(state: LinkState): void {
    this.state = state;
    this.#events.changed();
  }
}
