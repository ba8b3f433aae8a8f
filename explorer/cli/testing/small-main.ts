import { programFile } from '../../program-file.ts'
import { start } from '../start.ts'

/** The command line on the small catalogue, as a program for tests. */
await start(programFile('small-catalogue'), programFile('small-replay'))
