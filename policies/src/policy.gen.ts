// SPDX-License-Identifier: Apache-2.0
// Generated from policies/schema.json by scripts/generate-policy.ts; do not edit.

/**
 * The policy language of Underpin, whole: the source of the types, the validator, the custom resources and the documentation.
 */
export type Policy = RuntimePolicy | ClusterRuntimePolicy | CoveragePolicy
/**
 * Version of the language; always underpin.dev/v1alpha1.
 */
export type ApiVersion = 'underpin.dev/v1alpha1'
/**
 * audit lets everything through and counts what would be denied; enforce denies it. Start with audit, read the report, then promote. Default: audit.
 */
export type Mode = 'audit' | 'enforce'
/**
 * Names of containers, init and ephemeral ones included. Default: every container of the pod. Example: [api]
 *
 * @minItems 1
 * @maxItems 100
 */
export type ContainerNames = string[]
/**
 * A CEL expression over pod (the manifest) and namespaceObject (metadata.name and metadata.labels) that must be true as well; at most 10000 characters. An expression that fails counts as true: the pod is governed. Example: pod.spec.serviceAccountName == 'checkout'
 */
export type SelectExpression = string
/**
 * Where executable code may come from. image: programs, and files mapped as code (libraries, plug-ins), only from the container image's own layers, so nothing written, downloaded or mounted later runs. Memory without a file is up to anonymousCode. any: no such limit. Default: any.
 */
export type Code = 'any' | 'image'
/**
 * Whether memory that is no unchanged file may become executable, as just-in-time compilers need it. deny: it may not. Default: allow.
 */
export type AnonymousCode = 'allow' | 'deny'
/**
 * One path pattern or a list of them, one of which must match.
 */
export type PathPatterns = string | PathPattern[]
/**
 * An absolute path, or a directory and '/**' for everything below it, at any depth. At most 4096 bytes, at most 16 directories before '/**'.
 */
export type PathPattern = string
/**
 * A port or range with its protocol (TCP, UDP or SCTP; TCP if left out), every port of a protocol, or ICMP (which has no ports; IPv6's ICMP included). Examples: 443/TCP, 53/UDP, 8000-8100/TCP, * /UDP, 443, ICMP
 */
export type Port = number | string
/**
 * A privileged act. Lower case: trace (read or control another process), bpf, mount, kernel-modules, user-namespaces. Upper case: a Linux capability, without CAP_.
 */
export type Privilege =
  | 'trace'
  | 'bpf'
  | 'mount'
  | 'kernel-modules'
  | 'user-namespaces'
  | 'AUDIT_CONTROL'
  | 'AUDIT_READ'
  | 'AUDIT_WRITE'
  | 'BLOCK_SUSPEND'
  | 'BPF'
  | 'CHECKPOINT_RESTORE'
  | 'CHOWN'
  | 'DAC_OVERRIDE'
  | 'DAC_READ_SEARCH'
  | 'FOWNER'
  | 'FSETID'
  | 'IPC_LOCK'
  | 'IPC_OWNER'
  | 'KILL'
  | 'LEASE'
  | 'LINUX_IMMUTABLE'
  | 'MAC_ADMIN'
  | 'MAC_OVERRIDE'
  | 'MKNOD'
  | 'NET_ADMIN'
  | 'NET_BIND_SERVICE'
  | 'NET_BROADCAST'
  | 'NET_RAW'
  | 'PERFMON'
  | 'SETFCAP'
  | 'SETGID'
  | 'SETPCAP'
  | 'SETUID'
  | 'SYSLOG'
  | 'SYS_ADMIN'
  | 'SYS_BOOT'
  | 'SYS_CHROOT'
  | 'SYS_MODULE'
  | 'SYS_NICE'
  | 'SYS_PACCT'
  | 'SYS_PTRACE'
  | 'SYS_RAWIO'
  | 'SYS_RESOURCE'
  | 'SYS_TIME'
  | 'SYS_TTY_CONFIG'
  | 'WAKE_ALARM'
