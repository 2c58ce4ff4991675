/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exec: nothing runs in a subject that its policies do not match. One decision, three mechanisms:
 *   lsm/bprm_check_security        denies with EPERM; called for a script and then for its interpreter
 *   fmod_ret/security_bprm_check   the same, where BPF is compiled in but not in the active LSM list
 *   tp_btf/sched_process_exec      kills the new image before its first instruction, where neither may
 * attach; always attached, since it also keeps what a process runs */
#include "ledger.bpf.h"
#include "image.bpf.h"
#include <bpf/bpf_tracing.h>

#define EPERM 1
#define SIGKILL 9
#define SCRIPT_PATH_MAX 256

const volatile u32 exec_mechanism __weak = MECHANISM_SIGNAL;

/* Puts the caller (what this process runs until now) into scratch->image.from. */
static __always_inline void caller_to_scratch(struct scratch *scratch, u64 image)
{
	struct image_row *row = bpf_map_lookup_elem(&images, &image);

	/* fail closed: an unknown caller matches no `from`. */
	if (row)
		scratch->image.from = row->exe;
	else
		__builtin_memset(&scratch->image.from, 0, sizeof(scratch->image.from));
}

static __always_inline void decide_exec_for(const struct identity *who, const struct path_key *exe,
					    const struct path_key *from, struct answer *answer)
{
	struct answer other;

	decide_exec(who->subject, exe, from, answer);
	if (!who->carried)
		return;
	decide_exec(who->carried, exe, from, &other);
	stricter(answer, &other);
}

static __always_inline void record_exec(struct scratch *scratch, const struct path_key *exe,
					const struct answer *answer)
{
	struct ledger_key key = {.decision = DECISION_EXEC, .hook = HOOK_EXEC};

	key.image = image_of(exe->hash, scratch->image.from.hash);
	record(&key, answer, exe->hash, scratch->image.from.hash, bpf_get_current_pid_tgid() >> 32);
}

/* Before the new image: 0 or -EPERM. */
static __always_inline int check_exec(struct linux_binprm *bprm, int earlier)
{
	struct answer answer = {};
	struct identity who;
	struct scratch *scratch;

	if (earlier)
		return earlier;
	identity_of_current(&who);
	if (!who.subject && !who.carried)
		return 0;
	count(COUNTER_EXEC);
	scratch = scratch_claim();
	if (!scratch) {
		/* fail closed: decided as a path that matches nothing. */
		struct path_key nothing = {};

		decide_exec_for(&who, &nothing, &nothing, &answer);
		return answer.enforced == VERDICT_DENY ? -EPERM : 0;
	}
	caller_to_scratch(scratch, who.image);
	resolve(scratch, &scratch->exe, (u64)BPF_CORE_READ(bprm, file),
		(u64)BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), fs));
	decide_exec_for(&who, &scratch->exe, &scratch->image.from, &answer);
	if (answer.audited == VERDICT_DENY || answer.enforced == VERDICT_DENY)
		remember_name(scratch, &scratch->exe);
	record_exec(scratch, &scratch->exe, &answer);
	scratch_release(scratch);
	return answer.enforced == VERDICT_DENY ? -EPERM : 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(exec_lsm, struct linux_binprm *bprm, int ret)
{
	return check_exec(bprm, ret);
}

SEC("fmod_ret/security_bprm_check")
int BPF_PROG(exec_fmod_ret, struct linux_binprm *bprm, int ret)
{
	return check_exec(bprm, ret);
}

static __always_inline bool is_below(const char *text, const char *folder, u32 length)
{
	for (u32 i = 0; i < length; i++)
		if (text[i] != folder[i])
			return false;
	return true;
}

/* A script's path as exec was asked for it. The file itself is gone when the image is in place, so only a
 * plain absolute path counts. Counters live in memory, which keeps the verifier from telling every position
 * apart. */
struct script_walk {
	u32 component; /* bytes of the current one */
	u32 dots;      /* of them, leading dots */
	u64 word;
	u64 levels; /* components so far */
};

