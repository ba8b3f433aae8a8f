import { flag, type Scalar, type SetShape, setOf } from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'
import { optional } from '../optional.ts'
import type { Sorts } from '../sorts.ts'

/** The fields of `rcuReaders()`. */
interface RcuReaders {
  readonly rcu_vcpus: SetShape<number>
  readonly rcu_threads: SetShape<number>
  readonly mmu_lock_reading_threads: SetShape<number>
}

/** The readers in a read-side critical section of RCU, and the threads besides vCPUs that hold mmu_lock for read. */
export function rcuReaders(sorts: Sorts): RcuReaders {
  return {
    rcu_vcpus: setOf(sorts.mmu_reader),
    rcu_threads: setOf(sorts.tdp_thread),
    mmu_lock_reading_threads: setOf(sorts.tdp_thread),
  }
}

/** The fields of `tdpPage()`. */
interface TdpPage {
  readonly tdp_mmu_scheduled_root_to_zap: Scalar<boolean>
  readonly rcu_vcpus: SetShape<number>
  readonly rcu_threads: SetShape<number>
}

/**
 * What `struct kvm_mmu_page` has for the TDP MMU, and the readers for whose end its callback waits after call_rcu().
 * `root_count` is tdp_mmu_root_count, as in the kernel's union.
 */
export function tdpPage(sorts: Sorts, bounds: Bounds): TdpPage {
  return {
    tdp_mmu_scheduled_root_to_zap: optional(bounds.tdp.on, flag),
    rcu_vcpus: setOf(sorts.mmu_reader),
    rcu_threads: setOf(sorts.tdp_thread),
  }
}
