import { beforeAll, describe, expect, it } from 'vitest'
import { threadsOf } from '../features/index.ts'
import { flowOf } from '../language/machine.ts'
import { entered } from '../language/program.ts'
import { sortsOf } from '../memory/sorts.ts'
import { allPlans, boundsOf } from './build-scenario.ts'
import './index.ts'

/** What calls each kernel function in some scenario; null where nothing does. */
const callers = new Map<string, Set<string | null>>()

beforeAll(() => {
  for (const bounds of allPlans().map(boundsOf)) {
    for (const { program } of threadsOf(bounds, sortsOf(bounds))) {
      for (const { functions, step } of flowOf(program).steps) {
        const stack = entered(functions, step.about.fn)
        stack.forEach((fn, level) => {
          const of = callers.get(fn) ?? new Set()
          callers.set(fn, of.add(level === 0 ? null : stack[level - 1]))
        })
      }
    }
  }
})

describe('the call structure of the machines', () => {
  it.each([
    [
      'kvm_mmu_free_roots',
      [
        '__kvm_mmu_free_obsolete_roots',
        'cached_root_find_and_keep_current',
        'fast_pgd_switch',
        'kvm_mmu_unload',
      ],
    ],
    ['__kvm_mmu_free_obsolete_roots', ['kvm_mmu_reload', 'vcpu_enter_guest']],
    ['kvm_mmu_load', ['kvm_mmu_reload']],
    ['kvm_mmu_sync_roots', ['kvm_mmu_load', 'vcpu_enter_guest']],
    ['account_shadowed', ['kvm_mmu_alloc_shadow_page']],
    ['kvm_mmu_alloc_shadow_page', ['kvm_mmu_get_child_sp', 'mmu_alloc_root']],
    ['mmu_set_spte', ['paging64_fetch']],
    ['mmu_try_to_unsync_pages', ['make_spte', 'tdp_mmu_map_handle_target_level']],
    ['kvm_zap_obsolete_pages', ['kvm_mmu_zap_all_fast']],
    ['kvm_destroy_vm', ['kvm_put_kvm']],
    [
      '__kvm_mmu_prepare_zap_page',
      [
        '__kvm_mmu_unprotect_gfn_and_retry',
        'kvm_mmu_find_shadow_page',
        'kvm_mmu_track_write',
        'kvm_mmu_zap_memslot_pages_and_flush',
        'kvm_mmu_zap_oldest_mmu_pages',
        'kvm_sync_page',
        'kvm_zap_obsolete_pages',
      ],
    ],
    [
      'kvm_mmu_commit_zap_page',
      [
        '__kvm_mmu_unprotect_gfn_and_retry',
        'kvm_mmu_find_shadow_page',
        'kvm_mmu_free_roots',
        'kvm_mmu_remote_flush_or_zap',
        'kvm_mmu_track_write',
        'kvm_mmu_zap_oldest_mmu_pages',
        'kvm_zap_obsolete_pages',
      ],
    ],
    ['kvm_kick_many_cpus', ['kvm_make_all_cpus_request']],
  ])('has %s() called where the kernel calls it', (fn, expected) => {
    expect([...(callers.get(fn) ?? [])].sort()).toEqual(expected)
  })

  it('has a caller for every request to all vCPUs', () => {
    const found = callers.get('kvm_make_all_cpus_request')
    expect(found).toContain('kvm_mmu_zap_all_fast')
    expect(found).not.toContain(null)
  })

  // These are what a thread begins with, and hand-over points that several callers jump to.
  it('leaves no other function without a caller', () => {
    const outermost = [...callers].filter(([, of]) => of.has(null)).map(([fn]) => fn)
    expect(outermost.sort()).toMatchInlineSnapshot(`
      [
        "__fput",
        "direct_page_fault",
        "guest",
        "handle_mmio_page_fault",
        "hardware page walk",
        "host mm",
        "host userspace",
        "kvm_arch_setup_async_pf",
        "kvm_arch_vcpu_pre_fault_memory",
        "kvm_clear_dirty_log_protect",
        "kvm_gmem_release",
        "kvm_gpc_activate",
        "kvm_gpc_deactivate",
        "kvm_invalidate_pcid",
        "kvm_mmu_change_mmu_pages",
        "kvm_mmu_invlpg",
        "kvm_mmu_new_pgd",
        "kvm_mmu_notifier_clear_young",
        "kvm_mmu_notifier_invalidate_range_end",
        "kvm_mmu_notifier_invalidate_range_start",
        "kvm_mmu_page_fault",
        "kvm_mmu_track_write",
        "kvm_mmu_write_protect_fault",
        "kvm_mmu_zap_all_fast",
        "kvm_offline_cpu",
        "kvm_post_set_cr0",
        "kvm_post_set_cr4",
        "kvm_recover_nx_huge_pages",
        "kvm_set_cr3",
        "kvm_set_memory_region",
        "kvm_set_memslot",
        "kvm_steal_time_set_preempted",
        "kvm_tdp_mmu_page_fault",
        "kvm_vm_ioctl_get_dirty_log",
        "kvm_vm_ioctl_set_memory_region",
        "kvm_vm_set_mem_attributes",
        "kvm_x86_vcpu_run",
        "kvm_xen_inject_pending_events",
        "nested_ept_init_mmu_context",
        "nested_ept_uninit_mmu_context",
        "paging64_page_fault",
        "process_one_work",
        "record_steal_time",
        "store buffer",
        "svm_enable_virtualization_cpu",
        "vcpu_block",
        "vcpu_enter_guest",
        "vmx_deliver_interrupt",
        "vmx_deliver_posted_interrupt",
        "vmx_sync_pir_to_irr",
        "x86_emulate_insn",
        "x86_emulate_instruction",
      ]
    `)
  })

  it('says the callers of a function in all places or in none, but for threads that begin with it', () => {
    const some = [...callers].filter(([, of]) => of.has(null) && of.size > 1).map(([fn]) => fn)
    expect(some.filter((fn) => /^\w+$/.test(fn)).sort()).toEqual([
      'kvm_mmu_track_write',
      'kvm_mmu_zap_all_fast',
    ])
  })
})
