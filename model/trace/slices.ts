import { frameSlice } from './frame-slice.ts'
import { ptSlice } from './pt-slice.ts'
import { rootsSlice } from './roots-slice.ts'
import type { Slice } from './slice.ts'
import { slotSlice } from './slot-slice.ts'

/** The slices of the model that logs are followed with. */
export const slices: readonly Slice[] = [rootsSlice, frameSlice(), ptSlice(), slotSlice]
