// SPDX-License-Identifier: Apache-2.0
// Names as Kubernetes takes them, host names, and patterns for names.
import { complain, shown, type Complaint } from './complaint.ts'
import { maxDomainLabels } from './dns-pattern.ts'

type Read = { text: string } | Complaint

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const qualified = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/

/** Namespaces, containers, Services, meshes: a DNS label. */
export function readLabelName(text: string): Read {
  if (text.length <= 63 && label.test(text)) return { text }
  return complain(
    shown(text),
    "lower-case letters, digits and '-', at most 63",
    suggestion(text.replaceAll(/[._]/g, '-'), (one) => one.length <= 63 && label.test(one)),
  )
}

/** Objects: a DNS subdomain. */
export function readObjectName(text: string): Read {
  if (isSubdomain(text)) return { text }
  return complain(
    shown(text),
    "lower-case letters, digits, '-' and '.', at most 253",
    suggestion(text.replaceAll('_', '-'), isSubdomain),
  )
}

export function readLabelKey(text: string): Read {
  const [prefix, name, ...more] = text.includes('/') ? text.split('/') : [undefined, text]
  const fits = more.length === 0 && name !== undefined && name.length <= 63 && qualified.test(name)
  if (fits && (prefix === undefined || isSubdomain(prefix))) return { text }
  return complain(
    shown(text),
    'a label key such as app or app.kubernetes.io/name',
    'use letters, digits, "-", "_" and ".", at most 63, after an optional domain and "/"',
  )
}

export function readLabelValue(text: string): Read {
  if (text === '' || (text.length <= 63 && qualified.test(text))) return { text }
  return complain(
    shown(text),
    'a label value',
    'use letters, digits, "-", "_" and ".", at most 63, beginning and ending with a letter or digit',
  )
}

/** A host name, or `*.` and the domain above all names meant. */
export function readDnsPattern(text: string): Read {
  const name = text.startsWith('*.') ? text.slice(2) : text
  if (name !== text && name.split('.').length > maxDomainLabels)
    return complain(
      shown(text),
      `at most ${maxDomainLabels} labels after "*."`,
      'write a shorter domain, or the names themselves',
    )
  if (isSubdomain(name) && !/^[\d.]+$/.test(name)) return { text }
  const bare = name
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[/:].*$/s, '')
    .replace(/\.$/, '')
    .toLowerCase()
  const expected = 'a host name such as api.example.com or *.example.com'
  if (/^[\d.]+$/.test(bare))
    return complain(shown(text), expected, `for an address write cidr: ${bare}/32`)
  if (text === '*') return complain(shown(text), expected, 'leave out "to" for every destination')
  const hint = suggestion(bare, isSubdomain)
  return complain(shown(text), expected, name === text ? hint : hint.replace(/^write /, 'write *.'))
}

/** Names of containers, workloads and units, with `*` for any characters. */
export function readNamePattern(text: string): Read {
  // eslint-disable-next-line no-control-regex -- exactly these characters are meant
  if (/^[^\s/\u0000-\u001f\u007f]{1,253}$/.test(text)) return { text }
  return complain(shown(text), 'a name, with "*" for any characters', 'leave out "/" and blanks')
}

function isSubdomain(text: string): boolean {
  return (
    text.length <= 253 && text.split('.').every((part) => part.length <= 63 && label.test(part))
  )
}

function suggestion(text: string, fits: (text: string) => boolean): string {
  const lower = text.toLowerCase()
  return fits(lower) ? `write ${lower}` : 'leave out other characters'
}
