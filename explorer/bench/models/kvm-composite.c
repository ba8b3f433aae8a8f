/* The composite of kvm-composite.ts, step for step. Bounds: -DVCPUS=2 -DPAGES=3 -DZAPS=1 -DINVALIDATIONS=1.
 * Roots and translations are numbered from 1; 0 is none. */
#include <stdint.h>

enum { OUTSIDE, IN_GUEST, EXITING };
enum { FREE, ZAPPER, NOTIFIER };
enum { RUN1, FREE1, FREE2, RUN4, RUN5, RUN8, GUEST, CR31, PF1, PF2, PF3 };
enum { ZAP1, ZAP2, ZAP3, ZAP4, ZAP5, ZAP6, ZAP8, ZAP9, ZAP10, ZAP11, ZAP12 };
enum { MN1, MN2, MN4, MN5, MN6, MN7, MN8 };

typedef struct {
  uint8_t pc, mode, free_obsolete_roots, tlb_flush, cr3, drop_root, drop_prev;
  uint8_t root, prev_root, tlb, fault_seq, fault_page;
} Vcpu;

typedef struct {
  uint8_t used, cr3, gen, invalid, root_count, spte;
} Page;

typedef struct {
  Vcpu vcpu[VCPUS];
  Page page[PAGES];
  uint8_t zapper, notifier, mmu_lock, valid_gen, invalidate_in_progress, needs_flush;
  uint8_t invalidate_seq, host_page, zaps_left, invalidations_left;
} State;

#include "search.h"

static void initial(State *s) {
  s->host_page = 1;
  s->zaps_left = ZAPS;
  s->invalidations_left = INVALIDATIONS;
}

static int holds(const State *s) {
  for (int i = 0; i < VCPUS; i++) {
    const Vcpu *v = &s->vcpu[i];
    if (v->pc != GUEST) continue;
    if ((v->tlb != 0 && v->tlb != s->host_page) || !s->page[v->root - 1].used) return 0;
  }
  return 1;
}

static int obsolete(const State *s, int p) {
  return s->page[p].invalid || s->page[p].gen != s->valid_gen;
}

static int root_obsolete(const State *s, int root) { return root != 0 && obsolete(s, root - 1); }

static void free_page(State *n, int p) { n->page[p] = (Page){0}; }

static void release(State *n, int root) {
  Page *page = &n->page[root - 1];
  if (--page->root_count == 0 && page->invalid) free_page(n, root - 1);
}

/* First usable page for a root of `cr3`, else first unused one, else -1. */
static int page_for(const State *s, int cr3) {
  for (int p = 0; p < PAGES; p++)
    if (s->page[p].used && s->page[p].cr3 == cr3 && !obsolete(s, p)) return p;
  for (int p = 0; p < PAGES; p++)
    if (!s->page[p].used) return p;
  return -1;
}

static int first_to_zap(const State *s) {
  for (int p = 0; p < PAGES; p++)
    if (s->page[p].used && !s->page[p].invalid && s->page[p].gen != s->valid_gen) return p;
  return -1;
}

static int first_mapped(const State *s) {
  for (int p = 0; p < PAGES; p++)
    if (s->page[p].spte != 0) return p;
  return -1;
}

static int none_exiting(const State *s) {
  for (int i = 0; i < VCPUS; i++)
    if (s->vcpu[i].mode == EXITING) return 0;
  return 1;
}

static void kick(State *n) {
  for (int i = 0; i < VCPUS; i++)
    if (n->vcpu[i].mode == IN_GUEST) n->vcpu[i].mode = EXITING;
}

static void request_flush(State *n) {
  for (int i = 0; i < VCPUS; i++) n->vcpu[i].tlb_flush = 1;
}

static void request_free(State *n) {
  for (int i = 0; i < VCPUS; i++) n->vcpu[i].free_obsolete_roots = 1;
}

static void drop_roots(State *n, Vcpu *v) {
  if (v->drop_root) {
    release(n, v->root);
    v->root = v->drop_root = 0;
  }
  if (v->drop_prev) {
    release(n, v->prev_root);
    v->prev_root = v->drop_prev = 0;
  }
  v->pc = RUN4;
}

static void load_root(State *n, Vcpu *v, int p) {
  if (!n->page[p].used) {
    n->page[p].used = 1;
    n->page[p].cr3 = v->cr3;
    n->page[p].gen = n->valid_gen;
  }
  n->page[p].root_count++;
  v->root = p + 1;
  v->tlb = 0;
  v->mode = IN_GUEST;
  v->pc = RUN8;
}

static void switch_to_cached(Vcpu *v) {
  uint8_t root = v->root;
  v->root = v->prev_root;
  v->prev_root = root;
  v->cr3 = 1 - v->cr3;
  v->pc = RUN1;
}

static void switch_away(State *n, Vcpu *v) {
  if (v->prev_root != 0) release(n, v->prev_root);
  v->prev_root = v->root;
  v->root = 0;
  v->cr3 = 1 - v->cr3;
  v->pc = RUN1;
}

static void map(State *n, Vcpu *v) {
  int p = v->root - 1;
  if (!obsolete(n, p) && !n->invalidate_in_progress && n->invalidate_seq == v->fault_seq)
    n->page[p].spte = v->fault_page;
  v->fault_seq = v->fault_page = 0;
  v->pc = RUN1;
}

static void zap(State *n, int p) {
  n->page[p].spte = 0;
  if (n->page[p].root_count == 0) free_page(n, p);
  else n->page[p].invalid = 1;
}

