import { type Block, block, type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, has_dummy_roots, watched } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { CURRENT, current_root_name, is_root_usable, root_is_valid } from '../../memory/roots/mmu.ts'
import { NEW_PGD, REENTER, SAME_CR3 } from '../hand-over.ts'
import { freeRoots } from './free-roots.ts'
import { requestLoadPgd } from './load-pgd.ts'

const since: ReadIn = 'v5.18..v7.2'
const about = { fn: 'cached_root_find_and_keep_current', since }

/** The page directory for which a root was loaded; with one MMU it is the frame of the root's page. */
export type PgdOf = (kvm: Kvm, v: number) => number | null

/** Where kvm_mmu_new_pgd() continues with a cached root. */
const onHit = ({ requests }: Bounds): string => (requests.hardwareRoot ? 'NP.7' : REENTER)

/** `root.pgd`, as recorded when the root was loaded. */
const recordedPgd: PgdOf = (kvm, v) => kvm.vcpu[v].root_pgd

/**
 * `kvm_mmu_new_pgd()`: looks for a cached root by rotating the previous roots through the current slot. A hit takes
 * no lock; a miss frees the root that is rotated out and leaves root.hpa invalid, so that the next entry loads one.
 * Unless the hardware has a separate root (`requests.hardwareRoot`), loading it (KVM_REQ_LOAD_MMU_PGD, which the vCPU
 * sends to itself) is part of the switch here.
 */
export function newPgd(bounds: Bounds): Block<Kvm> {
  const search =
    bounds.roots.pae > 0
      ? [freeRootWithoutPage()]
      : [
          ...when(has_dummy_roots(bounds), freeDummyRoot(bounds)),
          testCurrent(bounds),
          ...when(bounds.roots.prev > 0, swapRoots(recordedPgd, onHit(bounds))),
        ]
  const searching = bounds.roots.pae > 0 ? 'fast_pgd_switch' : about.fn
  return block(NEW_PGD, [
    ...when(watched(bounds), flushForCr3()),
    ...inFunction(
      'kvm_mmu_new_pgd',
      ...inFunction(
        searching,
        ...search,
        step<Kvm>(
          'NP.4',
          {
            fn: searching,
            since,
            c: 'kvm_mmu_free_roots(',
            shows: (kvm, v) => `miss: kvm_mmu_free_roots(${current_root_name(kvm, kvm.vcpu[v].root)})`,
          },
          [
            {
              when: root_is_valid,
              does: (kvm, v) => kvm.vcpu[v].roots_to_free.add(CURRENT),
            },
            { to: REENTER },
          ],
        ),
        block('NP.4 free', freeRoots(bounds.vcpus)),
      ),
    ),
    step(
      'NP.5',
      { fn: 'kvm_mmu_new_pgd', since, c: { none: 'model' }, shows: 'return', quiet: true },
      { to: REENTER },
    ),
    ...when(
      bounds.roots.prev > 0 && bounds.roots.pae === 0,
      ...inFunction('kvm_mmu_new_pgd', findWithoutCurrent(bounds)),
    ),
    ...when(bounds.requests.hardwareRoot, requestLoadPgd(bounds)),
  ])
}

/**
 * A CR3 load of the value that is loaded already: kvm_set_cr3() skips kvm_mmu_new_pgd() and only keeps the promise of
 * a flush (6.12 x86.c, kvm_set_cr3(): goto handle_tlb_flush).
 */
export function reloadCr3(): Block<Kvm> {
  const same = {
    fn: 'kvm_set_cr3',
    since,
    c: 'goto handle_tlb_flush',
    shows: 'the same page directory',
    quiet: true,
  }
  return block(SAME_CR3, [flushForCr3(), step('NP.same', same, { to: REENTER })])
}

/**
 * A CR3 load without the no-flush bit: the guest expects its TLB to be empty. TLB_FLUSH stands for
 * KVM_REQ_TLB_FLUSH_CURRENT, which flushes less, but everything that is usable before the next CR3 load.
 */
function flushForCr3(): Entry<Kvm> {
  return step(
    'NP.0',
    {
      fn: 'kvm_invalidate_pcid',
      since,
      c: 'kvm_make_request(KVM_REQ_MMU_SYNC',
      shows: 'requests |= MMU_SYNC, TLB_FLUSH_CURRENT',
      fused:
        'The kernel sends these requests after the switch; only this vCPU tests them, at RUN.2 and RUN.4.',
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].requests.add('MMU_SYNC')
        kvm.vcpu[v].requests.add('TLB_FLUSH')
      },
    },
  )
}

/**
 * NP.6: without a valid current root there is none to keep: the first usable previous root becomes the current one,
 * the later ones move up, and the last slot is emptied (6.12 mmu.c 4902-4944). A miss frees nothing, and takes no lock.
 */
