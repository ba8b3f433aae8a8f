import { describe, expect, it } from 'vitest'
import { catalogueOfKernel } from './catalogue-of-kernel.ts'
import { catalogue as all } from './kvm-catalogue.ts'
import { matcherOf } from './matcher.ts'
import { occurrencesOf } from './occurrences.ts'
import { runOn, runSmall } from './testing/run-small.ts'

const catalogue = catalogueOfKernel(all, undefined)

describe('a word', () => {
  it.each([
    ['role.invalid', 'sp->role.invalid = 1', true],
    ['role.invalid', 'roleXinvalid', false],
    ['role.inval', 'sp->role.invalid', false],
    ['kvm_zap()', 'kvm_zap(): x', true],
    ['kvm_zap', 'kvm_zap_all', false],
    ['zap', 'kvm_zap', true],
    ['527d5cd', 'shipped 527d5cd7eece, v5.18', true],
    ['527d5cd7eece9a1b', 'shipped 527d5cd7eece, v5.18', true],
    ['527d5ce', 'shipped 527d5cd7eece, v5.18', false],
    ['KVM_REQ_MMU_FREE_OBSOLETE_ROOTS', 'requests |= FREE_OBSOLETE_ROOTS', true],
    ['FREE_OBSOLETE_ROOTS', 'KVM_REQ_MMU_FREE_OBSOLETE_ROOTS', true],
    ['cve-2024-26990', 'CVE-2024-26990, fixed by', true],
    ['zap only obsolete roots', 'KVM: x86/mmu: Zap only obsolete roots if a root', true],
    ['f(x', 'f(x)', true],
  ])('%s in %j: %s', (word, text, does) => expect(matcherOf(word)(text)).toBe(does))
})

describe('in the catalogue of KVM', () => {
  const kindsOf = (word: string): Set<string> =>
    new Set(occurrencesOf(catalogue, word).map(({ kind }) => kind))

  it.each([
    ['kvm_mmu_zap_all_fast', ['step', 'document']],
    ['role.invalid', ['step']],
    ['KVM_REQ_MMU_FREE_OBSOLETE_ROOTS', ['step', 'property']],
    ['527d5cd', ['design']],
    ['cf4a8693d97a', ['document']],
    ['CVE-2024-26990', ['design']],
    ['fast invalid all shadow pages', ['question']],
  ])('%s occurs', (word, kinds) => expect([...kindsOf(word)]).toEqual(expect.arrayContaining(kinds)))

  it('every commit that a design names is found by its first seven digits', () => {
    for (const { id, kernel } of catalogue.designs) {
      if (kernel.commit === undefined) continue
      const found = occurrencesOf({ ...catalogue, scenarios: [], documents: '' }, kernel.commit.slice(0, 7))
      expect(found.map(({ name }) => name.split(' ')[0])).toContain(id)
    }
  })

  it('explain says where a word occurs that is no name', async () => {
    const { status, out } = await runOn(all, ['explain', 'cf4a869'])
    expect([status, out[0]]).toEqual([0, 'word cf4a869'])
    expect(out.join('\n')).toContain('prev-roots-tested-by-current')
  })
})

describe('list', () => {
  it('filters by a word, a function and a release, one line per item when it is piped', async () => {
    const io = (await import('./process-io.ts')).processIo()
    const lines: string[] = []
    const piped = { io: { ...io, out: (line: string) => lines.push(line), piped: true, width: 40 } }
    expect((await runSmall(['list', 'designs', '--grep', '0123456'], piped)).status).toBe(0)
    expect(lines).toEqual(['request-first (D1) [bug]: request, then mark'])
    expect((await runSmall(['list', 'designs', '--release', 'v1.0'])).out).toEqual([
      'request-first (D1) [bug]: request, then mark',
    ])
    expect((await runSmall(['list', 'steps', '--function', 'mark'])).out).toEqual([
      'zapper.Z.1: mark(): sp->role.invalid = 1',
    ])
    expect((await runSmall(['list', 'steps', '--grep', 'kvm_make_request'])).out).toEqual([
      'zapper.Z.2: request(): kvm_make_request()',
    ])
    const { status, err } = await runSmall(['list', 'scenarios', '--function', 'mark'])
    expect([status, err[0]]).toEqual([
      2,
      'mmucheck: --function is for designs and steps: mmucheck list designs --function mark',
    ])
  })
})
