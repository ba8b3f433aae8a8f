import type { Patch } from '../../../model/language/patch.ts'
import { choice, program, step } from '../../../model/language/program.ts'
import type { Property } from '../../../model/language/property.ts'
import {
  array,
  flag,
  oneOf,
  range,
  type Sort,
  sort,
  struct,
  type View,
} from '../../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../../model/language/system.ts'

/** Bounds of the composite. */
export interface KvmBounds {
  readonly vcpus: number
  /** Shadow root pages in the pool. */
  readonly pages: number
  /** Times all roots are zapped. */
  readonly zaps: number
  /** Times the host page under the guest page is replaced. */
  readonly invalidations: number
}

/** No root, no page. */
const NONE = -1
/** No translation; host pages are numbered from 1. */
const NOT_PRESENT = 0

function worldOf({ vcpus, pages, zaps, invalidations }: KvmBounds, vcpuIds: Sort) {
  const page = range(NONE, pages - 1)
  const translation = range(NOT_PRESENT, invalidations + 1)
  return struct({
    vcpu: array(
      vcpuIds,
      struct({
        mode: oneOf('outside', 'in-guest', 'exiting'),
        freeObsoleteRoots: flag,
        tlbFlush: flag,
        cr3: range(0, 1),
        root: page,
        prevRoot: page,
        dropRoot: flag,
        dropPrev: flag,
        tlb: translation,
        faultSeq: range(0, invalidations),
        faultPage: translation,
      }),
    ),
    page: array(
      pages,
      struct({
        used: flag,
        cr3: range(0, 1),
        gen: range(0, 1),
        invalid: flag,
        rootCount: range(0, 2 * vcpus),
        spte: translation,
      }),
    ),
    mmuLock: oneOf('free', 'zapper', 'notifier'),
    validGen: range(0, 1),
    invalidateInProgress: flag,
    invalidateSeq: range(0, invalidations),
    hostPage: range(1, invalidations + 1),
    needsFlush: flag,
    zapsLeft: range(0, zaps),
    invalidationsLeft: range(0, invalidations),
  })
}

type World = View<ReturnType<typeof worldOf>>
type Vcpu = World['vcpu'][number]
type Page = World['page'][number]

const isObsolete = (w: World, page: Page): boolean => page.invalid || page.gen !== w.validGen
const locked = (w: World): boolean => w.mmuLock !== 'free'

function free(page: Page): void {
  page.used = false
  page.cr3 = 0
  page.gen = 0
  page.invalid = false
  page.spte = NOT_PRESENT
}

/** Gives up one reference; a zapped page goes with its last one. */
function release(w: World, p: number): void {
  const page = w.page[p]
  page.rootCount--
  if (page.rootCount === 0 && page.invalid) free(page)
}

function findPage(w: World, wanted: (page: Page) => boolean): number {
  for (let p = 0; p < w.page.length; p++) if (wanted(w.page[p])) return p
  return NONE
}

const usableRoot = (w: World, cr3: number): number =>
  findPage(w, (page) => page.used && page.cr3 === cr3 && !isObsolete(w, page))

const unusedPage = (w: World): number => findPage(w, (page) => !page.used)

/** `kvm_mmu_load`: takes the page that shadows this CR3, or a fresh one, and flushes the current context. */
function loadRoot(w: World, vcpu: Vcpu): void {
  let p = usableRoot(w, vcpu.cr3)
  if (p === NONE) {
    p = unusedPage(w)
    w.page[p].used = true
    w.page[p].cr3 = vcpu.cr3
    w.page[p].gen = w.validGen
  }
  w.page[p].rootCount++
  vcpu.root = p
  vcpu.tlb = NOT_PRESENT
}

/** Zaps a page; one that a vCPU still has as a root only becomes invalid. */
function zap(page: Page): void {
  page.spte = NOT_PRESENT
  if (page.rootCount === 0) free(page)
  else page.invalid = true
}

const enterGuestMode = (vcpu: Vcpu): void => {
  vcpu.mode = 'in-guest'
}

