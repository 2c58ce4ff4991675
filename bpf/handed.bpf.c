/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections and listeners of IP that another process sends:
 *   file_receive
 * as lsm/X and as fmod_ret/security_X. A program of its own beside family.bpf.c's: before Linux 5.16 tracing programs may
 * not take the lock under which names of hosts are read, and are left out. */
#define TRACING
#include "handed.bpf.h"
#include <bpf/bpf_tracing.h>

#define S_IFMT 0170000
#define S_IFSOCK 0140000

static __always_inline int check_connection(struct file *file)
{
	struct control *control = control_row();
	struct socket *socket;
	struct identity who;
	struct sock *sock;
	u32 family;

	if (!control || !(control->decides & DECIDES_SOCKETS) ||
	    (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sock = BPF_CORE_READ(socket, sk);
	family = BPF_CORE_READ(sock, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	identity_of_current(&who);
	if ((!who.subject && !who.carried) || who.lineage == LINEAGE_RUNTIME)
		return 0;
	return refusal(refuses_connection(sock, &who));
}

SEC("lsm/file_receive")
int socket_lsm_connection(u64 *ctx)
{
	return check_connection((void *)ctx[0]);
}

SEC("fmod_ret/security_file_receive")
int socket_fmod_ret_connection(u64 *ctx)
{
	return check_connection((void *)ctx[0]);
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
