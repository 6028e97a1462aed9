/** What comes later: rest.ts, fetched of itself once the first lines are drawn, or at once when it is needed. */
import { signal } from '@preact/signals-core';
import { away, say } from './desk.ts';

export type Rest = typeof import('./rest.ts');

/** The build puts the name there that the file has, with a hash of what is in it: another version's is never taken for it. */
const FILE = 'rest.js';
/** How long until it is fetched of itself again where that failed, and the longest that idleness is waited for, ms. */
const AGAIN = 5000;
/** How long keys are taken to be meant for what was asked for, ms. */
const MOMENT = 1000;

const rest = signal<Rest | undefined>(undefined);
let coming: Promise<Rest> | undefined;
let failed = 0;
let begun = false;
let askedAt = -Infinity;

/** What comes later, if it is there: what is drawn by it is drawn anew when it comes. */
export const restNow = (): Rest | undefined => rest.value;

/**
 * Do it with what comes later: at once, or when it has come. Where it cannot be had that is said, and the next use tries again.
 * `keys`: it takes the keyboard.
 */
export function withRest(act: (rest: Rest) => void, keys = false): void {
  const now = rest.peek();
  if (now) return act(now);
  if (keys) askedAt = performance.now();
  fetchRest().then(act, async () => say(await why(), { bad: true }));
}

/** Whether something that takes the keyboard was asked for a moment ago and is still to come: keys pressed now are meant for it. */
export const isAwaited = (): boolean => coming !== undefined && !rest.peek() && performance.now() < askedAt + MOMENT;

/** Fetch it before anybody needs it, when the page has nothing else to do: once, however often it is said. */
export function fetchInTime(): void {
  if (!begun) whenIdle();
  begun = true;
}

function whenIdle(): void {
  // Safari has no requestIdleCallback.
  if ('requestIdleCallback' in globalThis) requestIdleCallback(fetchOfItself, { timeout: AGAIN });
  else setTimeout(fetchOfItself, 50);
}

/** Not while the server is away: where the login was refused each question counts as guessing, and the browser might ask for it. */
function fetchOfItself(): void {
  if (away.peek()) return inAWhile();
  fetchRest().catch(async () => {
    if (!away.peek() && (await isGone())) say(NEWER, { bad: true });
    else inAWhile();
  });
}

const inAWhile = (): void => void setTimeout(whenIdle, AGAIN);

function fetchRest(): Promise<Rest> {
  coming ??= load();
  return coming;
}

async function load(): Promise<Rest> {
  try {
    // Browsers remember that a module could not be had, by its address.
    const loaded = (await import(address() + (failed > 0 ? `?${failed}` : ''))) as Rest;
    rest.value = loaded;
    return loaded;
  } catch (err) {
    failed++;
    coming = undefined;
    throw err;
  }
}

const address = (): string => new URL(FILE, import.meta.url).href;

const NEWER = 'There is another version of this page: reload it';

const why = async (): Promise<string> => ((await isGone()) ? NEWER : 'This part of the page could not be fetched: try again');

/** Whether the server has no such file: it is of another version. */
async function isGone(): Promise<boolean> {
  try {
    return (await fetch(address(), { method: 'HEAD' })).status === 404;
  } catch {
    return false;
  }
}
