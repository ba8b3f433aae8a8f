import { type Case, choice, type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, tags_mmio, unsyncs_under_read_lock } from '../../memory/bounds.ts'
import { fault_is_logged } from '../../memory/dirty-log/dirty-log.ts'
import { current_level, fault_index, fault_spte, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { gfn_to_hva } from '../../memory/memslots/memslot.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { rcu_read_lock, use_tdp_page } from '../../memory/tdp/rcu.ts'
import { tdp_mmu_alloc_sp } from '../../memory/tdp/roots.ts'
import { copy_spte, same_spte } from '../../memory/tdp/spte.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { may_unsync, unsyncPages } from '../shadow/unsync-pages.ts'
import { handleRemovedPt, remove_table } from '../tdp/removed-pt.ts'

const since: ReadIn = 'v6.1..v7.2'
const about = { fn: 'kvm_tdp_mmu_map', since }
const target = { fn: 'tdp_mmu_map_handle_target_level', since }

/** The step that unlocks. */
export const END_OF_TDP_FAULT = 'P13'

const old_spte = (kvm: Kvm, v: number): Spte => kvm.vcpu[v].fault.old_spte[0]
const writes = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].guest === 'write'

/** `is_access_allowed()`. An access-tracked SPTE allows nothing. */
export function is_access_allowed(kvm: Kvm, v: number, { kind, w, accessed }: Spte): boolean {
  return kind === 'leaf' && (accessed || !kvm.without_ad) && (w || !writes(kvm, v))
}

/** The level to map at; the root of L1 may have one level only. */
function goal_level(kvm: Kvm, v: number): number {
  return kvm.vcpu[v].fault.goal_level
}

/** Whether the SPTE will be writable: whenever the host page is, for reads as well, unless a table is shadowed. */
function writable(kvm: Kvm, v: number): boolean {
  return writes(kvm, v) || may_unsync(kvm, v)
}

/** The frame and the host page that an SPTE at the goal level maps first. */
function target_of(kvm: Kvm, v: number, { guest }: Bounds): { readonly gfn: number; readonly pfn: number } {
  const gfn = target_gfn(kvm, v)
  const into = gfn % guest.entries ** (goal_level(kvm, v) - 1)
  return { gfn: gfn - into, pfn: (kvm.vcpu[v].fault.pfn as number) - into }
}

/**
 * `kvm_tdp_mmu_map()`, with mmu_lock held for read: walks from the root down to the goal level, adds the tables that are
 * missing, and sets the SPTE. Every change is a cmpxchg; if it fails the guest retries the access. Two reads per level:
 * the iterator reads an entry when it gets there, and again before it follows it.
 */
export function tdpMap(bounds: Bounds): Entry<Kvm>[] {
  return inFunction(
    about.fn,
    ...when(bounds.tdp.huge, hugepageAdjust(bounds)),
    arrive('WALK.1', bounds, true),
    ...when(bounds.shadow.levels > 1, stepDown(bounds), arrive('WALK.3', bounds, false), linkTable(bounds)),
    ...inFunction(
      target.fn,
      ...makeSpte(bounds),
      setSpte(bounds),
      ...when(bounds.tdp.huge && bounds.shadow.levels > 1, ...replacedTable(bounds)),
    ),
  )
}

/**
 * P9 level: `kvm_mmu_hugepage_adjust()` reads the level at which the host maps the page. Faults choose different levels:
 * one may have looked the slot up when it was logged, or execute a page that must not be huge. Any choice is possible.
 */
