import { drop } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated, violatedBecause } from '../expectation.ts'

const CR3 = 'async-pf-cr3'
const NESTED = 'async-pf-nested'
const ZAP_ALL = 'async-pf-zap-all'
const SWITCHES = [CR3, NESTED]
const OWN_CONTEXT = 'page-is-prefaulted-in-its-own-context'

const NOT_UNSAFE =
  'Not a safety bug by itself: the prefault walks the guest tables again, from the current CR3 and below the current root, so what it maps is correct in that context and every safety property holds. It is just not the page that was asked for. (apf-prefault-injects is unsafe.)'

/** A page is ready after the vCPU has run on: which parts of its context must still match for KVM to map it? */
export const asyncPfDesigns: readonly Design<Kvm>[] = [
  {
    id: 'apf-context-not-compared',
    aliases: ['C12'],
    title: 'prefault a page that was swapped in without comparing the context',
    status: 'bug',
    kernel: { version: 'v2.6.38-rc', function: 'kvm_arch_async_page_ready' },
    about:
      'The fault belongs to one page directory, or to L2; when the page is ready, the vCPU uses another page directory, or runs L1. c4806acdcec0 ("fix apf prefault if nested guest is enabled") and fb67e14fc90f ("retry #PF for softmmu") record both and skip the prefault if they differ.',
    scenarios: SWITCHES,
    patches: [drop('APF.5'), drop('APF.7')],
    expect: [violatedBecause(CR3, OWN_CONTEXT, NOT_UNSAFE), violatedBecause(NESTED, OWN_CONTEXT, NOT_UNSAFE)],
  },
  {
    id: 'apf-mmu-kind-not-compared',
    aliases: [],
    title: 'compare the page directory but not the MMU',
    status: 'bug',
    kernel: { version: 'v2.6.38-rc', function: 'kvm_arch_async_page_ready' },
    about:
      'The case of c4806acdcec0: direct roots have no page directory to compare, so a fault of L2 is completed in L1.',
    scenarios: SWITCHES,
    patches: [drop('APF.5')],
    expect: violated(NESTED, OWN_CONTEXT),
  },
  {
    id: 'apf-cr3-not-compared',
    aliases: [],
    title: 'compare the MMU but not the page directory',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_arch_async_page_ready' },
    about:
      'fb67e14fc90f compares both; before it, faults of shadow paging were not prefaulted at all. With two MMUs comparing the MMU is enough in this model, because L1 has a single set of nested tables.',
    scenarios: SWITCHES,
    patches: [drop('APF.7')],
    expect: violated(CR3, OWN_CONTEXT),
  },
  {
    id: 'apf-prefault-injects',
    aliases: ['C12-inject'],
    title: 'do not compare the context, and inject a #PF when the guest tables do not map a prefault',
    status: 'control',
    kernel: { version: 'never merged', function: 'paging64_page_fault' },
    about:
      'apf-context-not-compared becomes unsafe if the check of fault->prefetch before injecting a #PF is missing as well. The check is needed even if the context is compared, because the guest may unmap the address in the meantime.',
    scenarios: [CR3],
    patches: [drop('APF.5'), drop('APF.7'), drop('PF.2 test')],
    expect: violated(CR3, OWN_CONTEXT, 'guest-is-told-of-its-own-faults-only'),
  },
  {
    id: 'apf-root-not-reloaded',
    aliases: ['C12-reload'],
    title: 'prefault without kvm_mmu_reload()',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_arch_async_page_ready' },
    about:
      'A page can be ready after the vCPU has dropped its roots for a request, or after the guest has switched to another page directory and back. 989c6b34f6a9 ("handle invalid root_hpa at __direct_map") fixed a similar bug outside async page faults.',
    scenarios: [CR3, ZAP_ALL],
    patches: [drop('APF.6')],
    expect: [
      ...violated(CR3, 'no-null-pointer', 'kvm-mmu-page-fault-finds-a-valid-root'),
      ...violated(ZAP_ALL, 'no-null-pointer'),
      violatedBecause(
        ZAP_ALL,
        'every-access-can-finish',
        'After the oops the vCPU does not return to the interrupted instruction.',
      ),
    ],
  },
]
