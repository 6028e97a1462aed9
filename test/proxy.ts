/** A proxy between page and server that can cut every connection, refuse new ones, ask for a login, and pass no Upgrade, as many do. */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

export class Proxy {
  /** Connections are refused while this is true. */
  down = false;
  /** Whoever asks is sent elsewhere to log in, while this is true. */
  login = false;
  /** WebSockets it has passed on. */
  upgrades = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listen at a free port for the server at `target`; another may take its place by `turnTo`. */
  static async open(target: number, upgrade = true): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server);
    proxy.#target = target;
    server.on('connection', (socket: Socket) => {
      if (proxy.down) return void socket.destroy();
      proxy.#sockets.add(socket);
      socket.on('close', () => proxy.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    server.on('request', (req: IncomingMessage, res: ServerResponse) => proxy.#pass(req, res));
    server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
      if (upgrade && !proxy.login) proxy.#tunnel(req, socket, head);
      else socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  turnTo(target: number): void {
    this.#target = target;
  }

  /** End every connection at once, in the middle of whatever it carries. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(req: IncomingMessage, res: ServerResponse): void {
    if (this.login) return void res.writeHead(302, { Location: 'http://127.0.0.1:1/login' }).end();
    const onward = request({ host: '127.0.0.1', port: this.#target, method: req.method, path: req.url, headers: req.headers });
    onward.on('response', (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, res, () => {});
    });
    onward.on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  }

  #tunnel(req: IncomingMessage, socket: Socket, head: Buffer): void {
    this.upgrades++;
    const onward = connect(this.#target, '127.0.0.1');
    const lines = req.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : []));
    onward.write(`${req.method} ${req.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    onward.write(head);
    onward.pipe(socket).pipe(onward);
    onward.on('error', () => socket.destroy());
    onward.on('close', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  }
}

/** Run `body` with a proxy before the server at that port; see `Proxy.open`. */
export async function proxied(target: number, body: (proxy: Proxy) => Promise<void>, upgrade = true): Promise<void> {
  const proxy = await Proxy.open(target, upgrade);
  try {
    await body(proxy);
  } finally {
    await proxy.close();
  }
}
