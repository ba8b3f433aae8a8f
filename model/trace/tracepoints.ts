import type { Kind } from './fields.ts'

/** A tracepoint of the kernel: the text that it prints, and the kinds of the groups in it. */
export interface Tracepoint<F extends { readonly [name: string]: Kind | 'text' } = TracepointFields> {
  readonly text: RegExp
  readonly fields: F
}

export type TracepointFields = { readonly [name: string]: Kind | 'text' }

const tracepoint = <const F extends TracepointFields>(text: RegExp, fields: F): Tracepoint<F> => ({
  text,
  fields,
})

/** "sp gen 0 gfn 13 l1 8-byte q0[ direct] w-x[ invalid] [!]nxe [!]ad root 0 sync[ new]", in 7.2 with four access letters. */
const page = tracepoint(
  /^sp gen (?<gen>\d+) gfn (?<gfn>[0-9a-f]+) l(?<level>\d+) (?<bytes>[48])-byte q(?<quadrant>\d)(?<direct> direct)? (?<access>[-rwux]{3,4})(?<invalid> invalid)? !?nxe !?ad root (?<rootc>\d+) (?<sync>sync|unsync)(?: (?<created>new|existing))?$/,
  {
    gen: 'int',
    gfn: 'hex',
    level: 'int',
    bytes: 'int',
    quadrant: 'int',
    direct: 'text',
    access: 'text',
    invalid: 'text',
    rootc: 'int',
    sync: 'text',
    created: 'text',
  },
)

/**
 * The tracepoints of kvm, kvmmmu and kmem that are read. Fields of optional groups that a line does not have are the
 * empty text.
 */
