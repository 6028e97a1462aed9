/** How each sender stands, as lines for people to read and grep. */
import { byteSize, grouped } from './progress.ts';

/** Lines passed on, bytes committed and still to come, lines refused, bytes that the sender has lost, ms that its rate held it up. */
export type Figures = { lines: number; committed: number; behind: number; refused: number; lost: number; limited: number };

/** A connection: whose it is, from where and since when. */
export type Attendance = Figures & { name: string; address: string; since: Date; raw: boolean };

/** Figures as `name value` pairs; those that tell of something wrong only where there is any, unless all are wanted. */
export function figuresText({ lines, committed, behind, refused, lost, limited }: Figures, all = false): string {
  const pairs = [`lines ${grouped(lines)}`, `committed ${byteSize(committed)}`, `behind ${byteSize(behind)}`];
  if (all || refused > 0) pairs.push(`refused ${grouped(refused)}`);
  if (all || lost > 0) pairs.push(`lost ${byteSize(lost)}`);
  if (all || limited > 0) pairs.push(`limited ${(limited / 1000).toFixed(1)} s`);
  return pairs.join(', ');
}

/** A time to the second, UTC: `2026-11-25T01:34:08Z`. */
export function instant(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** A line for each connection, those furthest behind first, of `most` at most; the last one then says how many are left out. */
export function rollLines(present: readonly Attendance[], most: number): string[] {
  const sorted = [...present].sort((a, b) => b.behind - a.behind || a.name.localeCompare(b.name));
  const lines = sorted.slice(0, most).map((s) => (
    `sender ${s.name}: from ${s.address}${s.raw ? ', raw' : ''}, since ${instant(s.since)}, ${figuresText(s, true)}`
  ));
  if (sorted.length > most) lines.push(`senders left out: ${sorted.length - most}`);
  return lines;
}
