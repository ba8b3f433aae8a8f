import { array, flag, oneOf, range, ref, struct } from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'
import { write_gpte } from './guest-memory.ts'
import type { Kvm } from './kvm.ts'
import type { Sorts } from './sorts.ts'

/**
 * The store buffer of a vCPU's CPU (x86-TSO): a store sits in it for a while, during which later loads of
 * other locations run ahead. One entry is enough for the Dekker pairs of the MMU (shadow-mmu.md 1.5); a
 * second store pushes the first one out, so stores become visible in order. Locked instructions, fences,
 * VM-entry and VM-exit empty it.
 *
 * Only the stores of those pairs go through it. Every other visible store of the same CPU calls `drain()`
 * first, for it must not overtake them.
 */
export const storeBuffer = (sorts: Sorts, bounds: Bounds) =>
  array(
    bounds.storeBuffers ? 1 : 0,
    struct({
      holds: oneOf('nothing', 'mode', 'indirect_shadow_pages', 'gpte'),
      mode: oneOf('IN_GUEST_MODE', 'READING_SHADOW_PAGE_TABLES'),
      count: range(0, bounds.pages),
      /** Entry `index` of the guest table in frame `table` := (to, w). */
      table: ref(sorts.gfn),
      index: ref(sorts.index),
      to: ref(sorts.gfn),
      w: flag,
    }),
  )

/** Modes whose store is one half of a Dekker pair. */
type AnnouncedMode = 'IN_GUEST_MODE' | 'READING_SHADOW_PAGE_TABLES'

function buffer_of(kvm: Kvm, v: number) {
  const { store_buffer } = kvm.vcpu[v]
  return store_buffer.length > 0 ? store_buffer[0] : null
}

/** `vcpu->mode = mode`. */
export function store_mode(kvm: Kvm, v: number, mode: AnnouncedMode): void {
  const buffer = buffer_of(kvm, v)
  if (buffer === null) {
    kvm.vcpu[v].mode = mode
    return
  }
  drain(kvm, v)
  buffer.holds = 'mode'
  buffer.mode = mode
}

/** `vcpu->mode` as its own CPU reads it: the newest store, visible to others or not. */
export function load_mode(kvm: Kvm, v: number): string {
  const buffer = buffer_of(kvm, v)
  return buffer !== null && buffer.holds === 'mode' ? buffer.mode : kvm.vcpu[v].mode
}

/** `kvm->arch.indirect_shadow_pages++`, a plain increment under mmu_lock. */
export function increment_indirect_shadow_pages(kvm: Kvm, v: number): void {
  const buffer = buffer_of(kvm, v)
  if (buffer === null) {
    kvm.indirect_shadow_pages++
    return
  }
  drain(kvm, v)
  buffer.holds = 'indirect_shadow_pages'
  buffer.count = kvm.indirect_shadow_pages + 1
}

/** A store of the emulator into a guest table. */
export function store_gpte(kvm: Kvm, v: number, table: number, { index, to, w }: GpteStore): void {
  const buffer = buffer_of(kvm, v)
  if (buffer === null) {
    write_gpte(kvm, table, index, to, w)
    return
  }
  drain(kvm, v)
  buffer.holds = 'gpte'
  buffer.table = table
  buffer.index = index
  buffer.to = to
  buffer.w = w
}

/** An entry of a guest table and its new contents. */
export interface GpteStore {
  readonly index: number
  readonly to: number | null
  readonly w: boolean
}

/** Has the CPU stored something that others cannot see yet? */
export function is_drained(kvm: Kvm, v: number): boolean {
  const buffer = buffer_of(kvm, v)
  return buffer === null || buffer.holds === 'nothing'
}

/** What is in the buffer becomes visible: a fence, a locked instruction, or simply time. */
export function drain(kvm: Kvm, v: number): void {
  const buffer = buffer_of(kvm, v)
  if (buffer === null) return
  const { holds } = buffer
  if (holds === 'nothing') return
  if (holds === 'mode') kvm.vcpu[v].mode = buffer.mode
  if (holds === 'indirect_shadow_pages') kvm.indirect_shadow_pages = buffer.count
  if (holds === 'gpte') write_gpte(kvm, buffer.table as number, buffer.index as number, buffer.to, buffer.w)
  buffer.holds = 'nothing'
  buffer.mode = 'IN_GUEST_MODE'
  buffer.count = 0
  buffer.table = null
  buffer.index = null
  buffer.to = null
  buffer.w = false
}
