import { type Patch, replace } from '../language/patch.ts'
import { choice, type Entry, type Program, program, type Step, step } from '../language/program.ts'
import { type Kvm, mmu_lock_is_free } from '../memory/kvm.ts'

/**
 * Another holder of mmu_lock.
 * @param held what it may do meanwhile. @param idle what it may do without.
 */
export function elsewhere(held: readonly Step<Kvm>[] = [], idle: readonly Step<Kvm>[] = []): Program<Kvm> {
  const hold = step<Kvm>(
    'lock',
    { fn: 'write_lock', shows: 'write_lock(&kvm->mmu_lock)' },
    {
      when: mmu_lock_is_free,
      does: (kvm) => {
        kvm.mmu_lock = 'notifier'
      },
      to: 'held',
    },
  )
  const release = step<Kvm>(
    'unlock',
    { fn: 'write_unlock', shows: 'write_unlock(&kvm->mmu_lock)' },
    {
      does: (kvm) => {
        kvm.mmu_lock = 'free'
      },
      to: 'idle',
    },
  )
  return program<Kvm>('elsewhere', 'takes mmu_lock for something that is not in the slice', [
    choice('idle', [hold, ...idle], { validEnd: true }),
    choice('held', [release, ...held]),
  ])
}

/** A counter that bounds how often something happens, and the steps that count it down. */
export interface Counter {
  readonly step: RegExp
  readonly refill: (kvm: Kvm, self: number) => void
}

/**
 * The log bounds how often something happens: the counters never run out. Nor do they make states differ.
 * @param programs those that the patches are for.
 */
export function unlimited(programs: readonly Program<Kvm>[], counters: readonly Counter[]): Patch<Kvm>[] {
  const steps = programs.flatMap(({ entries }) => stepsIn(entries))
  return counters.flatMap(({ step: name, refill }) =>
    steps
      .filter((each) => name.test(each.name))
      .map((each) => {
        const cases = each.cases.map((c) => ({
          ...c,
          does: (kvm: Kvm, self: number) => {
            c.does?.(kvm, self)
            refill(kvm, self)
          },
        }))
        return replace<Kvm>(each.name, { ...each, cases })
      }),
  )
}

function stepsIn(entries: readonly Entry<Kvm>[]): Step<Kvm>[] {
  return entries.flatMap((entry) => {
    if (entry.kind === 'step') return [entry]
    if (entry.kind === 'choice') return [...entry.steps]
    return entry.kind === 'block' ? stepsIn(entry.entries) : []
  })
}
