// SPDX-License-Identifier: Apache-2.0
// Patterns for paths of components: cgroups ("/system.slice/nginx.service", "/docker/**") and image references.
// `*` within a component stands for any characters but "/", a component `**` for any number of components, also none.
import { complain, insist, shown, type Complaint } from './complaint.ts'
import { globMatches, textMatches } from './glob.ts'

/** `depth` is the component `**`; `name` a component in which `*` may occur. */
export type Component = { kind: 'depth' } | { kind: 'name'; text: string }

export const maxPatternBytes = 4096
export const maxPatternComponents = 64

export function readCgroupPattern(text: string): Component[] | Complaint {
  const forms =
    'a path from the root of cgroup v2 such as /system.slice/nginx.service or /docker/**'
  if (!text.startsWith('/')) return complain(shown(text), forms, `write ${shown(`/${text}`)}`)
  if (text === '/') return complain(shown(text), forms, 'write /** for every cgroup')
  return readComponents(text.slice(1), text, forms)
}

export function readImagePattern(text: string): Component[] | Complaint {
  return readComponents(text, text, 'an image such as registry.example.com/redis:*')
}

/** For patterns of a loaded policy. */
export function parseCgroupPattern(text: string): Component[] {
  return insist(readCgroupPattern(text))
}

export function parseImagePattern(text: string): Component[] {
  return insist(readImagePattern(text))
}

export function cgroupMatches(pattern: readonly Component[], path: string): boolean {
  return componentsMatch(pattern, path.replace(/^\//, ''))
}

export function componentsMatch(pattern: readonly Component[], path: string): boolean {
  return globMatches(
    pattern,
    path === '' ? [] : path.split('/'),
    ({ kind }) => kind === 'depth',
    (component, name) => component.kind === 'name' && textMatches(component.text, name),
  )
}

function readComponents(path: string, text: string, forms: string): Component[] | Complaint {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxPatternBytes)
    return complain(`a pattern of ${bytes} bytes`, `at most ${maxPatternBytes}`, 'use "*" or "**"')
  const names = path.split('/')
  if (names.length > maxPatternComponents)
    return complain(`${names.length} components`, `at most ${maxPatternComponents}`, 'use "**"')
  if (names.some((name) => name === '' || name === '.' || name === '..'))
    return complain(shown(text), forms, 'leave out empty components, "." and ".."')
  if (names.some((name) => name !== '**' && name.includes('**')))
    return complain(shown(text), forms, '"**" can only be a whole component')
  return names.map((name) => (name === '**' ? { kind: 'depth' } : { kind: 'name', text: name }))
}
