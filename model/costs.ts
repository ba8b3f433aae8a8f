import type { Cost, TakenStep } from './language/cost.ts'
import { END_OF_TDP_FAULT } from './machines/fault/tdp-map.ts'
import { END_OF_FAULT, ENTER_GUEST_MODE, PREFAULT_AGAIN, REENTER } from './machines/hand-over.ts'

/** What changes of the MMU trade against each other: what `mmucheck diff` counts. */
export const costs: readonly Cost[] = [
  {
    id: 'flushes',
    title: 'flushes of the TLBs of all CPUs: kvm_flush_remote_tlbs() and its variants',
    counts: ({ about, path }) =>
      shown(about).startsWith('kvm_make_all_cpus_request(TLB_FLUSH)') || lastOf(path) === 'NS.5 hypercall',
  },
  {
    id: 'requests',
    title: 'requests made, one for each vCPU that gets one: kvm_make_request()',
    counts: ({ about }) => JSON.stringify(about.c ?? '').includes('kvm_make_request('),
  },
  {
    id: 'locks',
    title: 'acquisitions of mmu_lock, slots_lock and mmu_unsync_pages_lock',
    counts: ({ about }) => /\b(?:write|read|spin|mutex)_lock\(&/.test(shown(about)),
  },
  {
    id: 'reloads',
    title: 'loads of a root: kvm_mmu_load()',
    counts: ({ about, to }) => about.fn === 'kvm_mmu_reload' && to !== ENTER_GUEST_MODE,
  },
  {
    id: 'retries',
    title: 'faults that are given up and taken again: RET_PF_RETRY',
    counts: ({ about, to }) => RETRY_TESTS.has(about.fn ?? '') && AFTER_FAULT.has(lastOf(to)),
  },
]

/** The functions whose answer can be that a fault is stale. */
const RETRY_TESTS = new Set([
  'is_page_fault_stale',
  'mmu_invalidate_retry_gfn',
  'mmu_invalidate_retry_gfn_unsafe',
])

const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Where a fault goes that is given up: its end, the loop of a prefault, or vcpu_enter_guest(). */
const AFTER_FAULT = new Set([END_OF_FAULT, END_OF_TDP_FAULT, PREFAULT_AGAIN, REENTER].map(lastOf))

const shown = ({ shows }: TakenStep['about']): string => (typeof shows === 'string' ? shows : '')
