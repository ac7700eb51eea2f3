/** How many times slower than any usual machine this one is, `SKIFF_TEST_SLOWNESS`: what tests wait at most grows by it. */
export const slowness = Number(process.env.SKIFF_TEST_SLOWNESS ?? 1);
