import type { ProbeName } from './probes.ts'

/** What the text of a log depends on, by kernel: the builds of Debian that logs were recorded with. */
export interface Kernel {
  readonly version: string
  /** The numbers of bits of kvm_mmu_page_role that are not the same in all kernels. */
  readonly role: { readonly invalid: number; readonly cr0_wp: number }
  /** SHADOW_NONPRESENT_VALUE: what an SPTE that maps nothing is, in hexadecimal. */
  readonly absent: string
  /**
   * Offsets for the fetch arguments of the probes, in bytes, as far as they are not those of 6.12. Null where none were
   * recorded: they have to be read from the BTF of the kernel.
   */
  readonly offsets: Readonly<Record<string, number>> | null
  /** kvm_faultin_pfn() tests for invalidations before mmu_lock is taken, and the fault is retried then. */
  readonly retriesEarly: boolean
  /** Functions that have another name than in 6.12. */
  readonly functions: Readonly<Record<string, string>>
  /** Probes of functions that return nothing here. */
  readonly noReturnValue: readonly ProbeName[]
  /** Probes that this kernel does not have, or that never fire, because the function is inlined or absent. */
  readonly unobserved: readonly ProbeName[]
}

/** Offsets in 6.12.117. `kvm.arch` and `vcpu.arch` are included in those of their members. */
const OFFSETS_OF_6_12: Readonly<Record<string, number>> = {
  'vcpu.vcpu_id': 36,
  'vcpu.mode': 48,
  'vcpu.requests': 56,
  'vcpu.mmu': 672,
  'mmu.root.pgd': 48,
  'mmu.root.hpa': 56,
  'mmu.root_role': 72,
  'mmu.prev_roots': 80,
  'page.tdp_mmu_page': 32,
  'page.unsync': 33,
  'page.mmu_valid_gen': 34,
  'page.role': 36,
  'page.gfn': 40,
  'page.spt': 48,
  'page.root_count': 64,
  'page.unsync_children': 68,
  'page.parent_ptes': 72,
  'fault.gfn': 32,
  'fault.mmu_seq': 48,
  'fault.pfn': 56,
  'range.start': 8,
  'range.end': 16,
  'kvm.n_used_mmu_pages': 4760,
  'kvm.indirect_shadow_pages': 4784,
  'kvm.mmu_valid_gen': 4788,
  'kvm.mmu_invalidate_seq': 6856,
  'kvm.mmu_invalidate_in_progress': 6864,
  'svm.vmcb': 6480,
}

const V6_12: Kernel = {
  version: '6.12',
  role: { invalid: 11, cr0_wp: 13 },
  absent: '8000000000000000',
  offsets: {},
  retriesEarly: true,
  functions: {},
  noReturnValue: [],
  unobserved: ['inv_begin', 'mark_parents_unsync'],
}

const V6_1: Kernel = {
  ...V6_12,
  version: '6.1',
  absent: '0',
  offsets: null,
  retriesEarly: false,
  functions: {
    kvm_mmu_track_write: 'kvm_mmu_pte_write',
    __kvm_mmu_zap_all_fast_front_half: 'kvm_mmu_zap_all_fast',
  },
  // $arg1 of a return probe came with 6.5: the lock is held from the first event with a preempt depth on.
  unobserved: ['inv_begin', 'mark_parents_unsync', 'wlock_acq', 'rlock_acq'],
}

