// SPDX-License-Identifier: Apache-2.0
// pack.ts ROOT LIST OUT: a folder as an OCI image in one file, which containerd, podman and docker load, with a list of
// its contents (SPDX 2.3) in it and beside it. Needs no registry, no daemon and no privileges.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

const [root = '', list = '', out = ''] = process.argv.slice(2)
const project = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
) as { name: string; version: string; description: string; license: string }
const { version } = project
const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch
const reference = `docker.io/underpin/underpin:${version}`
/** No image is younger or older than its files. */
const created = '1970-01-01T00:00:00Z'

type Descriptor = { mediaType: string; size: number; digest: string; [field: string]: unknown }

const layout = `${out}.layout`
const blobs = join(layout, 'blobs/sha256')
rmSync(layout, { recursive: true, force: true })
mkdirSync(blobs, { recursive: true })

const sbom = `${JSON.stringify(contents(), null, 1)}\n`
mkdirSync(join(root, 'usr/share/underpin'), { recursive: true })
writeFileSync(join(root, 'usr/share/underpin/sbom.spdx.json'), sbom)
writeFileSync(`${out.replace(/\.tar$/, '')}.spdx.json`, sbom)

// What changes seldom comes first, so that an upgrade fetches only the rest.
const layers = [
  layer('system', ['--exclude=./opt', '--exclude=./usr/share/underpin', '.']),
  layer('underpin', ['./opt', './usr/share/underpin']),
]
const config = blob(
  JSON.stringify({
    ...{ architecture, os: 'linux', created },
    config: {
      User: '65532:65532',
      Env: ['PATH=/usr/bin:/usr/sbin', 'HOME=/tmp', 'NODE_ENV=production'],
      Entrypoint: ['/usr/bin/underpin'],
      Cmd: ['--help'],
      WorkingDir: '/',
      Labels: {
        'org.opencontainers.image.title': project.name,
        'org.opencontainers.image.description': project.description,
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': `${project.license} AND GPL-2.0-only`,
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ name }) => ({ created, created_by: `scripts/image/pack.ts ${name}` })),
  }),
  'application/vnd.oci.image.config.v1+json',
)
const manifest = blob(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: layers.map(({ descriptor }) => descriptor),
  }),
  'application/vnd.oci.image.manifest.v1+json',
)
const index = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [
    {
      ...manifest,
      platform: { architecture, os: 'linux' },
      annotations: {
        'io.containerd.image.name': reference,
        'org.opencontainers.image.ref.name': version,
      },
    },
  ],
}
writeFileSync(join(layout, 'index.json'), JSON.stringify(index))
writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
// What docker looks for.
const path = ({ digest }: Descriptor) => `blobs/sha256/${digest.replace('sha256:', '')}`
writeFileSync(
  join(layout, 'manifest.json'),
  JSON.stringify([
    {
      Config: path(config),
      RepoTags: [reference],
      Layers: layers.map(({ descriptor }) => path(descriptor)),
    },
  ]),
)
mkdirSync(dirname(out), { recursive: true })
tar(['-f', out, '-C', layout, '.'])
rmSync(layout, { recursive: true })
const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)
const unpacked = Number(execFileSync('du', ['-sb', root]).toString().split('\t')[0])
console.log(`${out}: ${mebibytes(statSync(out).size)} MiB, ${mebibytes(unpacked)} MiB unpacked`)
console.log(`${reference}@${manifest.digest}`)

// ---

function tar(args: string[]): void {
  const still = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']
  execFileSync('tar', ['-c', '--format=gnu', ...still, ...args])
}

function layer(name: string, paths: string[]) {
  const plain = join(layout, `${name}.tar`)
  tar(['-f', plain, '-C', root, ...paths])
  const hash = hashOf(plain)
  const diffId = `sha256:${hash}`
  // The system's layer takes most of the time and is nearly always the one of last time.
  const folder = join(dirname(out), 'layers', name)
  const kept = join(folder, `${hash}.tar.gz`)
  if (!existsSync(kept)) {
    // No name and no time in it.
    const { status } = spawnSync('gzip', ['-n', '-6', plain], { stdio: 'inherit' })
    if (status !== 0) throw new Error(`gzip ended with ${status}`)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    renameSync(`${plain}.gz`, kept)
  }
  rmSync(plain, { force: true })
  const digest = hashOf(kept)
  const { size } = statSync(kept)
  copyFileSync(kept, join(blobs, digest))
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'
  return { name, diffId, descriptor: { mediaType, size, digest: `sha256:${digest}` } }
}

function blob(text: string, mediaType: string): Descriptor {
  const digest = createHash('sha256').update(text).digest('hex')
  writeFileSync(join(blobs, digest), text)
  return { mediaType, size: Buffer.byteLength(text), digest: `sha256:${digest}` }
}

function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/** SPDX 2.3 (ISO/IEC 5962): each package with its version and where it is known by. */
function contents(): object {
  const packages = readFileSync(list, 'utf8')
    .trim()
    .split('\n')
    .map((line, at) => {
      const [full = '', versionInfo = ''] = line.split(' ')
      const [name, purl] = full.startsWith('npm:')
        ? [full.slice(4), `pkg:npm/${full.slice(4).replace('@', '%40')}@${versionInfo}`]
        : [full, `pkg:deb/debian/${full}@${encodeURIComponent(versionInfo)}?arch=${architecture}`]
      return {
        ...{ SPDXID: `SPDXRef-${at}`, name, versionInfo, downloadLocation: 'NOASSERTION' },
        ...{ filesAnalyzed: false, licenseConcluded: 'NOASSERTION', copyrightText: 'NOASSERTION' },
        licenseDeclared: 'NOASSERTION',
        externalRefs: [
          { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl },
        ],
      }
    })
  const own = {
    ...{ SPDXID: 'SPDXRef-underpin', name: project.name, versionInfo: version },
    ...{ downloadLocation: 'NOASSERTION', filesAnalyzed: false, copyrightText: 'NOASSERTION' },
    ...{ licenseConcluded: project.license, licenseDeclared: project.license },
  }
  return {
    ...{ spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT' },
    name: `${project.name}-${version}`,
    documentNamespace: `https://underpin.dev/sbom/${version}/${createHash('sha256').update(readFileSync(list)).digest('hex')}`,
    creationInfo: { created, creators: [`Tool: ${project.name}-${version}`] },
    packages: [own, ...packages],
    relationships: [
      {
        spdxElementId: 'SPDXRef-DOCUMENT',
        relationshipType: 'DESCRIBES',
        relatedSpdxElement: 'SPDXRef-underpin',
      },
      ...packages.map(({ SPDXID }) => ({
        ...{ spdxElementId: 'SPDXRef-underpin', relationshipType: 'CONTAINS' },
        relatedSpdxElement: SPDXID,
      })),
    ],
  }
}
