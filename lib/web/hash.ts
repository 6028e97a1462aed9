/** What is shown, as it stands behind the # of the address: so that a view can be kept and sent to others. */

export type Seen = { streams: string[] | undefined; pattern: string; fold: boolean; wrap: boolean | undefined; lines: number | undefined };

const MAX_STREAMS = 500;

/** `#stream=a&stream=b&filter=RE&case=1&wrap=1&lines=N`; '' for everything as it is without being told. */
export function toHash({ streams, pattern, fold, wrap, lines }: Seen): string {
  const values = new URLSearchParams();
  for (const id of streams ?? []) values.append('stream', id);
  if (pattern !== '') values.set('filter', pattern);
  if (!fold) values.set('case', '1');
  if (wrap !== undefined) values.set('wrap', wrap ? '1' : '0');
  if (lines !== undefined) values.set('lines', String(lines));
  const text = values.toString().replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%40', '@');
  return text === '' ? '' : `#${text}`;
}

/** The same back; what cannot be read is left as it is without being told. */
export function fromHash(hash: string): Seen {
  const values = new URLSearchParams(hash.replace(/^#/, ''));
  const streams = values.getAll('stream').slice(0, MAX_STREAMS);
  const wrap = values.get('wrap');
  const lines = values.get('lines') ?? '';
  return {
    streams: streams.length > 0 ? streams : undefined,
    pattern: values.get('filter') ?? '',
    fold: values.get('case') !== '1',
    wrap: wrap === null ? undefined : wrap === '1',
    lines: /^[1-9]\d{0,6}$/.test(lines) ? Number(lines) : undefined,
  };
}
