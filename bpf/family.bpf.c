/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ways to talk that the hooks of cgroups do not see, since no packet of theirs has a socket of IPv4 or IPv6:
 *   socket_create                 a socket of another family, or of a netlink protocol
 *   file_receive                  the same, made by another process and sent over
 *   capable (CAP_NET_ADMIN)       tunnels, routes, address translation: all that leads packets elsewhere after they were decided
 *   tun_dev_create, tun_dev_open  packets that are written to a device and have no socket at all
 * Each as lsm/X and as fmod_ret/security_X. Raw IP sockets are decided in network.bpf.c, which every kernel has. */
#define TRACING
#include "family.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define CAP_NET_ADMIN 12
#define CAP_OPT_NOAUDIT 2
#define S_IFMT 0170000
#define S_IFSOCK 0140000

static __always_inline bool decides_sockets(void)
{
	struct control *control = control_row();

	return control && control->decides & DECIDES_SOCKETS;
}

/* 0 or -EPERM. The runtime makes a container's network before it starts its program. */
static __always_inline int check_use(u32 use, u32 hook, bool silent)
{
	struct identity who;

	if (use == SOCKET_USE_NONE || !decides_sockets())
		return 0;
	identity_of_current(&who);
	if ((!who.subject && !who.carried) || who.lineage == LINEAGE_RUNTIME)
		return 0;
	return refusal(refuses_use(&who, use, hook, silent));
}

/* Raw sockets of IP are decided by the hook of cgroups, once. The kernel's own are not asked about. */
static __always_inline int check_create(u32 family, u32 type, u32 protocol, bool kernel)
{
	u32 use = use_of(family, type, protocol);

	if (kernel || use == SOCKET_USE_RAW)
		return 0;
	return check_use(use, HOOK_SOCKET, false);
}

static __always_inline int check_receive(struct file *file)
{
	struct socket *socket;
	struct sock *sock;

	if (!decides_sockets() || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sock = BPF_CORE_READ(socket, sk);
	return check_use(use_of(BPF_CORE_READ(sock, __sk_common.skc_family), BPF_CORE_READ(sock, sk_type),
				BPF_CORE_READ(sock, sk_protocol)),
			 HOOK_RECEIVE, false);
}

/* Who does not have it is not asked: the kernel says no by itself. */
static __always_inline int check_capability(const struct cred *cred, int capability, u32 options)
{
	u64 effective = 0;

	if (capability != CAP_NET_ADMIN || !decides_sockets())
		return 0;
	bpf_probe_read_kernel(&effective, sizeof(effective),
			      (void *)cred + bpf_core_field_offset(struct cred, cap_effective));
	if (!(effective >> CAP_NET_ADMIN & 1))
		return 0;
	return check_use(SOCKET_USE_NETWORK_ADMIN, HOOK_SOCKET, options & CAP_OPT_NOAUDIT);
}

#define HOOK_PAIR(hook, check)                                                                               \
	SEC("lsm/" #hook) int socket_lsm_##hook(u64 *ctx)                                                    \
	{                                                                                                    \
		return check;                                                                                \
	}                                                                                                    \
	SEC("fmod_ret/security_" #hook) int socket_fmod_ret_##hook(u64 *ctx)                                 \
	{                                                                                                    \
		return check;                                                                                \
	}

HOOK_PAIR(socket_create, check_create(ctx[0], ctx[1], ctx[2], (u32)ctx[3]))
HOOK_PAIR(file_receive, check_receive((void *)ctx[0]))
HOOK_PAIR(capable, check_capability((void *)ctx[0], ctx[2], ctx[3]))
HOOK_PAIR(tun_dev_create, check_use(SOCKET_USE_NETWORK_ADMIN, HOOK_SOCKET, false))
HOOK_PAIR(tun_dev_open, check_use(SOCKET_USE_NETWORK_ADMIN, HOOK_SOCKET, false))

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