/**
 * A way to talk that address rules do not see: a socket family of the kernel's (packet, vsock, xdp, alg, bluetooth, ...) or netlink protocol; raw: IP sockets that write their own headers; network-admin: changing interfaces, addresses, routes, tunnels and packet filters (CAP_NET_ADMIN), which could lead packets elsewhere after they were decided.
 */
export type SocketUse =
  | 'network-admin'
  | 'raw'
  | 'alg'
  | 'appletalk'
  | 'atmpvc'
  | 'atmsvc'
  | 'ax25'
  | 'bluetooth'
  | 'caif'
  | 'can'
  | 'ieee802154'
  | 'infiniband'
  | 'ipx'
  | 'isdn'
  | 'kcm'
  | 'key'
  | 'llc'
  | 'mctp'
  | 'mpls'
  | 'netrom'
  | 'nfc'
  | 'packet'
  | 'phonet'
  | 'pppox'
  | 'qipcrtr'
  | 'rds'
  | 'rose'
  | 'rxrpc'
  | 'smc'
  | 'tipc'
  | 'vsock'
  | 'x25'
  | 'xdp'
  | 'netlink-audit'
  | 'netlink-connector'
  | 'netlink-crypto'
  | 'netlink-dnrtmsg'
  | 'netlink-ecryptfs'
  | 'netlink-fib-lookup'
  | 'netlink-generic'
  | 'netlink-iscsi'
  | 'netlink-netfilter'
  | 'netlink-nflog'
  | 'netlink-rdma'
  | 'netlink-scsi-transport'
  | 'netlink-selinux'
  | 'netlink-smc'
  | 'netlink-sock-diag'
  | 'netlink-uevent'
  | 'netlink-usersock'
  | 'netlink-xfrm'
/**
 * Accepted, Ready and Degraded, with the reason.
 */
export type Conditions = Condition[]
/**
 * Name of a mesh profile. Examples: istio, linkerd
 */
export type MeshName = string
/**
 * audit: report it. warn: admit it with a warning. deny: refuse to admit it.
 */
export type CoverageMode = 'audit' | 'warn' | 'deny'

/**
 * What the containers of selected pods of one namespace may start, connect to and accept. Several policies may select one container: what any of them allows is allowed, what any of them denies is denied.
 */
export interface RuntimePolicy {
  apiVersion: ApiVersion
  kind: 'RuntimePolicy'
  metadata: Metadata
  spec: RuntimeSpec
  status?: RuntimeStatus
}
/**
 * Name and place of the policy, as for every Kubernetes object. Only name, namespace, labels and annotations are written by hand.
 */
export interface Metadata {
  /**
   * A DNS subdomain: lower-case letters, digits, '-' and '.', at most 253 characters. Example: checkout
   */
  name: string
  /**
   * For RuntimePolicy, the namespace whose pods it governs. Default: default. Cluster-wide kinds have none. Example: shop
   */
  namespace?: string
  labels?: {
    [k: string]: string
  }
  annotations?: {
    [k: string]: string
  }
  /**
   * Kept by the API server.
   */
  generateName?: string
  /**
   * Kept by the API server.
   */
  uid?: string
  /**
   * Kept by the API server.
   */
  resourceVersion?: string
  /**
   * Kept by the API server.
   */
  generation?: number
  /**
   * Kept by the API server.
   */
  selfLink?: string
  /**
   * Kept by the API server.
   */
  creationTimestamp?: string | null
  /**
   * Kept by the API server.
   */
  deletionTimestamp?: string
  /**
   * Kept by the API server.
   */
  deletionGracePeriodSeconds?: number
  /**
   * Kept by the API server.
   */
  finalizers?: string[]
  /**
   * Kept by the API server.
   */
  ownerReferences?: {}[]
  /**
   * Kept by the API server.
   */
  managedFields?: {}[]
}
/**
 * Whom the policy selects and what they may do.
 */
