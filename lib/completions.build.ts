/** Writes the completions of every command into a folder, one file a command and shell: `make` runs it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bashCompletion, fishCompletion, zshCompletion } from './completion.ts';
import { readTables } from './tables.ts';

const into = process.argv[2] ?? 'dist/completions';

for (const command of (await readTables()).values()) {
  const files: [shell: string, name: string, text: string][] = [
    ['bash', command.name, bashCompletion(command)],
    ['zsh', `_${command.name}`, zshCompletion(command)],
    ['fish', `${command.name}.fish`, fishCompletion(command)],
  ];
  for (const [shell, name, text] of files) {
    mkdirSync(join(into, shell), { recursive: true });
    writeFileSync(join(into, shell, name), text);
  }
}
