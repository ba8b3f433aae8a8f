import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it.each([
  { path: 'package-lock.json', least: 100 },
  { path: '.ci/mutants/package-lock.json', least: 100 },
])('every package of $path has a checksum', ({ path, least }) => {
  const { packages } = JSON.parse(readFileSync(path, 'utf8')) as {
    packages: Record<string, { integrity?: string }>
  }
  const dependencies = Object.entries(packages).filter(([name]) => name !== '')
  const unchecked = dependencies.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))
  expect(dependencies.length).toBeGreaterThan(least)
  expect(unchecked.map(([name]) => name)).toEqual([])
})
