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
  'The catalogue calls C12 a safety bug. The prefault walks the guest tables anew, from the cr3 and below the root of the moment: what it maps is right in the context that it is mapped in, and every safety property of the scenario holds. It is only nothing that anybody has asked for. (apf-prefault-injects is unsafe.)'

/** A page arrives after the vCPU has gone on: what must be as it was at the fault for KVM to map it? */
export const asyncPfDesigns: readonly Design<Kvm>[] = [
  {
    id: 'apf-context-not-compared',
    aliases: ['C12'],
    title: 'a page that was swapped in is prefaulted into whatever context is current',
    status: 'bug',
    kernel: { version: 'v2.6.38-rc', function: 'kvm_arch_async_page_ready' },
    about:
      'The fault is that of one page directory, or of L2; when the page arrives, the vCPU runs on another, or in L1. c4806acdcec0 ("fix apf prefault if nested guest is enabled") and fb67e14fc90f ("retry #PF for softmmu") record both and drop the work when they differ.',
    scenarios: SWITCHES,
    patches: [drop('APF.5'), drop('APF.7')],
    expect: [violatedBecause(CR3, OWN_CONTEXT, NOT_UNSAFE), violatedBecause(NESTED, OWN_CONTEXT, NOT_UNSAFE)],
  },
  {
    id: 'apf-mmu-kind-not-compared',
    aliases: [],
    title: 'the page directory is compared, the MMU is not',
    status: 'bug',
    kernel: { version: 'v2.6.38-rc', function: 'kvm_arch_async_page_ready' },
    about:
      'What c4806acdcec0 is about: direct roots have no page directory to compare, so that a fault of L2 is completed in L1.',
    scenarios: SWITCHES,
    patches: [drop('APF.5')],
    expect: violated(NESTED, OWN_CONTEXT),
  },
  {
    id: 'apf-cr3-not-compared',
    aliases: [],
    title: 'the MMU is compared, the page directory is not',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_arch_async_page_ready' },
    about:
      'fb67e14fc90f has both: faults of shadow paging were not completed at all before. With two MMUs the comparison of the MMU is enough here, for L1 has one set of nested tables.',
    scenarios: SWITCHES,
    patches: [drop('APF.7')],
    expect: violated(CR3, OWN_CONTEXT),
  },
  {
    id: 'apf-prefault-injects',
    aliases: ['C12-inject'],
    title:
      'the context is not compared, and a prefault that the guest tables refuse is a page fault of the guest',
    status: 'control',
    kernel: { version: 'never merged', function: 'paging64_page_fault' },
    about:
      'Where C12 becomes unsafe: a second thing has to be missing, the test for `prefetch` before the guest gets its #PF. With the comparison the test is needed as well, for a guest that unmaps the address meanwhile.',
    scenarios: [CR3],
    patches: [drop('APF.5'), drop('APF.7'), drop('PF.2 test')],
    expect: violated(CR3, OWN_CONTEXT, 'guest-is-told-of-its-own-faults-only'),
  },
  {
    id: 'apf-root-not-reloaded',
    aliases: ['C12-reload'],
    title: 'the prefault takes the root as it is',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_arch_async_page_ready' },
    about:
      'Requests are serviced before kvm_mmu_reload(): the page can arrive when the roots were dropped, or when the guest has gone to another page directory and back. 989c6b34f6a9 ("handle invalid root_hpa at __direct_map") is a relative, from outside async page faults.',
    scenarios: [CR3, ZAP_ALL],
    patches: [drop('APF.6')],
    expect: [
      ...violated(CR3, 'no-null-pointer'),
      ...violated(ZAP_ALL, 'no-null-pointer'),
      violatedBecause(
        ZAP_ALL,
        'every-access-can-finish',
        'A vCPU whose fault oopses does not go on with the instruction that it was interrupted in.',
      ),
    ],
  },
]
