/** The thread that checks passwords: a good hash is slow on purpose, and nothing else shall wait for it. */
import { parentPort } from 'node:worker_threads';
import { isPassword } from './htpasswd.ts';

/** One question: is it the password of the stored hash. */
export type Question = { stored: string; password: string };

const port = parentPort;
if (port) port.on('message', async ({ stored, password }: Question) => port.postMessage(await isPassword(stored, password)));
