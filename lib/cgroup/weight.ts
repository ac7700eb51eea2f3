const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/**
 * The v2 `cpu.weight` of v1 `cpu.shares`, as runc (since 1.3.2) and crun (since 1.23) convert: a curve
 * through the three points that matter, least (2 and 1), default (1024 and 100) and most (262144 and 10000),
 * with weight = ceil(10 ^ ((l² + 125 l) / 612 - 7 / 34)) and l = log2(shares). The straight line of older
 * releases gave a container with the default shares 39 instead of 100 (opencontainers/runc issues 4772 and
 * 4896).
 *
 * @param shares 2 to 262144; what lies outside counts as the nearest of the two
 * @returns an integer of 1 to 10000
 */
export function weightOfShares(shares: number): number {
  if (shares <= MIN_SHARES) return 1;
  if (shares >= MAX_SHARES) return 10_000;
  const l = Math.log2(shares);
  // 7/34 is 126/612: one division keeps the whole exponents whole, so that 1024 is 100 and not 101.
  return Math.ceil(10 ** ((l * l + 125 * l - 126) / 612));
}
