// Reads a chart in the language of vega-lite from standard input and writes it as SVG.
// Exit code 3: vega and vega-lite are not installed.
import process from 'node:process';
import { text } from 'node:stream/consumers';

const NO_LIBRARY = 3;

async function libraries() {
  try {
    return { vega: await import('vega'), vegaLite: await import('vega-lite') };
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

const found = await libraries();
if (found) {
  const { vega, vegaLite } = found;
  const { spec } = vegaLite.compile(JSON.parse(await text(process.stdin)));
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  process.stdout.write(await view.toSVG());
  view.finalize();
} else {
  process.exitCode = NO_LIBRARY;
}
