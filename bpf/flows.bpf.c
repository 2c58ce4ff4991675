/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counting, for as long as somebody wants it: every connection and flow of every process below a cgroup, host services
 * included, with packets and bytes in both directions. An object of its own, so that nobody pays for it otherwise; it
 * runs beside the programs that decide, counts what they let through and what they drop alike, and decides nothing.
 *   cgroup/sock_create, connect4,6, sendmsg4,6   whose socket it is
 *   cgroup_skb/egress, cgroup_skb/ingress        packets */
#include "headers.bpf.h"

#define TCP_LISTEN 10
#define TCP_ACK 0x10

/* A socket that is accepted begins with a copy of its listener's. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct flow_owner);
} flow_owners __weak SEC(".maps");

/* Full: what has no row of its own is added to the row of zeros, so that sums stay exact. */
MAP(flows, BPF_MAP_TYPE_HASH, 65536, struct flow_key, struct flow_row, BPF_F_NO_PREALLOC);

static __always_inline void own(void *sk)
{
	struct flow_owner *owner, fresh = {};
	struct identity who;

	identity_of_current(&who);
	fresh.subject = who.subject ? who.subject : who.carried;
	if (!fresh.subject)
		fresh.subject = bpf_get_current_cgroup_id();
	fresh.image = who.image;
	fresh.pid = bpf_get_current_pid_tgid() >> 32;
	owner = bpf_sk_storage_get(&flow_owners, sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	/* Somebody else uses it now: a descriptor that was passed on, a child of whoever made it. */
	if (owner && owner->pid != fresh.pid) {
		owner->subject = fresh.subject;
		owner->image = fresh.image;
		owner->pid = fresh.pid;
	}
}

SEC("cgroup/sock_create")
int flow_create(struct bpf_sock *ctx)
{
	own(ctx);
	return ALLOW;
}

SEC("cgroup/connect4")
int flow_connect4(struct bpf_sock_addr *ctx)
{
	own(ctx->sk);
	return ALLOW;
}

SEC("cgroup/connect6")
int flow_connect6(struct bpf_sock_addr *ctx)
{
	own(ctx->sk);
	return ALLOW;
}

SEC("cgroup/sendmsg4")
int flow_sendmsg4(struct bpf_sock_addr *ctx)
{
	own(ctx->sk);
	return ALLOW;
}

SEC("cgroup/sendmsg6")
int flow_sendmsg6(struct bpf_sock_addr *ctx)
{
	own(ctx->sk);
	return ALLOW;
}

static __always_inline struct flow_row *flow_of(struct flow_key *key, u64 now)
{
	struct flow_row *row = bpf_map_lookup_elem(&flows, key), fresh = {};
	struct image_row *runs;
	u64 image = key->image;

	if (row)
		return row;
	runs = bpf_map_lookup_elem(&images, &image);
	fresh.exe = runs ? runs->exe.hash : 0;
	fresh.from = runs ? runs->from.hash : 0;
	fresh.first = now;
	bpf_map_update_elem(&flows, key, &fresh, BPF_NOEXIST);
	row = bpf_map_lookup_elem(&flows, key);
	if (row)
		return row;
	count(COUNTER_OBSERVED_LOST);
	__builtin_memset(key, 0, sizeof(*key));
	return bpf_map_lookup_elem(&flows, key);
}

static __always_inline void add(struct __sk_buff *skb, u32 slot, struct work *work, struct flow_owner *owner,
				bool listener, bool egress)
{
	struct packet *packet = &work->packet;
	u64 now = bpf_ktime_get_boot_ns();
	struct flow_key key = {};
	struct flow_row *row;
	bool begins;

	if (parse(skb, slot, egress))
		packet->peer.family = 0;
	begins = !owner->seen;
	if (begins) {
		owner->seen = 1;
		owner->incoming = !egress;
	}
	if (packet->peer.protocol == IPPROTO_TCP)
		begins = packet->syn && (egress ? !owner->incoming : listener);
	key.subject = owner->subject;
	key.image = owner->image;
	key.pid = owner->pid;
	key.protocol = packet->peer.protocol;
	key.family = packet->peer.family;
	key.incoming = owner->incoming;
	key.port = owner->incoming ? packet->local_port : packet->peer.port;
	__builtin_memcpy(key.address, packet->peer.address, sizeof(key.address));
	row = flow_of(&key, now);
	if (!row)
		return;
	row->last = now;
	if (begins)
		__sync_fetch_and_add(&row->connections, 1);
	__sync_fetch_and_add(egress ? &row->sent_packets : &row->heard_packets, 1);
	__sync_fetch_and_add(egress ? &row->sent_bytes : &row->heard_bytes, skb->len);
}

static __always_inline int on_packet(struct __sk_buff *skb, bool egress)
{
	struct flow_owner *owner, fresh = {};
	struct bpf_sock *sk = skb->sk;
	struct work *work;
	int slot;

	if (!sk)
		return ALLOW;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return ALLOW;
	owner = bpf_sk_storage_get(&flow_owners, sk, 0, 0);
	if (!owner) { /* from before the count */
		fresh.subject = subject_of_socket(sk);
		if (!fresh.subject)
			fresh.subject = bpf_sk_cgroup_id(sk);
		owner = bpf_sk_storage_get(&flow_owners, sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
		if (!owner) {
			count(COUNTER_OBSERVED_LOST);
			return ALLOW;
		}
	}
	slot = claim_slot();
	work = work_of(slot);
	if (slot < 0 || !work) {
		count(COUNTER_OBSERVED_LOST);
		return ALLOW;
	}
	add(skb, slot, work, owner, sk->state == TCP_LISTEN, egress);
	release_slot(slot);
	return ALLOW;
}

SEC("cgroup_skb/egress")
int flow_egress(struct __sk_buff *skb)
{
	return on_packet(skb, true);
}

SEC("cgroup_skb/ingress")
int flow_ingress(struct __sk_buff *skb)
{
	return on_packet(skb, false);
}

char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
