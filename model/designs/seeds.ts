/** A cell of the table that is evidence for an answer. */
export interface Evidence {
  readonly design: string
  readonly scenario: string
  readonly property: string
}

/**
 * A design question from the mailing list that the model was built to answer. The answer is in words; the
 * evidence is searched anew whenever it is shown.
 */
export interface Seed {
  readonly id: string
  readonly aliases: readonly string[]
  /** Subject and date of the mail. */
  readonly title: string
  readonly question: string
  readonly answer: string
  readonly evidence: readonly Evidence[]
}

/** The questions, in the order of listings. */
export const seeds: readonly Seed[] = [
  {
    id: 'seed-000',
    aliases: [],
    title: 'KVM: x86/mmu: Clean up indirect_shadow_pages usage (February 2024)',
    question:
      'When an instruction that hit a write-protected frame cannot be emulated, must KVM hold mmu_lock to ask whether any page table is shadowed at all? And is the same question safe without the lock where a store is emulated?',
    answer:
      'No for the first: mmu_lock is dropped between asking and unprotecting in any case, so a wrong answer costs a needless lock or one more fault and no safety property depends on it. Since v6.12 the retry is spent once, so interference that used to cost a fault can end in an emulation failure that userspace sees. For emulated stores the answer does matter: a missed page keeps a stale SPTE for ever. Sequential consistency hides that; with store buffers it takes a full barrier on both sides, and the creator needs its own after the increment, not before as mailed.',
    evidence: [
      { design: 'H0', scenario: 'unprotect-retry', property: 'no-needless-lock' },
      { design: 'H1', scenario: 'unprotect-retry', property: 'no-needless-lock' },
      { design: 'H2', scenario: 'unprotect-retry', property: 'no-use-after-free' },
      {
        design: 'upstream',
        scenario: 'unprotect-retry',
        property: 'emulation-fails-only-when-shadowed-again',
      },
      { design: 'H2', scenario: 'wrong-hint-of-a-retry', property: 'wrong-hint-costs-only-time' },
      { design: 'W0', scenario: 'track-write-barrier', property: 'synced-page-agrees' },
      { design: 'W1', scenario: 'track-write-barrier', property: 'synced-page-agrees' },
      { design: 'W3', scenario: 'track-write-barrier', property: 'synced-page-agrees' },
      { design: 'upstream', scenario: 'track-write-barrier', property: 'synced-page-agrees' },
    ],
  },
  {
    id: 'seed-001',
    aliases: [],
    title: 'KVM: MMU: fast invalid all shadow pages, v3 12/15 (April 2013)',
    question:
      'All shadow pages are to be thrown away because a memslot goes. Who removes which rmap entries, under which lock, and when may pages and rmap arrays be freed? Can obsolete pages skip their rmaps, since those die as well?',
    answer:
      'They cannot. A page that maps frames of two slots leaves a pointer to freed memory on the rmap of the slot that stays, and until the second grace period notifiers still walk the rmaps of the slot that goes. Leaving the dying slot out in the notifiers as well is worse: the host takes a page away while a running vCPU still maps it. Resetting all rmaps at once is safe when the reload has been waited for before mmu_lock is dropped, but loses dirty bits. What was merged in v3.11 removes every entry under mmu_lock, from the oldest page on, and may drop the lock between pages because the obsolete ones only become fewer.',
    evidence: [
      { design: 'D2-skip', scenario: 'slot-delete', property: 'no-freed-spte-on-rmap' },
      { design: 'D2-sel', scenario: 'slot-delete', property: 'no-freed-spte-on-rmap' },
      { design: 'D2-selskip', scenario: 'slot-delete', property: 'no-mapping-of-a-lost-page' },
      { design: 'D1', scenario: 'slot-delete', property: 'no-dirty-page-lost' },
      { design: 'B9', scenario: 'slot-delete', property: 'no-mapping-of-a-lost-page' },
      { design: 'D3', scenario: 'slot-delete', property: 'no-freed-spte-on-rmap' },
      { design: 'D3', scenario: 'slot-delete', property: 'no-mapping-of-a-lost-page' },
      { design: 'D3', scenario: 'zap-termination', property: 'zap-all-terminates' },
    ],
  },
  {
    id: 'seed-002',
    aliases: [],
    title: 'KVM: x86/mmu: Zap only obsolete roots if a root shadow page is zapped (December 2021)',
    question:
      'When one root is zapped, how do vCPUs learn which of their cached roots to drop, and in which order are the mark and the request made?',
    answer:
      'Mark first, request second, both under mmu_lock, and test each cached root by itself. The mail tests the current root for every previous one; that shipped in v5.18. With a CR3 switch at the right moment and a zap of everything that drops mmu_lock, a guest then runs on an obsolete root with nothing pending, and takes the same page fault for ever. Requesting before marking fails in the same way, unless roots are tested under mmu_lock. Dropping all roots, as before, is safe and costs every vCPU its good roots.',
    evidence: [
      { design: 'R1', scenario: 'roots-zap-all', property: 'no-stale-root-used' },
      { design: 'R1', scenario: 'roots-zap-all', property: 'every-access-can-finish' },
      { design: 'R2', scenario: 'roots-zap-all', property: 'no-stale-root-used' },
      { design: 'R3', scenario: 'roots-zap-one', property: 'no-stale-root-used' },
      { design: 'R4', scenario: 'roots-zap-one', property: 'no-stale-root-used' },
      { design: 'R0', scenario: 'roots-zap-one', property: 'only-obsolete-roots-freed' },
    ],
  },
  {
    id: 'seed-004',
    aliases: [],
    title: 'x86/kvm/mmu: make mmu->prev_roots cache work for NPT case (March 2019)',
    question:
      'A direct root never hits in the cache, because its key is stored without the PAE bit and looked up with it. Where should the bit go?',
    answer:
      'Into neither key of a page, and into the key of the context. Stored without and looked up with it, the cache always misses: slow, not unsafe. Kept in both, as the mail proposes, it hits, but builds a second page for the same direct memory whenever PAE differs. The merged rename to the size of a guest entry, canonical for direct pages, has both right and loses something else: a 32-bit guest that toggles PAE keeps a context set up for the other format. The follow-up puts the bit into the extended role of the context.',
    evidence: [
      { design: 'K1', scenario: 'role-cache', property: 'cached-root-is-found' },
      { design: 'K2', scenario: 'role-cache', property: 'cached-root-is-found' },
      { design: 'K3', scenario: 'role-cache', property: 'one-page-per-key' },
      { design: 'K4', scenario: 'role-cache', property: 'context-fits-the-guest' },
      { design: 'K5', scenario: 'role-cache', property: 'context-fits-the-guest' },
      { design: 'K5', scenario: 'role-cache', property: 'cached-root-is-found' },
    ],
  },
]
