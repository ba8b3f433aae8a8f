import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { tdpPageFault } from '../machines/fault/tdp-page-fault.ts'
import { recoverNx } from '../machines/tdp/recover-nx.ts'
import { type Bounds, has_only_tdp, slots_change, slots_come_or_go, watched } from '../memory/bounds.ts'
import type { Feature } from './feature.ts'

/** The TDP MMU: page faults of L1. Its roots are in `roots`, its zaps in the threads of `zap`, `memslots`, `notifier`. */
export const tdpMmu: Feature = {
  id: 'tdp',
  title: 'the TDP MMU: direct roots, and faults with mmu_lock held for read',
  parts: (bounds) => ({
    vcpu: [placed(410, ...when(bounds.tdp.on, tdpPageFault(bounds)))],
    threads: [placed(135, ...when(bounds.tdp.recoveries > 0, one(recoverNx(bounds))))],
  }),
  setUp: (kvm, { tdp: { recoveries } }) => {
    if (recoveries === 0) return
    kvm.nx[0].left = recoveries
    kvm.nx[0].possible.add(1)
  },
  refuses: (bounds) => {
    if (bounds.tdp.on) return refused(bounds)
    return bounds.tdp.recoveries > 0 ? 'tdp.recoveries needs tdp.on' : null
  },
}

function refused(bounds: Bounds): string | null {
  const { guest, roots, zap, shadow, fault, tdp, requests, notifier, dirtyLog, aging, memslots } = bounds
  if (requests.hardwareRoot) return 'tdp is not modelled with requests.hardwareRoot'
  if (notifier.cow.length > 0) return 'tdp is not modelled with notifier.cow'
  if ((tdp.huge || tdp.recoveries > 0) && shadow.levels < 2)
    return 'tdp.huge and tdp.recoveries need shadow.levels: 2'
  if ((aging.calls > 0 && !aging.accessed) || memslots.preciseZap)
    return 'tdp is not modelled with aging without aging.accessed, or memslots.preciseZap'
  const logs = dirtyLog.of.length > 0
  if (logs && (tdp.huge || zap.all > 0 || slots_come_or_go(bounds)))
    return 'tdp with dirtyLog is not modelled with tdp.huge, zaps, or memslots that come or go'
  if (!has_only_tdp(bounds)) {
    return zap.all > 0 || slots_change(bounds) || logs || fault.fast || tdp.huge || notifier.range.length > 0
      ? 'tdp with nested.mmus: 2 is not modelled with zaps, memslots that change, tdp.huge, notifier.range, dirtyLog or fault.fast'
      : null
  }
  if (roots.prev > 0 || roots.pae > 0 || guest.cr3Loads > 0 || watched(bounds))
    return 'tdp: without nested guests KVM walks no guest tables: no guest.edits, guest.cr3Loads, roots.prev, roots.pae'
  if (zap.threads > 0 || zap.reclaims > 0 || shadow.quota > 0)
    return 'tdp: there are no shadow pages to zap or reclaim (zap.threads, zap.reclaims, shadow.quota)'
  if (fault.prefaults > 0) return 'tdp: KVM_PRE_FAULT_MEMORY is modelled for shadow paging only'
  return guest.gvas > guest.gfns
    ? `tdp: addresses are guest-physical: guest.gvas is ${guest.gvas}, but guest.gfns is ${guest.gfns}`
    : null
}
