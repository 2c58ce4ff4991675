/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets, both ways, by the verdict that is kept in their socket:
 *   cgroup_skb/egress      every packet that leaves; the first payload bytes of a connection
 *   cgroup_skb/ingress     every packet that arrives
 * A verdict is kept with the generation of the plan; after a plan changed it is decided again from the address that
 * was kept, so a tightened policy ends established flows at their next packet. */
#include "headers.bpf.h"
#include "inspect.bpf.h"
#include "tls.bpf.h"
#include "dns.bpf.h"
#include "translated.bpf.h"
#include "verdict.bpf.h"

#define TCP_SYN_SENT 2
#define TCP_LISTEN 10
#define FREE_ROW_EVERY 64 /* packets */

/* Whether the kept verdict holds for every packet of the socket: its other end cannot change unless a hook
 * sees it. */
static __always_inline bool holds_for_all(const struct socket_row *row, bool egress)
{
	if (row->protocol == IPPROTO_TCP)
		return row->kind == SOCKET_ASKED || row->kind == SOCKET_ACCEPTED ||
		       row->kind == SOCKET_FOREIGN;
	return row->protocol == IPPROTO_UDP && row->kind == SOCKET_ASKED && egress;
}

/* What a TCP socket is now. No hook sees `listen`, also not on a socket that was connected before. */
static __always_inline void settle(struct socket_row *row, const struct bpf_sock *sk)
{
	if (row->protocol != IPPROTO_TCP || row->kind == SOCKET_RAW)
		return;
	if (sk->state == TCP_LISTEN) {
		if (row->kind != SOCKET_OWNED)
			row->kind = SOCKET_BOUND;
	} else if (sk->state == TCP_SYN_SENT && (row->kind == SOCKET_OWNED || row->kind == SOCKET_BOUND)) {
		/* Somebody else connects in its name, such as a thread of the kernel's (io_uring before 5.12). */
		row->generation = 0;
		row->family = 0;
		row->kind = SOCKET_ASKED;
	} else if (row->kind == SOCKET_OWNED || row->kind == SOCKET_BOUND) {
		row->generation = 0;
		row->kind = SOCKET_ACCEPTED;
	}
}

/* A socket that no program has seen yet, or that belonged to no subject: the row of its cgroup's subject. */
static __noinline void adopt(struct bpf_sock *sk, struct socket_row *row, u64 subject, u32 generation)
{
	if (!row)
		return;
	row->subject = subject;
	row->image = IMAGE_ANY;
	row->protocol = transport(sk->protocol);
	row->kind = subject ? sk->type == SOCK_RAW ? SOCKET_RAW : SOCKET_FOREIGN : SOCKET_FREE;
	row->generation = subject ? 0 : generation;
}

static __always_inline struct socket_row *new_socket(struct bpf_sock *sk)
{
	struct socket_row *row = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	u32 zero = 0;

	if (row)
		return row;
	count(COUNTER_SOCKETS_FULL);
	row = bpf_map_lookup_elem(&spare_socket, &zero); /* decided, and forgotten */
	if (row)
		__builtin_memset(row, 0, sizeof(*row));
	return row;
}

/* Whether the header says more than where the packet goes: on a connected socket that is rare. */
static __always_inline bool has_options(struct __sk_buff *skb)
{
	u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 7 > end)
		return true;
	if (data[0] >> 4 == 4)
		return data[0] != 0x45;
	return data[6] == 0 || data[6] == 43 || data[6] == 60;
}

/* The address that was asked for is the end of a source route; the stations on its way hear the packet first. */
static __noinline bool decide_station(u32 slot, struct work *work, const struct socket_row *row)
{
	struct answer first = work->answer;
	int both;

	work->peer = work->packet.peer;
	both = decide_of(slot, work, row, DECISION_EGRESS);
	stricter(&first, &work->answer);
	work->answer = first;
	return both;
}

static __always_inline bool inspect_row(struct __sk_buff *skb, u32 slot, struct work *work,
					struct socket_row *row, bool egress)
{
	struct inspection *inspection = &work->inspection;
	int found;

	inspection->ours = egress ? row->sent : row->heard;
	inspection->theirs = egress ? row->heard : row->sent;
	found = inspect(skb, slot);
	if (egress)
		row->sent = inspection->ours;
	else
		row->heard = inspection->ours;
	return found;
}

