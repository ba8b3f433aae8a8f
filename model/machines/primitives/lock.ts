import { type About, type Step, step } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import { type Kvm, mmu_lock_is_free } from '../../memory/kvm.ts'
import { drain } from '../../memory/primitives/store-buffer.ts'

/** Kinds of threads that take mmu_lock. */
export type Locker = 'vcpu' | 'zapper' | 'memslot' | 'notifier' | 'shrinker' | 'dirtylog' | 'attributes'

/** `write_lock(&kvm->mmu_lock)`: blocks until it is free. */
export function writeLock(name: string, who: Locker, about: About<Kvm>): Step<Kvm> {
  return step(
    name,
    { shows: 'write_lock(&kvm->mmu_lock)', c: 'write_lock(', ...about },
    {
      when: mmu_lock_is_free,
      does: (kvm, self) => {
        if (who === 'vcpu') drain(kvm, self)
        kvm.mmu_lock = who
      },
    },
  )
}

/** `read_lock(&kvm->mmu_lock)` of a vCPU: waits for a writer, not for other readers. */
export function readLock(name: string, about: About<Kvm>): Step<Kvm> {
  return step(
    name,
    { shows: 'read_lock(&kvm->mmu_lock)', c: 'read_lock(', ...about },
    {
      when: (kvm) => kvm.mmu_lock === 'free',
      does: (kvm, v) => kvm.mmu_lock_readers.add(v),
    },
  )
}

/** `read_lock(&kvm->mmu_lock)` of another thread, see `MEMSLOT_THREAD`. */
export function threadReadLock(name: string, thread: number, about: About<Kvm>): Step<Kvm> {
  return step(
    name,
    { shows: 'read_lock(&kvm->mmu_lock)', c: 'read_lock(', ...about },
    {
      when: (kvm) => kvm.mmu_lock === 'free',
      does: (kvm) => kvm.mmu_lock_reading_threads.add(thread),
    },
  )
}

/** `read_unlock(&kvm->mmu_lock)` of such a thread, then jumps to `to`, if given. */
export function threadReadUnlock(name: string, thread: number, about: About<Kvm>, to?: string): Step<Kvm> {
  const does = (kvm: Kvm): void => {
    kvm.mmu_lock_reading_threads.delete(thread)
  }
  return step(
    name,
    { shows: 'read_unlock(&kvm->mmu_lock)', c: 'read_unlock(', ...about },
    to === undefined ? { does } : { does, to },
  )
}

/** Releases mmu_lock. @throws Oops if it is not held. */
export function release_mmu_lock(kvm: Kvm): void {
  if (kvm.mmu_lock === 'free') throw new Oops('mmu-lock-is-released-only-while-held', 'mmu_lock is free')
  kvm.mmu_lock = 'free'
}

/** `write_unlock(&kvm->mmu_lock)`, then jumps to `to`, if given. */
export function writeUnlock(name: string, about: About<Kvm>, to?: string): Step<Kvm> {
  return step(
    name,
    { shows: 'write_unlock(&kvm->mmu_lock)', c: 'write_unlock(', ...about },
    to === undefined ? { does: release_mmu_lock } : { does: release_mmu_lock, to },
  )
}
