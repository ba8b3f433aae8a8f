import type { Release } from '../language/versions.ts'
import type { Kvm } from '../memory/kvm.ts'
import { differences } from './index.ts'
import { type Kernel, kernelOf } from './kernel.ts'
import { novelties } from './novelties.ts'

const RELEASES: readonly Release[] = [
  { mainline: 'v6.1', stable: 'v6.1.192' },
  { mainline: 'v6.12', stable: 'v6.12.117' },
  { mainline: 'v7.2', stable: 'v7.2.13' },
]

/** The kernels that the model is of, oldest first. The machines are written as the last one has them. */
export const kernels: readonly Kernel<Kvm>[] = RELEASES.map((release) =>
  kernelOf(release, differences, novelties),
)
