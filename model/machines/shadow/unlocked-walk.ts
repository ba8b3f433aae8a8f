import { type Entry, type Step, step } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_entries } from '../../memory/shadow/rmap.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { writeUnlock } from '../primitives/lock.ts'

/**
 * The walk of an rmap without mmu_lock that v3 of "fast invalidate all shadow pages" (April 2013) proposed, one
 * access to shared memory per step. It was never in a kernel.
 */
const about = { fn: 'slot_rmap_unmap_invalid', since: 'history' } as const

/** D2.1, D2.2: drop the lock, then clear the SPTEs on the rmap of `gfn`, without changing the rmap. */
export function walkWithoutLock(gfn: number): Entry<Kvm>[] {
  return [
    writeUnlock('D2.1', { fn: 'kvm_mmu_invalidate_memslot_pages', since: 'history' }),
    readHead(gfn),
    readEntry(gfn),
    step(
      'D2.2 clear',
      { ...about, shows: (kvm) => `page ${kvm.memslot[0].walked_sp}.spte[0] = 0` },
      {
        does: (kvm) => {
          const page = kvm.memslot[0].walked_sp as number
          if (kvm.page[page].list === 'free') {
            throw new Oops('no-use-after-free', `an SPTE of page ${page} is written after the page was freed`)
          }
          clear_spte(kvm.page[page].spte[0])
        },
        to: 'D2.2 entry',
      },
    ),
  ]
}

function readHead(gfn: number): Step<Kvm> {
  return step(
    'D2.2 head',
    { ...about, shows: (kvm) => `read the rmap of gfn ${gfn}: descriptor ${kvm.rmap_desc[gfn] ?? 'none'}` },
    [
      { when: (kvm) => rmap_entries(kvm, gfn).length === 0, to: 'D2.2 end' },
      {
        does: (kvm) => {
          kvm.memslot[0].walked_desc = kvm.rmap_desc[gfn]
        },
      },
    ],
  )
}

/** Reads the next entry of the descriptor that was found. @throws Oops if it was freed. */
function readEntry(gfn: number): Step<Kvm> {
  const next = (kvm: Kvm): number | undefined => {
    const last = kvm.memslot[0].walked_sp ?? -1
    return rmap_entries(kvm, gfn).find(({ page }) => page > last)?.page
  }
  const checked = (kvm: Kvm): void => {
    const desc = kvm.memslot[0].walked_desc
    if (desc !== null && !kvm.desc_allocated[desc]) {
      throw new Oops('no-use-after-free', `pte_list_desc ${desc} is read after it was freed`)
    }
  }
  return step('D2.2 entry', { ...about, shows: (kvm) => `next entry: page ${next(kvm) ?? 'none'}` }, [
    {
      when: (kvm) => next(kvm) === undefined,
      does: (kvm) => {
        checked(kvm)
        kvm.memslot[0].walked_desc = null
        kvm.memslot[0].walked_sp = null
      },
      to: 'D2.2 end',
    },
    {
      does: (kvm) => {
        checked(kvm)
        kvm.memslot[0].walked_sp = next(kvm) as number
      },
    },
  ])
}

/** The end of the walk; steps that skip the walk jump here. */
export const endOfWalk: Step<Kvm> = step('D2.2 end', { ...about, shows: 'the rmap is walked' })
