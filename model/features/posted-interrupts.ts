import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { interruptPoster, interruptSync } from '../machines/vcpu/posted-interrupts.ts'
import type { Feature } from './feature.ts'

/** Interrupts that are posted to a vCPU, and the vCPU that looks for them. */
export const postedInterrupts: Feature = {
  id: 'postedInterrupts',
  title: 'posted interrupts and their move to the IRR',
  parts: ({ postedInterrupts: { sends, syncs } }) => ({
    threads: [
      placed(180, ...when(sends > 0, one(interruptPoster(sends)))),
      placed(185, ...when(syncs > 0, one(interruptSync()))),
    ],
  }),
  setUp: (kvm, { postedInterrupts: { sends, syncs } }) => {
    if (sends === 0) return
    kvm.pi_desc[0].sends_left = sends
    kvm.pi_desc[0].syncs_left = syncs
  },
  refuses: ({ postedInterrupts: { sends, syncs } }) =>
    sends === 0 && syncs > 0
      ? 'postedInterrupts.syncs needs postedInterrupts.sends: nothing is posted'
      : null,
}