const leaveGuest = (vcpu: Vcpu): void => {
  vcpu.mode = 'outside'
}

const vcpu = program<World>('vcpu', 'the vCPU run loop and, in guest mode, the hardware walker', [
  step('RUN.1', { fn: 'vcpu_enter_guest' }, [
    {
      when: (w, v) => w.vcpu[v].freeObsoleteRoots,
      does: (w, v) => {
        w.vcpu[v].freeObsoleteRoots = false
      },
      to: 'FREE.1',
    },
    { to: 'RUN.4' },
  ]),
  step('FREE.1', { fn: 'kvm_mmu_free_obsolete_roots' }, [
    {
      when: (w, v) => hasObsolete(w, w.vcpu[v].root) || hasObsolete(w, w.vcpu[v].prevRoot),
      does: (w, v) => {
        w.vcpu[v].dropRoot = hasObsolete(w, w.vcpu[v].root)
        w.vcpu[v].dropPrev = hasObsolete(w, w.vcpu[v].prevRoot)
      },
    },
    { to: 'RUN.4' },
  ]),
  step('FREE.2', { fn: 'kvm_mmu_free_roots' }, { when: (w) => !locked(w), does: freeDropped }),
  step('RUN.4', { fn: 'kvm_vcpu_flush_tlb_all' }, [
    {
      when: (w, v) => w.vcpu[v].tlbFlush,
      does: (w, v) => {
        w.vcpu[v].tlbFlush = false
        w.vcpu[v].tlb = NOT_PRESENT
      },
    },
    {},
  ]),
  step('RUN.5', { fn: 'kvm_mmu_reload' }, [
    { when: (w, v) => w.vcpu[v].root !== NONE, does: (w, v) => enterGuestMode(w.vcpu[v]) },
    {
      when: (w, v) => !locked(w) && (usableRoot(w, w.vcpu[v].cr3) !== NONE || unusedPage(w) !== NONE),
      does: (w, v) => {
        loadRoot(w, w.vcpu[v])
        enterGuestMode(w.vcpu[v])
      },
    },
  ]),
  step('RUN.8', { fn: 'kvm_vcpu_exit_request' }, [
    {
      when: (w, v) => w.vcpu[v].freeObsoleteRoots || w.vcpu[v].tlbFlush || w.vcpu[v].mode === 'exiting',
      does: (w, v) => leaveGuest(w.vcpu[v]),
      to: 'RUN.1',
    },
    {},
  ]),
  choice('GUEST', [
    step(
      'HW.walk',
      {},
      {
        when: (w, v) => w.vcpu[v].tlb === NOT_PRESENT && w.page[w.vcpu[v].root].spte !== NOT_PRESENT,
        does: (w, v) => {
          w.vcpu[v].tlb = w.page[w.vcpu[v].root].spte
        },
        to: 'GUEST',
      },
    ),
    step(
      'HW.fault',
      {},
      {
        when: (w, v) => w.vcpu[v].tlb === NOT_PRESENT && w.page[w.vcpu[v].root].spte === NOT_PRESENT,
        does: (w, v) => leaveGuest(w.vcpu[v]),
        to: 'PF.1',
      },
    ),
    step(
      'HW.exit',
      {},
      { when: (w, v) => w.vcpu[v].mode === 'exiting', does: (w, v) => leaveGuest(w.vcpu[v]), to: 'RUN.1' },
    ),
    step('HW.cr3', {}, { does: (w, v) => leaveGuest(w.vcpu[v]), to: 'CR3.1' }),
  ]),
  step('CR3.1', { fn: 'kvm_mmu_new_pgd' }, [
    {
      when: (w, v) => {
        const { prevRoot, cr3 } = w.vcpu[v]
        if (prevRoot === NONE) return false
        return w.page[prevRoot].cr3 !== cr3 && !isObsolete(w, w.page[prevRoot])
      },
      does: (w, v) => {
        const self = w.vcpu[v]
        const { root } = self
        self.root = self.prevRoot
        self.prevRoot = root
        self.cr3 = 1 - self.cr3
      },
      to: 'RUN.1',
    },
    {
      when: (w) => !locked(w),
      does: (w, v) => {
        const self = w.vcpu[v]
        if (self.prevRoot !== NONE) release(w, self.prevRoot)
        self.prevRoot = self.root
        self.root = NONE
        self.cr3 = 1 - self.cr3
      },
      to: 'RUN.1',
    },
  ]),
  step(
    'PF.1',
    { fn: 'kvm_faultin_pfn' },
    {
      does: (w, v) => {
        w.vcpu[v].faultSeq = w.invalidateSeq
      },
    },
  ),
  step(
    'PF.2',
    { fn: 'kvm_faultin_pfn' },
    {
      does: (w, v) => {
        w.vcpu[v].faultPage = w.hostPage
      },
    },
  ),
  step('PF.3', { fn: 'is_page_fault_stale' }, { when: (w) => !locked(w), does: mapUnlessStale, to: 'RUN.1' }),
])

