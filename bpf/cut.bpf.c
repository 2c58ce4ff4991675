/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ends connections that policy denies now, so that both ends learn of it: otherwise their packets are dropped, and they
 * wait. iter/tcp and iter/udp, over the sockets of the network namespace of whoever reads. An object of its own, loaded
 * only where it is asked for: it needs Linux 6.5 (bpf_sock_destroy). */
#define TRACING
#include "handed.bpf.h"
#include <bpf/bpf_tracing.h>

struct bpf_iter_meta {
	struct seq_file *seq;
} KERNEL_TYPE;

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
} KERNEL_TYPE;

struct udp_sock;

struct bpf_iter__udp {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
} KERNEL_TYPE;

extern int bpf_sock_destroy(struct sock_common *sock) __ksym;

/* Whether every policy has had its say, and denies. What is bound, or writes its own headers, talks to many. */
static __noinline bool is_denied(const struct socket_row *row, struct sock *sock)
{
	struct answer first;
	struct work *work;
	bool denied = false;
	u16 local = 0;
	int slot = claim_slot();

	work = work_of(slot);
	if (slot < 0 || !work)
		return false; /* fail open: its packets are dropped all the same */
	work->lineage = row->lineage;
	work->since = row->since;
	if (!other_end(sock, &work->peer, &local) && row->kind != SOCKET_ASKED)
		goto out;
	if (row->kind == SOCKET_ASKED) {
		work->peer.family = row->family;
		work->peer.port = row->port;
		__builtin_memcpy(work->peer.address, row->address, sizeof(row->address));
		decide_network_for(slot, DECISION_EGRESS, row->subject, row->carried, row->image);
	} else if (row->kind == SOCKET_ACCEPTED) {
		work->peer.port = local;
		decide_network_for(slot, DECISION_INGRESS, row->subject, row->carried, row->image);
	} else if (row->kind == SOCKET_FOREIGN) {
		decide_network_for(slot, DECISION_EGRESS, row->subject, row->carried, row->image);
		first = work->answer;
		work->peer.port = local;
		decide_network_for(slot, DECISION_INGRESS, row->subject, row->carried, row->image);
		milder(&first, &work->answer, first.rails);
		work->answer = first;
	} else {
		goto out;
	}
	denied = work->answer.enforced == VERDICT_DENY;
out:
	release_slot(slot);
	return denied;
}

static __always_inline bool is_to_go(struct sock_common *common)
{
	struct socket_row *row = bpf_sk_storage_get(&sockets, common, 0, 0);

	return row && row->kind != SOCKET_FREE && is_denied(row, (struct sock *)common);
}

/* One byte for each that was ended. */
static __always_inline void tell_ended(struct bpf_iter_meta *meta)
{
	char one = '.';

	bpf_seq_write(meta->seq, &one, sizeof(one));
}

SEC("iter/tcp")
int cut_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;

	if (common && is_to_go(common) && !bpf_sock_destroy(common))
		tell_ended(ctx->meta);
	return 0;
}

SEC("iter/udp")
int cut_udp(struct bpf_iter__udp *ctx)
{
	struct sock_common *common = (struct sock_common *)ctx->udp_sk;

	if (common && is_to_go(common) && !bpf_sock_destroy(common))
		tell_ended(ctx->meta);
	return 0;
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
