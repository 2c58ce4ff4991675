/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finds out how an exec can be denied on this kernel, by effect: each program denies (or kills) only the
 * process that the agent names. An LSM program can attach without error and deny nothing, so attaching proves
 * nothing. */
#include "kernel.h"
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

char LICENSE[] SEC("license") = "Dual BSD/GPL";
