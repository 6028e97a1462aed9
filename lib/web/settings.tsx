/** How the page looks, for this person in this browser. */
import type { JSX } from 'preact';
import type { Density } from './look.ts';
import { memory, remember, SIZES, type Theme } from './memory.ts';
import { Sheet } from './sheet.tsx';
import type { TimeMode } from './timing.ts';

export function Settings({ close }: { close: () => void }): JSX.Element {
  const { theme, density, size, time, tokens, structure, wrap, shape, recent } = memory.value;
  return (
    <Sheet title="Settings" close={close}>
      <div class="settings">
        <Choice<Theme> title="Theme" name="theme" now={theme} of={{ auto: 'As the system', light: 'Light', dark: 'Dark' }} set={(to) => remember({ theme: to })} />
        <Choice<Density>
          title="Density"
          name="density"
          now={density}
          of={{ compact: 'Compact', normal: 'Normal', roomy: 'Roomy' }}
          set={(to) => remember({ density: to })}
        />
        <label class="setting">
          <span>Text of lines</span>
          <span class="range">
            <input
              type="range"
              min={SIZES.least}
              max={SIZES.most}
              step={0.5}
              value={size}
              onInput={(event) => remember({ size: Number(event.currentTarget.value) })}
            />
            <output>{size} px</output>
          </span>
        </label>
        <Choice<TimeMode>
          title="Times"
          name="time"
          now={time}
          of={{ local: 'Local', utc: 'UTC', relative: 'Ago', delta: 'Delta', off: 'Off' }}
          set={(to) => remember({ time: to })}
        />
        <Switch title="JSON and logfmt as message and fields" on={structure} set={(on) => remember({ structure: on })} />
        <Switch title="Colours of times, addresses and numbers" on={tokens} set={(on) => remember({ tokens: on })} />
        <Switch title="Wrap long lines, unless a view says otherwise" on={wrap} set={(on) => remember({ wrap: on })} />
        <Switch title="Histogram above the lines" on={shape} set={(on) => remember({ shape: on })} />
        <div class="setting">
          <span>Filters used lately: {recent.length}</span>
          <button type="button" class="tool wide" disabled={recent.length === 0} onClick={() => remember({ recent: [] })}>
            Forget them
          </button>
        </div>
        <p class="hint">Remembered in this browser only. Streams, filters and the like are in the address.</p>
      </div>
    </Sheet>
  );
}

type ChoiceProps<T extends string> = { title: string; name: string; now: T; of: Record<T, string>; set: (to: T) => void };

function Choice<T extends string>({ title, name, now, of, set }: ChoiceProps<T>): JSX.Element {
  return (
    <fieldset class="setting">
      <legend>{title}</legend>
      <span class="segments">
        {(Object.keys(of) as T[]).map((value) => (
          <label key={value}>
            <input type="radio" name={name} checked={now === value} onChange={() => set(value)} />
            <span>{of[value]}</span>
          </label>
        ))}
      </span>
    </fieldset>
  );
}

function Switch({ title, on, set }: { title: string; on: boolean; set: (on: boolean) => void }): JSX.Element {
  return (
    <label class="setting">
      <span>{title}</span>
      <input type="checkbox" class="switch" checked={on} onChange={(event) => set(event.currentTarget.checked)} />
    </label>
  );
}
