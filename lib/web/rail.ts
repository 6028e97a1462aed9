/** The rail beside the scroll bar: where in all rows there are hits, errors, warnings and bookmarks. */
import { RAIL } from './talk.ts';

/** From the left to the right: which bits a lane shows, and in which colour of frame.css; of two in one bin the later is drawn. */
const LANES: [string, [number, string][]][] = [
  ['bookmarks', [[RAIL.bookmark, '--accent']]],
  ['levels', [[RAIL.warning, '--rail-warn'], [RAIL.error, '--rail-bad']]],
  ['hits', [[RAIL.hit, '--rail-hit']]],
];
/** A bin is drawn at least so high, px: one error in a million lines can be seen. */
const LEAST = 2;
/** How often it is drawn anew, ms. */
const EVERY = 250;

export class Rail {
  readonly element = document.createElement('div');
  readonly #lanes: HTMLElement[];
  #bins: Uint8Array = new Uint8Array(0);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.element.className = 'rail';
    this.element.ariaHidden = 'true';
    this.#lanes = LANES.map(([name]) => {
      const lane = document.createElement('i');
      lane.className = name;
      this.element.append(lane);
      return lane;
    });
  }

  show(bins: Uint8Array): void {
    if (same(bins, this.#bins)) return;
    this.#bins = bins;
    this.draw();
  }

  /** Draw it in a moment, as high as it is then. */
  draw(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      LANES.forEach(([, colours], i) => ((this.#lanes[i] as HTMLElement).style.backgroundImage = gradient(this.#bins, colours, this.element.clientHeight)));
    }, EVERY);
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((bits, i) => bits === b[i]);
}

/** The stretches of a lane as a background: `from` and `to` are parts of its height. Neighbours are one. */
export function stretchesOf(bins: Uint8Array, colours: readonly [number, string][], height: number): { from: number; to: number; colour: string }[] {
  const stretches: { from: number; to: number; colour: string }[] = [];
  const least = height > 0 ? LEAST / height : 0;
  bins.forEach((bits, i) => {
    const colour = colours.findLast(([bit]) => (bits & bit) !== 0)?.[1];
    if (colour === undefined) return;
    const from = i / bins.length;
    const to = Math.max((i + 1) / bins.length, from + least);
    const last = stretches.at(-1);
    if (last?.colour === colour && last.to >= from) last.to = to;
    else {
      if (last && last.to > from) last.to = from;
      stretches.push({ from, to, colour });
    }
  });
  return stretches;
}

function gradient(bins: Uint8Array, colours: readonly [number, string][], height: number): string {
  const part = (x: number): string => `${(Math.min(1, x) * 100).toFixed(3)}%`;
  const stops = stretchesOf(bins, colours, height).map(
    ({ from, to, colour }) => `transparent ${part(from)}, var(${colour}) ${part(from)}, var(${colour}) ${part(to)}, transparent ${part(to)}`,
  );
  return stops.length === 0 ? '' : `linear-gradient(${stops.join(', ')})`;
}
