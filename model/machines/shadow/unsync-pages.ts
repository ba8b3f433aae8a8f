import { ModelError } from '../../language/errors.ts'
import { type Entry, inFunction, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { parents_of, type Sptep } from '../../memory/shadow/rmap.ts'
import { valid_pages_of } from '../../memory/shadow/shadow-page.ts'

const since: ReadIn = 'v5.14..v7.2'
const tryUnsync = { fn: 'mmu_try_to_unsync_pages', since }
const unsyncPage = { fn: 'kvm_unsync_page', since }
const markUnsync = { fn: 'mark_unsync', since }

/**
 * The first shadow page of the written frame's table that is not unsync yet, or null.
 * @throws ModelError for a frame whose writes are tracked: L1's stores to upper tables are not emulated here.
 */
function next_page(kvm: Kvm, v: number): number | null {
  const gfn = target_gfn(kvm, v)
  if (gfn >= kvm.guest_table.length) return null
  if (kvm.gfn_write_track[gfn] > 0) throw new ModelError(`L1 writes to gfn ${gfn}, an upper nested table`)
  return valid_pages_of(kvm, gfn).find((page) => !kvm.page[page].unsync) ?? null
}

/**
 * Whether a read may map its frame writable: not if stores to the frame are tracked, nor for a page that was swapped in
 * if that would make a shadow page unsync (`prefetch`).
 */
export function may_unsync(kvm: Kvm, v: number): boolean {
  const gfn = target_gfn(kvm, v)
  if (gfn >= kvm.guest_table.length) return true
  if (kvm.gfn_write_track[gfn] > 0) return false
  return !kvm.vcpu[v].prefetch || next_page(kvm, v) === null
}

const locals = (kvm: Kvm, v: number) => kvm.vcpu[v].fault.unsync[0]

const current_page = (kvm: Kvm, v: number): number => locals(kvm, v).sp as number

/** The SPTE that points to the current page; null at the root. In these scenarios pages have at most one parent. */
function current_parent(kvm: Kvm, v: number): Sptep | null {
  return parents_of(kvm, current_page(kvm, v))[0] ?? null
}

/** The parent of the current page. Its bitmap and counter are read and written in separate steps: neither is atomic. */
const parent_page = (kvm: Kvm, v: number) => kvm.page[(current_parent(kvm, v) as Sptep).page]

/**
 * UN.2 in detail: the reads and writes of `mmu_try_to_unsync_pages()` if several vCPUs can be in it, because faults
 * of the TDP MMU hold mmu_lock for read. The spinlock around the marking, and the second test of `sp->unsync` under
 * it, are from ce25681d59ff (v5.14).
 */
export function unsyncPages(): Entry<Kvm>[] {
  const leave = (kvm: Kvm, v: number): void => {
    locals(kvm, v).sp = null
  }
  return inFunction(
    tryUnsync.fn,
    step<Kvm>(
      'UN.2 look',
      {
        ...tryUnsync,
        c: 'if (sp->unsync)',
        shows: (kvm, v) => {
          const page = next_page(kvm, v)
          return page === null ? 'no shadow page that is not unsync' : `page ${page}: sp->unsync = false`
        },
      },
      [
        { when: (kvm, v) => next_page(kvm, v) === null, to: 'UN.2 unlock' },
        { when: (kvm, v) => locals(kvm, v).locked, does: take, to: 'UN.2 set' },
        { does: take },
      ],
    ),
    step<Kvm>(
      'UN.2 lock',
      {
        ...tryUnsync,
        c: 'spin_lock(&kvm->arch.mmu_unsync_pages_lock)',
        shows: 'spin_lock(&kvm->arch.mmu_unsync_pages_lock)',
      },
      {
        when: (kvm) => kvm.mmu_unsync_pages_lock === 'free',
        does: (kvm, v) => {
          kvm.mmu_unsync_pages_lock = 'held'
          locals(kvm, v).locked = true
        },
      },
    ),
    step<Kvm>(
      'UN.2 recheck',
      {
        ...tryUnsync,
        c: 'READ_ONCE(sp->unsync)',
        shows: (kvm, v) =>
          `READ_ONCE(page ${current_page(kvm, v)}: sp->unsync) = ${kvm.page[current_page(kvm, v)].unsync}`,
      },
      [{ when: (kvm, v) => kvm.page[current_page(kvm, v)].unsync, does: leave, to: 'UN.2 look' }, {}],
    ),
    step<Kvm>(
      'UN.2 set',
      {
        ...unsyncPage,
        c: 'sp->unsync = 1',
        shows: (kvm, v) => `page ${current_page(kvm, v)}: sp->unsync = 1`,
      },
      {
        does: (kvm, v) => {
          kvm.page[current_page(kvm, v)].unsync = true
        },
      },
    ),
    ...inFunction(unsyncPage.fn, ...markParent(leave)),
    step<Kvm>(
      'UN.2 unlock',
      {
        ...tryUnsync,
        c: 'spin_unlock(&kvm->arch.mmu_unsync_pages_lock)',
        shows: 'spin_unlock(&kvm->arch.mmu_unsync_pages_lock)',
        quiet: (kvm, v) => !locals(kvm, v).locked,
      },
      [
        {
          when: (kvm, v) => locals(kvm, v).locked,
          does: (kvm, v) => {
            kvm.mmu_unsync_pages_lock = 'free'
            locals(kvm, v).locked = false
          },
        },
        {},
      ],
    ),
  )
}

function take(kvm: Kvm, v: number): void {
  locals(kvm, v).sp = next_page(kvm, v)
}

/**
 * `mark_unsync()`: `if (__test_and_set_bit(...)) return; if (sp->unsync_children++) return;`, then the same for the
 * parents of the parent.
 */
function markParent(leave: (kvm: Kvm, v: number) => void): Step<Kvm>[] {
  const marked = (kvm: Kvm, v: number): boolean => {
    const parent = current_parent(kvm, v)
    return parent === null || kvm.page[parent.page].unsync_child_bitmap.has(parent.index)
  }
  return [
    step(
      'UN.2 test bit',
      {
        ...markUnsync,
        c: '__test_and_set_bit(',
        shows: (kvm, v) => {
          const parent = current_parent(kvm, v)
          if (parent === null) return `page ${current_page(kvm, v)} has no parent`
          return `page ${parent.page}: bit ${parent.index} of unsync_child_bitmap = ${Number(marked(kvm, v))}`
        },
      },
      [
        { when: marked, does: leave, to: 'UN.2 look' },
        {
          does: (kvm, v) =>
            locals(kvm, v).unsync_child_bitmap.assign(parent_page(kvm, v).unsync_child_bitmap),
        },
      ],
    ),
    step(
      'UN.2 set bit',
      {
        ...markUnsync,
        c: '__test_and_set_bit(',
        shows: (kvm, v) => {
          const { page, index } = current_parent(kvm, v) as Sptep
          return `page ${page}: bit ${index} of unsync_child_bitmap = 1`
        },
      },
      {
        does: (kvm, v) => {
          const { unsync_child_bitmap } = locals(kvm, v)
          unsync_child_bitmap.add((current_parent(kvm, v) as Sptep).index)
          parent_page(kvm, v).unsync_child_bitmap.assign(unsync_child_bitmap)
          unsync_child_bitmap.clear()
        },
      },
    ),
    step(
      'UN.2 read count',
      {
        ...markUnsync,
        c: 'sp->unsync_children++',
        shows: (kvm, v) =>
          `page ${(current_parent(kvm, v) as Sptep).page}: unsync_children is ${parent_page(kvm, v).unsync_children[0]}`,
      },
      {
        does: (kvm, v) => {
          locals(kvm, v).unsync_children = parent_page(kvm, v).unsync_children[0]
        },
      },
    ),
    step(
      'UN.2 count',
      {
        ...markUnsync,
        c: 'sp->unsync_children++',
        shows: (kvm, v) =>
          `page ${(current_parent(kvm, v) as Sptep).page}: unsync_children = ${locals(kvm, v).unsync_children + 1}`,
      },
      [
        {
          // The parent's first unsync child, so that the parent must be marked in its own parent.
          when: (kvm, v) => locals(kvm, v).unsync_children === 0,
          does: (kvm, v) => {
            const above = (current_parent(kvm, v) as Sptep).page
            count(kvm, v)
            locals(kvm, v).sp = above
          },
          to: 'UN.2 test bit',
        },
        {
          does: (kvm, v) => {
            count(kvm, v)
            leave(kvm, v)
          },
          to: 'UN.2 look',
        },
      ],
    ),
  ]
}

function count(kvm: Kvm, v: number): void {
  parent_page(kvm, v).unsync_children[0] = locals(kvm, v).unsync_children + 1
  locals(kvm, v).unsync_children = 0
}
