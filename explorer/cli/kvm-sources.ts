import { compareVersions } from '../../model/language/anchor.ts'
import type { CitedSources } from './catalogue.ts'

/** The newest version that some ranges of `since` end with: it was the newest that had been read. */
const NEWEST_READ = 'v6.16'

/** Where the functions that steps of KVM cite are found. */
export const kvmSources: CitedSources = {
  paths: ['arch/x86/kvm', 'virt/kvm', 'include/linux/kvm_host.h'],
  versions: ['v6.1', 'v6.12', 'v7.2'],
  facts: 'model/facts',
  standsForCode: ({ about: { since = '' } }, version) => {
    const range = /^(v[\d.]+?)?\.\.(v[\d.]+)$/.exec(since)
    if (range === null) return since === ''
    const [, first = 'v0.0', last] = range
    return (
      compareVersions(first, version) <= 0 &&
      (compareVersions(last, NEWEST_READ) >= 0 || compareVersions(version, last) <= 0)
    )
  },
}
