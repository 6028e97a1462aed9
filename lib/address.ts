/** Addresses as people write them: `logs.example.com`, `logs.example.com:5333`, `192.0.2.7`, `[2001:db8::7]:5333`. */
import { isIP } from 'node:net';

export type Address = { host: string; port: number };

/** The longest host name, without a dot at its end (RFC 1035, 2.3.4). */
export const MAX_HOST = 253;

/** Whether the text is an address in digits or can be the name of a host; `_` is allowed, as resolvers do. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  if (text.length > MAX_HOST + 1) return false;
  const labels = text.replace(/\.$/, '').split('.');
  // A name of digits only would be read as an IPv4 address of some old form.
  if (/^\d+$/.test(labels.at(-1) ?? '') || text.length - (text.endsWith('.') ? 1 : 0) > MAX_HOST) return false;
  return labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
}

/** One spelling for a host: names in lower case, IPv6 addresses in the short form of RFC 5952. */
function canonical(host: string): string {
  const [address = '', zone] = host.split('%', 2);
  if (isIP(address) !== 6) return host.toLowerCase();
  return new URL(`http://[${address}]`).hostname.slice(1, -1) + (zone === undefined ? '' : `%${zone}`);
}

/** Cut off the port. Without brackets, more than one colon make an IPv6 address. */
function split(text: string): { host: string; port: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) return { host: isIP(bracketed[1] ?? '') === 6 ? (bracketed[1] ?? '') : '', port: bracketed[2] };
  const at = text.indexOf(':');
  if (at < 0 || text.indexOf(':', at + 1) >= 0) return { host: text, port: undefined };
  return { host: text.slice(0, at), port: text.slice(at + 1) };
}

function portOf(text: string, address: string, min: number): number {
  if (!/^\d{1,5}$/.test(text)) throw new Error(`address ${address} is not understood`);
  const port = Number(text);
  if (port < min || port > 65_535) throw new Error(`port ${text} is out of range`);
  return port;
}

/** Whom to connect to. Throws Error with the fact. */
export function parseAddress(text: string, defaultPort: number): Address {
  const { host, port } = split(text);
  if (!isHost(host)) throw new Error(`address ${text} is not understood`);
  return { host: canonical(host), port: port === undefined ? defaultPort : portOf(port, text, 1) };
}

/** Where to listen: as `parseAddress`, but port 0 takes a free one, and without host (`:5333`) it is every address: `''`. Throws Error. */
export function parseListen(text: string, defaultPort: number): Address {
  const { host, port } = split(text);
  if (host === '' ? !text.startsWith(':') : !isHost(host)) throw new Error(`address ${text} is not understood`);
  return { host: canonical(host), port: port === undefined ? defaultPort : portOf(port, text, 0) };
}

/** `host:port`, an IPv6 address in brackets: what `parseAddress` reads. */
export function showAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whom an address stands for: of IPv6 the first 64 bits, since whoever has one address there has them all. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIP(plain) !== 6) return plain;
  const [left, right] = plain.split('::').map((part) => (part === '' ? [] : part.split(':')));
  if (right === undefined) return `${left?.slice(0, 4).join(':')}::`;
  const width = right.length + (right.at(-1)?.includes('.') ? 1 : 0);
  const groups = [...(left ?? []), ...Array<string>(Math.max(8 - (left?.length ?? 0) - width, 0)).fill('0'), ...right];
  return `${groups.slice(0, 4).join(':')}::`;
}
