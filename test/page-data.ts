/** What the tests of the page have in common: lines of two kinds, and keys as a person presses them. */
import type { Page } from 'playwright-core';
import { record } from './serving.ts';

/** Records of web1/app (JSON, with levels) and web1/nginx (one in nine with status 502), numbered from `from` on. */
export function lines(from: number, count: number): string {
  let text = '';
  for (let n = from; n < from + count; n++) {
    const level = n % 10 === 0 ? 'error' : n % 7 === 0 ? 'warn' : 'info';
    text += record('web1/app', n, `{"level":"${level}","msg":"order placed","user":${n},"url":"https://shop.example.com/${n}"}`);
    text += record('web1/nginx', n, `10.0.0.${n % 250} - - "GET /${n} HTTP/1.1" ${n % 9 === 0 ? 502 : 200} 812 \x1b[31mred\x1b[0m`);
  }
  return text;
}

/** Press keys by their names; other texts are typed. */
export const press = (...keys: string[]) => async (page: Page): Promise<void> => {
  for (const key of keys) await (key.length > 1 && !/^[A-Z][a-z]+/.test(key) ? page.keyboard.type(key) : page.keyboard.press(key));
};
