// SPDX-License-Identifier: Apache-2.0
// How the page of a scan looks: the reader's own fonts, colours that can be told apart in light and dark.

export const pageStyle = `
:root { color-scheme: light dark;
  --back: light-dark(#fbfbfa, #17181a); --fore: light-dark(#1d1e20, #e6e6e3); --dim: light-dark(#5f6368, #a0a4a8);
  --line: light-dark(#dcdcd8, #3a3c40); --card: light-dark(#ffffff, #1f2023);
  --red: light-dark(#b3261e, #ff8a80); --amber: light-dark(#8a5a00, #ffc766); --green: light-dark(#1b6e3c, #7fd6a0); }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1rem; background: var(--back); color: var(--fore);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { margin: 0; font-size: 1.6rem } h1 span { font-weight: 400 }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem } h3 { font-size: 1rem; margin: 0 }
code { font: .9em ui-monospace, monospace } small, .place, footer { color: var(--dim) }
.bad { color: var(--red) } .odd { color: var(--amber) } .good { color: var(--green) }
ul { padding-left: 1.2rem } .sums, .verdicts { list-style: none; padding: 0 }
.sums { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem }
.v-covered { color: var(--green) } .v-not-injected, .v-blind, .v-rejected { color: var(--red) }
.v-cannot-be-covered, .v-unknown, .v-exempted { color: var(--amber) }
details.object { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--line);
  border-radius: .3rem; padding: .6rem 1rem; margin: .6rem 0 }
details.s-critical, details.s-high { border-left-color: var(--red) } details.s-medium { border-left-color: var(--amber) }
summary { cursor: pointer } article { border-top: 1px solid var(--line); padding: .6rem 0 } article p { margin: .2rem 0 }
article.known { opacity: .65 } .severity { text-transform: uppercase; font-size: .75rem; letter-spacing: .04em }
.s-critical .severity, .s-high .severity { color: var(--red) } .s-medium .severity { color: var(--amber) }
footer { margin-top: 2rem; font-size: .85rem }
@media print { details > * { display: block } }
`
