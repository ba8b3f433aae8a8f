import { type Block, block, type Entry, step } from '../language/program.ts'
import type { Kvm } from '../memory/kvm.ts'
import { free_shadow_page, type InvalidList, is_obsolete_sp, list_del_active } from '../memory/shadow-page.ts'
import { kvm_make_all_cpus_request, type Locals } from './make-request.ts'

const fn = '__kvm_mmu_prepare_zap_page'
const since = 'v5.18..v6.16'

/** Where a thread keeps what prepare-zap needs: the page, and (single-root zaps) `zapped_root`. */
export interface Zapping {
  readonly sp: (kvm: Kvm, self: number) => number
  readonly list: InvalidList
}

/** Clears the page's SPTEs (ZAP.2), which hardware walkers can see. */
export function zap_sptes({ sp }: Zapping): Entry<Kvm> {
  return step(
    'ZAP.2',
    { fn, since, shows: (kvm, self) => `clear SPTEs of root ${sp(kvm, self)}` },
    {
      does: (kvm, self) => {
        kvm.page[sp(kvm, self)].spte = false
      },
    },
  )
}

/** Moves the page off the active list (ZAP.6): to the list of zapped pages, or nowhere while it is pinned. */
export function unlink_page(
  { sp, list }: Zapping,
  remember?: (kvm: Kvm, self: number, zapped: boolean) => void,
): Entry<Kvm> {
  return step(
    'ZAP.6',
    {
      fn,
      since,
      shows: (kvm, self) => {
        const page = sp(kvm, self)
        return kvm.page[page].root_count === 0
          ? `root ${page}: list_move(&sp->link, invalid_list)`
          : `root ${page}: root_count = ${kvm.page[page].root_count}, list_del(&sp->link)`
      },
    },
    {
      does: (kvm, self) => {
        const page = sp(kvm, self)
        if (kvm.page[page].list === 'active') list_del_active(kvm, page)
        const pinned = kvm.page[page].root_count > 0
        kvm.page[page].list = pinned ? 'pinned' : list
        remember?.(kvm, self, pinned && !is_obsolete_sp(kvm, page))
      },
    },
  )
}

/** Marks the page invalid (ZAP.8), which the lock-free tests of roots can see. */
export function mark_invalid({ sp }: Zapping): Entry<Kvm> {
  return step(
    'ZAP.8',
    { fn, since, shows: (kvm, self) => `root ${sp(kvm, self)}: sp->role.invalid = 1` },
    {
      does: (kvm, self) => {
        kvm.page[sp(kvm, self)].role_invalid = true
      },
    },
  )
}

/** Tells all vCPUs to drop obsolete roots (ZAP.9), when the zapped page was a root in use. */
export function request_if_root_was_zapped(
  vcpus: number,
  zapped: (kvm: Kvm, self: number) => boolean,
  sp: Zapping['sp'],
  locals: Locals,
): Block<Kvm> {
  return block('ZAP.9', [
    step('ZAP.9 test', { fn, since, shows: (kvm, self) => `zapped_root = ${zapped(kvm, self)}` }, [
      { when: (kvm, self) => !zapped(kvm, self), to: 'ZAP.9 end' },
      {},
    ]),
    kvm_make_all_cpus_request('request', 'FREE_OBSOLETE_ROOTS', vcpus, locals),
    step(
      'ZAP.9 told',
      {
        fn,
        since,
        shows: 'all vCPUs were told',
        fused: 'History for a property; the kernel does nothing here.',
      },
      {
        does: (kvm, self) => {
          kvm.page[sp(kvm, self)].told = true
        },
      },
    ),
    step('ZAP.9 end', { fn, since, shows: 'return list_unstable' }),
  ])
}

/**
 * `kvm_mmu_commit_zap_page()` (shadow-mmu.md 8.2): nothing on the list, nothing to do; else flush all TLBs,
 * wait for every vCPU to have left guest mode, and free the pages.
 */
export function kvm_mmu_commit_zap_page(
  name: string,
  list: InvalidList,
  vcpus: number,
  locals: Locals,
): Block<Kvm> {
  const commit = { fn: 'kvm_mmu_commit_zap_page', since }
  const zapped = (kvm: Kvm): number[] =>
    Array.from({ length: kvm.page.length }, (_, p) => p).filter((p) => kvm.page[p].list === list)
  return block(name, [
    step('CM.1', { ...commit, shows: (kvm) => `list_empty(invalid_list) = ${zapped(kvm).length === 0}` }, [
      { when: (kvm) => zapped(kvm).length === 0, to: 'CM.end' },
      {},
    ]),
    kvm_make_all_cpus_request('CM.2', 'TLB_FLUSH', vcpus, locals),
    step(
      'CM.3',
      {
        ...commit,
        shows: (kvm) => `kvm_mmu_free_shadow_page(root ${zapped(kvm).join(', ')})`,
        fused:
          'All pages of the list are freed at once: mmu_lock is held and nobody may reach them any more; a root slot that still does is a violation in the state after.',
      },
      {
        does: (kvm) => {
          for (const page of zapped(kvm)) free_shadow_page(kvm, page)
        },
      },
    ),
    step('CM.end', { ...commit, shows: 'return' }),
  ])
}
