import { programFile } from '../program-file.ts'
import { startReplay } from './start-replay.ts'

/** What `check` has its counterexamples confirmed by. */
await startReplay(programFile('kvm-catalogue'))