function hasObsolete(w: World, root: number): boolean {
  return root !== NONE && isObsolete(w, w.page[root])
}

function freeDropped(w: World, v: number): void {
  const self = w.vcpu[v]
  if (self.dropRoot) {
    release(w, self.root)
    self.root = NONE
    self.dropRoot = false
  }
  if (self.dropPrev) {
    release(w, self.prevRoot)
    self.prevRoot = NONE
    self.dropPrev = false
  }
}

function mapUnlessStale(w: World, v: number): void {
  const self = w.vcpu[v]
  const root = w.page[self.root]
  if (!isObsolete(w, root) && !w.invalidateInProgress && w.invalidateSeq === self.faultSeq)
    root.spte = self.faultPage
  self.faultSeq = 0
  self.faultPage = NOT_PRESENT
}

function forAll(w: World, does: (vcpu: Vcpu) => void): void {
  for (let v = 0; v < w.vcpu.length; v++) does(w.vcpu[v])
}

/** `kvm_make_all_cpus_request`, second half: vCPUs in the guest are kicked out of it. */
function kick(w: World): void {
  forAll(w, (vcpu) => {
    if (vcpu.mode === 'in-guest') vcpu.mode = 'exiting'
  })
}

function allLeft(w: World): boolean {
  for (let v = 0; v < w.vcpu.length; v++) if (w.vcpu[v].mode === 'exiting') return false
  return true
}

const requestFlush = (w: World): void =>
  forAll(w, (vcpu) => {
    vcpu.tlbFlush = true
  })

const nextToZap = (w: World): number =>
  findPage(w, (page) => page.used && !page.invalid && page.gen !== w.validGen)

const zapper = program<World>('zapper', 'kvm_mmu_zap_all_fast', [
  step(
    'ZAP.1',
    { validEnd: true },
    {
      when: (w) => w.zapsLeft > 0 && !locked(w),
      does: (w) => {
        w.zapsLeft--
        w.mmuLock = 'zapper'
      },
    },
  ),
  step(
    'ZAP.2',
    {},
    {
      does: (w) => {
        w.validGen = 1 - w.validGen
      },
    },
  ),
  step(
    'ZAP.3',
    {},
    {
      does: (w) =>
        forAll(w, (vcpu) => {
          vcpu.freeObsoleteRoots = true
        }),
    },
  ),
  step('ZAP.4', {}, { does: kick }),
  step('ZAP.5', {}, { when: allLeft }),
  choice('ZAP.6', [
    step(
      'ZAP.6 zap',
      { fn: 'kvm_zap_obsolete_pages' },
      { when: (w) => nextToZap(w) !== NONE, does: (w) => zap(w.page[nextToZap(w)]), to: 'ZAP.6' },
    ),
    step(
      'ZAP.6 break',
      { fn: 'kvm_zap_obsolete_pages' },
      {
        when: (w) => nextToZap(w) !== NONE,
        does: (w) => {
          w.mmuLock = 'free'
        },
        to: 'ZAP.8',
      },
    ),
    step('ZAP.6 end', {}, { when: (w) => nextToZap(w) === NONE, to: 'ZAP.9' }),
  ]),
  step(
    'ZAP.8',
    {},
    {
      when: (w) => !locked(w),
      does: (w) => {
        w.mmuLock = 'zapper'
      },
      to: 'ZAP.6',
    },
  ),
  step('ZAP.9', { fn: 'kvm_mmu_commit_zap_page' }, { does: requestFlush }),
  step('ZAP.10', {}, { does: kick }),
  step('ZAP.11', {}, { when: allLeft }),
  step(
    'ZAP.12',
    {},
    {
      does: (w) => {
        w.mmuLock = 'free'
      },
      to: 'ZAP.1',
    },
  ),
])

