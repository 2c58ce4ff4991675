/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Encrypted connections: their payload says nothing. Where they lead is kept for people; a verdict never depends on it. */
#ifndef UNDERPIN_TLS_BPF_H
#define UNDERPIN_TLS_BPF_H

#include "client-hello.bpf.h"
#include "socket.bpf.h"

/* Full: counted, and the report says how many are not listed. */
MAP(unseen, BPF_MAP_TYPE_HASH, 4096, struct unseen_key, struct unseen_row, BPF_F_NO_PREALLOC);

/* Who sent it is the socket's row; `work->answer` says which rail cannot look into it. */
__weak __noinline int record_unseen(u32 slot, u64 image)
{
	struct work *work = work_of(slot);
	struct unseen_key key = {};
	struct unseen_row *row, *known;
	struct image_row *runs;
	const u64 *words;
	u64 now = bpf_ktime_get_boot_ns();

	if (!work)
		return 0;
	row = unseen_of(work);
	words = (const u64 *)row->name;
	key.subject = work->answer.subject;
	key.image = image;
	key.port = work->packet.peer.port;
	key.family = work->packet.peer.family;
	__builtin_memcpy(key.address, work->packet.peer.address, sizeof(key.address));
	if (row->length)
		for (u32 i = 0; i < LIMIT_NAME / sizeof(u64); i++)
			key.name = (rotate(key.name, 5) ^ words[i]) * 0x9e3779b97f4a7c15ULL;
	known = bpf_map_lookup_elem(&unseen, &key);
	if (known) {
		__sync_fetch_and_add(&known->count, 1);
		known->last = now;
		return 0;
	}
	runs = bpf_map_lookup_elem(&images, &image);
	row->exe = runs ? runs->exe.hash : 0;
	row->from = runs ? runs->from.hash : 0;
	row->count = 1;
	row->first = row->last = now;
	row->policy = work->answer.policy;
	row->rule = work->answer.rule;
	if (bpf_map_update_elem(&unseen, &key, row, BPF_NOEXIST))
		count(COUNTER_UNSEEN_FULL);
	return 0;
}

#endif