/* The first bytes that a process sends, where a rail against mining would look into them, and they are encrypted. */
static __noinline void look_for_tls(struct __sk_buff *skb, u32 slot, struct work *work,
				    const struct socket_row *row)
{
	if (row->sent.bytes || !client_hello(skb, slot))
		return;
	work->peer = work->packet.peer;
	if (decide_of(slot, work, row, DECISION_PROTOCOL))
		record_unseen(slot, row->image);
}

/* Whether there may be payload: most packets that only acknowledge are told apart by their size. */
static __always_inline bool may_carry(struct __sk_buff *skb)
{
	u8 *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 33 <= end && data[0] == 0x45 && data[9] == IPPROTO_TCP)
		return skb->len > 20 + (data[32] >> 4) * 4;
	if (data + 53 <= end && data[0] >> 4 == 6 && data[6] == IPPROTO_TCP)
		return skb->len > 40 + (data[52] >> 4) * 4;
	return true;
}

/* A packet for which the kept verdict is not enough. */
static __always_inline int decide_skb(struct __sk_buff *skb, const struct bpf_sock *sk, u32 slot,
				      struct work *work, struct socket_row *row, u32 generation, bool egress)
{
	volatile struct look *look = &work->look;
	struct packet *packet = &work->packet;
	struct answer *answer = &work->answer;

	look->held = holds_for_all(row, egress);
	look->mining = look->station = look->handshake = false;
	work->by_loop = false;
	if (parse(skb, slot, egress)) {
		/* fail closed where any policy of the subject restricts: nobody can say where it goes. */
		packet->peer.family = 0;
	} else if (row->kind == SOCKET_ASKED && !row->family) {
		row->family = packet->peer.family;
		row->port = packet->peer.port;
		__builtin_memcpy(row->address, packet->peer.address, sizeof(row->address));
	} else if (row->kind == SOCKET_ACCEPTED) {
		ends_of_socket(packet, sk);
	}
	packet->bound_port = sk->src_port;
	if (look->inspecting && egress && packet->payload)
		look_for_tls(skb, slot, work, row);
	if (look->inspecting && packet->payload && inspect_row(skb, slot, work, row, egress)) {
		row->stratum = STRATUM_SEEN;
		row->generation = 0;
		look->handshake = true;
	}
	if (!look->held && (look->connected || (row->kind == SOCKET_ASKED && row->protocol == IPPROTO_UDP &&
						is_at(row, &packet->peer))))
		look->held = true; /* the reply */
	if (look->held) {
		if (row->generation != generation) {
			count(COUNTER_PACKET_DECIDED);
			redecide(slot, work, row, generation);
		}
		answer->subject = row->carried ? row->carried : row->subject;
		answer->enforced = row->verdict;
		answer->audited =
			row->verdict == VERDICT_DENY || row->would_deny ? VERDICT_DENY : VERDICT_ALLOW;
		answer->rails = 0;
		answer->policy = row->policy;
		answer->rule = row->rule;
		look->mining = row->stratum == STRATUM_DENIES;
		if (look->options && packet->routed)
			look->station = decide_station(slot, work, row);
	} else if (look->sent) {
		/* Decided and counted when it was asked for. */
		answer_both(answer, VERDICT_ALLOW);
		look->mining = false;
		if (look->options && packet->routed) {
			answer->subject = row->carried ? row->carried : row->subject;
			look->station = decide_station(slot, work, row);
		}
	} else if (!egress && row->translates && answers_asked(skb, work) &&
		   !(decide_of(slot, work, row, DECISION_EGRESS) & VERDICTS_ENFORCED)) {
		if (answer->audited == VERDICT_DENY)
			record_network(slot, work, DECISION_EGRESS, HOOK_PACKET, row->image, 0);
		return ALLOW;
	} else {
		count(COUNTER_PACKET_DECIDED);
		look->mining = decide_packet(slot, work, row);
	}
	if (answer->enforced == VERDICT_ALLOW && egress && (look->sent || row->kind == SOCKET_ASKED) &&
	    row->protocol == IPPROTO_UDP && !look->connected)
		note_translated(skb, work, row);
	if (answer->enforced == VERDICT_ALLOW && !egress && work->by_loop && row->kind == SOCKET_BOUND &&
	    row->protocol == IPPROTO_UDP)
		note_heard(skb, work, row);
	if (answer->enforced == VERDICT_ALLOW && answer->audited == VERDICT_ALLOW)
		return ALLOW;
	if (look->handshake && !look->mining)
		record_handshake(slot, work, row);
	record_packet(slot, work, row, look->held && !look->station,
		      look->mining ? DECISION_PROTOCOL
		      : egress	   ? DECISION_EGRESS
				   : DECISION_INGRESS);
	return answer->enforced == VERDICT_DENY ? DENY : ALLOW;
}

