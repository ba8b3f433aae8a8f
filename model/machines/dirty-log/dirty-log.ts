import {
  type Block,
  block,
  choice,
  type Entry,
  inFunction,
  type Program,
  program,
  type Step,
  step,
  when,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, has_only_tdp } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_write_protect } from '../../memory/shadow/rmap.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { clearDirtyPtMasked } from '../tdp/write-protect.ts'
import { enableDirtyLog } from './enable-dirty-log.ts'

const since: ReadIn = 'v5.7..v7.2'
const ioctl = { fn: 'kvm_vm_ioctl_get_dirty_log', since }
const get = { fn: 'kvm_get_dirty_log_protect', since }
const clear = { fn: 'kvm_clear_dirty_log_protect', since }
const userspace = { fn: 'host userspace', since: 'host userspace' } as const

/**
 * Userspace reads and clears the dirty log (`kvm_get_dirty_log_protect()`), and copies the pages that it names.
 * slots_lock is held throughout, so passes do not overlap. mmu_lock is taken before the bitmap is exchanged; the
 * flush comes after its release and before the bits are copied to userspace.
 */
export function dirtyLog(bounds: Bounds): Program<Kvm> {
  return program<Kvm>('dirtylog', 'userspace reads and clears the dirty log, and copies the pages it names', [
    ...when(bounds.dirtyLog.enables, ...enableDirtyLog(bounds)),
    choice('idle', [begin()], { validEnd: true }),
    ...(bounds.dirtyLog.manualProtect ? [...readBits(), ...clearBits(bounds)] : readAndClear(bounds)),
    copyPages(),
    step('DL.end', { ...userspace, shows: 'the pass is over', quiet: true }, { to: 'idle' }),
  ])
}

/** KVM_GET_DIRTY_LOG without KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: reads the bits and clears them. */
function readAndClear(bounds: Bounds): Entry<Kvm>[] {
  return inFunction(
    ioctl.fn,
    ...inFunction(
      get.fn,
      writeLock('DL.2', 'dirtylog', { ...get, c: 'KVM_MMU_LOCK(' }),
      exchange(),
      protect(bounds),
      writeUnlock('DL.4', { ...get, c: 'KVM_MMU_UNLOCK(' }),
      flushIfNeeded(bounds),
      report(),
    ),
  )
}

/** Names frames, for `shows`. */
export function frames(gfns: Iterable<number>): string {
  const names = [...gfns].map((gfn) => `gfn ${gfn}`)
  return names.length === 0 ? 'nothing' : names.join(', ')
}

function begin(): Step<Kvm> {
  return step(
    'DL.0',
    { ...ioctl, c: 'mutex_lock(&kvm->slots_lock)', shows: 'mutex_lock(&kvm->slots_lock)' },
    {
      when: (kvm) => kvm.dirtylog[0].left > 0,
      does: (kvm) => {
        kvm.dirtylog[0].left--
      },
    },
  )
}

/** DL.1: from here on a fault that maps a page writable sets its bit again. Without a bit there is nothing to do. */
function exchange(): Step<Kvm> {
  return step(
    'DL.1',
    {
      ...get,
      c: 'xchg(',
      shows: (kvm) => `mask = xchg(dirty_bitmap, 0): ${frames(kvm.dirty_bitmap.elements())}`,
      fused:
        'One xchg takes the bits of 64 frames; a bit that is set after the test of the word is left for the next pass.',
    },
    [
      { when: (kvm) => kvm.dirty_bitmap.isEmpty() },
      {
        does: (kvm) => {
          const local = kvm.dirtylog[0]
          local.dirty_bitmap_buffer.assign(kvm.dirty_bitmap)
          kvm.dirty_bitmap.clear()
          local.flush = true
        },
      },
    ],
  )
}

/** DL.3 for the SPTEs that the VM has. */
function protect(bounds: Bounds): Step<Kvm> {
  return has_only_tdp(bounds)
    ? clearDirtyPtMasked((kvm) => kvm.dirtylog[0].dirty_bitmap_buffer.elements())
    : writeProtect()
}

/** DL.3: `kvm_mmu_write_protect_pt_masked()`. */
export function writeProtect(
  mask: (kvm: Kvm) => readonly number[] = (kvm) => kvm.dirtylog[0].dirty_bitmap_buffer.elements(),
): Step<Kvm> {
  return step(
    'DL.3',
    {
      fn: 'kvm_mmu_write_protect_pt_masked',
      since: 'v3.3..v7.2',
      c: 'rmap_write_protect(',
      shows: (kvm) => `clear W in the SPTEs of ${frames(mask(kvm))}`,
      fused: 'All SPTEs of the frames at once: each only loses W, and the flush comes after the last.',
    },
    {
      does: (kvm) => {
        for (const gfn of mask(kvm)) rmap_write_protect(kvm, gfn, false)
      },
    },
  )
}

