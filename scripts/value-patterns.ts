// SPDX-License-Identifier: Apache-2.0
// The formats of policies/schema.json as an API server can check them: by regular expressions, which it does not count
// against the cost that the rules of one resource may have. Those in policies/src read the same values for the loader.
// Only syntax that RE2 and JavaScript share.

/** Keywords beside `type` that a value must satisfy; several patterns become `allOf`. */
export type Limits = { maxLength?: number; pattern?: string; format?: string; all?: string[] }

const labelName = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?'
const subdomain = `${labelName}(\\.${labelName})*`
const qualified = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?'
const control = '\\x00-\\x1f\\x7f'
/** What JavaScript calls blanks; RE2 knows only those of ASCII by that name. */
const blanks =
  ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'

/** A component of a path that is neither empty nor "." nor ".."; `not` are characters that it has none of. */
const component = (not: string) =>
  `([^/.${not}][^/${not}]*|\\.[^/.${not}][^/${not}]*|\\.\\.[^/${not}]+)`
const ofPath = component(`*${control}`)
/** With "*" for any characters, and "**" only as a whole. */
const ofPattern = `(\\*\\*|${component('*')}|[^*/]*\\*([^*/]+\\*)*[^*/]*)`

const number =
  '0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])'
const octets = '(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}'
const transport = '(TCP|UDP|SCTP)'

export const pathPattern = `^((/${ofPath})+|(/${ofPath}){0,16}/\\*\\*)$`

export const valueLimits: Readonly<Record<string, Limits>> = {
  'object-name': { maxLength: 253, pattern: `^${subdomain}$` },
  'label-name': { maxLength: 63, pattern: `^${labelName}$` },
  'label-key': { maxLength: 317, pattern: `^([^/]{1,253}/)?[^/]{1,63}$`, all: [labelKey()] },
  'label-value': { maxLength: 63, pattern: `^(${qualified})?$` },
  'name-pattern': { maxLength: 253, pattern: `^[^/${control}${blanks}]{1,253}$` },
  'image-pattern': { maxLength: 4096, pattern: `^${ofPattern}(/${ofPattern}){0,63}$` },
  'cgroup-pattern': { maxLength: 4096, pattern: `^(/${ofPattern}){1,64}$` },
  'path-pattern': { maxLength: 4096, pattern: pathPattern },
  'dns-pattern': {
    maxLength: 255,
    // Eight labels at most behind "*."; a name of digits only would be an address.
    pattern: `^(\\*\\.${labelName}(\\.${labelName}){0,7}|${subdomain})$`,
    all: ['[a-z-]', '^(\\*\\.[^*]{1,253}|[^*]{1,253})$'],
  },
  'selection-expression': { maxLength: 10_000 },
  'check-expression': { maxLength: 10_000 },
  // Whether bits are set behind the prefix is up to the admission policy of the chart.
  // The API server's own reading takes leading zeros, which some programs read as octal.
  cidr: {
    maxLength: 64,
    format: 'cidr',
    pattern: `^(${octets}|[0-9a-fA-F:]*:([0-9a-fA-F]{0,4}|${octets}))/(0|[1-9][0-9]{0,2})$`,
  },
  date: { pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', format: 'date' },
  port: {
    maxLength: 64,
    pattern: `^(ICMP|${number}(-${number})?(/${transport})?|\\*/${transport})$`,
  },
}

function labelKey(): string {
  return `^(${subdomain}/)?${qualified}$`
}
