/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lets a test ask the very functions that the hooks call: fill a question, run this program, read the answer.
 */
#include "act.bpf.h"
#include "image.bpf.h"

/* Not a `syscall` program: those are sleepable, and sleepable programs may not look into an LPM trie. */
SEC("tc")
int ask(struct __sk_buff *skb)
{
	int slot = claim_path_slot(), status = -1;
	struct work *work = work_of(slot);
	struct scratch *scratch;
	struct question *question;
	struct answer script;
	u64 image;

	if (slot < 0 || !work)
		return -1;
	scratch = scratch_of(slot);
	if (!scratch)
		goto out;
	question = (void *)scratch->text;
	if (bpf_skb_load_bytes(skb, 0, question, sizeof(*question)))
		goto out;
	work->path[WORK_EXE] = question->exe;
	work->path[WORK_FROM] = question->from;
	work->path[WORK_SCRIPT] = work->path[WORK_FILE] = question->script;
	work->lineage = question->lineage;
	work->since = 0;
	__builtin_memset(&work->peer, 0, sizeof(work->peer));
	work->peer.family = question->family;
	work->peer.looped = question->looped;
	work->peer.protocol = question->protocol;
	work->peer.port = question->port;
	__builtin_memcpy(work->peer.address, question->address, sizeof(work->peer.address));
	if (question->decision == DECISION_EXEC) {
		/* As the hooks do: the script first, then its interpreter. */
		if (question->has_script) {
			decide_exec(slot, question->subject, WORK_SCRIPT, question->script_origin);
			script = work->answer;
			decide_exec(slot, question->subject, WORK_EXE, question->origin);
			stricter(&script, &work->answer);
			work->answer = script;
		} else {
			decide_exec(slot, question->subject, WORK_EXE, question->origin);
		}
	} else if (question->decision == DECISION_CODE) {
		decide_code(slot, question->subject, question->origin);
	} else {
		image = intern_image(work, 0);
		if (question->decision == DECISION_FILE)
			decide_file(slot, question->subject, image, question->port);
		else if (question->decision == DECISION_PRIVILEGE)
			decide_privilege(slot, question->subject, image, question->port);
		else if (question->decision == DECISION_SOCKET)
			decide_socket(slot, question->subject, image, question->port);
		else
			decide_network(slot, question->decision, question->subject, image);
	}
	question->enforced = work->answer.enforced;
	question->audited = work->answer.audited;
	question->policy = work->answer.policy;
	question->rule = work->answer.rule;
	status = bpf_skb_store_bytes(skb, 0, question, sizeof(*question), 0);
out:
	release_slot(slot);
	return status;
}
