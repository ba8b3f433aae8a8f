import { only, replace } from '../../language/patch.ts'
import { deactivatedBeforeThePageIsForgotten } from '../../machines/notifier/pfn-cache.ts'
import type { Difference } from '../difference.ts'

export const pfnCacheDeactivatedInOneSection: Difference = {
  id: 'pfn-cache-deactivated-in-one-section',
  title: 'deactivate a pfn cache and forget its page in one section of gpc->lock, with refresh_lock held',
  since: 'v6.12',
  function: 'kvm_gpc_deactivate',
  about:
    'In 6.1 the page is forgotten when the cache is off the list already; a refresh cannot begin meanwhile, as the cache is not active. Between 6.1 and 6.12; the commit was not looked up.',
  before: ({ pfnCache }) =>
    pfnCache.toggles === 0 ? [] : [only('gpcioctl', replace('GD', deactivatedBeforeThePageIsForgotten()))],
}
