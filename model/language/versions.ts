import { compareVersions as compare } from './anchor.ts'
import { ModelError } from './errors.ts'

/** A release of Linux: `v6.15`, or a stable one, `v6.1.192`. */
export type Version = `v${number}.${number}`

/**
 * What a step stands for that is in no source of KVM: the CPU, the guest, userspace of the host, the rest of the host
 * kernel, or a patch of the past that no kernel has.
 */
const NO_CODE = ['hardware', 'guest', 'host userspace', 'outside KVM', 'history'] as const

type NoCode = (typeof NO_CODE)[number]

type Range = Version | `${Version}..${Version}` | `..${Version}`

/**
 * In which versions a step was read, `v5.18..v7.2`. Stable releases that have it although they branched off before
 * follow: `v7.2, v6.1.192`. Or what the step stands for that is in no kernel source.
 */
export type ReadIn = NoCode | Range | `${Range}, ${Version}` | `${Range}, ${Version}, ${Version}`

/** A kernel that a range may include. */
export interface Release {
  /** The mainline version from which it branched off, `v6.1`. */
  readonly mainline: Version
  /** The stable release that was read, `v6.1.192`. */
  readonly stable: Version
}

const VERSION = /^v\d+\.\d+(\.\d+)*$/

/** Less than 0 if `a` is older than `b`. @throws ModelError for what is no version. */
export function compareVersions(a: string, b: string): number {
  return compare(checked(a), checked(b))
}

function checked(version: string): string {
  if (!VERSION.test(version)) throw new ModelError(`"${version}" is no version of Linux; write v6.12`)
  return version
}

/** Whether a step stands for nothing in the sources of KVM. */
export const isNoCode = (readIn: string): readIn is NoCode => (NO_CODE as readonly string[]).includes(readIn)

/**
 * Whether a step belongs to a kernel: its range includes the version from which the kernel branched off, or names its
 * stable release. What is in no kernel source belongs to every kernel, except `history`, which belongs to none.
 * @throws ModelError for a range that cannot be read, or that ends before it begins.
 */
export function includesRelease(readIn: string, { mainline, stable }: Release): boolean {
  if (isNoCode(readIn)) return readIn !== 'history'
  const [range, ...backports] = readIn.split(', ')
  for (const backport of backports) checked(backport)
  const [first, last = first] = range.split('..')
  if (first !== '' && compareVersions(first, last) > 0)
    throw new ModelError(`the range "${readIn}" ends before it begins`)
  const begun = first === '' || compareVersions(first, mainline) <= 0
  return (begun && compareVersions(mainline, last) <= 0) || backports.includes(stable)
}
