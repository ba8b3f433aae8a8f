import { type Arg, address, entry, hex, hpa, int, pfn, printedAs } from './fields.ts'

/** A kprobe of the recording recipe: `p` fires before the function, `r` after it has returned. */
export interface Probe<F extends Fields = Fields> {
  readonly at: 'p' | 'r'
  readonly fn: string
  readonly fields: F
}

export type Fields = { readonly [name: string]: Arg }

const before = <const F extends Fields>(fn: string, fields: F): Probe<F> => ({ at: 'p', fn, fields })
const after = <const F extends Fields>(fn: string, fields: F): Probe<F> => ({ at: 'r', fn, fields })
const NONE = {}

const vcpu = int('+{vcpu.vcpu_id}(%di)')
const pending = hex('+{vcpu.requests}(%di)')
const mode = int('+{vcpu.mode}(%di)')
const ret = int('$retval')
const lock = address('%di')
const range = { start: hex('%dx'), end: hex('%cx') }

/** `struct kvm_mmu`: the current root and the cached ones. */
const mmu = (base: string) => ({
  rpgd: hpa(`+{mmu.root.pgd}(${base})`),
  rhpa: hpa(`+{mmu.root.hpa}(${base})`),
  role: hex(`+{mmu.root_role}(${base})`, 'x32'),
  p0: hpa(`+{mmu.prev_roots}(${base})`),
  h0: hpa(`+{mmu.prev_roots+8}(${base})`),
  p1: hpa(`+{mmu.prev_roots+16}(${base})`),
  h1: hpa(`+{mmu.prev_roots+24}(${base})`),
  p2: hpa(`+{mmu.prev_roots+32}(${base})`),
  h2: hpa(`+{mmu.prev_roots+40}(${base})`),
})
const MMU_OF_VCPU = '+{vcpu.mmu}(%di)'

/** `struct kvm_mmu_page`. */
const page = (sp: string) => ({
  sp: address(sp),
  spt: address(`+{page.spt}(${sp})`),
  gfn: hex(`+{page.gfn}(${sp})`),
  role: hex(`+{page.role}(${sp})`, 'x32'),
  gen: int(`+{page.mmu_valid_gen}(${sp})`, 'u8'),
  unsync: int(`+{page.unsync}(${sp})`, 'u8'),
  rootc: int(`+{page.root_count}(${sp})`),
  unsyncc: int(`+{page.unsync_children}(${sp})`, 'u32'),
  parents: address(`+{page.parent_ptes}(${sp})`),
  tdp: int(`+{page.tdp_mmu_page}(${sp})`, 'u8'),
})

const invalidate = (kvm: string) => ({
  kseq: int(`+{kvm.mmu_invalidate_seq}(${kvm})`, 'u64'),
  inprog: int(`+{kvm.mmu_invalidate_in_progress}(${kvm})`, 's64'),
})
const invalidation = {
  seq: int('+{kvm.mmu_invalidate_seq}(%di)', 'u64'),
  inprog: int('+{kvm.mmu_invalidate_in_progress}(%di)', 's64'),
}

/**
 * The probes of the recording recipe, in the order of the list that it prints. Functions are those of 6.12; the tables in
 * `kernel.ts` say what differs.
 */
