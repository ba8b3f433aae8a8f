import { block, type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, watched } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import {
  CURRENT,
  current_root_name,
  loaded_root_name,
  root_has_no_page,
  root_in_slot,
  root_name,
  root_slots,
  slot_name,
} from '../../memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../memory/shadow/shadow-page.ts'
import { afterRoots, REENTER } from '../hand-over.ts'
import { freeRoots } from './free-roots.ts'

const since: ReadIn = 'v5.19..v7.2'
const about = { fn: '__kvm_mmu_free_obsolete_roots', since }

/** A test of a root page: `is_obsolete_sp()`, or that of a design. */
export type ObsoleteTest = (kvm: Kvm, page: number) => boolean

/** RUN.1: service KVM_REQ_MMU_FREE_OBSOLETE_ROOTS; the bit is cleared before any root is tested. */
export function freeObsoleteRoots(bounds: Bounds): Entry<Kvm>[] {
  return [
    block(
      REENTER,
      serviceRequest(bounds, watched(bounds) ? 'RUN.2' : afterRoots(bounds.requests.hardwareRoot)),
    ),
  ]
}

/**
 * Services the request, if it is pending, and falls off the end; otherwise jumps to `otherwise`.
 * @param caller the kernel function that tests the request.
 */
export function serviceRequest(bounds: Bounds, otherwise: string, caller = 'vcpu_enter_guest'): Entry<Kvm>[] {
  return requestAndTests(bounds, otherwise, caller, freeRoots(bounds.vcpus))
}

/** The same, with the steps that free the roots. */
export function requestAndTests(
  bounds: Bounds,
  otherwise: string,
  caller: string,
  frees: readonly Entry<Kvm>[],
): Entry<Kvm>[] {
  const test = 'kvm_check_request(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS'
  // 20a6cff3b283 (v6.15).
  const c = caller === 'kvm_mmu_reload' ? ({ 'v6.15': test } as const) : test
  const entry = { fn: caller, since, c }
  return [
    step(
      'K1',
      {
        ...entry,
        shows: (kvm, v) => `kvm_check_request(FREE_OBSOLETE_ROOTS) = ${pending(kvm, v)}`,
        quiet: (kvm, v) => !pending(kvm, v),
      },
      [{ when: (kvm, v) => !pending(kvm, v), to: otherwise }, {}],
    ),
    step(
      'K2',
      {
        ...entry,
        shows: 'kvm_clear_request(FREE_OBSOLETE_ROOTS)',
      },
      { does: (kvm, v) => kvm.vcpu[v].requests.delete('FREE_OBSOLETE_ROOTS') },
    ),
    ...inFunction(
      caller,
      ...inFunction(
        about.fn,
        testCurrentRoot(),
        ...when(bounds.roots.prev > 0 || bounds.nested.mmus > 1, testPrevRoots()),
        ...frees,
      ),
    ),
  ]
}

const pending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('FREE_OBSOLETE_ROOTS')

/**
 * OB.1, current root: `is_obsolete_root(root.hpa)`, without mmu_lock. A root without a shadow page always counts as
 * obsolete: there is no page to test.
 */
export function testCurrentRoot(obsolete: ObsoleteTest = is_obsolete_sp): Step<Kvm> {
  return step(
    'OB.1',
    {
      ...about,
      c: 'is_obsolete_root(kvm, mmu->root.hpa)',
      shows: (kvm, v) =>
        `is_obsolete_root(${slot_and_root(kvm, v, CURRENT)}) = ${is_obsolete_root(kvm, v, CURRENT, obsolete)}`,
    },
    {
      does: (kvm, v) => {
        if (is_obsolete_root(kvm, v, CURRENT, obsolete)) kvm.vcpu[v].roots_to_free.add(CURRENT)
      },
    },
  )
}

/**
 * OB.1, previous roots, and then the roots of the other MMU: one step each, because each is a lockless read. The
 * kernel frees the roots of one MMU before it tests the other's; a root that becomes obsolete in between comes with
 * another request. `slotTested` is the slot whose root decides about slot `i + 1`; they differ in a buggy design.
 */
export function testPrevRoots(
  obsolete: ObsoleteTest = is_obsolete_sp,
  slotTested: (i: number) => number = (i) => i + 1,
): Step<Kvm> {
  const test = (kvm: Kvm, v: number): void => {
    const { i } = kvm.vcpu[v]
    if (is_obsolete_root(kvm, v, slotTested(i), obsolete)) kvm.vcpu[v].roots_to_free.add(i + 1)
  }
  return step(
    'OB.1 prev',
    {
      ...about,
      c: 'is_obsolete_root(kvm, mmu->prev_roots[i].hpa)',
      shows: (kvm, v) => {
        const { i } = kvm.vcpu[v]
        const tested = slotTested(i)
        const asked = tested === i + 1 ? '' : `${slot_and_root(kvm, v, i + 1)}: `
        return `${asked}is_obsolete_root(${slot_and_root(kvm, v, tested)}) = ${is_obsolete_root(kvm, v, tested, obsolete)}`
      },
    },
    [
      {
        when: (kvm, v) => kvm.vcpu[v].i + 2 < root_slots(kvm, v),
        does: (kvm, v) => {
          test(kvm, v)
          kvm.vcpu[v].i++
        },
        to: 'OB.1 prev',
      },
      {
        does: (kvm, v) => {
          test(kvm, v)
          kvm.vcpu[v].i = 0
        },
      },
    ],
  )
}

function is_obsolete_root(kvm: Kvm, v: number, slot: number, obsolete: ObsoleteTest): boolean {
  // There is no shadow page to test.
  if (slot === CURRENT && root_has_no_page(kvm, v)) return true
  const root = root_in_slot(kvm, v, slot)
  return root !== null && obsolete(kvm, root)
}

/** A root slot and its root, for `shows`. */
function slot_and_root(kvm: Kvm, v: number, slot: number): string {
  if (slot === CURRENT && root_has_no_page(kvm, v)) return loaded_root_name(kvm, v)
  const root = root_in_slot(kvm, v, slot)
  if (slot === CURRENT) return current_root_name(kvm, root)
  return `${slot_name(kvm, v, slot)} = ${root_name(kvm, root)}`
}
