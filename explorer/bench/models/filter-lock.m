-- The filter lock of explorer/oracles/filter-lock.ts, step for step. Victims start undefined, which is
-- what "none" is there.

const THREADS: 6;

type
  thread_t: scalarset(THREADS);
  level_t: 0 .. THREADS - 1;

var
  thread: array [thread_t] of record
    pc: enum { RAISE, YIELD, WAIT, UNLOCK };
    level: level_t;
  end;
  victim: array [1 .. THREADS - 1] of thread_t;

function mayPass(me: thread_t): boolean;
begin
  if isundefined(victim[thread[me].level]) | victim[thread[me].level] != me then
    return true;
  end;
  return forall k: thread_t do k = me | thread[k].level < thread[me].level end;
end;

startstate
begin
  for i: thread_t do
    thread[i].pc := RAISE;
    thread[i].level := 0;
  end;
end;

ruleset me: thread_t do
  rule "raise" thread[me].pc = RAISE ==> begin
    thread[me].level := thread[me].level + 1;
    thread[me].pc := YIELD;
  end;
  rule "yield" thread[me].pc = YIELD ==> begin
    victim[thread[me].level] := me;
    thread[me].pc := WAIT;
  end;
  rule "wait" thread[me].pc = WAIT & mayPass(me) ==> begin
    if thread[me].level < THREADS - 1 then
      thread[me].pc := RAISE;
    else
      thread[me].pc := UNLOCK;
    end;
  end;
  rule "unlock" thread[me].pc = UNLOCK ==> begin
    thread[me].level := 0;
    thread[me].pc := RAISE;
  end;
end;

invariant "mutual-exclusion"
  forall i: thread_t do forall j: thread_t do
    thread[i].pc = UNLOCK & thread[j].pc = UNLOCK -> i = j
  end end;
