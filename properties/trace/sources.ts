import type { Census } from '../../model/trace/census.ts'
import type { TraceEvent } from '../../model/trace/line.ts'
import { PROBES } from '../../model/trace/probes.ts'

type Kind = TraceEvent['name']

/** What a property needs of a log to be judged. */
export interface Source {
  /** The kinds of events that its state is reconstructed from. Without one of them it is not observed. */
  readonly needs: readonly Kind[]
  /** Not observed with the TDP MMU, whose tables a log shows only as changes of SPTEs. */
  readonly shadowMmu?: true
  /** Not observed where direct pages have huge SPTEs: their frames cannot be renamed as it needs. */
  readonly smallPages?: true
}

const PAGES: readonly Kind[] = ['get_sp', 'kvm_mmu_get_page', 'prep_zap', 'prep_zap_ret', 'kmem_cache_free']
const ROOTS: readonly Kind[] = [
  ...PAGES,
  'mmu_load',
  'alloc_root',
  'free_roots',
  'free_root_page',
  'free_obsolete_roots',
  'new_pgd',
]
const LOCK: readonly Kind[] = ['wlock', 'wunlock']
const LINKS: readonly Kind[] = [...PAGES, 'pte_list_add', 'pte_list_remove']
const LEAVES: readonly Kind[] = [
  ...LINKS,
  'spte_update',
  'spte_clear',
  'kvm_mmu_set_spte',
  'rmap_add',
  'zap_all_rmap',
]
const UNSYNC: readonly Kind[] = [...LEAVES, 'kvm_mmu_sync_page', 'kvm_mmu_unsync_page']
const GUEST: readonly Kind[] = ['vcpu_run', 'kvm_entry', 'kvm_exit']
const REQUESTS: readonly Kind[] = [...ROOTS, ...GUEST, 'req_all', 'req_vcpu']
const SLOTS: readonly Kind[] = [
  'set_memslot',
  'set_memslot_ret',
  'swap_memslots',
  'srcu_exp',
  'srcu_exp_ret',
  'free_memslot',
]
const NOTIFIERS: readonly Kind[] = ['mn_start', 'mn_start_ret', 'mn_end']
const RANGES: readonly Kind[] = [...NOTIFIERS, 'unmap_gfn_range', 'inv_end', ...LOCK]

const of = (needs: readonly Kind[]): Source => ({ needs, shadowMmu: true })

/**
 * The properties that a log is judged by, by id. All others are not observed: they need what leaves no event, as the
 * contents of TLBs, guest memory or the local variables of a page fault.
 */
export const SOURCES: Readonly<Record<string, Source>> = {
  'child-is-one-level-below': of([...LEAVES, 'kvm_mmu_pagetable_walk', 'kvm_mmu_paging_element']),
  'parent-links-match': of([...LINKS, ...LOCK]),
  'no-link-to-a-dead-page': of([...LINKS, ...LOCK]),
  'link-shadow-page-finds-no-unsync-children': of([...UNSYNC, 'mark_unsync']),
  'leaf-is-on-its-rmap': of([...LEAVES, ...LOCK]),
  'rmap-holds-present-sptes': of([...LEAVES, ...LOCK]),
  'rmap-key-is-the-pages-own': of([...LEAVES, ...LOCK]),
  'no-freed-spte-on-rmap': of(LEAVES),
  'pte-list-remove-finds-its-entry': of(LEAVES),
  'mmu-spte-set-finds-no-present-spte': of(LEAVES),
  'mmu-spte-update-keeps-the-pfn': of(LEAVES),
  'kvm-mmu-page-set-translation-fits-a-direct-page': { ...of(LEAVES), smallPages: true },
  'one-page-per-key': of([...PAGES, ...LOCK]),
  'page-on-one-list': of([...PAGES, ...LOCK]),
  'freed-page-is-unreferenced': of(LEAVES),
  'obsolete-pages-are-oldest': of(PAGES),
  'shadowed-tables-are-counted': of([...PAGES, ...LOCK]),
  'reclaim-spares-roots': of([...ROOTS, 'zap_oldest']),
  'kvm-zap-obsolete-pages-finds-no-invalid-page': of([...PAGES, ...LOCK, 'zap_all_fast']),
  'no-obsolete-page-after-the-zap': of([...PAGES, ...LOCK, 'zap_all_fast']),
  'no-leaf-below-an-obsolete-root': of([...LEAVES, 'stale_chk']),
  'mmu-try-to-unsync-pages-finds-level-1': of(UNSYNC),
  'writable-table-is-unsync': of(UNSYNC),
  'tracked-table-is-not-writable': of(LEAVES),
  'unsync-page-can-be-found': of([...UNSYNC, ...LOCK, 'mark_unsync', 'mmu_sync_children']),
  'root-count-is-number-of-holders': of([...ROOTS, ...LOCK]),
  'no-freed-root-in-use': of(ROOTS),
  'no-stale-root-used': of(REQUESTS),
  'no-guest-on-a-root-after-its-request': of(REQUESTS),
  'no-obsolete-root-kept': of([...REQUESTS, ...LOCK]),
  'only-obsolete-roots-freed': of(REQUESTS),
  'cached-root-is-found': of(ROOTS),
  'root-fits-the-context': of([...ROOTS, ...GUEST]),
  'kvm-mmu-page-fault-finds-a-valid-root': of([...ROOTS, 'stale_chk']),
  'kvm-mmu-unload-leaves-no-root': of([...ROOTS, 'mmu_reset_context']),
  'no-spte-of-a-freed-slot': of([...LEAVES, ...SLOTS]),
  'nothing-added-to-an-invalid-slot': of([...LEAVES, ...SLOTS, 'kvm_mmu_spte_requested']),
  'memslots-are-installed-between-invalidations': { needs: [...SLOTS, ...NOTIFIERS] },
  'invalidations-are-balanced': { needs: RANGES },
  'kvm-mmu-invalidate-end-finds-a-range': { needs: RANGES },
  'kvm-unmap-gfn-range-is-inside-an-invalidation': { needs: RANGES },
}

