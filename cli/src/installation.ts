// SPDX-License-Identifier: Apache-2.0
// Where the parts of this installation lie, whether it runs from dist/ or from the sources.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

function root(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder)
    folder = dirname(folder)
  return folder
}

export function version(): string {
  const { version } = JSON.parse(readFileSync(join(root(), 'package.json'), 'utf8')) as {
    version: string
  }
  return version
}

/** Folder of the built BPF objects. */
export const objectsFolder = (): string => join(root(), 'bpf', '.output')

/** Folder of the custom resources, as the chart has them. */
export const crdsFolder = (): string => join(root(), 'charts', 'underpin', 'crds')
