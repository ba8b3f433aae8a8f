import type { Bounds } from '../bounds.ts'
import type { Kvm } from '../kvm.ts'

/** `kvm_slot_dirty_track_enabled()` for the slot of a frame, in the installed memslots. */
export function is_logged(kvm: Kvm, gfn: number, bounds: Bounds): boolean {
  return bounds.dirtyLog.of.includes(gfn) && (!bounds.dirtyLog.enables || kvm.dirty_logging)
}

/** The same for `fault->slot`, which the fault looked up when it began. */
export function fault_is_logged(kvm: Kvm, v: number, bounds: Bounds): boolean {
  const { gpte, slot_logged } = kvm.vcpu[v].fault
  return bounds.dirtyLog.of.includes(gpte[0].to as number) && (!bounds.dirtyLog.enables || slot_logged)
}

/** Records (history) a store to a host page: userspace must copy the frames that it backs once more. */
export function note_store(kvm: Kvm, pfn: number, bounds: Bounds): void {
  for (const gfn of bounds.dirtyLog.of) if (kvm.host_pte[gfn] === pfn) kvm.uncopied.add(gfn)
}
