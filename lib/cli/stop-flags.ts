import { text, value, type Flags } from './flags';
import { parseInteger } from './values';

/** How a container is stopped: the flags of `stop` and `restart`. */
export const stopFlags = {
  signal: text({
    char: 's',
    helpValue: '<signal>',
    summary: "What is sent; the container's own where not given",
  }),
  time: value(parseInteger, {
    char: 't',
    aliases: ['timeout'],
    helpValue: '<seconds>',
    summary: 'Until it is killed; 10, -1 is never',
  }),
} satisfies Flags;
