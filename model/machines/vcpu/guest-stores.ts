import { type Step, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { UnemulatableStore } from '../../memory/shadow/options.ts'
import type { GuestPteWrite } from '../../memory/vcpu/options.ts'
import { EXIT, GUEST } from '../hand-over.ts'

const code = { fn: 'guest', since: 'guest' } as const

/** The guest begins a guest PTE write; one that is emulated exits immediately. */
export function beginGuestPteWrite(
  { gva, index, to, w, by, emulatedInto }: GuestPteWrite,
  number: number,
): Step<Kvm> {
  const value = to === null ? 'not present' : `gfn ${to}${w ? ', W' : ''}`
  const mayBegin = (kvm: Kvm, v: number): boolean =>
    kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].pte_writes_left > 0 && (by === undefined || by === v)
  const start = (kvm: Kvm, v: number): void => {
    kvm.vcpu[v].guest = 'write'
    kvm.vcpu[v].gva = gva
    kvm.vcpu[v].pte_write = number + 1
    kvm.vcpu[v].pte_writes_left--
  }
  if (emulatedInto === undefined) {
    return step(
      `edit[${number}]`,
      { ...code, shows: `gPTE[${index}] (gva ${gva}) = ${value}` },
      { when: mayBegin, does: start, to: GUEST },
    )
  }
  return step(
    `edit[${number}]`,
    { ...code, shows: `table ${emulatedInto}[${index}] = ${value}, to be emulated` },
    {
      when: mayBegin,
      does: (kvm, v) => {
        start(kvm, v)
        kvm.vcpu[v].fault.gpte[0].to = emulatedInto
      },
      to: EXIT.emulatedStore,
    },
  )
}

/** The guest begins a store that KVM cannot emulate. */
export function beginUnemulatableStore({ gva, by }: UnemulatableStore, number: number): Step<Kvm> {
  return step(
    `store[${number}]`,
    { ...code, shows: `write gva ${gva}, cannot be emulated` },
    {
      when: (kvm, v) => v === by && kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].unemulatable_stores_left > 0,
      does: (kvm, v) => {
        kvm.vcpu[v].guest = 'write'
        kvm.vcpu[v].gva = gva
        kvm.vcpu[v].unemulatable = true
        kvm.vcpu[v].unemulatable_stores_left--
      },
      to: GUEST,
    },
  )
}
