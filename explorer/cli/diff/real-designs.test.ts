import { expect, it } from 'vitest'
import { effort } from '../../testing/effort.ts'
import { catalogue } from '../kvm-catalogue.ts'
import { runOn } from '../testing/run-small.ts'
import { type DiffJson, diffSchema } from './diff-json.ts'

/** What `diff` says of designs whose difference is known. */

const compared = async (...args: string[]): Promise<DiffJson['scenarios'][number]> => {
  const { out } = await runOn(catalogue, ['diff', ...args, '--json'])
  return diffSchema.parse(JSON.parse(out.join('\n'))).scenarios[0]
}
const changed = ({ properties }: DiffJson['scenarios'][number], change: string): string[] =>
  properties.filter((p) => p.change === change).map(({ id }) => id)
const isLong = effort(0, 1) === 1

it.runIf(isLong)('R1 frees no previous root that is obsolete, and saves flushes by it', async () => {
  const found = await compared('upstream', 'R1', 'roots-zap-one')
  expect(changed(found, 'introduced')).toEqual(['no-obsolete-root-kept', 'only-obsolete-roots-freed'])
  // It goes past the lock that upstream takes to free the root, which the zapper holds.
  expect(found.b.ownBehaviour).toMatchObject({ kind: 'found', waitsAt: ['RUN.1/FR.2'], instead: [] })
  const flushes = [found.a, found.b].map(({ costs }) => costs?.find(({ id }) => id === 'flushes'))
  expect(flushes).toEqual([
    { id: 'flushes', least: 1, most: 1, repeated: null },
    { id: 'flushes', least: 0, most: 1, repeated: null },
  ])
})

it.runIf(isLong)('D2-skip has a notifier flush for an rmap that upstream has emptied', async () => {
  const found = await compared('upstream', 'D2-skip', 'slot-delete')
  expect(changed(found, 'introduced')).toContain('no-use-after-free')
  expect(found.b.ownBehaviour).toMatchObject({ kind: 'found', instead: ['NS.6/NS.6 end'], shortest: true })
})

it.runIf(isLong)('6.12 retries a prefault without bound, 7.2 does not', async () => {
  const found = await compared('7.2', '6.12', 'prefault-loop')
  expect([found.a.kernel, found.b.kernel]).toEqual([null, '6.12'])
  expect(changed(found, 'introduced').length).toBeGreaterThan(0)
})

it.runIf(isLong)('a design that changes nothing does nothing else', async () => {
  const found = await compared('upstream', 'upstream', 'prefault-loop')
  expect([found.a.ownBehaviour, found.b.ownBehaviour]).toEqual([{ kind: 'none' }, { kind: 'none' }])
})
