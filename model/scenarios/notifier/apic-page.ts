import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { runOnOneRoot } from '../tdp/tdp-roots.ts'

/** The APIC access page, whose host address is in each VMCS. */
export const apicPageScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'apic-page-notifier',
    title: 'a vCPU reloads the address of the APIC page while the host takes the page away',
    about:
      'The VMCS has the host address of the page, without a reference. The request comes when the frame is unmapped, before the PTE of the host changes, so that the reload may find the old page; it is tried again until the invalidation has ended. The guest makes no access.',
    bounds: {
      tdp: { on: true },
      shadow: { pages: 1, levels: 1 },
      guest: { gfns: 2, entries: 2, reads: [] },
      host: { pfns: 5 },
      notifier: { threads: 1, invalidations: 2, of: [1] },
      apicPage: { gfn: 1 },
    },
    start: { tables: [], begin: (kvm) => runOnOneRoot(kvm, 1, [0]) },
    properties: ['apic-page-belongs-to-the-vm', 'request-is-serviced', 'no-deadlock'],
  }),
]
