// SPDX-License-Identifier: Apache-2.0
// Where the kinds of this world keep their pod templates. Kubernetes' own kinds, and those of well-known
// projects; a user adds others by name. "*" stands for every item of a list or every field of a mapping.

import { field, isFields, list, text } from './fields.ts'

export type TemplatePaths = ReadonlyMap<string, readonly string[]>

type Path = readonly (string | number)[]

/** A kind of another API group that has the same name fits too. */
const ofAnyGroup: Readonly<Record<string, readonly string[]>> = {
  Pod: [''],
  PodTemplate: ['template'],
  ReplicationController: ['spec.template'],
  Deployment: ['spec.template'],
  StatefulSet: ['spec.template'],
  DaemonSet: ['spec.template'],
  ReplicaSet: ['spec.template'],
  Job: ['spec.template'],
  // argoproj/argo-rollouts v1.8
  Rollout: ['spec.template'],
  CronJob: ['spec.jobTemplate.spec.template'],
}

/** Of these the API group counts: others use the same names for something else. */
const ofGroup: Readonly<Record<string, readonly string[]>> = {
  // knative/serving v1.18: a Revision is a pod specification itself.
  'Service.serving.knative.dev': ['spec.template'],
  'Configuration.serving.knative.dev': ['spec.template'],
  'Revision.serving.knative.dev': [''],
  // openkruise/kruise v1.8
  'CloneSet.apps.kruise.io': ['spec.template'],
  'StatefulSet.apps.kruise.io': ['spec.template'],
  'DaemonSet.apps.kruise.io': ['spec.template'],
  'BroadcastJob.apps.kruise.io': ['spec.template'],
  'AdvancedCronJob.apps.kruise.io': [
    'spec.template.jobTemplate.spec.template',
    'spec.template.broadcastJobTemplate.spec.template',
  ],
  'UnitedDeployment.apps.kruise.io': [
    'spec.template.statefulSetTemplate.spec.template',
    'spec.template.advancedStatefulSetTemplate.spec.template',
    'spec.template.cloneSetTemplate.spec.template',
    'spec.template.deploymentTemplate.spec.template',
  ],
  // openshift/api 4.19
  'DeploymentConfig.apps.openshift.io': ['spec.template'],
  // kedacore/keda v2.17
  'ScaledJob.keda.sh': ['spec.jobTargetRef.template'],
  // kubernetes-sigs/jobset v0.8, lws v0.6
  'JobSet.jobset.x-k8s.io': ['spec.replicatedJobs.*.template.spec.template'],
  'LeaderWorkerSet.leaderworkerset.x-k8s.io': [
    'spec.leaderWorkerTemplate.leaderTemplate',
    'spec.leaderWorkerTemplate.workerTemplate',
  ],
  // volcano-sh/volcano v1.12
  'Job.batch.volcano.sh': ['spec.tasks.*.template'],
  // ray-project/kuberay v1.4
  'RayCluster.ray.io': ['spec.headGroupSpec.template', 'spec.workerGroupSpecs.*.template'],
  'RayJob.ray.io': [
    'spec.rayClusterSpec.headGroupSpec.template',
    'spec.rayClusterSpec.workerGroupSpecs.*.template',
    'spec.submitterPodTemplate',
  ],
  'RayService.ray.io': [
    'spec.rayClusterConfig.headGroupSpec.template',
    'spec.rayClusterConfig.workerGroupSpecs.*.template',
  ],
  // kubeflow/training-operator v1.9, kubeflow/notebooks v1.10
  'TFJob.kubeflow.org': ['spec.tfReplicaSpecs.*.template'],
  'PyTorchJob.kubeflow.org': ['spec.pytorchReplicaSpecs.*.template'],
  'MPIJob.kubeflow.org': ['spec.mpiReplicaSpecs.*.template'],
  'XGBoostJob.kubeflow.org': ['spec.xgbReplicaSpecs.*.template'],
  'Notebook.kubeflow.org': ['spec.template'],
  // googleforgames/agones v1.50
  'Fleet.agones.dev': ['spec.template.spec.template'],
  'GameServerSet.agones.dev': ['spec.template.spec.template'],
  'GameServer.agones.dev': ['spec.template'],
  // actions/actions-runner-controller 0.12
  'AutoscalingRunnerSet.actions.github.com': ['spec.template'],
  'EphemeralRunnerSet.actions.github.com': ['spec.ephemeralRunnerSpec'],
}

