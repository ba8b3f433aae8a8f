import type { TraceEvent } from './line.ts'

/**
 * The events that copies of a log are changed in, and the values that are altered. Each is one that a replay or a slice
 * should notice; of the others nothing is claimed.
 */
const ALTERED: Readonly<Partial<Record<TraceEvent['name'], readonly string[]>>> = {
  get_sp: ['gfn', 'gen'],
  prep_zap: ['rootc', 'vmgen', 'indirect'],
  prep_zap_ret: [],
  kmem_cache_free: ['ptr'],
  pte_list_add: ['head', 'spte'],
  pte_list_remove: ['head', 'spte'],
  rmap_add: ['spte'],
  spte_update: ['new'],
  spte_clear: ['sptep'],
  zap_pte: ['spte'],
  zap_all_rmap: ['head'],
  zap_all_fast: ['gen'],
  kvm_mmu_sync_page: [],
  kvm_mmu_unsync_page: [],
  mark_unsync: ['spte'],
  mmu_load: ['rhpa'],
  alloc_root: ['hpa'],
  new_pgd: ['rhpa', 'h0'],
  load_pgd: ['root'],
  free_roots: ['mask'],
  free_root_page: ['root'],
  free_obsolete_roots: ['rhpa', 'h0'],
  req_all: ['req'],
  req_vcpu: ['vcpu'],
  vcpu_run: ['rhpa'],
  kvm_entry: [],
  kvm_exit: [],
  stale_chk: ['rhpa'],
  stale_ret: ['ret'],
  unmap_gfn_range: ['inprog'],
  inv_end: ['inprog'],
  wlock_acq: [],
  wunlock: [],
}

/** Says something of its own thread only, and changes what no other thread reads. */
const OF_NO_STATE: ReadonlySet<TraceEvent['name']> = new Set<TraceEvent['name']>([
  'other',
  'mark',
  'mmu_load_ret',
  'ret_paging64_page_fault',
  'ret_direct_page_fault',
  'flush_current',
])

/** Changes the state of its own vCPU only: that it runs the guest. */
const OF_ITS_VCPU: ReadonlySet<TraceEvent['name']> = new Set<TraceEvent['name']>([
  'kvm_entry',
  'kvm_exit',
  'load_pgd',
])

/** An object of the cache that was never the header of a page, or is no longer. */
const isUnusedObject = (event: TraceEvent): boolean =>
  event.name === 'kmem_cache_free' && !event.site.startsWith('kvm_mmu_commit_zap_page')

/** kvm_zap_all_rmap_sptes() for a list without entries. */
const isOfEmptyList = (event: TraceEvent): boolean => event.name === 'zap_all_rmap' && event.old === 0

const isOfNoState = (event: TraceEvent): boolean => OF_NO_STATE.has(event.name) || isUnusedObject(event)

/** How logs of KVM are tampered with: by kinds of events. */
export const tampering = {
  threadOf: ({ tid }: TraceEvent): string => String(tid),
  classOf: (event: TraceEvent): string | null =>
    event.name in ALTERED && !isUnusedObject(event) && !isOfEmptyList(event) ? event.name : null,
  valuesOf: (event: TraceEvent): readonly string[] =>
    (ALTERED[event.name] ?? []).filter(
      (value) => (event as unknown as Record<string, unknown>)[value] !== null,
    ),
  altered(event: TraceEvent, value: string): TraceEvent | null {
    const was = (event as unknown as Record<string, unknown>)[value]
    if (typeof was === 'number') return { ...event, [value]: otherNumber(was) } as TraceEvent
    return typeof was === 'string' ? ({ ...event, [value]: otherEntry(was) } as TraceEvent) : null
  },
  areIndependent: (one: TraceEvent, other: TraceEvent): boolean =>
    isOfNoState(one) || isOfNoState(other) || (OF_ITS_VCPU.has(one.name) && OF_ITS_VCPU.has(other.name)),
  inPlaceOf: (event: TraceEvent, { time, line }: TraceEvent): TraceEvent => ({ ...event, time, line }),
}

/** Of flags and small numbers the neighbour, of addresses the next entry or page. */
const otherNumber = (was: number): number => (was < 4096 ? was ^ 1 : was % 4096 === 0 ? was + 4096 : was + 8)

/** An SPTE with the other W bit. */
const otherEntry = (digits: string): string =>
  digits.slice(0, -1) + (Number.parseInt(digits.slice(-1), 16) ^ 2).toString(16)
