/** Which entries a client wants: some streams, with or without marks; found by the index of a batch, not by reading its lines. */
import { type Batch, KIND } from './batch.ts';
import type { IdFilter } from './glob.ts';
import type { Ring } from './ring.ts';

/** No `ids`: every stream. */
export type Selection = { ids?: IdFilter | undefined; marks: boolean };

/** The entries of the batch from index `from` on that are selected; undefined when that is every one of them. */
export function select(batch: Batch, from: number, selection: Selection): number[] | undefined {
  const { ids } = selection;
  const wanted = ids && batch.ids.map((id) => ids.matches(id));
  if ((!wanted || wanted.every(Boolean)) && (selection.marks || batch.marks === 0)) return undefined;
  const chosen: number[] = [];
  if (wanted && !wanted.includes(true)) return chosen;
  for (let i = from; i < batch.count; i++) {
    if (wanted && !wanted[batch.streams[i] as number]) continue;
    if (selection.marks || batch.kinds[i] !== KIND.mark) chosen.push(i);
  }
  return chosen;
}

/** The lines of the chosen entries. */
export function linesOf(batch: Batch, chosen: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  for (let k = 0; k < chosen.length; ) {
    const from = chosen[k] as number;
    let last = from;
    while (++k < chosen.length && chosen[k] === last + 1) last++; // neighbours in one copy
    parts.push(batch.bytes.subarray(batch.start(from), batch.ends[last]));
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

/** The number from which on the last `count` selected entries stand; the oldest held when there are fewer. */
export function startOfLast(ring: Ring, count: number, selection: Selection): number {
  let left = count;
  for (let next = ring.next; left > 0 && next > ring.first; ) {
    const batch = ring.batchOf(next - 1) as Batch;
    const chosen = select(batch, 0, selection);
    const found = chosen ? chosen.length : batch.count;
    if (found >= left) return batch.first + (chosen ? (chosen[found - left] as number) : found - left);
    left -= found;
    next = batch.first;
  }
  return left === 0 ? ring.next : ring.first;
}
