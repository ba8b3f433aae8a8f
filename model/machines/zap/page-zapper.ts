import { choice, type Program, program, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, watched } from '../../memory/bounds.ts'
import { type Kvm, mmu_lock_is_free } from '../../memory/kvm.ts'
import { sp_has_gptes } from '../../memory/shadow/shadow-page.ts'
import { writeUnlock } from '../primitives/lock.ts'
import { commitZapPage, prepareZapPage } from './zap-page.ts'
import type { Zapping } from './zapping.ts'

const fn = 'kvm_mmu_track_write'
const since: ReadIn = 'v6.1..v7.2'

/**
 * The pages that `for_each_gfn_valid_sp_with_gptes()` visits. The kernel also skips pages of an old generation; here
 * they may be zapped, too, which only adds behaviours.
 */
function zappable(kvm: Kvm, page: number): boolean {
  const { list, role_invalid } = kvm.page[page]
  return list === 'active' && !role_invalid && sp_has_gptes(kvm, page)
}

/**
 * A thread that zaps single shadow pages with a guest table, as `kvm_mmu_track_write()` of another vCPU does on
 * write flooding. It may zap any such page.
 */
export function pageZapper(bounds: Bounds): Program<Kvm> {
  const zapping: Zapping = {
    sp: (kvm, self) => kvm.zapper[self].sp as number,
    list: 'invalid_list of zapper',
  }
  const pages = Array.from({ length: bounds.shadow.pages }, (_, p) => p)
  return program<Kvm>(
    'zapper',
    'zaps single shadow pages with a guest table, as on write flooding',
    [
      choice(
        'idle',
        [
          step(
            'ZAP.0 lock',
            { fn, since, c: 'write_lock(', shows: 'write_lock(&kvm->mmu_lock)' },
            {
              when: (kvm, self) => kvm.zapper[self].left > 0 && mmu_lock_is_free(kvm),
              does: (kvm, self) => {
                kvm.zapper[self].left--
                kvm.mmu_lock = 'zapper'
              },
              to: 'ZAP.0 find',
            },
          ),
        ],
        { validEnd: true },
      ),
      choice('ZAP.0 find', [
        ...pages.map((p) =>
          step<Kvm>(
            `ZAP.0[${p}]`,
            {
              fn,
              since,
              c: 'for_each_gfn_valid_sp_with_gptes(',
              shows: `for_each_gfn_valid_sp_with_gptes(): page ${p}`,
            },
            {
              when: (kvm) => zappable(kvm, p),
              does: (kvm, self) => {
                kvm.zapper[self].sp = p
              },
              to: bounds.shadow.levels > 1 && watched(bounds) ? 'ZAP.1' : 'ZAP.2',
            },
          ),
        ),
        step(
          'ZAP.0 none',
          { fn, since, c: 'for_each_gfn_valid_sp_with_gptes(', shows: 'no page to zap' },
          {
            when: (kvm) => !pages.some((p) => zappable(kvm, p)),
            to: 'ZAP.unlock',
          },
        ),
      ]),
      ...prepareZapPage(zapping, bounds, {
        req: (kvm, self) => kvm.zapper[self].req,
        thread: (kvm, self) => kvm.zapper[self],
      }),
      commitZapPage('CM', zapping.list, bounds.vcpus, (kvm, self) => kvm.zapper[self].req),
      writeUnlock('ZAP.unlock', { fn, since }),
      step(
        'ZAP.end',
        { fn, since, c: { none: 'model' }, shows: 'return', quiet: true },
        {
          does: (kvm, self) => {
            kvm.zapper[self].sp = null
            kvm.zapper[self].zapped_root = false
          },
          to: 'idle',
        },
      ),
    ],
    { fn },
  )
}
