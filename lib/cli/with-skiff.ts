import { Skiff } from '../engine';

/** Do something with an engine, and close it whatever comes of it. */
export async function withSkiff<T>(flags: { root?: string }, work: (skiff: Skiff) => Promise<T>): Promise<T> {
  const skiff = await Skiff.open({ root: flags.root });
  try {
    return await work(skiff);
  } finally {
    await skiff.close();
  }
}