/** DL.5: after this no CPU writes to the pages without a fault. mmu_lock is not needed because only W was cleared. */
function flushIfNeeded(bounds: Bounds): Block<Kvm> {
  const about = { fn: 'kvm_flush_remote_tlbs_memslot', since: 'v6.1..v7.2' } as const
  return block(
    'DL.5',
    [
      step(
        'DL.5 test',
        {
          ...about,
          c: 'kvm_flush_remote_tlbs_range(',
          shows: (kvm) => `flush needed = ${kvm.dirtylog[0].flush}`,
        },
        [
          { when: (kvm) => !kvm.dirtylog[0].flush, to: 'DL.5 end' },
          {
            does: (kvm) => {
              kvm.dirtylog[0].flush = false
            },
          },
        ],
      ),
      makeAllCpusRequest('flush', 'TLB_FLUSH', bounds.vcpus, (kvm) => kvm.dirtylog[0].req),
      step('DL.5 end', { ...about, c: { none: 'model' }, shows: 'flushed', quiet: true }),
    ],
    { fn: about.fn },
  )
}

/** DL.6: userspace gets the bits, and reads them when the ioctl returns. */
function report(): Step<Kvm> {
  return step(
    'DL.6',
    {
      ...get,
      c: 'copy_to_user(',
      shows: (kvm) => `copy_to_user(): ${frames(kvm.dirtylog[0].dirty_bitmap_buffer.elements())}`,
    },
    {
      does: (kvm) => {
        const local = kvm.dirtylog[0]
        local.reported.assign(local.dirty_bitmap_buffer)
        local.dirty_bitmap_buffer.clear()
      },
    },
  )
}

/** DL.7: the copies contain everything that the guest has written so far. */
function copyPages(): Step<Kvm> {
  return step(
    'DL.7',
    {
      ...userspace,
      shows: (kvm) => `copy the pages of ${frames(kvm.dirtylog[0].reported.elements())}`,
      fused: 'A store during the copying of a page is in the copy, or counts as later than the copy.',
    },
    {
      does: (kvm) => {
        const local = kvm.dirtylog[0]
        for (const gfn of local.reported.elements()) kvm.uncopied.delete(gfn)
        local.reported.clear()
        local.dirty_bitmap_buffer.clear()
      },
    },
  )
}

/** KVM_GET_DIRTY_LOG with KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 (v4.20, v5.2) changes nothing. */
function readBits(): Entry<Kvm>[] {
  return inFunction(
    ioctl.fn,
    step<Kvm>(
      'DLG.1',
      {
        ...get,
        c: 'copy_to_user(',
        shows: (kvm) => `copy_to_user(): ${frames(kvm.dirty_bitmap.elements())}; the bits stay`,
        fused: 'Words are copied one by one; a bit that is set later is still set in the next pass.',
      },
      {
        does: (kvm) => {
          kvm.dirtylog[0].reported.assign(kvm.dirty_bitmap)
        },
      },
    ),
  )
}

/** KVM_CLEAR_DIRTY_LOG clears the bits that userspace names: here all that it has read. */
function clearBits(bounds: Bounds): Entry<Kvm>[] {
  return inFunction(
    clear.fn,
    writeLock('DL.2', 'dirtylog', { ...clear, c: 'KVM_MMU_LOCK(' }),
    step<Kvm>(
      'DLC.1',
      {
        ...clear,
        c: 'atomic_long_fetch_andnot(',
        shows: (kvm) => `mask &= atomic_long_fetch_andnot(): ${frames(cleared(kvm))}`,
        fused: 'One locked instruction for the bits of 64 frames.',
      },
      [
        { when: (kvm) => cleared(kvm).length === 0 },
        {
          does: (kvm) => {
            const local = kvm.dirtylog[0]
            for (const gfn of cleared(kvm)) {
              local.dirty_bitmap_buffer.add(gfn)
              kvm.dirty_bitmap.delete(gfn)
            }
            local.flush = true
          },
        },
      ],
    ),
    protect(bounds),
    writeUnlock('DL.4', { ...clear, c: 'KVM_MMU_UNLOCK(' }),
    flushIfNeeded(bounds),
  )
}

/** The bits that userspace names and that are set. */
function cleared(kvm: Kvm): number[] {
  return kvm.dirtylog[0].reported.elements().filter((gfn) => kvm.dirty_bitmap.has(gfn))
}
