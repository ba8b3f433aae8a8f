import type { Design } from '../../../model/designs/design.ts'
import { describePatch, type Patch } from '../../../model/language/patch.ts'
import { scenariosOf, titled } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { expectations } from './expectations.ts'
import { namesAmong } from './names-among.ts'
import type { Rows } from './rows.ts'

/** What a design changes, where it comes from, and what it is expected to violate. */
export function aboutDesign(context: CommandContext, d: Design<unknown>): Rows {
  const { commit, version, function: fn } = d.kernel
  const scenarios = scenariosOf(context.catalogue, d).map((s) => s.id)
  const all = context.catalogue.scenarios.map((s) => s.id)
  return [
    ['design', titled(d)],
    ['is', d.title],
    ['about', d.about],
    ['status', `${d.status}: ${STATUS[d.status]}`],
    ['kernel', [...(commit === undefined ? [] : [`commit ${commit}`]), version, `${fn}()`].join(', ')],
    ['checked in', namesAmong(scenarios, all)],
    ...d.patches.map((p, i) => [i === 0 ? 'patches' : '', patchText(p as Patch<never>)] as const),
    ...(d.patches.length === 0 ? [['patches', 'none'] as const] : []),
    ...expectations(d),
  ]
}

/** What the status of a design says about its origin. */
const STATUS: Readonly<Record<Design<never>['status'], string>> = {
  upstream: 'KVM as merged',
  bug: 'was in a kernel, and is wrong',
  before: 'was in a kernel, and has been replaced',
  rejected: 'was mailed, and not merged',
  candidate: 'was in no kernel; a plausible change',
  control: 'was in no kernel; shows that a property notices it, or that it makes no difference',
}

/** New code under the same name is all that a listing can say of a step replaced by itself. */
function patchText(patch: Patch<never>): string {
  const text = describePatch(patch)
  const isSame = patch.op === 'replace' && patch.by.length === 1 && patch.by[0].name === patch.name
  return isSame ? text.replace(`${patch.name} by ${patch.name}`, `the code of ${patch.name}`) : text
}
