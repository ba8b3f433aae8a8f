import { only, type Patch, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { updateFlags } from '../../machines/memslots/guest-memfd.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

const RELEASE = 'guest-memfd-release'

/** Nothing is unbound if the file has no reference any more. */
const dyingFileIsSkipped: Patch<Kvm> = only(
  'gmemslot',
  replace(
    'GS.5 dying',
    step<Kvm>(
      'GS.5 return',
      { fn: 'kvm_gmem_unbind', since: 'v6.8..v6.17', shows: 'return: the file is being closed' },
      { to: 'GS.8' },
    ),
  ),
)

/** A memslot and the file that it is bound to: which of the two removes the binding? */
export const guestMemfdDesigns: readonly Design<Kvm>[] = [
  {
    id: 'dying-guest-memfd-not-unbound',
    aliases: ['G8', 'CVE-2025-40274'],
    title: '..v6.17: do not unbind a memslot from a file of guest_memfd that is being closed',
    status: 'bug',
    kernel: { commit: 'ae431059e75d', version: 'v6.8..v6.17', function: 'kvm_gmem_unbind' },
    about:
      'CVE-2025-40274, fixed by ae431059e75d ("KVM: guest_memfd: Remove bindings on memslot deletion when gmem is dying", v6.18). The deletion finds a file without references and leaves the binding to its release, which waits for slots_lock; the slot is freed first, and the release writes to it.',
    scenarios: [RELEASE],
    patches: [dyingFileIsSkipped],
    expect: violated(RELEASE, 'no-use-after-free'),
  },
  {
    id: 'guest-memfd-flag-dropped',
    aliases: ['CVE-2025-68810'],
    title: 'let userspace clear KVM_MEM_GUEST_MEMFD of a memslot',
    status: 'bug',
    kernel: { commit: '9935df5333aa', version: 'v6.8..v6.18', function: 'kvm_set_memory_region' },
    about:
      'CVE-2025-68810, fixed by 9935df5333aa ("KVM: Disallow toggling KVM_MEM_GUEST_MEMFD on an existing memslot"). A slot without the flag is freed without being unbound, and the release of the file writes to it.',
    scenarios: [RELEASE],
    patches: [only('gmemslot', replace('GS.2', updateFlags(false)))],
    expect: violated(RELEASE, 'no-use-after-free'),
  },
]
