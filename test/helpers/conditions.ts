type Body = (() => void) | (() => Promise<void>);

/**
 * A test for machines that have what it needs. Elsewhere it is skipped, with the reason in its name, where the
 * summary finds it; but it fails where SKIFF_REQUIRE (a list with commas) has its key, or SKIFF_MUST_WORK is 1.
 *
 * @param condition the machine has it
 * @param reason why the test can not be run otherwise
 * @param key what SKIFF_REQUIRE asks for: `aufs`, `cgroup-v2`, ...
 */
export function itIf(
  condition: boolean,
  reason: string,
  key?: string,
): (name: string, body: Body, timeoutMs?: number) => void {
  return (name, body, timeoutMs) => {
    if (condition) it(name, body, timeoutMs);
    else if (isRequired(key)) it(name, () => fail(reason, key));
    else it.skip(skippedName(name, reason), body);
  };
}

/** {@link itIf} for a whole block. */
export function describeIf(
  condition: boolean,
  reason: string,
  key?: string,
): (name: string, body: () => void) => void {
  return (name, body) => {
    if (condition) describe(name, body);
    else if (isRequired(key)) it(name, () => fail(reason, key));
    else describe.skip(skippedName(name, reason), body);
  };
}

function skippedName(name: string, reason: string): string {
  return `${name} (skipped: ${reason})`;
}

function isRequired(key: string | undefined): boolean {
  const asked = (process.env.SKIFF_REQUIRE ?? '').split(',');
  return process.env.SKIFF_MUST_WORK === '1' || (key !== undefined && asked.includes(key));
}

function fail(reason: string, key: string | undefined): never {
  const asker = process.env.SKIFF_MUST_WORK === '1' ? 'SKIFF_MUST_WORK' : `SKIFF_REQUIRE=${key}`;
  throw new Error(`${asker} asks for this test, but: ${reason}`);
}