function hugepageAdjust(bounds: Bounds): Entry<Kvm> {
  const fn = 'kvm_mmu_hugepage_adjust'
  const { entries } = bounds.guest
  const contiguous = (kvm: Kvm, v: number): boolean => {
    const gfn = target_gfn(kvm, v)
    const first = gfn - (gfn % entries)
    const pfn = kvm.host_pte[gfn_to_hva(kvm, first)]
    if (pfn === null || pfn % entries !== 0) return false
    for (let i = 1; i < entries; i++) if (kvm.host_pte[gfn_to_hva(kvm, first + i)] !== pfn + i) return false
    return kvm.vcpu[v].fault.pfn === pfn + (gfn % entries)
  }
  const choose = (level: number, possible: (kvm: Kvm, v: number) => boolean): Step<Kvm> =>
    step(
      `P9 level[${level}]`,
      { fn, since, c: 'fault->goal_level = fault->req_level', shows: `fault->goal_level = ${level}` },
      {
        when: possible,
        does: (kvm, v) => {
          kvm.vcpu[v].fault.goal_level = level
        },
        to: 'WALK.1',
      },
    )
  return choice('P9 level', [choose(1, () => true), choose(2, contiguous)])
}

/** What a fault does at an SPTE of the goal level that the walk has read. */
export type IsSpurious = (kvm: Kvm, v: number, spte: Spte) => boolean

/** In older kernels: whether the fault would set the SPTE to the value that it has. */
export function sets_same_spte(bounds: Bounds): IsSpurious {
  return (kvm, v, { kind, pfn, w, accessed }) =>
    kind === 'leaf' &&
    (accessed || !kvm.without_ad) &&
    pfn === target_of(kvm, v, bounds).pfn &&
    w === writable(kvm, v)
}

/**
 * WALK.1 at the root, WALK.3 below: reads the SPTE, and decides by its value.
 * @param spurious, gives_up what older kernels and designs do with it.
 */
export function arrive(
  name: string,
  bounds: Bounds,
  atRoot: boolean,
  spurious: IsSpurious = is_access_allowed,
  gives_up: (spte: Spte) => boolean = ({ kind }) => kind === 'frozen',
): Step<Kvm> {
  const table = (kvm: Kvm, v: number): number => (atRoot ? kvm.vcpu[v].root : kvm.vcpu[v].fault.sp) as number
  const entry = (kvm: Kvm, v: number): Spte => kvm.page[table(kvm, v)].spte[fault_index(kvm, v, bounds)]
  const at_goal = (kvm: Kvm, v: number): boolean => current_level(kvm, v, bounds) === goal_level(kvm, v)
  const use = (kvm: Kvm, v: number): void => {
    if (atRoot) {
      rcu_read_lock(kvm, v)
      kvm.vcpu[v].fault.sp = kvm.vcpu[v].root
    }
    use_tdp_page(kvm, table(kvm, v), `vcpu${v}`)
  }
  const read = (kvm: Kvm, v: number): void => {
    use(kvm, v)
    copy_spte(entry(kvm, v), old_spte(kvm, v))
  }
  const descend: Case<Kvm>[] = [
    { when: (kvm, v) => entry(kvm, v).kind === 'non-leaf', does: use, to: 'WALK.2' },
    // Non-present, or a huge page that must be split.
    { does: read, to: 'P11' },
  ]
  return step(
    name,
    {
      ...(atRoot ? about : { fn: 'try_step_down', since }),
      c: atRoot ? 'rcu_read_lock(' : { callee: 'tdp_iter_refresh_sptep', at: 'kvm_tdp_mmu_read_spte(' },
      shows: (kvm, v) =>
        `${atRoot ? 'rcu_read_lock(); ' : ''}page ${table(kvm, v)}.spte[${fault_index(kvm, v, bounds)}]: ${described(entry(kvm, v))}`,
      ...(atRoot
        ? {
            fused:
              'The section begins, and the iterator reads the entry of the root, to which the vCPU has a reference.',
          }
        : {}),
    },
    [
      { when: (kvm, v) => gives_up(entry(kvm, v)), does: use, to: END_OF_TDP_FAULT },
      {
        when: (kvm, v) => at_goal(kvm, v) && spurious(kvm, v, entry(kvm, v)),
        does: use,
        to: END_OF_TDP_FAULT,
      },
      ...(bounds.shadow.levels > 1
        ? [{ when: at_goal, does: read, to: 'P10' }, ...descend]
        : [{ does: read, to: 'P10' }]),
    ],
  )
}

