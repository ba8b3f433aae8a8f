import { kernels } from '../../model/kernels/kernels.ts'
import { includesRelease, isNoCode } from '../../model/language/versions.ts'
import type { CitedSources } from './catalogue.ts'

/** Where the functions that steps of KVM cite are found. */
export const kvmSources: CitedSources = {
  paths: ['arch/x86/kvm', 'virt/kvm', 'include/linux/kvm_host.h'],
  versions: kernels.map(({ mainline }) => mainline),
  facts: 'model/facts',
  standsForCode: ({ about: { since } }, version) => {
    const kernel = kernels.find(({ mainline }) => mainline === version)
    if (since === undefined || kernel === undefined) return since === undefined
    return !isNoCode(since) && includesRelease(since, kernel)
  },
}
