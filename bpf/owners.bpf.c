/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sockets that were there before us: iter/task_file, which runs when the agent reads its pin. Who holds such a socket is its
 * owner; where programs of several kinds hold it, any of them. Before Linux 5.11 no program can get from a file to its
 * socket: there it goes on being decided with the rights of any process of its cgroup's subject. */
#define TRACING
#include "container.bpf.h"
#include "socket.bpf.h"
#include <bpf/bpf_tracing.h>

struct bpf_iter_meta {
	u64 seq_num;
} KERNEL_TYPE;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
} KERNEL_TYPE;

/* Before Linux 5.15 a number that is a pointer, but for its lowest bit. */
struct sock_cgroup_data {
	struct cgroup *cgroup;
} KERNEL_TYPE;

struct sock_cgroup_data___number {
	u64 val;
} KERNEL_TYPE;

struct sock___placed {
	struct sock_cgroup_data sk_cgrp_data;
} KERNEL_TYPE;

static __always_inline u64 cgroup_of_socket(struct sock *sock)
{
	void *data = (void *)sock + bpf_core_field_offset(struct sock___placed, sk_cgrp_data);
	u64 value = 0;

	if (bpf_core_field_exists(struct sock_cgroup_data, cgroup))
		return (u64)BPF_CORE_READ((struct sock_cgroup_data *)data, cgroup);
	bpf_probe_read_kernel(&value, sizeof(value), data);
	return value & 1 ? 0 : value;
}

static __always_inline void own(struct sock *sock, const struct process_row *process, u64 subject)
{
	struct socket_row *row, fresh = {};

	fresh.subject = subject;
	fresh.carried = process->subject == subject ? 0 : process->subject;
	fresh.image = process->image;
	fresh.lineage = process->lineage;
	fresh.protocol = transport(sock->sk_protocol);
	fresh.kind = sock->sk_type == SOCK_RAW ? SOCKET_RAW : SOCKET_FOREIGN;
	row = bpf_sk_storage_get(&sockets, sock, 0, 0);
	if (!row) {
		bpf_sk_storage_get(&sockets, sock, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
		return;
	}
	if (row->kind == SOCKET_FREE) {
		row->subject = fresh.subject;
		row->carried = fresh.carried;
		row->image = fresh.image;
		row->lineage = fresh.lineage;
		row->protocol = fresh.protocol;
		row->generation = 0;
		row->kind = fresh.kind;
	} else if (row->image == IMAGE_ANY && !row->shared && row->subject == subject) {
		row->image = fresh.image;
		row->lineage = fresh.lineage;
		row->carried = fresh.carried;
		row->generation = 0;
	} else if (row->kind == SOCKET_FOREIGN && row->image != fresh.image) {
		row->image = IMAGE_ANY;
		row->shared = 1;
		row->generation = 0;
	}
}

SEC("iter/task_file")
int socket_owners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct process_row *process;
	struct socket *socket;
	struct sock *sock;
	u64 cgroup, subject;
	u32 tgid;

	if (!task || !file)
		return 0;
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_sock_from_file))
		return 0;
	tgid = BPF_CORE_READ(task, tgid);
	process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process)
		return 0;
	socket = (struct socket *)bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sock = socket->sk;
	if (!sock)
		return 0;
	if (sock->__sk_common.skc_family != AF_INET && sock->__sk_common.skc_family != AF_INET6)
		return 0;
	/* Of a socket that was opened outside of the subject its holder is not the owner. */
	cgroup = cgroup_of_socket(sock);
	subject = cgroup ? subject_of_cgroup(cgroup) : 0;
	if (!subject)
		return 0;
	own(sock, process, subject);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
