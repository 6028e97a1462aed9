/** The files of the page: read once, sent compressed to whom takes it, with a tag so that they are not sent again. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { why } from './cli.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A file whose name says what is in it (web.build.ts). */
const SELF_NAMED = /-[0-9a-f]{8}\.js$/;

type Asset = { type: string; tag: string; plain: Buffer; packed: Buffer };

/** With less memory its blocks are shorter, which suits scripts: some 80 bytes less (measured). */
export const GZIP = { level: 9, memLevel: 7 };

async function load(path: string, type: string): Promise<Asset> {
  const plain = await readFile(path);
  const packed = await promisify(gzip)(plain, GZIP);
  return { type, plain, packed, tag: createHash('sha256').update(plain).digest('base64url').slice(0, 22) };
}

/** Whether the client unpacks gzip. */
export function takesGzip(req: IncomingMessage): boolean {
  return /\bgzip\b(?!;q=0)/.test(String(req.headers['accept-encoding'] ?? ''));
}

/** The page's files in one folder, by the path they are asked for: `/` is index.html. */
export class Assets {
  readonly #folder: string;
  #loading: Promise<Map<string, Asset>> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Answer a GET or HEAD; false when there is no such file. Rejects when the page cannot be read. */
  async serve(path: string, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    this.#loading ??= this.#load();
    const asset = (await this.#loading).get(path);
    if (!asset) return false;
    const packed = takesGzip(req);
    const tag = `"${asset.tag}${packed ? '-gz' : ''}"`;
    res.setHeader('ETag', tag);
    // The others are asked for each time, answered by 304: a new version is never half an old one.
    res.setHeader('Cache-Control', SELF_NAMED.test(path) ? 'private, max-age=31536000, immutable' : 'no-cache');
    res.setHeader('Vary', 'Accept-Encoding, Sec-Fetch-Site');
    if (req.headers['if-none-match']?.split(/\s*,\s*/).includes(tag)) {
      res.writeHead(304).end();
      return true;
    }
    const body = packed ? asset.packed : asset.plain;
    if (packed) res.setHeader('Content-Encoding', 'gzip');
    res.writeHead(200, { 'Content-Type': asset.type, 'Content-Length': body.length }).end(req.method === 'HEAD' ? undefined : body);
    return true;
  }

  async #load(): Promise<Map<string, Asset>> {
    try {
      const assets = new Map<string, Asset>();
      for (const name of await readdir(this.#folder)) {
        const type = TYPES[extname(name)];
        if (type) assets.set(name === 'index.html' ? '/' : `/${name}`, await load(join(this.#folder, name), type));
      }
      return assets;
    } catch (err) {
      this.#loading = undefined;
      throw new Error(`cannot read the page ${this.#folder}: ${why(err)}`, { cause: err });
    }
  }
}
