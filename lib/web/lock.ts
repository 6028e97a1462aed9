/** The time lock: whether a pane has come to stand at another time (together.ts then brings the others there). */
import type { Frame } from './frame.tsx';

/** Where a pane is that follows the newest. */
export const NEWEST = Infinity;

/** Where each was when it last said that something had changed: times of the rows at the top, ms. */
const stood = new WeakMap<Frame, number>();

/** The time of the row at the top, ms; NaN where there is none. */
export const standOf = ({ view }: Frame): number => (view.following ? NEWEST : (view.top?.ts ?? NaN));

/** Whether a pane stands at another time than when this was last asked of it. A new one has not moved. */
export function hasMoved(frame: Frame): boolean {
  const now = standOf(frame);
  const moved = !Object.is(stood.get(frame) ?? now, now);
  stood.set(frame, now);
  return moved;
}
