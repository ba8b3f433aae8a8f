import { z } from 'zod'
import { choice, count } from '../option-kinds.ts'

/** Zapping of shadow pages. */
export const zapOptions = z.strictObject({
  /** Threads that zap single pages, as write flooding by another vCPU does. */
  threads: count.default(0),
  /** Pages each of them zaps. */
  pages: count.default(0),
  /** kvm_mmu_zap_all_fast() calls of the memslot thread. */
  all: count.default(0),
  /** kvm_zap_obsolete_pages() may drop mmu_lock between pages. */
  lockBreak: choice.default(false),
  /** How often the shrinker runs. */
  reclaims: count.default(0),
})
