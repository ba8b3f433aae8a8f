import { drop } from '../../language/patch.ts'
import type { Difference } from '../difference.ts'

export const retryTestWithoutLock: Difference = {
  id: 'retry-test-without-lock',
  title: 'test for invalidations of the frame before taking mmu_lock, before and after the page is looked up',
  since: 'v6.9',
  function: 'mmu_invalidate_retry_gfn_unsafe',
  about:
    'Up to v6.8 only is_page_fault_stale() tests, under mmu_lock, by address of user memory instead of frame: the same here, where no two frames have one address.',
  before: () => [drop('PF.8 precheck'), drop('PF.10')],
}
