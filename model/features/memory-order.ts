import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { each } from '../language/system.ts'
import { smpMb } from '../machines/primitives/memory-barrier.ts'
import { storeBufferDrains, vmEntry } from '../machines/primitives/store-buffer.ts'
import type { Feature } from './feature.ts'

/** Memory accesses that are not sequentially consistent: x86-TSO store buffers, and memory barriers. */
export const memoryOrder: Feature = {
  id: 'memoryOrder',
  title: 'store buffers and memory barriers',
  parts: (bounds, sorts) => {
    const { barriers, storeBuffers } = bounds.memoryOrder
    return {
      vcpu: [
        placed(
          80,
          ...when(
            barriers,
            smpMb('RUN.7 mb', {
              fn: 'vcpu_enter_guest',
              since: 'v5.18..v7.2',
              c: 'smp_mb__after_srcu_read_unlock(',
            }),
          ),
        ),
        placed(100, ...when(storeBuffers, vmEntry())),
      ],
      threads: [placed(10, ...when(storeBuffers, each(sorts.vcpu, storeBufferDrains())))],
    }
  },
}
