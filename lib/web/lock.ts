/** The time lock: where one pane stands in time, the others stand as well. */
import type { Frame } from './frame.tsx';

/** Where a pane is that follows the newest. */
const NEWEST = Infinity;

/** Where each was when it last said that something had changed: times of the rows at the top, ms. */
const stood = new WeakMap<Frame, number>();
let busy = false;
let again: [Frame, Frame[]] | undefined;

const standOf = ({ view }: Frame): number => (view.following ? NEWEST : (view.top?.ts ?? NaN));

/** Whether a pane stands at another time than when this was last asked of it. A new one has not moved. */
export function hasMoved(frame: Frame): boolean {
  const now = standOf(frame);
  const moved = !Object.is(stood.get(frame) ?? now, now);
  stood.set(frame, now);
  return moved;
}

/** Bring the others to where `driver` is: to the newest, or to the time of its row at the top. One question at a time, the last one counts. */
export async function moveTogether(driver: Frame, others: Frame[]): Promise<void> {
  const time = standOf(driver);
  const elsewhere = others.filter((other) => standOf(other) !== time);
  if (time === NEWEST) {
    for (const other of elsewhere) other.view.resume();
    return;
  }
  if (busy) {
    again = [driver, others];
    return;
  }
  if (Number.isNaN(time)) return;
  busy = true;
  await Promise.all(
    elsewhere.map(async (other) => {
      const { row } = await other.guide.seek('time', true, { time, row: 0 });
      if (row !== undefined) other.view.goTo(row, false, 0);
    }),
  );
  busy = false;
  const next = again;
  again = undefined;
  if (next) await moveTogether(...next);
}
