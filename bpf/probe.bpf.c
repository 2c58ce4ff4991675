/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finds out how an exec and a connection can be denied on this kernel, by effect: each program denies (or kills)
 * only the process that the agent names. An LSM program can attach without error and deny nothing, so attaching proves
 * nothing. */
#include "overlay.bpf.h"
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1
#define SIGKILL 9

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} target SEC(".maps");

static __always_inline bool is_target(void)
{
	u32 zero = 0, *tgid = bpf_map_lookup_elem(&target, &zero);

	return tgid && *tgid && *tgid == bpf_get_current_pid_tgid() >> 32;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(probe_lsm, struct linux_binprm *bprm, int ret)
{
	return ret ? ret : is_target() ? -EPERM : 0;
}

SEC("fmod_ret/security_bprm_check")
int BPF_PROG(probe_fmod_ret, struct linux_binprm *bprm, int ret)
{
	return ret ? ret : is_target() ? -EPERM : 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(probe_signal, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	if (is_target())
		bpf_send_signal(SIGKILL);
	return 0;
}

SEC("cgroup/connect4")
int probe_cgroup(struct bpf_sock_addr *ctx)
{
	return !is_target();
}

/* What kernel/provenance.ts tries, one digit (of two bits) for each file that was started, the last one lowest: 1: a lower
 * file of an overlay, 2: an upper one, 3: no overlay's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} found SEC(".maps");

SEC("tp_btf/sched_process_exec")
int BPF_PROG(probe_origin, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct file *file = BPF_CORE_READ(bprm, file);
	struct path *path = path_of(file);
	struct inode *inode = BPF_CORE_READ(path, dentry, d_inode);
	u32 zero = 0, is = 3, *digits = bpf_map_lookup_elem(&found, &zero);

	if (!is_target() || !digits)
		return 0;
	if (BPF_CORE_READ(inode, i_sb, s_magic) == MAGIC_OVERLAYFS)
		is = is_upper(inode) ? 2 : 1;
	*digits = *digits << 2 | is;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