static void expand_vcpu(const State *s, int i) {
  const Vcpu *v = &s->vcpu[i];
  const int unlocked = s->mmu_lock == FREE;
#define N n->vcpu[i]
  switch (v->pc) {
    case RUN1:
      STEP(0, v->free_obsolete_roots, (N.free_obsolete_roots = 0, N.pc = FREE1))
      STEP(1, !v->free_obsolete_roots, N.pc = RUN4)
      break;
    case FREE1: {
      const int root = root_obsolete(s, v->root), prev = root_obsolete(s, v->prev_root);
      STEP(2, root || prev, (N.drop_root = root, N.drop_prev = prev, N.pc = FREE2))
      STEP(3, !root && !prev, N.pc = RUN4)
      break;
    }
    case FREE2:
      STEP(4, unlocked, drop_roots(n, &N))
      break;
    case RUN4:
      STEP(5, v->tlb_flush, (N.tlb_flush = 0, N.tlb = 0, N.pc = RUN5))
      STEP(6, !v->tlb_flush, N.pc = RUN5)
      break;
    case RUN5: {
      STEP(7, v->root != 0, (N.mode = IN_GUEST, N.pc = RUN8))
      const int p = v->root == 0 && unlocked ? page_for(s, v->cr3) : -1;
      STEP(8, p >= 0, load_root(n, &N, p))
      break;
    }
    case RUN8: {
      const int back = v->free_obsolete_roots || v->tlb_flush || v->mode == EXITING;
      STEP(9, back, (N.mode = OUTSIDE, N.pc = RUN1))
      STEP(10, !back, N.pc = GUEST)
      break;
    }
    case GUEST: {
      const int spte = s->page[v->root - 1].spte;
      STEP(11, v->tlb == 0 && spte != 0, N.tlb = spte)
      STEP(12, v->tlb == 0 && spte == 0, (N.mode = OUTSIDE, N.pc = PF1))
      STEP(13, v->mode == EXITING, (N.mode = OUTSIDE, N.pc = RUN1))
      STEP(14, 1, (N.mode = OUTSIDE, N.pc = CR31))
      break;
    }
    case CR31: {
      const int cached =
        v->prev_root != 0 && s->page[v->prev_root - 1].cr3 != v->cr3 && !obsolete(s, v->prev_root - 1);
      STEP(15, cached, switch_to_cached(&N))
      STEP(16, !cached && unlocked, switch_away(n, &N))
      break;
    }
    case PF1:
      STEP(17, 1, (N.fault_seq = s->invalidate_seq, N.pc = PF2))
      break;
    case PF2:
      STEP(18, 1, (N.fault_page = s->host_page, N.pc = PF3))
      break;
    case PF3:
      STEP(19, unlocked, map(n, &N))
      break;
  }
#undef N
}

static void expand_zapper(const State *s) {
  const int unlocked = s->mmu_lock == FREE;
  switch (s->zapper) {
    case ZAP1:
      STEP(20, s->zaps_left > 0 && unlocked, (n->zaps_left--, n->mmu_lock = ZAPPER, n->zapper = ZAP2))
      break;
    case ZAP2:
      STEP(21, 1, (n->valid_gen = 1 - s->valid_gen, n->zapper = ZAP3))
      break;
    case ZAP3:
      STEP(22, 1, (request_free(n), n->zapper = ZAP4))
      break;
    case ZAP4:
      STEP(23, 1, (kick(n), n->zapper = ZAP5))
      break;
    case ZAP5:
      STEP(24, none_exiting(s), n->zapper = ZAP6)
      break;
    case ZAP6: {
      const int p = first_to_zap(s);
      STEP(25, p >= 0, zap(n, p))
      STEP(26, p >= 0, (n->mmu_lock = FREE, n->zapper = ZAP8))
      STEP(27, p < 0, n->zapper = ZAP9)
      break;
    }
    case ZAP8:
      STEP(28, unlocked, (n->mmu_lock = ZAPPER, n->zapper = ZAP6))
      break;
    case ZAP9:
      STEP(29, 1, (request_flush(n), n->zapper = ZAP10))
      break;
    case ZAP10:
      STEP(30, 1, (kick(n), n->zapper = ZAP11))
      break;
    case ZAP11:
      STEP(31, none_exiting(s), n->zapper = ZAP12)
      break;
    case ZAP12:
      STEP(32, 1, (n->mmu_lock = FREE, n->zapper = ZAP1))
      break;
  }
}

static void expand_notifier(const State *s) {
  const int unlocked = s->mmu_lock == FREE;
  switch (s->notifier) {
    case MN1:
      STEP(33, s->invalidations_left > 0 && unlocked,
           (n->invalidations_left--, n->mmu_lock = NOTIFIER, n->invalidate_in_progress = 1, n->notifier = MN2))
      break;
    case MN2: {
      const int p = first_mapped(s);
      STEP(34, p >= 0, (n->page[p].spte = 0, n->needs_flush = 1))
      STEP(35, p < 0 && s->needs_flush, (request_flush(n), n->notifier = MN4))
      STEP(36, p < 0 && !s->needs_flush, n->notifier = MN6)
      break;
    }
    case MN4:
      STEP(37, 1, (kick(n), n->notifier = MN5))
      break;
    case MN5:
      STEP(38, none_exiting(s), (n->needs_flush = 0, n->notifier = MN6))
      break;
    case MN6:
      STEP(39, 1, (n->mmu_lock = FREE, n->notifier = MN7))
      break;
    case MN7:
      STEP(40, 1, (n->host_page++, n->notifier = MN8))
      break;
    case MN8:
      STEP(41, unlocked, (n->invalidate_seq++, n->invalidate_in_progress = 0, n->notifier = MN1))
      break;
  }
}

static void expand(const State *s) {
  for (int i = 0; i < VCPUS; i++) expand_vcpu(s, i);
  expand_zapper(s);
  expand_notifier(s);
}
