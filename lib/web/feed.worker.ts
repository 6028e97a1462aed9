/** The feed worker: connects to the server, keeps the lines and answers the page. */
import { Keeper } from './keeper.ts';
import { Link, loadRange } from './link.ts';
import { pollStreams } from './poll.ts';
import { startMatcher } from './match-start.ts';
import type { Ask, Say } from './talk.ts';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const say = (message: Say | undefined): void => {
  if (message) scope.postMessage(message);
};

/** At least this long between two states, ms: faster than an eye reads. */
const STATE_EVERY = 33;
/** The same for a page that nobody sees, which has a title that tells of errors. */
const UNSEEN_EVERY = 1000;
/** No drawing is rested from for longer, ms: what seems to have taken more was a machine asleep, or a page that went out of sight. */
const MOST_REST = 500;
/** Match workers at most; each is a thread of its own, so there are no more than processors. */
const MATCHERS = 4;

let link: Link | undefined;
let poll: { now(): void; visible(on: boolean): void } | undefined;
let lines = 0;
let seen = true; // by somebody
let changed = false; // since the last state was sent
let wanted = true; // the page has drawn the last state
let timer: ReturnType<typeof setTimeout> | undefined;
let due = 0; // when the next state may be sent at the earliest
let turn = 0; // number of the last state
let urgent = 0; // of the last one that somebody waited for

/** Not before what is being done is done. */
function sendState(): void {
  if (!changed || !wanted || timer !== undefined) return;
  const wait = due - performance.now();
  if (wait <= 0) queueMicrotask(sendNow);
  else timer = setTimeout(sendNow, wait);
}

function sendNow(): void {
  timer = undefined;
  if (!changed || !wanted) return;
  changed = wanted = false;
  due = performance.now() + (seen ? STATE_EVERY : UNSEEN_EVERY);
  void keeper.state(link?.state ?? 'connecting', link?.retry ?? 0, ++turn).then(say);
}

/** Something is other than in the last state; with `soon` it is which rows are shown, which somebody waits for. */
function change(soon = false): void {
  changed = true;
  if (soon) {
    wanted = true;
    urgent = turn + 1;
    clearTimeout(timer);
    timer = undefined;
    due = 0;
  }
  sendState();
}

const keeper = new Keeper(startMatcher, Math.min(MATCHERS, navigator.hardwareConcurrency || 1), change, () => poll?.now());

function open(api: string, first: number): void {
  lines = first;
  link = new Link(new URL('live', api).href, {
    query: () => (keeper.feed.cursor === undefined ? `lines=${lines}` : `after=${encodeURIComponent(keeper.feed.cursor)}`),
    begin: () => keeper.feed.begin(),
    block: (block) => keeper.take(block),
    changed: change,
  });
  keeper.load = (query, block) => loadRange(`${new URL('live', api).href}?${query}`, block);
  poll = pollStreams(new URL('streams', api).href, (id) => keeper.errorsOf(id), say);
  void link.open();
  scope.addEventListener('online', () => link?.now());
}

scope.onmessage = async (event: MessageEvent<Ask>) => {
  const ask = event.data;
  if (ask.ask === 'open') open(ask.api, ask.lines);
  else if (ask.ask === 'retry') link?.now();
  else if (ask.ask === 'visible') {
    seen = ask.visible;
    poll?.visible(seen);
    if (link) link.seen = seen;
    if (seen) change(true);
  } else if (ask.ask === 'next') {
    wanted = true;
    // Drawing takes at most half of the time, however slow the machine is.
    due = Math.max(due, performance.now() + Math.min(ask.took, MOST_REST));
    if (ask.turn >= urgent) keeper.drawn();
    sendState();
  } else say(await keeper.answer(ask));
};
