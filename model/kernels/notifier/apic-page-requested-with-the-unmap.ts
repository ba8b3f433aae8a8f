import { drop, insert, only } from '../../language/patch.ts'
import { makeAllCpusRequest } from '../../machines/primitives/make-request.ts'
import type { Difference } from '../difference.ts'

export const apicPageRequestedWithTheUnmap: Difference = {
  id: 'apic-page-requested-with-the-unmap',
  title:
    'request the reload of the APIC page when its frame is unmapped, and retry it while the invalidation is in progress',
  since: 'v6.12',
  function: 'vmx_set_apic_access_page_addr',
  about:
    'In 6.1 the request comes from the invalidate_range() callback, when the PTE of the host is cleared already, and the reload tests nothing (e649b3f0188f, v5.8). Between 6.1 and 6.12; the commit was not looked up.',
  before: (bounds) =>
    bounds.apicPage.gfn === undefined
      ? []
      : [
          only('notifier', drop('NS.5 apic test')),
          only('notifier', drop('NS.5 apic')),
          only(
            'notifier',
            insert(
              { before: 'H.2' },
              makeAllCpusRequest(
                'H.1 apic',
                'APIC_PAGE_RELOAD',
                bounds.vcpus,
                (kvm, n) => kvm.notifier[n].req,
              ),
            ),
          ),
          only('vcpu', drop('APIC.2')),
          only('vcpu', drop('APIC.4')),
          only('vcpu', drop('APIC.5 retry')),
          only('vcpu', drop('APIC.6')),
        ],
}
