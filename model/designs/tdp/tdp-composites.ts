import { only, replace } from '../../language/patch.ts'
import { slotTest } from '../../machines/fault/fault-slot.ts'
import { zapLeaf } from '../../machines/tdp/unmap.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/** The TDP MMU beside notifiers and memslots that go. */

const DELETE = 'tdp-slot-delete'
const ZAP_AND_NOTIFY = 'tdp-zap-all-notifier'

export const tdpCompositeDesigns: readonly Design<Kvm>[] = [
  {
    id: 'tdp-invalid-slot-mapped',
    aliases: [],
    title: 'map a page of an INVALID memslot in a TDP fault',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_faultin_pfn' },
    about:
      'The fault finds the slot while it is being deleted, loads a new root after the zap has invalidated the old one, and maps there what the zap no longer looks for.',
    scenarios: [DELETE],
    patches: [
      replace(
        'TDP/PF.8',
        slotTest(() => false),
      ),
    ],
    expect: violated(DELETE, 'no-spte-of-a-freed-slot', 'nothing-added-to-an-invalid-slot'),
  },
  {
    id: 'tdp-notifier-skips-invalid-roots',
    aliases: ['invalid-root-not-unmapped', 'CVE-2021-47639'],
    title: 'v5.13 to v5.17: zap only valid roots of the TDP MMU for a notifier',
    status: 'bug',
    kernel: { commit: 'b7cccd397f31', version: 'v5.13..v5.17', function: 'kvm_tdp_mmu_unmap_gfn_range' },
    about:
      'No vCPU uses an invalid root, but its zap may come after the page has got another owner, and marked the page dirty up to v6.12. Fixed by d62007edf01f (v5.18).',
    scenarios: [ZAP_AND_NOTIFY],
    patches: [
      only(
        'notifier',
        replace(
          'NS.5 tdp',
          zapLeaf(
            (kvm, n) => kvm.notifier[n].gfn as number,
            (kvm, n) => {
              kvm.notifier[n].flush = true
            },
            ({ role_invalid }) => !role_invalid,
          ),
        ),
      ),
    ],
    expect: violated(ZAP_AND_NOTIFY, 'no-tdp-spte-of-a-lost-page'),
  },
]
