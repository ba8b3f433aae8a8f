import { drop, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { sync_page } from '../../machines/shadow/sync-page.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'

const REMAPPED = 'huge-page-remapped'
const ZAP = 'unsync-zap'
const LEVELS = 'unsync-two-levels'
const RECURSIVE = 'recursive-pgd'
const SHARED = 'unsync-cr3-switch'

/** What the kernel asserts of SPTEs and unsync pages: each design breaks one of these assertions. */
export const assertedSpteDesigns: readonly Design<Kvm>[] = [
  {
    id: 'leaf-not-added-to-its-rmap',
    aliases: [],
    title: 'store a leaf SPTE without adding it to the rmap of its gfn',
    status: 'control',
    kernel: { version: 'never merged', function: 'rmap_add' },
    about:
      'A second fault on the SPTE finds it present and takes it for listed; the thread that clears it finds no entry to remove.',
    scenarios: [REMAPPED, ZAP],
    patches: [drop('SET.6')],
    expect: [
      ...violated(REMAPPED, 'pte-list-remove-finds-its-entry', 'leaf-is-on-its-rmap'),
      ...vacuous('No rmap has an entry.', REMAPPED, 'rmap-holds-present-sptes', 'rmap-key-is-the-pages-own'),
      ...violated(ZAP, 'pte-list-remove-finds-its-entry', 'mmu-set-spte-finds-a-mapped-leaf-on-its-rmap'),
      ...violated('unsync-zap', 'leaf-is-on-its-rmap'),
    ],
  },
  {
    id: 'child-linked-over-a-present-spte',
    aliases: [],
    title: 'link the wanted child without zapping the SPTE that is present',
    status: 'control',
    kernel: { version: 'never merged', function: '__link_shadow_page' },
    about: 'The child that was linked keeps the SPTE on its parent_ptes, although it points elsewhere.',
    scenarios: [REMAPPED],
    patches: [drop('FETCH.6 replace')],
    expect: violated(
      REMAPPED,
      'mmu-spte-set-finds-no-present-spte',
      'parent-links-match',
      'no-flush-debt-at-unlock',
      'freed-page-is-unreferenced',
    ),
  },
  {
    id: 'leaf-overwritten-by-another-page',
    aliases: [],
    title: 'store a leaf SPTE over a present one of another host page',
    status: 'control',
    kernel: { version: '2007', function: 'mmu_set_spte' },
    about: 'Without SET.2 the old SPTE is neither taken off its rmap nor flushed.',
    scenarios: [LEVELS],
    patches: [drop('SET.2')],
    expect: violated(LEVELS, 'mmu-spte-update-keeps-the-pfn', 'no-flush-debt-at-unlock'),
  },
  {
    id: 'spte-of-another-page-not-flushed',
    aliases: [],
    title: '2007: overwrite the SPTE of another page without a remote flush',
    status: 'bug',
    kernel: { version: '2007', function: 'mmu_set_spte' },
    about:
      'SET.5 flushes when the SPTE that was there mapped another page. Without it the other vCPU keeps using that page through its TLB, although the guest has mapped a different one.',
    scenarios: [LEVELS],
    patches: [drop('SET.5')],
    expect: violated(LEVELS, 'no-flush-debt-at-unlock'),
  },
  {
    id: 'tracked-table-goes-unsync',
    aliases: [],
    title: 'mark shadow pages of any level unsync on a write to their table',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_try_to_unsync_pages' },
    about:
      'Without the test for write tracking (UN.1) tables above level 1 are mapped writable, and their pages go unsync.',
    scenarios: [RECURSIVE],
    patches: [drop('UN.1')],
    expect: [
      ...violated(RECURSIVE, 'mmu-try-to-unsync-pages-finds-level-1'),
      ...violated(RECURSIVE, 'tracked-table-is-not-writable', 'flushed-translation-is-not-used'),
      ...notReached('The table is mapped writable instead.', RECURSIVE, 'store-to-a-table-is-emulated'),
    ],
  },
  {
    id: 'marked-pages-synced-unsync-or-not',
    aliases: [],
    title: 'leave marks of unsync children set after a sync, and sync every marked page',
    status: 'control',
    kernel: { version: 'never merged', function: '__mmu_unsync_walk' },
    about:
      'The next sync finds a page through its mark that is in sync by then. The kernel warns, and only does needless work.',
    scenarios: [SHARED],
    patches: [replace('SY.3', takeMarked()), replace('SY.5 sync', syncOnly())],
    expect: violated(SHARED, 'kvm-unlink-unsync-page-finds-it-unsync'),
  },
]

/** SY.3 below a root of two levels. */
function takeMarked(): Step<Kvm> {
  const marked = (kvm: Kvm, v: number): number[] => {
    const { spte, unsync_child_bitmap } = kvm.page[kvm.vcpu[v].root as number]
    return unsync_child_bitmap.elements().flatMap((index) => spte[index].child ?? [])
  }
  return step(
    'SY.3',
    { fn: '__mmu_unsync_walk', shows: (kvm, v) => `marked pages: ${marked(kvm, v).join(', ') || 'none'}` },
    [
      { when: (kvm, v) => marked(kvm, v).length === 0, to: 'SY.end' },
      {
        does: (kvm, v) => {
          for (const page of marked(kvm, v)) kvm.vcpu[v].fault.unsync_pages.add(page)
        },
      },
    ],
  )
}

/** SY.5 without clearing the marks. */
function syncOnly(): Step<Kvm> {
  return step(
    'SY.5 sync',
    { fn: 'kvm_sync_page', shows: 'sync the pages (marks as before)' },
    {
      does: (kvm, v) => {
        const { fault } = kvm.vcpu[v]
        for (const page of fault.unsync_pages.elements()) {
          kvm.page[page].unsync = false
          if (sync_page(kvm, page, 'do')) fault.flush = true
        }
      },
    },
  )
}
