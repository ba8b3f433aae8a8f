// Builds what the package exports to programs that import it: `dist/lib`, one bundle per entry point and the declarations of
// their types. Only packing needs it (`prepack`), so starting and testing a checkout does not wait for it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleInto } from './build.mjs'
import { Failure } from './failure.mjs'
import { LIBRARY } from './programs.mjs'

/** Builds `dist/lib` afresh. @throws Failure when the sources cannot be bundled or declared; the folder is absent then. */
export async function buildLibrary(root) {
  const folder = join(root, 'dist', 'lib')
  const aside = join(root, 'dist', `.${process.pid}-lib`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(aside, { recursive: true })
  try {
    await bundleInto(root, aside, LIBRARY)
    declareTypes(root, join(aside, 'types'))
    renameSync(aside, folder)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/** Writes the declarations of all files that the faces reach. */
function declareTypes(root, into) {
  const project = join(into, '..', 'tsconfig.json')
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      declaration: true,
      emitDeclarationOnly: true,
      outDir: into,
      rootDir: root,
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    include: [],
    files: Object.values(LIBRARY).map((source) => join(root, source)),
  }
  writeFileSync(project, JSON.stringify(config))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project], {
    cwd: root,
    encoding: 'utf8',
  })
  rmSync(project)
  if (status !== 0) throw new Failure('the types of the package cannot be declared', 2, stdout)
  for (const name of readdirSync(into, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue
    const path = join(into, name)
    // Declarations name their neighbours as they are at run time.
    writeFileSync(path, readFileSync(path, 'utf8').replace(/(['"])(\.{1,2}\/[^'"\n]*)\.ts\1/g, '$1$2.js$1'))
  }
}
