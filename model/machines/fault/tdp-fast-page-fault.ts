import { type Block, block, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { fault_is_logged } from '../../memory/dirty-log/dirty-log.ts'
import { forget_fault } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { rcu_read_lock, rcu_read_unlock, use_tdp_page } from '../../memory/tdp/rcu.ts'
import { copy_spte, same_spte } from '../../memory/tdp/spte.ts'
import { REENTER } from '../hand-over.ts'
import { canBeFast, markPageDirty } from './fast-page-fault.ts'

const since: ReadIn = 'v6.1..v7.2'
const about = { fn: 'fast_page_fault', since }
const fix = { fn: 'fast_pf_fix_direct_spte', since }

/** The label behind the fast page fault. */
const SLOW = 'FPF.end'

/** The SPTE at which the walk has ended. @throws Oops if its table was freed. */
function sptep(kvm: Kvm, v: number, { guest }: Bounds): Spte {
  const table = kvm.vcpu[v].fault.sp as number
  use_tdp_page(kvm, table, `vcpu${v}`)
  const { level, spte } = kvm.page[table]
  return spte[index_at(kvm.vcpu[v].gva, level, guest.entries)]
}

/**
 * FPF of the TDP MMU: a write fault on an SPTE that lacks only W sets it by one cmpxchg, without mmu_lock. RCU keeps the
 * tables on the way: one that is unlinked meanwhile is freed later, and its entries are frozen.
 */
export function tdpFastPageFault(bounds: Bounds): Block<Kvm> {
  return block(
    'FPF',
    [
      canBeFast(),
      step(
        'FPF.1',
        {
          fn: 'walk_shadow_page_lockless_begin',
          since,
          c: 'kvm_tdp_mmu_walk_lockless_begin(',
          shows: 'rcu_read_lock()',
        },
        { does: rcu_read_lock },
      ),
      readSpte(bounds),
      exchangeSpte(bounds),
      markPageDirty(bounds, since),
      endWalk('FPF.6', forget_fault, REENTER),
      endWalk('FPF.6 slow', forget_spte),
      block(SLOW, []),
    ],
    { fn: about.fn },
  )
}

/** FPF.2: the last SPTE on the way, and whether only W is missing and may be set here. */
function readSpte(bounds: Bounds): Step<Kvm> {
  /** The table that has the last SPTE. */
  const table = (kvm: Kvm, v: number): number => {
    let page = kvm.vcpu[v].root as number
    for (;;) {
      use_tdp_page(kvm, page, `vcpu${v}`)
      const { level, spte } = kvm.page[page]
      const { kind, child } = spte[index_at(kvm.vcpu[v].gva, level, bounds.guest.entries)]
      if (kind !== 'non-leaf') return page
      page = child as number
    }
  }
  const entry = (kvm: Kvm, v: number): Spte => {
    const { level, spte } = kvm.page[table(kvm, v)]
    return spte[index_at(kvm.vcpu[v].gva, level, bounds.guest.entries)]
  }
  const fixable = (kvm: Kvm, v: number): boolean => {
    const { kind, mmuw } = entry(kvm, v)
    if (kind !== 'leaf' || !mmuw) return false
    return kvm.page[table(kvm, v)].level === 1 || !fault_is_logged(kvm, v, bounds)
  }
  return step(
    'FPF.2',
    {
      ...about,
      c: 'kvm_tdp_mmu_fast_pf_get_last_sptep(',
      shows: (kvm, v) => {
        const { kind, pfn, w, mmuw } = entry(kvm, v)
        if (kind !== 'leaf') return kind
        return `level ${kvm.page[table(kvm, v)].level}: pfn ${pfn}, W ${Number(w)}, MMU-writable ${Number(mmuw)}`
      },
      fused:
        'One read per level. A table that is unlinked between two reads has the entries that it had, or frozen ones, and these are not present.',
    },
    [
      { when: (kvm, v) => entry(kvm, v).kind === 'leaf' && entry(kvm, v).w, to: 'FPF.6' },
      {
        when: fixable,
        does: (kvm, v) => {
          copy_spte(entry(kvm, v), kvm.vcpu[v].fault.old_spte[0])
          kvm.vcpu[v].fault.sp = table(kvm, v)
        },
      },
      { to: 'FPF.6 slow' },
    ],
  )
}

/** FPF.4: sets W if the SPTE is unchanged; otherwise walks again (the kernel gives up after four retries). */
function exchangeSpte(bounds: Bounds): Step<Kvm> {
  const unchanged = (kvm: Kvm, v: number): boolean =>
    same_spte(sptep(kvm, v, bounds), kvm.vcpu[v].fault.old_spte[0])
  return step(
    'FPF.4',
    { ...fix, c: 'try_cmpxchg64(', shows: (kvm, v) => `try_cmpxchg64(sptep, W) = ${unchanged(kvm, v)}` },
    [
      {
        when: unchanged,
        does: (kvm, v) => {
          sptep(kvm, v, bounds).w = true
        },
      },
      { does: forget_spte, to: 'FPF.2' },
    ],
  )
}

function forget_spte(kvm: Kvm, v: number): void {
  kvm.vcpu[v].fault.sp = null
  clear_spte(kvm.vcpu[v].fault.old_spte[0])
}

function endWalk(name: string, forget: (kvm: Kvm, v: number) => void, to?: string): Step<Kvm> {
  const does = (kvm: Kvm, v: number): void => {
    rcu_read_unlock(kvm, v)
    forget(kvm, v)
    forget_spte(kvm, v)
  }
  return step(
    name,
    {
      fn: 'walk_shadow_page_lockless_end',
      since,
      c: 'kvm_tdp_mmu_walk_lockless_end(',
      shows: 'rcu_read_unlock()',
    },
    to === undefined ? { does } : { does, to },
  )
}
