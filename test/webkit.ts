/** The engine of Safari for the tests of the page: WebKitGTK on a screen of its own, driven by W3C WebDriver. */
import { Engine, LISTEN } from './engine.ts';
import { freePort, sh, start, stopAll, until, withFolder } from './sh.ts';

/** How long one command of the driver may take, ms. */
const COMMAND_LIMIT = 20_000;
const SCREEN = { width: 1200, height: 800 };
type Programs = { driver: string; browser: string; screen: string };

function find(): Programs | string {
  const [driver, screen, browser] = ['command -v WebKitWebDriver', 'command -v Xvfb', 'ls /usr/lib*/{,*/}webkit2gtk-*/MiniBrowser 2>/dev/null | tail -n 1']
    .map((line) => sh(line).out.trim());
  if (!driver || !browser) return 'no WebKitGTK that can be driven (Debian: webkit2gtk-driver)';
  return screen ? { driver, screen, browser } : 'no screen to show it on (Debian: xvfb)';
}

/** Where it is installed; or what is missing. */
const programs = find();
export const MISSING = typeof programs === 'string' ? programs : undefined;

/** A window of the browser. */
export class WebKit extends Engine {
  readonly #session: string;

  constructor(session: string) {
    super();
    this.#session = session;
  }

  async open(url: string): Promise<void> {
    await command(`${this.#session}/url`, { url });
    await this.run(LISTEN);
  }

  run<T = string>(script: string, ...args: unknown[]): Promise<T> {
    return command(`${this.#session}/execute/sync`, { script, args }) as Promise<T>;
  }

  protected act(source: object): Promise<unknown> {
    return command(`${this.#session}/actions`, { actions: [source] });
  }
}

/** Ask the driver; what it does not manage is an error. */
async function command(url: string, body?: object): Promise<unknown> {
  const how = body ? { method: 'POST', body: JSON.stringify(body) } : {};
  const res = await fetch(url, { ...how, signal: AbortSignal.timeout(COMMAND_LIMIT) });
  const { value } = (await res.json()) as { value: unknown };
  if (!res.ok) throw new Error(`${url}: ${JSON.stringify(value)}`);
  return value;
}

/** A screen that nobody sees, and a folder for what a browser keeps; `env` is for what is to be shown there. */
async function withScreen(body: (programs: Programs, env: NodeJS.ProcessEnv) => Promise<void>): Promise<void> {
  if (typeof programs === 'string') throw new Error(programs);
  await withFolder(async (dir) => {
    const screen = start(programs.screen, ['-displayfd', '1', '-screen', '0', `${SCREEN.width}x${SCREEN.height}x24`, '-nolisten', 'tcp']);
    try {
      await until(() => /^\d+\n/.test(screen.out) || screen.over, 20_000, () => `a screen: ${screen.err}`);
      await body(programs, {
        DISPLAY: `:${screen.out.trim()}`, HOME: dir, XDG_RUNTIME_DIR: dir, LC_ALL: 'C.UTF-8', NO_AT_BRIDGE: '1',
        LIBGL_ALWAYS_SOFTWARE: '1', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', // its sandbox does not work for root, nor in containers
      });
    } finally {
      await stopAll(screen);
    }
  });
}

/** Run `body` with a window of the browser. Rejects where something is `MISSING`. */
export function withWebKit(body: (web: WebKit) => Promise<void>): Promise<void> {
  return withScreen(async ({ driver: program, browser }, env) => {
    const port = await freePort();
    const driver = start(program, [`--port=${port}`], { env });
    try {
      const url = `http://127.0.0.1:${port}`;
      await until(() => command(`${url}/status`).then(() => true, () => false), 20_000, () => `the driver: ${driver.err}`);
      const options = { binary: browser, args: ['--automation'] };
      const { sessionId } = (await command(`${url}/session`, { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } } })) as { sessionId: string };
      const session = `${url}/session/${sessionId}`;
      await command(`${session}/window/rect`, SCREEN);
      await body(new WebKit(session));
    } finally {
      await stopAll(driver);
    }
  });
}

/** What the console says of a page and its workers from the first moment on, which a driven window keeps to itself. Rejects where something is `MISSING`. */
export async function consoleOf(url: string, done: () => Promise<void>): Promise<string[]> {
  let said = '';
  await withScreen(async ({ browser: program }, env) => {
    const browser = start(program, ['--enable-write-console-messages-to-stdout=true', url], { env });
    try {
      await done();
    } finally {
      await stopAll(browser);
      said = browser.out;
    }
  });
  return said.split('\n').filter((line) => line.includes('CONSOLE'));
}
