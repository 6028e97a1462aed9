/** What is taken away from the page: text put on the clipboard, and files saved. */
import { size } from './clock.ts';
import { say } from './desk.ts';

/** The most that is copied, bytes: while more goes to the clipboard browsers stand still (2.4 s for 180 MB in Chromium). */
const MAX_COPIED = 20_000_000;

/** Put text on the clipboard, as soon as it is made, and say what it is, or why it is not there. */
export async function copy(text: string | Promise<Blob>, what: string | Promise<string>): Promise<void> {
  const fault = await put(typeof text === 'string' ? Promise.resolve(new Blob([text])) : text);
  say(fault || `Copied ${await what}`, { bad: fault !== '' });
}

/** Gives why not, '' if it is there. Over plain HTTP there is only the old way, by a selection. */
async function put(text: Promise<Blob>): Promise<string> {
  const plain = (blob: Blob): Blob => {
    if (blob.size > MAX_COPIED) throw new Error('too much');
    return blob.slice(0, blob.size, 'text/plain');
  };
  try {
    // Asked for at once, whenever the text is there: some browsers allow it only where a key was pressed a moment ago.
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': text.then(plain) })]);
    return '';
  } catch {
    // None, or not allowed: the old way may be.
  }
  const blob = await text;
  if (blob.size > MAX_COPIED) return `Too much to copy (${size(blob.size)}): save it as a file`;
  return copyBySelection(await blob.text()) ? '' : 'This browser does not let a page copy';
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
