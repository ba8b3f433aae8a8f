import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { EXIT } from '../machines/hand-over.ts'
import { CLOSE, closeFile, exitForClose } from '../machines/teardown/destroy-vm.ts'
import { exit } from '../machines/vcpu/exits.ts'
import { open_files } from '../memory/teardown/teardown.ts'
import type { Feature } from './feature.ts'

/** The process ends, and the VM is destroyed. */
export const teardown: Feature = {
  id: 'teardown',
  title: 'the end of the process and of the VM',
  parts: (bounds) => ({
    vcpu: [
      placed(360, ...when(bounds.teardown.closes, exit(EXIT.close, CLOSE))),
      placed(430, ...when(bounds.teardown.closes, closeFile())),
    ],
    guest: [placed(150, ...exitForClose(bounds))],
  }),
  setUp: (kvm, { teardown: { closes } }) => {
    if (closes) open_files(kvm)
  },
  refuses: ({ teardown: { closes }, asyncPf, vcpus }) =>
    closes && (!asyncPf.on || vcpus > 1)
      ? 'teardown.closes needs asyncPf and one vCPU: only their part of destroying a VM is modelled'
      : null,
}
