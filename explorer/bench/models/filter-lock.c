/* The filter lock of explorer/oracles/filter-lock.ts, step for step. Bounds: -DTHREADS=6. Victims are numbered
 * from 1; 0 is none. */
#include <stdint.h>

enum { TOP = THREADS - 1 };
enum { RAISE, YIELD, WAIT, UNLOCK };

typedef struct {
  uint8_t pc[THREADS], level[THREADS], victim[TOP];
} State;

#include "search.h"

static void initial(State *s) { (void)s; }

static int holds(const State *s) {
  int holders = 0;
  for (int i = 0; i < THREADS; i++) holders += s->pc[i] == UNLOCK;
  return holders <= 1;
}

static int may_pass(const State *s, int i) {
  if (s->victim[s->level[i] - 1] != i + 1) return 1;
  for (int k = 0; k < THREADS; k++)
    if (k != i && s->level[k] >= s->level[i]) return 0;
  return 1;
}

static void expand(const State *s) {
  for (int i = 0; i < THREADS; i++) {
    switch (s->pc[i]) {
      case RAISE:
        STEP(0, 1, (n->level[i]++, n->pc[i] = YIELD))
        break;
      case YIELD:
        STEP(1, 1, (n->victim[s->level[i] - 1] = i + 1, n->pc[i] = WAIT))
        break;
      case WAIT:
        STEP(2, may_pass(s, i), n->pc[i] = s->level[i] < TOP ? RAISE : UNLOCK)
        break;
      case UNLOCK:
        STEP(3, 1, (n->level[i] = 0, n->pc[i] = RAISE))
        break;
    }
  }
}
