-- The composite of kvm-composite.ts, step for step: one rule is one case of one step there. Roots and
-- translations are numbered from 1; 0 is none. The benchmark sets the constants and, for runs with
-- symmetry, leaves the vCPUs a scalarset.

const VCPUS: 2;
const PAGES: 3;
const ZAPS: 1;
const INVALIDATIONS: 1;

type
  vcpu_t: scalarset(VCPUS);
  page_t: 0 .. PAGES - 1;
  root_t: 0 .. PAGES;
  translation_t: 0 .. INVALIDATIONS + 1;
  seq_t: 0 .. INVALIDATIONS;
  vcpu_pc_t: enum { RUN1, FREE1, FREE2, RUN4, RUN5, RUN8, GUEST, CR31, PF1, PF2, PF3 };
  zapper_pc_t: enum { ZAP1, ZAP2, ZAP3, ZAP4, ZAP5, ZAP6, ZAP8, ZAP9, ZAP10, ZAP11, ZAP12 };
  notifier_pc_t: enum { MN1, MN2, MN4, MN5, MN6, MN7, MN8 };

var
  vcpu: array [vcpu_t] of record
    pc: vcpu_pc_t;
    mode: enum { OUTSIDE, IN_GUEST, EXITING };
    freeObsoleteRoots: boolean;
    tlbFlush: boolean;
    cr3: 0 .. 1;
    root: root_t;
    prevRoot: root_t;
    dropRoot: boolean;
    dropPrev: boolean;
    tlb: translation_t;
    faultSeq: seq_t;
    faultPage: translation_t;
  end;
  page: array [page_t] of record
    used: boolean;
    cr3: 0 .. 1;
    gen: 0 .. 1;
    invalid: boolean;
    rootCount: 0 .. 2 * VCPUS;
    spte: translation_t;
  end;
  zapper: zapper_pc_t;
  notifier: notifier_pc_t;
  mmuLock: enum { FREE, ZAPPER, NOTIFIER };
  validGen: 0 .. 1;
  invalidateInProgress: boolean;
  invalidateSeq: seq_t;
  hostPage: 1 .. INVALIDATIONS + 1;
  needsFlush: boolean;
  zapsLeft: 0 .. ZAPS;
  invalidationsLeft: 0 .. INVALIDATIONS;

function unlocked(): boolean;
begin
  return mmuLock = FREE;
end;

function obsolete(p: page_t): boolean;
begin
  return page[p].invalid | page[p].gen != validGen;
end;

function rootObsolete(root: root_t): boolean;
begin
  if root = 0 then
    return false;
  end;
  return obsolete(root - 1);
end;

-- The following return 0 for none, else the page's number plus one.
function usableRoot(cr3: 0 .. 1): root_t;
begin
  for p: page_t do
    if page[p].used & page[p].cr3 = cr3 & !obsolete(p) then
      return p + 1;
    end;
  end;
  return 0;
end;

function unusedPage(): root_t;
begin
  for p: page_t do
    if !page[p].used then
      return p + 1;
    end;
  end;
  return 0;
end;

function nextToZap(): root_t;
begin
  for p: page_t do
    if page[p].used & !page[p].invalid & page[p].gen != validGen then
      return p + 1;
    end;
  end;
  return 0;
end;

function nextToUnmap(): root_t;
begin
  for p: page_t do
    if page[p].spte != 0 then
      return p + 1;
    end;
  end;
  return 0;
end;

function allLeft(): boolean;
begin
  return forall v: vcpu_t do vcpu[v].mode != EXITING end;
end;

function prevUsable(v: vcpu_t): boolean;
begin
  if vcpu[v].prevRoot = 0 then
    return false;
  end;
  return page[vcpu[v].prevRoot - 1].cr3 != vcpu[v].cr3 & !obsolete(vcpu[v].prevRoot - 1);
end;

procedure freePage(p: page_t);
begin
  page[p].used := false;
  page[p].cr3 := 0;
  page[p].gen := 0;
  page[p].invalid := false;
  page[p].spte := 0;
end;

procedure release(root: root_t);
begin
  page[root - 1].rootCount := page[root - 1].rootCount - 1;
  if page[root - 1].rootCount = 0 & page[root - 1].invalid then
    freePage(root - 1);
  end;
end;

procedure requestFlush();
begin
  for v: vcpu_t do
    vcpu[v].tlbFlush := true;
  end;
end;

procedure kick();
begin
  for v: vcpu_t do
    if vcpu[v].mode = IN_GUEST then
      vcpu[v].mode := EXITING;
    end;
  end;
end;