__weak __noinline int resolve_script(struct scratch *scratch, u64 filename)
{
	struct path_key *key;
	struct control *control = control_row();
	volatile struct script_walk *walk;
	char *text;
	struct sip sip;
	long length;

	if (!scratch)
		return 0;
	key = &scratch->script;
	walk = (void *)scratch->walk;
	text = scratch->text;
	__builtin_memset(key, 0, sizeof(*key));
	if (!control)
		return 0;
	walk->component = walk->dots = 0;
	walk->word = walk->levels = 0;
	sip_start(&sip, control->key);
	length = bpf_probe_read_kernel_str(text, SCRIPT_PATH_MAX, (void *)filename);
	scratch->text_length = length > 0 ? (length - 1) & (TEXT_SIZE - 1) : 0;
	scratch->path_length = scratch->text_length;
	key->state = PATH_RESOLVED;
	/* fail closed: relative, too long, with empty or dot components: matches nothing. */
	if (length < 2 || length >= SCRIPT_PATH_MAX || text[0] != '/')
		key->state = PATH_UNRESOLVED;
	/* fail closed: so does an open file by its number, which may have no path at all (a memory file). */
	if (is_below(text, "/dev/fd/", 8) || is_below(text, "/proc/", 6))
		key->state = PATH_UNRESOLVED;
	key->dirs[0] = sip_value(sip);
	key->dir_count = 1;
	for (u32 i = 1; i < SCRIPT_PATH_MAX; i++) {
		u32 n = walk->component;
		u64 levels;
		char c = text[i];

		if (c != '/' && c != 0) {
			if (c == '.' && walk->dots == n)
				walk->dots++;
			walk->word |= (u64)(u8)c << (n % 8 * 8);
			walk->component = n + 1;
			if (n % 8 == 7) {
				sip_absorb(&sip, walk->word);
				walk->word = 0;
			}
			continue;
		}
		if (n == 0 || n > NAME_MAX || (walk->dots == n && n <= 2)) {
			key->state = PATH_UNRESOLVED;
			break;
		}
		if (n % 8)
			sip_absorb(&sip, walk->word);
		sip_absorb(&sip, (u64)'/' << 56 | n);
		walk->component = walk->dots = 0;
		walk->word = 0;
		if (c == 0)
			break;
		walk->levels++;
		levels = walk->levels;
		if (levels < LIMIT_DIRS) {
			key->dirs[levels] = sip_value(sip);
			key->dir_count = levels + 1;
		}
	}
	if (key->state != PATH_RESOLVED) {
		count(COUNTER_PATH_UNRESOLVED);
		sip_absorb(&sip, key->state + 1);
	}
	key->hash = sip_value(sip);
	return 0;
}

static __always_inline void kill_current(void)
{
	if (bpf_send_signal(SIGKILL))
		count(COUNTER_SIGNAL_FAILED); /* its network is denied all the same: its image matches nothing
					       */
}

/* The `signal` mechanism: the new image is in place, and has not run an instruction yet. */
static __always_inline u8 kill_if_denied(struct scratch *scratch, const struct identity *who,
					 struct linux_binprm *bprm)
{
	const char *filename = BPF_CORE_READ(bprm, filename);
	struct answer answer = {};
	u8 enforced;

	count(COUNTER_EXEC);
	decide_exec_for(who, &scratch->image.exe, &scratch->image.from, &answer);
	enforced = answer.enforced;
	record_exec(scratch, &scratch->image.exe, &answer);
	if (filename != BPF_CORE_READ(bprm, interp)) {
		/* A script: the interpreter is the image; the script must be allowed as well. */
		resolve_script(scratch, (u64)filename);
		decide_exec_for(who, &scratch->script, &scratch->image.from, &answer);
		if (answer.audited == VERDICT_DENY || answer.enforced == VERDICT_DENY)
			remember_name(scratch, &scratch->script);
		record_exec(scratch, &scratch->script, &answer);
		enforced |= answer.enforced;
	}
	if (enforced == VERDICT_DENY)
		kill_current();
	return enforced;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct process_row row = {};
	struct scratch *scratch;
	struct identity who;
	u32 tgid = task->tgid;

	identity_of_current(&who);
	if (!who.subject && !who.carried) {
		/* What it was while it was in a host service is no longer true, should it enter a subject
		 * again. */
		if (who.image != IMAGE_UNKNOWN)
			bpf_map_delete_elem(&processes, &tgid);
		return 0;
	}
	row.subject = who.carried ? who.carried : carries(who.subject);
	scratch = scratch_claim();
	if (!scratch) {
		/* fail closed: what it runs is not known. */
		struct path_key nothing = {};
		struct answer answer = {};

		row.image = IMAGE_UNKNOWN;
		rewrite_process(tgid, &row);
		decide_exec_for(&who, &nothing, &nothing, &answer);
		if (exec_mechanism == MECHANISM_SIGNAL && answer.enforced == VERDICT_DENY)
			kill_current();
		return 0;
	}
	caller_to_scratch(scratch, who.image);
	resolve(scratch, &scratch->image.exe, (u64)BPF_CORE_READ(bprm, file), (u64)BPF_CORE_READ(task, fs));
	remember_name(scratch, &scratch->image.exe);
	/* A killed program leaves no image behind: it could fill their map, one path after the other. */
	row.image = IMAGE_UNKNOWN;
	if (exec_mechanism != MECHANISM_SIGNAL || kill_if_denied(scratch, &who, bprm) == VERDICT_ALLOW)
		row.image = intern_image(scratch, who.carried ? who.carried : who.subject);
	rewrite_process(tgid, &row);
	scratch_release(scratch);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
