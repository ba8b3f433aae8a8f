import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { breakSharing, faultinPfn, precheck, snapshotSeq } from '../machines/fault/fault-host-page.ts'
import { fetch } from '../machines/fault/fetch.ts'
import { has_mmio, mmioSpte } from '../machines/fault/mmio.ts'
import {
  endFault,
  inPageFault,
  lockForFault,
  staleCheck,
  walkGuestTables,
} from '../machines/fault/page-fault.ts'
import { setSpte } from '../machines/fault/set-spte.ts'
import { EXIT, PAGE_FAULT, TDP_PAGE_FAULT } from '../machines/hand-over.ts'
import { exit } from '../machines/vcpu/exits.ts'
import { makePagesAvailable } from '../machines/zap/make-pages-available.ts'
import { has_only_tdp } from '../memory/bounds.ts'
import type { Feature } from './feature.ts'

/** Shadow paging: the slow page fault (`paging64_page_fault()`) and the shadow pages that it builds. */
export const shadow: Feature = {
  id: 'shadow',
  title: 'shadow pages and the page fault that builds them',
  parts: (bounds) => {
    if (has_only_tdp(bounds)) return { vcpu: [placed(310, exit(EXIT.pageFault, TDP_PAGE_FAULT))] }
    const toPageFault = bounds.tdp.on
      ? exit(EXIT.pageFault, TDP_PAGE_FAULT, { when: (kvm, v) => kvm.vcpu[v].nested, to: PAGE_FAULT })
      : exit(EXIT.pageFault, PAGE_FAULT)
    return {
      vcpu: [placed(310, toPageFault)],
      pageFault: [
        placed(10, ...when(has_mmio(bounds), mmioSpte(bounds))),
        placed(20, ...inPageFault(walkGuestTables(bounds))),
        placed(60, ...inPageFault(...snapshotSeq(bounds))),
        placed(80, ...inPageFault(...precheck('PF.8 precheck', bounds))),
        placed(85, ...inPageFault(...breakSharing(bounds))),
        placed(90, ...inPageFault(...when(!bounds.asyncPf.on, faultinPfn(bounds)))),
        placed(100, ...inPageFault(...precheck('PF.10', bounds))),
        placed(110, lockForFault()),
        placed(120, ...inPageFault(...makePagesAvailable('PF.13', bounds))),
        placed(130, ...inPageFault(staleCheck())),
        placed(150, ...inPageFault(...fetch(bounds))),
        placed(160, ...inPageFault(...setSpte(bounds))),
        placed(180, endFault(bounds)),
      ],
    }
  },
  setUp: (kvm, { shadow }) => {
    for (const gfn of shadow.withoutGptes) kvm.without_gptes[gfn] = true
  },
  refuses: ({ shadow: { quota, pages } }) =>
    quota > pages ? `shadow.quota is ${quota}, but there are only ${pages} pages (shadow.pages)` : null,
}
