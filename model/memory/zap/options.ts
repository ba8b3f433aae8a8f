import { z } from 'zod'
import { choice, count } from '../option-kinds.ts'

export const zapOptions = z
  .strictObject({
    threads: count
      .default(0)
      .describe('Threads that zap single pages, as write flooding by another vCPU does.'),
    pages: count.default(0).describe('Pages each of them zaps.'),
    all: count.default(0).describe('kvm_mmu_zap_all_fast() calls of the memslot thread.'),
    lockBreak: choice.default(false).describe('kvm_zap_obsolete_pages() may drop mmu_lock between pages.'),
    reclaims: count
      .default(0)
      .describe('How often another thread zaps the oldest page: the shrinker, or KVM_SET_NR_MMU_PAGES.'),
  })
  .describe('Zapping of shadow pages.')
