import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { flushedVcpu, flushingGuest } from '../machines/vcpu/paravirtual-flush.ts'
import type { Feature } from './feature.ts'

/** A guest that flushes another vCPU with the help of KVM, if that is preempted. */
export const paravirtualFlush: Feature = {
  id: 'paravirtualFlush',
  title: 'the paravirtual TLB flush of a vCPU that is preempted',
  parts: ({ paravirtualFlush: { accesses, flushes } }) => ({
    threads: [
      placed(190, ...when(accesses > 0, one(flushedVcpu()))),
      placed(195, ...when(flushes > 0, one(flushingGuest()))),
    ],
  }),
  setUp: (kvm, { paravirtualFlush: { accesses, preemptions, flushes } }) => {
    if (accesses === 0) return
    kvm.pv[0].accesses_left = accesses
    kvm.pv[0].preemptions_left = preemptions
    kvm.pv[0].flushes_left = flushes
  },
  refuses: ({ paravirtualFlush: { accesses, flushes } }) =>
    accesses === 0 && flushes > 0 ? 'paravirtualFlush.flushes needs paravirtualFlush.accesses' : null,
}
