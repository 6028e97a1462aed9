/** The last words of a sender: what did not arrive, and the exit status that says so. */
import type { Amount } from './backlog.ts';
import { EXIT, note } from './cli.ts';
import { grouped } from './progress.ts';
import type { Rest } from './store.ts';

const NOTHING: Amount = { lines: 0, bytes: 0 };

/** What came in and did not get there. `reason` is the receiver's, of the first line refused. */
type Outcome = Partial<Rest> & { split: number; refused?: number; reason?: string; dropped?: Amount; damaged?: Amount };

/**
 * Say what did not go as it should, a line each. Returns the exit status: 0 when all was delivered, 1 when something is lost or refused, 75
 * when the rest is safe in the spool.
 */
export function farewell({ split, refused = 0, reason, dropped = NOTHING, damaged = NOTHING, lost = NOTHING, kept = 0 }: Outcome): number {
  const shown = ({ lines, bytes }: Amount): string => `${grouped(lines)} lines, ${grouped(bytes)} bytes`;
  if (split > 0) note(`lines longer than 1 MiB, split: ${grouped(split)}`);
  if (refused > 0) note(`lines refused by the receiver: ${grouped(refused)}: ${reason}`);
  if (dropped.bytes > 0) note(`lost, given up for want of room: ${shown(dropped)}`);
  if (damaged.bytes > 0) note(`lost, damaged in the spool: ${shown(damaged)}`);
  if (lost.bytes > 0) note(`lost, not acknowledged: ${shown(lost)}`);
  if (kept > 0) note(`kept in the spool, not acknowledged: ${grouped(kept)} bytes`);
  if (refused + dropped.bytes + damaged.bytes + lost.bytes > 0) return EXIT.fail;
  return kept > 0 ? EXIT.tempfail : EXIT.ok;
}
