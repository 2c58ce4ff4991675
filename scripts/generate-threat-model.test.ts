// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest'
import { branchesOf } from './generate-threat-model.ts'

test('each comment that says how something fails, with the function around it', () => {
  const source = `
/* Full: fail closed, the process is unknown. */
MAP(processes, 1);

static __always_inline bool first(int a,
				  int b)
{
	if (a)
		return 0; /* fail open: nobody asks
			   * for it */
	/* Only said to be closed. */
	return b;
}

SEC("x")
int BPF_PROG(second, struct file *file)
{
	return SUBJECT_UNKNOWN; /* fail closed */
}
`
  expect(branchesOf('a.bpf.h', source)).toEqual([
    {
      file: 'a.bpf.h',
      within: 'processes',
      fails: 'closed',
      text: 'Full: fail closed, the process is unknown.',
    },
    { file: 'a.bpf.h', within: 'first', fails: 'open', text: 'nobody asks for it' },
    { file: 'a.bpf.h', within: 'second', fails: 'closed', text: '`return SUBJECT_UNKNOWN;`' },
  ])
})
