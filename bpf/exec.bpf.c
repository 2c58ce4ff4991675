/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exec: nothing runs in a subject that its policies do not match. One decision, three mechanisms:
 *   lsm/bprm_check_security        denies with EPERM; called for a script, for its interpreter, and so on
 *   fmod_ret/security_bprm_check   the same, where BPF is compiled in but not in the active LSM list
 *   tp_btf/sched_process_exec      kills the new image before its first instruction, where neither may
 * attach; always attached, since it also keeps what a process runs */
#define TRACING
#include "ledger.bpf.h"
#include "origin.bpf.h"
#include "runtime.bpf.h"
#include "script.bpf.h"
#include <bpf/bpf_tracing.h>

#define SIGKILL 9

const volatile u32 exec_mechanism __weak = MECHANISM_SIGNAL;

/* Puts the caller (what this process runs until now) into the slot. */
static __always_inline void caller_to_slot(struct work *work, u64 image)
{
	struct image_row *row = bpf_map_lookup_elem(&images, &image);

	/* fail closed: an unknown caller matches no `from`. */
	if (row)
		work->path[WORK_FROM] = row->exe;
	else
		__builtin_memset(&work->path[WORK_FROM], 0, sizeof(work->path[WORK_FROM]));
}

/* What is allowed pays nothing for telemetry, unless somebody watches. */
static __always_inline void record_exec(u32 slot, struct work *work, u32 which, u32 origin, int both)
{
	u64 exe = work->path[which].hash, from = work->path[WORK_FROM].hash;

	if (!both && !is_set(FLAG_OBSERVE))
		return;
	remember_name(slot, which);
	__builtin_memset(&work->key, 0, sizeof(work->key));
	work->key.decision = DECISION_EXEC;
	work->key.hook = HOOK_EXEC;
	work->key.origin = origin;
	work->key.image = image_of(exe, from);
	record(slot, exe, from, bpf_get_current_pid_tgid() >> 32);
}

/* One file that takes part in an exec: the program, a script, an interpreter. Answers verdicts. */
static __noinline int decide_program(u32 slot, u32 which, const struct identity *who, u64 file_address)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct work *work = work_of(slot);
	u32 origin = ORIGIN_UNKNOWN;
	int both;

	if (!work || which >= WORK_PATHS)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	if (decides_code())
		origin = origin_of_file((void *)file_address, work, who);
	resolve(slot, which | AT_HOME, file_address, (u64)BPF_CORE_READ(task, fs));
	both = decide_exec_for(slot, who->subject, who->carried, which, origin);
	record_exec(slot, work, which, origin, both);
	return both;
}

/* The slot's WORK_EXE and WORK_FROM as a number. With its name: network decisions are reported with it. */
static __always_inline u64 intern_program(u32 slot, struct work *work, const struct identity *who)
{
	u64 image = image_of(work->path[WORK_EXE].hash, work->path[WORK_FROM].hash);

	if (bpf_map_lookup_elem(&images, &image))
		return image;
	remember_name(slot, WORK_EXE);
	return intern_image(work, who->carried ? carried_at(who->carried, 0) : who->subject);
}

/* Keeps for exec_done what was found out about the file, or (0) that nothing was. Between the two no other exec of the
 * same process comes: the kernel lets in one at a time. */
static __always_inline void keep_asked(u64 image, u64 file_address)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process_row *row = bpf_map_lookup_elem(&processes, &tgid);

	if (!row)
		return; /* found out again */
	row->asked = image;
	row->asked_file = file_address;
}

