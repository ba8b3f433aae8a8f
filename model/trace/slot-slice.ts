import { kernels } from '../kernels/kernels.ts'
import { ModelError } from '../language/errors.ts'
import { anchorOf, type Patch } from '../language/patch.ts'
import type { Kvm } from '../memory/kvm.ts'
import type { Kernel } from './kernel.ts'
import { LogRules } from './rules.ts'
import { checkFits, type FittedSlice, observableIn, type Slice, watchWith } from './slice.ts'
import { type SlotCensus, SlotCounter } from './slot-census.ts'
import { SlotNotes } from './slot-notes.ts'
import { slotTable } from './slot-rows.ts'
import { slotHarness, slotSystem } from './slot-system.ts'

/** The rules are those of the shadow MMU. */
const NO_RULES: Pick<LogRules, 'check'> = { check: () => null }

/** One memslot: the one that is deleted most often. */
export const slotSlice: Slice = {
  id: 'slot',
  title: 'one memslot: how its changes are published, and what faults find meanwhile',
  isWithoutTables: true,
  survey: (kernel) => {
    const counter = new SlotCounter()
    return {
      push: (event) => counter.push(event),
      end: () => {
        const census = counter.census()
        return typeof census === 'string' ? census : fitted(kernel, census)
      },
    }
  },
}

/** A step of a notifier, by the name that a patch has. */
const isOfNotifier = (patch: Patch<Kvm>): boolean =>
  patch.in === 'notifier' || /^(?:NS|NE|H)\./.test(anchorOf(patch as Patch<never>))

function fitted(kernel: Kernel, census: SlotCensus): FittedSlice {
  const model = kernels.find(({ id }) => id === kernel.version)
  if (model === undefined) throw new TypeError(`no model of kernel ${kernel.version}`)
  const unchanged = slotSystem(census, model)
  return {
    about: `a slot with ${census.gfns.size} frames in use, ${census.vcpus} vCPUs`,
    observable: observableIn(slotTable, unchanged),
    harness: slotHarness,
    system: (design) => {
      if (design === undefined) return unchanged
      checkFits(slotTable, design)
      if (design.patches.length > 0 && design.patches.every(isOfNotifier))
        throw new ModelError('notifiers are not in the slice, only how many are active')
      return slotSystem(census, model, design)
    },
    watch: () =>
      watchWith(
        slotTable,
        { notes: new SlotNotes(census) },
        census.tdpMmu ? NO_RULES : new LogRules(kernel, census.vcpus),
        kernel,
      ),
  }
}
