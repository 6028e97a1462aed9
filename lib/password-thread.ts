/** Passwords checked in a thread of their own, one after the other. */
import { Worker } from 'node:worker_threads';
import type { Question } from './password-thread.worker.ts';

const IDLE_MS = 60_000;

type Waiting = { question: Question; resolve: (answer: boolean) => void; reject: (err: Error) => void };

/** Started when first needed, ended when idle; it keeps no process alive. Who asks bounds how many questions wait. */
export class PasswordThread {
  readonly #script: URL;
  readonly #queue: Waiting[] = [];
  #worker: Worker | undefined;
  #asked: Waiting | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** `script` is where password-thread.worker lies, built. */
  constructor(script: URL) {
    this.#script = script;
  }

  /** Whether it is the password of the stored hash. Rejects when the thread dies of it, or was closed. */
  isPassword(stored: string, password: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ question: { stored, password }, resolve, reject });
      this.#next();
    });
  }

  /** End the thread; whoever waits is refused. */
  close(): void {
    this.#end(new Error('passwords are no longer checked'));
    for (const waiting of this.#queue.splice(0)) waiting.reject(new Error('passwords are no longer checked'));
  }

  #next(): void {
    if (this.#asked) return;
    this.#asked = this.#queue.shift();
    if (!this.#asked) return;
    clearTimeout(this.#idle);
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#worker.postMessage(this.#asked.question);
  }

  #start(): Worker {
    const worker = new Worker(this.#script);
    worker.on('message', (answer: boolean) => {
      if (worker !== this.#worker) return;
      const asked = this.#asked;
      this.#asked = undefined;
      worker.unref();
      this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref();
      asked?.resolve(answer);
      this.#next();
    });
    worker.on('error', (err) => {
      if (worker === this.#worker) this.#end(err);
      this.#next();
    });
    return worker;
  }

  #end(err?: Error): void {
    const [worker, asked] = [this.#worker, this.#asked];
    this.#worker = undefined;
    this.#asked = undefined;
    clearTimeout(this.#idle);
    void worker?.terminate();
    if (err) asked?.reject(err);
  }
}
