// Writes the index of each floor of the model from what its files export, so that a design, scenario, property or
// feature is registered by being there: `npm run register`. With --check it changes nothing, names what an index
// lacks and exits 1. The program itself reads no folders: it imports the indexes.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Rooms in the order of listings. */
const ROOMS = [
  'roots',
  'zap',
  'shadow',
  'fault',
  'tdp',
  'memslots',
  'notifier',
  'aging',
  'dirty-log',
  'vcpu',
  'primitives',
  'teardown',
]

const PROPERTY =
  'Invariant|ActionProperty|Witness|AlwaysPossible|LeadsTo|Eventually|EventuallyAlways|NoSoloCycle|Property'

/** What each floor registers: exports of one, and of a list of, its kind. */
const FLOORS = [
  {
    folder: 'model/designs',
    index: 'model/designs/index.ts',
    one: /^export const (\w+): Design<Kvm> =/gm,
    list: /^export const (\w+): readonly Design<Kvm>\[\] =/gm,
    first: ['upstream'],
    head: ["import type { Kvm } from '../memory/kvm.ts'", "import type { Design } from './design.ts'"],
    declare:
      '/** All designs, in the order of listings; `upstream` is the model without patches. */\nexport const designs: readonly Design<Kvm>[] = [',
    end: ']',
  },
  {
    folder: 'model/kernels',
    index: 'model/kernels/index.ts',
    one: /^export const (\w+): Difference =/gm,
    list: /^export const (\w+): readonly Difference\[\] =/gm,
    first: [],
    head: ["import type { Difference } from './difference.ts'"],
    declare:
      '/** All differences between the kernels that the model is of. */\nexport const differences: readonly Difference[] = [',
    end: ']',
  },
  {
    folder: 'model/scenarios',
    index: 'model/scenarios/index.ts',
    one: /^export const (\w+): Scenario<Kvm> =/gm,
    list: /^export const (\w+): readonly Scenario<Kvm>\[\] =/gm,
    first: [],
    head: ["import type { Kvm } from '../memory/kvm.ts'", "import type { Scenario } from './scenario.ts'"],
    declare:
      '/** All scenarios, in the order of listings. */\nexport const scenarios: readonly Scenario<Kvm>[] = [',
    end: ']',
  },
  {
    folder: 'properties',
    index: 'properties/index.ts',
    one: new RegExp(`^export const (\\w+): (?:(?:${PROPERTY})<Kvm>|DeadlockFreedom|OopsFreedom) =`, 'gm'),
    list: new RegExp(
      `^export const (\\w+): readonly (?:(?:${PROPERTY})<Kvm>|DeadlockFreedom|OopsFreedom)\\[\\] =`,
      'gm',
    ),
    first: [],
    head: [
      "import type { Property } from '../model/language/property.ts'",
      "import type { Kvm } from '../model/memory/kvm.ts'",
    ],
    declare:
      '/** All properties, in the order of listings. */\nexport const properties: readonly Property<Kvm>[] = [',
    end: ']',
  },
  {
    folder: 'model/features',
    index: 'model/features/registry.ts',
    one: /^export const (\w+)(?:: Feature = \{| = ownFeature\()/gm,
    list: /^(?!)/gm,
    first: [],
    head: [],
    declare:
      '/** All parts of KVM that a scenario may have. The order of this list has no meaning. */\nexport const features = [',
    end: '] as const',
  },
]

/** TypeScript sources below a folder, without tests: those of the folder itself first, then room by room. */
function sources(folder) {
  const rank = (name) => (ROOMS.includes(name) ? ROOMS.indexOf(name) : ROOMS.length)
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  const files = entries
    .filter((e) => e.isFile() && /(?<!\.test)\.ts$/.test(e.name))
    .map((e) => `${folder}/${e.name}`)
  const rooms = entries.filter((e) => e.isDirectory()).map((e) => e.name)
  rooms.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return [...files.sort(), ...rooms.flatMap((room) => sources(`${folder}/${room}`))]
}

const text = (file) => readFileSync(join(root, file), 'utf8')
const named = (code, pattern) => [...code.matchAll(pattern)].map(([, name]) => name)

/** The index of a floor as it should be, and the files that it lists. */
function indexOf({ folder, index, one, list, first, head, declare, end }) {
  const listed = sources(folder)
    .filter((file) => file !== index)
    .map((file) => ({ file, ones: named(text(file), one), lists: named(text(file), list) }))
    .filter(({ ones, lists }) => ones.length + lists.length > 0)
  const path = (file) =>
    `./${relative(join(root, dirname(index)), join(root, file))
      .split(sep)
      .join('/')}`
  const imports = listed.map(
    ({ file, ones, lists }) => `import { ${[...ones, ...lists].join(', ')} } from '${path(file)}'`,
  )
  const elements = listed.flatMap(({ ones, lists }) => [...ones, ...lists.map((name) => `...${name}`)])
  const ordered = [...first, ...elements.filter((name) => !first.includes(name))]
  const lines = [
    '// Written by `npm run register` from what the files beside it export; not edited by hand.',
    ...[...head, ...imports].sort(bySpecifier),
    '',
    declare,
    ...ordered.map((name) => `  ${name},`),
    end,
    '',
  ]
  return { code: lines.join('\n'), files: listed.map(({ file }) => file) }
}

const specifier = (line) => line.slice(line.indexOf(" from '"))
const bySpecifier = (a, b) => (specifier(a) < specifier(b) ? -1 : 1)

/** Files that nothing registers and nothing imports: something in them was forgotten. */
function forgotten(floor, registered) {
  const all = ['model', 'properties', 'explorer', 'counterexamples'].flatMap(sources)
  const imported = new Set(
    all.flatMap((file) =>
      [...text(file).matchAll(/from '(\.[^']+)'/g)].map(([, target]) =>
        relative(root, join(root, dirname(file), target))
          .split(sep)
          .join('/'),
      ),
    ),
  )
  return sources(floor.folder).filter(
    (file) => file !== floor.index && !registered.includes(file) && !imported.has(file),
  )
}

const problems = []
for (const floor of FLOORS) {
  const { code, files } = indexOf(floor)
  const before = existsSync(join(root, floor.index)) ? text(floor.index) : ''
  for (const file of forgotten(floor, files))
    problems.push(`${file} exports nothing that ${floor.index} can list, and no file imports it`)
  if (before === code) continue
  if (!process.argv.includes('--check')) {
    writeFileSync(join(root, floor.index), code)
    console.log(`wrote ${floor.index}`)
    continue
  }
  const missing = files.filter((file) => !before.includes(`/${file.slice(floor.folder.length + 1)}'`))
  problems.push(
    missing.length > 0
      ? `${missing.join(', ')}: not registered in ${floor.index}; run npm run register`
      : `${floor.index} is not what npm run register writes; run it`,
  )
}
for (const problem of problems) console.error(`registry: ${problem}`)
process.exitCode = problems.length > 0 ? 1 : 0
