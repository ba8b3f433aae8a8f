/**
 * Installs and builds what has to be.
 * @returns the folder of the build that belongs to the present sources.
 * @throws Error when there is none.
 */
export function ready(root?: string): Promise<string>
