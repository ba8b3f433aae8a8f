import { block, type Entry, type Program, program, step } from '../../language/program.ts'
import { type Bounds, slots_change, watched } from '../../memory/bounds.ts'
import { request_pending } from '../../memory/fault/async-pf.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { srcu_read_lock, srcu_read_unlock } from '../../memory/primitives/srcu.ts'
import { drain, load_mode, store_mode } from '../../memory/primitives/store-buffer.ts'
import { flush_tlb } from '../../memory/vcpu/tlb.ts'
import { asyncPageFault, asyncPfCompletion } from '../fault/async-page-fault.ts'
import { pageFault, writeProtected } from '../fault/page-fault.ts'
import { preFault } from '../fault/pre-fault.ts'
import { tdpPageFault } from '../fault/tdp-page-fault.ts'
import { smp_mb } from '../primitives/memory-barrier.ts'
import { freeObsoleteRoots } from '../roots/free-obsolete-roots.ts'
import { loadRoot } from '../roots/load-root.ts'
import { newPgd } from '../roots/new-pgd.ts'
import { locklessWalk } from '../shadow/lockless-walk.ts'
import { handleMmuSync, invlpg } from '../shadow/sync.ts'
import { trackWrite } from '../shadow/track-write.ts'
import { writeProtectFault } from '../shadow/write-protect-fault.ts'
import { closeFile } from '../teardown/destroy-vm.ts'
import { guest } from './guest.ts'
import { nestedSwitch } from './nested.ts'
import { setCr4 } from './set-cr4.ts'

const fn = 'vcpu_enter_guest'
const since = 'v5.18..v6.16'

/**
 * A vCPU thread and the guest it runs: request handling, entry, guest execution with the hardware page
 * walker, and the exits (shadow-mmu.md 3.2; tdp-notifier-requests.md 1.1). Outside the guest it is a reader
 * of kvm->srcu, where somebody waits for readers.
 */
export function vcpuRun(bounds: Bounds): Program<Kvm> {
  return program<Kvm>('vcpu', 'vCPU thread and its guest', [
    ...freeObsoleteRoots(bounds),
    ...(watched(bounds) ? [handleMmuSync(bounds)] : []),
    ...handleTlbFlush(bounds),
    ...asyncPfCompletion(bounds),
    ...loadRoot(bounds),
    step(
      'RUN.6',
      {
        fn,
        since,
        shows: 'vcpu->mode = IN_GUEST_MODE',
        fused:
          'Interrupts go off just before; an IPI that arrives in between is taken at RUN.8 or at entry either way.',
      },
      {
        does: (kvm, v) => {
          store_mode(kvm, v, 'IN_GUEST_MODE')
          // An instruction that was not finished begins anew.
          if (bounds.pairs) kvm.vcpu[v].gva = 0
        },
      },
    ),
    ...(slots_change(bounds)
      ? [
          step<Kvm>(
            'RUN.7',
            { fn, since, shows: 'srcu_read_unlock(&kvm->srcu)' },
            { does: (kvm, v) => srcu_read_unlock(kvm, v) },
          ),
        ]
      : []),
    ...(bounds.barriers ? [smp_mb('RUN.7 mb', { fn, since })] : []),
    step(
      'RUN.8',
      {
        fn,
        since,
        shows: (kvm, v) => `kvm_vcpu_exit_request() = ${exit_requested(kvm, v)}`,
        fused:
          'Giving up sets mode, enables interrupts and enters SRCU at once; a sender that finds OUTSIDE sends no IPI, one that came before is acknowledged here.',
      },
      [{ when: exit_requested, does: leave_guest_mode, to: 'RUN.1' }, {}],
    ),
    ...(bounds.storeBuffers ? [vmEntry()] : []),
    ...guest(bounds),
    ...exits(bounds),
    pageFault(bounds),
    ...(bounds.tdpFaults ? [tdpPageFault(bounds)] : []),
    ...(bounds.asyncPf ? asyncPageFault() : []),
    ...(bounds.vmCloses ? [closeFile()] : []),
    ...(bounds.cr3Loads > 0 || bounds.nestedRuns > 0 ? [newPgd(bounds)] : []),
    ...(bounds.nestedRuns > 0 ? nestedSwitch() : []),
    ...(bounds.paeToggles > 0 ? [setCr4(bounds)] : []),
    ...(bounds.prefaults > 0 ? [preFault(bounds)] : []),
    ...(bounds.locklessWalks ? [locklessWalk(bounds, writeProtected(bounds))] : []),
    ...(bounds.hardStores.length > 0 ? [writeProtectFault(bounds)] : []),
    ...(watched(bounds) ? [trackWrite(bounds)] : []),
    ...(bounds.invlpgs > 0 ? [invlpg(bounds)] : []),
  ])
}

