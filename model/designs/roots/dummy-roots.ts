import { drop, replace } from '../../language/patch.ts'
import { replaceDummyRoot } from '../../machines/fault/fetch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

const DELETED = 'slot-delete-root'
const CREATED = 'slot-create-root'

/** A page directory that has no usable memslot gets a dummy root. */
export const dummyRootDesigns: readonly Design<Kvm>[] = [
  {
    id: 'root-frame-not-tested',
    aliases: [],
    title: 'load a root without testing whether its page directory has a usable memslot',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_alloc_shadow_roots' },
    about:
      'The memslot is INVALID and its gfns are zapped; then the guest loads the page directory, and KVM shadows it again. The shadow page outlives the arrays in which it is accounted.',
    scenarios: [DELETED],
    kernels: ['6.12', '7.2'],
    patches: [drop('LOAD.0')],
    expect: [
      ...violated(DELETED, 'nothing-added-to-an-invalid-slot', 'no-spte-of-a-freed-slot'),
      ...notReached('No dummy root is loaded.', DELETED, 'guest-runs-on-a-dummy-root'),
    ],
  },
  {
    id: 'dummy-root-kept',
    aliases: [],
    title: 'retry a fault on a dummy root without asking for another root',
    status: 'control',
    kernel: { version: 'never merged', function: 'paging64_fetch' },
    about:
      'The page directory can be read now, and nothing else makes the vCPU leave the root that maps nothing.',
    scenarios: [CREATED],
    kernels: ['6.12', '7.2'],
    patches: [replace('FETCH.2', replaceDummyRoot(false))],
    expect: [
      ...violated(CREATED, 'no-fault-retried-for-ever', 'every-access-can-finish'),
      ...notReached('Nothing asks for another root.', CREATED, 'dummy-root-is-replaced'),
    ],
  },
]
