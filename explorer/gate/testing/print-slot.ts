import type { Kvm } from '../../../model/memory/kvm.ts'
import type { SlotCensus } from '../../../model/trace/slot-census.ts'
import type { Taken } from '../../trace/testing/random-behaviour.ts'
import type { Printed } from './printed.ts'

const SLOT = 0x4bf8c00
const ANOTHER = 0x4bf9000
const GFN = 0x10000
export const PRINTED_SLOT: SlotCensus = {
  slot: SLOT,
  gfns: new Set([GFN]),
  vcpus: 1,
  notifiers: 2,
  isThere: true,
  tdpMmu: false,
}

const THREADS: Record<string, number> = { memslot: 600, creator: 601, others: 603 }

/**
 * The events that a recording of the slot would have of a step, in their order. Written from the kernel functions, and
 * not from the table of the slice.
 */
export function eventsOf({ kind, self: v, path, case: taken, before }: Taken<Kvm>): Printed[] {
  const tid = kind === 'vcpu' ? 500 + v : THREADS[kind]
  const event = (name: Printed['name'], fields: Record<string, unknown> = {}): Printed => ({
    tid,
    name,
    ...fields,
  })
  const swap = event('swap_memslots')
  if (path.endsWith('/SRCU.1')) return [event('srcu_exp', { srcu: 1 })]
  if (path.endsWith('/SRCU.2')) return [event('srcu_exp_ret')]
  switch (path) {
    case 'SL.1':
      return [event('set_memslot', { old: SLOT, new: 0, change: 1 })]
    case 'SL.2':
    case 'SL.6':
      return [swap]
    case 'SL.5/ZF.2':
      return [event('zap_all_fast', { gen: before.mmu_valid_gen })]
    case 'SL.7':
      return [event('free_memslot', { slot: SLOT }), event('set_memslot_ret', { ret: 0 })]
    // Until then the thread has done nothing that tells which slot it creates.
    case 'another slot':
      return [event('set_memslot', { old: 0, new: ANOTHER, change: 0 }), swap]
    case 'SC.2':
      return [event('set_memslot', { old: 0, new: SLOT, change: 0 }), swap]
    case 'SC.5':
      return [event('set_memslot_ret', { ret: 0 })]
    case 'begin':
      return [event('mn_start')]
    case 'end':
      return [event('mn_end')]
    case 'RUN.8':
      return taken === 0 ? [] : [event('vcpu_run', { vcpu: v, pending: 0, mode: 1, rhpa: null })]
    case 'interrupt':
      return [event('kvm_exit', { vcpu: v, reason: 'interrupt' })]
    case 'exit: other':
      return [event('kvm_exit', { vcpu: v, reason: 'io' })]
    case 'fault':
      return [event('kvm_exit', { vcpu: v, reason: 'PF excp' })]
    case 'PF/PF.2':
      return [event('kvm_page_fault', { vcpu: v })]
    case 'PF/PF.3':
      return [event('faultin', { vcpu: v, gfn: GFN, kseq: 0, inprog: 0 })]
    case 'PF/PF.8':
      return [event('faultin_ret', { ret: before.vcpu[v].fault.slot === 'invalid' ? 1 : 0 })]
    case 'PF/rest': {
      const pfn = before.vcpu[v].fault.slot === 'none' ? null : 5
      return [event('stale_chk', { vcpu: v, gfn: GFN, pfn })]
    }
    default:
      return []
  }
}
