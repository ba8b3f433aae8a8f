import type { Kvm } from '../../../model/memory/kvm.ts'
import type { TraceEvent } from '../../../model/trace/line.ts'
import { rootsIn } from '../../../model/trace/roots-notes.ts'
import type { Taken } from '../../trace/testing/random-behaviour.ts'
import type { Printed } from './printed.ts'

/**
 * The first event of a printed log: an invalidation that is in progress from then on, so that a fault may be retried for
 * it at any time.
 */
export const INVALIDATION: Printed = {
  tid: 603,
  name: 'unmap_gfn_range',
  start: 0,
  end: 1,
  seq: 0,
  inprog: 1,
}

const PAGE_SIZE = 4096
const DIRECT_MAP = 0x888000000000
const LOCK = 0xc900003c1000
const MODES = ['OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE']
const INVALID = 1 << 11
const ROLE = 0x3704

/** Frames of root tables, by their numbers in the model. */
export const PGDS = [0x10, 0x18]

const hpa = (page: number | null): number | null => (page === null ? null : (0x100 + page) * PAGE_SIZE)
const struct = (page: number): number => 0x1000 + page * 0x100

const vcpuThread = (v: number): number => 500 + v
const THREADS: Record<string, number> = { zapper: 600, memslot: 601, elsewhere: 602 }

const pageFields = (kvm: Kvm, p: number) => {
  const { gfn, root_count, role_invalid, mmu_valid_gen } = kvm.page[p]
  return {
    sp: struct(p),
    spt: DIRECT_MAP + (hpa(p) as number),
    gfn: PGDS[gfn as number],
    role: role_invalid ? ROLE | INVALID : ROLE,
    gen: mmu_valid_gen,
    rootc: root_count,
  }
}

const pgd = (kvm: Kvm, root: number | null): number | null =>
  root === null ? null : PGDS[kvm.page[root].gfn as number] * PAGE_SIZE

function slots(kvm: Kvm, v: number) {
  const { root, prev_roots } = kvm.vcpu[v]
  const [h0, h1, h2] = prev_roots
  return {
    role: ROLE,
    rhpa: hpa(root),
    rpgd: pgd(kvm, root),
    h0: hpa(h0),
    p0: pgd(kvm, h0),
    h1: hpa(h1),
    p1: pgd(kvm, h1),
    h2: hpa(h2),
    p2: pgd(kvm, h2),
  }
}
const NO_SLOTS = {
  rhpa: null,
  rpgd: null,
  h0: null,
  p0: null,
  h1: null,
  p1: null,
  h2: null,
  p2: null,
  role: 0x800,
}

const pending = ({ vcpu }: Kvm, v: number): number =>
  (vcpu[v].requests.has('FREE_OBSOLETE_ROOTS') ? 2 ** 39 : 0) + (vcpu[v].requests.has('TLB_FLUSH') ? 1 : 0)
const mode = ({ vcpu }: Kvm, v: number): number => MODES.indexOf(vcpu[v].mode)
const maskOf = (kvm: Kvm, v: number): number =>
  kvm.vcpu[v].roots_to_free.elements().reduce((mask, slot) => mask | (1 << slot), 0)
const pagesThat = (kvm: Kvm, is: (page: Kvm['page'][number]) => boolean): number[] =>
  Array.from({ length: kvm.page.length }, (_, p) => p).filter((p) => is(kvm.page[p]))

/**
 * The events that a recording of the roots would have of a step, in their order: those of probes at the entry of a
 * function print the state before, those of return probes the state after it. Written from the kernel functions, and not
 * from the table of the slice.
 */
