import { type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, tables_change_slots, watched } from '../../memory/bounds.ts'
import {
  current_gpte,
  forget_fault,
  table_gfn,
  table_is_readable,
  target_gfn,
} from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { copy_gpte, index_at } from '../../memory/primitives/guest-memory.ts'
import { drain } from '../../memory/primitives/store-buffer.ts'
import { loaded_root_name, root_has_no_page, root_level } from '../../memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../memory/shadow/shadow-page.ts'
import { finish_instruction, note_refusal } from '../../memory/vcpu/instruction.ts'
import {
  ASYNC_PF_REFUSED,
  END_OF_FAULT,
  LOCKLESS_WALK,
  PREFAULT_AGAIN,
  REENTER,
  TRACK_WRITE,
  WRITE_PROTECT_FAULT,
} from '../hand-over.ts'
import { release_mmu_lock, writeLock } from '../primitives/lock.ts'
import type { ObsoleteTest } from '../roots/free-obsolete-roots.ts'
import { endPrefetch } from './async-page-fault.ts'

const since: ReadIn = 'v5.16..v7.2'
const about = { fn: 'paging64_page_fault', since }

/** Entries as part of the slow page fault. */
export function inPageFault(...entries: readonly Entry<Kvm>[]): Entry<Kvm>[] {
  return inFunction(about.fn, ...entries)
}

/** PF.11: `write_lock(&kvm->mmu_lock)`. */
export function lockForFault(): Step<Kvm> {
  return writeLock('PF.11', 'vcpu', about)
}

const SETS_DIRTY =
  'Reading the last PTE and setting its D bit: a cmpxchg, and the walk restarts if the PTE has changed.'

/**
 * PF.2: `walk_addr()`, one read of guest memory per step; if the PTEs refuse the access the guest gets a #PF. So it does
 * if the frame of a table has no memslot or one that is INVALID: the address of user memory is an error (6.12
 * paging_tmpl.h 403, KVM_HVA_ERR_BAD), and the fault is not retried as for such a frame of data (PF.8).
 */
export function walkGuestTables(bounds: Bounds): Step<Kvm> {
  const levelOf = (kvm: Kvm, v: number): number => root_level(kvm, v, bounds) + 1 - kvm.vcpu[v].fault.level
  const unreadable = (kvm: Kvm, v: number): boolean =>
    tables_change_slots(bounds) && !table_is_readable(kvm, v, levelOf(kvm, v), bounds)
  const refused = (kvm: Kvm, v: number): boolean => {
    if (unreadable(kvm, v)) return true
    const { to, w } = current_gpte(kvm, v, levelOf(kvm, v), bounds)
    return to === null || (kvm.vcpu[v].guest === 'write' && !w && !kvm.vcpu[v].cr0_wp_clear)
  }
  const read = (kvm: Kvm, v: number): void => {
    const level = levelOf(kvm, v)
    const entry = current_gpte(kvm, v, level, bounds)
    const { fault, gva } = kvm.vcpu[v]
    copy_gpte(entry, fault.gpte[level - 1])
    if (!entry.huge) return
    // The walk ends at a huge page: the address maps to one of its frames.
    fault.gpte[0].to = (entry.to as number) + index_at(gva, 1, bounds.guest.entries)
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
      c: {
        'v6.1': { callee: 'paging64_walk_addr_generic', at: '__get_user(pte' },
        'v7.2': { callee: 'paging64_walk_addr_generic', at: 'get_user(pte' },
      },
      shows: (kvm, v) => {
        const level = levelOf(kvm, v)
        if (unreadable(kvm, v))
          return `level ${level}: table ${table_gfn(kvm, v, level, bounds)} has no usable memslot: #PF`
        const { to, huge, w } = current_gpte(kvm, v, level, bounds)
        const rights = bounds.shadow.accessRoles && !w ? ', read-only' : ''
        const found = to === null ? 'not present' : `gfn ${to}${huge ? ', huge page' : ''}${rights}`
        return `level ${level}: table ${table_gfn(kvm, v, level, bounds)} -> ${found}`
      },
      ...(bounds.shadow.accessRoles ? { fused: SETS_DIRTY } : {}),
    },
    [
      bounds.asyncPf.on
        ? { when: refused, to: ASYNC_PF_REFUSED }
        : {
            when: refused,
            does: (kvm, v) => {
              finish_instruction(kvm, v)
              forget_fault(kvm, v)
            },
            to: REENTER,
          },
      {
        // `fault.level` counts up while the walk descends, so that its initial value needs no set-up.
        when: (kvm, v) => !last(kvm, v),
        does: (kvm, v) => {
          read(kvm, v)
          kvm.vcpu[v].fault.level++
        },
        to: 'PF.2',
      },
      {
        does: (kvm, v) => {
          if (bounds.shadow.accessRoles && kvm.vcpu[v].guest === 'write') {
            current_gpte(kvm, v, levelOf(kvm, v), bounds).dirty = true
          }
          read(kvm, v)
          kvm.vcpu[v].fault.level = 1
        },
      },
    ],
  )
}