export interface RuntimeSpec {
  mode?: Mode
  /**
   * Which containers of the namespace. All fields given must match. Default: every container of every pod.
   */
  select?: PodSelection
  code?: Code
  anonymousCode?: AnonymousCode
  /**
   * The processes the policy matches; every other process, and everything not listed for these, is denied. An empty list denies every process. The sandbox of a pod (/pause) needs no entry. Left out, the policy consists of guard rails (deny) and limits nothing else.
   *
   * @maxItems 1000
   */
  processes?: Process[]
  /**
   * Guard rails: what they match is denied, whatever any policy allows.
   *
   * @maxItems 1000
   */
  deny?: DenyRule[]
}
/**
 * Which containers of which pods. All fields given must match.
 */
export interface PodSelection {
  /**
   * Labels of the pod. Default: every pod. Example: { matchLabels: { app: checkout } }
   */
  pods?: LabelSelector
  containers?: ContainerNames
  expression?: SelectExpression
}
/**
 * Labels, as everywhere in Kubernetes: all of matchLabels and matchExpressions must hold; {} selects everything.
 */
export interface LabelSelector {
  /**
   * Labels that must have exactly these values. Example: { app: checkout }
   */
  matchLabels?: {
    [k: string]: string
  }
  /**
   * Conditions on labels.
   *
   * @maxItems 1000
   */
  matchExpressions?: LabelRequirement[]
}
/**
 * One condition on one label. Example: { key: tier, operator: In, values: [prod, canary] }
 */
export interface LabelRequirement {
  /**
   * The label. Example: app.kubernetes.io/name
   */
  key: string
  /**
   * In and NotIn need values, Exists and DoesNotExist have none. NotIn is also true where the label is missing.
   */
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  /**
   * The values for In and NotIn.
   *
   * @maxItems 1000
   */
  values?: string[]
}
/**
 * One kind of process and what it may do.
 */
export interface Process {
  /**
   * The executable as the process itself sees it: an absolute path, or everything below a directory; one or a list. For a script both the script and its interpreter must be allowed. Examples: /usr/bin/node, /usr/lib/git-core/**
   */
  exe: PathPatterns
  /**
   * Only when one of these executables started it. Default: started by anything. Example: [/sbin/tini]
   *
   * @minItems 1
   * @maxItems 1000
   */
  from?: PathPattern[]
  /**
   * entrypoint: only the container's own first process and what it starts. exec: only what the runtime starts later (kubectl exec, exec probes, hooks). Default: both.
   */
  startedBy?: 'entrypoint' | 'exec'
  /**
   * Connections it may open. Left out or empty: none. [{}] allows all of them.
   *
   * @maxItems 1000
   */
  egress?: EgressRule[]
  /**
   * Local ports it may listen on, and from where. Left out or empty: none. [{}] allows all of them.
   *
   * @maxItems 1000
   */
  ingress?: IngressRule[]
  /**
   * Files it may open. Left out: files are not limited. An empty list: none.
   *
   * @maxItems 1000
   */
  files?: FileRule[]
  /**
   * Privileged acts it may perform. Left out: not limited. An empty list: none. Example: [NET_BIND_SERVICE]
   *
   * @maxItems 100
   */
  privileges?: Privilege[]
  /**
   * Ways to talk besides IPv4, IPv6, unix sockets and netlink's routing protocol that it may use. Left out or empty: none. Example: [packet, netlink-audit]
   *
   * @maxItems 100
   */
  sockets?: SocketUse[]
}
/**
 * Connections to some addresses at some ports. Example: { to: [{ cidr: 10.0.0.0/8 }], ports: [5432/TCP] }
 */
export interface EgressRule {
  /**
   * Where to; one peer must match. Decided for the address the process asked for, before service addresses are translated. Left out: anywhere.
   *
   * @minItems 1
   * @maxItems 1000
   */
  to?: Peer[]
  /**
   * Remote ports. Left out: every port and every protocol. Example: [443/TCP]
   *
   * @minItems 1
   * @maxItems 1000
   */
  ports?: Port[]
}
/**
 * The other end of a connection, said in exactly one way: cidr (with except), dns, pods and/or namespaces, or services.
 */
