import { drop, insert, move, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { sync_page } from '../../machines/shadow/sync-page.ts'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { guest_levels, index_at } from '../../memory/primitives/guest-memory.ts'
import { valid_pages_of } from '../../memory/shadow/shadow-page.ts'
import { clear_unsync_marks } from '../../memory/shadow/write-tracking.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/**
 * Level-1 tables may be written while they are shadowed: when must their shadow pages be marked unsync, found and
 * synced?
 */
/** Bounds of the scenario in which a sync grants write access. */
const GRANTS = allBounds({ guest: { dirtyPtes: true } })

const NOTHING_FOUND = 'Without marks in its ancestors the walk does not find the unsync page.'

export const unsyncDesigns: readonly Design<Kvm>[] = [
  {
    id: 'writable-before-unsync',
    aliases: ['B4-swap'],
    title: 'install the writable SPTE before marking the shadow page unsync',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'mmu_try_to_unsync_pages' },
    about:
      'Another vCPU can immediately write to the table through the new SPTE, reload CR3 and find no unsync mark on the root, because is_unsync_root() takes no lock. The comment in mmu_try_to_unsync_pages() is about this order (its smp_wmb() pairs with the smp_rmb() in is_unsync_root()).',
    scenarios: ['unsync-one-level', 'unsync-order', 'unsync-two-levels', 'unsync-cr3-switch', 'unsync-zap'],
    patches: [move('UN.2', { after: 'SET.4' })],
    expect: [
      ...violated('unsync-one-level', 'writable-table-is-unsync'),
      ...violated('unsync-order', 'writable-table-is-unsync', 'flushed-translation-is-not-used'),
      ...['unsync-two-levels', 'unsync-cr3-switch', 'unsync-zap'].flatMap((scenario) =>
        violated(scenario, 'writable-table-is-unsync'),
      ),
    ],
  },
  {
    id: 'unsync-mark-stops-at-the-page',
    aliases: [],
    title: 'mark a page unsync without marking its ancestors',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_mark_parents_unsync' },
    about: 'The walk for unsync pages starts at the root and follows the marks.',
    scenarios: ['unsync-two-levels', 'unsync-order', 'sync-before-link'],
    patches: [replace('UN.2', markPageOnly())],
    expect: [
      ...violated('unsync-two-levels', 'flushed-translation-is-not-used', 'unsync-page-can-be-found'),
      ...violated('unsync-order', 'flushed-translation-is-not-used', 'unsync-page-can-be-found'),
      ...notReached(NOTHING_FOUND, 'unsync-order', 'unsync-page-is-synced'),
      ...violated('sync-before-link', 'flushed-translation-is-not-used', 'unsync-page-can-be-found'),
      ...notReached(NOTHING_FOUND, 'sync-before-link', 'unsync-page-is-linked-a-second-time'),
    ],
  },
  {
    id: 'synced-before-protected',
    aliases: ['B17'],
    title: 'sync unsync pages before write-protecting their tables',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'mmu_sync_children' },
    about:
      'A store after the entry was read and before the table is write-protected is missed: the page counts as in sync.',
    scenarios: ['unsync-order'],
    patches: [move('SY.5', { before: 'SY.4' })],
    expect: [...violated('unsync-order', 'synced-page-agrees', 'writable-table-is-unsync')],
  },
  {
    id: 'sync-maps-writable',
    aliases: ['C4'],
    title: '..v2.6.35: map a gfn writable in a sync if all its shadow pages are unsync',
    status: 'before',
    kernel: { version: '..v2.6.35', function: 'paging64_sync_page' },
    about:
      'Of two pages that are synced together, the first maps the table of the second writable again, because the second is still unsync. Then the second is synced, and its table can be written without KVM noticing. Fixed by 36a2e6774bfb: a sync never maps a shadowed gfn writable.',
    scenarios: ['unsync-two-tables'],
    patches: [replace('SY.5 sync', syncMapsWritable())],
    expect: violated(
      'unsync-two-tables',
      'writable-table-is-unsync',
      'flushed-translation-is-not-used',
      'synced-page-agrees',
    ),
  },
  {
    id: 'sync-maps-a-table-writable',
    aliases: [],
    title: 'map a gfn writable in a sync wherever the guest allows it, shadowed tables included',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_try_to_unsync_pages' },
    about:
      'Without the refusal of mmu_try_to_unsync_pages() (synchronizing) the sync makes the table that it has just synced writable through a second entry; KVM would miss a store through that.',
    scenarios: ['sync-grants-write'],
    patches: [replace('SY.5 sync', syncMapsTablesWritable())],
    expect: [...violated('sync-grants-write', 'writable-table-is-unsync')],
  },
  {
    id: 'sync-flush-deferred',
    aliases: ['tlbs-dirty', 'f81602958c11'],
    title: 'before v5.16: increment tlbs_dirty instead of flushing what a sync drops',
    status: 'before',
    kernel: { commit: 'f81602958c11', version: '..v5.15', function: 'kvm_sync_page' },
    about:
      'A later write-protection of a gfn finds no SPTE and does not flush, although a TLB can still write to it. f81602958c11 ("Fix missed remote tlb flush in rmap_write_protect()") made the sync flush. The later flush that tlbs_dirty causes (in the next notifier) is left out: it comes too late anyway.',
    scenarios: ['unsync-order'],
    patches: [drop('GET.4 flush'), drop('SY.5 flush')],
    expect: [...violated('unsync-order', 'no-flush-debt-at-unlock')],
  },
  {
    id: 'linked-without-sync',
    aliases: [],
    title: 'link a page with unsync pages below it, without syncing them',
    status: 'control',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about:
      'The bug of 65855ed8b034 without the request that limited it: the guest makes an entry present, which needs no flush, and reads through a translation that it has changed before.',
    scenarios: ['sync-before-link'],
    patches: [drop('FETCH.4')],
    expect: violated(
      'sync-before-link',
      'flushed-translation-is-not-used',
      'link-shadow-page-finds-no-unsync-children',
    ),
  },
  {
    id: 'linked-before-sync',
    aliases: ['B18', 'C5'],
    title:
      'before v5.16: link a page with unsync pages below it, and sync them on a request before the next VM-entry',
    status: 'before',
    kernel: { commit: '65855ed8b034', version: '..v5.15', function: 'kvm_mmu_get_page' },
    about:
      'KVM_REQ_MMU_SYNC makes the faulting vCPU sync before it enters the guest again, so nothing is wrong with one vCPU. Another vCPU that runs on the same tables walks the new non-leaf SPTE immediately.',
    scenarios: ['sync-before-link', 'sync-before-link-two-vcpus'],
    patches: [drop('FETCH.4'), insert({ before: 'FETCH.6' }, requestSync())],
    expect: [
      ...violated('sync-before-link-two-vcpus', 'flushed-translation-is-not-used'),
      ...violated('sync-before-link', 'link-shadow-page-finds-no-unsync-children'),
    ],
  },
]

