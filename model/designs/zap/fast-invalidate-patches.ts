import { drop, insert, only, type Patch, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { endTest, slotLookup } from '../../machines/notifier/notifier.ts'
import { writeUnlock } from '../../machines/primitives/lock.ts'
import { testCurrentRoot } from '../../machines/roots/free-obsolete-roots.ts'
import { drop_unless_dying, zapChildren } from '../../machines/zap/invalidate-2013.ts'
import { tail, zapFromTail, zapping } from '../../machines/zap/zap-all-fast.ts'
import { commitZapPage, requestIfRootWasZapped, unlinkPage } from '../../machines/zap/zap-page.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { slot_found } from '../../memory/memslots/memslot.ts'
import { free_shadow_page } from '../../memory/shadow/shadow-page.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { SLOT_DELETE } from '../../scenarios/memslots/slots.ts'

/** The patches that make up the designs of question seed-001. */

const bounds = boundsOf(SLOT_DELETE)

/** Restricts patches to the thread that deletes a memslot and zaps for it. */
export const zap = (...patches: Patch<Kvm>[]): Patch<Kvm>[] => patches.map((patch) => only('memslot', patch))

/** kvm_mmu_prepare_zap_page() leaves the rmaps alone for pages of the old generation. */
export const SKIP = zap(
  replace(
    'ZAP.2',
    zapChildren('rmap entries left in place', () => {}),
  ),
)
/** It removes SPTEs from the rmaps of slots that stay, but not from those of the slot that is deleted. */
export const SELECT = zap(
  replace('ZAP.2', zapChildren('rmap entries of the slot left in place', drop_unless_dying)),
)
/** Notifiers skip slots that are being deleted. */
const isValid = (kvm: Kvm, gfn: number): boolean => slot_found(kvm, gfn) === 'valid'
export const NOTIFIERS_SKIP_INVALID: readonly Patch<Kvm>[] = [
  only('notifier', replace('NS.3', slotLookup(isValid))),
  only('notifier', replace('NE.1 test', endTest(isValid))),
]
/** Zapped pages are freed when the slot can no longer be found; with or without transferring their dirty bits. */
export const freeLate = (transferDirty: boolean): Patch<Kvm>[] =>
  zap(
    drop('ZF.6'),
    insert(
      { after: 'SL.6 wait' },
      step(
        'D2.free',
        {
          fn: 'kvm_mmu_commit_zap_page',
          since: 'history',
          shows: 'free the shadow pages that were kept',
          fused: 'No other thread can reach them.',
        },
        {
          does: (kvm) => {
            for (let page = 0; page < kvm.page.length; page++) {
              if (kvm.page[page].list !== zapping.list) continue
              for (const { dirty, pfn } of kvm.page[page].spte) {
                if (transferDirty && dirty && pfn !== null) kvm.host_page[pfn].dirty = true
              }
              free_shadow_page(kvm, page)
            }
          },
        },
      ),
    ),
  )

/** The request drops every root, as KVM_REQ_MMU_RELOAD did until v5.17. */
export const ANY_ROOT = replace<Kvm>(
  'OB.1',
  testCurrentRoot(() => true),
)

/** Zapped pages are flushed and freed before mmu_lock is dropped. */
const COMMIT_BEFORE_BREAK: Patch<Kvm>[] = [
  replace(
    'ZF.5 unlock',
    step(
      'ZF.5 unlock',
      { fn: 'kvm_mmu_zap_all', since: 'history', shows: 'need_resched()' },
      {
        when: (kvm) => kvm.memslot[0].batch && tail(kvm) !== null,
        does: (kvm) => {
          kvm.memslot[0].batch = false
        },
        to: 'ZF.5 break',
      },
    ),
  ),
  insert(
    { before: 'ZF.5 relock' },
    commitZapPage('ZF.5 commit', zapping.list, bounds.vcpus, (kvm) => kvm.memslot[0].req),
    writeUnlock('ZF.5 drop', { fn: 'kvm_mmu_zap_all', since: 'history' }),
  ),
]

/** Without a generation: every page is zapped, with a request if it is a root in use. */
export const zapEverything = (lockBreak: boolean): Patch<Kvm>[] =>
  zap(
    drop('ZF.2'),
    drop('ZF.4'),
    replace(
      'ZF.5',
      zapFromTail({ ...bounds, zap: { ...bounds.zap, lockBreak } }, (kvm) => tail(kvm) !== null),
    ),
    replace(
      'ZAP.6',
      unlinkPage(zapping, (kvm, _self, zapped) => {
        kvm.memslot[0].zapped_root = zapped
      }),
    ),
    insert(
      { after: 'ZAP.8' },
      requestIfRootWasZapped(
        bounds.vcpus,
        (kvm) => kvm.memslot[0].zapped_root,
        zapping.sp,
        (kvm) => kvm.memslot[0].req,
      ),
    ),
    ...(lockBreak ? COMMIT_BEFORE_BREAK : [drop<Kvm>('ZF.5 break')]),
  )
