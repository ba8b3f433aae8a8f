import { type Block, block, type Entry, type Step, step } from '../../language/program.ts'
import { Fault } from '../../language/property.ts'
import { type Bounds, watched } from '../../memory/bounds.ts'
import { current_gpte, forget_fault, table_gfn, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { copy_gpte, index_at } from '../../memory/primitives/guest-memory.ts'
import { drain } from '../../memory/primitives/store-buffer.ts'
import { root_has_no_page, root_level } from '../../memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../memory/shadow/shadow-page.ts'
import { finish_instruction, note_refusal } from '../../memory/vcpu/instruction.ts'
import { release_mmu_lock, write_lock } from '../primitives/lock.ts'
import type { ObsoleteTest } from '../roots/free-obsolete-roots.ts'
import { makePagesAvailable } from '../zap/make-pages-available.ts'
import { endPrefetch, faultinPfnOrQueue } from './async-page-fault.ts'
import { fastPageFault } from './fast-page-fault.ts'
import { faultinPfn, precheck, retryTest, snapshotSeq } from './fault-host-page.ts'
import { lookUpSlot, testSlot } from './fault-slot.ts'
import { fetch } from './fetch.ts'
import { has_mmio, mmioSpte } from './mmio.ts'
import { preFaultDone } from './pre-fault.ts'
import { setSpte } from './set-spte.ts'

const since = 'v5.16..v6.16'
const about = { fn: 'paging64_page_fault', since }

/** The slow page fault of shadow paging (shadow-mmu.md 5.1, 5.3, 5.4). */
export function pageFault(bounds: Bounds): Block<Kvm> {
  return block('PF', [
    ...(has_mmio(bounds) ? [mmioSpte(bounds)] : []),
    walkGuestTables(bounds),
    ...lookUpSlot(bounds),
    ...(watched(bounds) ? [writeTracked(bounds)] : []),
    ...(bounds.fastFaults ? [fastPageFault(bounds)] : []),
    ...snapshotSeq(bounds),
    ...testSlot(bounds),
    ...precheck('PF.8 precheck', bounds),
    bounds.asyncPf ? faultinPfnOrQueue('PF.9') : faultinPfn(bounds),
    ...precheck('PF.10', bounds),
    write_lock('PF.11', 'vcpu', about),
    ...makePagesAvailable('PF.13', bounds),
    staleCheck(),
    ...(bounds.notifiers > 0 ? [retryTest()] : []),
    ...fetch(bounds),
    ...setSpte(bounds),
    ...(bounds.prefaults > 0 ? [preFaultDone()] : []),
    endFault(bounds),
  ])
}

const SETS_DIRTY =
  'Reading the last entry and setting its D bit: a cmpxchg, and the walk starts again if the entry has changed.'

/** PF.2: `walk_addr()`, one read of guest memory per step; without permission the guest gets the #PF. */
function walkGuestTables(bounds: Bounds): Step<Kvm> {
  const levelOf = (kvm: Kvm, v: number): number => root_level(kvm, v, bounds) + 1 - kvm.vcpu[v].fault.level
  const refused = (kvm: Kvm, v: number): boolean => {
    const { to, w } = current_gpte(kvm, v, levelOf(kvm, v), bounds)
    return to === null || (kvm.vcpu[v].guest === 'write' && !w)
  }
  const read = (kvm: Kvm, v: number): void => {
    const level = levelOf(kvm, v)
    const entry = current_gpte(kvm, v, level, bounds)
    const { fault, gva } = kvm.vcpu[v]
    copy_gpte(entry, fault.gpte[level - 1])
    if (!entry.huge) return
    // The walk ends here: the address maps to one of the frames of the huge page.
    fault.gpte[0].to = (entry.to as number) + index_at(gva, 1, bounds.entries)
    fault.gpte[0].w = entry.w
    fault.gpte[0].dirty = entry.dirty
  }
  const last = (kvm: Kvm, v: number): boolean =>
    levelOf(kvm, v) === 1 || current_gpte(kvm, v, levelOf(kvm, v), bounds).huge
  return step(
    'PF.2',
    {
      fn: 'paging64_walk_addr',
      since,
      shows: (kvm, v) => {
        const level = levelOf(kvm, v)
        const { to, huge, w } = current_gpte(kvm, v, level, bounds)
        const rights = bounds.accessRoles && !w ? ', read-only' : ''
        const found = to === null ? 'not present' : `gfn ${to}${huge ? ', huge page' : ''}${rights}`
        return `level ${level}: table ${table_gfn(kvm, v, level, bounds)} -> ${found}`
      },
      ...(bounds.accessRoles ? { fused: SETS_DIRTY } : {}),
    },
    [
      bounds.asyncPf
        ? { when: refused, to: 'APF.refused' }
        : {
            when: refused,
            does: (kvm, v) => {
              finish_instruction(kvm, v)
              forget_fault(kvm, v)
            },
            to: 'RUN.1',
          },
      {
        // `fault.level` counts up while the walk goes down, so that it starts and ends at its first value.
        when: (kvm, v) => !last(kvm, v),
        does: (kvm, v) => {
          read(kvm, v)
          kvm.vcpu[v].fault.level++
        },
        to: 'PF.2',
      },
      {
        does: (kvm, v) => {
          if (bounds.accessRoles && kvm.vcpu[v].guest === 'write') {
            current_gpte(kvm, v, levelOf(kvm, v), bounds).dirty = true
          }
          read(kvm, v)
          kvm.vcpu[v].fault.level = 1
        },
      },
    ],
  )
}

/** Where a fault goes whose write cannot be allowed. */
export function writeProtected(bounds: Bounds): string {
  return bounds.hardStores.length > 0 ? 'WP' : 'TRACK'
}

/**
 * PF.4: a write that was refused, to a frame whose writes are tracked, does not take the slow path (and no
 * lock). The flooding counts of the pages on the way are cleared first.
 */
function writeTracked(bounds: Bounds): Step<Kvm> {
  const tracked = (kvm: Kvm, v: number): boolean => {
    const gfn = target_gfn(kvm, v)
    if (!kvm.vcpu[v].fault.present || kvm.vcpu[v].guest !== 'write') return false
    return gfn < kvm.gfn_write_track.length && kvm.gfn_write_track[gfn] > 0
  }
  const found = (kvm: Kvm, v: number): void => {
    if (tracked(kvm, v)) note_refusal(kvm, v, target_gfn(kvm, v))
    kvm.vcpu[v].fault.present = false
  }
  return step(
    'PF.4',
    {
      fn: 'page_fault_handle_page_track',
      since,
      shows: (kvm, v) => `kvm_gfn_is_write_tracked(gfn ${target_gfn(kvm, v)}) = ${tracked(kvm, v)}`,
    },
    [
      { when: tracked, does: found, to: bounds.locklessWalks ? 'LW' : writeProtected(bounds) },
      { does: found },
    ],
  )
}

/** A root without shadow page is taken for stale while a request to drop roots is pending. */
const reloadPending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('FREE_OBSOLETE_ROOTS')

/** The root half of `is_page_fault_stale()`, or a design's idea of it. */
export function is_root_stale(
  kvm: Kvm,
  v: number,
  obsolete: ObsoleteTest = is_obsolete_sp,
  withoutPage: (kvm: Kvm, v: number) => boolean = reloadPending,
): boolean {
  const { root } = kvm.vcpu[v]
  if (root !== null) return obsolete(kvm, root)
  if (root_has_no_page(kvm, v)) return withoutPage(kvm, v)
  throw new Fault('no-null-pointer', `vcpu${v}: root_to_sp(INVALID_PAGE)`)
}

/**
 * PF.12: `is_page_fault_stale()`, its root half. A stale fault is retried by entering the guest again, so
 * that pending requests are serviced first. It comes after PF.13 since v7.2 (2abd5287f083).
 */
export function staleCheck(
  obsolete: ObsoleteTest = is_obsolete_sp,
  withoutPage: (kvm: Kvm, v: number) => boolean = reloadPending,
): Step<Kvm> {
  const stale = (kvm: Kvm, v: number): boolean => is_root_stale(kvm, v, obsolete, withoutPage)
  return step(
    'PF.12',
    {
      fn: 'is_page_fault_stale',
      since,
      shows: (kvm, v) => `root ${kvm.vcpu[v].root ?? 'without page'}: stale = ${stale(kvm, v)}`,
    },
    [{ when: stale, to: 'PF.15' }, {}],
  )
}

/** PF.15: release mmu_lock; the instruction is executed again, or emulated. */
function endFault(bounds: Bounds): Entry<Kvm> {
  const end = (kvm: Kvm, v: number): void => {
    drain(kvm, v)
    release_mmu_lock(kvm)
    forget_fault(kvm, v)
  }
  const unlock = { ...about, shows: 'write_unlock(&kvm->mmu_lock)' }
  // The ioctl tries again until its address is mapped.
  const retry = { when: (kvm: Kvm, v: number) => kvm.vcpu[v].prefault, does: end, to: 'PREFAULT/PRE.try' }
  const again = [...(bounds.prefaults > 0 ? [retry] : []), ...(bounds.asyncPf ? endPrefetch(end) : [])]
  if (!watched(bounds)) return step('PF.15', unlock, [...again, { does: end, to: 'RUN.1' }])
  return step('PF.15', unlock, [
    {
      when: (kvm, v) => kvm.vcpu[v].fault.emulate,
      does: (kvm, v) => {
        // The emulator needs to know which frame is written; everything else is over.
        const gfn = target_gfn(kvm, v)
        end(kvm, v)
        kvm.vcpu[v].fault.gpte[0].to = gfn
      },
      to: writeProtected(bounds),
    },
    { does: end, to: 'RUN.1' },
  ])
}
