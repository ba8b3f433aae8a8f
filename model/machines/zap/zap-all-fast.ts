import {
  type Block,
  block,
  choice,
  type Entry,
  inFunction,
  type Program,
  program,
  step,
  when,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, has_only_tdp } from '../../memory/bounds.ts'
import { type Kvm, mmu_lock_is_free } from '../../memory/kvm.ts'
import { is_obsolete_sp } from '../../memory/shadow/shadow-page.ts'
import { release_mmu_lock, writeLock, writeUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { invalidateRoots, zapInvalidatedRoots } from '../tdp/zap-invalidated-roots.ts'
import { commitZapPage, markInvalid, unlinkPage, zapContents } from './zap-page.ts'
import type { Zapping } from './zapping.ts'

const since: ReadIn = 'v5.18..v7.2'
const about = { fn: 'kvm_mmu_zap_all_fast', since }
const walk = { fn: 'kvm_zap_obsolete_pages', since }

/** The locals of kvm_zap_obsolete_pages(). */
export const zapping: Zapping = { sp: (kvm) => kvm.memslot[0].sp as number, list: 'invalid_list of memslot' }

/**
 * The page at which the walk of kvm_zap_obsolete_pages() is: the oldest active one. The kernel skips invalid pages,
 * with a WARN since v5.9: none should be on the list.
 */
export function tail(kvm: Kvm): number | null {
  for (const page of kvm.active_mmu_pages) {
    if (page === null || !kvm.page[page].role_invalid) return page
  }
  return null
}

/**
 * A memslot update that zaps everything: `kvm_mmu_zap_all_fast()`. slots_lock excludes a second one. mmu_lock may
 * be dropped after every page (in the kernel after 10, if contended); more breaks only add behaviours.
 */
export function zapAllFastThread(bounds: Bounds): Program<Kvm> {
  return program<Kvm>('memslot', 'deletes a memslot: kvm_mmu_zap_all_fast()', [
    choice(
      'idle',
      [
        step(
          'ZF.1',
          { ...about, c: 'write_lock(&kvm->mmu_lock)', shows: 'write_lock(&kvm->mmu_lock)' },
          {
            when: (kvm) => kvm.memslot[0].left > 0 && mmu_lock_is_free(kvm),
            does: (kvm) => {
              kvm.memslot[0].left--
              kvm.mmu_lock = 'memslot'
            },
            to: 'ZF.2',
          },
        ),
      ],
      { validEnd: true },
    ),
    ...zapAllFast(bounds, 'idle'),
  ])
}

/** ZF.2 to ZF.7, with mmu_lock held; then jumps to `to`, if given. */
export function zapAllFast(bounds: Bounds, to?: string): Entry<Kvm>[] {
  return inFunction(
    about.fn,
    step<Kvm>(
      'ZF.2',
      {
        ...about,
        c: {
          'v6.1': 'kvm->arch.mmu_valid_gen =',
          'v6.12': { callee: '__kvm_mmu_zap_all_fast_front_half', at: 'kvm->arch.mmu_valid_gen =' },
        },
        shows: (kvm) => `kvm->arch.mmu_valid_gen = ${1 - kvm.mmu_valid_gen}`,
      },
      {
        does: (kvm) => {
          kvm.mmu_valid_gen = 1 - kvm.mmu_valid_gen
        },
      },
    ),
    ...when(bounds.tdp.on, invalidateRoots()),
    requestAll(bounds),
    // Without shadow pages there is nothing to walk.
    ...when(
      !has_only_tdp(bounds),
      ...inFunction(
        walk.fn,
        ...zapObsoletePages(bounds),
        commitZapPage('ZF.6', zapping.list, bounds.vcpus, (kvm) => kvm.memslot[0].req),
      ),
    ),
    ...(bounds.tdp.on
      ? [writeUnlock('ZF.7', about), ...zapInvalidatedRoots(bounds, to)]
      : [writeUnlock('ZF.7', about, to)]),
  )
}

/** ZF.4: the request to all vCPUs to drop obsolete roots. */
function requestAll(bounds: Bounds): Block<Kvm> {
  return block('ZF.4', [
    makeAllCpusRequest('request', 'FREE_OBSOLETE_ROOTS', bounds.vcpus, (kvm) => kvm.memslot[0].req),
    step(
      'ZF.4 told',
      {
        ...about,
        c: { none: 'model' },
        shows: 'the request was sent to all vCPUs',
        quiet: true,
        fused: 'History for a property; the kernel does nothing here.',
      },
      {
        does: (kvm) => {
          for (let p = 0; p < kvm.page.length; p++) {
            if (kvm.page[p].list !== 'free' && is_obsolete_sp(kvm, p)) kvm.page[p].request_sent = true
          }
        },
      },
    ),
  ])
}

/** ZF.5: zaps from the tail up to the first page that is not obsolete; may drop the lock in between. */
function zapObsoletePages(bounds: Bounds): Entry<Kvm>[] {
  const obsoleteTail = (kvm: Kvm): boolean => {
    const oldest = tail(kvm)
    return oldest !== null && is_obsolete_sp(kvm, oldest)
  }
  return [
    zapFromTail(bounds, obsoleteTail),
    block('ZF.5 zap', [
      ...zapContents(zapping, bounds),
      unlinkPage(zapping),
      markInvalid(zapping),
      step(
        'ZF.5 again',
        { ...walk, c: 'goto restart', shows: 'goto restart', quiet: true },
        {
          does: (kvm) => {
            kvm.memslot[0].sp = null
            kvm.memslot[0].batch = true
          },
          to: 'ZF.5',
        },
      ),
    ]),
    block('ZF.5 break', [
      writeLock('ZF.5 relock', 'memslot', {
        ...walk,
        c: 'cond_resched_rwlock_write(',
        outOfOrder: 'because cond_resched_rwlock_write() unlocks and locks: its second half stands here',
        shows: 'write_lock(&kvm->mmu_lock)',
      }),
      again(),
    ]),
  ]
}

/** ZF.5: the walk over active_mmu_pages from its tail, while there is `more` to zap. */
export function zapFromTail(bounds: Bounds, more: (kvm: Kvm) => boolean): Entry<Kvm> {
  return choice('ZF.5', [
    step(
      'ZF.5 next',
      { ...walk, c: 'is_obsolete_sp(', shows: (kvm) => `list tail: page ${tail(kvm)} is obsolete` },
      {
        when: more,
        does: (kvm) => {
          kvm.memslot[0].sp = tail(kvm)
        },
        to: 'ZF.5 zap',
      },
    ),
    step(
      'ZF.5 end',
      {
        ...walk,
        c: 'break',
        shows: (kvm) => (tail(kvm) === null ? 'list is empty' : `list tail: page ${tail(kvm)} is current`),
      },
      {
        when: (kvm) => !more(kvm),
        does: (kvm) => {
          kvm.memslot[0].batch = false
        },
        to: 'ZF.6',
      },
    ),
    ...when(bounds.zap.lockBreak, lockBreak(more)),
  ])
}

/** `cond_resched_rwlock_write()`: only after at least one page, and only while there is more to do. */
function lockBreak(more: (kvm: Kvm) => boolean) {
  return step<Kvm>(
    'ZF.5 unlock',
    { ...walk, c: 'cond_resched_rwlock_write(', shows: 'cond_resched_rwlock_write(&kvm->mmu_lock)' },
    {
      when: (kvm) => kvm.memslot[0].batch && more(kvm),
      does: (kvm) => {
        kvm.memslot[0].batch = false
        release_mmu_lock(kvm)
      },
      to: 'ZF.5 break',
    },
  )
}

const again = () =>
  step<Kvm>(
    'ZF.5 restart',
    { ...walk, c: 'goto restart', shows: 'goto restart', quiet: true },
    { to: 'ZF.5' },
  )
