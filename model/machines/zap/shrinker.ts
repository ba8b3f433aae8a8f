import {
  choice,
  inFunction,
  outOfOrder,
  type Program,
  program,
  type Step,
  step,
} from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { type Kvm, mmu_lock_is_free } from '../../memory/kvm.ts'
import { all_pages } from '../../memory/shadow/shadow-page.ts'
import { writeUnlock } from '../primitives/lock.ts'
import { commitZapPage, markInvalid, unlinkPage, zapContents } from './zap-page.ts'
import type { Zapping } from './zapping.ts'

const fn = 'mmu_shrink_scan'
const since = 'v3.11..v6.12'

/** The oldest page that is not a root in use, or null. */
export function oldest_page(kvm: Kvm): number | null {
  const active = [...kvm.active_mmu_pages]
  return active.find((page) => page !== null && kvm.page[page].root_count === 0) ?? null
}

/** Pages that a zap of everything has zapped and not freed yet: kvm->arch.zapped_obsolete_pages (v3.11..v6.12). */
function zapped_obsolete_pages(kvm: Kvm): number[] {
  return all_pages(kvm).filter((page) => kvm.page[page].list === 'zapped_obsolete_pages')
}

const waiting = (kvm: Kvm): boolean => zapped_obsolete_pages(kvm).length > 0

/** SHR.1: the shrinker runs if there is a page to free and the condition `free` holds. */
export function shrinkerMay(free: (kvm: Kvm) => boolean): Step<Kvm> {
  return step(
    'SHR.1',
    { fn, since, c: 'write_lock(&kvm->mmu_lock)', shows: 'write_lock(&kvm->mmu_lock)' },
    {
      when: (kvm) =>
        kvm.shrinker[0].left > 0 &&
        mmu_lock_is_free(kvm) &&
        (waiting(kvm) || oldest_page(kvm) !== null) &&
        free(kvm),
      does: (kvm) => {
        kvm.shrinker[0].left--
        kvm.mmu_lock = 'shrinker'
      },
    },
  )
}

/**
 * The slab shrinker, when memory is short: it frees zapped pages that wait to be freed or, if there are none, zaps
 * the oldest page. For the quota a vCPU does the latter (kvm_mmu_zap_oldest_mmu_pages()).
 */
export function shrinker(bounds: Bounds): Program<Kvm> {
  const zapping: Zapping = { sp: (kvm) => kvm.shrinker[0].sp as number, list: 'invalid_list of shrinker' }
  return program<Kvm>(
    'shrinker',
    'shrinker: frees pages that wait, or the oldest page',
    [
      choice('idle', [shrinkerMay(() => true)], { validEnd: true }),
      step(
        'SHR.2',
        {
          fn,
          since,
          c: 'kvm_has_zapped_obsolete_pages(',
          shows: (kvm) => `zapped_obsolete_pages: ${zapped_obsolete_pages(kvm).join(', ') || 'none'}`,
        },
        [
          { when: waiting, to: 'SHR.commit' },
          {
            does: (kvm) => {
              kvm.shrinker[0].sp = oldest_page(kvm)
            },
          },
        ],
      ),
      ...inFunction(
        'kvm_mmu_zap_oldest_mmu_pages',
        ...zapContents(zapping, bounds),
        unlinkPage(zapping),
        markInvalid(zapping),
        commitZapPage('SHR.3', zapping.list, bounds.vcpus, (kvm) => kvm.shrinker[0].req),
      ),
      step(
        'SHR.4',
        { fn, since, c: 'kvm_mmu_zap_oldest_mmu_pages(', shows: 'one page less' },
        { to: 'SHR.unlock' },
      ),
      ...outOfOrder(
        'because SHR.2 jumps here: in C it is the first alternative',
        commitZapPage('SHR.commit', 'zapped_obsolete_pages', bounds.vcpus, (kvm) => kvm.shrinker[0].req),
      ),
      writeUnlock('SHR.unlock', { fn, since }),
      step(
        'SHR.end',
        { fn, since, c: { none: 'model' }, shows: 'return', quiet: true },
        {
          does: (kvm) => {
            kvm.shrinker[0].sp = null
          },
          to: 'idle',
        },
      ),
    ],
    { fn },
  )
}
