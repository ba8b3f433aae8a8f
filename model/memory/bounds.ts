/** How many of everything a scenario has. Zero (or false) switches a part of the model off: it takes no state. */
export interface Bounds {
  readonly vcpus: number
  /** Shadow pages in the pool; a freed page can be allocated again. */
  readonly pages: number
  /** Levels of the guest's page tables and of their shadows. */
  readonly levels: number
  /** Entries of a table, guest and shadow alike (the real 512). */
  readonly entries: number
  /** Guest frames; the first `tables` of them hold page tables, the first `pgds` of those page directories. */
  readonly gfns: number
  readonly tables: number
  readonly pgds: number
  /** Guest virtual pages; the digits of the number, base `entries`, index the tables from the top. */
  readonly gvas: number
  /** Host pages; guest frame g starts on host page g. */
  readonly pfns: number
  /** Cached previous roots per vCPU (KVM_MMU_NUM_PREV_ROOTS is 3). */
  readonly prevRoots: number
  /** CR3 loads left to each vCPU's guest. */
  readonly cr3Loads: number
  /** Which of them guests read and flush; default all. */
  readonly reads?: readonly number[]
  /** The stores to page tables that a guest may make: through which address, to which entry, what. */
  readonly edits: readonly Edit[]
  /** How many of them each guest makes. */
  readonly editsLeft: number
  /** Does the guest write to its data frames? */
  readonly dataWrites: boolean
  /** Through which addresses; default all. */
  readonly writes?: readonly number[]
  /** Stores by instructions that KVM cannot emulate, and how many of them each guest makes. */
  readonly hardStores: readonly HardStore[]
  readonly hardStoresLeft: number
  /** Table frames whose shadow pages have no guest table behind them (direct pages, a passthrough root). */
  readonly withoutGptes: readonly number[]
  /** Does the fault path clear the write-flooding counts, walking the shadow pages without a lock? */
  readonly locklessWalks: boolean
  /** Is a page zapped whose table is written to again and again (write flooding)? */
  readonly writeFlooding: boolean
  /** Are memory barriers steps of their own? */
  readonly barriers: boolean
  /** Has each vCPU's CPU a store buffer (x86-TSO), of one entry? */
  readonly storeBuffers: boolean
  /** Is it remembered that somebody acted on a wrong reading of indirect_shadow_pages? */
  readonly hintHistory: boolean
  /** INVLPG instructions left to each vCPU's guest. */
  readonly invlpgs: number
  /** Threads that zap single pages, as write flooding by another vCPU does. */
  readonly zappers: number
  /** Pages each of them zaps. */
  readonly zaps: number
  /** kvm_mmu_zap_all_fast() calls of the memslot thread. */
  readonly zapAlls: number
  /** May kvm_zap_obsolete_pages() drop mmu_lock between pages? */
  readonly lockBreak: boolean
  /** Memslots that can change; 0: one slot that nobody changes holds all frames. */
  readonly slots: number
  /** The memslot of each guest frame; null: a slot that nobody changes. */
  readonly slotOf: readonly (number | null)[]
  /** How often slot 0 is deleted (0 or 1), which makes SRCU part of the model. */
  readonly slotDeletes: number
  /** How often slot 0 is created (0 or 1); it is not there at the start. */
  readonly slotCreates: number
  /** How often the memory of slot 0 is moved to the frames of slot 1 (0 or 1), which is not there at the start. */
  readonly slotMoves: number
  /** Do accesses to a frame whose slot has gone leave MMIO SPTEs, tagged with the generation of the memslots? */
  readonly slotMmio: boolean
  /** How many generations an MMIO SPTE can tell apart (the real 2^19); 0: so many that they never wrap. */
  readonly mmioGenerations: number
  /** Bits of the generation that say whose it is; with 1 there are two address spaces, and all is about that of SMM. */
  readonly addressSpaceBits: 0 | 1
  /** Is the deleted slot zapped page by page (kvm_mmu_zap_memslot()) instead of everything? */
  readonly preciseZap: boolean
  /** Threads that invalidate host pages through the mmu notifier, how often each, and which frames' pages. */
  readonly notifiers: number
  readonly invalidations: number
  readonly invalidated: readonly number[]
  /** Calls that age host pages, without mmu_lock, and the frames of these. Only faults and zappers heed their locks. */
  readonly agings: number
  readonly aged: readonly number[]
  /** Pages that a shrinker, or the quota, reclaims. */
  readonly reclaims: number
  /** Is it kept track of which pages the guest wrote, in SPTEs and for the host? */
  readonly dirty: boolean
  /** Frames whose memslot has KVM_MEM_LOG_DIRTY_PAGES set, and how often userspace reads and clears the log. */
  readonly logged: readonly number[]
  readonly logPasses: number
  /** Is the log off at the start, for userspace to switch on? Then a fault may have seen the slot without it. */
  readonly enablesLog: boolean
  /** Does reading the log leave it as it is, until userspace clears it (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2)? */
  readonly manualProtect: boolean
  /** Do faults try to give back write permission without mmu_lock? For direct roots only. */
  readonly fastFaults: boolean
  /** Can a huge page be mapped by one SPTE of level 2 when the scenario begins? Faults map small pages only. */
  readonly largeSptes: boolean
  /** pte_list_desc objects, for scenarios in which one can be freed while somebody reads it. */
  readonly descs: number
  /** Level of the root for each page directory, where it is not `levels`. */
  readonly rootLevels: readonly number[]
  /** Entries of PAE roots: root.hpa is then the vCPU's `pae_root`, which no shadow page is behind. 0: none. */
  readonly paeRoots: number
  /** MMUs per vCPU: root_mmu only, or also guest_mmu (TDP is on: direct roots for L1, shadows for L2). */
  readonly mmus: 1 | 2
  /** Does L2 run all the time? All pages are then guest_mode ones. */
  readonly guestMode: boolean
  /** Are L1's page faults, on the direct pages of root_mmu, part of the model? They take mmu_lock for read. */
  readonly tdpFaults: boolean
  /** Do faults on host pages that are swapped out wait for them asynchronously (KVM_ASYNC_PF)? Guests only read then. */
  readonly asyncPf: boolean
  /** The frames whose host page is swapped out at the start. */
  readonly swappedOut: readonly number[]
  /** Does the process end at some time, so that the VM is destroyed? (One vCPU, asynchronous page faults.) */
  readonly vmCloses: boolean
  /** How often L1 runs L2. */
  readonly nestedRuns: number
  /** How often the guest changes CR4.PAE. */
  readonly paeToggles: number
  /**
   * Does it matter that guest tables are reached with different access? It is then part of the role of shadow
   * pages, and the dirty bit of guest entries decides with it what a read may map.
   */
  readonly accessRoles: boolean
  /** Can guest entries of level 2 map huge pages? */
  readonly huge: boolean
  /** Does KVM choose at which level it maps them? Where not, always small. */
  readonly choosesLevel: boolean
  /** Stores to guest tables that KVM never sees (host userspace, DMA), and how many of them are made. */
  readonly external: readonly ExternalEdit[]
  readonly externalLeft: number
  /** The last so many frames have no memslot: accesses to them are MMIO. */
  readonly mmioGfns: number
  /** kvm->arch.n_max_mmu_pages; 0: no quota. */
  readonly quota: number
  /** KVM_PRE_FAULT_MEMORY ioctls that userspace makes for each vCPU. */
  readonly prefaults: number
  /** Does every read access address 0 and then the last one, from the start again after each exit? */
  readonly pairs: boolean
}

