import {
  choice,
  type Entry,
  inFunction,
  type Program,
  program,
  type Step,
  step,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { type Kvm, mmu_lock_is_free } from '../../memory/kvm.ts'
import { all_pages } from '../../memory/shadow/shadow-page.ts'
import { writeUnlock } from '../primitives/lock.ts'
import { commitZapPage, markInvalid, unlinkPage, zapContents } from './zap-page.ts'
import type { Zapping } from './zapping.ts'

const since: ReadIn = 'v6.1..v7.2'
const about = { fn: 'kvm_mmu_change_mmu_pages', since } as const
const oldest = { fn: 'kvm_mmu_zap_oldest_mmu_pages', since }
const scan = { fn: 'mmu_shrink_scan', since: 'v3.11..v6.12' } as const

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
const has_a_page = (kvm: Kvm): boolean => oldest_page(kvm) !== null

function begins(mayBegin: (kvm: Kvm) => boolean, whose: { readonly fn: string; readonly since: ReadIn }) {
  return step<Kvm>(
    'SHR.1',
    { ...whose, c: 'write_lock(&kvm->mmu_lock)', shows: 'write_lock(&kvm->mmu_lock)' },
    {
      when: (kvm) => kvm.shrinker[0].left > 0 && mmu_lock_is_free(kvm) && mayBegin(kvm),
      does: (kvm) => {
        kvm.shrinker[0].left--
        kvm.mmu_lock = 'shrinker'
      },
    },
  )
}

/** SHR.1: the thread runs if there is a page to zap and the condition `free` holds. */
export function shrinkerMay(free: (kvm: Kvm) => boolean): Step<Kvm> {
  return begins((kvm) => has_a_page(kvm) && free(kvm), about)
}

const zapOldest = (kvm: Kvm): void => {
  kvm.shrinker[0].sp = oldest_page(kvm)
}

/**
 * A thread that zaps the oldest page without handling a fault: userspace lowers the limit of shadow pages
 * (KVM_SET_NR_MMU_PAGES). Up to v6.12 the slab shrinker does the same when memory is short, but frees zapped pages that
 * wait to be freed first (`shrinkerScans()`). For the quota a vCPU does it (MP.2).
 */
export function shrinker(bounds: Bounds): Program<Kvm> {
  const zapping: Zapping = { sp: (kvm) => kvm.shrinker[0].sp as number, list: 'invalid_list of shrinker' }
  return program<Kvm>(
    'shrinker',
    'KVM_SET_NR_MMU_PAGES, or the shrinker: zaps the oldest page',
    [
      choice('idle', [shrinkerMay(() => true)], { validEnd: true }),
      step(
        'SHR.2',
        {
          ...oldest,
          c: 'list_for_each_entry_safe_reverse(',
          shows: (kvm) => `the oldest page: ${oldest_page(kvm)}`,
        },
        { does: zapOldest },
      ),
      ...inFunction(
        oldest.fn,
        ...zapContents(zapping, bounds),
        unlinkPage(zapping),
        markInvalid(zapping),
        commitZapPage('SHR.3', zapping.list, bounds.vcpus, (kvm) => kvm.shrinker[0].req),
      ),
      step(
        'SHR.4',
        { ...about, c: 'kvm->arch.n_max_mmu_pages =', shows: 'one page less' },
        { to: 'SHR.unlock' },
      ),
      writeUnlock('SHR.unlock', about),
      step(
        'SHR.end',
        { ...about, c: { none: 'model' }, shows: 'return', quiet: true },
        {
          does: (kvm) => {
            kvm.shrinker[0].sp = null
          },
          to: 'idle',
        },
      ),
    ],
    { fn: about.fn },
  )
}

/** `mmu_shrink_scan()`: frees zapped pages that wait or, if there are none, zaps the oldest page. */
export function shrinkerScans(bounds: Bounds): {
  readonly begin: Step<Kvm>
  readonly look: Step<Kvm>
  readonly commit: Entry<Kvm>
} {
  return {
    begin: begins((kvm) => waiting(kvm) || has_a_page(kvm), scan),
    look: step(
      'SHR.2',
      {
        ...scan,
        c: 'kvm_has_zapped_obsolete_pages(',
        shows: (kvm) => `zapped_obsolete_pages: ${zapped_obsolete_pages(kvm).join(', ') || 'none'}`,
      },
      [{ when: waiting, to: 'SHR.commit' }, { does: zapOldest }],
    ),
    commit: commitZapPage('SHR.commit', 'zapped_obsolete_pages', bounds.vcpus, (kvm) => kvm.shrinker[0].req),
  }
}
