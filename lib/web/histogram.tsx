/** The histogram of a pane: its lines over time by level; click to go to a time, draw to select a range, or do both by keyboard. */
import { signal } from '@preact/signals-core';
import type { JSX } from 'preact';
import { LEVEL_NAMES } from '../level.ts';
import { binAt, binsOf, pathsOf, placeOf, STACK, timeOf, type Shape } from './bins.ts';
import { counted, linesText } from './clock.ts';
import type { Choices } from './choices.ts';
import { memory } from './memory.ts';
import { clockOf } from './timing.ts';

/** Where the pointer or the keyboard is in a pane's histogram, in bins, and where a range was begun; and where the pointer was then, px. */
type Cursor = { pane: Choices; bin: number; begun: number | undefined; x: number };
const cursor = signal<Cursor | undefined>(undefined);

/** A pointer that has moved less than this since it was pressed, px, was meant to stay. */
const STEADY = 4;

type Clock = (ts: number) => string;
/** `leave`: the keys are for the lines again. */
type Props = { pane: Choices; goTo: (time: number) => void; leave: () => void };

export function Histogram({ pane, goTo, leave }: Props): JSX.Element {
  const shape = pane.state.value?.shape;
  if (!shape || binsOf(shape) === 0) return <div class="bars" />; // its room is taken from the start: what comes later would move the lines
  const bins = binsOf(shape);
  const { time } = memory.value;
  const clock = clockOf(time, shape.from, shape.to - 1, shape.step < 1000);
  const axis = clockOf(time, shape.from, shape.to - 1);
  const now = cursor.value?.pane === pane ? cursor.value : undefined;
  const place = pane.place.value === undefined ? undefined : placeOf(shape, pane.place.value);
  const bin = Math.min(bins - 1, now?.bin ?? bins - 1);
  const select = (a: number, b: number): void => {
    pane.from.value = Math.floor(timeOf(shape, Math.min(a, b)));
    pane.to.value = Math.ceil(timeOf(shape, Math.max(a, b) + 1));
    pane.following.value = pane.following.value && Math.max(a, b) >= bins - 1;
  };
  const take = (end: Cursor): void => {
    cursor.value = { ...end, begun: undefined };
    if (end.begun === undefined || end.begun === end.bin) goTo(timeOf(shape, end.bin));
    else select(end.begun, end.bin);
  };
  return (
    <div
      class="bars"
      role="slider"
      tabIndex={0}
      aria-label="Lines over time"
      aria-valuemin={0}
      aria-valuemax={bins - 1}
      aria-valuenow={bin}
      aria-valuetext={binText(shape, bin, clock)}
      aria-describedby={`shape-${pane.id}`}
      title="Click: go there. Draw: only that time. By keyboard: arrows, Shift with arrows, Enter"
      onKeyDown={(event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageUp: 10, PageDown: -10, Home: -bins, End: bins }[event.key];
        if (step !== undefined) {
          const to = Math.max(0, Math.min(bins - 1, bin + step));
          cursor.value = { pane, bin: to, begun: event.shiftKey ? (now?.begun ?? bin) : undefined, x: NaN };
        } else if (event.key === 'Enter') take({ pane, bin, begun: now?.begun, x: NaN });
        else if (event.key === 'Escape' && now?.begun !== undefined) cursor.value = { ...now, begun: undefined };
        else if (event.key === 'Escape' && pane.from.value !== undefined) pane.from.value = pane.to.value = undefined;
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const at = binUnder(event, bins);
        cursor.value = { pane, bin: at, begun: at, x: event.clientX };
      }}
      onPointerMove={(event) => (cursor.value = { pane, bin: binUnder(event, bins), begun: now?.begun, x: now?.x ?? NaN })}
      onPointerUp={(event) => {
        if (now?.begun === undefined) return;
        take({ ...now, bin: Math.abs(event.clientX - now.x) < STEADY ? now.begun : binUnder(event, bins) });
        leave();
      }}
      onPointerCancel={() => (cursor.value = undefined)}
      onPointerLeave={() => now && now.begun === undefined && (cursor.value = undefined)}
      onBlur={() => (cursor.value = undefined)}
    >
      <svg viewBox={`0 0 ${bins} 1`} preserveAspectRatio="none" aria-hidden="true">
        {pathsOf(shape).map((path, i) => (path === '' ? null : <path key={i} class={`bar-${LEVEL_NAMES[STACK[i] ?? 0]}`} d={path} />))}
        {place !== undefined && place >= 0 && place <= 1 ? <rect class="place" x={place * bins - 0.1} width={0.2 + bins / 500} y={0} height={1} /> : null}
        {now ? <rect class="range" x={Math.min(now.bin, now.begun ?? now.bin)} width={Math.abs(now.bin - (now.begun ?? now.bin)) + 1} y={0} height={1} /> : null}
      </svg>
      <span class="from">{axis(shape.from)}{outside(shape.earlier, 'earlier')}</span>
      <span class="to">{axis(timeOf(shape, bins))}{outside(shape.later, 'later')}</span>
      {now ? (
        <span class="over tip" style={{ '--x': `${(100 * (bin + 0.5)) / bins}%` }}>
          {binText(shape, bin, clock)}
        </span>
      ) : null}
      <span class="unseen-text" id={`shape-${pane.id}`}>
        {summary(shape, clock)}
      </span>
    </div>
  );
}

/** Lines whose time is too far from the others to be drawn with them. */
const outside = (lines: number | undefined, where: string): string => (lines ? `, ${counted(lines)} ${where}` : '');

function binUnder(event: { currentTarget: HTMLElement; clientX: number }, bins: number): number {
  const { left, width } = event.currentTarget.getBoundingClientRect();
  return Math.max(0, Math.min(bins - 1, Math.floor(((event.clientX - left) / Math.max(1, width)) * bins)));
}

function binText(shape: Shape, bin: number, clock: Clock): string {
  const { lines, errors, warnings } = binAt(shape, bin);
  const parts = [linesText(lines)];
  if (errors > 0) parts.push(`${counted(errors)} ${errors === 1 ? 'error' : 'errors'}`);
  if (warnings > 0) parts.push(`${counted(warnings)} ${warnings === 1 ? 'warning' : 'warnings'}`);
  return `${clock(timeOf(shape, bin))}: ${parts.join(', ')}`;
}

/** What is seen in it, in words. */
function summary(shape: Shape, clock: Clock): string {
  const bins = binsOf(shape);
  const all = Array.from({ length: bins }, (_, bin) => binAt(shape, bin));
  const busiest = all.reduce((best, { lines }, bin) => (lines > (all[best]?.lines ?? 0) ? bin : best), 0);
  const total = all.reduce((sum, { lines }) => sum + lines, 0);
  const errors = all.reduce((sum, bin) => sum + bin.errors, 0);
  return `${counted(total)} lines, ${counted(errors)} of them errors, from ${clock(shape.from)} to ${clock(timeOf(shape, bins))}; most at ${binText(shape, busiest, clock)}${outside(shape.earlier, 'earlier')}${outside(shape.later, 'later')}.`;
}
