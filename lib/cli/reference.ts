import type { Command } from './command';
import { labelOf, type Flag } from './flags';
import { globalFlags } from './globals';

const HEAD = `# Commands

Flags stand before the first word that is none; \`skiff COMMAND --help\` shows the same as this page. Exit codes are the
command's own where one is run, else 0, 1 where something named is not there or not in the state for it, and 125 where
skiff itself failed or was not understood.

<!-- Made of the commands' own data by scripts/reference.js. -->
`;

/**
 * The reference of the command line, in Markdown.
 *
 * @param commands each once, in their order
 * @param aliases other names, by the command's own
 */
export function renderReference(
  commands: readonly Command[],
  aliases: ReadonlyMap<string, readonly string[]> = new Map(),
): string {
  const globals = `## Global flags\n\nOf every command; they may stand before its name, too.\n\n${flagList(globalFlags)}`;
  const sections = commands.map(command => section(command, aliases.get(command.name) ?? []));
  return [HEAD, `${globals}\n`, ...sections].join('\n');
}

function section(command: Command, aliases: readonly string[]): string {
  const { name, summary, usage, description, examples, flags } = command;
  const own = Object.fromEntries(Object.entries(flags).filter(([flag]) => !(flag in globalFlags)));
  const forms = usage.split('\n').map(form => `skiff ${form.trim()}`);
  const parts = [
    `## ${name}`,
    `${escape(summary)}.`,
    ...(aliases.length > 0 ? [`Also: ${aliases.map(alias => `\`${alias}\``).join(', ')}.`] : []),
    block(forms),
    ...(description ? [escape(description)] : []),
    ...(Object.keys(own).length > 0 ? [flagList(own)] : []),
    ...examples.map(example => `${escape(example.description)}\n\n${block([example.command])}`),
  ];
  return `${parts.join('\n\n')}\n`;
}

function flagList(flags: Readonly<Record<string, Flag>>): string {
  return Object.entries(flags)
    .map(([name, flag]) => {
      const value = flag.type === 'option' ? ` ${flag.helpValue}` : '';
      const others = (flag.aliases ?? []).map(alias => `\`--${alias}\``);
      const also = others.length > 0 ? ` (also ${others.join(', ')})` : '';
      const again = flag.type === 'option' && flag.multiple ? ' (again and again)' : '';
      return `- \`${labelOf(name, flag)}${value}\`${again}: ${escape(flag.summary)}${also}`;
    })
    .join('\n');
}

function block(lines: readonly string[]): string {
  return `\`\`\`\n${lines.join('\n')}\n\`\`\``;
}

/** What Markdown would take for its own. */
function escape(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map(part => (part.startsWith('`') ? part : part.replace(/[*_<>[\]]/g, '\\$&')))
    .join('');
}
