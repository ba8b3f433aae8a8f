import { OutOfBounds } from '../../language/property.ts'
import type { Kvm } from '../kvm.ts'

/** The first free host page, or null. Free pages are interchangeable, so the choice loses no behaviour. */
export function free_host_page(kvm: Kvm): number | null {
  for (let p = 0; p < kvm.host_page.length; p++) if (kvm.host_page[p].owner === 'none') return p
  return null
}

/** Gives the VM a free page. @throws OutOfBounds if the scenario has none left: the host would have. */
export function take_free_host_page(kvm: Kvm): number {
  const page = free_host_page(kvm)
  if (page === null) throw new OutOfBounds('host.pfns', 'no host page is free')
  kvm.host_page[page].owner = 'the VM'
  return page
}

/** `mmu_invalidate_retry_gfn()`: an invalidation covers the frame, or one has ended since `seq` was read. */
export function mmu_invalidate_retry(kvm: Kvm, gfn: number, seq: number): boolean {
  return invalidation_of(kvm, gfn) || kvm.mmu_invalidate.seq !== seq
}

/** An invalidation that covers the frame is in progress. */
export function invalidation_of(kvm: Kvm, gfn: number): boolean {
  return kvm.mmu_invalidate.in_progress > 0 && kvm.mmu_invalidate.range.has(gfn)
}
