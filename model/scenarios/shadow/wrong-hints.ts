import { mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import { EMULATED_STORE } from '../primitives/store-buffers.ts'
import type { Scenario } from '../scenario.ts'
import { RETRY_ON_A_DIRECT_MMU } from './unprotect.ts'

const REMEMBERED = 'It is remembered that a reading of indirect_shadow_pages was wrong when it was acted on.'

/** Both uses of indirect_shadow_pages without mmu_lock, for what a wrong reading leads to (I-28). */
export const wrongHintScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    ...RETRY_ON_A_DIRECT_MMU,
    id: 'wrong-hint-of-a-retry',
    aliases: [],
    title: 'as unprotect-retry, and what follows when the vCPU reads the count wrong',
    about: `${REMEMBERED} A wrong reading decides whether a frame is unprotected now or at the next fault.`,
    bounds: mergeBounds(RETRY_ON_A_DIRECT_MMU.bounds, { writeTracking: { hintHistory: true } }),
    properties: ['wrong-hint-costs-only-time', 'hint-misses-a-page-just-built'],
  }),
  scenario({
    ...EMULATED_STORE,
    id: 'wrong-hint-of-an-emulated-store',
    aliases: [],
    title: 'as track-write-barrier, and what follows when the emulator reads the count wrong',
    about: `${REMEMBERED} A wrong reading decides whether the SPTEs of the entry that was stored are zapped at all: it may only be wrong as long as whoever builds the page has yet to read the entry.`,
    bounds: mergeBounds(EMULATED_STORE.bounds, {
      guest: { invlpgs: 0 },
      writeTracking: { hintHistory: true },
    }),
    properties: ['wrong-hint-costs-only-time', 'store-waits-in-a-buffer'],
  }),
]
