/** A button with a sign instead of a text. */
import type { JSX } from 'preact';
import { Icon } from './icon.tsx';

type Props = {
  /** What it does, for those who do not see the sign; `title` also says the key. */
  label: string;
  icon: Parameters<typeof Icon>[0]['name'];
  run: () => void;
  title?: string | undefined;
  /** Further classes. */
  kind?: string;
  pressed?: boolean;
  expanded?: boolean;
  disabled?: boolean;
};

export function Tool({ label, icon, run, title, kind, pressed, expanded, disabled }: Props): JSX.Element {
  return (
    <button
      type="button"
      class={kind ? `tool ${kind}` : 'tool'}
      aria-label={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      title={title}
      disabled={disabled}
      onClick={run}
    >
      <Icon name={icon} />
    </button>
  );
}
