import { type Entry, step } from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { InvalidList } from '../../memory/shadow/fields.ts'
import { prepareZapPage } from '../zap/zap-page.ts'
import type { Zapping } from '../zap/zapping.ts'

/** The list on which a vCPU collects pages that it zaps while it looks for pages or syncs them. */
export const INVALID_LIST: InvalidList = 'invalid_list of vcpu'

const zapping: Zapping = { sp: (kvm, v) => kvm.vcpu[v].zap_sp as number, list: INVALID_LIST }

/** Whether a page is on the list, so that it must be committed. */
export function some_page_is_zapped(kvm: Kvm): boolean {
  for (let page = 0; page < kvm.page.length; page++) if (kvm.page[page].list === INVALID_LIST) return true
  return false
}

/** Zaps the unsync page in `zap_sp`, and jumps to `next`. */
export function zapUnsyncPage(name: string, fn: string, bounds: Bounds, next: string): Entry<Kvm>[] {
  return [
    ...prepareZapPage(zapping, bounds, {
      req: (kvm, v) => kvm.vcpu[v].req,
      thread: (kvm, v) => kvm.vcpu[v],
    }),
    step(
      name,
      {
        fn,
        since: 'v6.0..v7.2',
        c: { none: 'model' },
        shows: (kvm, v) => `page ${kvm.vcpu[v].zap_sp} is zapped`,
        quiet: true,
      },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].zap_sp = null
          kvm.vcpu[v].zapped_root = false
        },
        to: next,
      },
    ),
  ]
}
