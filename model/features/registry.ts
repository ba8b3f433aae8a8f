// Written by `npm run register` from what the files beside it export; not edited by hand.
import { aging } from './aging.ts'
import { apicPage } from './apic-page.ts'
import { asids } from './asids.ts'
import { asyncPf } from './async-pf.ts'
import { dirtyLog } from './dirty-log.ts'
import { externalWriter } from './external-writer.ts'
import { fault } from './fault.ts'
import { guestMemfd } from './guest-memfd.ts'
import { guest } from './guest.ts'
import { hostInterrupt } from './host-interrupt.ts'
import { memoryAttributes } from './memory-attributes.ts'
import { memoryOrder } from './memory-order.ts'
import { memslots } from './memslots.ts'
import { nested } from './nested.ts'
import { notifier } from './notifier.ts'
import { paravirtualFlush } from './paravirtual-flush.ts'
import { pfnCache } from './pfn-cache.ts'
import { postedInterrupts } from './posted-interrupts.ts'
import { requests } from './requests.ts'
import { roots } from './roots.ts'
import { shadow } from './shadow.ts'
import { tdpMmu } from './tdp-mmu.ts'
import { teardown } from './teardown.ts'
import { unprotect } from './unprotect.ts'
import { vcpu } from './vcpu.ts'
import { writeTracking } from './write-tracking.ts'
import { zap } from './zap.ts'

/** All parts of KVM that a scenario may have. The order of this list has no meaning. */
export const features = [
  aging,
  apicPage,
  asids,
  asyncPf,
  dirtyLog,
  externalWriter,
  fault,
  guestMemfd,
  guest,
  hostInterrupt,
  memoryAttributes,
  memoryOrder,
  memslots,
  nested,
  notifier,
  paravirtualFlush,
  pfnCache,
  postedInterrupts,
  requests,
  roots,
  shadow,
  tdpMmu,
  teardown,
  unprotect,
  vcpu,
  writeTracking,
  zap,
] as const
