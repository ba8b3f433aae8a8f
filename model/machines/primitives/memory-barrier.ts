import { type About, type Step, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { drain } from '../../memory/primitives/store-buffer.ts'

/** `smp_mb()`: earlier stores of the CPU become visible before it loads anything else. */
export function smpMb(name: string, about: About<Kvm>): Step<Kvm> {
  return step(name, { shows: 'smp_mb()', c: 'smp_mb(', ...about }, { does: drain })
}
