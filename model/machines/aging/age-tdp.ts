import { type Entry, inFunction, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { thread_rcu_read_lock, thread_rcu_read_unlock, use_tdp_page } from '../../memory/tdp/rcu.ts'
import { valid_root } from '../../memory/tdp/roots.ts'
import { copy_spte, same_spte } from '../../memory/tdp/spte.ts'
import { AGING_THREAD } from '../../memory/tdp/threads.ts'

const since: ReadIn = 'v6.1..v7.2'
const tdp = { fn: 'kvm_tdp_mmu_age_gfn_range', since } as const

/** What a walk does with a young page: it clears A, with or without mmu_lock, or records the page in the walk's bitmap. */
export type TdpWalk = 'clears' | 'clears under mmu_lock' | 'clears blindly' | 'records'

/**
 * How A is taken from the entry that was read. `cmpxchg` leaves an entry alone that has changed since; an atomic AND
 * (as merged) and clear_bit() (v2) change whatever is there.
 */
export type ClearAccessed = 'cmpxchg' | 'and-not' | 'clear_bit' | 'under mmu_lock'

const CLEARS = {
  cmpxchg: { fn: 'kvm_tdp_mmu_age_spte', since: 'v7.2', c: '__tdp_mmu_set_spte_atomic(' },
  'and-not': { fn: 'kvm_tdp_mmu_age_spte', since: 'history' },
  clear_bit: { fn: 'kvm_arch_test_clear_young', since: 'history' },
  'under mmu_lock': { ...tdp, since: '..v6.14', c: { fn: 'age_gfn_range', at: 'spte_ad_enabled(' } },
} as const

const CLEARED_BY = {
  clears: 'cmpxchg',
  'clears under mmu_lock': 'under mmu_lock',
  'clears blindly': 'clear_bit',
} as const

const index_of = (kvm: Kvm, page: number, gfn: number): number =>
  index_at(gfn, kvm.page[page].level, kvm.page[page].spte.length)

/** The table in which the walk is: that of the entry it read last, or the valid root; null without one. */
const table_of = (kvm: Kvm, self: number): number | null => kvm.aging[self].sp ?? valid_root(kvm)

/** The entry that the walk reads next; null without a valid root. */
function entry_of(kvm: Kvm, self: number): Spte | null {
  const table = table_of(kvm, self)
  return table === null ? null : kvm.page[table].spte[index_of(kvm, table, kvm.aging[self].gfn as number)]
}

const is_young = (spte: Spte | null): boolean => spte?.kind === 'leaf' && spte.accessed

/** The TDP part of a slot: walk from the valid root down to the leaf (1), and take its Accessed bit (2). */
export function tdpWalk(name: string, what: TdpWalk = 'clears'): Entry<Kvm>[] {
  const rcu = what !== 'clears under mmu_lock'
  const end = `${name}end`
  return inFunction(
    tdp.fn,
    readEntry(`${name}1`, what, end),
    ...(what === 'records' ? [] : [clearAccessed(`${name}2`, CLEARED_BY[what])]),
    step<Kvm>(
      end,
      { ...tdp, c: { none: 'model' }, shows: 'end of the slot', quiet: true },
      {
        does: (kvm, self) => {
          if (rcu && kvm.rcu_threads.has(AGING_THREAD)) thread_rcu_read_unlock(kvm, AGING_THREAD)
          const local = kvm.aging[self]
          local.sp = null
          local.index = 0
          clear_spte(local.old_spte[0])
        },
      },
    ),
  )
}

function readEntry(name: string, what: TdpWalk, end: string): Step<Kvm> {
  const read = (kvm: Kvm, self: number): void => {
    const local = kvm.aging[self]
    const table = table_of(kvm, self) as number
    use_tdp_page(kvm, table, 'aging')
    if (local.sp === null && what !== 'clears under mmu_lock') thread_rcu_read_lock(kvm, AGING_THREAD)
  }
  return step<Kvm>(
    name,
    {
      ...tdp,
      c: {
        'v6.1': { fn: 'age_gfn_range', at: 'is_accessed_spte(' },
        'v7.2': { callee: '__kvm_tdp_mmu_age_gfn_range', at: 'is_accessed_spte(' },
      },
      shows: (kvm, self) => {
        const table = table_of(kvm, self)
        if (table === null) return 'no valid root'
        const gfn = kvm.aging[self].gfn as number
        const entry = entry_of(kvm, self) as Spte
        const at = `page ${table}.spte[${index_of(kvm, table, gfn)}]`
        if (entry.kind === 'non-leaf') return `${at}: table ${entry.child}`
        return `${at}: ${entry.kind === 'leaf' ? `gfn ${gfn}, A = ${Number(entry.accessed)}` : entry.kind}`
      },
      fused:
        'One entry at a time. The section of RCU begins with that of the root, which is on a list that is read under RCU, and the second read of the iterator before it steps down finds a table that was there at the first.',
    },
    [
      { when: (kvm, self) => table_of(kvm, self) === null, to: end },
      {
        when: (kvm, self) => entry_of(kvm, self)?.kind === 'non-leaf',
        does: (kvm, self) => {
          read(kvm, self)
          kvm.aging[self].sp = (entry_of(kvm, self) as Spte).child
        },
        to: name,
      },
      { when: (kvm, self) => !is_young(entry_of(kvm, self)), does: read, to: end },
      {
        does: (kvm, self) => {
          read(kvm, self)
          const local = kvm.aging[self]
          if (what === 'records') {
            local.recorded = true
            return
          }
          const table = table_of(kvm, self) as number
          local.young = true
          local.sp = table
          local.index = index_of(kvm, table, local.gfn as number)
          copy_spte(kvm.page[table].spte[local.index], local.old_spte[0])
        },
        ...(what === 'records' ? { to: end } : {}),
      },
    ],
  )
}

/**
 * The Accessed bit is taken from the entry that was read, wherever its table is by now.
 * @param by how; with access tracking it is a cmpxchg in every version.
 * @param frozenHasAccessed whether FROZEN_SPTE has the Accessed bit set, as the value 0x5a0 has.
 */
export function clearAccessed(name: string, by: ClearAccessed, frozenHasAccessed = true): Step<Kvm> {
  const entry = (kvm: Kvm, self: number): Spte => {
    const { sp, index } = kvm.aging[self]
    return kvm.page[sp as number].spte[index]
  }
  const compares = (kvm: Kvm): boolean => by === 'cmpxchg' || (kvm.without_ad && by !== 'under mmu_lock')
  const unchanged = (kvm: Kvm, self: number): boolean =>
    same_spte(entry(kvm, self), kvm.aging[self].old_spte[0])
  return step<Kvm>(
    name,
    {
      ...CLEARS[by],
      shows: (kvm, self) => {
        const { kind } = entry(kvm, self)
        const value = kvm.without_ad ? 'access-tracked' : 'A = 0'
        if (compares(kvm)) return unchanged(kvm, self) ? `cmpxchg: ${value}` : 'cmpxchg fails: leave it'
        if (by === 'under mmu_lock') return value
        return `${by === 'and-not' ? '*sptep &= ~A' : 'clear_bit(A)'}; it was ${kind === 'none' ? 'not present' : kind}`
      },
    },
    {
      does: (kvm, self) => {
        use_tdp_page(kvm, kvm.aging[self].sp as number, 'aging')
        if (compares(kvm) && !unchanged(kvm, self)) return
        const spte = entry(kvm, self)
        if (spte.kind === 'leaf' && spte.accessed) {
          spte.accessed = false
          kvm.aging[self].consumed = true
        }
        // What is left of the frozen value is no longer recognised as such: just not present.
        if (spte.kind === 'frozen' && frozenHasAccessed) spte.kind = 'none'
      },
    },
  )
}
