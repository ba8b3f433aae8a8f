import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { externalWriter as thread } from '../machines/shadow/external-writer.ts'
import type { Feature } from './feature.ts'

/** Stores to guest tables that KVM never sees. */
export const externalWriter: Feature = {
  id: 'externalWriter',
  title: 'stores to guest tables by host userspace, or DMA',
  parts: (bounds) => ({
    threads: [placed(120, ...when(bounds.externalWriter.stores.length > 0, one(thread(bounds))))],
  }),
  setUp: (kvm, { externalWriter: { stores, left } }) => {
    if (stores.length > 0) kvm.external[0].left = left
  },
  refuses: ({ externalWriter: { stores, left } }) =>
    stores.length > 0 !== left > 0
      ? 'externalWriter.stores and externalWriter.left go together: the stores, and how many are made'
      : null,
}
