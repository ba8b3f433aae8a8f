import type { BoundsInput } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import type { Start } from '../start.ts'

const ZAP_ALL: BoundsInput = {
  shadow: { pages: 6, levels: 2 },
  guest: { gfns: 4 },
  host: { pfns: 4 },
  zap: { all: 1, lockBreak: true },
}
const ZAP_ALL_START: Start = {
  tables: [[1], [3], [3]],
  pages: [
    { gfn: 1, level: 1 },
    { gfn: 0, level: 2 },
    { gfn: 2, level: 1 },
  ],
}

/** A memslot update zaps all pages, dropping mmu_lock between them, while a vCPU builds new ones. */
export const zapAllScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'zap-termination',
    title: 'a memslot update zaps all pages, dropping mmu_lock between them, while a vCPU builds new ones',
    about:
      'Zapping with lock breaks terminates because pages that are built meanwhile have the new generation, so the set of obsolete pages only shrinks.',
    bounds: ZAP_ALL,
    start: ZAP_ALL_START,
    properties: ['zap-all-terminates', 'zap-all-can-finish', 'every-access-can-finish', 'no-deadlock'],
  }),
  scenario({
    id: 'zap-all-breaks',
    title: 'as zap-termination: the walk must find all obsolete pages, and a fault no zapped one',
    about:
      'New pages are added at the head of the list, so the walk from the tail may stop at the first of them; zapped pages stay in the hash, where a fault must not find them. The newest page at the start shadows a table that is no longer used.',
    bounds: ZAP_ALL,
    start: ZAP_ALL_START,
    properties: [
      'obsolete-pages-are-oldest',
      'no-obsolete-page-after-the-zap',
      'no-link-to-a-dead-page',
      'no-stale-root-used',
      'no-freed-root-in-use',
      'no-leaf-below-an-obsolete-root',
      'page-on-one-list',
      'every-access-can-finish',
      'no-deadlock',
      'no-use-after-free',
      'kvm-mmu-child-role-has-a-valid-parent',
      'kvm-zap-obsolete-pages-finds-no-invalid-page',
    ],
  }),
]
