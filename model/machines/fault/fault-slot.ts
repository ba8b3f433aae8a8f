import { type Entry, type Step, step } from '../../language/program.ts'
import { type Bounds, slots_change, slots_vanish } from '../../memory/bounds.ts'
import { forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { slot_found, use_slot_arrays } from '../../memory/memslots/memslot.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import { REENTER } from '../hand-over.ts'

const since = 'v5.13..v6.16'

/**
 * PF.3: the memslot of the frame, from the set of slots that is current now. SRCU keeps it usable until the
 * vCPU enters the guest, whatever is published meanwhile.
 */
export function lookUpSlot(bounds: Bounds): Entry<Kvm>[] {
  if (!slots_change(bounds)) return []
  return [
    step(
      'PF.3',
      {
        fn: 'kvm_vcpu_gfn_to_memslot',
        since,
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
 * PF.8: a slot that is being deleted means trying again; a frame without slot is emulated as MMIO. With MMIO
 * SPTEs the fault goes on, to store one.
 */
export function testSlot(bounds: Bounds): Entry<Kvm>[] {
  if (!slots_vanish(bounds)) return []
  return [slotTest((kvm, v) => kvm.vcpu[v].fault.slot === 'invalid', bounds.memslots.mmio)]
}

/** PF.8 with a design's idea of what makes a fault try again. */
export function slotTest(retry: (kvm: Kvm, v: number) => boolean, storesMmio = false): Step<Kvm> {
  const none = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].fault.slot === 'none'
  const readFlags = (kvm: Kvm, v: number): void => use_slot_arrays(kvm, target_gfn(kvm, v))
  return step(
    'PF.8',
    { fn: 'kvm_faultin_pfn', since, shows: (kvm, v) => `fault->slot: ${kvm.vcpu[v].fault.slot}` },
    [
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
      {
        when: retry,
        does: (kvm, v) => {
          readFlags(kvm, v)
          forget_fault(kvm, v)
        },
        to: REENTER,
      },
      { does: readFlags },
    ],
  )
}

/** PF.8 as it was (..v5.12): a slot that is INVALID is none, so that the access is one to MMIO. */
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
