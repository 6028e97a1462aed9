/** The users of lm-serve: a password file, read anew when asked, and HTTP Basic at the door. */
import type { IncomingMessage } from 'node:http';
import { type Admission, peerOf } from './access.ts';
import { note, why } from './cli.ts';
import { parseHtpasswd, type Users } from './htpasswd.ts';
import { Login } from './login.ts';
import { PasswordThread } from './password-thread.ts';
import { readSetting } from './settings.ts';

const ASK = { 'WWW-Authenticate': 'Basic realm="lm", charset="UTF-8"' };

/** The users of the file; its bad lines are noted, they let nobody in. Rejects when there is no good one. */
async function readUsers(path: string): Promise<Users> {
  const { users, problems } = parseHtpasswd(await readSetting(path));
  for (const problem of problems) note(`${path}: ${problem}`);
  if (users.size === 0) throw new Error(`cannot use ${path}: no users in it`);
  return users;
}

/** Lets in who knows a password of the file. */
export class Passwords {
  readonly #path: string;
  readonly #thread: PasswordThread;
  readonly #login: Login;
  #users: Users;

  private constructor(path: string, users: Users, thread: PasswordThread) {
    this.#path = path;
    this.#users = users;
    this.#thread = thread;
    this.#login = new Login(users, (stored, password) => thread.isPassword(stored, password));
  }

  /** `script` is where password-thread.worker lies, built. Rejects with `cannot read PATH: ...` or `cannot use PATH: ...`. */
  static async open(path: string, script: URL): Promise<Passwords> {
    return new Passwords(path, await readUsers(path), new PasswordThread(script));
  }

  /** What an Access does. */
  async admit(req: IncomingMessage): Promise<Admission> {
    const verdict = await this.#login.check(req.headers.authorization, peerOf(req));
    if (verdict.outcome === 'in') return { user: verdict.user };
    if (verdict.outcome === 'denied') return { status: 401, headers: ASK, text: 'a user and a password are needed' };
    return { status: 429, headers: { 'Retry-After': String(verdict.seconds) }, text: `too many guesses: wait ${verdict.seconds} s` };
  }

  /** Read the file again. Resolves with whether a user may stay; after a failure, which is noted, everybody may. */
  async reread(): Promise<(user: string) => boolean> {
    const before = this.#users;
    try {
      this.#users = await readUsers(this.#path);
      this.#login.replace(this.#users);
    } catch (err) {
      note(why(err));
    }
    const now = this.#users;
    return (user) => now.get(user) === before.get(user);
  }

  close(): void {
    this.#thread.close();
  }
}
