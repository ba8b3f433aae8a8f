/**
 * Violations whose diagrams have more rows than a commit message should, by property and cell, each with the reason.
 * `npm run diagrams` holds the list against what it draws.
 */
export const LONG_DIAGRAMS: ReadonlyMap<string, string> = new Map([
  [
    'no-use-after-free: mmio-spte-over-a-present-one in mapped-to-mmio',
    'in 6.1 four threads take part, and the tests that the design drops stand under two callers each',
  ],
])
