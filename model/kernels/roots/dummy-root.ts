import { drop, type Patch, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { root_is_visible } from '../../machines/roots/load-root.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { forget_fault } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { srcu_read_unlock } from '../../memory/primitives/srcu.ts'
import type { Difference } from '../difference.ts'

/** LOAD.0: the guest is shut down; the vCPU leaves KVM_RUN and does not come back. */
function shutDown(bounds: Bounds): Step<Kvm> {
  const visible = (kvm: Kvm, v: number): boolean => root_is_visible(kvm, v, bounds)
  return step(
    'LOAD.0',
    {
      fn: 'mmu_check_root',
      since: '..v6.1',
      c: 'kvm_make_request(KVM_REQ_TRIPLE_FAULT',
      shows: (kvm, v) =>
        visible(kvm, v) ? 'kvm_vcpu_is_visible_gfn() = true' : 'KVM_REQ_TRIPLE_FAULT: KVM_EXIT_SHUTDOWN',
      quiet: visible,
    },
    [
      { when: visible },
      {
        does: (kvm, v) => {
          forget_fault(kvm, v)
          srcu_read_unlock(kvm, v)
        },
        to: 'done',
      },
    ],
  )
}

export const dummyRoot: Difference = {
  id: 'dummy-root',
  title: 'let the guest run on a dummy root if its page directory has no usable memslot',
  // Not in 6.1, in 6.12; the mainline version in between was not read.
  since: 'v6.12',
  function: 'mmu_alloc_shadow_roots',
  about:
    'In 6.1 a page directory without a usable memslot, which may only be a memslot that is being deleted or moved, shuts the guest down with a triple fault.',
  before: (bounds): readonly Patch<Kvm>[] => [replace('LOAD.0', shutDown(bounds)), drop('FETCH.2')],
}
