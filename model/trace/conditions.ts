import type { Comparison, Condition, Requirement } from '../language/observation.ts'
import type { Kvm } from '../memory/kvm.ts'

/** A value of the log that is compared with the model's. */
export const compare = (
  what: string,
  value: Comparison<Kvm>['value'],
  is: Comparison['is'],
): Comparison<Kvm> => ({
  what,
  value,
  is,
})
/** Anything else that the log says of a state. */
export const require = (what: string, holds: Requirement<Kvm>['holds']): Requirement<Kvm> => ({ what, holds })

const KVM_REQ_MMU_FREE_OBSOLETE_ROOTS = 39
const isSet = (bits: number, bit: number): boolean => Math.floor(bits / 2 ** bit) % 2 === 1

/** Whether a vCPU is asked to free obsolete roots. */
export const isAskedToFree = (t: number, pending: number): Condition<Kvm> =>
  compare(
    `vcpu${t}: KVM_REQ_MMU_FREE_OBSOLETE_ROOTS`,
    (kvm) => kvm.vcpu[t].requests.has('FREE_OBSOLETE_ROOTS'),
    isSet(pending, KVM_REQ_MMU_FREE_OBSOLETE_ROOTS),
  )

const MODES: readonly string[] = ['OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE']

/**
 * KVM_REQ_TLB_FLUSH and the mode of a vCPU. Flushes and kicks from outside the slice set both as well, so that the log
 * may have more of them than the model.
 */
export function flushAndMode(t: number, pending: number, mode: number): Condition<Kvm>[] {
  const isFlushed = isSet(pending, 0)
  return [
    require(`vcpu${t}: KVM_REQ_TLB_FLUSH = ${isFlushed}`, (kvm) =>
      isFlushed || !kvm.vcpu[t].requests.has('TLB_FLUSH')),
    require(`vcpu${t}->mode = ${MODES[mode]}`, (kvm) => {
      const inModel = kvm.vcpu[t].mode
      return inModel === MODES[mode] || (mode === 2 && inModel === 'IN_GUEST_MODE')
    }),
  ]
}
