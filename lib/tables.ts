/** The option tables of the commands, read from cmd/*.ts as they stand there. */
import { readdirSync } from 'node:fs';
import { takeTables, type Command } from './cli.ts';

const folder = new URL('../cmd/', import.meta.url);

/** Every command's table, by name. The commands are imported, none is run; works only in the source tree. */
export async function readTables(): Promise<Map<string, Command>> {
  const tables = new Map<string, Command>();
  takeTables((command) => tables.set(command.name, command));
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts')).sort()) await import(new URL(file, folder).href);
  return tables;
}
