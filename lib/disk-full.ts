/** Tells the one fault of a disk that passes by itself from all others. */
import { why } from './cli.ts';

/** Whether the error says that there is no room: of the disk, of a quota. */
export function isFull(err: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(why(err));
}
