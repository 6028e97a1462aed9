/** Moves what a client is to get at the client's own pace: nothing is read for it before it has taken what came before. */
import type { Parts } from './feed.ts';
import type { Ring } from './ring.ts';

/** Idle streams say something this often, ms: proxies cut what is silent for 60 s, pages give up after 25 s. */
export const BEAT_MS = 10_000;

/** Where a stream goes. */
export type Sink = {
  /** Take parts of one message. False: wait for drained() before the next. */
  write(parts: Parts): boolean;
  /** Resolves when there is room again, and when the sink is closed. */
  drained(): Promise<void>;
  readonly closed: boolean;
  /** Call `fn` once, when the client is gone. Returns what calls it off. */
  onClose(fn: () => void): () => void;
};

/** What a stream is read from: parts, or undefined when there is no more for now. */
export type Origin = {
  read(): Parts | undefined | Promise<Parts | undefined>;
  /** A sign of life for an idle stream, if it has any. */
  beat?: ((now: number) => Parts) | undefined;
};

/** Send all there is and, with `follow`, go on until the client leaves. Rejects when the origin does. */
export async function pump(origin: Origin, ring: Ring, sink: Sink, follow: boolean): Promise<void> {
  while (!sink.closed) {
    const seen = ring.next;
    const parts = await origin.read();
    if (parts) {
      if (!sink.write(parts)) await sink.drained();
    } else if (!follow) return;
    else if (ring.next === seen && (await moreOrBeat(ring, sink)) && origin.beat) {
      if (!sink.closed && !sink.write(origin.beat(Date.now()))) await sink.drained();
    }
  }
}

/** Wait for entries or for the client to leave; true when neither came and it is time for a sign of life. */
function moreOrBeat(ring: Ring, sink: Sink): Promise<boolean> {
  return new Promise((resolve) => {
    const over = (idle: boolean): void => {
      clearTimeout(timer);
      offAppend();
      offClose();
      resolve(idle);
    };
    const timer = setTimeout(over, BEAT_MS, true);
    const offAppend = ring.onAppend(() => over(false));
    const offClose = sink.onClose(() => over(false));
  });
}
