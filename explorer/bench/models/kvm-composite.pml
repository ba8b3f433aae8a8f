/* The composite of kvm-composite.ts, step for step. Bounds: -DVCPUS=2 -DPAGES=3 -DZAPS=1 -DINVALIDATIONS=1.
 * One d_step is one step there. Roots and translations are numbered from 1; 0 is none. The invariant is
 * asserted in the steps that could break it. */

#if PAGES == 1
#define SOME_PAGE(test) (test(0))
#define FIRST_PAGE(test) 0
#elif PAGES == 2
#define SOME_PAGE(test) (test(0) || test(1))
#define FIRST_PAGE(test) (test(0) -> 0 : 1)
#elif PAGES == 3
#define SOME_PAGE(test) (test(0) || test(1) || test(2))
#define FIRST_PAGE(test) (test(0) -> 0 : (test(1) -> 1 : 2))
#endif
#if VCPUS == 1
#define ALL_VCPUS(test) (test(0))
#define EACH_VCPU(change) change(0)
#elif VCPUS == 2
#define ALL_VCPUS(test) (test(0) && test(1))
#define EACH_VCPU(change) change(0); change(1)
#elif VCPUS == 3
#define ALL_VCPUS(test) (test(0) && test(1) && test(2))
#define EACH_VCPU(change) change(0); change(1); change(2)
#endif

#define OUTSIDE 0
#define IN_GUEST 1
#define EXITING 2
#define FREE 0
#define ZAPPER 1
#define NOTIFIER 2

typedef Vcpu {
  unsigned mode : 2;
  bit freeObsoleteRoots;
  bit tlbFlush;
  bit cr3;
  bit dropRoot;
  bit dropPrev;
  bit guest; /* at GUEST; a function of the program counter */
  unsigned root : 3;
  unsigned prevRoot : 3;
  unsigned tlb : 3;
  unsigned faultSeq : 3;
  unsigned faultPage : 3
}

typedef Page {
  bit used;
  bit cr3;
  bit gen;
  bit invalid;
  unsigned rootCount : 3;
  unsigned spte : 3
}

Vcpu V[VCPUS];
Page page[PAGES];
unsigned mmuLock : 2;
bit validGen;
bit invalidateInProgress;
bit needsFlush;
unsigned invalidateSeq : 3;
unsigned hostPage : 3 = 1;
unsigned zapsLeft : 3 = ZAPS;
unsigned invalidationsLeft : 3 = INVALIDATIONS;
byte p; /* scratch, 0 between steps */

#define SELF V[_pid]
#define UNLOCKED (mmuLock == FREE)
#define OBSOLETE(p) (page[p].invalid || page[p].gen != validGen)
#define ROOT_OBSOLETE(root) (root != 0 && OBSOLETE(root - 1))
#define USABLE(p) (page[p].used && page[p].cr3 == SELF.cr3 && !OBSOLETE(p))
#define UNUSED(p) (!page[p].used)
#define TO_ZAP(p) (page[p].used && !page[p].invalid && page[p].gen != validGen)
#define MAPPED(p) (page[p].spte != 0)
#define NOT_EXITING(v) (V[v].mode != EXITING)
#define LIVE(v) (!V[v].guest || ((V[v].tlb == 0 || V[v].tlb == hostPage) && page[V[v].root - 1].used))

#ifdef NO_INVARIANT
#define CHECK skip
#define CHECK_OWN skip
#else
#define CHECK assert(ALL_VCPUS(LIVE))
#define CHECK_OWN assert((SELF.tlb == 0 || SELF.tlb == hostPage) && page[SELF.root - 1].used)
#endif

inline freePage(q) {
  page[q].used = 0;
  page[q].cr3 = 0;
  page[q].gen = 0;
  page[q].invalid = 0;
  page[q].spte = 0
}