const nextToUnmap = (w: World): number => findPage(w, (page) => page.spte !== NOT_PRESENT)

const notifier = program<World>('notifier', 'an mmu notifier that replaces the host page', [
  step(
    'MN.1',
    { validEnd: true, fn: 'kvm_mmu_invalidate_begin' },
    {
      when: (w) => w.invalidationsLeft > 0 && !locked(w),
      does: (w) => {
        w.invalidationsLeft--
        w.mmuLock = 'notifier'
        w.invalidateInProgress = true
      },
    },
  ),
  step('MN.2', { fn: 'kvm_unmap_gfn_range' }, [
    {
      when: (w) => nextToUnmap(w) !== NONE,
      does: (w) => {
        w.page[nextToUnmap(w)].spte = NOT_PRESENT
        w.needsFlush = true
      },
      to: 'MN.2',
    },
    { when: (w) => w.needsFlush, does: requestFlush },
    { to: 'MN.6' },
  ]),
  step('MN.4', {}, { does: kick }),
  step(
    'MN.5',
    {},
    {
      when: allLeft,
      does: (w) => {
        w.needsFlush = false
      },
    },
  ),
  step(
    'MN.6',
    {},
    {
      does: (w) => {
        w.mmuLock = 'free'
      },
    },
  ),
  step(
    'MN.7',
    {},
    {
      does: (w) => {
        w.hostPage++
      },
    },
  ),
  step(
    'MN.8',
    { fn: 'kvm_mmu_invalidate_end' },
    {
      when: (w) => !locked(w),
      does: (w) => {
        w.invalidateSeq++
        w.invalidateInProgress = false
      },
      to: 'MN.1',
    },
  ),
])

/**
 * vCPUs with a root cache and a TLB, a zapper with lock breaks and an mmu notifier, as a load for the
 * benchmark: shaped like the model of KVM, but fixed, so that its translations for other tools stay equal.
 * Patches are for showing that the invariant bites.
 */
export function kvmComposite(bounds: KvmBounds, patches: readonly Patch<World>[] = []): System {
  const vcpuIds = sort('vcpu', bounds.vcpus)
  return compose({
    name: `kvm-composite-${bounds.vcpus}-${bounds.pages}-${bounds.zaps}-${bounds.invalidations}`,
    world: worldOf(bounds, vcpuIds),
    threads: [each(vcpuIds, vcpu), one(zapper), one(notifier)],
    initial: [
      (w) => {
        w.zapsLeft = bounds.zaps
        w.invalidationsLeft = bounds.invalidations
      },
    ],
    symmetric: [vcpuIds],
    patches,
  })
}

/** A guest uses no translation to a page that the host has taken back, and walks no freed root. */
export const guestSeesLivePages: Property<World> = {
  kind: 'invariant',
  id: 'guest-sees-live-pages',
  title: 'No guest uses a replaced host page or a freed root',
  holds: (w, at) => {
    for (let v = 0; v < w.vcpu.length; v++) {
      if (at.vcpu[v] !== 'GUEST') continue
      const { tlb, root } = w.vcpu[v]
      if (tlb !== NOT_PRESENT && tlb !== w.hostPage) return false
      if (!w.page[root].used) return false
    }
    return true
  },
}
