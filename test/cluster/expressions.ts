// SPDX-License-Identifier: Apache-2.0
// Random matchConditions: what people ask there, and what goes wrong there, alone and joined.
import { keys, values, type Random } from './random.ts'

const text = (random: Random, from: readonly string[]) => `'${random.one(from)}'`

const atoms: ((random: Random) => string)[] = [
  (r) => `request.operation == ${text(r, ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'])}`,
  (r) => `request.operation in ['CREATE', ${text(r, ['UPDATE', 'DELETE'])}]`,
  (r) => `request.resource.resource == ${text(r, ['pods', 'deployments', 'namespaces'])}`,
  (r) => `request.resource.group != ${text(r, ['', 'apps', 'example.test'])}`,
  (r) => `request.requestResource.version == ${text(r, ['v1', 'v1beta1', 'v2'])}`,
  (r) => `request.resource.version == ${text(r, ['v1', 'v1beta1', 'v2'])}`,
  (r) => `request.kind.kind.startsWith(${text(r, ['P', 'D', 'Names'])})`,
  () => 'has(request.subResource)',
  (r) => `request.subResource == ${text(r, ['', 'status', 'exec'])}`,
  () => `request.?subResource.orValue('none').endsWith('e')`,
  (r) => `request.namespace == ${text(r, ['n-0', 'n-1', 'n-2', 'n-3'])}`,
  () => `has(request.namespace) && request.namespace.matches('^n-[0-9]$')`,
  () => `request.name.matches('[02468]$')`,
  () => 'request.dryRun',
  () => `request.userInfo.username == 'admin'`,
  () => `'system:masters' in request.userInfo.groups`,
  () => `request.userInfo.groups.exists(g, g.startsWith('system:serviceaccounts'))`,
  () => 'has(request.userInfo.extra)',
  () => `request.options.kind == 'CreateOptions'`,
  () => `has(request.options.dryRun)`,
  () => 'object == null',
  () => 'oldObject != null',
  (r) => `object.metadata.labels[${text(r, keys)}] == ${text(r, values)}`,
  (r) => `has(object.metadata.labels) && ${text(r, keys)} in object.metadata.labels`,
  (r) => `object.metadata.?labels[?${text(r, keys)}].orValue('none') != ${text(r, values)}`,
  (r) => `${text(r, keys)} in oldObject.metadata.labels`,
  () => `object.metadata.labels.exists(k, k.startsWith('istio'))`,
  () => `object.metadata.labels.all(k, k.size() > 3)`,
  () => 'object.metadata.labels == oldObject.metadata.labels',
  () => `object.metadata.namespace.startsWith('n-')`,
  () => `has(object.metadata.namespace)`,
  () => `object.metadata.name.size() > 3`,
  () => `has(object.metadata.generateName) || object.metadata.name != ''`,
  () => `object.kind == 'Pod' && object.apiVersion == 'v1'`,
  () => `object.spec.containers.all(c, c.image.startsWith('registry.test/'))`,
  () => `object.spec.containers.exists(c, c.name == 'istio-proxy')`,
  () => `object.spec.containers.exists_one(c, c.name == 'app')`,
  () => `object.spec.containers.map(c, c.name).filter(n, n != 'app').size() == 1`,
  () => 'has(object.spec.containers[0].ports)',
  () => 'object.spec.containers[1].name == "istio-proxy"',
  () => 'has(object.spec.hostNetwork) && object.spec.hostNetwork == true',
  () => 'object.?spec.?hostNetwork.orValue(false) == true',
  () => `object.spec.template.spec.containers[0].image.contains(':')`,
  () => 'object.spec.replicas > 1',
  () => 'object.spec.replicas % 2 == 0',
  () => 'object.spec.replicas + 1 <= 3',
  () => 'size(object.spec.containers) > 1',
  () => 'object.metadata.creationTimestamp == null',
  () => `oldObject.metadata.uid == object.metadata.uid`,
  () => `timestamp(oldObject.metadata.creationTimestamp) > timestamp('2020-01-01T00:00:00Z')`,
  () => `string(object.spec.replicas) == '1'`,
  () => `int(object.metadata.labels['env']) > 3`,
  () => `type(object.spec.replicas) == int`,
  () => `object.metadata.name.replace('-', '').size() + object.metadata.name.indexOf('-') > 8`,
  () => `object.metadata.name.charAt(0) in ['c', 'p']`,
  () => `object.metadata.name.split('-')[1] < '5'`,
  () => `uint(object.metadata.labels.team) > 0u`,
  () => `double(object.metadata.labels.env) < 1.5`,
  () => `bool(object.metadata.labels['istio-injection'])`,
  () => `object.metadata.labels['istio-injection'].lowerAscii() == 'enabled'`,
  (r) => `sets.intersects(object.metadata.labels.map(k, k), [${text(r, keys)}, ${text(r, keys)}])`,
  () => `sets.contains(['app', 'istio-proxy'], object.spec.containers.map(c, c.name))`,
  () => `object.spec.containers.map(c, c.name).isSorted()`,
  () => `object.spec.containers.map(c, size(c.image)).sum() > 10`,
  () => `object.spec.containers.map(c, c.name).indexOf('istio-proxy') == 1`,
  () => `object.?metadata.?labels.hasValue()`,
  () => `dyn(object.spec.replicas) == 1.0`,
  () => `object.spec.replicas < 2.5`,
  () => `object.spec.containers[0].ports[0].containerPort in [80, 443]`,
  () => `object.metadata.labels in [{'team': 'a'}, {}]`,
  () => `object.spec == oldObject.spec`,
  () => `string(object.metadata.labels.team) + 'x' != 'ax'`,
  () => `object.metadata.generation >= 1 || oldObject.metadata.generation == 1`,
  () => `[object, oldObject].exists(o, o != null && o.kind == 'Pod')`,
  () => `request.namespace.lowerAscii().contains('n-') && request.name.size() < 6`,
  () => `duration('1h') > duration('59m') && request.kind.version == 'v1'`,
  () => `namespaceObject == null`,
  () => `namespaceObject.metadata.name == 'n-1'`,
  () => 'true',
  () => 'false',
]

/** What nobody can tell beforehand. */
const asksAuthorizer = `authorizer.group('').resource('pods').namespace('n-1').check('create').allowed()`

export function condition(random: Random, depth = 2): string {
  if (random.chance(1)) return asksAuthorizer
  if (depth === 0 || random.chance(55)) return random.one(atoms)(random)
  const [a, b] = [condition(random, depth - 1), condition(random, depth - 1)]
  const how = random.below(10)
  if (how < 4) return `(${a}) && (${b})`
  if (how < 8) return `(${a}) || (${b})`
  if (how < 9) return `!(${a})`
  return `(${a}) ? (${b}) : (${condition(random, depth - 1)})`
}
