// SPDX-License-Identifier: Apache-2.0
// Linkerd. First the API server's selectors, then the injector's reasons, all of them collected:
// linkerd/linkerd2 pkg/inject/report.go Injectable and disableByAnnotation, pkg/healthcheck/sidecar.go
// (2.10 to 2.20). A value other than enabled, disabled and ingress silently means no sidecar.

import { captureChecks } from '../checks/index.ts'
import type { Injector } from '../injectors.ts'
import { supposing } from '../namespace.ts'
import { linkerdForesight } from './linkerd-foresight.ts'
import { linkerdSidecars } from './linkerd-parts.ts'
import { linkerdRules, linkerdUncalled } from './linkerd-rules.ts'
import {
  linkerdBesides,
  linkerdReads,
  linkerdSettings,
  linkerdSettingsFrom,
  type LinkerdSettings,
} from './linkerd-settings.ts'
import {
  linkerdCapture,
  linkerdChecks,
  linkerdCniRules,
  linkerdVerification,
} from './linkerd-sidecar.ts'
import type { Mesh } from './mesh.ts'
import { spokenOf } from './spoken.ts'

const inject = 'linkerd.io/inject'
const version = 'linkerd.io/proxy-version'

export const linkerd: Mesh<LinkerdSettings> = {
  name: 'linkerd',
  title: 'Linkerd',
  settings: linkerdSettings,
  reads: linkerdReads,
  settingsFrom: linkerdSettingsFrom,
  isInjector: (name) => name === 'linkerd-proxy-injector.linkerd.io',
  chartInjectors: () => [chartInjector],
  mentionedBy: (subject, namespace) =>
    spokenOf({ namespace: [inject], pod: [inject, version] }, subject, namespace) ||
    (subject !== null && linkerdSidecars(subject).length > 0),
  enabled: (namespace) => ({
    namespace: supposing(namespace, { annotations: { [inject]: 'enabled' } }),
    assumed: `namespace "${namespace.name}" has the annotation ${inject}=enabled (no Namespace object was given)`,
  }),
  uncalled: linkerdUncalled,
  rules: linkerdRules,
  collects: true,
  cniRules: linkerdCniRules,
  capturedBy: linkerdCapture,
  sidecarNames: ['linkerd-proxy'],
  sidecars: linkerdSidecars,
  replacesSidecar: false,
  marker: ({ pod }) =>
    pod.annotations.has(version)
      ? {
          id: 'sidecar-stripped',
          path: `${pod.prefix}metadata.annotations[${version}]`,
          message: `the annotation ${version} says that the sidecar was injected, and there is none`,
        }
      : null,
  verify: linkerdVerification,
  foresee: linkerdForesight,
  checkInput: linkerdChecks,
  checks: captureChecks,
  besides: linkerdBesides,
}

/** charts/linkerd-control-plane/templates/proxy-injector-rbac.yaml and values.yaml (2.11 to 2.20). */
const chartInjector: Injector = {
  configuration: 'linkerd-proxy-injector-webhook-config',
  name: 'linkerd-proxy-injector.linkerd.io',
  failurePolicy: 'Ignore',
  rules: [
    {
      operations: ['CREATE'],
      apiGroups: [''],
      apiVersions: ['v1'],
      resources: ['pods', 'services'],
      scope: 'Namespaced',
    },
  ],
  namespaceSelector: {
    matchExpressions: [
      { key: 'config.linkerd.io/admission-webhooks', operator: 'NotIn', values: ['disabled'] },
      {
        key: 'kubernetes.io/metadata.name',
        operator: 'NotIn',
        values: ['kube-system', 'cert-manager'],
      },
    ],
  },
  objectSelector: {
    matchExpressions: [
      { key: 'linkerd.io/control-plane-component', operator: 'DoesNotExist' },
      { key: 'linkerd.io/cni-resource', operator: 'DoesNotExist' },
    ],
  },
  conditions: 0,
}
