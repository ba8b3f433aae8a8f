import { move, type Patch, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { frames, writeProtect } from '../../machines/dirty-log/dirty-log.ts'
import { target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_entries, rmap_write_protect } from '../../memory/shadow/rmap.ts'

const get = { fn: 'kvm_get_dirty_log_protect', since: 'history' } as const

/** DL.3 for the bits that are set, before DL.1 clears them. */
export const PROTECT_FIRST: Patch<Kvm>[] = [
  replace(
    'DL.3',
    writeProtect((kvm) => kvm.dirty_bitmap.elements()),
  ),
  move('DL.3', { before: 'DL.1' }),
]

/** SET.3 that goes by the access of the fault, not by that of the SPTE. */
export function markWritesOnly(): Step<Kvm> {
  return step<Kvm>(
    'SET.3',
    {
      fn: 'make_spte',
      since: 'history',
      shows: (kvm, v) => `fault->write = ${kvm.vcpu[v].guest === 'write'}`,
    },
    [
      {
        when: (kvm, v) => kvm.vcpu[v].guest === 'write',
        does: (kvm, v) => kvm.dirty_bitmap.add(target_gfn(kvm, v)),
      },
      {},
    ],
  )
}

/** DL.1 as a load and a store instead of xchg(). */
export function readThenStore(): Step<Kvm>[] {
  return [
    step<Kvm>(
      'DL.1',
      { ...get, shows: (kvm) => `mask = dirty_bitmap: ${frames(kvm.dirty_bitmap.elements())}` },
      {
        does: (kvm) => {
          const local = kvm.dirtylog[0]
          local.dirty_bitmap_buffer.assign(kvm.dirty_bitmap)
          local.flush = !kvm.dirty_bitmap.isEmpty()
        },
      },
    ),
    step<Kvm>(
      'DL.1 clear',
      { ...get, shows: 'dirty_bitmap = 0' },
      { does: (kvm) => kvm.dirty_bitmap.clear() },
    ),
  ]
}

/** DL.7 before the bits are cleared. */
export function copyNow(): Step<Kvm> {
  return step<Kvm>(
    'DL.7 now',
    {
      fn: 'host userspace',
      since: 'host userspace',
      shows: (kvm) => `copy the pages of ${frames(kvm.dirtylog[0].reported.elements())}`,
    },
    {
      does: (kvm) => {
        for (const gfn of kvm.dirtylog[0].reported.elements()) kvm.uncopied.delete(gfn)
      },
    },
  )
}

/** DL.7 if userspace has already copied the pages. */
export function alreadyCopied(): Step<Kvm> {
  return step<Kvm>(
    'DL.7',
    { fn: 'host userspace', since: 'host userspace', shows: 'the pages are copied already' },
    {
      does: (kvm) => {
        kvm.dirtylog[0].reported.clear()
        kvm.dirtylog[0].dirty_bitmap_buffer.clear()
      },
    },
  )
}

/** DLC.1 for the whole bitmap. */
export function clearAll(): Step<Kvm> {
  return step<Kvm>(
    'DLC.1',
    {
      fn: 'kvm_clear_dirty_log_protect',
      since: 'history',
      shows: (kvm) => `mask = xchg(dirty_bitmap, 0): ${frames(kvm.dirty_bitmap.elements())}`,
    },
    {
      does: (kvm) => {
        const local = kvm.dirtylog[0]
        local.dirty_bitmap_buffer.assign(kvm.dirty_bitmap)
        local.flush = !kvm.dirty_bitmap.isEmpty()
        kvm.dirty_bitmap.clear()
      },
    },
  )
}

/** GET.11 before v3.4: flush only if W is set. */
export function protectIfWritable(): Step<Kvm> {
  const writable = (kvm: Kvm, v: number): boolean =>
    rmap_entries(kvm, table(kvm, v)).some(({ page, index }) => kvm.page[page].spte[index].w)
  return step<Kvm>(
    'GET.11',
    {
      fn: 'rmap_write_protect',
      since: '..v3.4',
      shows: (kvm, v) => `gfn ${table(kvm, v)}: is_writable_pte() = ${writable(kvm, v)}`,
    },
    {
      does: (kvm, v) => {
        if (writable(kvm, v)) kvm.vcpu[v].fault.flush = true
        rmap_write_protect(kvm, table(kvm, v))
      },
    },
  )
}

/** The guest table that is being shadowed: a page directory. */
const table = (kvm: Kvm, v: number): number => kvm.vcpu[v].cr3