export interface Peer {
  /**
   * A network of IPv4 or IPv6 addresses without host bits. An IPv4 address asked for in IPv6 form (::ffff:10.0.0.1) is the IPv4 address. Examples: 10.0.0.0/8, 2001:db8::/32, 192.0.2.7/32
   */
  cidr?: string
  /**
   * Networks inside cidr that are left out. Example: [10.9.0.0/16]
   *
   * @maxItems 1000
   */
  except?: string[]
  /**
   * A host name, or '*.' and a domain of at most 8 labels for every name below it, however deep. What the subject's resolver says of it is allowed (in egress only). Examples: api.example.com, "*.example.com"
   */
  dns?: string
  /**
   * Labels of pods; in the policy's own namespace unless namespaces is given.
   */
  pods?: LabelSelector
  /**
   * Labels of the namespaces of the pods.
   */
  namespaces?: LabelSelector
  /**
   * A Kubernetes Service: its addresses and those behind it.
   */
  services?: {
    /**
     * Name of the Service. Example: db
     */
    name: string
    /**
     * Its namespace. Default: the policy's own.
     */
    namespace?: string
  }
}
/**
 * Connections from some addresses to some local ports. Example: { ports: [8080/TCP], from: [{ cidr: 10.0.0.0/8 }] }
 */
export interface IngressRule {
  /**
   * Where from; one peer must match. Left out: anywhere.
   *
   * @minItems 1
   * @maxItems 1000
   */
  from?: Peer[]
  /**
   * Local ports. Left out: every port and every protocol. Example: [8080/TCP]
   *
   * @minItems 1
   * @maxItems 1000
   */
  ports?: Port[]
}
/**
 * Files a process may open. Example: { path: /var/run/secrets/**, access: read }
 */
export interface FileRule {
  path: PathPattern
  /**
   * read: opening for reading. write: opening for reading and writing.
   */
  access: 'read' | 'write'
}
/**
 * Denies what it describes, for the processes named by exe and from (default: every process). With none of egress, ingress, protocol, file, privilege and socket it denies starting these processes. Example: { egress: { to: [{ cidr: 169.254.169.254/32 }] } }
 */
export interface DenyRule {
  /**
   * Executables it is about: absolute paths or directories; one or a list. Default: every process. Example: /tmp/**
   */
  exe?: PathPatterns
  /**
   * Only when one of these executables started the process. Default: started by anything.
   *
   * @minItems 1
   * @maxItems 1000
   */
  from?: PathPattern[]
  /**
   * Denies opening these connections; {} denies all of them.
   */
  egress?: EgressRule
  /**
   * Denies accepting these connections; without from it denies listening on the ports as well; {} denies all of them.
   */
  ingress?: IngressRule
  /**
   * Denies an application protocol on any port, recognised by its first bytes. stratum: the handshake with a mining pool.
   */
  protocol?: 'stratum'
  /**
   * Denies opening these files. read: opening them at all. write: opening them for writing. Example: { path: /etc/**, access: write }
   */
  file?: FileRule
  /**
   * Denies this privileged act. Example: mount
   */
  privilege?: Privilege
  /**
   * Denies this way to talk, also where an entry lists it. Example: vsock
   */
  socket?: SocketUse
}
/**
 * Written by Underpin: how far the policy has come. Ignored when read.
 */
