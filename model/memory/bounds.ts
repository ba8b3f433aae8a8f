/** How many of everything a scenario has. Zero switches a part of the model off: it takes no state. */
export interface Bounds {
  readonly vcpus: number
  /** Shadow pages in the pool; a freed page can be allocated again. */
  readonly pages: number
  /** Guest page directories, the values CR3 may take. */
  readonly pgds: number
  /** Cached previous roots per vCPU (KVM_MMU_NUM_PREV_ROOTS is 3). */
  readonly prevRoots: number
  /** CR3 loads left to each vCPU's guest. */
  readonly cr3Loads: number
  /** Threads that zap single pages, as write flooding by another vCPU does. */
  readonly zappers: number
  /** Pages each of them zaps. */
  readonly zaps: number
  /** kvm_mmu_zap_all_fast() calls of the memslot thread. */
  readonly zapAlls: number
  /** May kvm_zap_obsolete_pages() drop mmu_lock between pages? */
  readonly lockBreak: boolean
}

/** One vCPU, no zapping; scenarios change what they need. */
export const smallest: Bounds = {
  vcpus: 1,
  pages: 2,
  pgds: 1,
  prevRoots: 0,
  cr3Loads: 0,
  zappers: 0,
  zaps: 0,
  zapAlls: 0,
  lockBreak: false,
}
