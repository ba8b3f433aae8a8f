import type { Kvm } from '../../../model/memory/kvm.ts'
import { parents_of } from '../../../model/memory/shadow/rmap.ts'
import type { PtCensus } from '../../../model/trace/pt-census.ts'
import { GVA, PAGE, TABLE } from '../../../model/trace/pt-system.ts'
import type { Taken } from '../../trace/testing/random-behaviour.ts'
import type { Printed } from './printed.ts'

const PAGE_SIZE = 4096
const DIRECT_MAP = 0x888000000000
const LOCK = 0xc900003c1000
const PARENT_PTES = 72
const MODES = ['OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE']

/** The frames of the log by their numbers in the model. */
const GFNS = [0x10, 0x13, 0x9, 0x10000, 0x10001, 0x10002]
export const PRINTED_TABLE: PtCensus = { gfn: GFNS[TABLE], role: 0x3301, index: 0, vcpus: 1 }

const hpa = (page: number): number => (0x100 + page) * PAGE_SIZE
const spt = (page: number): number => DIRECT_MAP + hpa(page)
const struct = (page: number): number => 0x1000 + page * 0x100
const [ROOT, MAPPER] = [0, 1]
const ENTRY = spt(PAGE)
const MAPPING = spt(MAPPER)

const ELSEWHERE = 602
const page = (p: number, gfn: number, role: number) => ({ sp: struct(p), spt: spt(p), gfn, role, rootc: 0 })

/**
 * What the log has before: the root was built, and an SPTE of it was printed by both of its addresses, so that the
 * address of physical memory is known.
 */
export const rootIsBuilt = (vcpus: number): readonly Printed[] => [
  { tid: 500, name: 'kvm_mmu_get_page', gfn: GFNS[0], level: 2, created: 'new' },
  { tid: 500, name: 'get_sp', fn: 'mmu_alloc_root', ...page(ROOT, GFNS[0], 0x3702), unsync: 0 },
  { tid: 500, name: 'alloc_root', hpa: hpa(ROOT) },
  ...[0, 1]
    .slice(0, vcpus)
    .map((vcpu): Printed => ({ tid: 500 + vcpu, name: 'load_pgd', vcpu, root: hpa(ROOT) })),
  { tid: ELSEWHERE, name: 'wlock_acq', fn: 'kvm_mmu_load', lock: LOCK },
  { tid: ELSEWHERE, name: 'spte_update', sptep: MAPPING + 80, old: '0', new: '0' },
  { tid: ELSEWHERE, name: 'kvm_mmu_set_spte', gfn: 0x77, spte: '77a21', level: 1, at: hpa(MAPPER) + 80 },
  { tid: ELSEWHERE, name: 'wunlock', lock: LOCK },
]

/** An SPTE as a probe prints it: present, MMU-writable, accessed, and writable. */
function digits({ kind, pfn, w, mmuw }: Kvm['page'][number]['spte'][number]): string {
  if (kind === 'none') return '8000000000000000'
  return ((pfn as number) * PAGE_SIZE + 0x821 + (w ? 2 : 0) + (mmuw ? 0x400 : 0)).toString(16)
}

const pending = ({ vcpu }: Kvm, v: number): number => (vcpu[v].requests.has('TLB_FLUSH') ? 1 : 0)
const mode = ({ vcpu }: Kvm, v: number): number => MODES.indexOf(vcpu[v].mode)

/**
 * The events that a recording of the table would have of a step, in their order. Written from the kernel functions, and
 * not from the table of the slice. What others change is printed where no vCPU holds the lock only.
 */
