import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

/** Walks of rmaps without mmu_lock since v6.15, for the host that wants to know which pages are in use. */
export const agingScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'aging-rmap',
    title: 'the host ages a page while a vCPU maps its frame and the shadow page is zapped',
    about:
      'Aging does not take mmu_lock. The rmap of the frame is empty at first, so that its lock bit is left out, and gets an SPTE at any moment; the shadow page is freed when its root is dropped. Only the lock bit keeps the page until the walk is over. Upstream starts from what the head was when it was (or was not) locked; the kernel reads the head again, which is a design of its own here.',
    bounds: { shadow: { pages: 2 }, zap: { threads: 1, pages: 1 }, aging: { calls: 1, of: [1] } },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
    properties: [
      'no-use-after-free',
      'no-freed-spte-on-rmap',
      'leaf-is-on-its-rmap',
      'rmap-holds-present-sptes',
      'every-access-can-finish',
      'no-deadlock',
      'aging-holds-back-a-zap',
    ],
  }),
]
