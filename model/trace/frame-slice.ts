import { kernels } from '../kernels/kernels.ts'
import { frameTable } from './frame.ts'
import { type FrameCensus, FrameCounter } from './frame-census.ts'
import { FrameNotes } from './frame-notes.ts'
import { frameHarness, frameSystem } from './frame-system.ts'
import type { Kernel } from './kernel.ts'
import { LogRules } from './rules.ts'
import { checkFits, type FittedSlice, observableIn, type Slice, watchWith } from './slice.ts'

/** Faults on one frame against invalidations. @param gfn the frame; default: the one that tells most. */
export function frameSlice(gfn?: number): Slice {
  return {
    id: gfn === undefined ? 'frame' : `frame=${gfn.toString(16)}`,
    title: 'faults on one frame, and the invalidations of mmu notifiers',
    survey: (kernel) => {
      const counter = new FrameCounter()
      return {
        push: (event) => counter.push(event),
        end: () => {
          const census = counter.census(gfn)
          return typeof census === 'string' ? census : fitted(kernel, census)
        },
      }
    },
  }
}

function fitted(kernel: Kernel, census: FrameCensus): FittedSlice {
  const model = kernels.find(({ id }) => id === kernel.version)
  if (model === undefined) throw new TypeError(`no model of kernel ${kernel.version}`)
  const unchanged = frameSystem(census, model)
  return {
    about: `gfn ${census.gfn.toString(16)}, ${census.vcpus} vCPUs, ${census.notifiers.length} threads that invalidate`,
    observable: observableIn(frameTable, unchanged),
    harness: frameHarness,
    system: (design) => {
      if (design === undefined) return unchanged
      checkFits(frameTable, design)
      return frameSystem(census, model, design)
    },
    watch: () =>
      watchWith(
        frameTable,
        { notes: new FrameNotes(census.gfn), census, kernel },
        new LogRules(kernel, census.vcpus),
        kernel,
      ),
  }
}
