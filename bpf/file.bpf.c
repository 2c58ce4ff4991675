/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files: a process opens what policy lets it open. Opening is decided where the kernel opens a file, whichever way it
 * was asked (openat2, io_uring, a handle, a descriptor that another process sends). Names are decided as well, since
 * a file that may not be opened under its name could be given another one, or be replaced by another file:
 *   file_open, file_receive                                    the file
 *   path_truncate, path_unlink, path_rename, path_link, ...    needs writing, under each name
 * Each as lsm/X and as fmod_ret/security_X. Directories, pipes, sockets and memory files are not decided. */
#define TRACING
#include "act.bpf.h"
#include <bpf/bpf_tracing.h>

#define FMODE_READ 1
#define FMODE_WRITE 2
#define O_EXECUTE 0x20 /* nobody can ask for it but exec: build_open_flags() in fs/open.c */
#define O_TRUNC 01000
#define ERRNO_MAX 4095
#define S_IFMT 0170000
#define S_IFDIR 0040000

static __always_inline bool decides_files(void)
{
	struct control *control = control_row();

	return control && control->decides & DECIDES_FILES;
}

/* Whether a policy of this subject limits which files may be opened. */
static __noinline bool limits_files(u64 subject)
{
	const struct ruleset_row *ruleset;
	struct answer answer;
	u32 id = 0;

	ruleset = ruleset_of(subject, &id, &answer);
	/* fail closed: where its ruleset cannot be found, the answer is a denial, and is given where it is recorded. */
	return ruleset ? ruleset->decides_files : answer.enforced == VERDICT_DENY;
}

/* Asked first, since hardly any subject has rules about files: those pay a few look-ups, and no path is resolved. */
static __noinline bool asks_for_files(const struct identity *who)
{
	/* The runtime reads and writes the container's files before it starts the container's program. */
	if ((!who->subject && !who->carried) || who->lineage == LINEAGE_RUNTIME)
		return false;
	if (is_set(FLAG_OBSERVE) || limits_files(who->subject))
		return true;
	return who->carried && (is_several(who->carried) || limits_files(who->carried));
}

/* 0 or -EPERM. */
static __always_inline int check_path(struct dentry *dentry, struct vfsmount *mount, u32 access,
				      const struct identity *who)
{
	struct work *work;
	int slot, both;

	count(COUNTER_FILE);
	slot = claim_path_slot();
	work = work_of(slot);
	if (slot < 0 || !work) /* fail closed where anything is enforced: it cannot be decided */
		return refusal(enforces(who->subject) || enforces(who->carried));
	asker_to_slot(work, who);
	resolve_at(slot, WORK_FILE | NAME_ONLY | AT_HOME, address_of(dentry), (u64)mount,
		   (u64)BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), fs));
	both = decide_act_for(slot, work, DECISION_FILE, who, access);
	if (both || is_set(FLAG_OBSERVE))
		record_act(slot, work, DECISION_FILE, HOOK_OPEN, who, access, true);
	release_slot(slot);
	return refusal(both & VERDICTS_ENFORCED);
}

/* Pipes, sockets, memory files and the layers of overlays are on mounts of the kernel's own (MNT_NS_INTERNAL, an
 * error instead of a namespace): nothing there has a name. */
static __always_inline bool is_internal(struct vfsmount *mount)
{
	struct mount *whole = (void *)mount - bpf_core_field_offset(struct mount, mnt);

	return (u64)BPF_CORE_READ(whole, mnt_ns) >= (u64)-ERRNO_MAX;
}

