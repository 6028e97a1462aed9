/** One stream in the list: its name, how it fares, and whether it is shown. */
import type { JSX } from 'preact';
import { ago, counted, rate } from './clock.ts';
import { hueOf } from './colour.ts';
import { clock, focused, looked, pin, serverAhead } from './desk.ts';
import { Icon } from './icon.tsx';
import { memory } from './memory.ts';
import { KEPT } from './sparks.ts';
import type { Stream } from './talk.ts';

/** Height of the sparkline. */
const HEIGHT = 12;

type Props = { stream: Stream; label: string; depth: number; at: number[]; on: boolean; choose: (add: boolean) => void };

export function StreamItem({ stream, label, depth, at, on, choose }: Props): JSX.Element {
  const { id, lost, state } = stream;
  const chosen = focused.value.streams.value?.includes(id) === true;
  const pinned = memory.value.pins.includes(id);
  const errors = Math.max(0, stream.errors - (looked.value.get(id) ?? 0));
  return (
    <div class={`stream ${state} ${chosen ? 'chosen' : ''}`} style={{ '--hue': hueOf(id), '--depth': depth }}>
      <input
        type="checkbox"
        tabIndex={on ? 0 : -1}
        aria-label={`Show ${id} with others`}
        title="Show together with others"
        checked={chosen}
        onChange={() => choose(true)}
      />
      <button
        type="button"
        class="name"
        tabIndex={on ? 0 : -1}
        aria-pressed={chosen}
        title={told(stream)}
        onClick={(event) => choose(event.ctrlKey || event.metaKey || event.shiftKey)}
      >
        <span class="id">
          {label === id ? null : <span class="prefix">{id.slice(0, id.length - label.length)}</span>}
          <Marked text={label} at={at.map((i) => i - (id.length - label.length))} />
        </span>
        {lost > 0 ? (
          <span class="lost" title={`${counted(lost)} lines lost`}>
            −{counted(lost)}
            <span class="unseen-text"> lost</span>
          </span>
        ) : null}
        {errors > 0 ? (
          <span class="errs" title={`${counted(errors)} errors since you last looked`}>
            {counted(errors)}
            <span class="unseen-text"> errors</span>
          </span>
        ) : null}
        <Spark values={stream.spark} />
        <span class="rate">{paceOf(stream)}</span>
      </button>
      <button
        type="button"
        class="pin"
        tabIndex={-1}
        aria-label={pinned ? `Unpin ${id}` : `Pin ${id}`}
        title={pinned ? 'Unpin' : 'Pin to the top'}
        aria-pressed={pinned}
        onClick={() => pin([id])}
      >
        <Icon name="pin" />
      </button>
    </div>
  );
}

const age = ({ last }: Stream): string => (last > 0 ? ago(clock.value + serverAhead.value - last) : '');

/** Its rate while it is live, else for how long it has been silent. */
function paceOf(stream: Stream): string {
  if (stream.state === 'live') return rate(stream.rate) || age(stream);
  if (stream.state === 'ended' || stream.state === 'lost') return stream.state;
  return age(stream);
}

const STATES: Record<Stream['state'], string> = {
  live: 'live',
  idle: 'idle',
  silent: 'silent for unusually long',
  ended: 'its writer has ended',
  lost: 'its writer gives no sign of life',
};

function told(stream: Stream): string {
  const since = age(stream);
  const seen = since === '' ? 'never' : since === 'now' ? 'just now' : `${since} ago`;
  const usual = stream.state === 'silent' && stream.usual > 0 ? ` (usually ${rate(stream.usual)})` : '';
  return `${stream.id}: ${counted(stream.lines)} lines, last ${seen}; ${STATES[stream.state]}${usual}`;
}

/** Lines over the last while, as a small curve; the newest at the right. */
function Spark({ values }: { values: readonly number[] }): JSX.Element | null {
  const most = Math.max(1, ...values);
  if (values.length < 3 || !values.some((value) => value > 0)) return null;
  const left = KEPT - values.length;
  const y = (value: number): string => (HEIGHT - 1 - (value / most) * (HEIGHT - 2)).toFixed(1);
  const points = values.map((value, i) => `${(left + i) * 2} ${y(value)}`);
  return (
    <svg class="spark" viewBox={`0 0 ${KEPT * 2 - 2} ${HEIGHT}`} width={KEPT * 2 - 2} height={HEIGHT} aria-hidden="true">
      <path d={`M${points.join('L')}`} />
    </svg>
  );
}

/** A text with some of its characters marked. */
export function Marked({ text, at }: { text: string; at: readonly number[] }): JSX.Element {
  if (at.length === 0) return <>{text}</>;
  const hits = new Set(at);
  const parts: JSX.Element[] = [];
  for (let from = 0; from < text.length; ) {
    let to = from + 1;
    while (to < text.length && hits.has(to) === hits.has(from)) to++;
    const part = text.slice(from, to);
    parts.push(hits.has(from) ? <b key={from}>{part}</b> : <span key={from}>{part}</span>);
    from = to;
  }
  return <>{parts}</>;
}
