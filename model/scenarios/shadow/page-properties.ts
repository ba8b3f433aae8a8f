/** Pages, lists and the vCPUs that hold roots agree. */
export const LISTS = ['no-freed-root-in-use', 'root-count-is-number-of-holders', 'page-on-one-list']

/** The same, and nobody uses what was freed. */
export const ROOTS = [...LISTS, 'freed-page-is-unreferenced', 'no-use-after-free']

/** Who holds a root that is zapped is told, and leaves it. */
export const ZAPPED_ROOTS = [
  'no-stale-root-used',
  'no-guest-on-a-root-after-its-request',
  'no-request-unnoticed-in-guest-mode',
  'no-obsolete-root-kept',
]

/** Faults end, and what they install is used. */
export const FAULTS = [
  'no-deadlock',
  'no-tlb-entry-of-a-freed-root',
  'no-leaf-below-an-obsolete-root',
  'every-access-can-finish',
  'no-fault-retried-for-ever',
]

/** rmaps and SPTEs agree. */
export const RMAPS = [
  'no-freed-spte-on-rmap',
  'leaf-is-on-its-rmap',
  'rmap-holds-present-sptes',
  'rmap-key-is-the-pages-own',
]

/** Links between shadow pages, and what is counted of them. */
export const TREES = [
  'child-is-one-level-below',
  'parent-links-match',
  'no-link-to-a-dead-page',
  'shadowed-tables-are-counted',
]
