import type { Kvm } from '../kvm.ts'
import { write_gpte } from './guest-memory.ts'

/** Modes whose store is one half of a Dekker pair. */
type AnnouncedMode = 'IN_GUEST_MODE' | 'READING_SHADOW_PAGE_TABLES'

function buffer_of(kvm: Kvm, v: number) {
  const { store_buffer } = kvm.vcpu[v]
  return store_buffer.length > 0 ? store_buffer[0] : null
}

/** Where a plain store of this vCPU's CPU goes, for diagrams: nothing to say without a store buffer. */
export function where_stored(kvm: Kvm, v: number): string {
  return buffer_of(kvm, v) === null ? '' : ' (in the store buffer)'
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

/** `vcpu->mode` as its own CPU reads it: with the store that others may not see yet. */
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

/** The emulator's store to a guest table. */
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

/** Whether others see all stores of the CPU. */
export function is_drained(kvm: Kvm, v: number): boolean {
  const buffer = buffer_of(kvm, v)
  return buffer === null || buffer.holds === 'nothing'
}

/** Makes the buffered store visible: at a fence, at a locked instruction, or spontaneously. */
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