export function eventsOf({ kind, self: v, path, case: taken, before, after }: Taken<Kvm>): Printed[] {
  const tid = kind === 'vcpu' ? vcpuThread(v) : THREADS[kind]
  const event = (name: TraceEvent['name'], fields: Record<string, unknown> = {}): Printed => ({
    tid,
    name,
    ...fields,
  })
  const locked = (fn: string): Printed[] => [event('wlock_acq', { fn, lock: LOCK })]
  const unlocked = [event('wunlock', { lock: LOCK })]
  const at = path.split('/').at(-1) as string
  const request = /^REQ\.1\[(\d+)\]$/.exec(at)
  if (request !== null) {
    const t = Number(request[1])
    const req = path.includes('request') ? 0x327 : 0x300
    return [event('req_vcpu', { vcpu: t, req, pending: pending(before, t), mode: mode(before, t) })]
  }
  if (at === 'REQ.0') return [event('req_all', { req: path.includes('request') ? 0x327 : 0x300 })]
  if (at === 'CM.3')
    return pagesThat(before, ({ list }) => list.startsWith('invalid_list'))
      .filter((p) => after.page[p].list === 'free')
      .map((p) =>
        event('kmem_cache_free', {
          ptr: struct(p),
          site: 'kvm_mmu_commit_zap_page',
          cache: 'kvm_mmu_page_header',
        }),
      )
  if (kind === 'elsewhere')
    return at === 'lock' ? locked('kvm_mmu_notifier_invalidate_range_start') : unlocked
  if (kind === 'zapper') {
    const zapped = /^ZAP\.0\[(\d+)\]$/.exec(at)
    if (zapped !== null)
      return [event('prep_zap', { ...pageFields(after, Number(zapped[1])), vmgen: after.mmu_valid_gen })]
    if (at === 'ZAP.0 lock') return locked('kvm_mmu_track_write')
    return at === 'ZAP.unlock' ? unlocked : []
  }
  if (kind === 'memslot') {
    if (at === 'ZF.5 next')
      return [
        event('prep_zap', {
          ...pageFields(after, after.memslot[0].sp as number),
          vmgen: after.mmu_valid_gen,
        }),
      ]
    if (at === 'ZF.1') return locked('kvm_arch_flush_shadow_memslot')
    if (at === 'ZF.2') return [event('zap_all_fast', { gen: before.mmu_valid_gen })]
    if (at === 'ZF.5 relock') return locked('__cond_resched_rwlock_write')
    return at === 'ZF.7' || at === 'ZF.5 unlock' ? unlocked : []
  }
  const load = (): Printed[] => [event('load_pgd', { vcpu: v, root: hpa(after.vcpu[v].root), level: 4 })]
  const page = (created: 'new' | 'existing'): Printed[] => {
    const fields = pageFields(after, after.vcpu[v].fault.child as number)
    return [
      event('kvm_mmu_get_page', { ...fields, created }),
      event('get_sp', { ...fields, fn: 'mmu_alloc_root' }),
    ]
  }
  const exit = (reason: string): Printed[] => [event('kvm_exit', { vcpu: v, reason })]
  const stale = (): Printed =>
    event('stale_chk', {
      vcpu: v,
      fseq: 0,
      kseq: 0,
      inprog: 1,
      pending: pending(before, v),
      rhpa: hpa(before.vcpu[v].root),
    })
  if (path.startsWith('CR3[')) return exit('write_cr3')
  if (at === 'FR.1' && taken === 1)
    return [event('free_roots', { mask: maskOf(before, v), ...slots(before, v) })]
  if (at === 'FR.2') return locked('kvm_mmu_free_roots')
  if (at === 'FR.3') {
    const roots = rootsIn(slots(before, v), maskOf(before, v)).map((root) =>
      event('free_root_page', { root }),
    )
    const zapped = pagesThat(after, ({ list }) => list === 'invalid_list of vcpu')
    return [
      ...roots,
      ...zapped.map((p) => event('prep_zap', { ...pageFields(after, p), vmgen: after.mmu_valid_gen })),
    ]
  }
  switch (path) {
    case 'RUN.8':
      if (taken === 0) return []
      return [
        event('vcpu_run', {
          vcpu: v,
          pending: pending(after, v),
          mode: mode(after, v),
          rhpa: hpa(after.vcpu[v].root),
          rpgd: pgd(after, after.vcpu[v].root),
          scr3: hpa(after.vcpu[v].root),
          ncr3: 0,
          np: 0,
        }),
      ]
    case 'interrupt':
      return exit('interrupt')
    case 'exit: other':
      return exit('io')
    case 'fault below':
      return exit('PF excp')
    case 'RUN.1/K2':
      return [event('free_obsolete_roots', slots(before, v))]
    case 'RUN.1/FR.end':
      return [event('free_obsolete_roots', NO_SLOTS)]
    case 'RUN.1/FR.5':
    case 'NP/NP.4 free/FR.5':
    case 'LOAD.4':
    case 'PF/PF.15':
      return unlocked
    case 'RUN.5':
      return taken === 1 ? [event('mmu_load', { vcpu: v, ...slots(before, v) })] : []
    case 'LOAD.1':
      return locked('kvm_mmu_load')
    case 'LOAD.2/GET.3':
      return taken === 0 ? page('existing') : []
    case 'LOAD.2/GET.6':
      return page('new')
    case 'LOAD.3':
      return [event('alloc_root', { hpa: hpa(after.vcpu[v].root) })]
    case 'LOAD.7':
      return load()
    case 'NP/NP.2':
      return [event('new_pgd', { vcpu: v, pgd: PGDS[before.vcpu[v].cr3] * PAGE_SIZE, ...slots(before, v) })]
    case 'NP/NP.4':
      return taken === 1 ? [event('free_roots', { mask: 1, ...slots(before, v) })] : []
    case 'RUN.6':
      // KVM_REQ_LOAD_MMU_PGD is serviced before.
      return load()
    case 'PF/PF.11':
      return [
        event('faultin', { vcpu: v, gfn: 0x100, kseq: 0, inprog: 0 }),
        event('faultin_ret', { ret: 0 }),
        ...locked('paging64_page_fault'),
      ]
    case 'PF/PF.12':
      return [stale(), event('stale_ret', { ret: taken === 0 ? 1 : 0 })]
    case 'PF/retry of a notifier':
      return [stale(), event('stale_ret', { ret: 1 })]
    default:
      return []
  }
}
