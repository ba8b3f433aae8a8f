import { describe, expect, it } from 'vitest'
import { evidenceFor } from './question-evidence.ts'
import { catalogue } from './testing/small-catalogue.ts'

const cell = { design: 'request-first', scenario: 'zap', property: 'root-dropped' }
const question = {
  id: 'seed-9',
  aliases: [],
  title: 'a mail',
  question: 'Which first?',
  answer: 'Mark.',
  evidence: [cell, { ...cell, design: 'upstream' }],
}
const kept = { ...cell, id: 'ce-12345678', kind: 'invariant', initial: 0, loopStart: null } as const

describe('the evidence for an answer', () => {
  it('names the counterexample that is kept of a violation, and none of a proof', () => {
    const others = [
      { ...kept, id: 'ce-00000001', property: 'can-free' },
      { ...kept, id: 'ce-00000002', scenario: 'endless' },
    ]
    const proof = { ...kept, id: 'ce-00000003', design: 'upstream' }
    const [violated, holds] = evidenceFor(question, catalogue, [...others, proof, kept])
    expect(violated).toMatch(
      /^request-first \(D1\) in zap violates root-dropped, \d+ steps \(mmucheck show ce-12345678\)/,
    )
    expect(holds).toMatch(/^upstream \(D0\) in zap: root-dropped holds, \d+ states, complete$/)
  })

  it('names none where none is kept', () => {
    expect(evidenceFor(question, catalogue)[0]).not.toContain('mmucheck show')
  })
})
