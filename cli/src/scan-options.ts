// SPDX-License-Identifier: Apache-2.0
// What scan and explain are given alike: manifests or a cluster, and what is known of the meshes.
import { resolve } from 'node:path'
import { dayOf } from '../../policies/src/index.ts'
import {
  readDocuments,
  UnderpinError,
  type ClusterOptions,
  type Document,
} from '../../runtime/src/index.ts'
import {
  meshes,
  parseTemplatePath,
  type ScanOptions,
  type TemplatePaths,
} from '../../webhook/src/index.ts'
import { usage, type Arguments, type Option } from './command.ts'
import { meshProfiles, meshSettings } from './mesh-files.ts'
import { nearestOf } from './nearest.ts'

export const templateOption: Option = {
  name: 'pod-template-path',
  value: 'KIND=PATH',
  many: true,
  help: 'where a further kind keeps its pod template: Widget.example.com=spec.pod',
}

export const knowledgeOptions: readonly Option[] = [
  {
    name: 'mesh',
    value: 'NAME',
    many: true,
    help: 'a mesh that belongs to every workload; others are found by what is there',
  },
  {
    name: 'mesh-settings',
    value: 'FILE',
    many: true,
    help: 'how each mesh is set up: YAML or JSON, settings by mesh',
  },
  { name: 'mesh-profile', value: 'FILE', many: true, help: 'a mesh of your own, as data' },
  templateOption,
]

export const clusterOptions: readonly Option[] = [
  { name: 'cluster', help: 'read the cluster of the kubeconfig, besides the files' },
  { name: 'kubeconfig', value: 'FILE', help: 'instead of $KUBECONFIG and ~/.kube/config' },
  { name: 'context', value: 'NAME', help: 'of the kubeconfig, instead of its current one' },
  {
    name: 'namespace',
    short: 'n',
    value: 'NAME',
    help: 'of a cluster: only this one; of files: where objects belong that name none',
  },
]

export const wantsCluster = (args: Arguments): boolean =>
  args.has('cluster') || args.has('kubeconfig') || args.has('context')

export function clusterOf(args: Arguments): ClusterOptions {
  const kubeconfig = args.value('kubeconfig')
  const context = args.value('context')
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  }
}

export async function scanOptions(args: Arguments, command: string): Promise<ScanOptions> {
  const profiles = await meshProfiles(args.values('mesh-profile'))
  const names = [...meshes, ...profiles].map(({ name }) => name)
  for (const name of args.values('mesh')) {
    if (names.includes(name)) continue
    const meant = nearestOf(name, names)
    throw usage(
      `--mesh ${name}`,
      `one of ${names.join(', ')}`,
      meant ? `did you mean ${meant}?` : 'describe it with --mesh-profile FILE',
      command,
    )
  }
  const settings = await meshSettings(args.values('mesh-settings'), profiles)
  const namespace = args.value('namespace')
  return {
    today: dayOf(new Date()),
    meshes: args.values('mesh'),
    profiles,
    templates: templatesOf(args, command),
    ...(settings === undefined ? {} : { settings }),
    ...(namespace === undefined ? {} : { namespace }),
  }
}

/** What --pod-template-path says. */
export function templatesOf(args: Arguments, command: string): TemplatePaths {
  const templates = new Map<string, string[]>()
  for (const words of args.values('pod-template-path')) {
    const read = parseTemplatePath(words)
    if (read === null)
      throw usage(
        `--pod-template-path ${words}`,
        'KIND.GROUP=PATH',
        'for example --pod-template-path Widget.example.com=spec.pod',
        command,
      )
    templates.set(read.kind, [...(templates.get(read.kind) ?? []), read.path])
  }
  return templates
}

/** One object may have 16 MiB; a file is often a whole chart, or the list of a whole cluster. */
const fileBytes = 256 * 1024 * 1024

export type Read = {
  documents: Document[]
  unread: { file: string; line: null; message: string }[]
}

/** What was named and is not there ends everything; what cannot be read in a folder is told, and the rest is read. */
export async function readInputs(paths: readonly string[], operation: string): Promise<Read> {
  const unread: Read['unread'] = []
  const missing: UnderpinError[] = []
  const documents = await readDocuments(paths, {
    operation,
    maxFileBytes: fileBytes,
    maxTotalBytes: 2 * fileBytes,
    unreadable: (error) => {
      if (error.code === 'input-missing') missing.push(error)
      const { object = '', found, expected, remedy } = error.parts
      const message =
        `found ${found}` +
        (expected === undefined ? '' : `, expected ${expected}`) +
        (remedy === undefined ? '' : ` (${remedy})`)
      unread.push({ file: object, line: null, message })
    },
  })
  const [first] = missing
  if (first !== undefined) throw first
  // A folder and a file in it: what was named twice is there once.
  const seen = new Map(documents.toReversed().map((one) => [resolve(one.file), one]))
  return { documents: documents.filter((one) => seen.get(resolve(one.file)) === one), unread }
}
