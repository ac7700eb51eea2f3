import type { Command } from './command';
import { commandTable } from './commands';

/** Every command that help lists, each once, by name; and the other names that some have. */
export async function allCommands(): Promise<{ commands: Command[]; aliases: Map<string, string[]> }> {
  const commands = new Map<string, Command>();
  const aliases = new Map<string, string[]>();
  for (const [name, { hidden, load }] of commandTable()) {
    if (hidden) continue;
    const { default: command } = await load();
    commands.set(command.name, command);
    if (name !== command.name) aliases.set(command.name, [...(aliases.get(command.name) ?? []), name]);
  }
  const sorted = [...commands.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  return { commands: sorted, aliases };
}
