import { readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type SmallCheckout, smallCheckout } from './testing/small-checkout.ts'

/** A build is whole or absent, and what runs is what the sources say, as `npm start` and `npx mmucheck` see it. */

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const BUILD = /^[0-9a-f]{16}$/
const word = (text: string): string => `export const word: string = ${text}\n`

let checkout: SmallCheckout
beforeEach(() => {
  checkout = smallCheckout()
})
afterEach(() => rmSync(checkout.folder, { recursive: true, force: true }))

const start = () => checkout.begin().ended
const prints = (line: string) => ({ status: 0, stdout: `${line}\n`, stderr: '' })

describe('a build', () => {
  it('with type errors fails each time it is asked for, and nothing runs', async () => {
    expect(await start()).toEqual(prints('first'))
    checkout.write('model/word.ts', word('1'))
    for (const time of ['once', 'again']) {
      const { status, stdout, stderr } = await start()
      expect([time, status, stdout]).toEqual([time, 2, ''])
      expect(stderr).toContain('model/word.ts(1,14): error TS2322')
      expect(stderr).toMatch(
        /\nmmucheck: the sources have type errors; nothing was built, and nothing runs\n$/,
      )
    }
    expect(checkout.built().filter((name) => BUILD.test(name))).toHaveLength(1)
    checkout.write('model/word.ts', word("'first'"))
    expect(await start()).toEqual(prints('first'))
  })

  it('is made anew for a source that changed, whatever its time', async () => {
    await start()
    checkout.write('model/word.ts', word("'other'"))
    utimesSync(join(checkout.folder, 'model/word.ts'), 0, 0)
    expect(await start()).toEqual(prints('other'))
    checkout.write('model/other.ts', word("'third'"))
    checkout.write(
      'explorer/main.ts',
      readFileSync(join(checkout.folder, 'explorer/main.ts'), 'utf8').replace('word.ts', 'other.ts'),
    )
    utimesSync(join(checkout.folder, 'explorer/main.ts'), 0, 0)
    expect(await start()).toEqual(prints('third'))
  })

  it('killed at any moment leaves the old one, or a whole new one', async () => {
    expect(await start()).toEqual(prints('first'))
    const old = checkout.built()
    checkout.write('model/word.ts', word("'new'"))
    let killed = 0
    for (let after = 60; ; after *= 1.25) {
      const { child, ended } = checkout.begin()
      const timer = setTimeout(() => child.kill('SIGKILL'), after)
      const { status } = await ended
      clearTimeout(timer)
      const builds = checkout.built().filter((name) => BUILD.test(name))
      expect(builds).toEqual(expect.arrayContaining(old))
      expect(builds.map((name) => checkout.isWhole(name))).not.toContain(false)
      if (status === 0) break
      killed++
    }
    expect(killed).toBeGreaterThan(2)
    expect(await start()).toEqual(prints('new'))
    // What the killed ones left goes away with the next build.
    checkout.write('model/word.ts', word("'last'"))
    expect(await start()).toEqual(prints('last'))
    expect(checkout.built().filter((name) => !BUILD.test(name))).toEqual([])
  })

  it('asked for by several at once is made for all of them', async () => {
    const ends = await Promise.all([start(), start(), start()])
    expect(ends).toEqual([prints('first'), prints('first'), prints('first')])
    expect(checkout.built().map((name) => [BUILD.test(name), checkout.isWhole(name)])).toEqual([[true, true]])
  })

  it('is one of the sources as they are at its end', async () => {
    const { ended } = checkout.begin()
    while (!checkout.built().some((name) => /^\.\d/.test(name))) await sleep(2)
    checkout.write('model/word.ts', word("'edited'"))
    expect(await ended).toEqual(prints('edited'))
    expect(checkout.built()).toHaveLength(1)
    // Nor was it taken for a build of what the sources were at its beginning.
    checkout.write('model/word.ts', word("'first'"))
    expect(await start()).toEqual(prints('first'))
  })

  it('that was damaged is made again', async () => {
    await start()
    const [name] = checkout.built()
    truncateSync(join(checkout.folder, 'dist', name, 'main.mjs'), 10)
    expect(await start()).toEqual(prints('first'))
    rmSync(join(checkout.folder, 'dist', name, 'main.mjs'))
    expect(await start()).toEqual(prints('first'))
    expect(checkout.built()).toEqual([name])
  })

  it('does not wait for a process that is gone', async () => {
    const { child, ended } = checkout.begin()
    child.kill('SIGKILL')
    await ended
    rmSync(join(checkout.folder, 'dist'), { recursive: true, force: true })
    await start()
    writeFileSync(join(checkout.folder, 'dist/.lock'), `${child.pid}`)
    checkout.write('model/word.ts', word("'other'"))
    expect(await start()).toEqual(prints('other'))
  })

  it('stays for a program that runs from it while the sources change', async () => {
    checkout.write(
      'explorer/main.ts',
      `console.log('begun')
process.stdin.once('data', async () => {
  console.log((await import('../model/word.ts')).word)
  process.exit(0)
})
`,
    )
    const { child, ended } = checkout.begin()
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    checkout.write('model/word.ts', word("'new'"))
    const other = checkout.begin()
    other.child.stdin?.write('continue\n')
    expect(await other.ended).toEqual(prints('begun\nnew'))
    child.stdin?.write('continue\n')
    expect(await ended).toEqual(prints('begun\nfirst'))
  })
})
