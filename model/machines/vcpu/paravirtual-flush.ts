import { choice, type Program, program, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'

const since: ReadIn = 'v6.1..v7.2'
const guest = { fn: 'guest', since: 'guest' } as const

const pv = (kvm: Kvm) => kvm.pv[0]
const running = (kvm: Kvm): boolean => !pv(kvm).scheduled_out

/** A vCPU for which KVM emulates an access in two steps; its thread may be preempted at any time. */
export function flushedVcpu(): Program<Kvm> {
  return program<Kvm>('pvtarget', 'KVM emulates an access for a vCPU that may be preempted', [
    choice(
      'idle',
      [
        step(
          'PT.1',
          {
            fn: 'x86_emulate_insn',
            since,
            c: { none: 'model' },
            shows: 'gva -> gpa by the PTE of the guest; the instruction continues',
          },
          {
            when: (kvm) => running(kvm) && pv(kvm).accesses_left > 0,
            does: (kvm) => {
              pv(kvm).accesses_left--
              pv(kvm).translated = true
              pv(kvm).flushed = false
              // The next translation is by what the PTE says now.
              pv(kvm).pte_changed = false
            },
            to: 'PT.2',
          },
        ),
        schedOut('PT.4', true),
      ],
      { validEnd: true },
    ),
    choice('PT.2', [
      step(
        'PT.3',
        { fn: 'x86_emulate_insn', since, c: { none: 'model' }, shows: 'access the page by that translation' },
        {
          when: running,
          does: (kvm) => {
            pv(kvm).translated = false
            pv(kvm).flushed = false
          },
          to: 'idle',
        },
      ),
      schedOut('PT.4 in an instruction', false),
    ]),
    load('PT.5', 'idle'),
    load('PT.5 in an instruction', 'PT.2'),
  ])
}

/** PT.4: `kvm_arch_vcpu_put()`. @param reports whether KVM reports it to the guest; always in a design. */
export function schedOut(name: string, reports: boolean): Step<Kvm> {
  return step(
    name,
    {
      fn: 'kvm_steal_time_set_preempted',
      since,
      c: '!vcpu->arch.at_instruction_boundary',
      shows: reports ? 'scheduled out: st->preempted = KVM_VCPU_PREEMPTED' : 'scheduled out: not reported',
    },
    {
      when: (kvm) => running(kvm) && pv(kvm).preemptions_left > 0,
      does: (kvm) => {
        pv(kvm).preemptions_left--
        pv(kvm).scheduled_out = true
        if (reports) pv(kvm).preempted = 'preempted'
      },
      to: name.replace('PT.4', 'PT.5'),
    },
  )
}

/** PT.5: `record_steal_time()`, when the thread is scheduled in. */
function load(name: string, to: string): Step<Kvm> {
  return step(
    name,
    {
      fn: 'record_steal_time',
      since,
      c: 'st_preempted & KVM_VCPU_FLUSH_TLB',
      shows: (kvm) => `scheduled in: xchg(st->preempted, 0): ${pv(kvm).preempted}; flushes if asked to`,
      fused:
        'The thread does nothing else before it has flushed its TLB, which has no step: no entry of it matters here.',
    },
    {
      does: (kvm) => {
        pv(kvm).scheduled_out = false
        pv(kvm).preempted = 'no'
      },
      to,
    },
  )
}

/** The guest on the other vCPU changes a PTE, flushes, and uses the old page for something else. */
export function flushingGuest(): Program<Kvm> {
  return program<Kvm>('pvsender', 'the guest on another vCPU flushes a translation', [
    choice(
      'idle',
      [
        step(
          'PV.1',
          { ...guest, shows: 'PTE: another page' },
          {
            when: (kvm) => pv(kvm).flushes_left > 0,
            does: (kvm) => {
              pv(kvm).flushes_left--
              pv(kvm).pte_changed = pv(kvm).translated
            },
          },
        ),
      ],
      { validEnd: true },
    ),
    step(
      'PV.2',
      {
        ...guest,
        shows: (kvm) =>
          pv(kvm).preempted === 'no'
            ? 'kvm_flush_tlb_multi(): the vCPU runs, send an IPI'
            : 'kvm_flush_tlb_multi(): st->preempted |= KVM_VCPU_FLUSH_TLB, no IPI',
      },
      [
        { when: (kvm) => pv(kvm).preempted === 'no' },
        {
          does: (kvm) => {
            pv(kvm).preempted = 'preempted, flush'
          },
          to: 'PV.4',
        },
      ],
    ),
    step(
      'PV.3',
      { ...guest, shows: 'the guest on the other vCPU has handled the IPI' },
      // It does so between two instructions.
      { when: (kvm) => running(kvm) && !pv(kvm).translated },
    ),
    step(
      'PV.4',
      { ...guest, shows: 'the old page is used for something else' },
      {
        does: (kvm) => {
          if (pv(kvm).pte_changed && pv(kvm).translated) pv(kvm).flushed = true
        },
        to: 'idle',
      },
    ),
  ])
}