static __always_inline int check_file(struct file *file, int earlier)
{
	struct vfsmount *mount;
	struct identity who;
	u32 mode, access;

	if (earlier || !decides_files())
		return earlier;
	identity_of_current(&who);
	if (!asks_for_files(&who))
		return 0;
	mode = file->f_mode;
	if (file->f_flags & O_EXECUTE)
		return 0; /* starting it is a decision of its own */
	if ((file->f_inode->i_mode & S_IFMT) == S_IFDIR)
		return 0;
	mount = BPF_CORE_READ(file, f_path.mnt); /* a number, for global functions */
	if (is_internal(mount) || file->f_inode != file->f_path.dentry->d_inode)
		return 0; /* the file below one of an overlay, which was decided itself */
	access = (mode & FMODE_READ ? ACCESS_READ : 0) | (mode & FMODE_WRITE ? ACCESS_WRITE : 0);
	if (file->f_flags & O_TRUNC)
		access |= ACCESS_WRITE; /* it is emptied, also when it is opened to read */
	/* Neither is for control operations only; it counts as reading. */
	/* What has been deleted counts by the name it had. */
	return check_path(file->f_path.dentry, mount, access ? access : ACCESS_READ, &who);
}

/* A name that goes, comes or changes what it stands for. */
static __always_inline int check_name(struct vfsmount *mount, struct dentry *dentry, int earlier)
{
	struct identity who;

	if (earlier || !decides_files())
		return earlier;
	identity_of_current(&who);
	return asks_for_files(&who) ? check_path(dentry, mount, ACCESS_WRITE, &who) : 0;
}

#define HOOK_PAIR(hook, args, ...)                                                                           \
	SEC("lsm/" #hook) int BPF_PROG(file_lsm_##hook, args, int ret)                                       \
	{                                                                                                    \
		return __VA_ARGS__;                                                                          \
	}                                                                                                    \
	SEC("fmod_ret/security_" #hook) int BPF_PROG(file_fmod_ret_##hook, args, int ret)                    \
	{                                                                                                    \
		return __VA_ARGS__;                                                                          \
	}
#define AND ,

HOOK_PAIR(file_open, struct file *file, check_file(file, ret))
HOOK_PAIR(file_receive, struct file *file, check_file(file, ret))
HOOK_PAIR(path_truncate, const struct path *path,
	  check_name(BPF_CORE_READ(path, mnt), BPF_CORE_READ(path, dentry), ret))
HOOK_PAIR(path_unlink, const struct path *dir AND struct dentry *dentry,
	  check_name(BPF_CORE_READ(dir, mnt), dentry, ret))
HOOK_PAIR(path_mkdir, const struct path *dir AND struct dentry *dentry AND unsigned short mode,
	  check_name(BPF_CORE_READ(dir, mnt), dentry, ret))
HOOK_PAIR(path_mknod,
	  const struct path *dir AND struct dentry *dentry AND unsigned short mode AND unsigned int dev,
	  check_name(BPF_CORE_READ(dir, mnt), dentry, ret))
HOOK_PAIR(path_rmdir, const struct path *dir AND struct dentry *dentry,
	  check_name(BPF_CORE_READ(dir, mnt), dentry, ret))
HOOK_PAIR(path_symlink, const struct path *dir AND struct dentry *dentry AND const char *old_name,
	  check_name(BPF_CORE_READ(dir, mnt), dentry, ret))
HOOK_PAIR(path_link, struct dentry *old_dentry AND const struct path *dir AND struct dentry *new_dentry,
	  check_name(BPF_CORE_READ(dir, mnt), new_dentry,
		     check_name(BPF_CORE_READ(dir, mnt), old_dentry, ret)))

/* Since 5.19 flags follow: with RENAME_EXCHANGE both names move. */
static __always_inline int check_rename(u64 *ctx)
{
	struct path *from = (void *)ctx[0], *to = (void *)ctx[2];
	struct identity who;
	int denied;

	if (!decides_files())
		return 0;
	identity_of_current(&who);
	if (!asks_for_files(&who))
		return 0;
	denied = check_path((void *)ctx[1], BPF_CORE_READ(from, mnt), ACCESS_WRITE | ACCESS_MOVE, &who);
	if (denied)
		return denied;
	return check_path((void *)ctx[3], BPF_CORE_READ(to, mnt), ACCESS_WRITE | ACCESS_MOVE, &who);
}

SEC("lsm/path_rename")
int file_lsm_path_rename(u64 *ctx)
{
	return check_rename(ctx);
}

SEC("fmod_ret/security_path_rename")
int file_fmod_ret_path_rename(u64 *ctx)
{
	return check_rename(ctx);
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