/** VM-entry empties the store buffer; by then the requests have been looked at. */
function vmEntry(): Entry<Kvm> {
  return step('RUN.8 enter', { fn: 'kvm_x86_vcpu_run', since: 'x86', shows: 'VM-entry' }, { does: drain })
}

/** The final check before entry: something is pending, or a sender has moved the mode on. */
function exit_requested(kvm: Kvm, v: number): boolean {
  return request_pending(kvm, v) || load_mode(kvm, v) === 'EXITING_GUEST_MODE'
}

function leave_guest_mode(kvm: Kvm, v: number): void {
  drain(kvm, v)
  kvm.vcpu[v].mode = 'OUTSIDE_GUEST_MODE'
  kvm.vcpu[v].ipi = false
  srcu_read_lock(kvm, v)
}

/** RUN.4: a pending flush empties the TLB before the next entry. */
function handleTlbFlush(bounds: Bounds): Entry<Kvm>[] {
  const pending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('TLB_FLUSH')
  return [
    step(
      'RUN.4',
      {
        fn,
        since,
        shows: (kvm, v) => `kvm_check_request(TLB_FLUSH) = ${pending(kvm, v)}`,
        quiet: (kvm, v) => !pending(kvm, v),
      },
      [
        {
          when: pending,
          does: (kvm, v) => kvm.vcpu[v].requests.delete('TLB_FLUSH'),
        },
        { to: bounds.asyncPf ? 'APF' : 'RUN.5' },
      ],
    ),
    step(
      'RUN.4 flush',
      { fn: 'kvm_vcpu_flush_tlb_all', since, shows: 'flush the TLB of this CPU' },
      {
        does: (kvm, v) => {
          flush_tlb(kvm, v)
        },
      },
    ),
  ]
}

const left = { fn, since, shows: 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on' }

/** A page fault of the guest is handled by `mmu->page_fault()`: of root_mmu, or of guest_mmu while L2 runs. */
function exitForPageFault(bounds: Bounds): Entry<Kvm> {
  const does = leave_guest_mode
  const inL2 = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].nested
  return block('exit: page fault', [
    step(
      'RUN.10',
      left,
      bounds.tdpFaults
        ? [
            { when: inL2, does, to: 'PF' },
            { does, to: 'TDP' },
          ]
        : { does, to: 'PF' },
    ),
  ])
}

/** RUN.10: out of the guest first, out of guest mode second; a sender may look at the mode in between. */
function exits(bounds: Bounds): Entry<Kvm>[] {
  const exit = (name: string, shows: string, to: string): Entry<Kvm> =>
    block(name, [step('RUN.10', { fn, since, shows }, { does: leave_guest_mode, to })])
  return [
    exit('exit: interrupt', 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on', 'RUN.1'),
    exitForPageFault(bounds),
    ...(bounds.cr3Loads > 0 ? [exit('exit: CR3', 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on', 'NP')] : []),
    ...(bounds.nestedRuns > 0
      ? [
          exit('exit: VMRUN', 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on', 'NEST.enter'),
          exit('exit: L2', 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on', 'NEST.exit'),
        ]
      : []),
    ...(bounds.paeToggles > 0 ? [exit('exit: CR4', 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on', 'CR4')] : []),
    ...(bounds.prefaults > 0
      ? [exit('exit: userspace', 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on', 'PREFAULT')]
      : []),
    ...(bounds.vmCloses ? [exit('exit: close', 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on', 'CLOSE')] : []),
    ...(bounds.edits.some((edit) => edit.emulatedInto !== undefined)
      ? [exit('exit: emulated store', 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on', 'TRACK')]
      : []),
    ...(bounds.invlpgs > 0
      ? [exit('exit: INVLPG', 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs on', 'INVLPG')]
      : []),
  ]
}
