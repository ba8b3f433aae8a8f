import type { Bounds } from '../bounds.ts'
import type { Kvm } from '../kvm.ts'

/** `kvm_mem_is_private()`. */
export function kvm_mem_is_private(kvm: Kvm, gfn: number): boolean {
  return kvm.mem_attr_array.has(gfn)
}

/** The page of guest_memfd behind a frame whose attribute can change; null for other frames. */
export function private_page(gfn: number, { attributes, guest }: Bounds): number | null {
  const i = attributes.of.indexOf(gfn)
  return i < 0 ? null : guest.gfns + i
}
