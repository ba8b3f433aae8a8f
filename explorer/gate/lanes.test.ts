import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commitText } from '../../counterexamples/commit.ts'
import { load } from '../cli/counterexamples.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { flawsOf, MOST_ROWS, rowsIn } from './diagrams.ts'

const folder = join(import.meta.dirname, '..', '..', 'counterexamples', 'testing', 'lanes')
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
const checker = { catalogue, version: '0', modelHash: () => '0'.repeat(16) }

/** Counterexamples for the questions of the mailing list, with more vCPUs than the failure needs in some. */
describe('the diagrams of two, three and four lanes', () => {
  it('are there for each of the five questions', () => {
    const wanted = ['000', '001', '002', '003', '004'].flatMap((seed) =>
      [2, 3, 4].map((lanes) => `seed-${seed}-${lanes}-lanes.json`),
    )
    expect(files.toSorted()).toEqual(wanted)
  })

  it.each(files)('%s', async (name) => {
    const text = commitText(load(checker, { name: join(folder, name), out: folder }))
    const lanes = Number(/(\d)-lanes/.exec(name)?.[1])
    const header = text.split('\n').filter((line) => /^ +CPU0 /.test(line))
    expect(header.join(' ').match(/CPU\d/g)).toHaveLength(lanes)
    expect(flawsOf(text)).toEqual([])
    expect(rowsIn(text)).toBeLessThanOrEqual(MOST_ROWS)
    // A name that is broken would leave its beginning at the end of a line.
    for (const line of text.split('\n')) expect(line).not.toMatch(/[a-z]_$/)
    await expect(text).toMatchFileSnapshot(join(folder, name.replace(/json$/, 'txt')))
  })
})
