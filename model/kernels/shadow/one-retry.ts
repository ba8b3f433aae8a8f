import { drop, type Patch, replace } from '../../language/patch.ts'
import { type Entry, type Step, step, when } from '../../language/program.ts'
import { REENTER, TRACK_WRITE } from '../../machines/hand-over.ts'
import { writeLock, writeUnlock } from '../../machines/primitives/lock.ts'
import { may_retry_instead } from '../../machines/shadow/write-protect-fault.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { forget_fault } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { sp_has_gptes } from '../../memory/shadow/shadow-page.ts'
import { is_retried } from '../../memory/vcpu/instruction.ts'
import type { Difference } from '../difference.ts'

/** What the emulator does up to v6.11, and before v6.9, with a store that it refuses or need not emulate. */

const reexecute = { fn: 'reexecute_instruction', since: '..v6.8' } as const
const retry = { fn: 'retry_instruction', since: '..v6.11' } as const

/** WP.1 without the test of last_retry: an instruction that cannot be emulated is retried without limit. */
export function alwaysRetry(): Step<Kvm> {
  return step(
    'WP.1',
    {
      fn: 'kvm_mmu_page_fault',
      since: '..v6.11',
      c: 'EMULTYPE_ALLOW_RETRY_PF',
      shows: 'emulate, EMULTYPE_ALLOW_RETRY_PF',
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].fault.may_retry = true
      },
    },
  )
}

function isDirect(kvm: Kvm, v: number): boolean {
  return !sp_has_gptes(kvm, kvm.vcpu[v].root as number)
}

/** UP.0: only a direct MMU reads indirect_shadow_pages; others unprotect in any case. */
export function readIfDirect(): Step<Kvm> {
  return step(
    'UP.0',
    {
      ...reexecute,
      c: 'vcpu->arch.mmu->root_role.direct',
      shows: (kvm, v) => `root_role.direct = ${isDirect(kvm, v)}`,
    },
    [{ when: isDirect }, { to: 'UP.3 lock' }],
  )
}

/** UP.1: indirect_shadow_pages is read under mmu_lock, which is then dropped. */
export function hintUnderLock(): Entry<Kvm>[] {
  return [
    readIfDirect(),
    writeLock('UP.1 lock', 'vcpu', reexecute),
    step<Kvm>(
      'UP.1',
      {
        ...reexecute,
        c: 'indirect_shadow_pages = vcpu->kvm',
        shows: (kvm) => `indirect_shadow_pages = ${kvm.indirect_shadow_pages}`,
      },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].fault.hint = kvm.indirect_shadow_pages > 0
        },
      },
    ),
    writeUnlock('UP.1 unlock', reexecute),
    step<Kvm>(
      'UP.1 test',
      { ...reexecute, c: 'if (indirect_shadow_pages)', shows: (kvm, v) => `if (${kvm.vcpu[v].fault.hint})` },
      [{ when: (kvm, v) => kvm.vcpu[v].fault.hint }, { to: 'RX.3' }],
    ),
  ]
}

/** WP.2: the record of the last retry is tested, and cleared, only here: before an instruction is emulated. */
function emulateOrRetry(bounds: Bounds): Step<Kvm> {
  return step(
    'WP.2',
    {
      ...retry,
      c: 'x86_page_table_writing_insn(',
      shows: (kvm, v) => (kvm.vcpu[v].unemulatable ? 'cannot be emulated' : 'emulate'),
    },
    [
      ...when(bounds.guest.dataWrites, {
        when: (kvm: Kvm, v: number) => may_retry_instead(kvm, v) && !is_retried(kvm, v),
        to: 'RT',
      }),
      {
        when: (kvm, v) => !kvm.vcpu[v].unemulatable,
        does: (kvm, v) => {
          kvm.vcpu[v].last_retry = 0
        },
        to: TRACK_WRITE,
      },
      { to: 'RX.1' },
    ],
  )
}

/** Takes the place of the hint of RT: the retry is recorded before, and whatever is zapped. */
function recordRetry(): Step<Kvm> {
  return step(
    'UP.1',
    {
      ...retry,
      c: 'vcpu->arch.last_retry_eip = ctxt->eip',
      shows: (kvm, v) => `last_retry_addr = gva ${kvm.vcpu[v].gva}`,
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].last_retry = kvm.vcpu[v].gva + 1
      },
    },
  )
}

function retryInAnyCase(): Step<Kvm> {
  return step('RT.1', { ...retry, c: 'return true', shows: 'retry' }, { does: forget_fault, to: REENTER })
}

/** The form of 6.1. */
function retriedWithoutLimit(bounds: Bounds): readonly Patch<Kvm>[] {
  return [
    replace('WP.1', alwaysRetry()),
    replace('WP.2', emulateOrRetry(bounds)),
    replace('RT/UP/UP.1', recordRetry()),
    replace('RT.1', retryInAnyCase()),
    replace('WP/UP/UP.1', ...hintUnderLock()),
    drop('UP.4'),
  ]
}

export const oneRetry: Difference = {
  id: 'one-retry',
  title:
    'retry a store that cannot be emulated once, if anything was unprotected, and read the hint without a lock',
  since: 'v6.12',
  function: '__kvm_mmu_unprotect_gfn_and_retry',
  about:
    'Up to v6.11 the record of the last retry is not tested for an instruction that cannot be emulated, so it is retried without limit; and an instruction that could be emulated is retried whether anything was unprotected or not. Until v6.8 indirect_shadow_pages is read under mmu_lock by a direct MMU, and not at all by others (question seed-000).',
  before: retriedWithoutLimit,
}