/** A guest store to one of its page-table entries: through address `gva`, entry `index` := (to, w). */
export interface Edit {
  readonly gva: number
  readonly index: number
  readonly to: number | null
  readonly w: boolean
  /**
   * The store does not go through `gva` but is emulated, into this table frame, whatever maps it: a vCPU in
   * another address space (L1, writing a table that its nested guest uses) whose instruction KVM emulates.
   */
  readonly emulatedInto?: number
  /** The vCPU that makes it; without, any. */
  readonly by?: number
}

/** A store by an instruction that KVM cannot emulate, through address `gva`, on vCPU `by`. */
export interface HardStore {
  readonly gva: number
  readonly by: number
}

/** Can the guest change its tables or write into them? If not, nobody need watch them. */
export function watched(bounds: Bounds): boolean {
  return bounds.edits.length > 0 || bounds.hardStores.length > 0
}

/** A store to entry `index` of the guest table in frame `table`, by somebody KVM does not know of. */
export interface ExternalEdit {
  readonly table: number
  readonly index: number
  readonly to: number | null
  readonly huge: boolean
}

/** One vCPU, one level, one entry, one data frame, no zapping; scenarios change what they need. */
export const smallest: Bounds = {
  vcpus: 1,
  pages: 2,
  levels: 1,
  entries: 1,
  gfns: 2,
  tables: 1,
  pgds: 1,
  gvas: 1,
  pfns: 2,
  prevRoots: 0,
  cr3Loads: 0,
  edits: [],
  editsLeft: 0,
  dataWrites: false,
  hardStores: [],
  hardStoresLeft: 0,
  withoutGptes: [],
  locklessWalks: false,
  writeFlooding: false,
  barriers: false,
  storeBuffers: false,
  hintHistory: false,
  invlpgs: 0,
  zappers: 0,
  zaps: 0,
  zapAlls: 0,
  lockBreak: false,
  slots: 0,
  slotOf: [],
  slotDeletes: 0,
  slotCreates: 0,
  slotMoves: 0,
  slotMmio: false,
  mmioGenerations: 0,
  addressSpaceBits: 0,
  preciseZap: false,
  notifiers: 0,
  invalidations: 0,
  invalidated: [],
  agings: 0,
  aged: [],
  reclaims: 0,
  dirty: false,
  logged: [],
  logPasses: 0,
  enablesLog: false,
  manualProtect: false,
  fastFaults: false,
  largeSptes: false,
  descs: 0,
  rootLevels: [],
  paeRoots: 0,
  mmus: 1,
  guestMode: false,
  tdpFaults: false,
  asyncPf: false,
  swappedOut: [],
  vmCloses: false,
  nestedRuns: 0,
  paeToggles: 0,
  accessRoles: false,
  huge: false,
  choosesLevel: false,
  external: [],
  externalLeft: 0,
  mmioGfns: 0,
  quota: 0,
  prefaults: 0,
  pairs: false,
}

/** The set of memslots changes, so that vCPUs look slots up and are readers of kvm->srcu. */
export function slots_change(bounds: Bounds): boolean {
  return bounds.slotDeletes + bounds.slotCreates + bounds.slotMoves > 0 || bounds.enablesLog
}

/** A slot goes away, by way of KVM_MEMSLOT_INVALID. */
export function slots_vanish(bounds: Bounds): boolean {
  return bounds.slotDeletes + bounds.slotMoves > 0
}

/** MMIO SPTEs are tagged with the generation of memslots that change. */
export function tags_mmio(bounds: Bounds): boolean {
  return bounds.slotCreates > 0 || bounds.slotMmio
}

/** The largest generation of memslots that can be told from the others. */
export function last_generation(bounds: Bounds): number {
  if (bounds.mmioGenerations > 0) return bounds.mmioGenerations - 1
  // A slot that goes takes two publications.
  return tags_mmio(bounds) ? bounds.slotCreates + 2 * (bounds.slotDeletes + bounds.slotMoves) : 0
}
