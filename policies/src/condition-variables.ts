// SPDX-License-Identifier: Apache-2.0
// What the matchConditions of a webhook may ask for, with the types that the API server gives it (kubernetes
// staging/src/k8s.io/apiserver/pkg/admission/plugin/cel/compile.go, 1.34–1.36). A part that nobody knows before the
// request is made ends the evaluation when it is read, so that `false && unknown` is still false.

/** Parts of a request that may be unknown; the others are in the object or follow from its kind. */
export type RequestPart =
  | 'userInfo'
  | `userInfo.${'username' | 'uid' | 'groups' | 'extra'}`
  | 'options'
  | 'dryRun'
  | 'name'
  | 'namespace'

/** An input that was read and is not known. */
export class NotKnown extends Error {
  readonly part: string
  constructor(part: string) {
    super(`${part} is not known`)
    this.part = part
  }
}

/** The inputs that were asked for during one evaluation and are not known; evaluations never overlap. */
export const notKnown = new Set<string>()

export function askedUnknown(part: string): never {
  notKnown.add(part)
  throw new NotKnown(part)
}

export class CelGroupVersionKind {
  constructor(value: unknown) {
    take(this, value)
  }
}
export class CelGroupVersionResource {
  constructor(value: unknown) {
    take(this, value)
  }
}
export class CelUserInfo {
  constructor(value: unknown, unknown: readonly RequestPart[]) {
    take(this, value)
    for (const part of unknown) {
      if (!part.startsWith('userInfo.')) continue
      const name = part.slice('userInfo.'.length)
      Object.defineProperty(this, name, { get: () => askedUnknown(`request.${part}`) })
    }
  }
}
/** Only ever unknown: what it would answer depends on the cluster's RBAC at the moment of the request. */
export class CelAuthorizer {
  get requestResource(): never {
    return askedUnknown('authorizer')
  }
}

const parts: Record<string, new (value: unknown, unknown: readonly RequestPart[]) => object> = {
  kind: CelGroupVersionKind,
  requestKind: CelGroupVersionKind,
  resource: CelGroupVersionResource,
  requestResource: CelGroupVersionResource,
  userInfo: CelUserInfo,
}

export class CelRequest {
  constructor(request: Readonly<Record<string, unknown>>, unknown: readonly RequestPart[]) {
    for (const [name, value] of Object.entries(request)) {
      // What is unknown stays so, whatever is given for it.
      if (!Object.hasOwn(requestFields, name) || unknown.some((part) => part === name)) continue
      const Part = Object.hasOwn(parts, name) ? parts[name] : undefined
      const known =
        Part !== undefined && typeof value === 'object' ? new Part(value, unknown) : value
      Object.defineProperty(this, name, { value: known })
    }
    for (const part of unknown) {
      if (part.includes('.')) continue
      Object.defineProperty(this, part, { get: () => askedUnknown(`request.${part}`) })
    }
  }
}

const gvk = { group: 'string', version: 'string', kind: 'string' }
const gvr = { group: 'string', version: 'string', resource: 'string' }
const userInfo = {
  username: 'string',
  uid: 'string',
  groups: 'list<string>',
  extra: 'map<string, list<string>>',
}
const requestFields = {
  kind: 'GroupVersionKind',
  resource: 'GroupVersionResource',
  subResource: 'string',
  requestKind: 'GroupVersionKind',
  requestResource: 'GroupVersionResource',
  requestSubResource: 'string',
  name: 'string',
  namespace: 'string',
  operation: 'string',
  userInfo: 'UserInfo',
  dryRun: 'bool',
  options: 'dyn',
}

/** In this order: a type must be there before another one names it. */
export const conditionTypes: [
  string,
  { ctor: new (...args: never[]) => object; fields: Record<string, string> },
][] = [
  ['GroupVersionKind', { ctor: CelGroupVersionKind, fields: gvk }],
  ['GroupVersionResource', { ctor: CelGroupVersionResource, fields: gvr }],
  ['UserInfo', { ctor: CelUserInfo, fields: userInfo }],
  ['AdmissionRequest', { ctor: CelRequest, fields: requestFields }],
  ['Authorizer', { ctor: CelAuthorizer, fields: { requestResource: 'Authorizer' } }],
]

/** Of the authorizer (pkg/cel/library/authz.go); each ends the evaluation, so what it returns is never seen. */
export const authorizerFunctions = [
  'path(string): Authorizer',
  'group(string): Authorizer',
  'serviceAccount(string, string): Authorizer',
  'resource(string): Authorizer',
  'subresource(string): Authorizer',
  'namespace(string): Authorizer',
  'name(string): Authorizer',
  'fieldSelector(string): Authorizer',
  'labelSelector(string): Authorizer',
  'check(string): Authorizer',
  'allowed(): bool',
  'reason(): string',
  'errored(): bool',
  'error(): string',
]

function take(into: object, value: unknown): void {
  if (typeof value === 'object' && value !== null) Object.assign(into, value)
}
