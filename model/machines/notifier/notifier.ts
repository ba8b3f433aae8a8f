import type { Anchor } from '../../language/anchor.ts'
import {
  type Case,
  choice,
  type Entry,
  inFunction,
  type Program,
  program,
  type Step,
  step,
  when,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, slots_come_or_go } from '../../memory/bounds.ts'
import { target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { gfn_to_hva, hva_to_gfn, slot_found } from '../../memory/memslots/memslot.ts'
import { free_host_page, take_free_host_page } from '../../memory/notifier/host.ts'
import { next_frame } from '../../memory/notifier/range.ts'
import { count_down } from '../../memory/primitives/asserted.ts'
import { notifier_srcu_read_lock, notifier_srcu_read_unlock } from '../../memory/primitives/srcu.ts'
import { kvm_zap_rmap } from '../../memory/shadow/rmap.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { whileUnlocked } from '../primitives/rmap-lock.ts'
import { unmapTdpGfn } from '../tdp/unmap.ts'
import { freeDescs } from '../zap/free-descs.ts'
import { requestApicReload } from './apic-page.ts'
import { flushOnReturn } from './flush-on-return.ts'
import { invalidatePfnCache } from './pfn-cache.ts'
import { walkSlots } from './range-walk.ts'

const since: ReadIn = 'v5.15..v7.2'
const start = { fn: 'kvm_mmu_notifier_invalidate_range_start', since }
const end = { fn: 'kvm_mmu_notifier_invalidate_range_end', since }
/** A statement of the function that walks the memslots of a range of host addresses. */
const inHvaRange = (at: string): Anchor => ({
  'v6.1': { callee: '__kvm_handle_hva_range', at },
  'v7.2': { callee: 'kvm_handle_hva_range', at },
})

const host = { fn: 'host mm', since: 'outside KVM' } as const

const gfn_of = (kvm: Kvm, n: number): number => kvm.notifier[n].gfn as number
const hva_of = (kvm: Kvm, n: number): number => gfn_to_hva(kvm, gfn_of(kvm, n))

/**
 * The host takes a page away from the VM's process: reclaim, munmap or COW call the mmu notifier around the change
 * of the host's page tables.
 */
export function notifier(bounds: Bounds): Program<Kvm> {
  const ranged = bounds.notifier.range.length > 0
  return program<Kvm>('notifier', 'mmu notifier: the host takes a page away', [
    choice(
      'idle',
      [
        ...bounds.notifier.of.map((gfn) => begin(gfn, bounds)),
        ...when(bounds.notifier.range.length > 0, beginRange(bounds)),
        ...beginForVcpus(bounds),
      ],
      { validEnd: true },
    ),
    ...inFunction(
      start.fn,
      ...when(bounds.pfnCache.uses > 0, invalidatePfnCache(bounds)),
      ...findSlot(bounds),
      writeLock('NS.4 lock', 'notifier', { ...start, c: inHvaRange('KVM_MMU_LOCK(') }),
      ranged ? invalidateBegin(() => []) : invalidateBegin(),
      ...unmap(bounds),
      writeUnlock('NS.7', { ...start, c: inHvaRange('KVM_MMU_UNLOCK(') }),
      ...when(
        slots_come_or_go(bounds),
        step<Kvm>(
          'NS.7 srcu',
          { ...start, c: inHvaRange('srcu_read_unlock('), shows: 'srcu_read_unlock(&kvm->srcu)' },
          { does: notifier_srcu_read_unlock },
        ),
      ),
    ),
    ...changeHostPte(bounds),
    ...rangeEnd(bounds),
  ])
}

/** NS.1: from here to NE.2 no memslots are installed. */
function begin(gfn: number, { notifier }: Bounds): Step<Kvm> {
  const divided = notifier.range.length > 0 && notifier.threads > 1
  return step(
    `NS.1[${gfn}]`,
    { ...start, c: 'kvm->mn_active_invalidate_count++', shows: `gfn ${gfn}: mn_active_invalidate_count++` },
    {
      when: (kvm, n) => kvm.notifier[n].left > 0 && !(divided && n === 0),
      does: (kvm, n) => {
        kvm.notifier[n].left--
        kvm.notifier[n].gfn = gfn
        kvm.mn_active_invalidate_count++
      },
    },
  )
}

/**
 * NS.1 of a vCPU whose page fault writes to a shared page: get_user_pages() breaks the sharing (wp_page_copy()), and
 * calls the notifier around that. The vCPU waits until it has ended, which is the same as if it ran it itself.
 */
function beginForVcpus({ notifier, vcpus }: Bounds): Step<Kvm>[] {
  if (notifier.cow.length === 0) return []
  return Array.from({ length: vcpus }, (_, v) =>
    step<Kvm>(
      `NS.1 vcpu[${v}]`,
      {
        ...start,
        c: 'kvm->mn_active_invalidate_count++',
        shows: (kvm) => `for vcpu${v}, gfn ${target_gfn(kvm, v)}: mn_active_invalidate_count++`,
      },
      {
        when: (kvm) => kvm.vcpu[v].cow === 'wanted',
        does: (kvm, n) => {
          kvm.vcpu[v].cow = 'runs'
          kvm.notifier[n].vcpu = v
          kvm.notifier[n].gfn = target_gfn(kvm, v)
          kvm.mn_active_invalidate_count++
        },
      },
    ),
  )
}

/** NS.3: the slots that overlap the range. A slot flagged INVALID is still found. */
function findSlot(bounds: Bounds): Entry<Kvm>[] {
  if (!slots_come_or_go(bounds)) return []
  return [
    step(
      'NS.3 srcu',
      { ...start, c: inHvaRange('srcu_read_lock('), shows: 'srcu_read_lock(&kvm->srcu)' },
      { does: notifier_srcu_read_lock },
    ),
    bounds.memslots.moves > 0 ? hvaLookup() : slotLookup((kvm, gfn) => slot_found(kvm, gfn) !== 'none'),
  ]
}

/** NS.3, with the condition of a design for the slots that a notifier handles. */
export function slotLookup(handled: (kvm: Kvm, gfn: number) => boolean): Step<Kvm> {
  return step(
    'NS.3',
    {
      fn: 'kvm_handle_hva_range',
      since,
      c: {
        'v6.1': { fn: start.fn, callee: '__kvm_handle_hva_range', at: 'kvm_for_each_memslot_in_hva_range(' },
        'v7.2': { fn: start.fn, callee: 'kvm_handle_hva_range', at: 'kvm_for_each_memslot_in_hva_range(' },
      },
      shows: (kvm, n) => `memslot of gfn ${gfn_of(kvm, n)}: ${slot_found(kvm, gfn_of(kvm, n))}`,
    },
    [{ when: (kvm, n) => !handled(kvm, gfn_of(kvm, n)), to: 'NS.7 srcu' }, {}],
  )
}

/** NS.3 if slots move: looks up the frame that the user memory is behind now, and continues with it. */
export function hvaLookup(handled: (kvm: Kvm, gfn: number) => boolean = () => true): Step<Kvm> {
  const found = (kvm: Kvm, n: number): number | null => {
    const gfn = hva_to_gfn(kvm, gfn_to_hva(kvm, gfn_of(kvm, n)))
    return gfn !== null && handled(kvm, gfn) ? gfn : null
  }
  return step(
    'NS.3',
    {
      fn: 'kvm_handle_hva_range',
      since,
      c: {
        'v6.1': { fn: start.fn, callee: '__kvm_handle_hva_range', at: 'kvm_for_each_memslot_in_hva_range(' },
        'v7.2': { fn: start.fn, callee: 'kvm_handle_hva_range', at: 'kvm_for_each_memslot_in_hva_range(' },
      },
      shows: (kvm, n) => {
        const gfn = found(kvm, n)
        const slot = gfn === null ? 'none' : `gfn ${gfn}, slot is ${slot_found(kvm, gfn)}`
        return `memslot of hva ${gfn_to_hva(kvm, gfn_of(kvm, n))}: ${slot}`
      },
    },
    [
      { when: (kvm, n) => found(kvm, n) === null, to: 'NS.7 srcu' },
      {
        does: (kvm, n) => {
          kvm.notifier[n].gfn = found(kvm, n)
        },
      },
    ],
  )
}

/** The frames that are added to the range when an invalidation begins. */
type Added = (kvm: Kvm, n: number) => readonly number[]

const frame: Added = (kvm, n) => [gfn_of(kvm, n)]

/** NS.4. An event over several slots adds the range of each when it comes to it (NS.5 slot). */
export function invalidateBegin(added: Added = frame): Step<Kvm> {
  return step<Kvm>(
    'NS.4',
    {
      fn: 'kvm_mmu_invalidate_begin',
      since,
      c: {
        'v6.1': 'kvm->mmu_invalidate_in_progress++',
        'v7.2': { fn: 'kvm_mmu_invalidate_start', at: 'kvm->mmu_invalidate_in_progress++' },
      },
      shows: (kvm, n) => {
        const frames = added(kvm, n)
        return `in_progress++${frames.length === 0 ? '' : `, range += gfn ${frames.join(', ')}`}`
      },
    },
    {
      does: (kvm, n) => {
        kvm.mmu_invalidate.in_progress++
        for (const gfn of added(kvm, n)) kvm.mmu_invalidate.range.add(gfn)
      },
    },
  )
}

/** NS.1 of an event over a range: its first frame. */
function beginRange({ notifier }: Bounds): Step<Kvm> {
  return step(
    'NS.1 range',
    {
      ...start,
      c: 'kvm->mn_active_invalidate_count++',
      shows: `gfn ${notifier.range.join(', ')}: mn_active_invalidate_count++`,
    },
    {
      when: (kvm, n) => n === 0 && kvm.notifier[n].left > 0,
      does: (kvm, n) => {
        kvm.notifier[n].left--
        kvm.notifier[n].in_range = true
        kvm.notifier[n].gfn = notifier.range[0]
        kvm.mn_active_invalidate_count++
      },
    },
  )
}

/** H.3: the host continues with the next page of the range. */
function nextHostPage(bounds: Bounds): Entry<Kvm> {
  const next = (kvm: Kvm, n: number): number | null => next_frame(kvm, n, bounds)
  return step('H.3', { ...host, shows: (kvm, n) => `next page: ${next(kvm, n) ?? 'none'}`, quiet: true }, [
    {
      when: (kvm, n) => next(kvm, n) !== null,
      does: (kvm, n) => {
        kvm.notifier[n].gfn = next(kvm, n)
      },
      to: 'H',
    },
    {},
  ])
}

/** NS.5 and NS.6: no SPTE maps the page any more, and no TLB, before mmu_lock is dropped. */
function unmap(bounds: Bounds): Entry<Kvm>[] {
  return [
    ...(bounds.notifier.range.length > 0
      ? walkSlots(bounds)
      : [
          unmapGfn(whileUnlocked(gfn_of)),
          ...inFunction('kvm_unmap_gfn_range', ...when(bounds.shadow.descs > 0, freeDescs('NS.5 desc'))),
          ...when(
            bounds.tdp.on,
            ...unmapTdpGfn(gfn_of, (kvm, n) => {
              kvm.notifier[n].flush = true
            }),
          ),
          ...requestApicReload(bounds),
        ]),
    flushOnReturn(
      'NS.6',
      { ...start, c: inHvaRange('range->flush_on_ret') },
      (kvm, n) => kvm.notifier[n],
      bounds.vcpus,
    ),
  ]
}

/** NS.5, with what it waits for. */
export function unmapGfn(waits: Pick<Case<Kvm>, 'when'> = {}): Step<Kvm> {
  return step(
    'NS.5',
    {
      fn: 'kvm_unmap_gfn_range',
      since,
      c: { 'v6.1': 'kvm_zap_rmap', 'v6.12': '__kvm_rmap_zap_gfn_range(' },
      shows: (kvm, n) => `kvm_zap_rmap(gfn ${gfn_of(kvm, n)})`,
      fused: 'All SPTEs of one frame at once: each only goes away, and the flush comes after the last.',
    },
    {
      ...waits,
      does: (kvm, n) => {
        kvm.notifier[n].unmapped = true
        if (kvm_zap_rmap(kvm, gfn_of(kvm, n))) kvm.notifier[n].flush = true
      },
    },
  )
}

/**
 * H: after invalidate_range_start() has returned, the host changes its PTE. It may take the page, which may then get a
 * new owner; or the PTE maps the same page as before (mprotect(), fork(), a reclaim that is given up).
 */
function changeHostPte(bounds: Bounds): Entry<Kvm>[] {
  const cow = bounds.notifier.cow.length > 0
  const ranged = bounds.notifier.range.length > 0
  const done = ranged ? 'H.3' : 'NE.1 test'
  const mapped = (kvm: Kvm, n: number): boolean => kvm.host_pte[hva_of(kvm, n)] !== null
  const for_vcpu = (kvm: Kvm, n: number): boolean => cow && kvm.notifier[n].vcpu !== null
  const copies = (kvm: Kvm, n: number): boolean =>
    for_vcpu(kvm, n) && mapped(kvm, n) && kvm.shared_hva.has(hva_of(kvm, n))
  return [
    choice('H', [
      step(
        'H.1 none',
        { ...host, shows: 'nothing is mapped' },
        { when: (kvm, n) => !mapped(kvm, n), to: done },
      ),
      step(
        'H.1 keep',
        { ...host, shows: (kvm, n) => `the host PTE keeps pfn ${kvm.host_pte[hva_of(kvm, n)]}` },
        { when: (kvm, n) => mapped(kvm, n) && !copies(kvm, n), to: done },
      ),
      ...when(
        cow,
        step<Kvm>(
          'H.1 copy',
          {
            ...host,
            shows: (kvm, n) => `copy pfn ${kvm.host_pte[hva_of(kvm, n)]} to pfn ${free_host_page(kvm)}`,
            fused: 'The host PTE is cleared, flushed and set to the copy under its page-table lock.',
          },
          {
            when: copies,
            does: (kvm, n) => {
              const hva = hva_of(kvm, n)
              kvm.host_page[kvm.host_pte[hva] as number].owner = 'another owner'
              kvm.host_pte[hva] = take_free_host_page(kvm)
              kvm.shared_hva.delete(hva)
            },
            to: done,
          },
        ),
      ),
      step(
        'H.1',
        { ...host, shows: (kvm, n) => `clear the host PTE of pfn ${kvm.host_pte[hva_of(kvm, n)]}` },
        {
          when: (kvm, n) => mapped(kvm, n) && !for_vcpu(kvm, n),
          does: (kvm, n) => {
            if (cow) kvm.shared_hva.delete(hva_of(kvm, n))
            kvm.notifier[n].pfn = kvm.host_pte[hva_of(kvm, n)]
            kvm.host_pte[hva_of(kvm, n)] = null
          },
          to: 'H.2',
        },
      ),
    ]),
    step(
      'H.2',
      {
        ...host,
        shows: (kvm, n) => {
          const pfn = kvm.notifier[n].pfn as number
          return `pfn ${pfn}: ${kvm.host_page[pfn].dirty ? 'written back, ' : ''}freed and reused`
        },
        fused: 'A freed page may be reallocated immediately; no thread can observe the time in between.',
      },
      {
        does: (kvm, n) => {
          const page = kvm.host_page[kvm.notifier[n].pfn as number]
          page.owner = 'another owner'
          page.dirty = false
          page.written = false
          kvm.notifier[n].pfn = null
        },
      },
    ),
    ...when(ranged, nextHostPage(bounds)),
  ]
}

/**
 * NE.1: an end undoes the count of its start. Nothing is remembered: like the start it looks the slot up (6.12
 * kvm_main.c 840-846), and finds the same because no memslots are installed in between (SL.2, SL.6).
 * @param handled as for the lookup of the start, which is the same function.
 */
export function endTest(handled: (kvm: Kvm, gfn: number) => boolean = () => true): Step<Kvm> {
  const found = (kvm: Kvm, n: number): boolean => {
    const gfn = hva_to_gfn(kvm, hva_of(kvm, n))
    return gfn !== null && handled(kvm, gfn)
  }
  const forget = (kvm: Kvm, n: number): void => {
    kvm.notifier[n].unmapped = false
    if (!kvm.notifier[n].zapped.isEmpty()) kvm.notifier[n].zapped.clear()
  }
  return step(
    'NE.1 test',
    {
      ...end,
      c: inHvaRange('kvm_for_each_memslot_in_hva_range('),
      shows: (kvm, n) => `the slot was found = ${found(kvm, n)}`,
    },
    [{ when: (kvm, n) => !found(kvm, n), does: forget, to: 'NE.2' }, { does: forget }],
  )
}

/** `kvm_mmu_invalidate_end()`: the sequence count goes up before the invalidation stops being in progress. */
export function invalidateEnd(name: string): Step<Kvm>[] {
  const fn = 'kvm_mmu_invalidate_end'
  return [
    step<Kvm>(
      `${name} seq`,
      { fn, since, c: 'kvm->mmu_invalidate_seq++', shows: 'mmu_invalidate_seq++' },
      {
        does: (kvm) => {
          kvm.mmu_invalidate.seq++
        },
      },
    ),
    step<Kvm>(
      `${name} count`,
      { fn, since, c: 'kvm->mmu_invalidate_in_progress--', shows: 'in_progress--' },
      {
        does: (kvm) => {
          const { in_progress } = kvm.mmu_invalidate
          kvm.mmu_invalidate.in_progress = count_down('mmu_invalidate_in_progress', in_progress)
          // The range means nothing when no invalidation is in progress; until then it only grows.
          if (kvm.mmu_invalidate.in_progress === 0) kvm.mmu_invalidate.range.clear()
        },
      },
    ),
  ]
}

/** NE.1, NE.2: the sequence count goes up before the invalidation stops being in progress. */
function rangeEnd(bounds: Bounds): Entry<Kvm>[] {
  return [
    endTest(),
    writeLock('NE.1 lock', 'notifier', { ...end, c: inHvaRange('KVM_MMU_LOCK(') }),
    ...inFunction(end.fn, ...invalidateEnd('NE.1')),
    writeUnlock('NE.1 unlock', { ...end, c: inHvaRange('KVM_MMU_UNLOCK(') }),
    step(
      'NE.2',
      { ...end, c: '--kvm->mn_active_invalidate_count', shows: 'mn_active_invalidate_count--' },
      {
        does: (kvm, n) => {
          const count = kvm.mn_active_invalidate_count
          kvm.mn_active_invalidate_count = count_down('mn_active_invalidate_count', count)
          kvm.notifier[n].gfn = null
          kvm.notifier[n].in_range = false
          if (bounds.notifier.cow.length > 0) end_for_vcpu(kvm, n)
        },
        to: 'idle',
      },
    ),
  ]
}

/** The page fault that the notifier ran for continues. */
function end_for_vcpu(kvm: Kvm, n: number): void {
  const { vcpu } = kvm.notifier[n]
  if (vcpu !== null) kvm.vcpu[vcpu].cow = 'done'
  kvm.notifier[n].vcpu = null
}
