import { block, type Entry, inFunction, outOfOrder, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, has_dummy_roots, watched } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { slot_found } from '../../memory/memslots/memslot.ts'
import { drain } from '../../memory/primitives/store-buffer.ts'
import { loaded_root_name, root_is_valid, root_role } from '../../memory/roots/mmu.ts'
import { request_own_flush } from '../../memory/vcpu/tlb.ts'
import { ENTER_GUEST_MODE, RELOAD_MMU } from '../hand-over.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { getShadowPage } from '../shadow/get-shadow-page.ts'
import { syncRoot } from '../shadow/sync.ts'
import { allocRoot } from '../tdp/alloc-root.ts'
import { makePagesAvailable } from '../zap/make-pages-available.ts'
import { loadPgd } from './load-pgd.ts'
import { setRootRole } from './root-role.ts'

const since: ReadIn = 'v5.18..v7.2'
const about = { fn: 'kvm_mmu_load', since }

/**
 * RUN.5: `kvm_mmu_reload()`: without a current root, find or build one for CR3 under mmu_lock, and flush this
 * CPU's TLB.
 */
export function loadRoot(bounds: Bounds): Entry<Kvm>[] {
  return inFunction(
    'vcpu_enter_guest',
    ...inFunction(
      'kvm_mmu_reload',
      step<Kvm>(
        RELOAD_MMU,
        {
          fn: 'kvm_mmu_reload',
          since,
          c: 'root.hpa != INVALID_PAGE',
          shows: loaded_root_name,
          quiet: root_is_valid,
        },
        [
          { when: root_is_valid, to: ENTER_GUEST_MODE },
          ...when(bounds.tdp.on, { when: (kvm: Kvm, v: number) => root_role(kvm, v).direct, to: 'LOAD.tdp' }),
          {},
        ],
      ),
      ...loadRootPage(bounds),
    ),
  )
}

/** LOAD.1 to LOAD.7: `kvm_mmu_load()`. */
export function loadRootPage(bounds: Bounds): Entry<Kvm>[] {
  const root = block(
    'LOAD.2',
    getShadowPage(bounds, {
      gfn: (kvm, v) => root_gfn(kvm, v, bounds),
      level: (kvm, v) => bounds.shadow.rootLevels[kvm.vcpu[v].cr3] ?? bounds.shadow.levels,
      role: (kvm, v) => ({ ...root_role(kvm, v), pae: kvm.vcpu[v].role_pae }),
      found: (kvm, v, page) => {
        kvm.vcpu[v].fault.child = page
      },
      page: (kvm, v) => kvm.vcpu[v].fault.child as number,
    }),
    { fn: 'mmu_alloc_root' },
  )
  return inFunction(
    about.fn,
    ...when(has_dummy_roots(bounds), testRootFrame(bounds)),
    ...when(bounds.aging.accessed, allocateRmaps()),
    writeLock('LOAD.1', 'vcpu', { ...about, c: { callee: 'mmu_alloc_shadow_roots', at: 'write_lock(' } }),
    ...makePagesAvailable('LOAD.2 quota', bounds),
    ...when(bounds.guest.paeToggles > 0, setRootRole()),
    ...(bounds.roots.pae > 0 ? inFunction('mmu_alloc_shadow_roots', root, setPaeRoot()) : [root, setRoot()]),
    writeUnlock('LOAD.4', { ...about, c: { callee: 'mmu_alloc_shadow_roots', at: 'write_unlock(' } }),
    ...when(watched(bounds), block('LOAD.5', syncRoot(bounds))),
    ...when(bounds.tdp.on, ...tdpRoot(bounds)),
    ...when(bounds.requests.hardwareRoot, loadPgd()),
    step<Kvm>(
      'LOAD.7',
      {
        ...about,
        c: { 'v6.1': 'kvm_x86_flush_tlb_current', 'v6.12': 'flush_tlb_current' },
        shows: 'flush the TLB of this CPU',
      },
      {
        does: (kvm, v) => request_own_flush(kvm, v, bounds.requests.deferredFlush),
      },
    ),
  )
}

/** LOAD.tdp: L1's root, which belongs to the TDP MMU. */
function tdpRoot(bounds: Bounds): Entry<Kvm>[] {
  const level = (kvm: Kvm, v: number): number =>
    bounds.shadow.rootLevels[kvm.vcpu[v].cr3] ?? bounds.shadow.levels
  return [
    step<Kvm>(
      'LOAD.6',
      { ...about, c: { none: 'model' }, shows: 'the root is that of a shadow MMU', quiet: true },
      { to: 'LOAD.7' },
    ),
    ...outOfOrder(
      'because direct roots and shadow roots are alternatives, and control reaches this one by a jump',
      block('LOAD.tdp', allocRoot(level), { fn: 'mmu_alloc_direct_roots' }),
    ),
  ]
}

