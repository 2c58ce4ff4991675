/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A socket of IP that changes hands. What it sends and hears is decided by its owner's policy, whoever holds it. So that
 * nobody holds one that may do more than himself, a process is given only connections that it could have made or
 * accepted, and only listeners on ports that it could have taken; what is not connected asks again with each address. */
#ifndef UNDERPIN_HANDED_BPF_H
#define UNDERPIN_HANDED_BPF_H

#include "socket.bpf.h"
#include <bpf/bpf_core_read.h>

#define TCP_LISTEN 10

/* The other end of a socket, and its own port; false: it has no other end. */
static __always_inline bool other_end(struct sock *sock, struct peer *peer, u16 *local)
{
	u32 address[4] = {};

	__builtin_memset(peer, 0, sizeof(*peer));
	peer->protocol = transport(BPF_CORE_READ(sock, sk_protocol));
	peer->port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport));
	*local = BPF_CORE_READ(sock, __sk_common.skc_num);
	if (BPF_CORE_READ(sock, __sk_common.skc_family) == AF_INET) {
		peer_v4(peer, BPF_CORE_READ(sock, __sk_common.skc_daddr));
		return peer->port;
	}
	bpf_probe_read_kernel(address, sizeof(address),
			      (void *)sock + bpf_core_field_offset(struct sock, __sk_common) +
				      bpf_core_field_offset(struct sock_common, skc_v6_daddr));
	peer_v6(peer, address);
	return peer->port;
}

/* true: the current process is refused it. */
static __always_inline bool refuses_connection(struct sock *sock, const struct identity *who)
{
	u32 decision = DECISION_EGRESS;
	bool connected, listens, refused;
	struct answer first;
	struct work *work;
	u16 local = 0;
	int slot;

	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work) /* fail closed where anything is enforced: it cannot be decided */
		return enforces(who->subject) || enforces(who->carried);
	work->lineage = who->lineage;
	work->since = 0;
	connected = other_end(sock, &work->peer, &local);
	listens = work->peer.protocol == IPPROTO_TCP &&
		  BPF_CORE_READ(sock, __sk_common.skc_state) == TCP_LISTEN;
	refused = false;
	if (!connected && !listens)
		goto out;
	count(COUNTER_SOCKET);
	if (listens) {
		decision = DECISION_BIND;
		work->peer.port = local;
	}
	decide_network_for(slot, decision, who->subject, who->carried, who->image);
	if (connected && verdicts(&work->answer)) {
		/* Who began is not known: either may be allowed. */
		u16 remote = work->peer.port;

		first = work->answer;
		work->peer.port = local;
		decide_network_for(slot, DECISION_INGRESS, who->subject, who->carried, who->image);
		milder(&first, &work->answer, first.rails);
		work->answer = first;
		work->peer.port = remote;
	}
	record_network(slot, work, decision, HOOK_RECEIVE, who->image, bpf_get_current_pid_tgid() >> 32);
	refused = work->answer.enforced == VERDICT_DENY;
out:
	release_slot(slot);
	return refused;
}

#endif
