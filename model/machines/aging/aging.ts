import { choice, inFunction, type Program, program, type Step, step } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_entries, rmap_is_locked, type Sptep } from '../../memory/shadow/rmap.ts'

const since: ReadIn = 'v6.15..v7.2'
const young = { fn: 'kvm_mmu_notifier_clear_young', since: 'v6.1..v7.2' } as const
// In 6.1 the walk is kvm_handle_gfn_range() with kvm_age_rmap().
const walk = { fn: 'kvm_rmap_age_gfn_range', since: 'v6.1..v7.2' } as const

const gfn_of = (kvm: Kvm, self: number): number => kvm.aging[self].gfn as number
export const first_sptep = (kvm: Kvm, self: number): Sptep | undefined =>
  rmap_entries(kvm, gfn_of(kvm, self))[0]

/**
 * The host asks whether a page was accessed (`kvm_rmap_age_gfn_range()`). The answer and the Accessed bits are left
 * out; modelled is that the rmap and its SPTEs are visited without mmu_lock. KVM_RMAP_LOCKED in the head of the rmap
 * keeps its entries in place, and with them the shadow pages that they point into.
 */
export function aging(bounds: Bounds): Program<Kvm> {
  return program<Kvm>('aging', 'the host ages a page', [
    choice('idle', bounds.aging.of.map(begin), { validEnd: true }),
    ...inFunction(
      young.fn,
      ...inFunction(
        walk.fn,
        lockRmap(),
        firstSpte('rmap_val'),
        step<Kvm>(
          'AG.4',
          {
            ...walk,
            c: 'clear_bit(',
            shows: (kvm, self) => {
              const { sp, index } = kvm.aging[self]
              return `page ${sp}.spte[${index}]: clear_bit(A) if it is set`
            },
            fused: 'Reading the SPTE and clearing the bit: both are a use after free if the page was freed.',
          },
          { does: visit_sptep },
        ),
        step<Kvm>(
          'AG.5',
          {
            ...walk,
            fn: 'rmap_get_next',
            c: 'iter->desc->more',
            outOfOrder: 'because the head of the loop stands before its body',
            shows: (kvm, self) => shown_sptep(next_sptep(kvm, self)),
          },
          [
            {
              when: (kvm, self) => next_sptep(kvm, self) !== undefined,
              does: (kvm, self) => take_sptep(kvm, self, next_sptep(kvm, self) as Sptep),
              to: 'AG.4',
            },
            {},
          ],
        ),
        step<Kvm>(
          'AG.6',
          {
            fn: 'kvm_rmap_unlock_readonly',
            since,
            c: '__kvm_rmap_unlock(',
            shows: (kvm, self) => (kvm.aging[self].locked ? 'the rmap is unlocked' : 'it was not locked'),
          },
          {
            does: (kvm, self) => {
              if (kvm.aging[self].locked) kvm.rmap_locked[gfn_of(kvm, self)] = false
              forget(kvm, self)
            },
            to: 'idle',
          },
        ),
      ),
    ),
  ])
}

function begin(gfn: number): Step<Kvm> {
  return step(
    `AG.1[${gfn}]`,
    { ...young, c: 'kvm_age_gfn', shows: `gfn ${gfn}: young?` },
    {
      when: (kvm, self) => kvm.aging[self].left > 0,
      does: (kvm, self) => {
        kvm.aging[self].left--
        kvm.aging[self].gfn = gfn
      },
    },
  )
}

/** AG.2: waits while the rmap is locked. An empty rmap is not locked: there is nothing to walk. */
function lockRmap(): Step<Kvm> {
  const empty = (kvm: Kvm, self: number): boolean => first_sptep(kvm, self) === undefined
  return step(
    'AG.2',
    {
      fn: 'kvm_rmap_lock_readonly',
      since,
      c: '__kvm_rmap_lock(',
      shows: (kvm, self) =>
        `rmap_val = rmap[gfn ${gfn_of(kvm, self)}]${empty(kvm, self) ? ' = 0: not locked' : ', locked'}`,
    },
    [
      { when: empty },
      {
        when: (kvm, self) => !rmap_is_locked(kvm, gfn_of(kvm, self)),
        does: (kvm, self) => {
          kvm.aging[self].locked = true
          kvm.rmap_locked[gfn_of(kvm, self)] = true
          take_sptep(kvm, self, first_sptep(kvm, self) as Sptep)
        },
      },
    ],
  )
}

/** AG.3: the first SPTE, by the head as AG.2 read it (`rmap_val`), or as it is `now`, as older kernels read it. */
export function firstSpte(head: 'rmap_val' | 'now', readIn: ReadIn = 'v7.2'): Step<Kvm> {
  const none = (kvm: Kvm, self: number): boolean =>
    head === 'now' ? first_sptep(kvm, self) === undefined : !kvm.aging[self].locked
  const found = (kvm: Kvm, self: number): Sptep => {
    const { sp, index } = kvm.aging[self]
    return head === 'now' ? (first_sptep(kvm, self) as Sptep) : { page: sp as number, index }
  }
  return step(
    'AG.3',
    {
      ...(head === 'now'
        ? { fn: 'rmap_get_first', c: { 'v6.1': 'rmap_head->val', 'v7.2': '__rmap_get_first(' } }
        : { fn: '__rmap_get_first', c: 'rmap_val & KVM_RMAP_MANY' }),
      since: readIn,
      shows: (kvm, self) => shown_sptep(none(kvm, self) ? undefined : found(kvm, self)),
    },
    [{ when: none, to: 'AG.6' }, { does: (kvm, self) => take_sptep(kvm, self, found(kvm, self)) }],
  )
}

export const shown_sptep = (sptep: Sptep | undefined): string =>
  sptep === undefined ? 'no more SPTEs' : `page ${sptep.page}.spte[${sptep.index}]`

export function next_sptep(kvm: Kvm, self: number): Sptep | undefined {
  const { sp, index } = kvm.aging[self]
  const after = ({ page, index: i }: Sptep): boolean => page > (sp as number) || (page === sp && i > index)
  return rmap_entries(kvm, gfn_of(kvm, self)).find(after)
}

export function take_sptep(kvm: Kvm, self: number, { page, index }: Sptep): void {
  kvm.aging[self].sp = page
  kvm.aging[self].index = index
}

export function visit_sptep(kvm: Kvm, self: number): void {
  const { sp } = kvm.aging[self]
  if (kvm.page[sp as number].list === 'free') {
    throw new Oops('no-use-after-free', `aging visits an SPTE of page ${sp} after the page was freed`)
  }
}

/** Resets the local variables of a call that has ended, so that they cost no states. */
export function forget(kvm: Kvm, self: number): void {
  kvm.aging[self].gfn = null
  kvm.aging[self].sp = null
  kvm.aging[self].index = 0
  kvm.aging[self].locked = false
}
