// SPDX-License-Identifier: Apache-2.0
// An explanation for people: the verdict first, then the way to it, then what to do. Sources are footnotes.
import {
  catalogue,
  layers,
  type Explanation,
  type ExplainedMesh,
  type FindingId,
  type ScannedFinding,
  type Step,
} from '../../webhook/src/index.ts'
import { clean } from './clean-text.ts'
import { placeText } from './scan-output/report.ts'
import { severityColours } from './scan-output/scan-table.ts'
import { columns, type Paint } from './screen.ts'

const gates: Record<Step['gate'], string> = {
  'api-server': 'API server: does it call the injector for this pod?',
  injector: 'Injector: does it add its sidecar, and what does it make of the pod?',
  cni: 'CNI plugin: does it set up the redirect?',
  'finished-object': 'Pod: can a sidecar run there, and does all traffic go through it?',
}
const place = 'Pod: can a sidecar run there at all?'
const traffic = 'Pod: does all of its traffic go through the sidecar?'

/** A gate that is passed twice says each time what it is about. */
function titleOf(steps: readonly Step[], at: number): string {
  const gate = steps[at]?.gate ?? 'injector'
  const others = steps.findIndex((one) => one.gate !== gate)
  if (gate !== 'finished-object' || others === -1) return gates[gate]
  const last = steps.findLastIndex((one) => one.gate !== gate)
  return at < others ? (last < steps.length - 1 ? place : gates[gate]) : traffic
}

/** What all questions about one webhook come to. */
function outcomeOf(steps: readonly Step[], entry: string, paint: Paint): string {
  const answers = steps.filter((one) => one.entry === entry).map(({ answer }) => answer)
  if (answers.includes('no')) return 'not called'
  return answers.includes('unknown') ? paint('yellow', 'cannot be told') : 'called'
}

/** What a rule says that found nothing is its answer; the same words below each would only make it long. */
const nothing = new Set(['nothing found against it', ''])

export function explanationLines(explanation: Explanation, paint: Paint): string[] {
  const { object, template, namespace, required, exclusions, meshes, findings } = explanation
  const place = placeText(explanation)
  const labels = Object.entries(namespace.labels)
    .filter(([key]) => key !== 'kubernetes.io/metadata.name')
    .map(([key, value]) => `${key}=${value}`)
  const facts: [string, string][] = [
    ...(place === '' ? [] : [['written', place] as [string, string]]),
    ...(template === undefined ? [] : [['template', template] as [string, string]]),
    [
      'namespace',
      `${namespace.name} ${namespace.known ? `(${labels.join(', ') || 'no labels'})` : '(not among the inputs)'}`,
    ],
    [
      'required',
      required.length === 0
        ? 'by no policy; meshes are found by what is there'
        : required
            .map(
              (one) => `${one.meshes.join(', ')} by ${one.policy}, class ${one.class}: ${one.mode}`,
            )
            .join('; '),
    ],
    ['left alone', exclusions.length === 0 ? 'nothing: no exclusion speaks of this namespace' : ''],
  ]
  return [
    paint('bold', clean(object)),
    ...columns(facts.map(([name, value]) => [`  ${paint('dim', name)}`, clean(value)])),
    ...exclusions.map(({ what, why, source, owner, expires, expired }) => {
      const who = owner === undefined ? '' : `, ${owner}`
      const until =
        expires === undefined ? '' : `, ${expired === true ? 'ended' : 'until'} ${expires}`
      return `    ${expired === true ? paint('yellow', 'over') : '–'} ${clean(`${what}: ${why} (${source}${who}${until})`)}`
    }),
    ...meshes.flatMap((one) => ['', ...meshLines(one, paint)]),
    ...(findings.length === 0 ? [] : ['', paint('bold', 'Policies')]),
    ...findings.flatMap((one) => findingLines(one, paint)),
  ]
}

function meshLines(mesh: ExplainedMesh, paint: Paint): string[] {
  const { verdict, reason, basis, assumed, steps, findings } = mesh
  const colour = verdict === 'covered' ? 'green' : verdict === 'exempted' ? 'yellow' : 'red'
  const sources = [...new Set(steps.map(({ source }) => source))]
  const led = reason === null ? [] : steps.filter(({ id }) => id === reason)
  const deciding = led.find(({ decides }) => decides) ?? led[0]
  const title = [
    paint('bold', clean(mesh.mesh ?? 'no mesh')),
    paint(colour, verdict),
    ...(reason === null ? [] : [clean(reason)]),
    paint('dim', basis === 'verified' ? 'verified: the pod as it is' : 'predicted: a manifest'),
  ]
  const main = findings.find(({ id }) => id === reason)
  const others = findings.filter((one) => one !== main)
  return [
    title.join('  '),
    ...(main === undefined ? [] : mainLines(main, paint)),
    ...gateLines(steps, deciding, sources, reason === null, paint),
    ...(assumed.length === 0 ? [] : ['', `  ${paint('bold', 'Assumed')}`]),
    ...assumed.map((words) => `    – ${clean(words)}`),
    ...(others.length === 0 ? [] : ['', `  ${paint('bold', 'Found besides')}`]),
    ...others.flatMap((one) => findingLines(one, paint)),
    ...(sources.length === 0 ? [] : ['', `  ${paint('dim', 'Rules from')}`]),
    ...sources.map((source, i) => paint('dim', clean(`    [${i + 1}] ${source}`))),
  ]
}