/** The frame of the guest's top-level table. A direct root maps from frame 0; a PAE root has several tables. */
function root_gfn(kvm: Kvm, v: number, bounds: Bounds): number {
  if (root_role(kvm, v).direct) return 0
  return kvm.vcpu[v].cr3 + (bounds.roots.pae > 0 ? kvm.vcpu[v].i : 0)
}

/** Whether the guest's top-level table has a usable memslot, or needs none. */
export function root_is_visible(kvm: Kvm, v: number, bounds: Bounds): boolean {
  return root_role(kvm, v).direct || slot_found(kvm, root_gfn(kvm, v, bounds)) === 'valid'
}

/**
 * LOAD.0: a page directory without a usable memslot is not shadowed, because there is nothing to account it in. The
 * guest runs on the zero page until it loads another root (7.2.13 mmu.c 4136). 6.1 shuts the guest down instead.
 */
function testRootFrame(bounds: Bounds): Step<Kvm> {
  const visible = (kvm: Kvm, v: number): boolean => root_is_visible(kvm, v, bounds)
  return step(
    'LOAD.0',
    {
      fn: 'mmu_alloc_shadow_roots',
      since: 'v6.12..v7.2',
      c: 'kvm_vcpu_is_visible_gfn(',
      shows: (kvm, v) => {
        const gfn = root_gfn(kvm, v, bounds)
        return `kvm_vcpu_is_visible_gfn(gfn ${gfn}) = ${visible(kvm, v)}${visible(kvm, v) ? '' : ', root.hpa = dummy root'}`
      },
      quiet: visible,
    },
    [
      { when: visible },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].dummy_root = true
        },
        to: 'LOAD.7',
      },
    ],
  )
}

/** LOAD.3: the page becomes the current root. */
function setRoot(): Step<Kvm> {
  return step(
    'LOAD.3',
    {
      fn: 'mmu_alloc_root',
      since,
      c: '++sp->root_count',
      shows: (kvm, v) => `root.hpa = page ${kvm.vcpu[v].fault.child}, root_count++`,
      fused: 'root_count is read under mmu_lock only; root.hpa belongs to this vCPU.',
    },
    {
      does: (kvm, v) => {
        drain(kvm, v)
        const vcpu = kvm.vcpu[v]
        const page = vcpu.fault.child as number
        kvm.page[page].root_count++
        vcpu.root = page
        // With a single MMU root.pgd is the frame of the page.
        if (vcpu.other_mmu.length > 0) vcpu.root_pgd = vcpu.cr3
        vcpu.fault.child = null
        vcpu.role_pae = false
      },
    },
  )
}

/** LOAD.3 of a PAE root: one page after the other, each pinned by its entry. */
function setPaeRoot(): Step<Kvm> {
  const set = (kvm: Kvm, v: number): void => {
    drain(kvm, v)
    const { i, fault } = kvm.vcpu[v]
    const page = fault.child as number
    kvm.page[page].root_count++
    kvm.vcpu[v].pae_root[i] = page
    fault.child = null
  }
  return step(
    'LOAD.3',
    {
      fn: 'mmu_alloc_shadow_roots',
      since,
      c: 'mmu->pae_root[i] =',
      shows: (kvm, v) => `pae_root[${kvm.vcpu[v].i}] = page ${kvm.vcpu[v].fault.child}, root_count++`,
      fused: 'As for other roots; root.hpa is set with the first entry, under the same mmu_lock.',
    },
    [
      {
        when: (kvm, v) => kvm.vcpu[v].i + 1 < kvm.vcpu[v].pae_root.length,
        does: (kvm, v) => {
          set(kvm, v)
          kvm.vcpu[v].i++
        },
        to: 'LOAD.2',
      },
      {
        does: (kvm, v) => {
          set(kvm, v)
          kvm.vcpu[v].i = 0
        },
      },
    ],
  )
}

/** LOAD.0 rmaps: the first shadow root allocates the rmaps of all memslots; from here on they are walked. */
function allocateRmaps(): Step<Kvm> {
  return step(
    'LOAD.0 rmaps',
    {
      fn: 'mmu_first_shadow_root_alloc',
      since: 'v6.1..v7.2',
      c: 'smp_store_release(&kvm->arch.shadow_root_allocated',
      shows: (kvm, v) => (root_role(kvm, v).direct ? 'a direct root' : 'shadow_root_allocated = true'),
      quiet: (kvm, v) => root_role(kvm, v).direct,
      fused: 'The arrays are allocated under slots_arch_lock, before the flag that tells of them.',
    },
    {
      does: (kvm, v) => {
        if (!root_role(kvm, v).direct) kvm.shadow_root_allocated = true
      },
    },
  )
}
