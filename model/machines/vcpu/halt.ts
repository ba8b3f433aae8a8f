import { type Block, block, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, slots_change } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { kvm_arch_vcpu_runnable } from '../../memory/primitives/sleep.ts'
import { srcu_read_lock, srcu_read_unlock } from '../../memory/primitives/srcu.ts'
import { EXIT, REENTER } from '../hand-over.ts'

/** The block in which a vCPU sleeps. */
export const HALT = 'HLT'

const since: ReadIn = 'v6.1..v7.2'
const block_ = { fn: 'kvm_vcpu_block', since } as const
const outer = { fn: 'vcpu_block', since } as const

/** The guest has nothing to do until an interrupt comes. */
export function halt(): Step<Kvm> {
  return step(
    'hlt',
    { fn: 'guest', since: 'guest', shows: 'hlt' },
    {
      when: (kvm, v) => kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].halts_left > 0,
      does: (kvm, v) => {
        kvm.vcpu[v].halts_left--
      },
      to: EXIT.hlt,
    },
  )
}

/**
 * A halted vCPU sleeps until it is woken. Its TLB keeps what it holds, it is sent no IPI, and requests with
 * KVM_REQUEST_NO_WAKEUP do not wake it: it services them when it enters the guest again. It tests for events after it
 * has announced that it is going to sleep, so that who makes one afterwards finds it asleep.
 */
export function sleep(bounds: Bounds): Block<Kvm> {
  const runnable = (kvm: Kvm, v: number): boolean => kvm_arch_vcpu_runnable(kvm, v)
  return block(
    HALT,
    [
      step(
        'HLT.1',
        {
          ...outer,
          c: '!kvm_arch_vcpu_runnable(',
          shows: (kvm, v) => `kvm_arch_vcpu_runnable() = ${runnable(kvm, v)}`,
        },
        [{ when: runnable, to: 'HLT.8' }, {}],
      ),
      ...when(
        slots_change(bounds),
        step<Kvm>(
          'HLT.2',
          { ...outer, c: 'kvm_vcpu_srcu_read_unlock(', shows: 'srcu_read_unlock(&kvm->srcu)' },
          { does: srcu_read_unlock },
        ),
      ),
      step(
        'HLT.3',
        { ...block_, c: 'prepare_to_rcuwait(', shows: 'wait->task = current' },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].sleep = 'waiting'
          },
        },
      ),
      step(
        'HLT.4',
        { ...block_, c: 'set_current_state(TASK_INTERRUPTIBLE', shows: 'TASK_INTERRUPTIBLE' },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].sleep = 'asleep'
          },
        },
      ),
      step(
        'HLT.5',
        {
          ...block_,
          c: 'kvm_vcpu_check_block(',
          shows: (kvm, v) => `kvm_vcpu_check_block(): runnable = ${runnable(kvm, v)}`,
        },
        [{ when: runnable, to: 'HLT.7' }, {}],
      ),
      step(
        'HLT.6',
        { ...block_, c: 'schedule()', shows: 'schedule(): woken up', validEnd: true },
        { when: (kvm, v) => kvm.vcpu[v].sleep === 'waiting', to: 'HLT.4' },
      ),
      step(
        'HLT.7',
        { ...block_, c: 'finish_rcuwait(', shows: 'wait->task = NULL, TASK_RUNNING' },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].sleep = 'awake'
          },
        },
      ),
      ...when(
        slots_change(bounds),
        step<Kvm>(
          'HLT.7 srcu',
          { ...outer, c: 'kvm_vcpu_srcu_read_lock(', shows: 'srcu_read_lock(&kvm->srcu)' },
          { does: srcu_read_lock },
        ),
      ),
      step(
        'HLT.8',
        {
          ...outer,
          c: 'kvm_apic_accept_events(',
          shows: 'mp_state = KVM_MP_STATE_RUNNABLE',
          fused:
            'Only this vCPU changes mp_state, and an interrupt that is pending stays so until it is injected.',
        },
        { to: REENTER },
      ),
    ],
    { fn: outer.fn },
  )
}