/** What most people want to know, before the way to it. */
function mainLines({ message, remedy, ...finding }: ScannedFinding, paint: Paint): string[] {
  const where = [placeText(finding), finding.path].filter((one) => one !== '').join('  ')
  return [
    `  ${clean(message)}`,
    ...(where === '' ? [] : [`  ${paint('dim', clean(where))}`]),
    `  → ${clean(remedy)}`,
  ]
}

function gateLines(
  steps: readonly Step[],
  deciding: Step | undefined,
  sources: readonly string[],
  isClear: boolean,
  paint: Paint,
): string[] {
  const lines: string[] = []
  let [gate, entry]: [Step['gate'] | null, string | undefined] = [null, undefined]
  for (const [at, step] of steps.entries()) {
    if (step.gate !== gate) lines.push('', `  ${paint('bold', titleOf(steps, at))}`)
    if (step.entry !== undefined && (step.entry !== entry || step.gate !== gate))
      lines.push(`    webhook ${clean(step.entry)}: ${outcomeOf(steps, step.entry, paint)}`)
    gate = step.gate
    entry = step.entry
    const isDeciding = step === deciding
    const note = paint('dim', `[${sources.indexOf(step.source) + 1}]`)
    const answer = (step.answer === 'unknown' ? '?' : step.answer).padEnd(3)
    const against = step.decides && step.id !== undefined
    const shown = against
      ? paint('red', answer)
      : step.answer === 'unknown'
        ? paint('yellow', answer)
        : answer
    const mark = isDeciding ? paint('red', '▶') : ' '
    const why =
      step.id === undefined ? '' : `  ${paint(isDeciding ? 'red' : 'yellow', clean(step.id))}`
    const rule = clean(step.rule)
    lines.push(`  ${mark} ${shown} ${isDeciding ? paint('bold', rule) : rule} ${note}${why}`)
    if (!nothing.has(step.input)) lines.push(`        ${paint('dim', clean(step.input))}`)
    if (isDeciding) lines.push(`        ${paint('red', 'this decides')}`)
  }
  if (steps.length > 0 && isClear)
    lines.push('', `  ${paint('green', 'Nothing stands against it.')}`)
  return lines
}

function findingLines(finding: ScannedFinding, paint: Paint): string[] {
  const { severity, id, message, remedy, path } = finding
  const where = [placeText(finding), path].filter((one) => one !== '').join('  ')
  return [
    `    ${paint(severityColours[severity], severity)} ${paint('bold', clean(id))}: ${clean(message)}`,
    ...(where === '' ? [] : [`      ${paint('dim', clean(where))}`]),
    `      → ${clean(remedy)}`,
  ]
}

const effects: Record<string, string> = {
  'not-injected': 'the pod gets no sidecar',
  blind: 'the pod has its sidecar, and some of its traffic goes past it',
  rejected: 'the injector refuses the pod',
  'cannot-be-covered': 'no sidecar can cover the pod',
  unknown: 'whether it is covered cannot be told',
  risk: 'reported; it leaves the verdict as it is',
}

const eyes: Record<string, string> = {
  webhook: 'the webhook at admission, and underpin scan',
  scan: 'underpin scan, from objects beside the workload',
  node: 'the enforcer on the node, and nobody before',
}

export function findingJson(id: FindingId): object {
  const { title, effect, severity, remedy, visible, meshes } = catalogue[id]
  const layer = layerOf(id)
  return {
    schema: 'underpin.dev/finding/v1',
    ...{ id, title, layer, effect, severity, visible, meshes, remedy },
  }
}

export function findingPage(id: FindingId, paint: Paint): string[] {
  const { title, effect, severity, remedy, visible, meshes } = catalogue[id]
  const rows: [string, string][] = [
    ['severity', paint(severityColours[severity], severity)],
    ['kind', layerOf(id)],
    ['effect', effects[effect] ?? effect],
    ['meshes', meshes === 'all' ? 'all' : meshes.join(', ')],
    ['seen by', eyes[visible] ?? visible],
    ['remedy', remedy],
  ]
  return [
    paint('bold', id),
    '',
    `  ${title}`,
    '',
    ...columns(rows.map(([name, value]) => [`  ${paint('dim', name)}`, value])),
  ]
}

function layerOf(id: FindingId): string {
  const found = Object.entries(layers).find(([, entries]) => Object.hasOwn(entries, id))
  return found === undefined || found[0] === 'own' ? 'told by underpin itself' : found[0]
}
