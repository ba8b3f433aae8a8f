/** Shadow pages, their lists and the roots of vCPUs agree. */
export const LISTS = ['no-freed-root-in-use', 'root-count-is-number-of-holders', 'page-on-one-list']

/** The same, and freed memory is not used. */
export const ROOTS = [...LISTS, 'freed-page-is-unreferenced', 'no-use-after-free']

/** A vCPU that holds a zapped root gets a request and drops the root. */
export const ZAPPED_ROOTS = [
  'no-stale-root-used',
  'no-guest-on-a-root-after-its-request',
  'no-request-unnoticed-in-guest-mode',
  'no-obsolete-root-kept',
]

/** Faults terminate, and install nothing below obsolete roots. */
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

/** Non-leaf SPTEs and parent_ptes agree, and so do the counters of shadowed tables. */
export const TREES = [
  'child-is-one-level-below',
  'parent-links-match',
  'no-link-to-a-dead-page',
  'shadowed-tables-are-counted',
]
