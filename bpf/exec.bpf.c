/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exec: nothing runs in a subject that its policies do not match. One decision, three mechanisms:
 *   lsm/bprm_check_security        denies with EPERM; called for a script, for its interpreter, and so on
 *   fmod_ret/security_bprm_check   the same, where BPF is compiled in but not in the active LSM list
 *   tp_btf/sched_process_exec      kills the new image before its first instruction, where neither may
 * attach; always attached, since it also keeps what a process runs, and looks whether the check came
 *   kprobe/security_bprm_committed_creds   does the same where the kernel may be preempted (kernel/preemption.ts) */
#define TRACING
#include <asm/ptrace.h>
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
	u64 exe = work_path(work, which)->hash, from = work->path[WORK_FROM].hash;

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
__weak __noinline int decide_program(u32 slot, u32 which, u64 subject, u64 carried, u64 file_address)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct identity who = {.subject = subject, .carried = carried};
	struct work *work = work_of(slot);
	u32 origin = ORIGIN_UNKNOWN;
	int both;

	if (!work || which >= WORK_PATHS)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	if (decides_code())
		origin = origin_of_file((void *)file_address, work, &who);
	resolve(slot, which | AT_HOME, file_address, (u64)BPF_CORE_READ(task, fs));
	both = decide_exec_for(slot, subject, carried, which, origin);
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

/* Which file was decided. With its inode: an exec that failed may leave a row about a file whose address another one has by
 * then, see is_decided. */
static __always_inline u64 asked_of(struct file *file)
{
	return (u64)file ^ rotate((u64)BPF_CORE_READ(file, f_inode), 32);
}

/* Keeps for exec_done what was found out about the file, or (0) that nothing was. Between the two no other exec of the
 * same process comes: the kernel lets in one at a time. */
static __always_inline void keep_asked(u64 image, struct file *file)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process_row *row = bpf_map_lookup_elem(&processes, &tgid);

	if (!row)
		return; /* found out again */
	row->asked = image;
	row->asked_file = asked_of(file);
}

