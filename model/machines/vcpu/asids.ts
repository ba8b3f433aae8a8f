import { choice, inFunction, type Program, program, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'

const since: ReadIn = 'v6.1..v7.2'
const pre = { fn: 'pre_svm_run', since } as const
const fresh = { fn: 'new_asid', since } as const

const cpu = (kvm: Kvm) => kvm.svm_cpu[0]

/** A vCPU of SVM that runs on the CPU now and then. Preemption is disabled from SV.1 to SV.5. */
export function svmRun(): Program<Kvm> {
  return program<Kvm>(
    'svmrun',
    'a vCPU runs on a CPU that it shares with another VM',
    inFunction<Kvm>(
      'svm_vcpu_run',
      choice(
        'idle',
        [
          step(
            'SV.1',
            {
              ...pre,
              c: '->asid_generation != sd->asid_generation',
              shows: (kvm, i) =>
                `svm->asid_generation ${kvm.svm[i].asid_generation}, that of the CPU ${cpu(kvm).asid_generation}`,
            },
            [
              {
                when: (kvm, i) => may_run(kvm, i) && kvm.svm[i].asid_generation === cpu(kvm).asid_generation,
                does: begin,
                to: 'SV.4',
              },
              { when: may_run, does: begin, to: 'SV.2' },
            ],
          ),
        ],
        { validEnd: true },
      ),
      ...inFunction<Kvm>(
        pre.fn,
        step<Kvm>(
          'SV.2',
          {
            ...fresh,
            c: '++sd->asid_generation',
            shows: (kvm) =>
              cpu(kvm).exhausted
                ? `asid_generation = ${cpu(kvm).asid_generation + 1}, next_asid = 1, flush_all_asids`
                : 'next_asid = 1 is free',
            fused: 'Preemption is disabled, and the fields are those of this CPU.',
          },
          [
            { when: (kvm) => !cpu(kvm).exhausted },
            {
              does: (kvm) => {
                cpu(kvm).asid_generation++
                cpu(kvm).flush_all_asids = true
                cpu(kvm).exhausted = false
              },
            },
          ],
        ),
        step<Kvm>(
          'SV.3',
          {
            ...fresh,
            c: 'sd->next_asid++',
            shows: (kvm) => `svm->asid = 1 of generation ${cpu(kvm).asid_generation}`,
            fused: 'As SV.2.',
          },
          {
            does: (kvm, i) => {
              cpu(kvm).exhausted = true
              kvm.svm[i].asid_generation = cpu(kvm).asid_generation
            },
          },
        ),
      ),
      step(
        'SV.4',
        {
          fn: 'svm_vcpu_run',
          since: 'hardware',
          shows: (kvm, i) =>
            `VMRUN${cpu(kvm).flush_all_asids ? ', flush all' : ''}: vCPU ${i} fills the TLB under ASID 1`,
          fused: 'The TLB is flushed by VMRUN, and filled by the first access.',
        },
        {
          does: (kvm, i) => {
            cpu(kvm).flush_all_asids = false
            cpu(kvm).tagged = i
          },
        },
      ),
      step(
        'SV.5',
        { fn: 'svm_vcpu_run', since: 'hardware', shows: 'VM-exit' },
        {
          does: (kvm) => {
            cpu(kvm).runs = null
          },
          to: 'idle',
        },
      ),
    ),
    { fn: 'vcpu_enter_guest' },
  )
}

const may_run = (kvm: Kvm, i: number): boolean =>
  kvm.svm[i].left > 0 && cpu(kvm).online && cpu(kvm).runs === null

function begin(kvm: Kvm, i: number): void {
  kvm.svm[i].left--
  cpu(kvm).runs = i
}

/** A CPU goes offline and comes back. */
export function hotplug(): Program<Kvm> {
  return program<Kvm>('hotplug', 'a CPU goes offline and comes back', [
    choice(
      'idle',
      [
        step(
          'HP.1',
          { fn: 'kvm_offline_cpu', since: 'outside KVM', shows: 'the CPU goes offline' },
          {
            when: (kvm) => cpu(kvm).hotplugs_left > 0 && cpu(kvm).runs === null,
            does: (kvm) => {
              cpu(kvm).hotplugs_left--
              cpu(kvm).online = false
              cpu(kvm).tagged = null
            },
          },
        ),
      ],
      { validEnd: true },
    ),
    ...inFunction<Kvm>(
      'svm_enable_virtualization_cpu',
      cpuOnline((generation) => generation + 1),
    ),
  ])
}

/** HP.2: the ASIDs of the CPU are all free again. @param next the generation that it has then. */
export function cpuOnline(next: (generation: number) => number): Step<Kvm> {
  return step(
    'HP.2',
    {
      fn: 'svm_enable_virtualization_cpu',
      since,
      c: {
        'v6.1': { fn: 'svm_hardware_enable', at: 'sd->asid_generation++' },
        'v6.12': 'sd->asid_generation++',
      },
      shows: (kvm) => `asid_generation = ${next(cpu(kvm).asid_generation)}, next_asid = max_asid + 1`,
      fused: 'No vCPU runs on the CPU before it is online.',
    },
    {
      does: (kvm) => {
        cpu(kvm).asid_generation = next(cpu(kvm).asid_generation)
        cpu(kvm).exhausted = true
        cpu(kvm).online = true
      },
      to: 'idle',
    },
  )
}
