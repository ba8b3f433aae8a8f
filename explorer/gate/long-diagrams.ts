/**
 * Violations whose diagrams have more rows than a commit message should, by property and cell, each with the reason.
 */
export const LONG_DIAGRAMS: ReadonlyMap<string, string> = new Map([
  ['page-on-one-list: root-tested-before-reclaim in reclaim-under-fault', 'the shortest trace has 156 steps'],
  [
    'freed-page-is-unreferenced: root-tested-before-reclaim in reclaim-under-fault',
    'the shortest trace has 170 steps',
  ],
  [
    'no-use-after-free: root-tested-before-reclaim in reclaim-under-fault',
    'the shortest trace has 181 steps',
  ],
  [
    'no-leaf-below-an-obsolete-root: root-tested-before-reclaim in reclaim-under-fault',
    'the shortest trace has 154 steps',
  ],
  [
    'no-link-to-a-dead-page: root-tested-before-reclaim in reclaim-under-fault',
    'the shortest trace has 156 steps',
  ],
  [
    'shadowed-tables-are-counted: root-tested-before-reclaim in reclaim-under-fault',
    'the shortest trace has 156 steps',
  ],
  [
    'reclaim-spares-roots: root-tested-before-reclaim in reclaim-under-fault',
    'the shortest trace has 122 steps',
  ],
  [
    'reclaim-spares-roots: root-tested-before-reclaim-role-from-vcpu in reclaim-under-fault',
    'the shortest trace has 122 steps',
  ],
  ['reclaim-spares-roots: roots-in-use-reclaimed in reclaim-under-fault', 'the shortest trace has 121 steps'],
  [
    'flushed-translation-is-not-used: linked-without-sync in sync-before-link',
    'the shortest trace has 193 steps',
  ],
  [
    'link-shadow-page-finds-no-unsync-children: linked-without-sync in sync-before-link',
    'the shortest trace has 168 steps',
  ],
  [
    'link-shadow-page-finds-no-unsync-children: linked-before-sync in sync-before-link',
    'the shortest trace has 175 steps',
  ],
  [
    'flushed-translation-is-not-used: table-not-write-protected in tracked-pgd',
    'the shortest trace has 77 steps',
  ],
  ['synced-page-agrees: store-not-tracked in tracked-pgd', 'the shortest trace has 83 steps'],
  [
    'no-store-that-the-guest-forbids: role-access-of-the-last-entry in table-below-less-access',
    'the shortest trace has 127 steps',
  ],
  [
    'hardware-allows-no-more-than-the-guest: role-access-of-the-last-entry in table-below-less-access',
    'the shortest trace has 104 steps',
  ],
])
