import { kernels } from '../kernels/kernels.ts'
import type { Kernel } from './kernel.ts'
import { type PtCensus, PtCounter } from './pt-census.ts'
import { PtNotes } from './pt-notes.ts'
import { ptTable } from './pt-rows.ts'
import { ptHarness, ptSystem } from './pt-system.ts'
import { LogRules } from './rules.ts'
import { checkFits, type FittedSlice, observableIn, type Slice, watchWith } from './slice.ts'

/** One page table of the guest and its shadow page. @param gfn the table; default: the one that tells most. */
export function ptSlice(gfn?: number): Slice {
  return {
    id: gfn === undefined ? 'table' : `table=${gfn.toString(16)}`,
    title: 'one page table of the guest: its shadow page goes unsync, and is synced',
    survey: (kernel) => {
      const counter = new PtCounter(kernel)
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

function fitted(kernel: Kernel, census: PtCensus): FittedSlice {
  const model = kernels.find(({ id }) => id === kernel.version)
  if (model === undefined) throw new TypeError(`no model of kernel ${kernel.version}`)
  const unchanged = ptSystem(census, model)
  return {
    about: `table ${census.gfn.toString(16)}, entry ${census.index.toString(16)}, ${census.vcpus} vCPUs`,
    observable: observableIn(ptTable, unchanged),
    harness: ptHarness,
    system: (design) => {
      if (design === undefined) return unchanged
      checkFits(ptTable, design)
      return ptSystem(census, model, design)
    },
    watch: () =>
      watchWith(ptTable, { notes: new PtNotes(kernel, census) }, new LogRules(kernel, census.vcpus), kernel),
  }
}