const described = ({ kind, pfn, w, child }: Spte): string => {
  if (kind === 'leaf') return `pfn ${pfn}, ${w ? 'W' : 'R'}`
  return kind === 'non-leaf' ? `table ${child}` : kind
}

/** P11: adds a table in place of a non-present entry, or of a huge one, whose mapping it then has (v6.3). */
function linkTable(bounds: Bounds): Step<Kvm> {
  const { entries } = bounds.guest
  const unchanged = (kvm: Kvm, v: number): boolean => same_spte(fault_spte(kvm, v, bounds), old_spte(kvm, v))
  const first_gfn = (kvm: Kvm, v: number): number => {
    const gfn = target_gfn(kvm, v)
    return gfn - (gfn % entries ** (current_level(kvm, v, bounds) - 1))
  }
  return step(
    'P11',
    {
      fn: 'tdp_mmu_link_sp',
      since,
      c: 'tdp_mmu_set_spte_atomic(',
      shows: (kvm, v) =>
        `page ${kvm.vcpu[v].fault.sp}.spte[${fault_index(kvm, v, bounds)}] = new table: try_cmpxchg64() = ${unchanged(kvm, v)}`,
      fused:
        'The new table is private until the cmpxchg, and freed if that fails. That of a huge page is filled from the value with which the cmpxchg compares.',
    },
    [
      { when: (kvm, v) => !unchanged(kvm, v), to: END_OF_TDP_FAULT },
      {
        does: (kvm, v) => {
          use_tdp_page(kvm, kvm.vcpu[v].fault.sp as number, `vcpu${v}`)
          const level = current_level(kvm, v, bounds) - 1
          const table = tdp_mmu_alloc_sp(kvm, first_gfn(kvm, v), level, 'tdp_mmu')
          const huge = old_spte(kvm, v)
          if (huge.kind === 'leaf') split(kvm, table, huge, entries ** (level - 1))
          const entry = fault_spte(kvm, v, bounds)
          clear_spte(entry)
          entry.kind = 'non-leaf'
          entry.child = table
          clear_spte(huge)
        },
        to: 'WALK.2',
      },
    ],
  )
}

/** `make_small_spte()` for all entries of a table. */
function split(kvm: Kvm, table: number, huge: Spte, frames: number): void {
  const { spte } = kvm.page[table]
  for (let i = 0; i < spte.length; i++) {
    copy_spte(huge, spte[i])
    spte[i].gfn = (huge.gfn as number) + i * frames
    spte[i].pfn = (huge.pfn as number) + i * frames
  }
}

/** WALK.2: the entry is read again. If it leads to no table any more the walk ends, and the guest retries. */
function stepDown(bounds: Bounds): Step<Kvm> {
  const leads = (kvm: Kvm, v: number): boolean => fault_spte(kvm, v, bounds).kind === 'non-leaf'
  const use = (kvm: Kvm, v: number): void => use_tdp_page(kvm, kvm.vcpu[v].fault.sp as number, `vcpu${v}`)
  return step(
    'WALK.2',
    {
      fn: 'try_step_down',
      since,
      c: 'kvm_tdp_mmu_read_spte(',
      shows: (kvm, v) => `read the entry again: ${described(fault_spte(kvm, v, bounds))}`,
    },
    [
      {
        when: leads,
        does: (kvm, v) => {
          use(kvm, v)
          const { fault } = kvm.vcpu[v]
          fault.sp = fault_spte(kvm, v, bounds).child
          fault.level++
        },
      },
      { does: use, to: END_OF_TDP_FAULT },
    ],
  )
}

