import { type Entry, inFunction, outOfOrder, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { CANCEL_INJECTION, REENTER } from '../hand-over.ts'

const fn = 'vcpu_enter_guest'
const since: ReadIn = 'v6.1..v7.2'

const pending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('EVENT')

/** RUN.4 event: KVM_REQ_EVENT, after all other requests. What is pending is to be injected by the next VM-entry. */
export function injectEvents(): Entry<Kvm>[] {
  const reload = 'because kvm_mmu_reload() is first called for an asynchronous page fault, before'
  return outOfOrder(reload, ...inFunction(fn, ...events()))
}

function events(): Entry<Kvm>[] {
  return [
    step<Kvm>(
      'RUN.4 event',
      {
        fn,
        since,
        c: 'kvm_check_request(KVM_REQ_EVENT,',
        shows: (kvm, v) => `kvm_check_request(EVENT) = ${pending(kvm, v)}`,
        quiet: (kvm, v) => !pending(kvm, v),
      },
      [{ when: pending, does: (kvm, v) => kvm.vcpu[v].requests.delete('EVENT') }, { to: 'RUN.4 inject end' }],
    ),
    step<Kvm>(
      'RUN.4 inject',
      {
        fn,
        since,
        c: { 'v6.1': 'kvm_check_and_inject_events(', 'v6.12': 'kvm_check_and_inject_events(' },
        shows: (kvm, v) => `inject an interrupt = ${kvm.vcpu[v].irr || kvm.vcpu[v].injected}`,
      },
      {
        does: (kvm, v) => {
          if (kvm.vcpu[v].irr) kvm.vcpu[v].injected = true
          kvm.vcpu[v].irr = false
        },
      },
    ),
    step<Kvm>('RUN.4 inject end', { fn, since, c: { none: 'model' }, shows: 'injected', quiet: true }),
  ]
}

/**
 * RUN.8 cancel: an entry that is given up after requests were serviced. What was to be injected is queued again, and the
 * request to inject it is made again (`__vmx_complete_interrupts()`). A flush needs no such thing: it was carried out,
 * or is still noted in the VMCB.
 */
export function cancelInjection(): Entry<Kvm>[] {
  return inFunction(
    fn,
    step<Kvm>(
      CANCEL_INJECTION,
      {
        fn,
        since,
        c: { 'v6.1': 'kvm_x86_cancel_injection', 'v6.12': 'kvm_x86_call(cancel_injection)' },
        shows: (kvm, v) =>
          `cancel_injection(): requests |= EVENT${kvm.vcpu[v].injected ? '' : ' not needed'}`,
        quiet: (kvm, v) => !kvm.vcpu[v].injected,
        outOfOrder: 'because the label cancel_injection stands at the end of the function',
      },
      { does: cancel_injection, to: REENTER },
    ),
  )
}

/** `vmx_cancel_injection()`. */
function cancel_injection(kvm: Kvm, v: number): void {
  const vcpu = kvm.vcpu[v]
  if (!vcpu.injected) return
  vcpu.injected = false
  vcpu.irr = true
  vcpu.requests.add('EVENT')
}

/** VM-entry: the guest takes the interrupt. */
export function takeInterrupt(): Entry<Kvm> {
  return step<Kvm>(
    'RUN.8 interrupt',
    {
      fn: 'kvm_x86_vcpu_run',
      since: 'hardware',
      shows: (kvm, v) => `VM-entry${kvm.vcpu[v].injected ? ' with an interrupt' : ''}`,
      quiet: (kvm, v) => !kvm.vcpu[v].injected,
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].injected = false
      },
    },
  )
}