/**
 * What a log lacks for a property to be judged; null if nothing. A probe that the kernel cannot have counts as missing,
 * and so does one of which there is no event although the function must have run: the log was recorded without it.
 */
export function missingFor(id: string, census: Census): string | null {
  const source = SOURCES[id]
  if (source === undefined) return 'what it is about leaves no event'
  if (source.shadowMmu && census.tdpMmu) return 'the tables are those of the TDP MMU'
  if (source.smallPages && census.npt && census.hugeSptes) return 'direct pages have huge SPTEs'
  const { unobserved } = census.kernel
  const inlined = source.needs.filter(
    (kind) => kind !== 'wlock_acq' && (unobserved as readonly string[]).includes(kind),
  )
  if (inlined.length > 0) return `${inlined.join(', ')} is inlined in ${census.kernel.version}`
  const absent = source.needs.filter((kind) => mustOccur(kind, census) && !census.kinds.has(kind))
  return absent.length === 0 ? null : `no event ${absent.join(', ')}`
}

/** What happens in every run, or whenever its counterpart does; anything else may be absent because nothing of it happened. */
const COUNTERPARTS: Readonly<Record<string, readonly Kind[]>> = {
  get_sp: ['kvm_mmu_get_page'],
  kvm_mmu_get_page: ['get_sp'],
  prep_zap: ['kvm_mmu_prepare_zap_page', 'prep_zap_ret'],
  prep_zap_ret: ['prep_zap'],
  kmem_cache_free: ['commit_zap'],
  pte_list_add: ['kvm_mmu_set_spte', 'rmap_add'],
  pte_list_remove: ['prep_zap'],
  rmap_add: ['kvm_mmu_set_spte'],
  spte_update: ['kvm_mmu_set_spte'],
  kvm_mmu_set_spte: ['spte_update', 'rmap_add'],
  spte_clear: ['zap_all_rmap'],
  kvm_entry: ['vcpu_run', 'kvm_exit'],
  kvm_exit: ['vcpu_run', 'kvm_entry'],
  vcpu_run: ['kvm_entry', 'kvm_exit'],
  wlock: ['wunlock', 'wlock_acq'],
  wunlock: ['wlock', 'wlock_acq'],
  mmu_load: ['mmu_load_ret', 'alloc_root'],
  alloc_root: ['mmu_load'],
  free_root_page: ['alloc_root'],
  req_vcpu: ['req_all'],
  req_all: ['req_vcpu'],
  mark_unsync: ['kvm_mmu_unsync_page'],
  mn_start: ['kvm_unmap_hva_range', 'mn_end'],
  mn_end: ['mn_start'],
  mn_start_ret: ['mn_start'],
  unmap_gfn_range: ['inv_end'],
  inv_end: ['unmap_gfn_range'],
  swap_memslots: ['set_memslot'],
  set_memslot: ['swap_memslots', 'set_memslot_ret'],
  set_memslot_ret: ['set_memslot'],
  srcu_exp: ['swap_memslots'],
  srcu_exp_ret: ['srcu_exp'],
}

const mustOccur = (kind: Kind, { kinds }: Census): boolean =>
  (COUNTERPARTS[kind] ?? []).some((other) => kinds.has(other))

/** The kinds of events that some property needs, and that are probes of the recipe. */
export const neededProbes = (): string[] =>
  [...new Set(Object.values(SOURCES).flatMap(({ needs }) => needs))].filter((kind) => kind in PROBES)
