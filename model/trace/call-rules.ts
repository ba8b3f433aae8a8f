import type { Census } from './census.ts'
import { offsetIn, spteOf } from './kernel.ts'
import type { EventOf, TraceEvent } from './line.ts'
import { rootsIn } from './roots-notes.ts'

type Name = TraceEvent['name']

/** What a thread is in the middle of. */
interface Calls {
  /** Its latest event that no interrupt causes. */
  latest: TraceEvent | null
  /** Slots that kvm_mmu_free_roots() still has to call mmu_free_root_page() for, in order. */
  toFree: (number | null)[]
  /** Pages that __kvm_mmu_prepare_zap_page() has begun with and not returned from. */
  readonly zapping: number[]
  /** Calls of kvm_mmu_free_roots() that kvm_mmu_unload() still has to make. */
  toUnload: number
}

/** Events of interrupts and of what is no part of a call. */
const INTERRUPTS: ReadonlySet<Name> = new Set<Name>([
  'other',
  'mark',
  'kmem_cache_free',
  'tdp_rcu_free',
  'req_all',
  'req_vcpu',
])

/** The address of the SPTE that an event is about. */
const spteIn = (event: TraceEvent): number | null =>
  'sptep' in event ? event.sptep : 'spte' in event && typeof event.spte === 'number' ? event.spte : null

/** A function whose next event in the same thread is one of these, about the same SPTE if it is about one. */
interface Next {
  readonly of: Name
  readonly next: readonly Name[]
  readonly why: string
  /** Whether it is so for this event; absent: always. */
  readonly when?: (event: never) => boolean
}

const NEXT: readonly Next[] = [
  { of: 'vcpu_run', next: ['kvm_entry'], why: 'svm_vcpu_run() enters the guest' },
  { of: 'kvm_entry', next: ['kvm_exit'], why: 'the guest is left after it was entered' },
  { of: 'drop_spte', next: ['spte_clear'], why: 'drop_spte() clears the SPTE' },
  { of: 'spte_update', next: ['spte_update_nt'], why: 'mmu_spte_update() writes the SPTE' },
  { of: 'rmap_add', next: ['pte_list_add'], why: '__rmap_add() adds the SPTE to a list' },
  { of: 'mn_start', next: ['kvm_unmap_hva_range'], why: 'an invalidation is traced when it starts' },
  {
    of: 'zap_pte',
    next: ['drop_spte', 'pte_list_remove'],
    why: 'mmu_page_zap_pte() drops the SPTE, or unlinks its child',
    when: (event: EventOf<'zap_pte'>) => spteOf(event.old).kind === 'present',
  },
]

/** The other way round: these come only right behind one of those. */
const BEFORE: readonly { readonly of: Name; readonly previous: readonly Name[]; readonly why: string }[] = [
  { of: 'kvm_entry', previous: ['vcpu_run'], why: 'the guest is entered by svm_vcpu_run()' },
  { of: 'kvm_exit', previous: ['kvm_entry'], why: 'the guest is left after it was entered' },
  { of: 'spte_update_nt', previous: ['spte_update'], why: 'an SPTE is written by mmu_spte_update()' },
]

/** KVM_MMU_ROOTS_ALL and KVM_MMU_ROOT_CURRENT. */
const ALL_ROOTS = 0xf
const CURRENT_ROOT = 1

/**
 * In which order the functions of one thread call each other, in any log. A rule holds only if both probes have fired in
 * this log: one may be missing, or its function be inlined.
 */
export class CallRules {
  readonly #next: ReadonlyMap<Name, Next>
  readonly #before: ReadonlyMap<Name, (typeof BEFORE)[number]>
  readonly #threads = new Map<number, Calls>()

  /** Offset of the list of parents in a page. */
  readonly #parents: number
  readonly #zapsAreKnown: boolean
  #isTornDown = false
  #isDestroyed = false

  constructor({ kinds, kernel }: Pick<Census, 'kinds' | 'kernel'>) {
    this.#parents = offsetIn(kernel, 'page.parent_ptes')
    const fires = (names: readonly Name[]): boolean => names.every((name) => kinds.has(name))
    this.#next = new Map(NEXT.filter(({ next }) => fires(next)).map((rule) => [rule.of, rule]))
    this.#zapsAreKnown = fires(['prep_zap', 'prep_zap_ret', 'zap_pte'])
    this.#before = new Map(BEFORE.filter(({ previous }) => fires(previous)).map((rule) => [rule.of, rule]))
  }