/* Before the new image: 0 or -EPERM. */
static __always_inline int check_exec(struct linux_binprm *bprm, int earlier)
{
	u64 file = (u64)BPF_CORE_READ(bprm, file);
	struct identity who;
	struct work *work;
	int slot, both;

	if (earlier)
		return earlier;
	identity_at_exec(&who);
	if (!who.subject && !who.carried) {
		if (who.image != IMAGE_UNKNOWN)
			keep_asked(0, 0);
		return 0;
	}
	if (is_runtime_reexec(&who, bprm)) {
		count(COUNTER_RUNTIME);
		keep_asked(0, 0);
		return 0;
	}
	count(COUNTER_EXEC);
	slot = claim_path_slot();
	work = work_of(slot);
	if (slot < 0 || !work) /* fail closed where anything is enforced: it cannot be decided */
		return refusal(enforces(who.subject) || enforces(who.carried));
	caller_to_slot(work, who.image);
	asker_to_slot(work, &who);
	work->lineage = lineage_at_exec(&who);
	both = decide_program(slot, WORK_EXE, &who, file);
	/* A denied program leaves no image behind: it could fill their map, one path after the other. */
	keep_asked(both & VERDICTS_ENFORCED ? 0 : intern_program(slot, work, &who), file);
	release_slot(slot);
	return refusal(both & VERDICTS_ENFORCED);
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

static __always_inline void kill_current(void)
{
	if (bpf_send_signal(SIGKILL))
		count(COUNTER_SIGNAL_FAILED); /* its network is denied all the same: its image matches nothing
					       */
}

/* The file that an interpreter was started for: of binfmt_misc when it asked for its descriptor; of a script its text. */
static __always_inline int decide_script(u32 slot, struct work *work, const struct identity *who,
					 struct linux_binprm *bprm)
{
	const char *filename = BPF_CORE_READ(bprm, filename);
	u64 executable = (u64)BPF_CORE_READ(bprm, executable);
	int both;

	if (executable)
		return decide_program(slot, WORK_SCRIPT, who, executable);
	if (filename == BPF_CORE_READ(bprm, interp))
		return VERDICTS_ALLOW; /* there is none */
	resolve_script(slot, (u64)filename);
	both = decide_exec_for(slot, who->subject, who->carried, WORK_SCRIPT, ORIGIN_UNKNOWN);
	record_exec(slot, work, WORK_SCRIPT, ORIGIN_UNKNOWN, both);
	return both;
}

/* A function of its own, since it needs room on the stack. */
static __noinline int write_program(u32 tgid, const struct identity *who, u64 file_address, u64 image,
				    bool own)
{
	struct process_row row = {.image = image};

	begin_program(&row, who, (void *)file_address, own);
	rewrite_process(tgid, &row);
	return 0;
}

/* The new image is in place, and has not run an instruction yet. */
static __always_inline void begin(u32 tgid, const struct identity *who, struct linux_binprm *bprm)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 file = (u64)BPF_CORE_READ(bprm, file), image = IMAGE_UNKNOWN;
	bool own = is_runtime_reexec(who, bprm), denied = false;
	bool kills = exec_mechanism == MECHANISM_SIGNAL && !own;
	int slot = claim_path_slot();
	struct work *work = work_of(slot);

	if (exec_mechanism == MECHANISM_SIGNAL)
		count(own ? COUNTER_RUNTIME : COUNTER_EXEC);
	if (slot < 0 || !work) {
		/* fail closed: what it runs is not known. */
		denied = kills && (enforces(who->subject) || enforces(who->carried));
	} else {
		caller_to_slot(work, who->image);
		asker_to_slot(work, who);
		work->lineage = lineage_at_exec(who);
		if (kills) {
			/* The script first: the text that is kept is the program's. */
			denied = decide_script(slot, work, who, bprm) & VERDICTS_ENFORCED;
			denied |= decide_program(slot, WORK_EXE, who, file) & VERDICTS_ENFORCED;
		} else {
			resolve(slot, WORK_EXE | AT_HOME, file, (u64)BPF_CORE_READ(task, fs));
		}
		/* A denied program leaves no image behind: it could fill their map, one path after the other. */
		if (!denied)
			image = intern_program(slot, work, who);
		release_slot(slot);
	}
	write_program(tgid, who, file, image, own);
	if (denied)
		kill_current();
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	u32 tgid = task->tgid;
	struct process_row *known = bpf_map_lookup_elem(&processes, &tgid);
	struct identity who;

	/* The usual case: decided and found out about a moment ago, and not the first program of its container. */
	if (known && known->asked && known->asked_file == (u64)BPF_CORE_READ(bprm, file) && known->root &&
	    known->lineage != LINEAGE_RUNTIME) {
		known->image = known->asked;
		known->asked = 0;
		return 0;
	}
	identity_at_exec(&who);
	if (who.subject || who.carried)
		begin(tgid, &who, bprm);
	else if (who.image != IMAGE_UNKNOWN)
		/* What it was while it was in a host service is no longer true, should it enter a subject again. */
		bpf_map_delete_elem(&processes, &tgid);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
