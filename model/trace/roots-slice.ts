import { kernels } from '../kernels/kernels.ts'
import type { Kernel } from './kernel.ts'
import { rootsTable } from './roots.ts'
import { type RootsCensus, RootsCounter } from './roots-census.ts'
import { RootsNotes } from './roots-notes.ts'
import { rootsHarness, rootsSystem } from './roots-system.ts'
import { LogRules } from './rules.ts'
import { checkFits, type FittedSlice, observableIn, type Slice, watchWith } from './slice.ts'

/** The roots of all vCPUs. */
export const rootsSlice: Slice = {
  id: 'roots',
  title: 'which vCPU holds which root page, and how it learns that one was zapped',
  survey: (kernel) => {
    const counter = new RootsCounter(kernel)
    return {
      push: (event) => counter.push(event),
      end: () => {
        const { census } = counter
        return census.pages === 0 ? 'no vCPU of the log loads a root' : fitted(kernel, census)
      },
    }
  },
}

function fitted(kernel: Kernel, census: RootsCensus): FittedSlice {
  const model = kernels.find(({ id }) => id === kernel.version)
  if (model === undefined) throw new TypeError(`no model of kernel ${kernel.version}`)
  const unchanged = rootsSystem(census, model)
  return {
    about: `${census.cr3.length} vCPUs, ${census.pgds.length} root tables, at most ${census.pages} root pages`,
    observable: observableIn(rootsTable, unchanged),
    harness: rootsHarness,
    system: (design) => {
      if (design === undefined) return unchanged
      checkFits(rootsTable, design)
      return rootsSystem(census, model, design)
    },
    watch: () =>
      watchWith(
        rootsTable,
        { notes: new RootsNotes(kernel, census), census, kernel },
        new LogRules(kernel, census.cr3.length),
        kernel,
      ),
  }
}
