/** The time lock: where one pane stands in time, the others stand as well. */
import type { Frame } from './frame.tsx';

let busy = false;
let again: [Frame, Frame[]] | undefined;
let last = -1;

/** Bring the others to where `driver` is: to the newest, or to the time of its row at the top. One question at a time, the last one counts. */
export async function moveTogether(driver: Frame, others: Frame[]): Promise<void> {
  if (driver.view.following) {
    last = -1;
    for (const other of others) if (!other.view.following) other.view.resume();
    return;
  }
  if (busy) {
    again = [driver, others];
    return;
  }
  const ts = driver.view.top?.ts;
  if (ts === undefined || ts === last) return;
  last = ts;
  busy = true;
  await Promise.all(
    others.map(async (other) => {
      const { row } = await other.guide.seek('time', true, { time: ts, row: 0 });
      if (row !== undefined) other.view.goTo(row, false, 0);
    }),
  );
  busy = false;
  const next = again;
  again = undefined;
  if (next) await moveTogether(...next);
}
