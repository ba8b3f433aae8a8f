import { inOrder, type Placed, placed } from '../../language/placed.ts'
import {
  block,
  type Entry,
  inFunction,
  type Program,
  program,
  type Step,
  step,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { request_pending } from '../../memory/fault/async-pf.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { load_mode, store_mode, where_stored } from '../../memory/primitives/store-buffer.ts'
import { request_own_flush } from '../../memory/vcpu/tlb.ts'
import {
  CANCEL_INJECTION,
  ENTER_GUEST_MODE,
  GUEST,
  HANDLE_TLB_FLUSH,
  PAGE_FAULT,
  REENTER,
} from '../hand-over.ts'
import { leave_guest_mode } from './exits.ts'
import { guest } from './guest.ts'

const fn = 'vcpu_enter_guest'
const since: ReadIn = 'v5.18..v7.2'

/** The parts that the features of a scenario contribute to the program of a vCPU. */
export interface VcpuParts {
  readonly vcpu: readonly Placed<Entry<Kvm>>[]
  readonly guest: readonly Placed<Step<Kvm>>[]
  readonly pageFault: readonly Placed<Entry<Kvm>>[]
}

/**
 * A vCPU thread and the guest it runs: request handling, entry, guest execution with the hardware page walker, and
 * the exits. Outside the guest it is a reader of kvm->srcu, in scenarios in which a thread waits for readers.
 */
export function vcpuRun(bounds: Bounds, parts: VcpuParts): Program<Kvm> {
  const entries = inOrder('the program of a vCPU', [
    placed<Entry<Kvm>>(30, ...inFunction(fn, ...handleTlbFlush(bounds))),
    placed<Entry<Kvm>>(60, enterGuestMode(bounds)),
    placed<Entry<Kvm>>(90, finalCheck(bounds)),
    placed<Entry<Kvm>>(200, guest(bounds, inOrder(GUEST, parts.guest))),
    placed<Entry<Kvm>>(400, block(PAGE_FAULT, inOrder('the page fault', parts.pageFault))),
    ...parts.vcpu,
  ])
  return program<Kvm>('vcpu', 'vCPU thread and its guest', entries)
}

function enterGuestMode(bounds: Bounds): Step<Kvm> {
  return step(
    ENTER_GUEST_MODE,
    {
      fn,
      since,
      c: 'smp_store_release(&vcpu->mode, IN_GUEST_MODE)',
      shows: (kvm, v) => `vcpu->mode = IN_GUEST_MODE${where_stored(kvm, v)}`,
      fused:
        'IRQs are disabled just before; an IPI that arrives in between is taken at RUN.8 or on entry in either case.',
    },
    {
      does: (kvm, v) => {
        store_mode(kvm, v, 'IN_GUEST_MODE')
        // An instruction that was interrupted restarts.
        if (bounds.guest.pairs) kvm.vcpu[v].gva = 0
      },
    },
  )
}

function finalCheck({ requests }: Bounds): Step<Kvm> {
  const to = requests.interrupts > 0 ? CANCEL_INJECTION : REENTER
  return step(
    'RUN.8',
    {
      fn,
      since,
      c: 'kvm_vcpu_exit_request(',
      shows: (kvm, v) => `kvm_vcpu_exit_request() = ${exit_requested(kvm, v)}`,
      fused:
        'Cancelling the entry sets vcpu->mode, enables IRQs and enters SRCU at once: a sender that finds OUTSIDE_GUEST_MODE sends no IPI, and an IPI from before is acknowledged here.',
    },
    [{ when: exit_requested, does: leave_guest_mode, to }, {}],
  )
}

/** `kvm_vcpu_exit_request()`: a request is pending, or a sender has changed the mode. */
function exit_requested(kvm: Kvm, v: number): boolean {
  return request_pending(kvm, v) || load_mode(kvm, v) === 'EXITING_GUEST_MODE'
}

/** The label at the end of the handling of KVM_REQ_TLB_FLUSH. */
const NO_FLUSH = 'RUN.4 end'

/** RUN.4: a pending flush empties the TLB before the next entry. */
function handleTlbFlush({ requests }: Bounds): Entry<Kvm>[] {
  const pending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('TLB_FLUSH')
  return [
    step(
      HANDLE_TLB_FLUSH,
      {
        fn,
        since,
        c: 'kvm_check_request(KVM_REQ_TLB_FLUSH,',
        shows: (kvm, v) => `kvm_check_request(TLB_FLUSH) = ${pending(kvm, v)}`,
        quiet: (kvm, v) => !pending(kvm, v),
      },
      [
        {
          when: pending,
          does: (kvm, v) => kvm.vcpu[v].requests.delete('TLB_FLUSH'),
        },
        { to: NO_FLUSH },
      ],
    ),
    step(
      'RUN.4 flush',
      {
        fn: 'kvm_vcpu_flush_tlb_all',
        since,
        c: { 'v6.1': 'kvm_x86_flush_tlb_all', 'v6.12': 'flush_tlb_all' },
        shows: 'flush the TLB of this CPU',
      },
      {
        does: (kvm, v) => {
          request_own_flush(kvm, v, requests.deferredFlush)
          // All contexts include the current one.
          if (requests.flushOnReuse) kvm.vcpu[v].requests.delete('TLB_FLUSH_CURRENT')
        },
      },
    ),
    block(NO_FLUSH, []),
  ]
}