export interface RuntimeStatus {
  /**
   * The generation of the policy this status is about.
   */
  observedGeneration?: number
  /**
   * Counts of nodes that told of this policy.
   */
  nodes?: {
    /**
     * Nodes whose agent told of it.
     */
    total?: number
    /**
     * Of these, with a container that it selects.
     */
    selected?: number
    /**
     * Of these, with its newest generation in force.
     */
    ready?: number
    /**
     * Of these, whose kernel cannot carry out all of it.
     */
    degraded?: number
    /**
     * Of these, where its newest generation could not be put in force.
     */
    failed?: number
  }
  /**
   * The first nodes where it failed, by name, and why.
   *
   * @maxItems 10
   */
  failures?: {
    node: string
    reason: string
  }[]
  /**
   * How kernels carry out its decision about programs, and on how many nodes.
   *
   * @maxItems 10
   */
  mechanisms?: {
    mechanism: string
    nodes: number
  }[]
  /**
   * Containers that it selects, on all nodes.
   */
  containers?: number
  /**
   * How often it denied something, as far as the nodes remember.
   */
  denied?: number
  /**
   * How often it would have denied something, had it been enforced.
   */
  wouldDeny?: number
  /**
   * What enforcing it would stop, in a few words.
   */
  wouldStop?: string
  conditions?: Conditions
}
/**
 * One statement about the policy, as everywhere in Kubernetes.
 */
export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  observedGeneration?: number
  lastTransitionTime: string
  reason: string
  message: string
}
/**
 * The same for the whole cluster or node: pods of several namespaces, containers started beside Kubernetes, or services of the host.
 */
export interface ClusterRuntimePolicy {
  apiVersion: ApiVersion
  kind: 'ClusterRuntimePolicy'
  metadata: Metadata
  spec: ClusterRuntimeSpec
  status?: RuntimeStatus
}
/**
 * Whom the policy selects and what they may do.
 */
export interface ClusterRuntimeSpec {
  mode?: Mode
  /**
   * pod: containers of pods. unmanaged: containers no API server knows (docker, podman, containerd, CRI-O). host: services of the node itself; audit only.
   */
  scope: 'pod' | 'unmanaged' | 'host'
  /**
   * Which subjects of that scope. Scope pod: namespaces, pods, containers, expression. Scope unmanaged: names, images, cgroups. Scope host: units, cgroups (at least one of them).
   */
  select?: ClusterSelection
  code?: Code
  anonymousCode?: AnonymousCode
  /**
   * The processes the policy matches; every other process, and everything not listed for these, is denied. An empty list denies every process. The sandbox of a pod (/pause) needs no entry. Left out, the policy consists of guard rails (deny) and limits nothing else.
   *
   * @maxItems 1000
   */
  processes?: Process[]
  /**
   * Guard rails: what they match is denied, whatever any policy allows.
   *
   * @maxItems 1000
   */
  deny?: DenyRule[]
}
/**
 * Which subjects of the scope. Only the fields of that scope may be given.
 */
export interface ClusterSelection {
  /**
   * Scope pod: labels of the pod's namespace. Default: every namespace. A namespace is chosen by name through the label kubernetes.io/metadata.name, which every namespace has.
   */
  namespaces?: LabelSelector
  /**
   * Scope pod: labels of the pod. Default: every pod.
   */
  pods?: LabelSelector
  containers?: ContainerNames
  expression?: SelectExpression
  /**
   * Scope unmanaged: names of the containers, one of which must match; '*' stands for any characters. Example: ["registry-*"]
   *
   * @minItems 1
   * @maxItems 1000
   */
  names?: string[]
  /**
   * Scope unmanaged: references of the images, one of which must match; '*' stands for any characters but '/', a component '**' for any number of components. Example: ["registry.example.com/redis:*"]
   *
   * @minItems 1
   * @maxItems 1000
   */
  images?: string[]
  /**
   * Scope host: systemd units; a service matches that has one of these units or one of the cgroups. '*' stands for any characters. Example: [nginx.service, "getty@*.service"]
   *
   * @minItems 1
   * @maxItems 1000
   */
  units?: string[]
  /**
   * Scopes host and unmanaged: paths from the root of cgroup v2; '*' stands for any characters but '/', a component '**' for any number of components. Example: ["/system.slice/nginx.service", "/docker/**"]
   *
   * @minItems 1
   * @maxItems 1000
   */
  cgroups?: string[]
}
/**
 * Which namespaces must run which sidecar, how strictly, and who is exempted until when.
 */
