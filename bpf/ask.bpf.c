/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lets a test ask the very functions that the hooks call: fill a question, run this program, read the answer.
 */
#include "decide.bpf.h"
#include "image.bpf.h"

/* Not a `syscall` program: those are sleepable, and sleepable programs may not look into an LPM trie. */
SEC("tc")
int ask(struct __sk_buff *skb)
{
	struct answer answer = {}, interpreter = {};
	struct scratch *scratch = scratch_claim();
	struct question *question;
	struct peer peer = {};
	u64 image;
	int status = -1;

	if (!scratch)
		return -1;
	question = (void *)scratch->text;
	if (bpf_skb_load_bytes(skb, 0, question, sizeof(*question)))
		goto out;
	peer.family = question->family;
	peer.protocol = question->protocol;
	peer.port = question->port;
	scratch->image.exe = question->exe;
	scratch->image.from = question->from;
	scratch->script = question->script;
	__builtin_memcpy(peer.address, question->address, sizeof(peer.address));
	if (question->decision == DECISION_EXEC) {
		/* As the hooks do: the script first, then its interpreter. */
		if (question->has_script)
			decide_exec(question->subject, &scratch->script, &scratch->image.from, &answer);
		decide_exec(question->subject, &scratch->image.exe, &scratch->image.from, &interpreter);
		if (question->has_script)
			stricter(&answer, &interpreter);
		else
			answer = interpreter;
	} else {
		image = intern_image(scratch, 0);
		decide_network(question->decision, question->subject, image, &peer, &answer);
	}
	question->enforced = answer.enforced;
	question->audited = answer.audited;
	question->policy = answer.policy;
	question->rule = answer.rule;
	status = bpf_skb_store_bytes(skb, 0, question, sizeof(*question), 0);
out:
	scratch_release(scratch);
	return status;
}
