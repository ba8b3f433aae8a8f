import type { Kvm } from '../../memory/kvm.ts'
import type { InvalidList } from '../../memory/shadow/fields.ts'
import type { Locals } from '../primitives/make-request.ts'

/** Where a thread keeps the page that it zaps, and its list of zapped pages. */
export interface Zapping {
  readonly sp: (kvm: Kvm, self: number) => number
  readonly list: InvalidList
  /** Records that a root in use was zapped on the way, so that the request must be sent. */
  readonly rootZapped?: (kvm: Kvm, self: number) => void
}

/** Where a thread keeps the other local variables that zapping a page needs. */
export interface ZapLocals {
  readonly req: Locals
  /** The variables of the thread, which include `zapped_root`. */
  readonly thread: (kvm: Kvm, self: number) => { zapped_root: boolean }
}
