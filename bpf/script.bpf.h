/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Scripts under `signal`, and where the check before exec was skipped: when their interpreter is about to replace the task's
 * memory (sched_prepare_exec, Linux 6.10; begin_new_exec). The kernel has put each script of a chain aside with fput(), which
 * does its work when the task returns to user space (fs/file_table.c): until then the files are in the task's list of work, and
 * nothing else is yet, and they are decided as any.
 * fail closed: a list that is longer than PENDING, or that holds no script although one was started (a task that uses io_uring
 * does its work earlier), is decided as a script without a path.
 * On older kernels under `signal` the first moment is too late, the files of the old memory are in the list as well. What is
 * left there is the text that exec was asked for, and only a plain absolute path counts (resolve_script). It is unlike a
 * resolved path:
 *   - a symbolic link in it is not followed: it matches as it is spelled
 *   - its origin is not known, so `code: image` denies it
 *   - of a chain (a script whose interpreter is a script) only the first is seen. What runs is the last interpreter, and
 *     with these arguments anybody who may start it could start it */
#ifndef UNDERPIN_SCRIPT_BPF_H
#define UNDERPIN_SCRIPT_BPF_H

#include "origin.bpf.h"
#include "path.bpf.h"

#define SCRIPT_PATH_MAX 256
#define PENDING 64
#define EXECUTED 0x20 /* of f_flags: opened to be executed */

/* Told before the old memory goes; its type is there where the tracepoint is. */
typedef void (*btf_trace_sched_prepare_exec)(void *, struct task_struct *, struct linux_binprm *);
#define TELLS_BEFORE bpf_core_type_exists(btf_trace_sched_prepare_exec)

struct callback_head {
	struct callback_head *next;
} KERNEL_TYPE;

struct task_struct___work {
	struct callback_head *task_works;
} KERNEL_TYPE;

/* Where in a file its work is: since 6.12, 6.0 and before. */
struct file___task_work {
	struct callback_head f_task_work;
} KERNEL_TYPE;

struct file___rcuhead {
	struct callback_head f_rcuhead;
} KERNEL_TYPE;

struct file___union {
	union {
		struct callback_head fu_rcuhead;
	} f_u;
} KERNEL_TYPE;

static __always_inline u64 offset_of_work(void)
{
	if (bpf_core_field_exists(struct file___task_work, f_task_work))
		return bpf_core_field_offset(struct file___task_work, f_task_work);
	if (bpf_core_field_exists(struct file___rcuhead, f_rcuhead))
		return bpf_core_field_offset(struct file___rcuhead, f_rcuhead);
	return bpf_core_field_offset(struct file___union, f_u);
}

/* Other work lies in other structures: what looks like no file is none. */
static __always_inline bool is_executed_file(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return inode && BPF_CORE_READ(file, f_flags) & EXECUTED &&
	       BPF_CORE_READ(file, f_path.dentry, d_inode) == inode;
}

static __always_inline bool is_below(const char *text, const char *folder, u32 length)
{
	for (u32 i = 0; i < length; i++)
		if (text[i] != folder[i])
			return false;
	return true;
}

/* Counters live in memory, which keeps the verifier from telling every position apart. */
struct script_walk {
	u32 component; /* bytes of the current one */
	u32 dots;      /* of them, leading dots */
	u64 word;
	u64 levels; /* components so far */
};

/* `known`: it counts as a path, if it is one. */
__weak __noinline int resolve_script(u32 slot, u64 filename, u32 known)
{
	struct scratch *scratch = scratch_of(slot);
	struct work *work = work_of(slot);
	struct path_key *key;
	struct control *control = control_row();
	volatile struct script_walk *walk;
	char *text;
	struct sip sip;
	long length;

	if (!scratch || !work)
		return 0;
	key = &work->path[WORK_SCRIPT];
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
	key->state = known ? PATH_RESOLVED : PATH_UNRESOLVED;
	/* fail closed: a root or mounts of its own, and the text would be about other files. */
	if (!is_home(work, BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), fs, root.dentry), 1))
		key->state = PATH_UNRESOLVED;
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

#endif
