import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { reloadApicPage } from '../machines/notifier/apic-page.ts'
import type { Feature } from './feature.ts'

/** The APIC access page of VMX, whose host address is in each VMCS. */
export const apicPage: Feature = {
  id: 'apicPage',
  title: 'the APIC access page, and the request to reload its address',
  parts: (bounds) => ({
    vcpu: [placed(43, ...when(bounds.apicPage.gfn !== undefined, ...reloadApicPage(bounds)))],
  }),
  setUp: (kvm, { apicPage: { gfn } }) => {
    if (gfn !== undefined) for (const vcpu of kvm.vcpu) vcpu.apic_access_addr = gfn
  },
  refuses: ({ apicPage: { gfn }, notifier, tdp, guest, memslots }) => {
    if (gfn === undefined) return null
    if (!tdp.on || notifier.threads === 0 || notifier.range.length > 0)
      return 'apicPage needs tdp and notifiers of single frames (notifier.of): nothing takes the page away'
    if (memslots.creates + memslots.deletes + memslots.moves > 0)
      return 'apicPage: not with memslots that change'
    return gfn < guest.gfns ? null : `apicPage.gfn is frame ${gfn}, but guest.gfns is ${guest.gfns}`
  },
}
