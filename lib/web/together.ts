/** Brings panes to where one of them stands in time. */
import type { Frame } from './frame.tsx';
import { NEWEST, standOf } from './lock.ts';

let busy = false;
let again: [Frame, Frame[]] | undefined;

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
      const { row } = await other.guide.seek('time', true, { time });
      if (row !== undefined) other.view.goTo(row, false, 0);
    }),
  );
  busy = false;
  const next = again;
  again = undefined;
  if (next) await moveTogether(...next);
}