const V7_2: Kernel = {
  version: '7.2',
  role: { invalid: 12, cr0_wp: 14 },
  absent: '8000000000000000',
  offsets: {
    'mmu.root_role': 80,
    'mmu.prev_roots': 88,
    'page.unsync_children': 72,
    'page.parent_ptes': 80,
    'kvm.n_used_mmu_pages': 4808, // n_max_mmu_pages: the count is gone.
    'kvm.indirect_shadow_pages': 4816,
    'kvm.mmu_valid_gen': 4820,
    'kvm.mmu_invalidate_seq': 6792,
    'kvm.mmu_invalidate_in_progress': 6800,
    'svm.vmcb': 6720,
  },
  retriesEarly: true,
  functions: {
    kvm_faultin_pfn: 'kvm_mmu_faultin_pfn',
    kvm_mmu_invalidate_begin: 'kvm_mmu_invalidate_start',
    pte_list_add: 'pte_list_add.isra.0',
    kvm_mmu_zap_oldest_mmu_pages: 'kvm_mmu_zap_oldest_mmu_pages.isra.0',
    kvm_mmu_zap_collapsible_sptes: 'kvm_mmu_recover_huge_pages',
    kvm_tdp_mmu_invalidate_all_roots: 'kvm_tdp_mmu_invalidate_roots',
  },
  noReturnValue: ['tdp_get_root'],
  unobserved: ['mark_unsync', 'spte_update_nt', 'tdp_link_sp', 'tdp_zap_sp', 'inv_begin'],
}

/** The kernels that logs can be of, the oldest first. */
export const TRACED_KERNELS: readonly Kernel[] = [V6_1, V6_12, V7_2]

/** An offset for the fetch arguments. @throws TypeError for a member that no table has. */
export function offsetIn(kernel: Kernel, member: string): number {
  const offset = kernel.offsets?.[member] ?? OFFSETS_OF_6_12[member]
  if (offset === undefined) throw new TypeError(`no offset of ${member}`)
  return offset
}

/** The modelled bits of `sp->role`. */
export interface PageRole {
  readonly level: number
  readonly direct: boolean
  readonly no_write: boolean
  readonly invalid: boolean
  readonly wp_clear: boolean
  readonly guest_mode: boolean
}

/** Reads a role word. The bits up to `access`, and `guest_mode`, are the same in all kernels. */
export function roleOf({ role }: Kernel, word: number): PageRole {
  const bit = (n: number): boolean => ((word >>> n) & 1) === 1
  return {
    level: word & 15,
    direct: bit(7),
    no_write: !bit(9),
    invalid: bit(role.invalid),
    wp_clear: !bit(role.cr0_wp),
    guest_mode: bit(17),
  }
}

/** What an SPTE of AMD, or a non-EPT one of Intel, holds. */
export interface SpteBits {
  readonly kind: 'none' | 'mmio' | 'present'
  /** The physical address that it points to: of a host page, or of a table. */
  readonly hpa: number
  readonly writable: boolean
  /** shadow_mmu_writable_mask. */
  readonly mmu_writable: boolean
  readonly accessed: boolean
  readonly dirty: boolean
  /** The page-size bit: above level 1 the entry is a leaf. */
  readonly huge: boolean
}

const NOTHING: SpteBits = {
  kind: 'none',
  hpa: 0,
  writable: false,
  mmu_writable: false,
  accessed: false,
  dirty: false,
  huge: false,
}

/** SPTE_MMU_PRESENT_MASK is bit 11. */
const MMU_PRESENT = 0x800

/** Reads an SPTE as it is printed: hexadecimal digits without "0x". */
export function spteOf(digits: string): SpteBits {
  const low = Number.parseInt(digits.slice(-3), 16)
  // Bits 12 to 51: the digits between the last three and the first three of sixteen.
  const frame = Number.parseInt(`0${digits.slice(Math.max(0, digits.length - 13), -3)}`, 16)
  if ((low & MMU_PRESENT) === 0) {
    const isMmio = digits !== '0' && (low & 1) === 1
    return isMmio ? { ...NOTHING, kind: 'mmio' } : NOTHING
  }
  return {
    kind: 'present',
    hpa: frame * 4096,
    writable: (low & 2) !== 0,
    mmu_writable: (low & 0x400) !== 0,
    accessed: (low & 0x20) !== 0,
    dirty: (low & 0x40) !== 0,
    huge: (low & 0x80) !== 0,
  }
}
