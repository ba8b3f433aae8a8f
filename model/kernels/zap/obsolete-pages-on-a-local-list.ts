import { insert, only, type Patch, replace } from '../../language/patch.ts'
import { shrinkerScans } from '../../machines/zap/shrinker.ts'
import { zapping } from '../../machines/zap/zap-all-fast.ts'
import { commitZapPage, unlinkPage } from '../../machines/zap/zap-page.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** Zapped pages wait on a list of the VM, and the shrinker may free them early. */
function onAListOfTheVm(bounds: Bounds): readonly Patch<Kvm>[] {
  const list = 'zapped_obsolete_pages'
  const { begin, look, commit } = shrinkerScans(bounds)
  return [
    only('memslot', replace('ZF.5 zap/ZAP.6', unlinkPage({ ...zapping, list }))),
    only(
      'memslot',
      replace(
        'ZF.6',
        commitZapPage('ZF.6', list, bounds.vcpus, (kvm) => kvm.memslot[0].req),
      ),
    ),
    only('shrinker', replace('SHR.1', begin)),
    only('shrinker', replace('SHR.2', look)),
    only('shrinker', insert({ after: 'SHR.4' }, commit)),
  ]
}

export const obsoletePagesOnALocalList: Difference = {
  id: 'obsolete-pages-on-a-local-list',
  title: 'keep zapped obsolete pages on a local list, and remove the shrinker',
  since: 'v6.13',
  function: 'kvm_zap_obsolete_pages',
  about:
    'Since v3.11 (365c886860c4) the pages that a zap of everything has zapped wait on kvm->arch.zapped_obsolete_pages while mmu_lock is dropped, and mmu_shrink_scan() may flush and free them meanwhile. The order of ZF.1 to ZF.7 is the same.',
  before: onAListOfTheVm,
}
