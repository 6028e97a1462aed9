/** A proxy in a storm: at random times, on average one each `mean` ms, something happens to a connection that goes through it. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export const KINDS = ['reset', 'end', 'black hole', 'one-way black hole', 'dribble'] as const;
export type Kind = (typeof KINDS)[number];

/** One direction of a connection: what it does with bytes. */
type Way = { from: Socket; to: Socket; how: 'pass' | 'swallow' | 'dribble' };

export class Storm {
  readonly counts: Record<Kind, number> = { reset: 0, end: 0, 'black hole': 0, 'one-way black hole': 0, dribble: 0 };
  connections = 0;
  readonly #port: number;
  readonly #mean: number;
  readonly #random: () => number;
  readonly #kinds: readonly Kind[];
  readonly #pairs = new Set<[Way, Way]>();
  readonly #server = createServer({ allowHalfOpen: true }, (near) => this.#connect(near));
  #timer: NodeJS.Timeout | undefined;

  constructor(port: number, mean: number, random: () => number, kinds: readonly Kind[] = KINDS) {
    this.#port = port;
    this.#mean = mean;
    this.#random = random;
    this.#kinds = kinds;
  }

  listen(): Promise<string> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(this.#server.address() as AddressInfo).port}`));
    });
  }

  /** Begin, or go on. */
  begin(): void {
    // Waits of a Poisson process.
    this.#timer = setTimeout(() => {
      this.#strike();
      this.begin();
    }, -Math.log(1 - this.#random()) * this.#mean);
  }

  /** No more faults; those that hold a connection up end, by a reset. */
  calm(): void {
    clearTimeout(this.#timer);
    for (const pair of this.#pairs) if (pair.some(({ how }) => how === 'swallow')) this.#reset(pair);
    for (const pair of this.#pairs) for (const way of pair) way.how = 'pass';
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#server.close();
    for (const pair of this.#pairs) this.#reset(pair);
  }

  get faults(): number {
    return Object.values(this.counts).reduce((sum, n) => sum + n);
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }

  #strike(): void {
    const pair = this.#pick([...this.#pairs].filter(([a, b]) => a.how === 'pass' && b.how === 'pass'));
    const kind = this.#pick(this.#kinds);
    if (!pair || !kind) return;
    this.counts[kind]++;
    if (kind === 'reset') this.#reset(pair);
    else if (kind === 'end') pair.forEach(({ from }) => from.end(() => from.destroy()));
    else if (kind === 'black hole') this.#for(pair, pair, 'swallow');
    else this.#for(pair, [this.#pick(pair) as Way], kind === 'dribble' ? 'dribble' : 'swallow');
  }

  /** For up to 3 seconds these ways do this; what has lost bytes is of no use any more then. */
  #for(pair: [Way, Way], ways: readonly Way[], how: 'swallow' | 'dribble'): void {
    for (const way of ways) way.how = how;
    setTimeout(() => {
      if (how === 'swallow') this.#reset(pair);
      for (const way of ways) way.how = 'pass';
    }, this.#random() * 3000).unref();
  }

  #reset(pair: readonly Way[]): void {
    for (const { from } of pair) from.resetAndDestroy();
  }

  #connect(near: Socket): void {
    this.connections++;
    const far = connect({ host: '127.0.0.1', port: this.#port, allowHalfOpen: true, noDelay: true });
    const pair: [Way, Way] = [{ from: near, to: far, how: 'pass' }, { from: far, to: near, how: 'pass' }];
    this.#pairs.add(pair);
    for (const way of pair) {
      const { from, to } = way;
      from.on('error', () => {});
      from.on('data', (chunk: Buffer) => void this.#pass(way, chunk));
      from.on('end', () => way.how !== 'swallow' && to.end());
      from.on('close', () => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    }
  }

  async #pass(way: Way, chunk: Buffer): Promise<void> {
    const { from, to } = way;
    from.pause();
    let at = 0;
    // Byte by byte, at random times, until it passes again.
    while (way.how === 'dribble' && at < chunk.length && !to.destroyed) {
      to.write(chunk.subarray(at, ++at));
      await new Promise((resolve) => setTimeout(resolve, this.#random() * 20));
    }
    if (way.how !== 'swallow' && at < chunk.length && !to.destroyed && !to.write(chunk.subarray(at))) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          to.off('drain', done).off('close', done);
          resolve();
        };
        to.on('drain', done).on('close', done);
      });
    }
    from.resume();
  }
}
