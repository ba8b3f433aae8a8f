import { catalogueOfKernel } from './catalogue-of-kernel.ts'
import { catalogue } from './kvm-catalogue.ts'
import { builtIndex } from './machines.ts'

/** Prints the index of the newest kernel; the build runs this once. */
process.stdout.write(`${JSON.stringify(builtIndex(catalogueOfKernel(catalogue, undefined)))}\n`)
