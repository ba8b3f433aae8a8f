/** What a page is given besides its data. `.ci/page.mjs` puts the bundled texts here, in builds and in tests. */
export interface Embedded {
  readonly script: string
  readonly style: string
}

/** @throws Error in code that was neither built nor loaded by the tests. */
export function embedded(): Embedded {
  throw new Error('the script of the page is put in by the bundler')
}
