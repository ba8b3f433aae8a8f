import { type Block, block, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { fault_is_logged } from '../../memory/dirty-log/dirty-log.ts'
import { forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import { drain, store_mode, where_stored } from '../../memory/primitives/store-buffer.ts'
import { root_level, root_page } from '../../memory/roots/mmu.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { sp_has_gptes } from '../../memory/shadow/shadow-page.ts'
import { REENTER } from '../hand-over.ts'

const since: ReadIn = 'v3.5..v7.2'
const about = { fn: 'fast_page_fault', since }
const can = { fn: 'page_fault_can_be_fast', since: 'v6.1..v7.2', c: '!fault->present' } as const
const fix = { fn: 'fast_pf_fix_direct_spte', since }

/** The SPTE at which the walk ends, and its level. */
interface Leaf {
  readonly entry: Spte
  readonly level: number
}

/** The label behind the fast page fault. */
const SLOW = 'FPF.end'

/**
 * FPF: a write fault on a direct root restores W, if only dirty logging has cleared it, by one cmpxchg and without
 * mmu_lock. The frame of a direct SPTE is fixed, so an unchanged SPTE still maps the frame whose dirty bit is set.
 */
export function fastPageFault(bounds: Bounds): Block<Kvm> {
  return block(
    'FPF',
    [
      canBeFast(),
      step(
        'FPF.1',
        {
          fn: 'walk_shadow_page_lockless_begin',
          since,
          c: 'smp_store_mb(vcpu->mode',
          shows: (kvm, v) => `mode = READING_SHADOW_PAGE_TABLES${where_stored(kvm, v)}`,
          fused: 'IRQs are disabled just before; no IPI is sent to a vCPU in OUTSIDE_GUEST_MODE.',
        },
        { does: (kvm, v) => store_mode(kvm, v, 'READING_SHADOW_PAGE_TABLES') },
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

/**
 * FPF.0: only a write to a present SPTE, on a direct root, can be fixed (7.2.13 mmu.c 3615, 3734). An SPTE that is not
 * present could lack its access bits instead, but only if KVM does not use A/D bits, and the model has no access
 * tracking.
 */
export function canBeFast(): Step<Kvm> {
  const fast = (kvm: Kvm, v: number): boolean => {
    const { root, guest, fault } = kvm.vcpu[v]
    return fault.present && guest === 'write' && root !== null && !sp_has_gptes(kvm, root)
  }
  const forget = (kvm: Kvm, v: number): void => {
    kvm.vcpu[v].fault.present = false
  }
  return step(
    'FPF.0',
    { ...can, c: 'return fault->write', shows: (kvm, v) => `page_fault_can_be_fast() = ${fast(kvm, v)}` },
    [{ when: (kvm, v) => !fast(kvm, v), does: forget, to: SLOW }, { does: forget }],
  )
}

/** The last SPTE on the way to the faulting address. */
export function last_spte(kvm: Kvm, v: number, bounds: Bounds): Leaf {
  let page = root_page(kvm, v, bounds)
  for (let level = root_level(kvm, v, bounds); ; level--) {
    const entry = kvm.page[page].spte[index_at(kvm.vcpu[v].gva, level, bounds.guest.entries)]
    if (entry.kind !== 'non-leaf' || level === 1) return { entry, level }
    page = entry.child as number
  }
}

/**
 * FPF.2, FPF.3: whether only W is missing, and may be set here. Not in a large SPTE of a logged frame: it would need
 * a dirty bit for each of its frames.
 */
export function readSpte(bounds: Bounds, largeToo = false): Step<Kvm> {
  const fixable = (kvm: Kvm, v: number): boolean => {
    const { entry, level } = last_spte(kvm, v, bounds)
    if (entry.kind !== 'leaf' || kvm.vcpu[v].guest !== 'write' || !entry.mmuw) return false
    return level === 1 || largeToo || !fault_is_logged(kvm, v, bounds)
  }
  const allowed = (kvm: Kvm, v: number): boolean => {
    const { entry } = last_spte(kvm, v, bounds)
    return entry.kind === 'leaf' && (kvm.vcpu[v].guest !== 'write' || entry.w)
  }
  return step(
    'FPF.2',
    {
      ...about,
      c: 'fast_pf_get_last_sptep(',
      shows: (kvm, v) => {
        const { entry, level } = last_spte(kvm, v, bounds)
        return entry.kind === 'leaf'
          ? `level ${level}: pfn ${entry.pfn}, W ${Number(entry.w)}, MMU-writable ${Number(entry.mmuw)}`
          : 'not present'
      },
      fused:
        'One read per level; non-leaf SPTEs are never cleared here, so that only the last read can race. The rest is computed from the value read.',
    },
    [
      { when: allowed, to: 'FPF.6' },
      {
        when: fixable,
        does: (kvm, v) => {
          const { entry, level } = last_spte(kvm, v, bounds)
          kvm.vcpu[v].fault.old_pfn = entry.pfn
          kvm.vcpu[v].fault.level = level
        },
      },
      { to: 'FPF.6 slow' },
    ],
  )
}

/** FPF.4: sets W if the SPTE is unchanged; otherwise walks again (the kernel gives up after four retries). */
function exchangeSpte(bounds: Bounds): Step<Kvm> {
  const unchanged = (kvm: Kvm, v: number): boolean => {
    const { entry, level } = last_spte(kvm, v, bounds)
    const { old_pfn, level: old_level } = kvm.vcpu[v].fault
    return entry.kind === 'leaf' && level === old_level && entry.pfn === old_pfn && !entry.w && entry.mmuw
  }
  return step(
    'FPF.4',
    {
      ...fix,
      c: 'try_cmpxchg64(',
      shows: (kvm, v) => `try_cmpxchg64(sptep, W) = ${unchanged(kvm, v)}`,
    },
    [
      {
        when: unchanged,
        does: (kvm, v) => {
          drain(kvm, v)
          last_spte(kvm, v, bounds).entry.w = true
        },
      },
      { does: forget_spte, to: 'FPF.2' },
    ],
  )
}

/** FPF.5: the thread that has set W logs the frame. */
export function markPageDirty(bounds: Bounds, since: ReadIn): Step<Kvm> {
  return step(
    'FPF.5',
    {
      fn: 'fast_pf_fix_direct_spte',
      since,
      c: 'mark_page_dirty_in_slot(',
      shows: (kvm, v) => `mark_page_dirty_in_slot(gfn ${target_gfn(kvm, v)})`,
    },
    {
      does: (kvm, v) => {
        if (fault_is_logged(kvm, v, bounds)) kvm.dirty_bitmap.add(target_gfn(kvm, v))
      },
    },
  )
}

function forget_spte(kvm: Kvm, v: number): void {
  kvm.vcpu[v].fault.old_pfn = null
  kvm.vcpu[v].fault.level = 1
}

function endWalk(name: string, forget: (kvm: Kvm, v: number) => void, to?: string): Step<Kvm> {
  const does = (kvm: Kvm, v: number): void => {
    drain(kvm, v)
    kvm.vcpu[v].mode = 'OUTSIDE_GUEST_MODE'
    kvm.vcpu[v].ipi = false
    forget(kvm, v)
  }
  return step(
    name,
    {
      fn: 'walk_shadow_page_lockless_end',
      since,
      c: 'OUTSIDE_GUEST_MODE',
      shows: 'vcpu->mode = OUTSIDE_GUEST_MODE',
      fused:
        'IRQs are enabled just after: a sender that finds OUTSIDE_GUEST_MODE sends no IPI; an IPI from before is taken here.',
    },
    to === undefined ? { does } : { does, to },
  )
}