startstate
begin
  for v: vcpu_t do
    vcpu[v].pc := RUN1;
    vcpu[v].mode := OUTSIDE;
    vcpu[v].freeObsoleteRoots := false;
    vcpu[v].tlbFlush := false;
    vcpu[v].cr3 := 0;
    vcpu[v].root := 0;
    vcpu[v].prevRoot := 0;
    vcpu[v].dropRoot := false;
    vcpu[v].dropPrev := false;
    vcpu[v].tlb := 0;
    vcpu[v].faultSeq := 0;
    vcpu[v].faultPage := 0;
  end;
  for p: page_t do
    page[p].rootCount := 0;
    freePage(p);
  end;
  zapper := ZAP1;
  notifier := MN1;
  mmuLock := FREE;
  validGen := 0;
  invalidateInProgress := false;
  invalidateSeq := 0;
  hostPage := 1;
  needsFlush := false;
  zapsLeft := ZAPS;
  invalidationsLeft := INVALIDATIONS;
end;

ruleset v: vcpu_t do
  rule "RUN.1 pending" vcpu[v].pc = RUN1 & vcpu[v].freeObsoleteRoots ==> begin
    vcpu[v].freeObsoleteRoots := false;
    vcpu[v].pc := FREE1;
  end;
  rule "RUN.1" vcpu[v].pc = RUN1 & !vcpu[v].freeObsoleteRoots ==> begin
    vcpu[v].pc := RUN4;
  end;
  rule "FREE.1" vcpu[v].pc = FREE1 ==> begin
    if rootObsolete(vcpu[v].root) | rootObsolete(vcpu[v].prevRoot) then
      vcpu[v].dropRoot := rootObsolete(vcpu[v].root);
      vcpu[v].dropPrev := rootObsolete(vcpu[v].prevRoot);
      vcpu[v].pc := FREE2;
    else
      vcpu[v].pc := RUN4;
    end;
  end;
  rule "FREE.2" vcpu[v].pc = FREE2 & unlocked() ==> begin
    if vcpu[v].dropRoot then
      release(vcpu[v].root);
      vcpu[v].root := 0;
      vcpu[v].dropRoot := false;
    end;
    if vcpu[v].dropPrev then
      release(vcpu[v].prevRoot);
      vcpu[v].prevRoot := 0;
      vcpu[v].dropPrev := false;
    end;
    vcpu[v].pc := RUN4;
  end;
  rule "RUN.4" vcpu[v].pc = RUN4 ==> begin
    if vcpu[v].tlbFlush then
      vcpu[v].tlbFlush := false;
      vcpu[v].tlb := 0;
    end;
    vcpu[v].pc := RUN5;
  end;
  rule "RUN.5 cached" vcpu[v].pc = RUN5 & vcpu[v].root != 0 ==> begin
    vcpu[v].mode := IN_GUEST;
    vcpu[v].pc := RUN8;
  end;
  rule "RUN.5 load"
    vcpu[v].pc = RUN5 & vcpu[v].root = 0 & unlocked() & (usableRoot(vcpu[v].cr3) != 0 | unusedPage() != 0) ==>
  var root: root_t;
  begin
    root := usableRoot(vcpu[v].cr3);
    if root = 0 then
      root := unusedPage();
      page[root - 1].used := true;
      page[root - 1].cr3 := vcpu[v].cr3;
      page[root - 1].gen := validGen;
    end;
    page[root - 1].rootCount := page[root - 1].rootCount + 1;
    vcpu[v].root := root;
    vcpu[v].tlb := 0;
    vcpu[v].mode := IN_GUEST;
    vcpu[v].pc := RUN8;
  end;
  rule "RUN.8" vcpu[v].pc = RUN8 ==> begin
    if vcpu[v].freeObsoleteRoots | vcpu[v].tlbFlush | vcpu[v].mode = EXITING then
      vcpu[v].mode := OUTSIDE;
      vcpu[v].pc := RUN1;
    else
      vcpu[v].pc := GUEST;
    end;
  end;
  rule "HW.walk" vcpu[v].pc = GUEST & vcpu[v].tlb = 0 & page[vcpu[v].root - 1].spte != 0 ==> begin
    vcpu[v].tlb := page[vcpu[v].root - 1].spte;
  end;
  rule "HW.fault" vcpu[v].pc = GUEST & vcpu[v].tlb = 0 & page[vcpu[v].root - 1].spte = 0 ==> begin
    vcpu[v].mode := OUTSIDE;
    vcpu[v].pc := PF1;
  end;
  rule "HW.exit" vcpu[v].pc = GUEST & vcpu[v].mode = EXITING ==> begin
    vcpu[v].mode := OUTSIDE;
    vcpu[v].pc := RUN1;
  end;
  rule "HW.cr3" vcpu[v].pc = GUEST ==> begin
    vcpu[v].mode := OUTSIDE;
    vcpu[v].pc := CR31;
  end;
  rule "CR3.1 hit" vcpu[v].pc = CR31 & prevUsable(v) ==>
  var root: root_t;
  begin
    root := vcpu[v].root;
    vcpu[v].root := vcpu[v].prevRoot;
    vcpu[v].prevRoot := root;
    vcpu[v].cr3 := 1 - vcpu[v].cr3;
    vcpu[v].pc := RUN1;
  end;
  rule "CR3.1 miss" vcpu[v].pc = CR31 & !prevUsable(v) & unlocked() ==> begin
    if vcpu[v].prevRoot != 0 then
      release(vcpu[v].prevRoot);
    end;
    vcpu[v].prevRoot := vcpu[v].root;
    vcpu[v].root := 0;
    vcpu[v].cr3 := 1 - vcpu[v].cr3;
    vcpu[v].pc := RUN1;
  end;
  rule "PF.1" vcpu[v].pc = PF1 ==> begin
    vcpu[v].faultSeq := invalidateSeq;
    vcpu[v].pc := PF2;
  end;
  rule "PF.2" vcpu[v].pc = PF2 ==> begin
    vcpu[v].faultPage := hostPage;
    vcpu[v].pc := PF3;
  end;
  rule "PF.3" vcpu[v].pc = PF3 & unlocked() ==> begin
    if !obsolete(vcpu[v].root - 1) & !invalidateInProgress & invalidateSeq = vcpu[v].faultSeq then
      page[vcpu[v].root - 1].spte := vcpu[v].faultPage;
    end;
    vcpu[v].faultSeq := 0;
    vcpu[v].faultPage := 0;
    vcpu[v].pc := RUN1;
  end;
