import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

const PROPERTIES = [
  'no-mapping-of-a-lost-page',
  'no-flush-debt-at-unlock',
  'no-translation-from-before-a-flush',
  'no-request-unnoticed-in-guest-mode',
  'no-interrupt-unnoticed',
  'vcpu-mode-changes-as-agreed',
  'request-is-serviced',
  'every-access-can-finish',
  'no-use-after-free',
  'no-deadlock',
]

/** What a vCPU is asked to do while it sleeps, enters the guest, or gives an entry up. */
export const requestScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'sleeping-vcpu',
    title: 'a vCPU halts while the host takes a page away that its TLB maps, and an interrupt wakes it',
    about:
      'The flush finds the vCPU outside the guest: it sends no IPI, and KVM_REQUEST_NO_WAKEUP lets the vCPU sleep on. The request stays, and must be serviced before the guest runs again. The interrupt must wake the vCPU, whenever it comes.',
    bounds: {
      shadow: { pages: 1 },
      host: { pfns: 4 },
      notifier: { threads: 1, invalidations: 1, of: [1] },
      requests: { halts: 1, interrupts: 1, flushHistory: true },
    },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }], filled: true },
    properties: [...PROPERTIES, 'flush-finds-a-sleeping-vcpu', 'entry-is-cancelled-with-an-interrupt'],
  }),
  scenario({
    id: 'flush-at-entry',
    title: 'VMRUN is to flush the TLB, and the entry is given up for an interrupt',
    about:
      'On SVM the flush of a request is noted in the VMCB and happens at the next VMRUN. The request is serviced already when the entry is given up, so the note must stay.',
    bounds: {
      shadow: { pages: 1 },
      host: { pfns: 4 },
      notifier: { threads: 1, invalidations: 1, of: [1] },
      requests: { interrupts: 2, deferredFlush: true, flushHistory: true },
    },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }], filled: true },
    properties: [...PROPERTIES, 'entry-is-cancelled-with-an-interrupt', 'entry-is-cancelled-with-a-flush'],
  }),
]