/** Of a kind that nobody has named: only where there is no doubt that it holds containers. */
const usual = ['spec.template', 'spec.jobTemplate.spec.template']

export const workloadKinds: readonly string[] = Object.keys(ofAnyGroup)

/** Where Kubernetes keeps its own kinds, so that a cluster can be asked for them. */
const coreGroups: Readonly<Record<string, string>> = {
  Pod: '',
  PodTemplate: '',
  ReplicationController: '',
  Job: 'batch',
  CronJob: 'batch',
  Rollout: 'argoproj.io',
}

export function kindsWithTemplates(further?: TemplatePaths): { kind: string; group: string }[] {
  const named = [...Object.keys(ofGroup), ...(further?.keys() ?? [])].map((key) => {
    const [kind = '', ...group] = key.split('.')
    return { kind, group: group.join('.') }
  })
  return [...workloadKinds.map((kind) => ({ kind, group: coreGroups[kind] ?? 'apps' })), ...named]
}

/** Paths to the templates that are there, most specific naming first; none for what is no workload. */
export function templatePlaces(object: unknown, further?: TemplatePaths): Path[] {
  const kind = text(object, 'kind')
  if (kind === undefined) return []
  const [group = ''] = (text(object, 'apiVersion') ?? '').split('/').slice(0, -1)
  const named = `${kind}.${group}`
  const own = (table: Readonly<Record<string, readonly string[]>>, key: string) =>
    Object.hasOwn(table, key) ? table[key] : undefined
  const paths =
    further?.get(named) ?? further?.get(kind) ?? own(ofGroup, named) ?? own(ofAnyGroup, kind)
  if (paths === undefined) {
    return usual
      .flatMap((path) => placesAt(object, path))
      .filter((at) => holdsContainers(object, at))
  }
  const found = paths.flatMap((path) => placesAt(object, path))
  // A Rollout may point to a Deployment instead of having a template: that Deployment is judged.
  return kind === 'Pod' ? found : found.filter((at) => hasSpec(object, at))
}

function placesAt(object: unknown, path: string): Path[] {
  let places: { at: Path; value: unknown }[] = [{ at: [], value: object }]
  for (const step of path === '' ? [] : path.split('.')) {
    places = places.flatMap(({ at, value }) => {
      if (step !== '*') return [{ at: [...at, step], value: field(value, step) }]
      const items: Iterable<[string | number, unknown]> = Array.isArray(value)
        ? (value as unknown[]).entries()
        : isFields(value)
          ? Object.entries(value)
          : []
      return [...items]
        .slice(0, mostTemplates)
        .map(([key, item]) => ({ at: [...at, key], value: item }))
    })
  }
  return places.filter(({ value }) => isFields(value)).map(({ at }) => at)
}

/** More templates than that in one object are not looked at. */
const mostTemplates = 1000

function valueAt(object: unknown, at: Path): unknown {
  return field(object, ...at.map(String))
}

function hasSpec(object: unknown, at: Path): boolean {
  const spec = field(valueAt(object, at), 'spec')
  return isFields(spec) && Object.keys(spec).length > 0
}

function holdsContainers(object: unknown, at: Path): boolean {
  const containers = list(valueAt(object, at), 'spec', 'containers')
  return (
    containers.length > 0 &&
    containers.every((one) => text(one, 'name') !== undefined && text(one, 'image') !== undefined)
  )
}

/** "spec.template." for findings; "" for a pod. */
export function prefixOf(at: Path): string {
  const written = at.map((step) =>
    typeof step === 'number' ? `[${step}]` : /[.[\]]/.test(step) ? `[${step}]` : `.${step}`,
  )
  return at.length === 0 ? '' : `${written.join('').replace(/^\./, '')}.`
}

/** "Rollout.argoproj.io=spec.template", or without group; null when it is not of that form. */
export function parseTemplatePath(words: string): { kind: string; path: string } | null {
  const found =
    /^([A-Z][A-Za-z0-9]*(?:\.[a-z0-9.-]+)?)=((?:[A-Za-z_*][\w*-]*)(?:\.[\w*-]+)*)$/.exec(words)
  return found === null ? null : { kind: found[1] ?? '', path: found[2] ?? '' }
}