export const PROBES = {
  mmu_load: before('kvm_mmu_load', { vcpu, ...mmu(MMU_OF_VCPU) }),
  mmu_load_ret: after('kvm_mmu_load', { ret }),
  mmu_unload: before('kvm_mmu_unload', { vcpu }),
  new_pgd: before('kvm_mmu_new_pgd', { vcpu, pgd: hpa('%si'), ...mmu(MMU_OF_VCPU) }),
  free_roots: before('kvm_mmu_free_roots', { kvm: address('%di'), mask: hex('%dx'), ...mmu('%si') }),
  free_root_page: before('mmu_free_root_page', { root: hpa('+0(%si)') }),
  alloc_root: after('mmu_alloc_root', { hpa: hpa('$retval') }),
  free_obsolete_roots: before('__kvm_mmu_free_obsolete_roots', { ...mmu('%si') }),
  sync_roots: before('kvm_mmu_sync_roots', { vcpu, root: hpa(`+{mmu.root.hpa}(${MMU_OF_VCPU})`) }),
  sync_prev_roots: before('kvm_mmu_sync_prev_roots', { vcpu }),
  mmu_sync_children: before('mmu_sync_children', page('%si')),
  mmu_invlpg: before('kvm_mmu_invlpg', { vcpu, gva: hex('%si') }),
  mmu_reset_context: before('kvm_mmu_reset_context', { vcpu }),
  mark_unsync: before('mark_unsync', { spte: address('%di') }),
  mark_parents_unsync: before('kvm_mmu_mark_parents_unsync', page('%di')),
  try_unsync: before('mmu_try_to_unsync_pages', { gfn: hex('%dx') }),
  try_unsync_ret: after('mmu_try_to_unsync_pages', { ret }),
  get_sp: after('__kvm_mmu_get_shadow_page', page('$retval')),
  prep_zap: before('__kvm_mmu_prepare_zap_page', {
    ...page('%si'),
    vmgen: int('+{kvm.mmu_valid_gen}(%di)', 'u8'),
    used: int('+{kvm.n_used_mmu_pages}(%di)', 'u64'),
    indirect: int('+{kvm.indirect_shadow_pages}(%di)', 'u32'),
  }),
  prep_zap_ret: after('__kvm_mmu_prepare_zap_page', { unstable: int('$retval', 'u8') }),
  commit_zap: before('kvm_mmu_commit_zap_page.part.0', { list: address('%si') }),
  zap_all_fast: before('__kvm_mmu_zap_all_fast_front_half', { gen: int('+{kvm.mmu_valid_gen}(%di)', 'u8') }),
  zap_pte: before('mmu_page_zap_pte', { sp: address('%si'), spte: address('%dx'), old: entry('+0(%dx)') }),
  drop_spte: before('drop_spte', { sptep: address('%si'), old: entry('+0(%si)') }),
  spte_clear: before('mmu_spte_clear_track_bits', { sptep: address('%si'), old: entry('+0(%si)') }),
  spte_update: before('mmu_spte_update', { sptep: address('%di'), old: entry('+0(%di)'), new: entry('%si') }),
  spte_update_nt: before('mmu_spte_update_no_track', {
    sptep: address('%di'),
    old: entry('+0(%di)'),
    new: entry('%si'),
  }),
  pte_list_add: before('pte_list_add', {
    spte: address('%si'),
    head: address('%dx'),
    old: address('+0(%dx)'),
  }),
  pte_list_remove: before('pte_list_remove.isra.0', {
    spte: printedAs('a', address('%di')),
    head: printedAs('b', address('%si')),
    c: address('%dx'),
  }),
  rmap_add: before('__rmap_add', { slot: address('%dx'), spte: address('%cx'), gfn: hex('%r8') }),
  req_all: before('kvm_make_all_cpus_request', { req: hex('%si', 'x32') }),
  req_vcpu: before('kvm_make_vcpu_request', { vcpu, req: hex('%si', 'x32'), pending, mode }),
  flush_remote: before('kvm_flush_remote_tlbs', NONE),
  flush_remote_range: before('kvm_flush_remote_tlbs_range', { gfn: hex('%si'), n: hex('%dx') }),
  svc_local_flush: before('kvm_service_local_tlb_flush_requests', { vcpu, pending }),
  load_pgd: before('svm_load_mmu_pgd', { vcpu, root: hpa('%si'), level: int('%dx') }),
  flush_current: before('svm_flush_tlb_current', { vcpu }),
  flush_all: before('svm_flush_tlb_all', { vcpu }),
  flush_gva: before('svm_flush_tlb_gva', { vcpu, gva: hex('%si') }),
  vcpu_run: before('svm_vcpu_run', {
    vcpu,
    pending,
    mode,
    rhpa: hpa(`+{mmu.root.hpa}(${MMU_OF_VCPU})`),
    rpgd: hpa(`+{mmu.root.pgd}(${MMU_OF_VCPU})`),
    ncr3: hpa('+176(+{svm.vmcb}(%di))'),
    scr3: hpa('+1360(+{svm.vmcb}(%di))'),
    np: hex('+144(+{svm.vmcb}(%di))'),
    tlbctl: int('+92(+{svm.vmcb}(%di))', 'u8'),
  }),
  faultin: before('kvm_faultin_pfn', { vcpu, gfn: hex('+{fault.gfn}(%si)'), ...invalidate('+0(%di)') }),
  faultin_ret: after('kvm_faultin_pfn', { ret }),
  ret_kvm_tdp_page_fault: after('kvm_tdp_page_fault', { ret }),
  ret_direct_page_fault: after('direct_page_fault', { ret }),
  ret_paging64_page_fault: after('paging64_page_fault', { ret }),
  stale_chk: before('is_page_fault_stale', {
    vcpu,
    gfn: hex('+{fault.gfn}(%si)'),
    fseq: int('+{fault.mmu_seq}(%si)', 'u64'),
    pfn: pfn('+{fault.pfn}(%si)'),
    ...invalidate('+0(%di)'),
    pending,
    rhpa: hpa(`+{mmu.root.hpa}(${MMU_OF_VCPU})`),
  }),
  stale_ret: after('is_page_fault_stale', { ret: int('$retval', 'u8') }),
  inv_begin: before('kvm_mmu_invalidate_begin', invalidation),
  inv_end: before('kvm_mmu_invalidate_end', invalidation),
  mn_start: before('kvm_mmu_notifier_invalidate_range_start', NONE),
  mn_start_ret: after('kvm_mmu_notifier_invalidate_range_start', { ret }),
  mn_end: before('kvm_mmu_notifier_invalidate_range_end', NONE),
  mn_clear_flush_young: before('kvm_mmu_notifier_clear_flush_young', range),
  mn_clear_young: before('kvm_mmu_notifier_clear_young', range),
  mn_test_young: before('kvm_mmu_notifier_test_young', { addr: hex('%dx') }),
  mn_release: before('kvm_mmu_notifier_release', NONE),
  unmap_gfn_range: before('kvm_unmap_gfn_range', {
    start: hex('+{range.start}(%si)'),
    end: hex('+{range.end}(%si)'),
    ...invalidation,
  }),
  age_gfn: before('kvm_age_gfn', { start: hex('+{range.start}(%si)'), end: hex('+{range.end}(%si)') }),
  age_gfn_ret: after('kvm_age_gfn', { young: int('$retval', 'u8') }),
  test_age_gfn: before('kvm_test_age_gfn', { start: hex('+{range.start}(%si)') }),
  test_age_gfn_ret: after('kvm_test_age_gfn', { young: int('$retval', 'u8') }),
  set_memslot: before('kvm_set_memslot', { old: address('%si'), new: address('%dx'), change: int('%cx') }),
  set_memslot_ret: after('kvm_set_memslot', { ret }),
  swap_memslots: before('kvm_swap_active_memslots', NONE),
  flush_memslot: before('kvm_arch_flush_shadow_memslot', NONE),
  flush_shadow_all: before('kvm_arch_flush_shadow_all', NONE),
  srcu_exp: before('synchronize_srcu_expedited', { srcu: address('%di') }),
  srcu_exp_ret: after('synchronize_srcu_expedited', NONE),
  srcu: before('synchronize_srcu', { srcu: address('%di') }),
  srcu_ret: after('synchronize_srcu', NONE),
  tdp_inv_roots: before('kvm_tdp_mmu_invalidate_all_roots', NONE),
  tdp_zap_inv_roots: before('kvm_tdp_mmu_zap_invalidated_roots', NONE),
  tdp_put_root: before('kvm_tdp_mmu_put_root', page('%si')),
  tdp_zap_root: before('__tdp_mmu_zap_root', page('%si')),
  tdp_zap_sp: before('kvm_tdp_mmu_zap_sp', page('%si')),
  tdp_link_sp: before('tdp_mmu_link_sp', page('%dx')),
  tdp_rcu_free: before('tdp_mmu_free_sp_rcu_callback', { sp: address('%di') }),
  tdp_zap_leafs: before('kvm_tdp_mmu_zap_leafs', { start: hex('%si'), end: hex('%dx') }),
  tdp_get_root: after('kvm_tdp_mmu_alloc_root', { ret: hpa('$retval') }),
  wrprot_slot: before('kvm_mmu_slot_remove_write_access', NONE),
  wrprot_gfn: before('kvm_mmu_slot_gfn_write_protect', { gfn: hex('%dx') }),
  log_dirty_masked: before('kvm_arch_mmu_enable_log_dirty_pt_masked', {
    gfn_off: hex('%dx'),
    mask: entry('%cx'),
  }),
  slot_clear_dirty: before('kvm_mmu_slot_leaf_clear_dirty', NONE),
  zap_collapsible: before('kvm_mmu_zap_collapsible_sptes', NONE),
  pte_write: before('kvm_mmu_track_write', { gpa: hex('%si'), new: entry('+0(%dx)'), bytes: int('%cx') }),
  unprotect: before('__kvm_mmu_unprotect_gfn_and_retry', { vcpu, gpa: hex('%si') }),
  zap_oldest: before('kvm_mmu_zap_oldest_mmu_pages', { n: int('%si', 'u64') }),
  zap_all_rmap: before('kvm_zap_all_rmap_sptes', { head: address('%si'), old: address('+0(%si)') }),
  free_memslot: before('kvm_arch_free_memslot', { slot: address('%si') }),
  mark_dirty: before('mark_page_dirty_in_slot', { slot: address('%si'), gfn: hex('%dx') }),
  nx_recover: before('kvm_nx_huge_page_recovery_worker', NONE),
  wlock: before('_raw_write_lock', { lock }),
  wunlock: before('_raw_write_unlock', { lock }),
  rlock: before('_raw_read_lock', { lock }),
  runlock: before('_raw_read_unlock', { lock }),
  wlock_acq: after('_raw_write_lock', { lock: address('$arg1') }),
  rlock_acq: after('_raw_read_lock', { lock: address('$arg1') }),
} as const satisfies Record<string, Probe>

export type ProbeName = keyof typeof PROBES
