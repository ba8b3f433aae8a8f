import { mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import { EMULATED_STORE } from '../primitives/store-buffers.ts'
import type { Scenario } from '../scenario.ts'
import { RETRY_ON_A_DIRECT_MMU } from './unprotect.ts'

const RECORDED =
  'A history variable records that a vCPU has acted on a wrong reading of indirect_shadow_pages.'

/** Both uses of indirect_shadow_pages without mmu_lock, with a record of wrong readings (I-28). */
export const wrongHintScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    ...RETRY_ON_A_DIRECT_MMU,
    id: 'wrong-hint-of-a-retry',
    aliases: [],
    title: 'as unprotect-retry, recording wrong readings of indirect_shadow_pages',
    about: `${RECORDED} A wrong reading only decides whether a gfn is unprotected now or at the next fault.`,
    bounds: mergeBounds(RETRY_ON_A_DIRECT_MMU.bounds, { writeTracking: { hintHistory: true } }),
    properties: [
      'wrong-hint-costs-only-time',
      'wrong-hint-costs-one-fault',
      'wrong-hint-is-repaired',
      'hint-misses-a-page-just-built',
      'missed-gfn-is-zapped-by-others',
      'wrong-hint-ends-in-an-emulation-failure',
    ],
  }),
  scenario({
    ...EMULATED_STORE,
    id: 'wrong-hint-of-an-emulated-store',
    aliases: [],
    title: 'as track-write-barrier, recording wrong readings of indirect_shadow_pages',
    about: `${RECORDED} A wrong reading decides whether the SPTEs of the changed entry are zapped at all: it is harmless only if the thread that builds the page has yet to read the entry.`,
    bounds: mergeBounds(EMULATED_STORE.bounds, {
      guest: { invlpgs: 0 },
      writeTracking: { hintHistory: true },
    }),
    properties: ['wrong-hint-costs-only-time', 'store-waits-in-a-buffer'],
  }),
]
