// SPDX-License-Identifier: Apache-2.0
// Versions of injectors, as far as rules differ by them: major and minor.

/** "1.26.3" against "1.27": null when the version is not known. */
export function isBefore(version: string | undefined, bound: string): boolean | null {
  const [found, other] = [numbersOf(version), numbersOf(bound)]
  if (found === null || other === null) return null
  return found[0] < other[0] || (found[0] === other[0] && found[1] < other[1])
}

function numbersOf(version = ''): [number, number] | null {
  const found = /^[a-z-]*v?(\d+)\.(\d+)/.exec(version)
  return found === null ? null : [Number(found[1]), Number(found[2])]
}

/** A rule that holds for some versions only; neither: it always holds. */
export type Span = { since?: string; before?: string }

/** null: the version is not known, so it may hold. */
export function holdsFor({ since, before }: Span, version: string | undefined): boolean | null {
  const tooOld = since === undefined ? false : isBefore(version, since)
  const inTime = before === undefined ? true : isBefore(version, before)
  if (tooOld === true || inTime === false) return false
  return tooOld === null || inTime === null ? null : true
}

export function spanText({ since, before }: Span): string {
  const words = [
    since === undefined ? [] : `${since} or newer`,
    before === undefined ? [] : `older than ${before}`,
  ]
  return words.flat().join(' and ')
}
