/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The guard's hooks. What they keep from whom: guard.bpf.h. Each as lsm/X and as fmod_ret/security_X.
 *   bpf                     descriptors of our links by their numbers; detaching and replacing what a link attaches
 *   bpf_map, bpf_prog       descriptors of our maps and programs, however they are asked for
 *   capable                 opening pins of our links in bpf(), see check_capability
 *   file_open               our pins (which show what is in a map); for writing /proc/AGENT, files of the agent's cgroups and
 *                           the switch that takes all programs out of the kernel's functions
 *   inode_*, path_mknod     removing, renaming, linking, making and changing pins and their folders
 *   sb_*, move_mount        the mounts that the pins are on, and what would hide them
 *   task_*, ptrace_access_check, file_send_sigiotask
 *                           signals, tracing (also /proc/PID/mem and process_vm_writev), limits, priorities of the agent
 * The hooks that every process passes look at one magic number first. */
#define TRACING
#include "guard.bpf.h"
#include <bpf/bpf_tracing.h>

#define MAGIC_BPF 0xcafe4a11
#define MAGIC_PROC 0x9fa0
#define MAGIC_CGROUP2 0x63677270
#define MODE_WRITE 2
#define MODE_ATTACH 2
#define CAP_DAC_OVERRIDE 1
#define MOUNT_MOVE 0x2000
#define MOUNT_PROPAGATION 0x1e0000
#define PIN_LEVELS 4

struct bpf_map {
	u32 id;
} KERNEL_TYPE;

struct bpf_prog_aux {
	u32 id;
} KERNEL_TYPE;

struct bpf_prog {
	struct bpf_prog_aux *aux;
} KERNEL_TYPE;

struct bpf_link {
	u32 id;
} KERNEL_TYPE;

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
} KERNEL_TYPE;

#if defined(__TARGET_ARCH_arm64)
struct pt_regs___ours {
	u64 orig_x0;
	int syscallno;
} KERNEL_TYPE;
#else
struct pt_regs___ours {
	unsigned long bx, di, orig_ax;
} KERNEL_TYPE;
#endif

/* --- maps, programs, links --- */

/* A link's descriptor is kept from whom it is guarded against; that one got it all the same (it was given to a container
 * on purpose) is looked at here once more. */
static __noinline bool is_our_link(u32 fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = 0;
	struct bpf_link *link;

	if (fd >= BPF_CORE_READ(table, max_fds) || bpf_probe_read_kernel(&file, sizeof(file), files + fd) ||
	    !file)
		return false;
	link = BPF_CORE_READ(file, private_data);
	return link && is_guarded(GUARDED_LINK, 0, BPF_CORE_READ(link, id));
}

/* `attr`: the kernel's own copy. Maps and programs pass bpf_map and bpf_prog on their way. */
static __always_inline int check_bpf(u32 command, const void *attr)
{
	u32 first = 0;

	if (command != BPF_LINK_GET_FD_BY_ID && command != BPF_LINK_UPDATE && command != BPF_LINK_DETACH &&
	    command != BPF_ITER_CREATE)
		return 0;
	bpf_probe_read_kernel(&first, sizeof(first), attr);
	if (command == BPF_LINK_GET_FD_BY_ID ? !is_guarded(GUARDED_LINK, 0, first) : !is_our_link(first))
		return 0;
	return refuse(ATTACKED_LINK);
}

static __always_inline int check_map(struct bpf_map *map)
{
	return is_guarded(GUARDED_MAP, 0, BPF_CORE_READ(map, id)) ? refuse(ATTACKED_MAP) : 0;
}

static __always_inline int check_program(struct bpf_prog *program)
{
	return is_guarded(GUARDED_PROGRAM, 0, BPF_CORE_READ(program, aux, id)) ? refuse(ATTACKED_PROGRAM) : 0;
}

/* Registers of the system call that the current thread is in; no other thread can change them. The helper came with
 * Linux 5.15; before, they were at the top of a stack of 16 KiB. */
static __always_inline struct pt_regs___ours *registers(void)
{
	struct task_struct *task;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, stack) + 16384 - bpf_core_type_size(struct pt_regs___ours);
}

