/** Firefox for the tests of the page, driven by WebDriver BiDi over its WebSocket. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { Engine, LISTEN } from './engine.ts';
import { ENV, sh, start, stopAll, withFolder } from './sh.ts';

/** How long one command may take, ms. */
const COMMAND_LIMIT = 20_000;
const VIEWPORT = { width: 1200, height: 800 };
/** Nothing is fetched but the page, and nothing is asked of a person. */
const PREFS = {
  'app.update.auto': false, 'app.normandy.enabled': false, 'browser.safebrowsing.malware.enabled': false, 'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false, 'browser.startup.page': 0, 'browser.startup.homepage_override.mstone': 'ignore',
  'browser.region.network.url': '', 'browser.aboutwelcome.enabled': false, 'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false, 'extensions.update.enabled': false, 'extensions.systemAddon.update.enabled': false,
  'services.settings.server': 'data:,', 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false,
  'media.gmp-manager.updateEnabled': false, 'dom.push.enabled': false,
};

const program = sh('command -v firefox-esr || command -v firefox').out.trim();
const installed = program === '' ? 'no Firefox (Debian: firefox-esr)' : undefined;
/** What is missing, if anything is. Beside other browsers it has been too slow now and then. */
export const MISSING = installed ?? (process.env['LM_SOAK'] ? undefined : 'beside other tests it may be too slow; make soak runs it');

type Json = { [key: string]: unknown };
type Told = { id?: number; type: string; method?: string; params?: Json; result?: Json; error?: string; message?: string };

/** Its one tab. */
export class Firefox extends Engine {
  /** What the console has said of the page from the first moment on. */
  readonly said: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (told: Told) => void>();
  #asked = 0;
  #tab = '';

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#told(JSON.parse(data.toString()) as Told));
  }

  async begin(): Promise<void> {
    await this.#ask('session.new', { capabilities: {} });
    await this.#ask('session.subscribe', { events: ['log.entryAdded'] });
    const { contexts } = await this.#ask('browsingContext.getTree');
    this.#tab = (contexts as { context: string }[])[0]?.context ?? '';
    await this.#ask('browsingContext.setViewport', { context: this.#tab, viewport: VIEWPORT });
  }

  async open(url: string): Promise<void> {
    await this.#ask('browsingContext.navigate', { context: this.#tab, url, wait: 'complete' });
    await this.run(LISTEN);
  }

  async run<T = string>(script: string, ...args: unknown[]): Promise<T> {
    const functionDeclaration = `async (given) => JSON.stringify(await (function () { ${script} }).apply(null, JSON.parse(given)))`;
    const given = [{ type: 'string', value: JSON.stringify(args) }];
    const said = await this.#ask('script.callFunction', { functionDeclaration, arguments: given, target: { context: this.#tab }, awaitPromise: true });
    if (said['type'] !== 'success') throw new Error(`${script}: ${JSON.stringify(said['exceptionDetails'])}`);
    const { value } = said['result'] as { value?: string };
    return (value === undefined ? undefined : JSON.parse(value)) as T;
  }

  protected act(source: object): Promise<unknown> {
    return this.#ask('input.performActions', { context: this.#tab, actions: [source] });
  }

  #told(told: Told): void {
    if (told.id !== undefined) this.#waiting.get(told.id)?.(told);
    else if (['error', 'warn'].includes(String(told.params?.['level']))) this.said.push(String(told.params?.['text']));
  }

  async #ask(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.#asked;
    const told = await new Promise<Told>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${method}: no answer`)), COMMAND_LIMIT);
      this.#waiting.set(id, (answer) => {
        clearTimeout(limit);
        this.#waiting.delete(id);
        resolve(answer);
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    if (told.type === 'error') throw new Error(`${method}: ${told.error}: ${told.message}`);
    return told.result ?? {};
  }
}

/** Run `body` with a new browser in a new profile. Rejects where something is `MISSING`. */
export function withFirefox(body: (firefox: Firefox) => Promise<void>): Promise<void> {
  return withFolder(async (dir) => {
    const profile = join(dir, 'profile');
    mkdirSync(profile);
    writeFileSync(join(profile, 'user.js'), Object.entries(PREFS).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`).join(''));
    const running = start(program, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0', 'about:blank'], { env: { ...ENV, HOME: dir } });
    try {
      const [, address] = await running.says(/WebDriver BiDi listening on (ws:\/\/\S+)/, 30_000);
      const socket = new WebSocket(`${address}/session`, { handshakeTimeout: COMMAND_LIMIT });
      await once(socket, 'open');
      try {
        const firefox = new Firefox(socket);
        await firefox.begin();
        await body(firefox);
      } finally {
        socket.close();
      }
    } finally {
      await stopAll(running);
    }
  });
}
