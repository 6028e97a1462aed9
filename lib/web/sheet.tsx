/** A dialog that is open exactly while it is drawn. */
import type { ComponentChildren, JSX } from 'preact';
import { Tool } from './tool.tsx';

type Props = { title: string; close: () => void; children: ComponentChildren; kind?: string };

export function Sheet({ title, close, children, kind = '' }: Props): JSX.Element {
  return (
    <dialog
      aria-label={title}
      class={kind}
      ref={(element) => {
        if (element && !element.open) element.showModal();
      }}
      onCancel={(event) => {
        event.preventDefault();
        event.currentTarget.close(); // which gives the focus back
        close();
      }}
      // The event comes some time after it is shut: another may be open by then.
      onClose={(event) => event.currentTarget.isConnected && close()}
      onClick={(event) => {
        if (event.target === event.currentTarget) close();
      }}
    >
      <div class="sheet">
        <header>
          <h2 tabIndex={-1} autofocus>
            {title}
          </h2>
          <Tool label="Close" icon="close" run={close} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
