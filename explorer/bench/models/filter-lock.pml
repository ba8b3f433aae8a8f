/* The filter lock of explorer/oracles/filter-lock.ts, step for step. Bounds: -DTHREADS=6. Victims are
 * numbered from 1; 0 is none. Mutual exclusion is asserted in the step that enters. */

#define TOP (THREADS - 1)
#define ME _pid

byte level[THREADS];
byte victim[TOP];
byte holders; /* threads at "unlock"; a function of the program counters */

#define BELOW(k) (ME == k || level[k] < level[ME])
#if THREADS == 3
#define ALL_BELOW (BELOW(0) && BELOW(1) && BELOW(2))
#elif THREADS == 4
#define ALL_BELOW (BELOW(0) && BELOW(1) && BELOW(2) && BELOW(3))
#elif THREADS == 6
#define ALL_BELOW (BELOW(0) && BELOW(1) && BELOW(2) && BELOW(3) && BELOW(4) && BELOW(5))
#endif
#define MAY_PASS (victim[level[ME] - 1] != ME + 1 || ALL_BELOW)

#ifdef NO_INVARIANT
#define CHECK skip
#else
#define CHECK assert(holders <= 1)
#endif

active [THREADS] proctype thread() {
RAISE:
  if
  :: d_step { level[ME]++ }
  fi;
  d_step { victim[level[ME] - 1] = ME + 1 };
  if
  :: d_step { MAY_PASS && level[ME] < TOP -> skip }; goto RAISE
  :: d_step { MAY_PASS && level[ME] == TOP -> holders++; CHECK }
  fi;
  d_step { level[ME] = 0; holders-- };
  goto RAISE
}
