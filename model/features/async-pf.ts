import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { each } from '../language/system.ts'
import { asyncPageFault, asyncPfCompletion, faultinPfnOrQueue } from '../machines/fault/async-page-fault.ts'
import { kworker } from '../machines/fault/kworker.ts'
import { inPageFault } from '../machines/fault/page-fault.ts'
import type { Feature } from './feature.ts'

/** Asynchronous page faults: the vCPU runs on while a kworker waits for the page. */
export const asyncPf: Feature = {
  id: 'asyncPf',
  title: 'asynchronous page faults (KVM_ASYNC_PF)',
  parts: (bounds, sorts) => {
    const { on } = bounds.asyncPf
    return {
      vcpu: [placed(40, ...asyncPfCompletion(bounds)), placed(420, ...when(on, ...asyncPageFault()))],
      pageFault: [placed(90, ...inPageFault(...when(on, faultinPfnOrQueue('PF.9'))))],
      threads: [placed(20, ...when(on, each(sorts.async_pf, kworker())))],
    }
  },
  setUp: (kvm, { asyncPf: { swappedOut } }) => {
    for (const gfn of swappedOut) kvm.host_pte[gfn] = null
  },
  refuses: ({ asyncPf: { on, swappedOut }, guest }) => {
    if (swappedOut.length > 0 !== on)
      return 'asyncPf.on and asyncPf.swappedOut go together: a fault waits for a page that is swapped out'
    return on && guest.dataWrites
      ? 'asyncPf is modelled for guests that only read; drop guest.dataWrites'
      : null
  },
}