export const TRACEPOINTS = {
  kvm_entry: tracepoint(/^vcpu (?<vcpu>\d+), rip 0x[0-9a-f]+/, { vcpu: 'int' }),
  kvm_exit: tracepoint(
    /^vcpu (?<vcpu>\d+) reason (?<reason>.+?) rip 0x[0-9a-f]+ info1 (?<info1>0x[0-9a-f]+) info2 (?<info2>0x[0-9a-f]+)/,
    { vcpu: 'int', reason: 'text', info1: 'entry', info2: 'entry' },
  ),
  kvm_page_fault: tracepoint(
    /^vcpu (?<vcpu>\d+) rip 0x[0-9a-f]+ address (?<address>0x[0-9a-f]+) error_code (?<error>0x[0-9a-f]+)$/,
    { vcpu: 'int', address: 'entry', error: 'entry' },
  ),
  kvm_mmu_get_page: page,
  kvm_mmu_prepare_zap_page: page,
  kvm_mmu_sync_page: page,
  kvm_mmu_unsync_page: page,
  kvm_mmu_zap_all_fast: tracepoint(/^kvm-mmu-valid-gen (?<gen>\d+) used_pages (?<used>[0-9a-f]+)$/, {
    gen: 'int',
    used: 'hex',
  }),
  kvm_mmu_spte_requested: tracepoint(/^gfn (?<gfn>[0-9a-f]+) pfn (?<pfn>[0-9a-f]+) level (?<level>\d+)/, {
    gfn: 'hex',
    pfn: 'pfn',
    level: 'int',
  }),
  kvm_mmu_set_spte: tracepoint(
    /^gfn (?<gfn>[0-9a-f]+) spte (?<spte>[0-9a-f]+) \((?<access>.{4})\) level (?<level>\d+) at (?<at>[0-9a-f]+)$/,
    { gfn: 'hex', spte: 'entry', access: 'text', level: 'int', at: 'hpa' },
  ),
  kvm_tdp_mmu_spte_changed: tracepoint(
    /^as id (?<as>\d+) gfn (?<gfn>[0-9a-f]+) level (?<level>\d+) old_spte (?<old>[0-9a-f]+) new_spte (?<new>[0-9a-f]+)$/,
    { as: 'int', gfn: 'hex', level: 'int', old: 'entry', new: 'entry' },
  ),
  fast_page_fault: tracepoint(
    /^vcpu (?<vcpu>\d+) gva (?<gva>[0-9a-f]+) error_code (?<error>\S*) sptep (?<sptep>[0-9a-f]+) old (?<old>0x[0-9a-f]+|0) new (?<new>[0-9a-f]+) spurious (?<spurious>\d) fixed (?<fixed>\d)$/,
    {
      vcpu: 'int',
      gva: 'entry',
      error: 'text',
      sptep: 'address',
      old: 'entry',
      new: 'entry',
      spurious: 'int',
      fixed: 'int',
    },
  ),
  mark_mmio_spte: tracepoint(
    /^sptep:(?<sptep>[0-9a-f]+) gfn (?<gfn>[0-9a-f]+) access (?<access>[0-9a-f]+) gen (?<gen>[0-9a-f]+)$/,
    { sptep: 'address', gfn: 'hex', access: 'hex', gen: 'hex' },
  ),
  check_mmio_spte: tracepoint(
    /^spte (?<spte>[0-9a-f]+) kvm_gen (?<current>[0-9a-f]+) spte-gen (?<gen>[0-9a-f]+) valid (?<valid>\d)$/,
    { spte: 'entry', current: 'hex', gen: 'hex', valid: 'int' },
  ),
  handle_mmio_page_fault: tracepoint(
    /^addr:(?<address>[0-9a-f]+) gfn (?<gfn>[0-9a-f]+) access (?<access>[0-9a-f]+)$/,
    { address: 'entry', gfn: 'hex', access: 'hex' },
  ),
  kvm_mmu_pagetable_walk: tracepoint(/^addr (?<address>[0-9a-f]+) pferr (?<error>[0-9a-f]+)/, {
    address: 'entry',
    error: 'entry',
  }),
  kvm_mmu_paging_element: tracepoint(/^pte (?<pte>[0-9a-f]+) level (?<level>\d+)$/, {
    pte: 'entry',
    level: 'int',
  }),
  kvm_mmu_set_accessed_bit: tracepoint(/^gpa (?<gpa>[0-9a-f]+)$/, { gpa: 'hex' }),
  kvm_mmu_set_dirty_bit: tracepoint(/^gpa (?<gpa>[0-9a-f]+)$/, { gpa: 'hex' }),
  kvm_mmu_walker_error: tracepoint(/^pferr (?<error>[0-9a-f]+)/, { error: 'entry' }),
  kvm_mmu_split_huge_page: tracepoint(
    /^gfn (?<gfn>[0-9a-f]+) spte (?<spte>[0-9a-f]+) level (?<level>\d+) errno (?<errno>-?\d+)$/,
    { gfn: 'hex', spte: 'entry', level: 'int', errno: 'int' },
  ),
  kvm_unmap_hva_range: tracepoint(
    /^mmu notifier unmap range: (?<start>0x[0-9a-f]+) -- (?<end>0x[0-9a-f]+)$/,
    { start: 'hex', end: 'hex' },
  ),
  kvm_age_hva: tracepoint(/^mmu notifier age hva: (?<start>0x[0-9a-f]+) -- (?<end>0x[0-9a-f]+)$/, {
    start: 'hex',
    end: 'hex',
  }),
  kvm_nested_vmenter: tracepoint(
    /^rip: 0x[0-9a-f]+ vmcb: 0x[0-9a-f]+ .* nested_npt=(?<npt>[yn]) nested_cr3: (?<cr3>0x[0-9a-f]+)$/,
    { npt: 'text', cr3: 'hpa' },
  ),
  kvm_nested_vmexit: tracepoint(/^vcpu (?<vcpu>\d+) reason (?<reason>.+?) rip 0x/, {
    vcpu: 'int',
    reason: 'text',
  }),
  kmem_cache_free: tracepoint(
    /^call_site=(?<site>[^+ ]+)\S*(?: \[\w+\])? ptr=(?<ptr>[0-9a-f]+) name=(?<cache>\S+)$/,
    { site: 'text', ptr: 'address', cache: 'text' },
  ),
} as const satisfies Record<string, Tracepoint>

export type TracepointName = keyof typeof TRACEPOINTS

/** Events of a recording that say nothing of the MMU. */
export const SKIPPED: ReadonlySet<string> = new Set([
  'kvm_apicv_inhibit_changed',
  'kvm_emulate_insn',
  'kvm_fpu',
  'kvm_inj_exception',
  'kvm_mmio',
  'kvm_nested_intercepts',
  'kvm_nested_vmenter_failed',
  'kvm_nested_vmexit_inject',
  'kvm_pio',
  'kvm_test_age_hva',
  'kvm_track_tsc',
  'kvm_update_master_clock',
  'kvm_userspace_exit',
  'kvm_write_tsc_offset',
  'vcpu_match_mmio',
])
