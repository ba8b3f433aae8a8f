import type { Kvm } from '../../memory/kvm.ts'
import type { InvalidList } from '../../memory/shadow/fields.ts'
import type { Locals } from '../primitives/make-request.ts'

/** Where a thread keeps what prepare-zap needs: the page, and (single-root zaps) `zapped_root`. */
export interface Zapping {
  readonly sp: (kvm: Kvm, self: number) => number
  readonly list: InvalidList
  /** Notes that a root in use was zapped on the way, which all vCPUs must be told. */
  readonly rootZapped?: (kvm: Kvm, self: number) => void
}

/** Where a thread keeps what else it needs to zap a page. */
export interface ZapLocals {
  readonly req: Locals
  /** The variables among which `zapped_root` is. */
  readonly thread: (kvm: Kvm, self: number) => { zapped_root: boolean }
}
