import { z } from 'zod'
import { placed } from '../language/placed.ts'
import { step, when } from '../language/program.ts'
import { range } from '../language/shapes.ts'
import { EXIT } from '../machines/hand-over.ts'
import type { With } from '../memory/added.ts'
import type { Kvm } from '../memory/kvm.ts'
import { ownFeature } from './feature.ts'

const options = z
  .strictObject({
    perVcpu: z.int().min(0).max(8).default(1).describe('How many arrive on each CPU.'),
  })
  .describe('Interrupts of the host that end guest mode.')
  .default({ perVcpu: 0 })

const fields = ({ perVcpu }: z.output<typeof options>) => ({
  vcpu: { host_interrupts_left: range(0, perVcpu) },
})

type World = With<Kvm, ReturnType<typeof fields>>

/** Host interrupts, a timer's for example, which end guest mode between two guest steps as an IPI does. */
export const hostInterrupt = ownFeature({
  id: 'hostInterrupt',
  title: 'interrupts of the host that end guest mode',
  options,
  fields,
  parts: ({ perVcpu }) => ({
    guest: [placed(15, ...when(perVcpu > 0, arrive()))],
  }),
  setUp: (kvm, { perVcpu }) => {
    for (const vcpu of kvm.vcpu) vcpu.host_interrupts_left = perVcpu
  },
})

const arrive = () =>
  step<World>(
    'host interrupt',
    { fn: 'vcpu_enter_guest', since: 'hardware', shows: 'VM-exit: external interrupt (host)' },
    {
      when: (kvm, v) => kvm.vcpu[v].host_interrupts_left > 0 && kvm.vcpu[v].walk === null,
      does: (kvm, v) => {
        kvm.vcpu[v].host_interrupts_left--
      },
      to: EXIT.interrupt,
    },
  )
