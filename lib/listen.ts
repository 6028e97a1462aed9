/** Where a server listens, as people write it and as it is shown. */
import { isIPv6 } from 'node:net';

/** A host and a port; without a host, every address of this machine. */
export type Place = { host: string | undefined; port: number };

/** Read `host:port`, `[::1]:port` or `:port`. Throws Error for anything else. */
export function parseListen(text: string): Place {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(text);
  const [, bracketed, name, digits] = match ?? [];
  const port = Number(digits);
  if (!match || port > 65_535 || (bracketed !== undefined && !isIPv6(bracketed))) throw new Error(`address ${text} is not [host]:port`);
  return { host: bracketed ?? (name || undefined), port };
}

/** `127.0.0.1:80`, `[::1]:80`. */
export function showPlace(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
