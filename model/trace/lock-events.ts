import type { Kernel } from './kernel.ts'
import type { EventOf, TraceEvent } from './line.ts'

type Name = TraceEvent['name']

/** Who calls write_lock(), by what its thread has done before. */
const CALLERS: Readonly<Partial<Record<Name, string>>> = {
  faultin_ret: 'paging64_page_fault',
  mmu_load: 'kvm_mmu_load',
  free_roots: 'kvm_mmu_free_roots',
  sync_roots: 'kvm_mmu_sync_roots',
  flush_gva: 'paging64_invlpg',
  kvm_unmap_hva_range: 'kvm_mmu_notifier_invalidate_range_start',
  mn_end: 'kvm_mmu_notifier_invalidate_range_end',
}
const INVLPG = 'paging64_invlpg'

/** Events that say nothing of what the thread is in the middle of. */
const ASIDE: ReadonlySet<Name> = new Set<Name>([
  'other',
  'mark',
  'kmem_cache_free',
  'req_all',
  'req_vcpu',
  'rlock',
  'runlock',
])

interface Waiting {
  readonly lock: number
  readonly fn: string
}

/**
 * Logs of 6.1 do not say when a lock is taken: return probes print arguments since 6.5. It is taken before the first
 * event of the thread that is inside of a lock by its preempt depth, and its caller follows from what the thread has done
 * before. In later kernels there is nothing to add.
 */
export class LockEvents {
  readonly #isLogged: boolean
  /** The latest event of each thread, and who called its latest write_lock(). */
  readonly #latest = new Map<number, Name>()
  readonly #callers = new Map<number, string>()
  readonly #waiting = new Map<number, Waiting>()

  constructor({ unobserved }: Kernel) {
    this.#isLogged = !unobserved.includes('wlock_acq')
  }

  /** @returns the event that comes before this one and is not in the log; null for none. */
  before(event: TraceEvent): EventOf<'wlock_acq'> | null {
    if (this.#isLogged || ASIDE.has(event.name)) return null
    const { tid } = event
    if (event.name === 'wlock') {
      const fn = this.#callerOf(tid)
      this.#waiting.set(tid, { lock: event.lock, fn })
      this.#callers.set(tid, fn)
      return null
    }
    this.#latest.set(tid, event.name)
    const waiting = this.#waiting.get(tid)
    if (waiting === undefined || event.depth === 0) return null
    this.#waiting.delete(tid)
    const { line, time, comm, cpu, depth } = event
    return { line, time, comm, tid, cpu, depth, ...waiting, name: 'wlock_acq' } as EventOf<'wlock_acq'>
  }

  #callerOf(tid: number): string {
    const latest = this.#latest.get(tid)
    // INVLPG takes the lock for each root, and a zap of all pages again after it has yielded.
    if (latest === 'wunlock')
      return this.#callers.get(tid) === INVLPG ? INVLPG : '__cond_resched_rwlock_write'
    return (latest === undefined ? undefined : CALLERS[latest]) ?? ''
  }
}
