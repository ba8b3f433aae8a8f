import { type Entry, inFunction, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_is_locked, type Sptep } from '../../memory/shadow/rmap.ts'
import { first_sptep, forget, next_sptep, shown_sptep, take_sptep, visit_sptep } from './aging.ts'

/** The choice of a call, and the block in which it runs, which designs replace. */
export const IDLE = 'idle'
export const CALL = 'AG.call'

const since: ReadIn = 'v6.1..v7.2'
const lockless: ReadIn = 'v6.15..v7.2'
const rmap = { fn: 'kvm_rmap_age_gfn_range', since } as const

const gfn_of = (kvm: Kvm, self: number): number => kvm.aging[self].gfn as number

/** What keeps an rmap as it is while it is walked: its lock bit, the caller's mmu_lock, or nothing. */
export type RmapLock = 'lock bit' | 'mmu_lock' | 'nothing'

/** The slots of the range, one after the other. */
export function nextSlot(name: string, again: string): Step<Kvm> {
  const next = (kvm: Kvm, self: number): number | undefined => {
    const slot = kvm.aging[self].at + 1
    return slot < kvm.aged_gfn.length ? (kvm.aged_gfn[slot] as number) : undefined
  }
  return step(
    name,
    {
      fn: 'kvm_handle_hva_range',
      since,
      c: { none: 'model' },
      shows: (kvm, self) =>
        next(kvm, self) === undefined ? 'no more slots' : `next slot: gfn ${next(kvm, self)}`,
      quiet: true,
    },
    [
      {
        when: (kvm, self) => next(kvm, self) !== undefined,
        does: (kvm, self) => {
          kvm.aging[self].gfn = next(kvm, self) as number
          kvm.aging[self].at++
        },
        to: again,
      },
      { does: (kvm, self) => toFirstSlot(kvm, self) },
    ],
  )
}

/** The range from its beginning, as a second pass sees it. */
export function toFirstSlot(kvm: Kvm, self: number): void {
  kvm.aging[self].at = 0
  kvm.aging[self].gfn = kvm.aged_gfn[0]
}

/** AG.R: without shadow pages there are no rmaps to look at. Read without mmu_lock. */
export function shadowSptesPossible(name: string): Step<Kvm> {
  return step(
    name,
    {
      fn: 'kvm_may_have_shadow_mmu_sptes',
      since: 'v6.15..v7.2',
      c: 'kvm->arch.indirect_shadow_pages',
      shows: (kvm) => `indirect_shadow_pages = ${kvm.indirect_shadow_pages}`,
    },
    [{ when: (kvm) => kvm.indirect_shadow_pages === 0, to: 'AG.6' }, {}],
  )
}

/** The rmap part of a slot (2 to 6), under what keeps the rmap as it is. */
export function rmapWalk(name: string, under: RmapLock): Entry<Kvm>[] {
  const done = `${name}.6`
  return inFunction(
    rmap.fn,
    head(`${name}.2`, under, done),
    step<Kvm>(
      `${name}.4`,
      {
        ...rmap,
        c: { 'v6.1': null, 'v7.2': 'clear_bit(' },
        shows: (kvm, self) => {
          const { sp, index } = kvm.aging[self]
          const { accessed } = kvm.page[sp as number].spte[index]
          return `page ${sp}.spte[${index}]: A = ${Number(accessed)}${accessed ? ', cleared' : ''}`
        },
        fused: 'The bit is cleared whatever the SPTE has become: one that was zapped has no such bit.',
      },
      {
        does: (kvm, self) => {
          visit_sptep(kvm, self)
          const { sp, index } = kvm.aging[self]
          const spte = kvm.page[sp as number].spte[index]
          if (spte.kind !== 'leaf' || !spte.accessed) return
          spte.accessed = false
          kvm.aging[self].consumed = true
          kvm.aging[self].young = true
        },
      },
    ),
    step<Kvm>(
      `${name}.5`,
      {
        fn: 'rmap_get_next',
        since,
        c: 'iter->desc->more',
        outOfOrder: 'because the head of the loop stands before its body',
        shows: (kvm, self) => shown_sptep(next_sptep(kvm, self)),
      },
      [
        {
          when: (kvm, self) => next_sptep(kvm, self) !== undefined,
          does: (kvm, self) => take_sptep(kvm, self, next_sptep(kvm, self) as Sptep),
          to: `${name}.4`,
        },
        {},
      ],
    ),
    step<Kvm>(
      done,
      {
        ...rmap,
        c: { 'v6.1': null, 'v7.2': 'kvm_rmap_unlock_readonly(' },
        shows: (kvm, self) => (kvm.aging[self].locked ? 'the rmap is unlocked' : 'it was not locked'),
        quiet: (kvm, self) => !kvm.aging[self].locked,
      },
      {
        does: (kvm, self) => {
          const local = kvm.aging[self]
          if (local.locked) kvm.rmap_locked[gfn_of(kvm, self)] = false
          local.locked = false
          local.sp = null
          local.index = 0
        },
      },
    ),
  )
}

/** The head of the rmap, which is locked if it is not empty; the walk starts from the value that was read. */
function head(name: string, under: RmapLock, done: string): Step<Kvm> {
  const begin = (kvm: Kvm, self: number): void => {
    take_sptep(kvm, self, first_sptep(kvm, self) as Sptep)
    if (under !== 'lock bit') return
    kvm.aging[self].locked = true
    kvm.rmap_locked[gfn_of(kvm, self)] = true
  }
  return step(
    name,
    {
      ...(under === 'lock bit'
        ? { fn: 'kvm_rmap_lock_readonly', since: lockless, c: '__kvm_rmap_lock(' }
        : { ...rmap, c: { none: 'model' } }),
      shows: (kvm, self) =>
        `rmap of gfn ${gfn_of(kvm, self)}: ${shown_sptep(first_sptep(kvm, self))}${under === 'nothing' ? ', without a lock' : ''}`,
    },
    [
      { when: (kvm, self) => first_sptep(kvm, self) === undefined, to: done },
      {
        when: (kvm, self) => under !== 'lock bit' || !rmap_is_locked(kvm, gfn_of(kvm, self)),
        does: begin,
      },
    ],
  )
}

/** AG.7: the answer. The walk goes by its bitmap where it has one. */
export function report(): Step<Kvm> {
  return step(
    'AG.7',
    {
      fn: 'kvm_mmu_notifier_clear_young',
      since,
      c: { none: 'model' },
      shows: (kvm, self) =>
        `return ${kvm.aging[self].young || kvm.aging[self].recorded ? 'young' : 'not young'}`,
    },
    {
      does: (kvm, self) => {
        forget(kvm, self)
        const local = kvm.aging[self]
        local.call = 'none'
        local.at = 0
        local.young = false
        local.recorded = false
        local.unreliable = false
        local.answer = '0'
        local.owed = false
        local.consumed = false
      },
      to: IDLE,
    },
  )
}
