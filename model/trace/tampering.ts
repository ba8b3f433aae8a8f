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

/** How logs of KVM are tampered with: by kinds of events. */
export const tampering = {
  threadOf: ({ tid }: TraceEvent): string => String(tid),
  classOf: ({ name }: TraceEvent): string | null => (name in ALTERED ? name : null),
  valuesOf: (event: TraceEvent): readonly string[] =>
    (ALTERED[event.name] ?? []).filter(
      (value) => (event as unknown as Record<string, unknown>)[value] !== null,
    ),
  altered(event: TraceEvent, value: string): TraceEvent | null {
    const was = (event as unknown as Record<string, unknown>)[value]
    if (typeof was === 'number') return { ...event, [value]: otherNumber(was) } as TraceEvent
    return typeof was === 'string' ? ({ ...event, [value]: otherEntry(was) } as TraceEvent) : null
  },
  inPlaceOf: (event: TraceEvent, { time, line }: TraceEvent): TraceEvent => ({ ...event, time, line }),
}

/** Of flags and small numbers the neighbour, of addresses the next entry or page. */
const otherNumber = (was: number): number => (was < 4096 ? was ^ 1 : was % 4096 === 0 ? was + 4096 : was + 8)

/** An SPTE with the other W bit. */
const otherEntry = (digits: string): string =>
  digits.slice(0, -1) + (Number.parseInt(digits.slice(-1), 16) ^ 2).toString(16)