/* Whether its payload is looked through. */
static __always_inline bool is_inspected(struct __sk_buff *skb, const struct control *control,
					 const struct socket_row *row, bool egress)
{
	return control->stratum_start && (egress ? row->sent.bytes : row->heard.bytes) < LIMIT_INSPECT &&
	       (row->protocol == IPPROTO_TCP || row->kind == SOCKET_RAW) && may_carry(skb);
}

static __always_inline int on_packet(struct __sk_buff *skb, bool egress)
{
	struct socket_row *row;
	struct control *control = control_row();
	struct bpf_sock *sk = skb->sk;
	struct work *work;
	volatile struct look *look;
	bool held;
	int slot, verdict;

	/* fail open: the kernel asks about full sockets only. What has none, or one that waits for a
	 * connection to be made or forgotten, answers with headers alone: no process's data is in it. */
	if (!sk)
		return ALLOW;
	sk = bpf_sk_fullsock(sk);
	if (!sk || !control)
		return ALLOW;
	row = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!row) {
		u64 subject = subject_of_socket(sk);

		/* A row costs what 50 of these look-ups do. Outside of every subject a short connection gets
		 * none, and a long one gets one sooner or later. */
		if (!subject && bpf_get_prandom_u32() % FREE_ROW_EVERY)
			return ALLOW;
		row = new_socket(sk);
		if (!row)
			return DENY; /* cannot happen: the spare row is preallocated */
		adopt(sk, row, subject, control->generation);
	} else if (row->kind == SOCKET_FREE && row->generation != control->generation) {
		/* A plan may have made a subject of its cgroup. */
		adopt(sk, row, subject_of_socket(sk), control->generation);
	}
	if (row->kind == SOCKET_FREE)
		return ALLOW;
	settle(row, sk);
	held = holds_for_all(row, egress);
	if (held && row->generation == control->generation && !row->would_deny &&
	    row->verdict == VERDICT_ALLOW && !asks_resolver(row) &&
	    !is_inspected(skb, control, row, egress) &&
	    !(egress && row->kind == SOCKET_ASKED && has_options(skb)) &&
	    (row->protocol != IPPROTO_UDP || hears_asked(row, sk) || goes_as_asked(skb, row)))
		return ALLOW;
	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work) /* fail closed where anything is enforced: there is no room to decide in */
		return enforces(row->subject) || enforces(row->carried) ? DENY : ALLOW;
	barrier(); /* what follows is looked at again, not carried over each way on which it comes here */
	work->since = 0;
	look = &work->look;
	look->inspecting = is_inspected(skb, control, row, egress);
	look->connected = hears_asked(row, sk);
	look->sent = egress && row->kind == SOCKET_BOUND && row->asked_generation == control->generation &&
		     names_each(row, sk);
	look->options = egress && (look->sent || (holds_for_all(row, egress) && row->kind == SOCKET_ASKED)) &&
			has_options(skb);
	look->resolving = asks_resolver(row);
	verdict = decide_skb(skb, sk, slot, work, row, control->generation, egress);
	if (verdict == ALLOW && (look->resolving || work->packet.peer.port == PORT_DNS))
		look_at_dns(skb, slot, work, row, egress);
	release_slot(slot);
	return verdict;
}

SEC("cgroup_skb/egress")
int packet_egress(struct __sk_buff *skb)
{
	return on_packet(skb, true);
}

SEC("cgroup_skb/ingress")
int packet_ingress(struct __sk_buff *skb)
{
	return on_packet(skb, false);
}