/* In bpf(BPF_OBJ_GET), by either of its numbers. */
static __always_inline bool is_opening_pin(void)
{
	struct pt_regs___ours *regs = registers();
	u32 number, command;

#if defined(__TARGET_ARCH_arm64)
	number = BPF_CORE_READ(regs, syscallno);
	command = BPF_CORE_READ(regs, orig_x0);
	return (number == 280 || number == 386) && command == BPF_OBJ_GET;
#else
	number = BPF_CORE_READ(regs, orig_ax);
	command = number == 357 ? BPF_CORE_READ(regs, bx) : BPF_CORE_READ(regs, di);
	return (number == 321 || number == 357) && command == BPF_OBJ_GET;
#endif
}

/* No hook sees a link that BPF_OBJ_GET opens, nor, but for the one that every part of every path passes, its pin. So the
 * agent takes all permissions off the pins of links, root's as well: to open one takes the capability to override them,
 * and that is refused here, in that system call only. Other pins of the same process are its own, with permissions. */
static __always_inline int check_capability(u32 capability)
{
	return capability == CAP_DAC_OVERRIDE && is_opening_pin() ? refuse(ATTACKED_PIN) : 0;
}

/* --- pins --- */

/* The folder of the pins, or what is in it or in its folders. */
static __noinline bool is_pin(u64 dentry_address)
{
	struct dentry *dentry = (void *)dentry_address;
	struct guard_row *row = guard_row();
	struct inode *inode;

	if (!row || !row->pins || BPF_CORE_READ(dentry, d_sb, s_magic) != MAGIC_BPF ||
	    BPF_CORE_READ(dentry, d_sb, s_dev) != row->device)
		return false;
	for (u32 level = 0; level < PIN_LEVELS; level++) {
		inode = BPF_CORE_READ(dentry, d_inode);
		if (inode && BPF_CORE_READ(inode, i_ino) == row->pins)
			return true;
		dentry = BPF_CORE_READ(dentry, d_parent);
	}
	return false;
}

static __always_inline int check_pin(u64 dentry)
{
	return is_pin(dentry) ? refuse(ATTACKED_PIN) : 0;
}

/* Taking away or renaming a folder in which the folder of the pins is would lose them as well. */
static __noinline bool leads_to_pins(u64 dentry_address)
{
	struct dentry *dentry = (void *)dentry_address;
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	if (BPF_CORE_READ(dentry, d_sb, s_magic) != MAGIC_BPF)
		return false;
	return is_pin(dentry_address) ||
	       (inode &&
		is_guarded(GUARDED_FOLDER, BPF_CORE_READ(dentry, d_sb, s_dev), BPF_CORE_READ(inode, i_ino)));
}

static __always_inline int check_moved(u64 dentry)
{
	return leads_to_pins(dentry) ? refuse(ATTACKED_PIN) : 0;
}

/* --- mounts --- */

/* The mount by its number, or as one of those that share what happens to it. */
static __noinline bool is_our_mount(u64 vfsmount_address)
{
	struct mount *mount = (void *)vfsmount_address - bpf_core_field_offset(struct mount, mnt);
	u32 peers = BPF_CORE_READ(mount, mnt_group_id);

	return is_guarded(GUARDED_MOUNT, 0, (u32)BPF_CORE_READ(mount, mnt_id)) ||
	       (peers && is_guarded(GUARDED_PEERS, 0, peers));
}

static __always_inline int check_mount_of(u64 vfsmount)
{
	return is_our_mount(vfsmount) ? refuse(ATTACKED_MOUNT) : 0;
}

/* Mounting over something. */
static __always_inline int check_cover(struct path *path)
{
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	u64 mount = (u64)BPF_CORE_READ(path, mnt);
	u32 device = BPF_CORE_READ(dentry, d_sb, s_dev);

	if (!is_pin((u64)dentry) &&
	    !is_guarded(GUARDED_FOLDER, device, BPF_CORE_READ(dentry, d_inode, i_ino)))
		return 0;
	return check_mount_of(mount);
}

