-- Two-phase commit of explorer/oracles/two-phase.ts, step for step.

const RMS: 7;

type
  rm_t: scalarset(RMS);

var
  rmState: array [rm_t] of enum { WORKING, PREPARED, COMMITTED, ABORTED };
  tmState: enum { INIT, TM_COMMITTED, TM_ABORTED };
  tmPrepared: array [rm_t] of boolean;
  prepared: array [rm_t] of boolean;
  commitSent: boolean;
  abortSent: boolean;

startstate
begin
  for r: rm_t do
    rmState[r] := WORKING;
    tmPrepared[r] := false;
    prepared[r] := false;
  end;
  tmState := INIT;
  commitSent := false;
  abortSent := false;
end;

ruleset r: rm_t do
  rule "prepare" rmState[r] = WORKING ==> begin
    rmState[r] := PREPARED;
    prepared[r] := true;
  end;
  rule "choose to abort" rmState[r] = WORKING ==> begin
    rmState[r] := ABORTED;
  end;
  rule "receive commit" commitSent ==> begin
    rmState[r] := COMMITTED;
  end;
  rule "receive abort" abortSent ==> begin
    rmState[r] := ABORTED;
  end;
  rule "receive prepared" tmState = INIT & prepared[r] ==> begin
    tmPrepared[r] := true;
  end;
end;

rule "commit" tmState = INIT & forall r: rm_t do tmPrepared[r] end ==> begin
  tmState := TM_COMMITTED;
  commitSent := true;
end;

rule "abort" tmState = INIT ==> begin
  tmState := TM_ABORTED;
  abortSent := true;
end;

invariant "consistent"
  forall i: rm_t do forall j: rm_t do
    !(rmState[i] = COMMITTED & rmState[j] = ABORTED)
  end end;
