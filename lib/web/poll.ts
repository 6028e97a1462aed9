/** Asks the server for its streams every few seconds, while somebody looks. */
import { ASKED, isDenied } from './link.ts';
import { Sparks } from './sparks.ts';
import type { Say, Stream } from './talk.ts';

const EVERY = 2000;
/** After a question that was asked early, others wait at least this long, ms. */
const SOON = 300;

type Told = Omit<Stream, 'errors' | 'spark'>;
type Answer = { now: number; held: { first: number }; counts: { lost: number; late: number; malformed: number }; streams: Told[] };

/** Begin to ask; `errorsOf` tells what came to this page. `now` asks again soon, `visible` tells whether somebody looks. */
export function pollStreams(url: string, errorsOf: (id: string) => number, say: (message: Say) => void): { now(): void; visible(on: boolean): void } {
  const sparks = new Sparks();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = true;
  const ask = async (): Promise<void> => {
    try {
      const response = await fetch(url, ASKED);
      if (isDenied(response)) return; // the link asks again, and then this does
      const { now, held, counts, streams } = (await response.json()) as Answer;
      const { lost, late, malformed } = counts;
      // No more of each than the page shows: with thousands of them it is felt.
      const all = streams.map(({ id, lines, rate, usual, last, state, lost }) => (
        { id, lines, rate, usual, last, state, lost, errors: errorsOf(id), spark: sparks.of(id, lines, now) }));
      sparks.forget();
      say({ say: 'streams', streams: all, now, lost: lost - late, malformed, firstHeld: held.first });
    } catch {
      // The link says when the server is away, or something else answers for it.
    }
    later(EVERY);
  };
  const later = (wait: number): void => {
    clearTimeout(timer);
    if (looking) timer = setTimeout(() => void ask(), wait);
  };
  void ask();
  return {
    now: () => later(SOON),
    visible: (on) => {
      looking = on;
      later(0);
    },
  };
}
