import { type Block, block, step } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { call_rcu } from '../../memory/tdp/rcu.ts'

const since: ReadIn = 'v6.1..v7.2'
const about = { fn: 'kvm_tdp_mmu_put_root', since }

/** A reference to a root in a variable of the thread. */
export interface RootReference {
  readonly root: (kvm: Kvm, self: number) => number
  /** Forgets it, when the reference is put. */
  readonly forget: (kvm: Kvm, self: number) => void
}

/**
 * `kvm_tdp_mmu_put_root()`: the last reference takes the root off tdp_mmu_roots, and frees it after a grace period. Needs
 * no lock (v6.9): a root with no reference left cannot be got any more.
 */
export function putRoot(name: string, { root, forget }: RootReference): Block<Kvm> {
  const put = (kvm: Kvm, self: number): void => {
    kvm.page[root(kvm, self)].root_count--
  }
  return block(
    name,
    [
      step(
        'PUT.1',
        {
          ...about,
          c: 'refcount_dec_and_test(',
          shows: (kvm, self) => {
            const { root_count } = kvm.page[root(kvm, self)]
            return `page ${root(kvm, self)}: tdp_mmu_root_count ${root_count} -> ${root_count - 1}`
          },
        },
        [
          {
            when: (kvm, self) => kvm.page[root(kvm, self)].root_count > 1,
            does: (kvm, self) => {
              put(kvm, self)
              forget(kvm, self)
            },
            to: 'PUT.end',
          },
          {
            does: (kvm, self) => {
              put(kvm, self)
              if (kvm.page[root(kvm, self)].role_invalid) return
              throw new Oops('kvm-tdp-mmu-put-root-finds-an-invalid-root', `page ${root(kvm, self)} is valid`)
            },
          },
        ],
      ),
      step(
        'PUT.2',
        {
          ...about,
          c: { 'v6.1': 'list_del_rcu(' },
          shows: (kvm, self) => `list_del_rcu(page ${root(kvm, self)})`,
          fused: 'tdp_mmu_pages_lock is held for the removal only.',
        },
        {
          does: (kvm, self) => {
            kvm.page[root(kvm, self)].list = 'tdp_mmu'
          },
        },
      ),
      step(
        'PUT.3',
        { ...about, c: 'call_rcu(', shows: (kvm, self) => `call_rcu(page ${root(kvm, self)})` },
        {
          does: (kvm, self) => {
            call_rcu(kvm, root(kvm, self))
            forget(kvm, self)
          },
        },
      ),
      step('PUT.end', { ...about, c: { none: 'model' }, shows: 'return', quiet: true }),
    ],
    { fn: about.fn },
  )
}
