/** Tells, now and then, what had to be given up for want of room. */
import type { Amount } from './backlog.ts';
import { grouped } from './progress.ts';

const LOOK_MS = 1000;
const SAY_MS = 60_000;

/** Say it within a second of the first loss, and at most once a minute while it goes on. Returns the way to stop. */
export function reportLosses(dropped: Readonly<Amount>, say: (text: string) => void): () => void {
  let [told, at] = [0, -Infinity];
  const timer = setInterval(() => {
    const now = performance.now();
    if (dropped.bytes === told || now - at < SAY_MS) return;
    [told, at] = [dropped.bytes, now];
    say(`no room for more: the oldest lines are given up, ${grouped(dropped.lines)} lines, ${grouped(dropped.bytes)} bytes so far`);
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}
