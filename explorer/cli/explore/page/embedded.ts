import type { Embedded } from '../../../../counterexamples/page/embedded.ts'

/** @throws Error in code that was neither built nor loaded by the tests. */
export function embedded(): Embedded {
  throw new Error('the script of the page is put in by the bundler')
}
