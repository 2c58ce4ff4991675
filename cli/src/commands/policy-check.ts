// SPDX-License-Identifier: Apache-2.0
// underpin policy check: every problem of policy files at once.
import { formatProblem, isRuntime, load } from '../../../policies/src/index.ts'
import { failures, readDocuments, reasonOf, UnderpinError } from '../../../runtime/src/index.ts'
import { clean } from '../clean-text.ts'
import { usage, type Arguments, type Command } from '../command.ts'
import { knownNames } from '../known-names.ts'
import { meshProfiles } from '../mesh-files.ts'
import { knowCluster } from '../../../enforcer/src/identity/known-cluster.ts'
import { unmatchedLines } from '../peer-lines.ts'
import { compile, compileRuleset } from '../../../enforcer/src/plan/compile.ts'
import { counted, type Screen } from '../screen.ts'

export const policyCheck: Command = {
  operands: 'PATH…',
  about:
    'Reads files and folders (- for standard input) exactly as underpin enforce does, and lists all problems at once.\n' +
    'What this build cannot enforce, and a mesh or finding it does not know, is a problem as well. Needs no root and no Linux.',
  options: [
    {
      name: 'pods',
      value: 'DIR',
      many: true,
      help: 'manifests of pods, Namespaces, Services and EndpointSlices, to be told of rules that match none',
    },
    { name: 'mesh-profile', value: 'FILE', many: true, help: 'a mesh of your own, as data' },
  ],
  examples: [
    ['underpin policy check policies/', 'before they go anywhere'],
    ['underpin policy check - <policy.yaml', 'from an editor'],
  ],
  exits: [
    [0, 'no problems'],
    [2, 'problems, or no such file'],
  ],
  run,
}

async function run(args: Arguments, screen: Screen): Promise<number> {
  if (args.operands.length === 0)
    throw usage('no files', 'PATH…', 'underpin policy check policies/', 'policy check')
  const unread: UnderpinError[] = []
  const texts = await readDocuments(args.operands, {
    operation: 'check policies',
    unreadable: (error) => unread.push(error),
  })
  const names = knownNames(await meshProfiles(args.values('mesh-profile')))
  const { policies, problems } = load(texts, { enforceable: true, known: names })
  for (const problem of problems) screen.say(clean(formatProblem(problem)))
  for (const { message } of unread) screen.note(`underpin: ${clean(message)}`)
  const files = counted(texts.length, 'file')
  const wrong = problems.length + unread.length
  if (wrong > 0) {
    if (texts.length > 0)
      screen.say(
        screen.paint('red', `${counted(problems.length, 'problem')} in ${files}`) +
          (unread.length > 0 ? `, ${unread.length} not read` : ''),
      )
    return failures['policy-invalid'].exitCode
  }
  const folders = args.values('pods')
  const manifests =
    folders.length > 0 ? await readDocuments(folders, { operation: 'load pods' }) : []
  const known = knowCluster(manifests, [])
  for (const problem of known.problems) screen.say(clean(problem))
  if (known.problems.length > 0) return failures['policy-invalid'].exitCode
  try {
    const runtime = policies.filter(isRuntime)
    compile(runtime, known.pods, undefined, undefined, undefined, known.cluster)
    // Not wrong: what they select may come.
    const selecting = unmatchedLines(
      runtime.map((policy) => compileRuleset([policy])),
      known.cluster,
    )
    if (folders.length > 0) for (const line of selecting) screen.note(clean(line))
    else if (selecting.length > 0)
      screen.note(
        'rules about pods, namespaces and services match nothing until manifests are known: --pods DIR shows what they match',
      )
  } catch (error) {
    if (!(error instanceof UnderpinError)) throw error
    screen.say(clean(reasonOf(error)))
    return failures['policy-invalid'].exitCode
  }
  screen.say(
    screen.paint(
      'green',
      `${counted(policies.length, 'policy', 'policies')} in ${files}: no problems`,
    ),
  )
  return 0
}
