/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Privileges: a process does to the system what policy lets it do. Named acts, not system calls:
 *   capable                                                    a capability by its number
 *   ptrace_access_check, ptrace_traceme                        trace: reading or controlling another process
 *   bpf                                                        bpf
 *   sb_mount, move_mount, sb_remount, sb_umount, sb_pivotroot  mount
 *   kernel_module_request, kernel_load_data, kernel_read_file  kernel-modules, kexec included
 *   userns_create (Linux 6.1)                                  user-namespaces
 * Each as lsm/X and as fmod_ret/security_X, which runs before the kernel has looked itself. */
#define TRACING
#include "act.bpf.h"
#include <bpf/bpf_tracing.h>

#define CAP_OPT_NOAUDIT 2
#define PTRACE_MODE_NOAUDIT 4
#define READING_MODULE 2
#define READING_KEXEC_IMAGE 3

static __always_inline bool decides_privileges(void)
{
	struct control *control = control_row();

	return control && control->decides & DECIDES_PRIVILEGES;
}

/* 0 or -EPERM. `silent`: the kernel only tries, nobody would know why nothing happened; denied, and not counted. */
static __always_inline int check_privilege(u32 privilege, bool silent)
{
	struct identity who;
	struct work *work;
	int slot, both;

	identity_of_current(&who);
	/* The runtime mounts and drops capabilities before it starts the container's program. */
	if ((!who.subject && !who.carried) || who.lineage == LINEAGE_RUNTIME)
		return 0;
	count(COUNTER_PRIVILEGE);
	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work) /* fail closed where anything is enforced: it cannot be decided */
		return refusal(enforces(who.subject) || enforces(who.carried));
	asker_to_slot(work, &who);
	both = decide_act_for(slot, work, DECISION_PRIVILEGE, &who, privilege);
	if (!silent && (both || is_set(FLAG_OBSERVE)))
		record_act(slot, work, DECISION_PRIVILEGE, HOOK_PRIVILEGE, &who, privilege, false);
	release_slot(slot);
	return refusal(both & VERDICTS_ENFORCED);
}

static __always_inline int check_act(u32 privilege)
{
	return decides_privileges() ? check_privilege(privilege, false) : 0;
}

/* What the process does not have is not asked about: the kernel says no by itself. */
static __always_inline int check_capability(const struct cred *cred, int capability, u32 options)
{
	u64 effective = 0;

	if (!decides_privileges())
		return 0;
	bpf_probe_read_kernel(&effective, sizeof(effective),
			      (void *)cred + bpf_core_field_offset(struct cred, cap_effective));
	if (capability < 0 || capability > 63 || !(effective >> capability & 1))
		return 0;
	return check_privilege(capability, options & CAP_OPT_NOAUDIT);
}

static __always_inline int check_trace(u32 mode)
{
	return decides_privileges() ? check_privilege(PRIVILEGE_TRACE, mode & PTRACE_MODE_NOAUDIT) : 0;
}

static __always_inline int check_load(u32 what)
{
	return what == READING_MODULE || what == READING_KEXEC_IMAGE ? check_act(PRIVILEGE_KERNEL_MODULES)
								     : 0;
}

/* The arguments of a hook grew over time, so they are read by their places, and what an earlier program answered is
 * not: it is denied all the same, since the first refusal ends the call. */
#define HOOK_PAIR(hook, function, check)                                                                     \
	SEC("lsm/" #hook) int privilege_lsm_##hook(u64 *ctx)                                                 \
	{                                                                                                    \
		return check;                                                                                \
	}                                                                                                    \
	SEC("fmod_ret/security_" #function) int privilege_fmod_ret_##hook(u64 *ctx)                          \
	{                                                                                                    \
		return check;                                                                                \
	}

HOOK_PAIR(capable, capable, check_capability((void *)ctx[0], ctx[2], ctx[3]))
HOOK_PAIR(ptrace_access_check, ptrace_access_check, check_trace(ctx[1]))
HOOK_PAIR(ptrace_traceme, ptrace_traceme, check_trace(0))
HOOK_PAIR(bpf, bpf, check_act(PRIVILEGE_BPF))
HOOK_PAIR(sb_mount, sb_mount, check_act(PRIVILEGE_MOUNT))
HOOK_PAIR(move_mount, move_mount, check_act(PRIVILEGE_MOUNT))
HOOK_PAIR(sb_remount, sb_remount, check_act(PRIVILEGE_MOUNT))
HOOK_PAIR(sb_umount, sb_umount, check_act(PRIVILEGE_MOUNT))
HOOK_PAIR(sb_pivotroot, sb_pivotroot, check_act(PRIVILEGE_MOUNT))
HOOK_PAIR(kernel_module_request, kernel_module_request, check_act(PRIVILEGE_KERNEL_MODULES))
HOOK_PAIR(kernel_load_data, kernel_load_data, check_load(ctx[0]))
HOOK_PAIR(kernel_read_file, kernel_read_file, check_load(ctx[1]))
HOOK_PAIR(userns_create, create_user_ns, check_act(PRIVILEGE_USER_NAMESPACES))

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
