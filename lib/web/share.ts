/** What is taken away from the page: text put on the clipboard, and files saved. */

/** Put text on the clipboard; false where the browser does not let us. Over plain HTTP there is only the old way, by a selection. */
export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Not allowed: the old way may be.
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  const box = document.createElement('textarea');
  box.value = text;
  box.className = 'unseen-text';
  const focus = document.activeElement;
  (document.querySelector('dialog[open]') ?? document.body).append(box);
  box.select();
  const done = document.execCommand('copy');
  box.remove();
  if (focus instanceof HTMLElement) focus.focus();
  return done;
}

/** Have the browser save a file under this name. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers begin to read it late
}

/** A file name for the lines of a view at a moment: `lm-web1-nginx-20261122-221326.log`. */
export function fileName(streams: readonly string[] | undefined, at: Date, ending: string): string {
  const what = streams === undefined ? 'all' : streams.length === 1 ? (streams[0] ?? '').replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 60) : `${streams.length}-streams`;
  return `lm-${what}-${at.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}.${ending}`;
}