/* Changing with whom a mount is shared neither hides nor removes it, and is the first thing in a new mount namespace. The
 * old way to move a mount names it by a text that is looked up later, so in the host's own mounts nothing is moved. */
static __always_inline int check_sb_mount(struct path *path, u64 flags)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct control *control = control_row();

	if (flags & MOUNT_PROPAGATION)
		return 0;
	if (flags & MOUNT_MOVE && control && control->mount_ns && mount_ns_of(task) == control->mount_ns)
		return refuse(ATTACKED_MOUNT);
	return check_cover(path);
}

static __always_inline int check_move_mount(struct path *from, struct path *to)
{
	return is_our_mount((u64)BPF_CORE_READ(from, mnt)) ? refuse(ATTACKED_MOUNT) : check_cover(to);
}

static __always_inline int check_remount(struct super_block *super)
{
	struct guard_row *row = guard_row();

	if (!row || !row->pins || BPF_CORE_READ(super, s_dev) != row->device)
		return 0;
	return refuse(ATTACKED_MOUNT);
}

static __always_inline int check_pivot(struct path *old, struct path *new)
{
	return is_our_mount((u64)BPF_CORE_READ(old, mnt)) || is_our_mount((u64)BPF_CORE_READ(new, mnt))
		       ? refuse(ATTACKED_MOUNT)
		       : 0;
}

/* --- the agent --- */

static __always_inline int check_agent(u64 task, u32 what)
{
	return is_agent((void *)task) ? refuse(what) : 0;
}

/* Signal 0 only asks whether there is such a process. */
static __always_inline int check_signal(u64 task, u32 signal)
{
	return signal ? check_agent(task, ATTACKED_AGENT_SIGNAL) : 0;
}

/* A signal that a descriptor sends when something can be read. It can come from whoever wrote, so nobody is to blame; the
 * agent has asked for none. */
static __always_inline int check_descriptor_signal(u64 task)
{
	return is_agent((void *)task);
}

/* /proc/sys/kernel/ftrace_enabled: the kernel calls our programs by what it switches off for everybody. The kernel's own
 * name, which nobody else can give to a file there. */
static __always_inline bool is_switch(struct file *file)
{
	const unsigned char *name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	u64 text[2] = {};

	if (bpf_probe_read_kernel_str(text, sizeof(text), name) != 15)
		return false;
	return text[0] == 0x655f656361727466 && text[1] == 0x64656c62616e;
}

static __always_inline int check_proc_file(struct inode *inode)
{
	struct proc_inode *proc = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	struct hlist_node *link = BPF_CORE_READ(proc, pid, tasks[0].first);

	if (!link)
		return 0; /* of no process */
	return check_agent((u64)link - bpf_core_field_offset(struct task_struct, pid_links),
			   ATTACKED_AGENT_PROCESS);
}

/* Such as cgroup.kill, cgroup.freeze, memory.max. */
static __always_inline int check_cgroup_file(struct file *file)
{
	u64 cgroup = BPF_CORE_READ(file, f_path.dentry, d_parent, d_inode, i_ino);

	return is_guarded(GUARDED_CGROUP, 0, cgroup) ? refuse(ATTACKED_AGENT_CGROUP) : 0;
}

static __always_inline int check_open(struct file *file)
{
	unsigned long magic = file->f_inode->i_sb->s_magic;

	if (magic == MAGIC_BPF)
		return check_pin((u64)BPF_CORE_READ(file, f_path.dentry));
	if (!(file->f_mode & MODE_WRITE))
		return 0;
	if (magic == MAGIC_PROC)
		return is_switch(file) ? refuse(ATTACKED_PROGRAM) : check_proc_file(file->f_inode);
	return magic == MAGIC_CGROUP2 ? check_cgroup_file(file) : 0;
}

/* The arguments of a hook grew over time, so they are read by their places, and what an earlier program answered is
 * not: it is denied all the same, since the first refusal ends the call. */