function markPageOnly() {
  const pages = (kvm: Kvm, v: number): number[] => valid_pages_of(kvm, kvm.vcpu[v].fault.gpte[0].to as number)
  return step<Kvm>(
    'UN.2',
    {
      fn: 'kvm_unsync_page',
      shows: (kvm, v) => `unsync = 1: page ${pages(kvm, v).join(', ')} (parents not marked)`,
    },
    {
      does: (kvm, v) => {
        for (const page of pages(kvm, v)) kvm.page[page].unsync = true
      },
    },
  )
}

/** Only a page that is looked up sends the request, not one that is already linked. */
function requestSync() {
  const wanted = (kvm: Kvm, v: number): boolean => {
    const { gva, fault } = kvm.vcpu[v]
    const { spte } = kvm.page[fault.sp as number]
    const entry = spte[index_at(gva, guest_levels(kvm) + 1 - fault.level, spte.length)]
    return entry.kind !== 'non-leaf' && !kvm.page[fault.child as number].unsync_child_bitmap.isEmpty()
  }
  return step<Kvm>(
    'FETCH.4 request',
    {
      fn: 'kvm_mmu_get_page',
      since: '..v5.15',
      shows: (kvm, v) => `sp->unsync_children: kvm_make_request(KVM_REQ_MMU_SYNC) = ${wanted(kvm, v)}`,
    },
    {
      does: (kvm, v) => {
        if (wanted(kvm, v)) kvm.vcpu[v].requests.add('MMU_SYNC')
      },
    },
  )
}

/** SY.5 without a look at the shadow pages of the frames that it maps. */
function syncMapsTablesWritable() {
  return step<Kvm>(
    'SY.5 sync',
    { fn: 'kvm_sync_page', shows: 'sync the pages, writable wherever the guest allows it' },
    {
      does: (kvm, v) => {
        const { fault, root } = kvm.vcpu[v]
        for (const page of fault.unsync_pages.elements()) {
          kvm.page[page].unsync = false
          if (sync_page(kvm, page, 'do', GRANTS, () => true)) fault.flush = true
        }
        clear_unsync_marks(kvm, root as number)
      },
    },
  )
}

/** `mmu_need_write_protect()` allowed a gfn to be writable if all its shadow pages were unsync. */
function syncMapsWritable() {
  const needsProtection = (kvm: Kvm, gfn: number): boolean =>
    valid_pages_of(kvm, gfn).some((page) => kvm.page[page].level > 1 || !kvm.page[page].unsync)
  return step<Kvm>(
    'SY.5 sync',
    {
      fn: 'paging64_sync_page',
      since: '..v2.6.35',
      shows: (kvm, v) =>
        `sync page ${kvm.vcpu[v].fault.unsync_pages.elements().join(', ')}, writable where allowed`,
    },
    {
      does: (kvm, v) => {
        const { fault } = kvm.vcpu[v]
        for (const page of fault.unsync_pages.elements()) {
          const { gfn, spte } = kvm.page[page]
          kvm.page[page].unsync = false
          if (sync_page(kvm, page, 'do')) fault.flush = true
          for (let index = 0; index < spte.length; index++) {
            const entry = spte[index]
            // gfns that are not tables stay as they are: write permission depends on the guest's D bit.
            if (entry.kind !== 'leaf' || valid_pages_of(kvm, entry.gfn as number).length === 0) continue
            if (!kvm.guest_table[gfn as number][index].w || needsProtection(kvm, entry.gfn as number))
              continue
            entry.w = true
            entry.mmuw = true
          }
        }
        clear_unsync_marks(kvm, kvm.vcpu[v].root as number)
      },
    },
  )
}
