import { programFile } from '../program-file.ts'
import { start } from './start.ts'

/** The command line as users have it; launch.cjs runs it. */
await start(programFile('kvm-catalogue'), programFile('replay'))
