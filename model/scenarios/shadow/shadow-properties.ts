/** What must hold for shadow pages whatever the guest writes to its tables. */
export const SHADOW_PROPERTIES = [
  'synced-page-agrees',
  'flushed-translation-is-not-used',
  'writable-table-is-unsync',
  'shadowed-tables-are-counted',
  'no-use-after-free',
  'no-flush-debt-at-unlock',
  'no-needless-flush',
  'every-access-can-finish',
  'no-deadlock',
]

/** The same with several levels, if only tables above level 1 are written. */
export const TRACKED_PROPERTIES = [
  ...SHADOW_PROPERTIES.filter((id) => id !== 'writable-table-is-unsync'),
  'tracked-table-is-not-writable',
  'parent-links-match',
  'child-is-one-level-below',
  'no-walk-of-a-freed-page',
]

/** The same, if level-1 tables are written as well. */
export const LEVEL_PROPERTIES = [
  ...TRACKED_PROPERTIES,
  'writable-table-is-unsync',
  'unsync-page-can-be-found',
]
