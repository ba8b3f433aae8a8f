import { type Step, step } from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { huge } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { valid_pages_of } from '../../memory/shadow/shadow-page.ts'
import { END_OF_FAULT } from '../hand-over.ts'

/** The frames of the huge page that the walk of the guest tables ended at. */
function huge_frames(kvm: Kvm, v: number, bounds: Bounds): number[] {
  const first = kvm.vcpu[v].fault.gpte[1].to as number
  return Array.from({ length: bounds.guest.entries }, (_, i) => first + i)
}

/** `lpage_info[].disallow_lpage`: some frame of the huge page is a table that is shadowed. */
function lpage_is_disallowed(kvm: Kvm, v: number, bounds: Bounds): boolean {
  return huge_frames(kvm, v, bounds).some((gfn) => valid_pages_of(kvm, gfn).length > 0)
}

/** Whether a frame of the huge page is a table that the same walk has used. */
export function is_own_table(kvm: Kvm, v: number, bounds: Bounds): boolean {
  const { cr3, fault } = kvm.vcpu[v]
  const tables = [cr3, ...[...fault.gpte].slice(2).map((entry) => entry.to)]
  return huge_frames(kvm, v, bounds).some((gfn) => tables.includes(gfn))
}

/**
 * FETCH.7: the level to map at. It is chosen after the guest tables are shadowed, because a new shadow page can
 * rule out a large mapping. `forced` is a further reason for a small one, in designs.
 */
export function hugepageAdjust(
  bounds: Bounds,
  forced: (kvm: Kvm, v: number, bounds: Bounds) => boolean = () => false,
): Step<Kvm> {
  const level = (kvm: Kvm, v: number): number =>
    lpage_is_disallowed(kvm, v, bounds) || forced(kvm, v, bounds) ? 1 : 2
  // Before the descent, or at the huge PTE; not at the levels above it.
  const asks = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].fault.sp === null || huge(kvm, v, bounds)
  return step(
    'FETCH.7',
    {
      fn: 'kvm_mmu_hugepage_adjust',
      since: 'v5.6..v7.2',
      c: 'fault->goal_level = fault->req_level',
      outOfOrder: 'because the model has one loop for the two of the kernel; this is after the first',
      shows: (kvm, v) => (asks(kvm, v) ? `fault->goal_level = ${level(kvm, v)}` : 'a table'),
      quiet: (kvm, v) => !asks(kvm, v),
    },
    [
      {
        when: asks,
        does: (kvm, v) => {
          kvm.vcpu[v].fault.goal_level = level(kvm, v)
        },
      },
      {},
    ],
  )
}

/**
 * FETCH.8 at level 2. Before v5.6 set_spte() checked again: if a frame has become a shadowed table since the level
 * was chosen, the page is not mapped and the guest retries. The model has no other case: its faults map no large
 * pages, so scenarios keep a table in the range.
 */
export function mapLarge(bounds: Bounds): Step<Kvm> {
  const large = (kvm: Kvm, v: number): boolean => huge(kvm, v, bounds) && kvm.vcpu[v].fault.goal_level === 2
  return step(
    'FETCH.8',
    {
      fn: 'paging64_fetch',
      since: '..v7.2',
      c: 'it.level == fault->goal_level',
      outOfOrder: 'because the model has one loop for the two of the kernel; this is after the first',
      shows: (kvm, v) =>
        large(kvm, v)
          ? `set_spte(): has_wrprotected_page() = ${lpage_is_disallowed(kvm, v, bounds)}`
          : 'it.level > fault->goal_level',
      quiet: (kvm, v) => !large(kvm, v),
    },
    [
      { when: (kvm, v) => large(kvm, v) && lpage_is_disallowed(kvm, v, bounds), to: END_OF_FAULT },
      { when: (kvm, v) => !large(kvm, v) },
    ],
  )
}