inline release(held) {
  page[held - 1].rootCount--;
  if
  :: page[held - 1].rootCount == 0 && page[held - 1].invalid -> freePage(held - 1)
  :: else
  fi
}

#define REQUEST_FREE(v) V[v].freeObsoleteRoots = 1
#define REQUEST_FLUSH(v) V[v].tlbFlush = 1
#define KICK(v) V[v].mode = (V[v].mode == IN_GUEST -> EXITING : V[v].mode)

active [VCPUS] proctype vcpu() {
RUN1:
  if
  :: d_step { SELF.freeObsoleteRoots -> SELF.freeObsoleteRoots = 0 }; goto FREE1
  :: d_step { !SELF.freeObsoleteRoots -> skip }; goto RUN4
  fi;
FREE1:
  if
  :: d_step {
      (ROOT_OBSOLETE(SELF.root) || ROOT_OBSOLETE(SELF.prevRoot)) ->
      SELF.dropRoot = ROOT_OBSOLETE(SELF.root);
      SELF.dropPrev = ROOT_OBSOLETE(SELF.prevRoot)
    }; goto FREE2
  :: d_step { !(ROOT_OBSOLETE(SELF.root) || ROOT_OBSOLETE(SELF.prevRoot)) -> skip }; goto RUN4
  fi;
FREE2:
  if
  :: d_step {
    UNLOCKED ->
    if
    :: SELF.dropRoot -> release(SELF.root); SELF.root = 0; SELF.dropRoot = 0
    :: else
    fi;
    if
    :: SELF.dropPrev -> release(SELF.prevRoot); SELF.prevRoot = 0; SELF.dropPrev = 0
    :: else
    fi;
    CHECK
  }
  fi;
RUN4:
  if
  :: d_step { SELF.tlbFlush -> SELF.tlbFlush = 0; SELF.tlb = 0 }
  :: d_step { !SELF.tlbFlush -> skip }
  fi;
RUN5:
  if
  :: d_step { SELF.root != 0 -> SELF.mode = IN_GUEST }
  :: d_step {
      SELF.root == 0 && UNLOCKED && (SOME_PAGE(USABLE) || SOME_PAGE(UNUSED)) ->
      if
      :: SOME_PAGE(USABLE) -> p = FIRST_PAGE(USABLE)
      :: else ->
        p = FIRST_PAGE(UNUSED);
        page[p].used = 1;
        page[p].cr3 = SELF.cr3;
        page[p].gen = validGen
      fi;
      page[p].rootCount++;
      SELF.root = p + 1;
      p = 0;
      SELF.tlb = 0;
      SELF.mode = IN_GUEST
    }
  fi;
RUN8:
  if
  :: d_step {
      (SELF.freeObsoleteRoots || SELF.tlbFlush || SELF.mode == EXITING) ->
      SELF.mode = OUTSIDE
    }; goto RUN1
  :: d_step {
      !(SELF.freeObsoleteRoots || SELF.tlbFlush || SELF.mode == EXITING) ->
      SELF.guest = 1;
      CHECK_OWN
    }; goto GUEST
  fi;
GUEST:
  if
  :: d_step {
      SELF.tlb == 0 && page[SELF.root - 1].spte != 0 ->
      SELF.tlb = page[SELF.root - 1].spte;
      CHECK_OWN
    }; goto GUEST
  :: d_step { SELF.tlb == 0 && page[SELF.root - 1].spte == 0 -> SELF.guest = 0; SELF.mode = OUTSIDE }; goto PF1
  :: d_step { SELF.mode == EXITING -> SELF.guest = 0; SELF.mode = OUTSIDE }; goto RUN1
  :: d_step { SELF.guest = 0; SELF.mode = OUTSIDE }; goto CR31
  fi;
CR31:
  if
  :: d_step {
      SELF.prevRoot != 0 && page[SELF.prevRoot - 1].cr3 != SELF.cr3 && !OBSOLETE(SELF.prevRoot - 1) ->
      p = SELF.root;
      SELF.root = SELF.prevRoot;
      SELF.prevRoot = p;
      p = 0;
      SELF.cr3 = 1 - SELF.cr3
    }; goto RUN1
  :: d_step {
      !(SELF.prevRoot != 0 && page[SELF.prevRoot - 1].cr3 != SELF.cr3 && !OBSOLETE(SELF.prevRoot - 1)) && UNLOCKED ->
      if
      :: SELF.prevRoot != 0 -> release(SELF.prevRoot)
      :: else
      fi;
      SELF.prevRoot = SELF.root;
      SELF.root = 0;
      SELF.cr3 = 1 - SELF.cr3;
      CHECK
    }; goto RUN1
  fi;
PF1:
  if
  :: d_step { SELF.faultSeq = invalidateSeq }
  fi;
  d_step { SELF.faultPage = hostPage };
  d_step {
    UNLOCKED ->
    p = SELF.root - 1;
    if
    :: !OBSOLETE(p) && !invalidateInProgress && invalidateSeq == SELF.faultSeq -> page[p].spte = SELF.faultPage
    :: else
    fi;
    p = 0;
    SELF.faultSeq = 0;
    SELF.faultPage = 0
  };
  goto RUN1
}

