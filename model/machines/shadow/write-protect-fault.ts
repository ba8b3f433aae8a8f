import { type Block, block, inFunction, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { forget_fault } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { finish_instruction, is_retried } from '../../memory/vcpu/instruction.ts'
import { REENTER, TRACK_WRITE, WRITE_PROTECT_FAULT } from '../hand-over.ts'
import { unprotect } from './unprotect.ts'

const since: ReadIn = 'v6.12..v7.2'
const wp = { fn: 'kvm_mmu_write_protect_fault', since }
const emulate = { fn: 'x86_emulate_instruction', since }
// In 6.1 this is reexecute_instruction().
const rx = { fn: 'kvm_unprotect_and_retry_on_failure', since: 'v6.1..v7.2' } as const

/**
 * A write to a write-protected frame: emulate it or, if the instruction cannot be emulated, unprotect the frame and
 * let the guest retry. Only once: if the same instruction comes here again with the same address, KVM exits to
 * userspace with an emulation failure.
 */
export function writeProtectFault(bounds: Bounds): Block<Kvm> {
  return block(WRITE_PROTECT_FAULT, [
    step(
      'WP.1',
      {
        ...wp,
        c: 'vcpu->arch.last_retry_eip == ',
        shows: (kvm, v) => `last_retry_addr == gva ${kvm.vcpu[v].gva}: ${is_retried(kvm, v)}`,
      },
      [
        { when: is_retried },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].last_retry = 0
            kvm.vcpu[v].fault.may_retry = true
          },
        },
      ],
    ),
    ...inFunction(
      emulate.fn,
      step<Kvm>(
        'WP.2',
        {
          ...emulate,
          c: 'x86_decode_emulated_instruction(',
          shows: (kvm, v) => (kvm.vcpu[v].unemulatable ? 'cannot be emulated' : 'emulate'),
        },
        [
          ...when(bounds.guest.dataWrites, { when: may_retry_instead, to: 'RT' }),
          { when: (kvm, v) => !kvm.vcpu[v].unemulatable, to: TRACK_WRITE },
          { to: 'RX.1' },
        ],
      ),
      ...when(bounds.guest.dataWrites, retryInstead(bounds)),
      ...inFunction(
        rx.fn,
        step<Kvm>(
          'RX.1',
          {
            ...rx,
            c: 'emulation_type & EMULTYPE_ALLOW_RETRY_PF',
            shows: (kvm, v) => `EMULTYPE_ALLOW_RETRY_PF = ${kvm.vcpu[v].fault.may_retry}`,
          },
          [{ when: (kvm, v) => !kvm.vcpu[v].fault.may_retry, to: 'RX.fail' }, {}],
        ),
        unprotect(bounds, true),
        step(
          'RX.3',
          { ...rx, c: 'return true', shows: 'resume the guest, which retries' },
          { does: forget_fault, to: REENTER },
        ),
      ),
      step<Kvm>(
        'RX.fail',
        {
          fn: 'handle_emulation_failure',
          since: 'v6.1..v7.2',
          c: 'prepare_emulation_ctxt_failure_exit(',
          shows: 'exit: KVM_EXIT_INTERNAL_ERROR',
        },
        {
          does: (kvm, v) => {
            forget_fault(kvm, v)
            finish_instruction(kvm, v)
          },
          to: REENTER,
        },
      ),
    ),
  ])
}

/** Whether to unprotect rather than emulate: the instruction does not look like one that writes page tables. */
export function may_retry_instead(kvm: Kvm, v: number): boolean {
  const { unemulatable, pte_write, fault } = kvm.vcpu[v]
  return !unemulatable && pte_write === 0 && fault.may_retry
}

/** RT: unprotect, and retry an instruction that could be emulated; emulate it if there is nothing to zap. */
function retryInstead(bounds: Bounds): Block<Kvm> {
  const fn = 'kvm_mmu_unprotect_gfn_and_retry'
  return block(
    'RT',
    [
      unprotect(bounds, false),
      step(
        'RT.1',
        {
          fn,
          since,
          c: { fn: 'x86_emulate_instruction', at: 'kvm_mmu_unprotect_gfn_and_retry(' },
          shows: (kvm, v) =>
            kvm.vcpu[v].fault.zapped ? 'unprotected: retry' : 'nothing was zapped: emulate',
        },
        [
          { when: (kvm, v) => kvm.vcpu[v].fault.zapped, does: forget_fault, to: REENTER },
          { to: TRACK_WRITE },
        ],
      ),
    ],
    { fn },
  )
}