export function eventsOf({ kind, self: v, path, case: taken, before, after }: Taken<Kvm>): Printed[] | null {
  const tid = kind === 'vcpu' ? 500 + v : ELSEWHERE
  const at = path.split('/').at(-1) as string
  const event = (name: Printed['name'], fields: Record<string, unknown> = {}): Printed => ({
    tid,
    name,
    ...fields,
  })
  const locked = (fn: string): Printed[] => [event('wlock_acq', { fn, lock: LOCK })]
  const unlocked = [event('wunlock', { lock: LOCK })]

  const sptes = [
    { of: (kvm: Kvm) => kvm.page[MAPPER].spte[0], sptep: MAPPING, gfn: () => GFNS[TABLE] },
    {
      of: (kvm: Kvm) => kvm.page[PAGE].spte[0],
      sptep: ENTRY,
      gfn: () => GFNS[after.page[PAGE].spte[0].gfn as number],
    },
    { of: (kvm: Kvm) => kvm.page[PAGE].spte[1], sptep: ENTRY + 8, gfn: () => GFNS[5] },
  ]
  /** SPTEs that are cleared or lose a permission. */
  const lost = (): Printed[] =>
    sptes.flatMap(({ of, sptep }) => {
      const [old, now] = [digits(of(before)), digits(of(after))]
      if (of(before).kind !== 'leaf' || old === now) return []
      return of(after).kind === 'leaf'
        ? [event('spte_update', { sptep, old, new: now })]
        : [event('spte_clear', { sptep, old })]
    })
  const set = (): Printed[] =>
    sptes.flatMap(({ of, sptep, gfn }) => {
      const [old, now] = [digits(of(before)), digits(of(after))]
      if (of(after).kind !== 'leaf' || old === now) return []
      return [
        event('spte_update', { sptep, old, new: now }),
        event('kvm_mmu_set_spte', { gfn: gfn(), spte: now, level: 1, at: sptep - DIRECT_MAP }),
      ]
    })
  const unlinked = (): Printed[] =>
    parents_of(before, PAGE).length > 0 && parents_of(after, PAGE).length === 0
      ? [event('pte_list_remove', { spte: spt(ROOT), head: struct(PAGE) + PARENT_PTES })]
      : []
  const target = (): number => GFNS[before.vcpu[v].fault.gpte[0].to as number]
  const text = { gfn: GFNS[TABLE], level: 1 }
  const got = (created: 'new' | 'existing'): Printed[] => {
    const fields = {
      ...page(PAGE, GFNS[TABLE], PRINTED_TABLE.role),
      unsync: Number(before.page[PAGE].unsync),
    }
    return [
      event('kvm_mmu_get_page', { ...text, created }),
      event('get_sp', { fn: 'kvm_mmu_get_child_sp', ...fields }),
    ]
  }

  const request = /^REQ\.1\[(\d+)\]$/.exec(at)
  if (request !== null) {
    const t = Number(request[1])
    return [event('req_vcpu', { vcpu: t, req: 0x300, pending: pending(before, t), mode: mode(before, t) })]
  }
  if (at === 'REQ.0') return [event('req_all', { req: 0x300 })]
  if (kind === 'elsewhere')
    return at === 'lock' ? locked('kvm_mmu_notifier_invalidate_range_start') : unlocked
  if (kind === 'others') {
    if (at === 'flushed') return null
    if (at === 'mark cleared') return []
    if (before.mmu_lock !== 'notifier') return null
    if (at === 'zapped')
      return [
        event('prep_zap', page(PAGE, GFNS[TABLE], PRINTED_TABLE.role)),
        ...lost(),
        ...unlinked(),
        event('kmem_cache_free', { ptr: struct(PAGE) }),
      ]
    const changed = at.includes(' mapped') ? set() : [...lost(), ...unlinked()]
    return changed.length > 0 ? changed : null
  }
  switch (path) {
    case 'RUN.8': {
      if (taken === 0) return []
      const root = { rhpa: hpa(ROOT), rpgd: GFNS[0] * PAGE_SIZE, scr3: hpa(ROOT), ncr3: 0, np: 0 }
      return [event('vcpu_run', { vcpu: v, pending: pending(after, v), mode: mode(after, v), ...root })]
    }
    case 'interrupt':
      return [event('kvm_exit', { vcpu: v, reason: 'interrupt' })]
    case 'exit: other':
      return [event('kvm_exit', { vcpu: v, reason: 'io' })]
    case 'invlpg':
      return [event('kvm_exit', { vcpu: v, reason: 'invlpg' })]
    case 'write to the table':
    case 'read of the table':
    case 'fault below':
    case 'fault beside':
      return [event('kvm_exit', { vcpu: v, reason: 'PF excp' })]
    case 'RUN.2/sync':
      return [event('sync_roots', { vcpu: v, root: hpa(ROOT) })]
    case 'RUN.2/SY.2':
      return locked('kvm_mmu_sync_roots')
    case 'RUN.2/SY.4/SY.4 protect':
      return lost()
    case 'RUN.2/SY.5/SY.5 sync':
      return [event('kvm_mmu_sync_page', text), ...lost()]
    case 'INVLPG/IV.1':
      return [event('mmu_invlpg', { vcpu: v, gva: GVA.entry * PAGE_SIZE })]
    case 'INVLPG/IV.2':
      return locked('__kvm_mmu_invalidate_addr')
    case 'PF/PF.11':
      return [
        event('faultin', { vcpu: v, gfn: target(), kseq: 0, inprog: 0 }),
        event('faultin_ret', { ret: 0 }),
        ...locked('paging64_page_fault'),
      ]
    case 'PF/PF.12': {
      const state = { fseq: 0, kseq: 0, inprog: 0, pending: pending(before, v), rhpa: hpa(ROOT) }
      return [event('stale_chk', { vcpu: v, ...state }), event('stale_ret', { ret: taken === 0 ? 1 : 0 })]
    }
    case 'INVLPG/IV.3':
    case 'PF/FETCH/GET.11':
      return lost()
    case 'PF/FETCH/GET.4':
      return taken === 0 ? lost() : got('existing')
    case 'PF/FETCH/GET.4 end':
      return got('existing')
    case 'PF/FETCH/GET.12/GET.12 end':
      return got('new')
    case 'PF/FETCH/FETCH.6':
      return taken === 1 ? [event('pte_list_add', { spte: spt(ROOT), head: struct(PAGE) + PARENT_PTES })] : []
    case 'PF/SET.2/SET.2 test':
      return [event('kvm_mmu_spte_requested', { gfn: target(), pfn: 0, level: 1 }), ...lost()]
    case 'PF/UN.1': {
      if (taken === 0) return []
      const returns = event('try_unsync_ret', { fn: 'make_spte', ret: taken === 1 ? -1 : 0 })
      return [event('try_unsync', { gfn: target() }), ...(taken === 3 ? [] : [returns])]
    }
    case 'PF/UN.2':
      return [
        ...(before.page[PAGE].unsync ? [] : [event('kvm_mmu_unsync_page', text)]),
        event('try_unsync_ret', { fn: 'make_spte', ret: 0 }),
      ]
    case 'PF/SET.4':
      return set()
    case 'PF/PF.15':
    case 'RUN.2/SY.6':
    case 'INVLPG/IV.end':
      return unlocked
    default:
      return []
  }
}
