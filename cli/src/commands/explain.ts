// SPDX-License-Identifier: Apache-2.0
// underpin explain: why a workload is covered or not, rule by rule; or what a finding means.
import { existsSync } from 'node:fs'
import { openCluster } from '../../../runtime/src/index.ts'
import {
  catalogue,
  explain as explainDocuments,
  explainCluster,
  isTarget,
  parseTarget,
  type ExplainResult,
  type FindingId,
  type Target,
} from '../../../webhook/src/index.ts'
import { clean } from '../clean-text.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { explanationLines, findingJson, findingPage } from '../explain-output.ts'
import { nearestOf } from '../nearest.ts'
import { outputOption, wantsJson } from '../output.ts'
import { placeText } from '../scan-output/report.ts'
import {
  clusterOf,
  clusterOptions,
  knowledgeOptions,
  readInputs,
  scanOptions,
  wantsCluster,
} from '../scan-options.ts'
import { json, type Screen } from '../screen.ts'

export const explain: Command = {
  operands: 'OBJECT|FILE|ID',
  about:
    'OBJECT: deployment/cart or deployment/shop/cart, among the files of --filename or in the cluster. FILE: every workload\n' +
    'in it. ID: any finding. Every rule that was asked is shown in its order, with what it was asked about and its source.',
  options: [
    outputOption,
    {
      name: 'filename',
      short: 'f',
      value: 'FILE',
      many: true,
      help: 'manifests to look in: files, folders, - for standard input',
    },
    ...knowledgeOptions,
    ...clusterOptions,
  ],
  examples: [
    ['underpin explain deployment/cart -f manifests/', 'one workload, with everything around it'],
    ['helm template . | underpin explain -', 'every workload of a chart'],
    ['underpin explain deploy/shop/cart --cluster', 'what happens to its next pod, here and now'],
    ['underpin explain host-network', 'what this finding means, and what to do'],
  ],
  exits: [
    [0, 'explained'],
    [2, 'no such object, file or finding'],
    [3, 'explained, and something around it could not be read'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  const asJson = wantsJson(args, 'explain')
  const [words = '', more] = args.operands
  if (words === '' || more !== undefined)
    throw usage(
      more === undefined ? 'nothing to explain' : `"${more}" as well`,
      'one OBJECT, FILE or ID',
      'underpin explain host-network',
      'explain',
    )
  const isFile = words === '-' || existsSync(words)
  const files = args.values('filename')
  if (Object.hasOwn(catalogue, words) && !isFile) {
    const id = words as FindingId
    if (asJson) json(screen, findingJson(id))
    else for (const line of findingPage(id, screen.paint)) screen.say(line)
    return 0
  }
  const inFile = isFile && files.length === 0
  const target = inFile ? null : parseTarget(words, args.value('namespace'))
  if (!inFile && (target === null || (files.length === 0 && !wantsCluster(args))))
    throw notKnown(words, target)
  const seen: string[] = []
  const result = await resultOf(args, inFile ? [words] : files, target, seen)
  if (target !== null && result.subjects.length === 0)
    throw usage(
      `no ${words}`,
      'an object with a pod template, or a pod',
      hintFor(words, seen, wantsCluster(args)),
      'explain',
    )
  if (asJson) json(screen, result)
  else show(result, screen)
  return result.unread.length > 0 ? 3 : 0
}

function hintFor(words: string, seen: readonly string[], isCluster: boolean): string {
  if (isCluster) return 'name its namespace: --namespace NAME'
  const meant = nearestOf(words, seen)
  return meant ? `did you mean ${meant}?` : `${seen.slice(0, 5).join(', ') || 'nothing'} is there`
}

async function resultOf(
  args: Arguments,
  files: readonly string[],
  target: Target | null,
  seen: string[],
): Promise<ExplainResult> {
  const options = await scanOptions(args, 'explain')
  const { documents, unread } = await readInputs(files, 'explain')
  const wanted = ({ subject }: { subject: Parameters<typeof isTarget>[1] }) => {
    seen.push(`${subject.kind.toLowerCase()}/${subject.name}`)
    return target === null || isTarget(target, subject)
  }
  const found =
    wantsCluster(args) && target !== null
      ? await explainCluster({
          ...options,
          cluster: await openCluster(clusterOf(args)),
          documents,
          target,
        })
      : explainDocuments(documents, options, wanted)
  return { ...found, unread: [...unread, ...found.unread] }
}

function show({ subjects, unread }: ExplainResult, screen: Screen): void {
  const blocks = subjects.map((one) => explanationLines(one, screen.paint).join('\n'))
  if (blocks.length === 0) blocks.push('no workload')
  screen.say(blocks.join(`\n\n${screen.paint('dim', '─'.repeat(60))}\n\n`))
  for (const { file, line, message } of unread)
    screen.note(clean(`not read  ${placeText({ file, line })}: ${message}`))
}

function notKnown(words: string, target: Target | null): Error {
  if (target !== null)
    return usage(
      `${words} and nowhere to look for it`,
      '--filename FILE or --cluster',
      `underpin explain ${words} -f manifests/`,
      'explain',
    )
  const meant = nearestOf(words, Object.keys(catalogue))
  return usage(
    `"${words}"`,
    'an object (deployment/cart), a file, or the id of a finding',
    meant ? `did you mean ${meant}?` : 'underpin scan names them',
    'explain',
  )
}
