import { join } from 'node:path'
import { z } from 'zod'
import { scenarioFileSchema } from '../../model/scenarios/scenario-file.ts'
import { packageFolder } from '../bench/model-source.ts'
import { designFile } from '../cli/design-file.ts'

/** A JSON Schema that the package ships, for editors and for other programs that write such files. */
export interface SchemaFile {
  readonly path: string
  readonly text: string
}

/** The schemas of scenario and design files, as they must lie in docs/. */
export function schemaFiles(): SchemaFile[] {
  const file = (name: string, schema: object): SchemaFile => ({
    path: join(packageFolder(), 'docs', name),
    text: `${JSON.stringify(schema, null, 2)}\n`,
  })
  return [
    file('scenario.schema.json', scenarioFileSchema()),
    file('design.schema.json', z.toJSONSchema(designFile, { io: 'input' })),
  ]
}