#define HOOK_PAIR(hook, check)                                                                               \
	SEC("lsm/" #hook) int guard_lsm_##hook(u64 *ctx)                                                     \
	{                                                                                                    \
		return refusal(check);                                                                       \
	}                                                                                                    \
	SEC("fmod_ret/security_" #hook) int guard_fmod_ret_##hook(u64 *ctx)                                  \
	{                                                                                                    \
		return refusal(check);                                                                       \
	}
#define TWO_PINS(one, other) (check_pin(ctx[one]) || check_pin(ctx[other]))

HOOK_PAIR(bpf, check_bpf(ctx[0], (void *)ctx[1]))
HOOK_PAIR(bpf_map, check_map((void *)ctx[0]))
HOOK_PAIR(bpf_prog, check_program((void *)ctx[0]))
HOOK_PAIR(capable, check_capability(ctx[2]))
HOOK_PAIR(file_open, check_open((void *)ctx[0]))
HOOK_PAIR(inode_unlink, check_pin(ctx[1]))
HOOK_PAIR(inode_rmdir, check_pin(ctx[1]))
HOOK_PAIR(inode_mkdir, check_pin(ctx[1]))
HOOK_PAIR(inode_symlink, check_pin(ctx[1]))
HOOK_PAIR(inode_rename, check_moved(ctx[1]) || check_moved(ctx[3]))
HOOK_PAIR(inode_link, TWO_PINS(0, 2))
/* Before the entry there is, on newer kernels, a map of users; nothing of that can be taken for a pin. */
HOOK_PAIR(inode_setattr, TWO_PINS(0, 1))
HOOK_PAIR(path_mknod, check_pin(ctx[1]))
HOOK_PAIR(sb_mount, check_sb_mount((void *)ctx[1], ctx[3]))
HOOK_PAIR(sb_umount, check_mount_of(ctx[0]))
HOOK_PAIR(sb_remount, check_remount((void *)ctx[0]))
HOOK_PAIR(sb_pivotroot, check_pivot((void *)ctx[0], (void *)ctx[1]))
HOOK_PAIR(move_mount, check_move_mount((void *)ctx[0], (void *)ctx[1]))
HOOK_PAIR(task_kill, check_signal(ctx[0], ctx[2]))
HOOK_PAIR(ptrace_access_check, ctx[1] & MODE_ATTACH ? check_agent(ctx[0], ATTACKED_AGENT_TRACE) : 0)
HOOK_PAIR(task_setrlimit, check_agent(ctx[0], ATTACKED_AGENT_PROCESS))
HOOK_PAIR(task_setscheduler, check_agent(ctx[0], ATTACKED_AGENT_PROCESS))
HOOK_PAIR(task_setnice, check_agent(ctx[0], ATTACKED_AGENT_PROCESS))
HOOK_PAIR(task_setioprio, check_agent(ctx[0], ATTACKED_AGENT_PROCESS))
HOOK_PAIR(task_movememory, check_agent(ctx[0], ATTACKED_AGENT_PROCESS))
HOOK_PAIR(file_send_sigiotask, check_descriptor_signal(ctx[0]))

/* fail open for what nobody knows: one of these pods is the next agent's own, which could not begin otherwise. */
static __always_inline void rest_pending(void)
{
	struct control *control = control_row();
	struct binding_row *pending, *handover;
	u32 id;

	if (!control || !control->handover)
		return;
	id = control->handover;
	handover = bpf_map_lookup_elem(&bindings, &id);
	id = control->pending;
	pending = bpf_map_lookup_elem(&bindings, &id);
	if (!handover || !pending || !id)
		return;
	pending->ruleset = handover->ruleset;
	control->generation++;
}

/* The pod that the agent is in is taken away, once nothing runs in it: it will not start there again, and its successor is
 * in another one. So it is with an orderly end, also where the agent crashed and had none. */
SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(guard_rmdir, struct cgroup *cgroup, const char *path)
{
	struct guarded_key handover = {.kind = GUARDED_HANDOVER};
	struct identity who;
	u32 one = 1;

	if (!is_guarded(GUARDED_EXEMPT, 0, cgroup->kn->id))
		return 0;
	/* fail closed: a container that may remove cgroups of the host says nothing for it, and the guard goes on. */
	if (guarded_against(&who))
		return 0;
	bpf_map_update_elem(&guarded, &handover, &one, BPF_ANY);
	rest_pending();
	return 0;
}
char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
