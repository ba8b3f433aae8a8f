import { choice, type Program, program, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { kvm_vcpu_wake_up } from '../../memory/primitives/sleep.ts'

const since: ReadIn = 'v6.1..v7.2'
const deliver = { fn: 'vmx_deliver_interrupt', since } as const

const target = (kvm: Kvm, self: number): number => kvm.device[self].req.now as number

/**
 * A device, or another vCPU, sends an interrupt without posting it: the interrupt is noted in the local APIC, the vCPU
 * is asked to look (KVM_REQ_EVENT), and woken or kicked. The sender waits for nothing.
 */
export function device(vcpus: number): Program<Kvm> {
  return program<Kvm>(
    'device',
    'a device sends interrupts',
    [
      choice(
        'idle',
        Array.from({ length: vcpus }, (_, v) => setIrr(v)),
        { validEnd: true },
      ),
      step(
        'DEV.2',
        {
          ...deliver,
          c: 'kvm_make_request(KVM_REQ_EVENT',
          shows: (kvm, self) => `vcpu${target(kvm, self)}->requests |= EVENT`,
        },
        { does: (kvm, self) => kvm.vcpu[target(kvm, self)].requests.add('EVENT') },
      ),
      wakeUp(),
      step(
        'DEV.4',
        {
          fn: 'kvm_vcpu_kick',
          since,
          c: {
            'v6.1': 'kvm_arch_vcpu_should_kick(',
            'v7.2': { callee: '__kvm_vcpu_kick', at: 'kvm_arch_vcpu_should_kick(' },
          },
          shows: (kvm, self) =>
            `cmpxchg(vcpu${target(kvm, self)}->mode): ${kvm.vcpu[target(kvm, self)].mode}`,
          fused:
            'No thread waits for this IPI, and until it arrives the CPU runs the guest as it does before.',
        },
        {
          does: (kvm, self) => {
            const vcpu = kvm.vcpu[target(kvm, self)]
            kvm.device[self].req.now = null
            if (vcpu.mode !== 'IN_GUEST_MODE') return
            vcpu.mode = 'EXITING_GUEST_MODE'
            vcpu.ipi = true
          },
          to: 'idle',
        },
      ),
    ],
    { fn: deliver.fn },
  )
}

/** DEV.1: the interrupt is pending before the request is made. */
function setIrr(v: number): Step<Kvm> {
  return step(
    `DEV.1[${v}]`,
    { ...deliver, c: 'kvm_lapic_set_irr(', shows: `vcpu${v}: an interrupt is pending` },
    {
      when: (kvm, self) => kvm.device[self].left > 0,
      does: (kvm, self) => {
        kvm.device[self].left--
        kvm.device[self].req.now = v
        kvm.vcpu[v].irr = true
      },
    },
  )
}

/** DEV.3: a task that was woken needs no IPI. */
function wakeUp(): Step<Kvm> {
  return step(
    'DEV.3',
    {
      fn: 'kvm_vcpu_kick',
      since,
      c: {
        'v6.1': 'kvm_vcpu_wake_up(',
        'v7.2': { callee: '__kvm_vcpu_kick', at: 'kvm_vcpu_wake_up(' },
      },
      shows: (kvm, self) =>
        `kvm_vcpu_wake_up(vcpu${target(kvm, self)}) = ${kvm.vcpu[target(kvm, self)].sleep === 'asleep'}`,
    },
    [
      {
        when: (kvm, self) => kvm.vcpu[target(kvm, self)].sleep === 'asleep',
        does: (kvm, self) => {
          kvm_vcpu_wake_up(kvm, target(kvm, self))
          kvm.device[self].req.now = null
        },
        to: 'idle',
      },
      {},
    ],
  )
}
