import { insert, type Patch, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { is_mmio } from '../../machines/fault/mmio.ts'
import { unsync_pages_for } from '../../machines/shadow/sync.ts'
import { type Bounds, slots_change } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { gfn_to_hva, slot_found } from '../../memory/memslots/memslot.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import { mmu_page_zap_pte, rmap_add } from '../../memory/shadow/rmap.ts'
import { valid_pages_of } from '../../memory/shadow/shadow-page.ts'
import type { Difference } from '../difference.ts'

const about = { fn: 'paging64_invlpg', since: '..v6.3' } as const

const indexOf = (kvm: Kvm, v: number, bounds: Bounds): number =>
  index_at(kvm.vcpu[v].gva, 1, bounds.guest.entries)

/** IV.3: the SPTE is zapped, whatever the guest PTE says. */
function zapLeaf(bounds: Bounds): Step<Kvm> {
  return step(
    'IV.3',
    {
      ...about,
      c: 'mmu_page_zap_pte(',
      shows: (kvm, v) =>
        `mmu_page_zap_pte() of page ${unsync_pages_for(kvm, v, bounds).join(', ') || 'none'}`,
      fused:
        'The kernel takes the lock once per root; previous roots are not in use, so the difference is not observable.',
    },
    {
      does: (kvm, v) => {
        for (const page of unsync_pages_for(kvm, v, bounds)) {
          if (mmu_page_zap_pte(kvm, { page, index: indexOf(kvm, v, bounds) })) kvm.vcpu[v].fault.flush = true
        }
      },
    },
  )
}

/** Whether the frame of a guest PTE can be mapped without waiting: a usable memslot, and a host page. */
function is_at_hand(kvm: Kvm, gfn: number, bounds: Bounds): boolean {
  if (slots_change(bounds) && slot_found(kvm, gfn) !== 'valid') return false
  return !is_mmio(gfn, bounds) && kvm.host_pte[gfn_to_hva(kvm, gfn)] !== null
}

/** IV.5: the guest PTE is read again and mapped anew, whether an invalidation is in progress or not. */
function prefetch(bounds: Bounds): Step<Kvm> {
  const tracked = (kvm: Kvm, gfn: number): boolean =>
    gfn < bounds.guest.tables && (kvm.gfn_write_track[gfn] > 0 || valid_pages_of(kvm, gfn).length > 0)
  const map = (kvm: Kvm, page: number, index: number): void => {
    const { gfn: table, role_no_write, spte } = kvm.page[page]
    const { to, w, dirty } = kvm.guest_table[table as number][index]
    const entry = spte[index]
    if (to === null || entry.kind !== 'none' || !is_at_hand(kvm, to, bounds)) return
    entry.kind = 'leaf'
    entry.gfn = to
    entry.pfn = kvm.host_pte[gfn_to_hva(kvm, to)]
    entry.gen = 0
    rmap_add(kvm, to, { page, index })
    if (!bounds.shadow.accessRoles || !w || !dirty || role_no_write || tracked(kvm, to)) return
    if (bounds.dirtyLog.of.includes(to)) kvm.dirty_bitmap.add(to)
    entry.w = true
    entry.mmuw = true
  }
  return step(
    'IV.5',
    {
      ...about,
      fn: 'paging64_prefetch_gpte',
      c: 'mmu_set_spte(',
      shows: (kvm, v) => `prefetch into page ${unsync_pages_for(kvm, v, bounds).join(', ') || 'none'}`,
      fused:
        'Reading the guest PTE, looking up the host page and storing the SPTE: a later change of the guest PTE needs another INVLPG, and the host page is not looked at again.',
    },
    {
      does: (kvm, v) => {
        for (const page of unsync_pages_for(kvm, v, bounds)) map(kvm, page, indexOf(kvm, v, bounds))
      },
    },
  )
}

/** INVLPG as 6.1 has it. */
export function zapAndPrefetch(bounds: Bounds): readonly Patch<Kvm>[] {
  return [replace('IV.3', zapLeaf(bounds)), insert({ before: 'IV.end' }, prefetch(bounds))]
}

export const invlpgSyncs: Difference = {
  id: 'invlpg-syncs',
  title: 'let INVLPG sync the SPTE with the guest PTE, instead of zapping and mapping it anew',
  since: 'v6.4',
  function: 'kvm_mmu_invlpg',
  about:
    'Up to v6.3 INVLPG zaps the SPTE of an unsync page and maps the guest PTE again at once, without the test for invalidations that other prefetches have.',
  before: zapAndPrefetch,
}
