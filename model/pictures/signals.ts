import type { Actor, Signal } from '../language/picture.ts'
import type { Kvm } from '../memory/kvm.ts'

/** Requests made to other vCPUs, IPIs sent to their CPUs, and entries of their TLBs that were flushed. */
export function signalsOf(before: Kvm, after: Kvm, { kind, self }: Actor): Signal[] {
  return Array.from({ length: after.vcpu.length }, (_, v) => v)
    .filter((v) => kind !== 'vcpu' || self !== v)
    .flatMap((v): Signal[] => {
      const to: Actor = { kind: 'vcpu', self: v }
      const [was, is] = [before.vcpu[v], after.vcpu[v]]
      const made = is.requests.elements().filter((request) => !was.requests.has(request))
      const flushed = Array.from({ length: is.tlb.length }, (_, gva) => gva).filter(
        (gva) => was.tlb[gva].pfn !== null && is.tlb[gva].pfn === null,
      )
      return [
        ...made.map((request): Signal => ({ kind: 'request', to, text: request })),
        ...(is.ipi && !was.ipi ? [{ kind: 'IPI', to, text: 'kick' } as const] : []),
        ...flushed.map((gva): Signal => ({ kind: 'flush', to, text: `gva ${gva}` })),
      ]
    })
}
