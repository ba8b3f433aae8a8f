import { drop, insert, move, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { CANCEL_INJECTION, REENTER } from '../../machines/hand-over.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/** Requests to vCPUs that sleep or give an entry up: what may be skipped, and what must be remembered? */

const SLEEP = 'sleeping-vcpu'
const ENTRY = 'flush-at-entry'
const NOTIFIER = 'fault-notifier'
const fn = 'vcpu_enter_guest'
const STALE = ['no-translation-from-before-a-flush', 'no-mapping-of-a-lost-page', 'no-flush-debt-at-unlock']

export const requestDesigns: readonly Design<Kvm>[] = [
  {
    id: 'sleeping-vcpu-gets-no-request',
    aliases: [],
    title: 'make no request to a vCPU that sleeps',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_make_all_cpus_request' },
    about:
      'It runs no guest code, so it needs no IPI; but its TLB keeps what it holds, and the bit is all that makes it flush when it is woken.',
    scenarios: [SLEEP],
    patches: [only('notifier', replace('NS.6/flush/REQ.1[0]', requestUnlessAsleep()))],
    expect: violated(SLEEP, ...STALE),
  },
  {
    id: 'flush-not-waited-for',
    aliases: [],
    title: 'KVM_REQ_TLB_FLUSH without KVM_REQUEST_WAIT',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_kick_many_cpus' },
    about: 'The flush returns while the IPI is on its way, and the guest continues with what its TLB holds.',
    scenarios: [SLEEP],
    patches: [only('notifier', drop('NS.6/flush/REQ.5'))],
    expect: violated(SLEEP, ...STALE),
  },
  {
    id: 'events-tested-before-sleep-is-announced',
    aliases: [],
    title: 'test for events before the task is TASK_INTERRUPTIBLE',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_vcpu_block' },
    about:
      'An interrupt that comes in between finds no task to wake and a vCPU outside the guest, which needs no IPI. The vCPU then sleeps with the interrupt pending.',
    scenarios: [SLEEP],
    patches: [move('HLT.5', { before: 'HLT.4' })],
    expect: violated(SLEEP, 'no-interrupt-unnoticed'),
  },
  {
    id: 'interrupt-kicked-without-a-request',
    aliases: ['kick-without-request', 'E2'],
    title: 'note an interrupt and kick the vCPU, without a request',
    status: 'bug',
    kernel: { commit: '325f9c649c8a', version: 'KVM/arm, until 2017', function: 'kvm_vcpu_kick' },
    about:
      'A vCPU that has looked for interrupts and has not stored IN_GUEST_MODE needs no IPI, and its final check looks at requests only: it enters the guest, and the interrupt waits for some other exit. The commit is the fix; Documentation/virt/kvm/vcpu-requests.rst warns of kicks without a request. On x86 a window for NMIs had the same race (f86368493ec0, 2009).',
    scenarios: [SLEEP],
    patches: [only('device', drop('DEV.2'))],
    expect: [
      ...violated(SLEEP, 'no-interrupt-unnoticed'),
      ...notReached(
        'Without the request nothing is injected.',
        SLEEP,
        'entry-is-cancelled-with-an-interrupt',
      ),
    ],
  },
  {
    id: 'request-that-nothing-clears',
    aliases: ['request-never-consumed', 'E3'],
    title: 'force vCPUs out of the guest by a request that no code services',
    status: 'bug',
    kernel: { commit: 'df06dae3f2a8', version: '..v5.18', function: 'gfn_to_pfn_cache_invalidate_start' },
    about:
      'The bit stays set, so that every final check finds a request pending, and the vCPU never enters the guest again. The commit (v5.19) is the fix: such a request only kicks. The caches of pfns that it was made for are not modelled; MMU_SYNC, which nothing services without guest tables that change, stands for it.',
    scenarios: [NOTIFIER],
    patches: [only('notifier', insert({ before: 'NS.4 lock' }, requestForNothing()))],
    expect: violated(NOTIFIER, 'every-access-can-finish'),
  },
  {
    id: 'sleeping-vcpu-only-kicked',
    aliases: [],
    title: 'send an interrupt with an IPI only, without waking',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_vcpu_kick' },
    about: 'A vCPU that sleeps is in OUTSIDE_GUEST_MODE, so it is not even sent the IPI.',
    scenarios: [SLEEP],
    patches: [only('device', drop('DEV.3'))],
    expect: violated(SLEEP, 'no-interrupt-unnoticed'),
  },
  {
    id: 'interrupt-lost-with-the-entry',
    aliases: [],
    title: 'do not make KVM_REQ_EVENT again when an entry is given up',
    status: 'control',
    kernel: { version: 'never merged', function: 'vmx_cancel_injection' },
    about:
      'The request was serviced before the final check, and the interrupt is taken back from the VMCS. Nothing makes KVM look for it before the next one comes.',
    scenarios: [SLEEP, ENTRY],
    patches: [replace(CANCEL_INJECTION, cancelled('interrupt'))],
    expect: [...violated(SLEEP, 'no-interrupt-unnoticed'), ...violated(ENTRY, 'no-interrupt-unnoticed')],
  },
  {
    id: 'flush-lost-with-the-entry',
    aliases: [],
    title: 'reset tlb_ctl when an entry is given up',
    status: 'control',
    kernel: { version: 'never merged', function: 'svm_vcpu_run' },
    about:
      'KVM_REQ_TLB_FLUSH was serviced, but on SVM that only orders the flush from VMRUN. Without VMRUN the order must stay.',
    scenarios: [ENTRY],
    patches: [replace(CANCEL_INJECTION, cancelled('flush'))],
    expect: violated(ENTRY, ...STALE),
  },
  {
    id: 'mode-stored-again-before-entry',
    aliases: [],
    title: 'store IN_GUEST_MODE once more after the final check',
    status: 'control',
    kernel: { version: 'never merged', function: fn },
    about:
      'A fast path that enters the guest again might do so. It overwrites EXITING_GUEST_MODE: the next sender without KVM_REQUEST_WAIT sends a second IPI. It costs no more than that, because an IPI is on its way whenever the mode is EXITING.',
    scenarios: [SLEEP],
    patches: [
      insert(
        { after: 'RUN.8' },
        step<Kvm>(
          'RUN.8 again',
          { fn, shows: 'vcpu->mode = IN_GUEST_MODE' },
          {
            does: (kvm, v) => {
              kvm.vcpu[v].mode = 'IN_GUEST_MODE'
            },
          },
        ),
      ),
    ],
    expect: violated(SLEEP, 'vcpu-mode-changes-as-agreed'),
  },
]

/** REQ.1 that leaves out a vCPU that sleeps. */
function requestUnlessAsleep() {
  return step<Kvm>(
    'REQ.1[0]',
    { fn: 'kvm_make_all_cpus_request', shows: (kvm) => `vcpu0 sleeps = ${kvm.vcpu[0].sleep === 'asleep'}` },
    {
      when: (kvm, n) => kvm.notifier[n].req.todo.has(0),
      does: (kvm, n) => {
        if (kvm.vcpu[0].sleep !== 'asleep') kvm.vcpu[0].requests.add('TLB_FLUSH')
        kvm.notifier[n].req.todo.delete(0)
        kvm.notifier[n].req.now = 0
      },
      to: 'REQ.2',
    },
  )
}

/** RUN.8 cancel that forgets one of the two things that were serviced. */
function cancelled(lost: 'interrupt' | 'flush') {
  return step<Kvm>(
    CANCEL_INJECTION,
    { fn, shows: `cancel_injection(), and forget the ${lost}` },
    {
      does: (kvm, v) => {
        const vcpu = kvm.vcpu[v]
        if (lost === 'flush') vcpu.tlb_ctl = false
        if (!vcpu.injected) return
        vcpu.injected = false
        vcpu.irr = true
        if (lost === 'flush') vcpu.requests.add('EVENT')
      },
      to: REENTER,
    },
  )
}

/** KVM_REQ_GPC_INVALIDATE of v5.18, as a bit that no step of the scenario clears. */
function requestForNothing() {
  return step<Kvm>(
    'NS.3 request',
    { fn: 'gfn_to_pfn_cache_invalidate_start', since: 'history', shows: 'requests |= GPC_INVALIDATE; kick' },
    {
      does: (kvm) => {
        for (let v = 0; v < kvm.vcpu.length; v++) {
          const vcpu = kvm.vcpu[v]
          vcpu.requests.add('MMU_SYNC')
          if (vcpu.mode !== 'IN_GUEST_MODE') continue
          vcpu.mode = 'EXITING_GUEST_MODE'
          vcpu.ipi = true
        }
      },
    },
  )
}
