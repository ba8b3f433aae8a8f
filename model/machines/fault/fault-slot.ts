import { type Entry, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, slots_change, slots_vanish } from '../../memory/bounds.ts'
import { forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { slot_found, use_slot_arrays } from '../../memory/memslots/memslot.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import { PREFAULT_END, REENTER } from '../hand-over.ts'
import { endsPreFault } from './pre-fault.ts'

const since: ReadIn = 'v5.13..v7.2'

/**
 * PF.3: the memslot of the frame in the installed memslots. SRCU keeps it usable until the vCPU enters the guest,
 * even if other memslots are installed meanwhile.
 */
export function lookUpSlot(bounds: Bounds): Entry<Kvm>[] {
  if (!slots_change(bounds)) return []
  return [
    step(
      'PF.3',
      {
        fn: 'kvm_vcpu_gfn_to_memslot',
        since,
        c: 'search_memslots(',
        shows: (kvm, v) => {
          const log = bounds.dirtyLog.enables ? `, KVM_MEM_LOG_DIRTY_PAGES = ${kvm.dirty_logging}` : ''
          return `memslot of gfn ${target_gfn(kvm, v)}: ${slot_found(kvm, target_gfn(kvm, v))}${log}`
        },
      },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].fault.slot = slot_found(kvm, target_gfn(kvm, v))
          if (bounds.dirtyLog.enables) kvm.vcpu[v].fault.slot_logged = kvm.dirty_logging
        },
      },
    ),
  ]
}

/**
 * PF.8: if the slot is being deleted the fault is retried; an access to a frame without a slot is emulated as MMIO.
 * With MMIO SPTEs the fault continues, to install one.
 */
export function testSlot(bounds: Bounds): Entry<Kvm>[] {
  if (!slots_vanish(bounds)) return []
  return [slotTest((kvm, v) => kvm.vcpu[v].fault.slot === 'invalid', bounds.memslots.mmio, bounds)]
}

/**
 * PF.8 with the condition of a design for retrying the fault.
 * @param ofInvalid where KVM_PRE_FAULT_MEMORY continues in that case.
 */
export function slotTest(
  retry: (kvm: Kvm, v: number) => boolean,
  storesMmio = false,
  bounds?: Bounds,
  ofInvalid = PREFAULT_END,
): Step<Kvm> {
  const none = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].fault.slot === 'none'
  const readFlags = (kvm: Kvm, v: number): void => use_slot_arrays(kvm, target_gfn(kvm, v))
  const again = (kvm: Kvm, v: number): void => {
    readFlags(kvm, v)
    forget_fault(kvm, v)
  }
  return step(
    'PF.8',
    {
      fn: 'kvm_mmu_faultin_pfn',
      since,
      c: {
        'v6.1': { fn: 'kvm_faultin_pfn', at: 'slot->flags & KVM_MEMSLOT_INVALID' },
        'v7.2': 'slot->flags & KVM_MEMSLOT_INVALID',
      },
      shows: (kvm, v) => `fault->slot: ${kvm.vcpu[v].fault.slot}`,
    },
    [
      ...(bounds === undefined ? [] : endsPreFault(bounds, { when: none, does: forget_fault }, PREFAULT_END)),
      storesMmio
        ? { when: none }
        : {
            when: none,
            does: (kvm, v) => {
              forget_fault(kvm, v)
              finish_instruction(kvm, v)
            },
            to: REENTER,
          },
      ...(bounds === undefined ? [] : endsPreFault(bounds, { when: retry, does: again }, ofInvalid)),
      { when: retry, does: again, to: REENTER },
      { does: readFlags },
    ],
  )
}

/** PF.8 up to v5.12: a slot that is INVALID counts as none, so the access is treated as MMIO. */
export function invalidIsNoSlot(): Step<Kvm> {
  const valid = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].fault.slot === 'valid'
  return step(
    'PF.8',
    {
      fn: 'try_async_pf',
      since: 'v3.1..v5.12',
      shows: (kvm, v) =>
        `fault->slot: ${kvm.vcpu[v].fault.slot}${valid(kvm, v) ? '' : ', pfn = KVM_PFN_NOSLOT'}`,
    },
    [
      { when: valid, does: (kvm, v) => use_slot_arrays(kvm, target_gfn(kvm, v)) },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].fault.slot = 'none'
        },
      },
    ],
  )
}