function findWithoutCurrent(bounds: Bounds): Step<Kvm> {
  const usable = (kvm: Kvm, v: number): boolean => is_root_usable(kvm, v, kvm.vcpu[v].i + 1)
  return step(
    'NP.6',
    {
      fn: 'cached_root_find_without_current',
      since,
      c: 'is_root_usable(',
      shows: (kvm, v) => {
        const { i, prev_roots } = kvm.vcpu[v]
        return `is_root_usable(prev_roots[${i}] = ${prev_roots[i] ?? 'INVALID_PAGE'}) = ${usable(kvm, v)}`
      },
    },
    [
      {
        when: usable,
        does: (kvm, v) => {
          const vcpu = kvm.vcpu[v]
          const { i, prev_roots, prev_pgds } = vcpu
          const last = prev_roots.length - 1
          vcpu.root = prev_roots[i]
          for (let n = i; n < last; n++) prev_roots[n] = prev_roots[n + 1]
          prev_roots[last] = null
          if (prev_pgds.length > 0) {
            vcpu.root_pgd = prev_pgds[i]
            for (let n = i; n < last; n++) prev_pgds[n] = prev_pgds[n + 1]
            prev_pgds[last] = null
          }
          vcpu.i = 0
        },
        to: onHit(bounds),
      },
      {
        when: (kvm, v) => kvm.vcpu[v].i + 1 < kvm.vcpu[v].prev_roots.length,
        does: (kvm, v) => {
          kvm.vcpu[v].i++
        },
        to: 'NP.6',
      },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].i = 0
        },
        to: REENTER,
      },
    ],
  )
}

/** NP.2: the guest may load the page directory that it runs on already. */
function testCurrent(bounds: Bounds): Step<Kvm> {
  const usable = (kvm: Kvm, v: number): boolean => is_root_usable(kvm, v, CURRENT)
  return step(
    'NP.2',
    {
      ...about,
      c: 'is_root_usable(',
      shows: (kvm, v) => `is_root_usable(${current_root_name(kvm, kvm.vcpu[v].root)}) = ${usable(kvm, v)}`,
    },
    bounds.roots.prev > 0
      ? [{ when: usable, to: onHit(bounds) }, { when: (kvm, v) => !root_is_valid(kvm, v), to: 'NP.6' }, {}]
      : [{ when: usable, to: onHit(bounds) }, { to: 'NP.4' }],
  )
}

/** NP.1 of a dummy root: it is not cached either (7.2.13 mmu.c 5335). */
function freeDummyRoot(bounds: Bounds): Step<Kvm> {
  const dummy = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].dummy_root
  return step(
    'NP.1',
    {
      fn: 'fast_pgd_switch',
      since,
      c: 'kvm_mmu_free_roots(',
      shows: (kvm, v) => `root is cached = ${!dummy(kvm, v)}`,
      quiet: (kvm, v) => !dummy(kvm, v),
      fused: 'kvm_mmu_free_roots() takes mmu_lock, but finds nothing to free: the zero page has no struct.',
    },
    [
      {
        when: dummy,
        does: (kvm, v) => {
          kvm.vcpu[v].dummy_root = false
        },
        to: bounds.roots.prev > 0 ? 'NP.6' : REENTER,
      },
      {},
    ],
  )
}

/** NP.1: a root without a shadow page is not cached, because the test for reuse reads the shadow page. */
function freeRootWithoutPage(): Entry<Kvm> {
  return step('NP.1', {
    fn: 'fast_pgd_switch',
    since,
    c: 'mmu->root.hpa',
    shows: (kvm, v) => `root is cached = ${!root_is_valid(kvm, v)}`,
  })
}

/**
 * NP.3: swaps the current root with prev_roots[i] and tests it; one step for each `i`, because the test reads
 * role.invalid. `pgdOf` is the page directory that is recorded for the root that leaves the current slot.
 */
export function swapRoots(pgdOf: PgdOf = recordedPgd, hit: string = REENTER): Step<Kvm> {
  const usable = (kvm: Kvm, v: number): boolean => is_root_usable(kvm, v, kvm.vcpu[v].i + 1)
  const swap = (kvm: Kvm, v: number): void => {
    const vcpu = kvm.vcpu[v]
    const { i, root } = vcpu
    vcpu.root = vcpu.prev_roots[i]
    vcpu.prev_roots[i] = root
    if (vcpu.prev_pgds.length === 0) return
    // The page directory of an empty slot is never read: reset it to save states.
    const pgd = root === null ? null : pgdOf(kvm, v)
    vcpu.root_pgd = vcpu.prev_pgds[i]
    vcpu.prev_pgds[i] = pgd
  }
  return step<Kvm>(
    'NP.3',
    {
      ...about,
      c: 'swap(mmu->root, mmu->prev_roots[i])',
      shows: (kvm, v) => {
        const { i, prev_roots } = kvm.vcpu[v]
        return `swap(root, prev_roots[${i}]); is_root_usable(${current_root_name(kvm, prev_roots[i])}) = ${usable(kvm, v)}`
      },
      fused:
        'The slots belong to this vCPU; of the fields that the test reads only role.invalid can change meanwhile.',
    },
    [
      {
        when: usable,
        does: (kvm, v) => {
          swap(kvm, v)
          kvm.vcpu[v].i = 0
        },
        to: hit,
      },
      {
        when: (kvm, v) => kvm.vcpu[v].i + 1 < kvm.vcpu[v].prev_roots.length,
        does: (kvm, v) => {
          swap(kvm, v)
          kvm.vcpu[v].i++
        },
        to: 'NP.3',
      },
      {
        does: (kvm, v) => {
          swap(kvm, v)
          kvm.vcpu[v].i = 0
        },
      },
    ],
  )
}
