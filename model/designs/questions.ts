/** A verdict that supports an answer: of one property, for one design in one scenario. */
export interface Evidence {
  readonly design: string
  readonly scenario: string
  readonly property: string
}

/**
 * A design question from the mailing list that the model was built to answer. The evidence is searched again
 * whenever the answer is shown.
 */
export interface Question {
  readonly id: string
  readonly aliases: readonly string[]
  /** Subject and date of the mail. */
  readonly title: string
  readonly question: string
  readonly answer: string
  readonly evidence: readonly Evidence[]
}

/** The questions, in the order of listings. */
export const questions: readonly Question[] = [
  {
    id: 'seed-000',
    aliases: [],
    title: 'KVM: x86/mmu: Clean up indirect_shadow_pages usage (February 2024)',
    question:
      'If an instruction that hit a write-protected gfn cannot be emulated, must KVM hold mmu_lock to read indirect_shadow_pages before it unprotects the gfn? And is it safe to read indirect_shadow_pages without the lock when a store is emulated?',
    answer:
      'First question: no. mmu_lock is dropped between the read and the unprotect anyway, so a wrong value costs a needless lock or one more fault, and no safety property depends on it: a page that was missed is unprotected at the next fault, or something else zaps it first. Since v6.12 there is only one retry, and it can be spent on a wrong reading: then the next fault ends in an emulation failure that userspace sees. Second question: only with full barriers on both sides. A missed page keeps a stale SPTE forever. Sequential consistency hides that; with store buffers, account_shadowed() needs its barrier after the increment, not before it as mailed.',
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
      { design: 'H2', scenario: 'wrong-hint-of-a-retry', property: 'wrong-hint-costs-one-fault' },
      { design: 'H2', scenario: 'wrong-hint-of-a-retry', property: 'wrong-hint-is-repaired' },
      { design: 'H2', scenario: 'wrong-hint-of-a-retry', property: 'missed-gfn-is-zapped-by-others' },
      {
        design: 'upstream',
        scenario: 'wrong-hint-of-a-retry',
        property: 'wrong-hint-ends-in-an-emulation-failure',
      },
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
      'All shadow pages are zapped because a memslot is deleted. Who removes which rmap entries, under which lock, and when may the pages and the rmap arrays be freed? Can obsolete pages skip removal from their rmaps, since those are freed as well?',
    answer:
      'They cannot. A page that maps gfns of two slots leaves a pointer to freed memory on an rmap of the slot that stays, and until the second grace period notifiers still walk the rmaps of the slot that is deleted. Skipping that slot in notifiers as well is worse: the host takes a page away while a running vCPU still maps it. Resetting all rmaps at once is safe if KVM waits for the reload before it drops mmu_lock, but it loses dirty bits. The version merged in v3.11 removes every entry under mmu_lock, starting from the oldest page, and may drop the lock between pages because the number of obsolete pages only decreases.',
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
      'When one root is zapped, how do vCPUs learn which of their cached roots to drop, and must the root be marked invalid before the request is sent?',
    answer:
      'Mark first, request second, both under mmu_lock, and test each cached root by itself. The mail tests the current root in place of each previous one; that shipped in v5.18. With a CR3 switch at the right moment and a zap of everything that drops mmu_lock, a vCPU then runs on an obsolete root with no request pending and takes the same page fault forever. Sending the request before marking the root fails in the same way, unless roots are tested under mmu_lock. Dropping all roots, as before, is safe but costs every vCPU its valid roots.',
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
    id: 'seed-003',
    aliases: [],
    title: 'Re: [PATCH v3 5/7] KVM: x86: Participate in bitmap-based PTE aging (April 2024)',
    question:
      'The patch ages TDP SPTEs without mmu_lock, but not rmaps. What does a call report once L1 has run a nested guest, so that memslots have rmaps? The first mail objects that MGLRU would be blind to all accesses of such a VM. This mail withdraws the objection: args.unreliable only makes the notifier return 0 instead of MMU_NOTIFIER_YOUNG_FAST. A later mail withdraws the withdrawal.',
    answer:
      'The withdrawal is wrong, and the objection is half right. With a bitmap, the notifier returns MMU_NOTIFIER_YOUNG_BITMAP_UNRELIABLE; the walk that ages pages ignores the value and reads an empty bitmap, so it misses even the accesses of L1. Without a bitmap, the notifier does not return 0 either: it asks again under mmu_lock. The check before eviction is therefore exact, as long as the page is in one memslot. If the notifier returned 0, as the mail says, pages that both L1 and L2 use would be evicted. The thread does not mention a page in two memslots or address spaces, as with SMM: the pass without mmu_lock clears A in the first, L1 runs L2, the second is unreliable, and the pass under mmu_lock finds A clear everywhere. The access is consumed, and the page is reported as not young. v2 has the same flaw; keeping what the first pass found fixes it. Of the two proposals in the thread, mmu_lock around the rmaps alone is exact; a test for rmaps in kvm_arch_prepare_bitmap_age() is not safe, because L1 may run L2 after the test, and the rmaps are then walked without any lock. The next versions drop the bitmap; in v5 to v7 the walk asks for a fast answer that leaves rmaps out, so it knowingly misses what L2 accesses. The merged code (v6.15) walks rmaps under a lock bit and gives every caller the whole answer. It had a use after free, because it read the head of the rmap again without the lock (rmap-head-read-again; not in v7.2), and may have changed frozen SPTEs (frozen-spte-aged, a candidate; not in v7.2).',
    evidence: [
      {
        design: 'bitmap-aging-returns-0',
        scenario: 'nested-aging-one-slot',
        property: 'access-is-seen-before-eviction',
      },
      {
        design: 'bitmap-aging',
        scenario: 'nested-aging-one-slot',
        property: 'access-is-seen-before-eviction',
      },
      { design: 'bitmap-aging', scenario: 'nested-aging-one-slot', property: 'access-is-seen-by-the-walk' },
      {
        design: 'bitmap-aging-asks-again',
        scenario: 'nested-aging-one-slot',
        property: 'access-is-seen-by-the-walk',
      },
      { design: 'bitmap-aging', scenario: 'nested-aging', property: 'no-access-consumed-in-silence' },
      { design: 'bitmap-aging', scenario: 'nested-aging', property: 'access-is-seen-before-eviction' },
      {
        design: 'bitmap-aging-stops-at-rmaps',
        scenario: 'nested-aging',
        property: 'no-access-consumed-in-silence',
      },
      {
        design: 'bitmap-aging-keeps-young',
        scenario: 'nested-aging',
        property: 'no-access-consumed-in-silence',
      },
      {
        design: 'rmaps-aged-under-mmu-lock',
        scenario: 'nested-aging',
        property: 'access-is-seen-by-the-walk',
      },
      { design: 'rmaps-tested-in-advance', scenario: 'nested-aging', property: 'rmap-is-aged-under-a-lock' },
      { design: 'aging-fast-only', scenario: 'nested-aging', property: 'access-is-seen-by-the-walk' },
      { design: 'aging-fast-only', scenario: 'nested-aging', property: 'access-is-seen-before-eviction' },
      { design: 'upstream', scenario: 'nested-aging', property: 'no-access-consumed-in-silence' },
      { design: 'upstream', scenario: 'nested-aging', property: 'access-is-seen-by-the-walk' },
      { design: 'rmap-head-read-again', scenario: 'aging-rmap', property: 'no-use-after-free' },
    ],
  },
  {
    id: 'seed-004',
    aliases: [],
    title: 'x86/kvm/mmu: make mmu->prev_roots cache work for NPT case (March 2019)',
    question:
      'A direct root is never found in the cache, because its role is stored without the PAE bit and looked up with it. Where does the bit belong?',
    answer:
      'Not in the role of direct pages, but in the role of the context. If the bit is stored without and looked up with it, the cache always misses: slow, but not unsafe. If it is kept in both, as the mail proposes, the cache hits, but KVM builds a second page for the same direct memory whenever PAE differs. The merged patch renames the bit to the gPTE size and makes it canonical for direct pages. That fixes both, but a 32-bit guest that toggles PAE keeps a context for the other format. The follow-up puts the bit into the extended role of the context.',
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