export interface CoveragePolicy {
  apiVersion: ApiVersion
  kind: 'CoveragePolicy'
  metadata: Metadata
  spec: CoverageSpec
  status?: CoverageStatus
}
/**
 * Which sidecar is required where.
 */
export interface CoverageSpec {
  /**
   * The meshes whose sidecar every workload of the namespaces below must have. Example: [istio]
   *
   * @minItems 1
   * @maxItems 20
   */
  meshes: MeshName[]
  /**
   * Classes of namespaces in order; the first whose select matches decides. A namespace that none matches is not governed by this policy.
   *
   * @minItems 1
   * @maxItems 100
   */
  namespaces: NamespaceClass[]
  /**
   * Who need not be covered, and until when.
   *
   * @maxItems 1000
   */
  exemptions?: Exemption[]
  /**
   * Further conditions on every workload of these namespaces.
   *
   * @maxItems 100
   */
  checks?: CoverageCheck[]
}
/**
 * Namespaces that are treated alike.
 */
export interface NamespaceClass {
  /**
   * What reports call the class; once in a policy. Example: production
   */
  name: string
  /**
   * Which namespaces.
   */
  select: {
    /**
     * Labels of the namespaces; {} is every namespace. A namespace is chosen by name through its label kubernetes.io/metadata.name.
     */
    namespaces: LabelSelector
  }
  mode: CoverageMode
  /**
   * The meshes required here. Default: those of the policy.
   *
   * @minItems 1
   * @maxItems 20
   */
  meshes?: MeshName[]
}
/**
 * Workloads that need not be covered until a date. At least one of namespaces and workloads is given; all fields given must match.
 */
export interface Exemption {
  /**
   * Labels of the namespaces. Default: every namespace.
   */
  namespaces?: LabelSelector
  /**
   * Which workloads there. Default: all of them.
   */
  workloads?: WorkloadSelection
  /**
   * Only these findings are forgiven. Default: all of them. Example: [host-network]
   *
   * @minItems 1
   * @maxItems 100
   */
  findings?: string[]
  /**
   * Who answers for it. Example: team-payments
   */
  owner: string
  /**
   * Why it is needed, for whoever reads the report.
   */
  reason: string
  /**
   * Last day on which it holds, in UTC. Example: 2030-03-31
   */
  expires: string
}
/**
 * Workloads by kind, name and labels; all fields given must match. Whoever may create a workload chooses its labels, so prefer names.
 */
export interface WorkloadSelection {
  /**
   * Kinds of the owning workload. Example: [DaemonSet]
   *
   * @minItems 1
   * @maxItems 100
   */
  kinds?: string[]
  /**
   * Names of the owning workload; '*' stands for any characters. Example: [node-exporter]
   *
   * @minItems 1
   * @maxItems 1000
   */
  names?: string[]
  /**
   * Labels of the workload's pods.
   */
  labels?: LabelSelector
}
/**
 * A CEL expression that must be true for a workload to pass.
 */
export interface CoverageCheck {
  /**
   * What reports call it; once in a policy. Example: proxy-has-limits
   */
  name: string
  /**
   * True when the workload passes. At most 10000 characters. Variables: object, oldObject, request, namespaceObject (metadata.name and metadata.labels), and predictions, a map from mesh to { verdict, reason }. Example: predictions.istio.verdict == 'covered' || object.kind == 'Job'
   */
  expression: string
  /**
   * What the author of the workload is told.
   */
  message: string
  /**
   * Default: the mode of the namespace's class.
   */
  mode?: CoverageMode
}
/**
 * Written by Underpin. Ignored when read.
 */
export interface CoverageStatus {
  /**
   * The generation of the policy this status is about.
   */
  observedGeneration?: number
  /**
   * Pods that run in the namespaces it governs.
   */
  pods?: number
  /**
   * Of these, pods that go around a sidecar it asks for, exempted or not.
   */
  uncovered?: number
  conditions?: Conditions
}
