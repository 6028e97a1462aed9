/** Who may look, where it is not everybody: those that a proxy vouches for. Passwords are in passwords.ts. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** An answer instead of what was asked for. */
export type Refusal = { status: number; headers?: Record<string, string>; text: string };

/** Let in, by which name if any; or refused. */
export type Admission = { user: string | undefined } | Refusal;

/** Decides on a request. */
export type Access = (req: IncomingMessage) => Promise<Admission> | Admission;

/** Addresses and networks such as `10.0.0.7` or `10.0.0.0/8`. Throws Error for anything else. */
export function addressList(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const version = isIP(address);
    const width = version === 4 ? 32 : 128;
    if (version === 0 || Number(bits ?? 0) > width) throw new Error(`address ${text} is not understood`);
    list.addSubnet(address, Number(bits ?? width), version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** The address a connection comes from; of an IPv4 one at an IPv6 socket, the IPv4 address. */
export function peerOf(req: IncomingMessage): string {
  return (req.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d)/, '');
}

/**
 * The proxy has checked the password and names the user in a header. Only proxies at the given addresses and on this machine are
 * believed: anyone else could write that header as well.
 */
export function trustedHeader(header: string, addresses: readonly string[]): Access {
  const proxies = addressList(['127.0.0.0/8', '::1', ...addresses]);
  const name = header.toLowerCase();
  return (req) => {
    const peer = peerOf(req);
    const version = isIP(peer);
    // No address: a socket of the file system, which its permissions guard.
    const known = version === 0 || proxies.check(peer, version === 4 ? 'ipv4' : 'ipv6');
    if (!known) return { status: 403, text: `no proxy is trusted at ${peer}` };
    const user = req.headers[name];
    if (typeof user !== 'string' || user.trim() === '') return { status: 401, text: `the proxy names no user in ${header}` };
    return { user: user.trim() };
  };
}