  /** @returns what the threads should have done before the VM was gone, as a sentence; null if it is not, or they have. */
  end(): string | null {
    const areLeft = [...this.#threads.values()].some((calls) => calls.toUnload > 0 || calls.toFree.length > 0)
    return areLeft && this.#isDestroyed ? 'kvm_mmu_unload() frees the roots of both MMUs' : null
  }

  /** @returns the rule that an event breaks, as a sentence; null if it breaks none. */
  check(event: TraceEvent): string | null {
    if (event.name === 'flush_shadow_all') this.#isTornDown = true
    if (event.name === 'free_memslot' && this.#isTornDown) this.#isDestroyed = true
    if (INTERRUPTS.has(event.name)) return null
    let calls = this.#threads.get(event.tid)
    if (calls === undefined) {
      calls = { latest: null, toFree: [], zapping: [], toUnload: 0 }
      this.#threads.set(event.tid, calls)
    }
    const broken =
      this.#checkOrder(event, calls.latest) ?? this.#checkZap(event, calls) ?? checkRoots(event, calls)
    calls.latest = event
    return broken
  }

  /** mmu_page_zap_pte() for each SPTE of the page, and the SPTEs of its parents. */
  #checkZap(event: TraceEvent, { latest, zapping }: Calls): string | null {
    if (event.name === 'prep_zap') zapping.push(event.sp)
    else if (event.name === 'prep_zap_ret') zapping.pop()
    const sp = zapping.at(-1)
    if (sp === undefined || !this.#zapsAreKnown) return null
    const isSame = latest !== null && spteIn(latest) === spteIn(event)
    const isZapped = isSame && (latest.name === 'zap_pte' || latest.name === 'spte_clear')
    if (event.name === 'drop_spte' && !isZapped)
      return 'the SPTEs of a zapped page are dropped by mmu_page_zap_pte()'
    if (event.name === 'pte_list_remove' && !isZapped && event.head !== sp + this.#parents)
      return 'the children of a zapped page are unlinked by mmu_page_zap_pte()'
    return null
  }

  #checkOrder(event: TraceEvent, latest: TraceEvent | null): string | null {
    const before = this.#before.get(event.name)
    if (before !== undefined && !before.previous.includes(latest?.name as Name)) return before.why
    if (latest === null) return null
    const rule = this.#next.get(latest.name)
    if (rule === undefined || rule.when?.(latest as never) === false) return null
    return rule.next.includes(event.name) && spteIn(latest) === spteIn(event) ? null : rule.why
  }
}

/** Where kvm_mmu_unload() must have freed all roots: what its callers do next. */
const AFTER_UNLOAD: ReadonlySet<Name> = new Set<Name>([
  'mmu_unload',
  'vcpu_run',
  'mmu_load',
  'free_obsolete_roots',
  'free_memslot',
])

/** kvm_mmu_unload() frees the roots of both MMUs, and kvm_mmu_free_roots() each of the slots that it is given. */
function checkRoots(event: TraceEvent, calls: Calls): string | null {
  switch (event.name) {
    case 'free_roots': {
      const slots = rootsIn(event, event.mask)
      const freesNone = slots.every((hpa) => hpa === null)
      const { toFree, toUnload, latest } = calls
      calls.toFree = freesNone ? [] : slots
      // Where kvm_mmu_unload() leaves no event, its two calls come alone.
      const isUnload = event.mask === ALL_ROOTS && latest?.name !== 'free_obsolete_roots'
      calls.toUnload = toUnload > 0 ? toUnload - 1 : isUnload ? 1 : 0
      if (toFree.length > 0) return 'kvm_mmu_free_roots() frees all roots in its mask'
      if (toUnload > 0) return event.mask === ALL_ROOTS ? null : 'kvm_mmu_unload() frees all roots'
      const isKnown =
        event.mask === 0 || event.mask === (latest?.name === 'new_pgd' ? CURRENT_ROOT : ALL_ROOTS)
      return isKnown || !freesNone
        ? null
        : 'without roots in the mask, kvm_mmu_free_roots() is given all or the current'
    }
    case 'free_root_page':
      return calls.toFree.shift() === event.root
        ? null
        : 'kvm_mmu_free_roots() frees the roots in its mask, in order'
    case 'wunlock':
    case 'runlock':
    case 'mmu_unload':
    case 'vcpu_run':
    case 'mmu_load':
    case 'free_obsolete_roots':
    case 'free_memslot': {
      const { toFree, toUnload } = calls
      calls.toFree = []
      if (event.name === 'mmu_unload') calls.toUnload = 2
      if (toFree.length > 0) return 'kvm_mmu_free_roots() frees all roots in its mask'
      return toUnload > 0 && AFTER_UNLOAD.has(event.name)
        ? 'kvm_mmu_unload() frees the roots of both MMUs'
        : null
    }
    default:
      return null
  }
}
