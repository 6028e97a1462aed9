/** Takes the person to a row: asks the feed worker which it is, and has the view stand there. */
import type { Choices } from './choices.ts';
import { heard, older, say } from './desk.ts';
import type { LineName } from './layout.ts';
import type { Ask, PaneState, Say, Sought } from './talk.ts';
import type { View } from './view.ts';

/** A line that the address names is waited for while the lines held are still being sent, ms. */
const LINE_WAIT = 4000;
/** And so long while older ones are loaded, ms. */
const OLDER_WAIT = 60_000;

/** How long it is asked again for a hit while they are still being sought, and after how many ms each time. */
const WAIT = 2000;
const RETRY = 100;
/** How often in that time it is looked whether a row has been drawn, ms. */
const DRAWN = 20;

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Wait while it is so, but no longer than is waited for hits. */
async function whileIt(so: () => boolean): Promise<void> {
  for (let i = 0; i < WAIT / DRAWN && so(); i++) await later(DRAWN);
}

type Answer = Extract<Say, { say: 'sought' }>;
type Seek = Omit<Extract<Ask, { ask: 'seek' }>, 'ask' | 'pane' | 'serial' | 'what'>;

type Wanted = { line: LineName; pointed: boolean; until: number; asked: boolean; loads: boolean; lens: number | undefined };

export class Guide {
  readonly #pane: Choices;
  readonly #view: View;
  readonly #ask: (message: Ask) => void;
  readonly #loadOlder: () => void;
  readonly #seeking = new Map<number, (answer: Answer) => void>();
  readonly #late: Answer[] = [];
  #serial = 0;
  /** Keys may come faster than answers: each goes on from where the one before has led. */
  #going: Promise<unknown> = Promise.resolve();
  #ahead = 0; // how many are still on their way
  /** The serial of the choice that was sent last; and of the one that is shown. */
  asked = 0;
  #shown = 0;
  #wanted: Wanted | undefined;

  constructor(pane: Choices, view: View, ask: (message: Ask) => void, loadOlder: () => void) {
    this.#pane = pane;
    this.#view = view;
    this.#ask = ask;
    this.#loadOlder = loadOlder;
  }

  /** The worker has answered. */
  take(answer: Answer): void {
    this.#late.push(answer);
    this.#answer();
  }

  /** The view has been told how things stand. */
  update({ serial, search }: PaneState): void {
    this.#shown = serial;
    this.#answer();
    if (search.state !== 'searching') this.#goToWanted();
  }

  /** Whether lines that come are those that were asked for with the one that is gone to, rather than new ones. */
  get arriving(): boolean {
    return this.#wanted !== undefined && performance.now() < (this.#wanted.until || Infinity);
  }

  /** The line that is still to be gone to. */
  get wanted(): { line: LineName; pointed: boolean } | undefined {
    return this.#wanted;
  }

  /** Somebody has moved: what was still to be gone to is not any more. */
  stay(): void {
    this.#wanted = undefined;
  }

  /** The next row of a sort, from a row of a lens or by what else is known of it. */
  seek(what: Sought, forward: boolean, more: Partial<Seek> = {}): Promise<Answer> {
    const serial = ++this.#serial;
    return new Promise((resolve) => {
      this.#seeking.set(serial, resolve);
      this.#ask({ ask: 'seek', pane: this.#pane.id, serial, what, row: 0, forward, ...more });
    });
  }

