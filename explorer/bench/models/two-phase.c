/* Two-phase commit of explorer/oracles/two-phase.ts, step for step. Bounds: -DRMS=7. Sets of resource
 * managers are bit masks. */
#include <stdint.h>

enum { WORKING, PREPARED, COMMITTED, ABORTED };
enum { INIT };
enum { ALL = (1 << RMS) - 1 };

typedef struct {
  uint8_t rm_state[RMS];
  uint8_t tm_state, commit_sent, abort_sent;
  uint16_t tm_prepared, prepared;
} State;

#include "search.h"

static void initial(State *s) { (void)s; }

static int holds(const State *s) {
  int committed = 0, aborted = 0;
  for (int i = 0; i < RMS; i++) {
    committed |= s->rm_state[i] == COMMITTED;
    aborted |= s->rm_state[i] == ABORTED;
  }
  return !(committed && aborted);
}

static void expand(const State *s) {
  for (int i = 0; i < RMS; i++) {
    STEP(0, s->rm_state[i] == WORKING, (n->rm_state[i] = PREPARED, n->prepared |= 1 << i))
    STEP(1, s->rm_state[i] == WORKING, n->rm_state[i] = ABORTED)
    STEP(2, s->commit_sent, n->rm_state[i] = COMMITTED)
    STEP(3, s->abort_sent, n->rm_state[i] = ABORTED)
    STEP(4, s->tm_state == INIT && (s->prepared >> i & 1), n->tm_prepared |= 1 << i)
  }
  STEP(5, s->tm_state == INIT && s->tm_prepared == ALL, (n->tm_state = COMMITTED, n->commit_sent = 1))
  STEP(6, s->tm_state == INIT, (n->tm_state = ABORTED, n->abort_sent = 1))
}
