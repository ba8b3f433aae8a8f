/**
 * The points at which one part of a thread hands over to another: names of steps and blocks in other files.
 * They are part of step paths, so they never change.
 */

/** `vcpu_enter_guest()` begins again: requests first. */
export const REENTER = 'RUN.1'
/** The test of KVM_REQ_LOAD_MMU_PGD, if the hardware has a separate root. */
export const LOAD_PGD = 'RUN.3'
/** The test of KVM_REQ_TLB_FLUSH. */
export const HANDLE_TLB_FLUSH = 'RUN.4'
/** `kvm_mmu_reload()`. */
export const RELOAD_MMU = 'RUN.5'
/** An entry into the guest is given up, and what was to be injected by it is queued again. */
export const CANCEL_INJECTION = 'RUN.8 cancel'
/** Guest mode is entered. */
export const ENTER_GUEST_MODE = 'RUN.6'
/** The guest runs. */
export const GUEST = 'RUN.9'

/** The page fault handler of a shadow MMU. */
export const PAGE_FAULT = 'PF'
/** Its end without a mapping: unlock and let the guest retry. */
export const END_OF_FAULT = 'PF.15'
/** The loop of KVM_PRE_FAULT_MEMORY around it, which tries again, and the end of the ioctl. */
export const PREFAULT_AGAIN = 'PREFAULT/PRE.try'
export const PREFAULT_END = 'PREFAULT/PRE.end'
/** The page fault handler of L1's direct MMU. */
export const TDP_PAGE_FAULT = 'TDP'
/** The end of an asynchronous page fault that the guest refused. */
export const ASYNC_PF_REFUSED = 'APF.refused'
/** `kvm_mmu_new_pgd()`. */
export const NEW_PGD = 'NP'
/** `kvm_set_cr3()` with the value that is loaded already. */
export const SAME_CR3 = 'NP same'
/** A write to a table is emulated, and its shadow pages are updated. */
export const TRACK_WRITE = 'TRACK'
/** A write to a write-protected frame, which KVM emulates or unprotects. */
export const WRITE_PROTECT_FAULT = 'WP'
/** A walk without a lock that clears flooding counts. */
export const LOCKLESS_WALK = 'LW'

/** VM-exits, named for their reason. */
export const EXIT = {
  interrupt: 'exit: interrupt',
  pageFault: 'exit: page fault',
  cr3: 'exit: CR3',
  sameCr3: 'exit: same CR3',
  vmrun: 'exit: VMRUN',
  l2: 'exit: L2',
  cr4: 'exit: CR4',
  cr0: 'exit: CR0',
  userspace: 'exit: userspace',
  close: 'exit: close',
  emulatedStore: 'exit: emulated store',
  invlpg: 'exit: INVLPG',
  hlt: 'exit: HLT',
} as const

/** The request that is tested after those that change or sync the roots. */
export function afterRoots(hardwareRoot: boolean): string {
  return hardwareRoot ? LOAD_PGD : HANDLE_TLB_FLUSH
}
