/** A dialog that is open exactly while it is drawn. */
import type { ComponentChildren, JSX } from 'preact';
import { Tool } from './tool.tsx';

type Props = { title: string; close: () => void; children: ComponentChildren; kind?: string };

export function Sheet({ title, close, children, kind = '' }: Props): JSX.Element {
  let dialog: HTMLDialogElement | null = null;
  /** Shut by itself it gives the focus back to where it was. */
  const shut = (): void => {
    dialog?.close();
    close();
  };
  return (
    <dialog
      aria-label={title}
      class={kind}
      ref={(element) => {
        dialog = element;
        if (element && !element.open) element.showModal();
      }}
      onCancel={(event) => {
        event.preventDefault();
        shut();
      }}
      // The event comes some time after it is shut: another may be open by then.
      onClose={(event) => event.currentTarget.isConnected && close()}
      onClick={(event) => {
        if (event.target === event.currentTarget) shut();
      }}
    >
      <div class="sheet">
        <header>
          <h2 tabIndex={-1} autofocus>
            {title}
          </h2>
          <Tool label="Close" icon="close" run={shut} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
