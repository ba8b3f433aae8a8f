import { choice, type Program, program, type Step, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { drain, is_drained } from '../../memory/primitives/store-buffer.ts'

/** The store buffer of a vCPU's CPU: a buffered store may become visible at any time. */
export function storeBufferDrains(): Program<Kvm> {
  const shows = (kvm: Kvm, v: number): string => {
    const buffer = kvm.vcpu[v].store_buffer[0]
    const value =
      buffer.holds === 'mode'
        ? buffer.mode
        : buffer.holds === 'gpte'
          ? `table ${buffer.table}[${buffer.index}] -> ${buffer.to === null ? 'not present' : `gfn ${buffer.to}`}`
          : buffer.count
    return `drains: ${buffer.holds} = ${value}`
  }
  return program<Kvm>('store_buffer', "store buffer of a vCPU's CPU", [
    choice(
      'buffer',
      [
        step(
          'drain',
          { fn: 'store buffer', since: 'hardware', shows, lane: 'vcpu' },
          { when: (kvm, v) => !is_drained(kvm, v), does: drain, to: 'buffer' },
        ),
      ],
      { validEnd: true },
    ),
  ])
}

/** VM-entry empties the store buffer, too late for the test of the requests (RUN.8). */
export function vmEntry(): Step<Kvm> {
  return step(
    'RUN.8 enter',
    { fn: 'kvm_x86_vcpu_run', since: 'hardware', shows: 'VM-entry' },
    { does: drain },
  )
}
