import { quotedPath } from '../../../model/language/quoted.ts'
import { scenariosOf } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { shortHash } from '../design-code/design-code.ts'
import { designEffect, patchLine, remarksOn } from '../design-effect.ts'
import type { UserDesign } from '../user-design.ts'
import { expectations } from './expectations.ts'
import { namesAmong } from './names-among.ts'
import type { Row, Rows } from './rows.ts'

/** A design file: what it changes, where, and in how many places. */
export function aboutDesignFile({ catalogue }: CommandContext, { design, file, code }: UserDesign): Rows {
  const scenarios = scenariosOf(catalogue, design)
  const all = catalogue.scenarios.map(({ id }) => id)
  const effects = scenarios.map((scenario) => ({ id: scenario.id, effect: designEffect(scenario, design) }))
  const changes = design.patches.flatMap((_, n): Row[] => {
    const lines = new Map<string, string[]>()
    for (const { id, effect } of effects) {
      const line = patchLine(effect.patches[n], n)
      lines.set(line, [...(lines.get(line) ?? []), id])
    }
    return [...lines].map(
      ([line, ids]): Row => [
        n === 0 ? 'changes' : '',
        lines.size === 1 ? line : `${line}, in ${ids.join(', ')}`,
      ],
    )
  })
  const remarks = new Set(
    effects.flatMap(({ id, effect }) => remarksOn(effect).map((text) => `${id}: ${text}`)),
  )
  const { properties = [], threads, fields } = design.adds ?? {}
  const adds = [
    ...(fields === undefined ? [] : [`fields ${Object.keys(fields).join(', ')}`]),
    ...(threads === undefined ? [] : ['threads']),
    ...(properties.length === 0 ? [] : [`properties ${properties.map(({ id }) => id).join(', ')}`]),
  ]
  return [
    ['design', design.id],
    ['is', design.title],
    ['about', design.about],
    [
      'file',
      `${quotedPath(file)}${code === undefined ? ', data' : `, code, SHA-256 ${shortHash(code.sha256)}`}`,
    ],
    ...changes.map(([label, text], n): Row => [n === 0 ? 'changes' : label, text]),
    ['adds', adds.join('; ')],
    ...[...remarks].map((text, n): Row => [n === 0 ? 'remarks' : '', text]),
    [
      'checked in',
      namesAmong(
        scenarios.map(({ id }) => id),
        all,
      ),
    ],
    ...expectations(design),
    ['run', `mmucheck check --design ${quotedPath(file)}`],
  ]
}
