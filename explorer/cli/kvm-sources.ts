import type { CitedSources } from './catalogue.ts'

/** Values of `since` for steps that stand for no C of a kernel. */
const UNCODED = /^(x86|x86-TSO|any|hardware|guest|host|history|proposal|never|never merged|proposed in 2013)$/

/** Where the functions that steps of KVM cite are found. */
export const kvmSources: CitedSources = {
  paths: ['arch/x86/kvm', 'virt/kvm', 'include/linux/kvm_host.h'],
  versions: ['v6.1', 'v6.12', 'v7.2'],
  facts: 'model/facts',
  standsForCode: ({ about: { since } }) => since === undefined || !UNCODED.test(since),
}