/** The block that handles a write to a write-protected frame. */
export function writeProtected(bounds: Bounds): string {
  return bounds.unprotect.stores.length > 0 ? WRITE_PROTECT_FAULT : TRACK_WRITE
}

/**
 * PF.4: a refused write to a write-tracked frame skips the slow path and mmu_lock. The flooding counts of the pages
 * on the way are cleared first.
 */
export function writeTracked(bounds: Bounds): Step<Kvm> {
  const tracked = (kvm: Kvm, v: number): boolean => {
    const gfn = target_gfn(kvm, v)
    if (!kvm.vcpu[v].fault.present || kvm.vcpu[v].guest !== 'write') return false
    return gfn < kvm.gfn_write_track.length && kvm.gfn_write_track[gfn] > 0
  }
  const readsPresent = bounds.fault.fast || bounds.memslots.readOnly.length > 0
  const found = (kvm: Kvm, v: number): void => {
    if (tracked(kvm, v)) note_refusal(kvm, v, target_gfn(kvm, v))
    if (!readsPresent) kvm.vcpu[v].fault.present = false
  }
  return step(
    'PF.4',
    {
      fn: 'page_fault_handle_page_track',
      since,
      c: { 'v6.1': 'kvm_slot_page_track_is_active(', 'v6.12': 'kvm_gfn_is_write_tracked(' },
      shows: (kvm, v) => `kvm_gfn_is_write_tracked(gfn ${target_gfn(kvm, v)}) = ${tracked(kvm, v)}`,
    },
    [
      {
        when: tracked,
        does: found,
        to: bounds.writeTracking.locklessWalks ? LOCKLESS_WALK : writeProtected(bounds),
      },
      { does: found },
    ],
  )
}

/** A root without a shadow page counts as stale while a request to drop roots is pending. */
const reload_pending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('FREE_OBSOLETE_ROOTS')

/** The test of the root in `is_page_fault_stale()`, whose parts designs replace. @throws Oops without a root. */
export function is_root_stale(
  kvm: Kvm,
  v: number,
  obsolete: ObsoleteTest = is_obsolete_sp,
  withoutPage: (kvm: Kvm, v: number) => boolean = reload_pending,
): boolean {
  const { root } = kvm.vcpu[v]
  if (root !== null) return obsolete(kvm, root)
  if (root_has_no_page(kvm, v)) return withoutPage(kvm, v)
  throw new Oops('no-null-pointer', `vcpu${v}: root_to_sp(INVALID_PAGE)`)
}

/**
 * PF.12: the test of the root in `is_page_fault_stale()`. A stale fault is retried by way of vcpu_enter_guest(), so
 * that pending requests are serviced first. It comes after PF.13 since v7.2 (2abd5287f083).
 */
export function staleCheck(
  obsolete: ObsoleteTest = is_obsolete_sp,
  withoutPage: (kvm: Kvm, v: number) => boolean = reload_pending,
): Step<Kvm> {
  const stale = (kvm: Kvm, v: number): boolean => is_root_stale(kvm, v, obsolete, withoutPage)
  return step(
    'PF.12',
    {
      fn: 'is_page_fault_stale',
      since,
      c: 'is_obsolete_sp(',
      shows: (kvm, v) => `${loaded_root_name(kvm, v)}: stale = ${stale(kvm, v)}`,
    },
    [{ when: stale, to: END_OF_FAULT }, {}],
  )
}

/** PF.15: release mmu_lock; the instruction is executed again, or emulated. */
export function endFault(bounds: Bounds): Entry<Kvm> {
  const end = (kvm: Kvm, v: number): void => {
    drain(kvm, v)
    release_mmu_lock(kvm)
    forget_fault(kvm, v)
  }
  const unlock = { ...about, c: 'write_unlock(', shows: 'write_unlock(&kvm->mmu_lock)' }
  // The prefault ioctl retries until its address is mapped.
  const retry = { when: (kvm: Kvm, v: number) => kvm.vcpu[v].prefault, does: end, to: PREFAULT_AGAIN }
  const again = [...when(bounds.fault.prefaults > 0, retry), ...when(bounds.asyncPf.on, ...endPrefetch(end))]
  if (!watched(bounds)) return step(END_OF_FAULT, unlock, [...again, { does: end, to: REENTER }])
  return step(END_OF_FAULT, unlock, [
    {
      // A read that found the frame write-protected has mapped it read-only.
      when: (kvm, v) => kvm.vcpu[v].fault.emulate && kvm.vcpu[v].guest === 'write',
      does: (kvm, v) => {
        // Keep the frame that is written, which the emulator needs.
        const gfn = target_gfn(kvm, v)
        end(kvm, v)
        kvm.vcpu[v].fault.gpte[0].to = gfn
      },
      to: writeProtected(bounds),
    },
    { does: end, to: REENTER },
  ])
}