/** P10: `make_spte()`. What it reads and writes besides the SPTE: the shadowed tables of L2, and the dirty log. */
function makeSpte(bounds: Bounds): Entry<Kvm>[] {
  const logs = bounds.dirtyLog.of.length > 0
  const unsyncs = unsyncs_under_read_lock(bounds)
  return [
    step<Kvm>(
      'P10',
      {
        ...target,
        c: 'make_spte(',
        shows: (kvm, v) => `make_spte(gfn ${target_gfn(kvm, v)}, ${writable(kvm, v) ? 'W' : 'R'})`,
        quiet: !logs && !unsyncs,
      },
      [
        { when: (kvm, v) => !writable(kvm, v), to: 'P12' },
        ...when(logs, {
          when: (kvm: Kvm, v: number) => fault_is_logged(kvm, v, bounds),
          does: (kvm: Kvm, v: number) => kvm.dirty_bitmap.add(target_gfn(kvm, v)),
        }),
        {},
      ],
    ),
    ...when(unsyncs, ...unsyncPages()),
  ]
}

/** P12: the cmpxchg that sets the SPTE. */
function setSpte(bounds: Bounds): Step<Kvm> {
  const unchanged = (kvm: Kvm, v: number): boolean => same_spte(fault_spte(kvm, v, bounds), old_spte(kvm, v))
  const noSlot = (kvm: Kvm, v: number): boolean => tags_mmio(bounds) && kvm.vcpu[v].fault.slot === 'none'
  const store = (kvm: Kvm, v: number): void => {
    use_tdp_page(kvm, kvm.vcpu[v].fault.sp as number, `vcpu${v}`)
    const entry = fault_spte(kvm, v, bounds)
    const { gfn, pfn } = target_of(kvm, v, bounds)
    clear_spte(entry)
    entry.kind = 'leaf'
    entry.gfn = gfn
    entry.pfn = pfn
    if (bounds.aging.accessed) entry.accessed = true
    if (!writable(kvm, v)) return
    entry.w = true
    entry.mmuw = true
  }
  return step(
    'P12',
    {
      fn: 'tdp_mmu_set_spte_atomic',
      since,
      c: { 'v6.1': 'try_cmpxchg64(', 'v6.12': '__tdp_mmu_set_spte_atomic(' },
      shows: (kvm, v) => {
        const at = `page ${kvm.vcpu[v].fault.sp}.spte[${fault_index(kvm, v, bounds)}]`
        const value = noSlot(kvm, v)
          ? 'MMIO'
          : `pfn ${target_of(kvm, v, bounds).pfn}, ${writable(kvm, v) ? 'W' : 'R'}`
        return `${at} = ${value}: try_cmpxchg64() = ${unchanged(kvm, v)}`
      },
    },
    [
      { when: (kvm, v) => !unchanged(kvm, v), to: END_OF_TDP_FAULT },
      ...when(tags_mmio(bounds), {
        when: noSlot,
        // The access is emulated.
        does: (kvm: Kvm, v: number) => {
          const entry = fault_spte(kvm, v, bounds)
          clear_spte(entry)
          entry.kind = 'mmio'
          entry.gen = kvm.memslots.generation
          entry.gfn = target_gfn(kvm, v)
          finish_instruction(kvm, v)
        },
        to: END_OF_TDP_FAULT,
      }),
      ...when(bounds.tdp.huge && bounds.shadow.levels > 1, {
        when: (kvm: Kvm, v: number) => old_spte(kvm, v).kind === 'non-leaf',
        does: (kvm: Kvm, v: number) => {
          const table = old_spte(kvm, v).child as number
          remove_table(kvm.vcpu[v].fault.removed[0], current_level(kvm, v, bounds) - 1, table)
          store(kvm, v)
        },
        to: 'P12 removed',
      }),
      { does: store, to: END_OF_TDP_FAULT },
    ],
  )
}

/** P12 removed, P12 flush: the table that a huge page has replaced. The flush comes before RCU is left, which frees it. */
function replacedTable(bounds: Bounds): Entry<Kvm>[] {
  return [
    handleRemovedPt('P12 removed', 1, (kvm, v) => kvm.vcpu[v].fault.removed[0], bounds),
    makeAllCpusRequest('P12 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
  ]
}
