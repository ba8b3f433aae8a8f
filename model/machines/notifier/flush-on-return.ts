import { type About, type Block, block, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Requester } from '../../memory/primitives/fields.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'

/** What a walk over memslots notes of a thread, and the request that the thread makes. */
interface Walker {
  flush: boolean
  readonly req: Requester
}

/**
 * The flush at the end of a walk over memslots, before mmu_lock is dropped, if a handler has asked for it
 * (`range->flush_on_ret`).
 * @param about of the function that walks, with the statement of the test in `c`.
 */
export function flushOnReturn(
  name: string,
  about: About<Kvm>,
  walker: (kvm: Kvm, n: number) => Walker,
  vcpus: number,
): Block<Kvm> {
  return block(name, [
    step(`${name} test`, { ...about, shows: (kvm, n) => `flush needed = ${walker(kvm, n).flush}` }, [
      { when: (kvm, n) => !walker(kvm, n).flush, to: `${name} end` },
      {
        does: (kvm, n) => {
          walker(kvm, n).flush = false
        },
      },
    ]),
    makeAllCpusRequest('flush', 'TLB_FLUSH', vcpus, (kvm, n) => walker(kvm, n).req),
    step(`${name} end`, { ...about, c: { none: 'model' }, shows: 'flushed' }),
  ])
}