  /**
   * Do it where the way leads that the person is on, among the lines that they have chosen: at once where both are there. `atRow`: something
   * is done with the row there, which may be still to come.
   */
  afterwards(act: () => void, atRow: boolean): void {
    const view = this.#view;
    const comes = (): boolean => this.asked > this.#shown || (atRow && !view.row && view.end > view.base);
    if (this.#ahead === 0 && !comes()) return act();
    void this.#inTurn(async () => {
      await whileIt(comes);
      act();
    });
  }

  #inTurn<T>(go: () => Promise<T>): Promise<T> {
    this.#ahead++;
    const gone = this.#going.then(go, go).finally(() => this.#ahead--);
    this.#going = gone;
    return gone;
  }

  /** Go there, from where it was last sent; that there is no such row is said. Beyond the last it goes on at the other end. */
  async goTo(what: Sought, forward: boolean): Promise<void> {
    const row = await this.#inTurn(() => this.#go(what, forward));
    if (row !== undefined) await this.hear(what === 'hit');
  }

  /** The row that keys went to is heard, once it is drawn; `found`: with what is found in it in sight, which may be far to the right. */
  async hear(found = false): Promise<void> {
    const { here } = this.#view;
    await whileIt(() => this.#view.here === here && !this.#view.shows(here, found));
    if (this.#view.here === here) heard.value = this.#view.spoken;
  }

  /** The row that it went to, if there is one. */
  async #go(what: Sought, forward: boolean): Promise<number | undefined> {
    const view = this.#view;
    const { following } = view;
    // While the newest are followed what is nearest to them is meant, the newest itself as well.
    const look = (row = following ? Infinity : view.current): Promise<Answer> => this.seek(what, forward && !following, { lens: view.lens, row });
    let answer = await look();
    for (let i = 0; i < WAIT / RETRY && ['still searching', 'gone'].includes(answer.why ?? ''); i++) {
      if (answer.why !== 'gone') await later(RETRY);
      answer = await look();
    }
    if (answer.row === undefined && !following) {
      answer = await look(forward ? -Infinity : Infinity);
      if (answer.row !== undefined) say(forward ? 'Went on from the oldest' : 'Went on from the newest');
    }
    const { row, why, index } = answer;
    if (row !== undefined) {
      if (what === 'hit') this.#pane.hit.value = index + 1;
      view.goTo(row);
    } else if (why !== 'gone') say(why === 'still searching' ? 'Still searching' : `No ${what} in this view`);
    return row;
  }

  /** Stand where a line is; where it has not come yet, as soon as it has. */
  goToLine(line: LineName, pointed: boolean): void {
    this.#wanted = { line, pointed, until: 0, asked: false, loads: false, lens: undefined };
  }

  /** Stand at the row of a time, or of a position or the one after it; `exactly`: of that very position. False where the view shows no such row. */
  standAt(where: { time: number } | { position: number }, exactly = false): Promise<boolean> {
    return this.#inTurn(async () => {
      const { row, why } = await this.seek('time' in where ? 'time' : 'position', true, where);
      const found = row !== undefined && !(exactly && why);
      if (found) this.#view.goTo(row);
      return found;
    });
  }

  /** Filters may still bring another lens, which knows nothing of where one stands: then it is gone to once more, unless somebody has moved. */
  #goToWanted(): void {
    const wanted = this.#wanted;
    if (!wanted || wanted.asked || wanted.lens === this.#view.lens) return;
    wanted.until ||= performance.now() + LINE_WAIT;
    wanted.asked = true;
    void this.seek('line', true, wanted.line).then((answer) => {
      if (this.#wanted !== wanted) return;
      wanted.asked = false;
      const late = performance.now() >= wanted.until;
      const { base = 0 } = this.#pane.state.peek() ?? {}; // older rows are known a moment later than the answer
      // Another row near it is taken only when the very one does not come.
      if (answer.row !== undefined && answer.row >= base && (late || answer.why === undefined)) {
        wanted.lens = answer.lens;
        this.#view.goTo(answer.row, wanted.pointed, wanted.pointed ? undefined : 0);
      } else if (!late || answer.row !== undefined || this.#mayCome(wanted)) return void setTimeout(() => this.#goToWanted(), 200);
      else if (wanted.lens === undefined) say(`The line ${wanted.line.n} of ${wanted.line.id} is not held any more, or not shown by this view`, { bad: true });
      if (late) this.#wanted = undefined;
    });
  }

  /** Whether a line that is not held is perhaps among older ones that the server holds; these are loaded then. */
  #mayCome(wanted: Wanted): boolean {
    if (wanted.lens !== undefined || older.peek() <= 0) return false;
    if (!wanted.loads) this.#loadOlder();
    wanted.loads = true;
    return performance.now() < wanted.until + OLDER_WAIT;
  }

  /**
   * Answers are given once the lens whose rows they number is the one shown, and reaches to the row: an answer overtakes the state that
   * tells of it. Those of lenses gone by then are of no use.
   */
  #answer(): void {
    const { lens, end } = this.#view;
    for (const said of this.#late.splice(0)) {
      if (said.lens > lens || (said.lens === lens && said.row !== undefined && said.row >= end)) this.#late.push(said);
      else {
        this.#seeking.get(said.serial)?.(said.lens === lens ? said : { ...said, row: undefined, why: 'gone' });
        this.#seeking.delete(said.serial);
      }
    }
  }
}