end;

rule "ZAP.1" zapper = ZAP1 & zapsLeft > 0 & unlocked() ==> begin
  zapsLeft := zapsLeft - 1;
  mmuLock := ZAPPER;
  zapper := ZAP2;
end;
rule "ZAP.2" zapper = ZAP2 ==> begin
  validGen := 1 - validGen;
  zapper := ZAP3;
end;
rule "ZAP.3" zapper = ZAP3 ==> begin
  for v: vcpu_t do
    vcpu[v].freeObsoleteRoots := true;
  end;
  zapper := ZAP4;
end;
rule "ZAP.4" zapper = ZAP4 ==> begin
  kick();
  zapper := ZAP5;
end;
rule "ZAP.5" zapper = ZAP5 & allLeft() ==> begin
  zapper := ZAP6;
end;
rule "ZAP.6 zap" zapper = ZAP6 & nextToZap() != 0 ==>
var root: root_t;
begin
  root := nextToZap();
  page[root - 1].spte := 0;
  if page[root - 1].rootCount = 0 then
    freePage(root - 1);
  else
    page[root - 1].invalid := true;
  end;
end;
rule "ZAP.6 break" zapper = ZAP6 & nextToZap() != 0 ==> begin
  mmuLock := FREE;
  zapper := ZAP8;
end;
rule "ZAP.6 end" zapper = ZAP6 & nextToZap() = 0 ==> begin
  zapper := ZAP9;
end;
rule "ZAP.8" zapper = ZAP8 & unlocked() ==> begin
  mmuLock := ZAPPER;
  zapper := ZAP6;
end;
rule "ZAP.9" zapper = ZAP9 ==> begin
  requestFlush();
  zapper := ZAP10;
end;
rule "ZAP.10" zapper = ZAP10 ==> begin
  kick();
  zapper := ZAP11;
end;
rule "ZAP.11" zapper = ZAP11 & allLeft() ==> begin
  zapper := ZAP12;
end;
rule "ZAP.12" zapper = ZAP12 ==> begin
  mmuLock := FREE;
  zapper := ZAP1;
end;

rule "MN.1" notifier = MN1 & invalidationsLeft > 0 & unlocked() ==> begin
  invalidationsLeft := invalidationsLeft - 1;
  mmuLock := NOTIFIER;
  invalidateInProgress := true;
  notifier := MN2;
end;
rule "MN.2" notifier = MN2 ==>
var root: root_t;
begin
  root := nextToUnmap();
  if root != 0 then
    page[root - 1].spte := 0;
    needsFlush := true;
  elsif needsFlush then
    requestFlush();
    notifier := MN4;
  else
    notifier := MN6;
  end;
end;
rule "MN.4" notifier = MN4 ==> begin
  kick();
  notifier := MN5;
end;
rule "MN.5" notifier = MN5 & allLeft() ==> begin
  needsFlush := false;
  notifier := MN6;
end;
rule "MN.6" notifier = MN6 ==> begin
  mmuLock := FREE;
  notifier := MN7;
end;
rule "MN.7" notifier = MN7 ==> begin
  hostPage := hostPage + 1;
  notifier := MN8;
end;
rule "MN.8" notifier = MN8 & unlocked() ==> begin
  invalidateSeq := invalidateSeq + 1;
  invalidateInProgress := false;
  notifier := MN1;
end;

invariant "guest-sees-live-pages"
  forall v: vcpu_t do
    vcpu[v].pc = GUEST ->
      (vcpu[v].tlb = 0 | vcpu[v].tlb = hostPage) & page[vcpu[v].root - 1].used
  end;