active proctype zapper() {
endZAP1:
  if
  :: d_step { zapsLeft > 0 && UNLOCKED -> zapsLeft--; mmuLock = ZAPPER }
  fi;
  d_step { validGen = 1 - validGen };
  d_step { EACH_VCPU(REQUEST_FREE) };
  d_step { EACH_VCPU(KICK) };
  d_step { ALL_VCPUS(NOT_EXITING) -> skip };
ZAP6:
  if
  :: d_step {
      SOME_PAGE(TO_ZAP) ->
      p = FIRST_PAGE(TO_ZAP);
      page[p].spte = 0;
      if
      :: page[p].rootCount == 0 -> freePage(p)
      :: else -> page[p].invalid = 1
      fi;
      p = 0;
      CHECK
    }; goto ZAP6
  :: d_step { SOME_PAGE(TO_ZAP) -> mmuLock = FREE }; goto ZAP8
  :: d_step { !SOME_PAGE(TO_ZAP) -> skip }; goto ZAP9
  fi;
ZAP8:
  if
  :: d_step { UNLOCKED -> mmuLock = ZAPPER }
  fi;
  goto ZAP6;
ZAP9:
  if
  :: d_step { EACH_VCPU(REQUEST_FLUSH) }
  fi;
  d_step { EACH_VCPU(KICK) };
  d_step { ALL_VCPUS(NOT_EXITING) -> skip };
  d_step { mmuLock = FREE };
  goto endZAP1
}

active proctype notifier() {
endMN1:
  if
  :: d_step {
    invalidationsLeft > 0 && UNLOCKED ->
    invalidationsLeft--;
    mmuLock = NOTIFIER;
    invalidateInProgress = 1
  }
  fi;
MN2:
  if
  :: d_step {
      SOME_PAGE(MAPPED) ->
      p = FIRST_PAGE(MAPPED);
      page[p].spte = 0;
      p = 0;
      needsFlush = 1
    }; goto MN2
  :: d_step { !SOME_PAGE(MAPPED) && needsFlush -> EACH_VCPU(REQUEST_FLUSH) }; goto MN4
  :: d_step { !SOME_PAGE(MAPPED) && !needsFlush -> skip }; goto MN6
  fi;
MN4:
  if
  :: d_step { EACH_VCPU(KICK) }
  fi;
  d_step { ALL_VCPUS(NOT_EXITING) -> needsFlush = 0 };
MN6:
  if
  :: d_step { mmuLock = FREE }
  fi;
  d_step { hostPage++; CHECK };
  d_step { UNLOCKED -> invalidateSeq++; invalidateInProgress = 0 };
  goto endMN1
}
