import { Oops } from '../../language/property.ts'
import type { Kvm } from '../kvm.ts'
import { free_shadow_page } from '../shadow/shadow-page.ts'

/**
 * RCU as the TDP MMU uses it. A callback may run as soon as the readers at the time of call_rcu() have left, and runs
 * then here: running later, it would only find the same page unused for longer.
 */

/** `rcu_read_lock()` of a vCPU. */
export function rcu_read_lock(kvm: Kvm, v: number): void {
  kvm.rcu_vcpus.add(v)
}

/** `rcu_read_unlock()` of a vCPU; nothing if it is in no section. */
export function rcu_read_unlock(kvm: Kvm, v: number): void {
  if (!kvm.rcu_vcpus.has(v)) return
  kvm.rcu_vcpus.delete(v)
  for (let p = 0; p < kvm.page.length; p++) {
    const { list, rcu_vcpus } = kvm.page[p]
    if (list !== 'rcu' || !rcu_vcpus.has(v)) continue
    rcu_vcpus.delete(v)
    run_callback(kvm, p)
  }
}

/** `rcu_read_lock()` of another thread, see `MEMSLOT_THREAD`. */
export function thread_rcu_read_lock(kvm: Kvm, thread: number): void {
  kvm.rcu_threads.add(thread)
}

/** `rcu_read_unlock()` of another thread. */
export function thread_rcu_read_unlock(kvm: Kvm, thread: number): void {
  kvm.rcu_threads.delete(thread)
  for (let p = 0; p < kvm.page.length; p++) {
    const { list, rcu_threads } = kvm.page[p]
    if (list !== 'rcu' || !rcu_threads.has(thread)) continue
    rcu_threads.delete(thread)
    run_callback(kvm, p)
  }
}

/** `call_rcu(&sp->rcu_head, tdp_mmu_free_sp_rcu_callback)`: frees the page after a grace period. */
export function call_rcu(kvm: Kvm, page: number): void {
  const sp = kvm.page[page]
  sp.list = 'rcu'
  sp.rcu_vcpus.assign(kvm.rcu_vcpus)
  sp.rcu_threads.assign(kvm.rcu_threads)
  run_callback(kvm, page)
}

function run_callback(kvm: Kvm, page: number): void {
  const { rcu_vcpus, rcu_threads } = kvm.page[page]
  if (rcu_vcpus.isEmpty() && rcu_threads.isEmpty()) free_shadow_page(kvm, page)
}

/** KVM dereferences a pointer to a page of the TDP MMU. @throws Oops if the page was freed. */
export function use_tdp_page(kvm: Kvm, page: number, who: string): void {
  if (kvm.page[page].list === 'free')
    throw new Oops('no-use-after-free', `${who} uses page ${page} of the TDP MMU after it was freed`)
}
