import { choice, inFunction, type Program, program, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { swap_in } from '../../memory/fault/async-pf.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { use_vcpu } from '../../memory/teardown/teardown.ts'

const since: ReadIn = 'v6.9..v7.2, v6.1.192'
const work = 'process_one_work'
const present = 'kvm_arch_async_page_present_queued'
const about = { fn: 'async_pf_execute', since }

/** A kworker that swaps in the page that a vCPU's fault is missing (virt/kvm/async_pf.c); `v` is that vCPU. */
export function kworker(): Program<Kvm> {
  return program<Kvm>(
    'kworker',
    'kworker: swaps a page in (async page fault)',
    [
      choice(
        'idle',
        [
          step(
            'AW.1',
            { fn: work, since, c: { none: 'outside KVM' }, shows: 'async_pf_execute(&work->work)' },
            {
              when: (kvm, v) => kvm.vcpu[v].async_pf[0].work === 'pending',
              does: (kvm, v) => {
                kvm.vcpu[v].async_pf[0].work = 'running'
              },
              to: 'AW.2',
            },
          ),
        ],
        { validEnd: true },
      ),
      ...inFunction(
        about.fn,
        step<Kvm>(
          'AW.2',
          {
            ...about,
            c: 'get_user_pages_remote(',
            shows: (kvm, v) => `get_user_pages_remote(): gfn ${kvm.vcpu[v].async_pf[0].gfn} is swapped in`,
          },
          {
            does: (kvm, v) => {
              use_vcpu(kvm, v)
              const { gfn } = kvm.vcpu[v].async_pf[0]
              if (gfn !== null) swap_in(kvm, gfn)
            },
          },
        ),
        step<Kvm>(
          'AW.3',
          { ...about, c: 'list_add_tail(', shows: 'list_add_tail(&apf->link, &vcpu->async_pf.done)' },
          {
            does: (kvm, v) => {
              use_vcpu(kvm, v)
              kvm.vcpu[v].async_pf[0].done = true
            },
          },
        ),
        step<Kvm>(
          'AW.4',
          {
            fn: present,
            since,
            c: 'kvm_make_request(KVM_REQ_APF_READY',
            shows: (_kvm, v) => `vcpu${v}->requests |= KVM_REQ_APF_READY`,
          },
          {
            does: (kvm, v) => {
              use_vcpu(kvm, v)
              kvm.vcpu[v].apf_ready = true
            },
          },
        ),
        ...inFunction(
          present,
          step<Kvm>(
            'AW.5',
            {
              fn: 'kvm_vcpu_kick',
              since,
              c: {
                'v6.1': 'kvm_arch_vcpu_should_kick(',
                'v7.2': { callee: '__kvm_vcpu_kick', at: 'kvm_arch_vcpu_should_kick(' },
              },
              shows: (kvm, v) => `cmpxchg(vcpu${v}->mode): ${kvm.vcpu[v].mode}`,
              fused: 'The IPI follows the cmpxchg, and no thread waits for it.',
            },
            {
              does: (kvm, v) => {
                use_vcpu(kvm, v)
                const vcpu = kvm.vcpu[v]
                if (vcpu.mode !== 'IN_GUEST_MODE') return
                vcpu.mode = 'EXITING_GUEST_MODE'
                vcpu.ipi = true
              },
            },
          ),
        ),
        step<Kvm>(
          'AW.6',
          { fn: '__kvm_vcpu_wake_up', since, c: 'rcuwait_wake_up(', shows: (_kvm, v) => `wake up vcpu${v}` },
          { does: use_vcpu },
        ),
      ),
      step(
        'AW.7',
        {
          fn: work,
          since,
          c: { none: 'outside KVM' },
          shows: 'async_pf_execute() has returned',
          quiet: true,
        },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].async_pf[0].work = 'idle'
          },
          to: 'idle',
        },
      ),
    ],
    { fn: work },
  )
}
