import { type Block, block, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import type { RemovedTables } from '../../memory/tdp/fields.ts'
import { call_rcu, use_tdp_page } from '../../memory/tdp/rcu.ts'

const since: ReadIn = 'v6.1..v7.2'
const about = { fn: 'handle_removed_pt', since }

/** Where a thread keeps the tables that it removes: those of level l in element l - 1. */
export type Removed = (kvm: Kvm, self: number) => RemovedTables

/** The table whose link was cleared is handled next. */
export function remove_table(removed: RemovedTables, level: number, table: number): void {
  removed[level - 1].sp = table
  removed[level - 1].index = 0
}

/**
 * `handle_removed_pt()` of a table at `level`, called in `handle_changed_spte()`, when mmu_lock is held for read: each
 * entry is frozen, so that a fault that is still in the table cannot set it; then the table is freed after a grace
 * period. Accounting has no steps.
 */
export function handleRemovedPt(name: string, level: number, removed: Removed, bounds: Bounds): Block<Kvm> {
  const { index } = accessors(level, removed)
  return block(
    name,
    [
      freezeEntries(level, removed, bounds),
      ...(level > 1
        ? [
            handleRemovedPt('HRP child', level - 1, removed, bounds),
            step<Kvm>('HRP.2', { ...about, c: { none: 'model' }, shows: 'next entry', quiet: true }, [
              {
                when: (kvm, self) => index(kvm, self) < bounds.guest.entries - 1,
                does: (kvm, self) => {
                  removed(kvm, self)[level - 1].index++
                },
                to: 'HRP.1',
              },
              {},
            ]),
          ]
        : []),
      freeTable(level, removed),
    ],
    { fn: about.fn },
  )
}

function accessors(level: number, removed: Removed) {
  const table = (kvm: Kvm, self: number): number => removed(kvm, self)[level - 1].sp as number
  const index = (kvm: Kvm, self: number): number => removed(kvm, self)[level - 1].index
  const entry = (kvm: Kvm, self: number): Spte => kvm.page[table(kvm, self)].spte[index(kvm, self)]
  return { table, index, entry }
}

/** HRP.1: one entry after the other. @param value with which it is overwritten; another one in a design. */
export function freezeEntries(
  level: number,
  removed: Removed,
  bounds: Bounds,
  value: 'frozen' | 'none' = 'frozen',
): Step<Kvm> {
  const { table, index, entry } = accessors(level, removed)
  const freeze = (kvm: Kvm, self: number): void => {
    use_tdp_page(kvm, table(kvm, self), about.fn)
    const spte = entry(kvm, self)
    clear_spte(spte)
    spte.kind = value
  }
  return step(
    'HRP.1',
    {
      ...about,
      c: 'kvm_tdp_mmu_write_spte_atomic(',
      shows: (kvm, self) =>
        `page ${table(kvm, self)}: xchg(spte[${index(kvm, self)}], ${value === 'frozen' ? 'FROZEN' : '0'}): ${entry(kvm, self).kind}`,
    },
    [
      // Another thread may be about to overwrite a frozen entry: until it has, try again.
      { when: (kvm, self) => entry(kvm, self).kind === 'frozen', to: 'HRP.1' },
      ...when(level > 1, {
        when: (kvm: Kvm, self: number) => entry(kvm, self).kind === 'non-leaf',
        does: (kvm: Kvm, self: number) => {
          const child = entry(kvm, self).child as number
          freeze(kvm, self)
          remove_table(removed(kvm, self), level - 1, child)
        },
        to: 'HRP child',
      }),
      {
        when: (kvm, self) => index(kvm, self) < bounds.guest.entries - 1,
        does: (kvm, self) => {
          freeze(kvm, self)
          removed(kvm, self)[level - 1].index++
        },
        to: 'HRP.1',
      },
      { does: freeze, to: 'HRP.3' },
    ],
  )
}

/** HRP.3: `call_rcu()`. @param free what a design does with the table instead. */
export function freeTable(
  level: number,
  removed: Removed,
  free: (kvm: Kvm, page: number) => void = call_rcu,
): Step<Kvm> {
  const { table } = accessors(level, removed)
  return step(
    'HRP.3',
    { ...about, c: 'call_rcu(', shows: (kvm, self) => `call_rcu(page ${table(kvm, self)})` },
    {
      does: (kvm, self) => {
        const page = table(kvm, self)
        const local = removed(kvm, self)[level - 1]
        local.sp = null
        local.index = 0
        free(kvm, page)
      },
    },
  )
}
