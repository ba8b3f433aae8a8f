import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, { integrity?: string }>
}
const dependencies = Object.entries(packages).filter(([path]) => path !== '')

test('every package of package-lock.json has a checksum', () => {
  const unchecked = dependencies.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))
  expect(dependencies.length).toBeGreaterThan(100)
  expect(unchecked.map(([path]) => path)).toEqual([])
})
