import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { storeBufferDesigns } from '../primitives/store-buffers.ts'
import { zappingDesigns } from '../zap/zapping.ts'
import { unprotectDesigns } from './unprotect.ts'
import { unsyncDesigns } from './unsync.ts'
import { writeProtectionDesigns } from './write-protection.ts'

/** Designs for guests that edit their own page tables. */
export const guestTableDesigns: readonly Design<Kvm>[] = [
  ...unsyncDesigns,
  ...writeProtectionDesigns,
  ...zappingDesigns,
  ...unprotectDesigns,
  ...storeBufferDesigns,
]