/* Before the new image: 0 or -EPERM. */
static __always_inline int check_exec(struct linux_binprm *bprm, int earlier)
{
	struct file *file = BPF_CORE_READ(bprm, file);
	struct identity who;
	struct work *work;
	int slot, both;

	if (earlier)
		return earlier;
	identity_at_exec(&who);
	if (!who.subject && !who.carried) {
		if (who.image != IMAGE_UNKNOWN)
			keep_asked(0, file);
		return 0;
	}
	if (is_runtime_reexec(&who, bprm)) {
		count(COUNTER_RUNTIME);
		keep_asked(0, file);
		return 0;
	}
	count(COUNTER_EXEC);
	slot = claim_path_slot();
	work = work_of(slot);
	if (slot < 0 || !work) /* fail closed where anything is enforced: it cannot be decided */
		return refusal(enforces(who.subject) || enforces(who.carried));
	caller_to_slot(work, who.image);
	asker_to_slot(work, &who);
	work->lineage = asked_lineage(&who);
	both = decide_program(slot, WORK_EXE, who.subject, who.carried, (u64)file);
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

static __noinline int decide_text(u32 slot, u64 subject, u64 carried, u64 filename, bool known)
{
	struct work *work = work_of(slot);
	int both;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	resolve_script(slot, filename, known);
	both = decide_exec_for(slot, subject, carried, WORK_SCRIPT, ORIGIN_UNKNOWN);
	record_exec(slot, work, WORK_SCRIPT, ORIGIN_UNKNOWN, both);
	return both;
}

/* Every script that the task has put aside, see script.bpf.h. */
__weak __noinline int decide_scripts(u32 slot, u64 subject, u64 carried, u64 filename, u64 executable)
{
	struct task_struct___work *task = (void *)bpf_get_current_task();
	struct callback_head *at = BPF_CORE_READ(task, task_works);
	u64 offset = offset_of_work();
	bool decided = executable;
	int both = VERDICTS_ALLOW;

	if (executable)
		both = decide_program(slot, WORK_SCRIPT, subject, carried, executable);
	for (u32 i = 0; at && i < PENDING; i++) {
		struct file *file = (void *)at - offset;

		at = BPF_CORE_READ(at, next);
		if (!is_executed_file(file))
			continue;
		both |= decide_program(slot, WORK_SCRIPT, subject, carried, (u64)file);
		decided = true;
	}
	/* fail closed: there is a script, and nobody knows which. */
	if (!decided || at)
		both |= decide_text(slot, subject, carried, filename, false);
	return both;
}

/* The interpreter of a script, or of what binfmt_misc knows, is about to take the process over: the files that it was
 * started for, but for the interpreter itself. */
static __always_inline void look_at_scripts(struct linux_binprm *bprm)
{
	u64 filename = (u64)BPF_CORE_READ(bprm, filename);
	struct identity who;
	struct work *work;
	bool denied;
	int slot;

	if (filename == (u64)BPF_CORE_READ(bprm, interp))
		return; /* there is none */
	identity_at_exec(&who);
	if (!who.subject && !who.carried)
		return;
	slot = claim_path_slot();
	work = work_of(slot);
	if (slot < 0 || !work) {
		/* fail closed: it cannot be decided. */
		denied = enforces(who.subject) || enforces(who.carried);
	} else {
		caller_to_slot(work, who.image);
		asker_to_slot(work, &who);
		work->lineage = asked_lineage(&who);
		denied = decide_scripts(slot, who.subject, who.carried, filename,
					(u64)BPF_CORE_READ(bprm, executable)) &
			 VERDICTS_ENFORCED;
		release_slot(slot);
	}
	if (denied)
		kill_current();
}

/* Under `signal`. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(exec_scripts, struct task_struct *task, struct linux_binprm *bprm)
{
	if (exec_mechanism == MECHANISM_SIGNAL)
		look_at_scripts(bprm);
	return 0;
}

/* The checks of scripts may have been skipped, as may all of fmod_ret: see again_exec. */
SEC("kprobe/begin_new_exec")
int BPF_KPROBE(again_scripts, struct linux_binprm *bprm)
{
	if (exec_mechanism == MECHANISM_FMOD_RET || exec_mechanism == MECHANISM_SIGNAL)
		look_at_scripts(bprm);
	return 0;
}

/* Where nothing is told before: the file of binfmt_misc when its interpreter asked for its descriptor; of a script its text. */
static __always_inline int decide_script(u32 slot, const struct identity *who, struct linux_binprm *bprm)
{
	u64 filename = (u64)BPF_CORE_READ(bprm, filename);
	u64 executable = (u64)BPF_CORE_READ(bprm, executable);

	if (TELLS_BEFORE || filename == (u64)BPF_CORE_READ(bprm, interp))
		return VERDICTS_ALLOW; /* decided, or there is none */
	if (executable)
		return decide_program(slot, WORK_SCRIPT, who->subject, who->carried, executable);
	return decide_text(slot, who->subject, who->carried, filename, true);
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
static __always_inline void begin(u32 tgid, const struct identity *who, struct linux_binprm *bprm,
				  bool decided)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 file = (u64)BPF_CORE_READ(bprm, file), image = IMAGE_UNKNOWN;
	bool own = is_runtime_reexec(who, bprm), denied = false;
	bool kills = !own && !decided && exec_mechanism != MECHANISM_NONE;
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
		work->lineage = asked_lineage(who);
		if (kills) {
			/* The script first: the text that is kept is the program's. */
			denied = decide_script(slot, who, bprm) & VERDICTS_ENFORCED;
			denied |= decide_program(slot, WORK_EXE, who->subject, who->carried, file) &
				  VERDICTS_ENFORCED;
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

static __always_inline bool is_asked(const struct process_row *known, u64 file)
{
	return known && known->asked && known->asked_file == file;
}

/* The new image is in place: keeps what it is. Kills it where nothing has decided about it, which is so under `signal`, and
 * elsewhere when the kernel has skipped the check: a program that was interrupted keeps others on its processor from it
 * (__bpf_prog_enter_recur in kernel/bpf/trampoline.c). */
static __always_inline void replaced(struct linux_binprm *bprm, bool twice)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process_row *known = bpf_map_lookup_elem(&processes, &tgid);
	u64 file = asked_of(BPF_CORE_READ(bprm, file));
	bool asked = is_asked(known, file);
	struct identity who;

	/* The usual case: decided and found out about a moment ago, and not the first program of its container. */
	if (asked && known->asked != IMAGE_ANY && known->root && known->lineage != LINEAGE_RUNTIME) {
		known->image = known->asked;
		known->asked = twice ? IMAGE_ANY : 0;
		return;
	}
	if (asked && known->asked == IMAGE_ANY) {
		known->asked = 0; /* all of this was done a moment ago */
		return;
	}
	identity_at_exec(&who);
	if (who.subject || who.carried) {
		begin(tgid, &who, bprm, asked);
		known = twice ? bpf_map_lookup_elem(&processes, &tgid) : 0;
		if (known && known->lineage != LINEAGE_RUNTIME) {
			known->asked = IMAGE_ANY;
			known->asked_file = file;
		}
	} else if (who.image != IMAGE_UNKNOWN) {
		/* What it was while it was in a host service is no longer true, should it enter a subject again. */
		bpf_map_delete_elem(&processes, &tgid);
	}
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	replaced(bprm, false);
	return 0;
}

/* The same, a moment earlier, on kernels that may skip that as well: nothing interrupts a kprobe's program. */
SEC("kprobe/security_bprm_committed_creds")
int BPF_KPROBE(again_exec, struct linux_binprm *bprm)
{
	replaced(bprm, true);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
