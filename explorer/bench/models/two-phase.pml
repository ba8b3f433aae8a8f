/* Two-phase commit of explorer/oracles/two-phase.ts, step for step. Bounds: -DRMS=7. Sets of resource
 * managers are bit masks; `committed` and `aborted` repeat rmState for a cheap assertion. */

#define WORKING 0
#define PREPARED 1
#define COMMITTED 2
#define ABORTED 3
#define INIT 0
#define ALL ((1 << RMS) - 1)
#define ME (1 << _pid)

byte rmState[RMS];
byte tmState;
short tmPrepared;
short prepared;
short committed;
short aborted;
bit commitSent;
bit abortSent;

#ifdef NO_INVARIANT
#define CHECK skip
#else
#define CHECK assert(committed == 0 || aborted == 0)
#endif

active [RMS] proctype rm() {
end:
  do
  :: d_step { rmState[_pid] == WORKING -> rmState[_pid] = PREPARED; prepared = prepared | ME }
  :: d_step { rmState[_pid] == WORKING -> rmState[_pid] = ABORTED; aborted = aborted | ME; CHECK }
  :: d_step { commitSent -> rmState[_pid] = COMMITTED; committed = committed | ME; CHECK }
  :: d_step { abortSent -> rmState[_pid] = ABORTED; aborted = aborted | ME; CHECK }
  :: d_step { tmState == INIT && (prepared & ME) -> tmPrepared = tmPrepared | ME }
  od
}

active proctype tm() {
end:
  do
  :: d_step { tmState == INIT && tmPrepared == ALL -> tmState = COMMITTED; commitSent = 1 }
  :: d_step { tmState == INIT -> tmState = ABORTED; abortSent = 1 }
  od
}
