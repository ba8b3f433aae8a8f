import { type Entry, inFunction, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { clear_slot, pages_in_slot, root_name, slot_has_root, slot_name } from '../../memory/roots/mmu.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { unlink_nested } from '../zap/zap-nested-children.ts'
import { commitZapPage } from '../zap/zap-page.ts'

const since: ReadIn = 'v5.18..v7.2'
const about = { fn: 'kvm_mmu_free_roots', since }

/**
 * `kvm_mmu_free_roots()` for the slots in `roots_to_free`: drops the references, and frees zapped pages whose last
 * reference this was.
 */
export function freeRoots(vcpus: number): Entry<Kvm>[] {
  return inFunction(
    about.fn,
    step<Kvm>(
      'FR.1',
      {
        ...about,
        c: 'roots_to_free & KVM_MMU_ROOT_CURRENT',
        shows: (kvm, v) => `roots_to_free = { ${named_slots(kvm, v)} }`,
      },
      [
        {
          when: (kvm, v) => slots_with_roots(kvm, v).length === 0,
          does: (kvm, v) => kvm.vcpu[v].roots_to_free.clear(),
          to: 'FR.end',
        },
        {},
      ],
    ),
    writeLock('FR.2', 'vcpu', about),
    step<Kvm>(
      'FR.3',
      {
        ...about,
        c: 'mmu_free_root_page(',
        shows: (kvm, v) => `mmu_free_root_page(${named_slots(kvm, v)})`,
        fused:
          'All slots at once: mmu_lock is held, and the slots belong to this vCPU. Only pages are zapped whose role.invalid is set already, and nested tables that are no roots: lockless tests of roots read neither. Their SPTEs only go away before the flush (FR.4).',
      },
      {
        does: (kvm, v) => {
          const local = kvm.vcpu[v]
          for (const slot of local.roots_to_free.elements()) mmu_free_root_page(kvm, v, slot)
          local.roots_to_free.clear()
        },
      },
    ),
    commitZapPage('FR.4', 'invalid_list of vcpu', vcpus, (kvm, v) => kvm.vcpu[v].req),
    writeUnlock('FR.5', about),
    step('FR.end', { ...about, c: { none: 'model' }, shows: 'return', quiet: true }),
  )
}

/** `mmu_free_root_page()`: drops a slot's references; the last one moves a zapped page to the list of zapped pages. */
function mmu_free_root_page(kvm: Kvm, v: number, slot: number): void {
  const roots = pages_in_slot(kvm, v, slot)
  clear_slot(kvm, v, slot)
  for (const root of roots) {
    kvm.page[root].root_count--
    if (kvm.page[root].root_count > 0 || !kvm.page[root].role_invalid) continue
    // __kvm_mmu_prepare_zap_page() a second time, which only finds SPTEs if the zapped root was used meanwhile.
    unlink_nested(kvm, v, root, { sp: () => root, list: 'invalid_list of vcpu' })
    kvm.page[root].list = 'invalid_list of vcpu'
  }
}

/** The slots to free that have a root: `VALID_PAGE()`. */
function slots_with_roots(kvm: Kvm, v: number): number[] {
  return kvm.vcpu[v].roots_to_free.elements().filter((slot) => slot_has_root(kvm, v, slot))
}

function named_slots(kvm: Kvm, v: number): string {
  return slots_with_roots(kvm, v)
    .map(
      (slot) =>
        `${slot_name(kvm, v, slot)} = ${
          pages_in_slot(kvm, v, slot)
            .map((page) => root_name(kvm, page))
            .join(' and ') || 'dummy root'
        }`,
    )
    .join(', ')
}
