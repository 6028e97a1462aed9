/** The sheet of keys: every action of the table, as it is there. */
import type { JSX } from 'preact';
import { ACTION_LIST, GROUPS, keySign } from './actions.ts';
import { Sheet } from './sheet.tsx';

export function Help({ close }: { close: () => void }): JSX.Element {
  return (
    <Sheet title="Keys" close={close} kind="wide">
      <div class="keys">
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {ACTION_LIST.filter((action) => action.group === group).map(({ id, title, keys }) => (
                <div key={id}>
                  <dt>{title}</dt>
                  <dd>
                    {keys.map((key) => (
                      <kbd key={key}>{keySign(key)}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p>
        Esc leaves what is open, then empties the box you are in. Click a stream to see it alone; tick it, or click it with Ctrl or Shift,
        to see it with others. Click the time of a line to see all of it. In a box for expressions Enter keeps a filter and ↓ lists those
        used lately.
      </p>
      <p>
        Scrolling up, a selection or a key stops the lines where they are; new ones are counted, and none is missed. The address holds the
        whole view: send it to show others what you see.
      </p>
    </Sheet>
  );
}
