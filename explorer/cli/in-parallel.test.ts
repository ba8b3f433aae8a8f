import { expect, it } from 'vitest'
import { inParallel } from './in-parallel.ts'

/** Tasks that end when `end` is called, and a log of what happened. */
function tasks(count: number) {
  const log: string[] = []
  const ends: (() => void)[] = []
  const all = Array.from({ length: count }, (_, n) => () => {
    log.push(`begin ${n}`)
    return new Promise<number>((resolve) => {
      ends[n] = () => resolve(n)
    })
  })
  return { log, all, end: (n: number) => ends[n]() }
}

const settled = () => new Promise((resolve) => setTimeout(resolve))

it('begins the allowed number at first, and one more as each ends', async () => {
  const { log, all, end } = tasks(4)
  const results = inParallel(all, 2)
  expect(log).toEqual(['begin 0', 'begin 1'])
  end(1)
  await settled()
  expect(log).toEqual(['begin 0', 'begin 1', 'begin 2'])
  end(0)
  await settled()
  end(3)
  end(2)
  expect(await Promise.all(results)).toEqual([0, 1, 2, 3])
})

it('begins the next before the result of the last is used', async () => {
  const { log, all, end } = tasks(2)
  const [first] = inParallel(all, 1).map((result) => result.then((n) => log.push(`use ${n}`)))
  end(0)
  await first
  expect(log).toEqual(['begin 0', 'begin 1', 'use 0'])
})

it('continues after a failure', async () => {
  const results = inParallel([() => Promise.reject(new Error('fails')), async () => 1], 1)
  expect((await Promise.allSettled(results)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
})
