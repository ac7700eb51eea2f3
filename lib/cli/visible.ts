/** Control characters that a terminal acts on, but for colours of ours: names from inside may hold any. */
const CONTROL = /\p{Cc}/u;
const CONTROLS = /\x1b\[[0-9;]*m|\p{Cc}/gu;

/** The text with control characters spelled out, `\u001b`: names that a container chose must not steer the terminal. */
export function visible(text: string): string {
  if (!CONTROL.test(text)) return text;
  return text.replace(CONTROLS, found => (found.length > 1 ? found : JSON.stringify(found).slice(1, -1)));
}

/** The same for a name of any bytes: those of control characters as ls(1) spells them, `\033`. */
export function visibleBytes(name: Buffer): Buffer {
  if (!name.some(isControl)) return name;
  const spelled = (byte: number) => `\\${byte.toString(8).padStart(3, '0')}`;
  return Buffer.concat(
    [...name].map(byte => (isControl(byte) ? Buffer.from(spelled(byte)) : Buffer.of(byte))),
  );
}

function isControl(byte: number): boolean {
  return byte < 0x20 || byte === 0x7f;
}
