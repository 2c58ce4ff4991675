/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Decisions about what a running process does besides talking: code it maps, files it opens, privileges it uses.
 * The process is known by its image; work->lineage says how it came into its container. */
#ifndef UNDERPIN_ACT_BPF_H
#define UNDERPIN_ACT_BPF_H

#include "ledger.bpf.h"
#include "image.bpf.h"
#include "family.bpf.h"

/* A kernel address as a number, for functions that take numbers only. */
static __always_inline u64 address_of(const void *object)
{
	u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &object);
	return address;
}

/* Adds to the slot's `all` and `some` the rules whose `files` this path, or part of one, matches, for one access. A function
 * of its own, so that the verifier walks it once and not for each directory. */
__weak __noinline int rules_of_file(u32 slot, u32 id, u32 kind, u64 hash, u32 access)
{
	/* An allow must cover every access that is asked for, a guard rail denies any of its own. */
	u64 reads = mask_of(access & ACCESS_READ), writes = mask_of(access & ACCESS_WRITE);
	struct exe_key key = {.ruleset = id, .kind = kind, .hash = hash};
	struct work *work = work_of(slot);
	struct file_row *row = bpf_map_lookup_elem(&files, &key);

	if (!work || !row)
		return 0;
	for (int i = 0; i < LIMIT_RULE_WORDS; i++) {
		u64 read = row->read.word[i], write = row->write.word[i];

		work->all.word[i] |= (read | ~reads) & (write | ~writes);
		work->some.word[i] |= (read & reads) | (write & writes);
	}
	return 0;
}

/* Path WORK_FILE of the slot, to be opened for `access` (enum access, one or both). */
__weak __noinline int decide_file(u32 slot, u64 subject, u64 image, u32 access)
{
	struct work *work = work_of(slot);
	struct exe_key key = {};
	const struct ruleset_row *ruleset;
	const struct path_key *path;
	struct rule_bits hit, *all, *some;
	struct file_row *row;
	u32 id = 0;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	ruleset = ruleset_of(subject, &id, &work->answer);
	if (!ruleset || !ruleset->decides_files)
		return verdicts(&work->answer);
	path = &work->path[WORK_FILE];
	all = &work->all;
	some = &work->some;
	*all = ruleset->any_file;
	__builtin_memset(some, 0, sizeof(*some));
	/* fail closed: a path that cannot be resolved is opened by no list, not even one of everything, and hits
	 * every guard rail: it could be another name of what that protects. */
	if (path->state != PATH_RESOLVED)
		*some = ruleset->file;
	if (path->state == PATH_RESOLVED) {
		rules_of_file(slot, id, PATH_EXACT, path->hash, access);
		for (u32 i = 0; ruleset->file_below && i < LIMIT_DIRS; i++) {
			if (i >= path->dir_count)
				break;
			rules_of_file(slot, id, PATH_BELOW, path->dirs[i], access);
		}
		key.ruleset = id;
		key.kind = PATH_ABOVE;
		key.hash = path->hash;
		row = access & ACCESS_MOVE ? bpf_map_lookup_elem(&files, &key) : 0;
		if (row)
			bits_or(some, &row->write);
	}
	grants_of_image(id, ruleset, image, &hit);
	bits_and(&hit, &ruleset->file);
	bits_of_lineage(ruleset, work->lineage, &hit);
	for (int i = 0; i < LIMIT_RULE_WORDS; i++)
		hit.word[i] &=
			(all->word[i] & ~ruleset->deny.word[i]) | (some->word[i] & ruleset->deny.word[i]);
	judge(id, ruleset, &hit, &ruleset->restricts_files, &work->answer);
	return verdicts(&work->answer);
}

/* `privilege`: a capability's number, or enum privilege. */
__weak __noinline int decide_privilege(u32 slot, u64 subject, u64 image, u32 privilege)
{
	struct work *work = work_of(slot);
	struct privilege_key key = {.privilege = privilege};
	const struct ruleset_row *ruleset;
	struct rule_bits hit;
	u32 id = 0;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	ruleset = ruleset_of(subject, &id, &work->answer);
	if (!ruleset || !ruleset->decides_privileges)
		return verdicts(&work->answer);
	key.ruleset = id;
	grants_of_image(id, ruleset, image, &hit);
	bits_and(&hit, &ruleset->privilege);
	bits_of_lineage(ruleset, work->lineage, &hit);
	bits_narrow(&hit, &ruleset->any_privilege, bpf_map_lookup_elem(&privileges, &key));
	judge(id, ruleset, &hit, &ruleset->restricts_privileges, &work->answer);
	return verdicts(&work->answer);
}

/* Making memory executable: `origin` of what is in it. Guard rails for every process, so no image is asked for. */
__weak __noinline int decide_code(u32 slot, u64 subject, u32 origin)
{
	struct work *work = work_of(slot);
	const struct ruleset_row *ruleset;
	u32 id = 0;

	if (!work)
		return VERDICTS_DENY; /* fail closed; cannot happen */
	ruleset = ruleset_of(subject, &id, &work->answer);
	if (!ruleset || !ruleset->decides_code || origin == ORIGIN_IMAGE)
		return verdicts(&work->answer);
	/* fail closed: what nobody could tell counts as another file. */
	judge(id, ruleset, origin == ORIGIN_MEMORY ? &ruleset->code_memory : &ruleset->code_file, 0,
	      &work->answer);
	return verdicts(&work->answer);
}

/* `detail`: access, privilege or origin. */
static __always_inline int decide_act(u32 slot, u32 decision, u64 subject, u64 image, u32 detail)
{
	if (decision == DECISION_FILE)
		return decide_file(slot, subject, image, detail);
	if (decision == DECISION_PRIVILEGE)
		return decide_privilege(slot, subject, image, detail);
	if (decision == DECISION_SOCKET)
		return decide_socket(slot, subject, image, detail);
	return decide_code(slot, subject, detail);
}

/* The same with each subject of a process that carries several: the strictest wins. */
static __always_inline int decide_act_for(u32 slot, struct work *work, u32 decision,
					  const struct identity *who, u32 detail)
{
	int both = decide_act(slot, decision, who->subject, who->image, detail);

	if (!who->carried)
		return both;
	return STRICTEST_OF(work, both, who->subject, who->carried, other,
			    decide_act(slot, decision, other, who->image, detail));
}

/* What the slot's answer is about: `detail` as above, and where `path` says so the slot's WORK_FILE. */
static __always_inline void record_act(u32 slot, struct work *work, u32 decision, u32 hook,
				       const struct identity *who, u32 detail, bool path)
{
	struct ledger_key *key = &work->key;
	struct image_row *image = bpf_map_lookup_elem(&images, &who->image);
	u64 exe = 0, from = 0, hash;

	if (image) {
		exe = image->exe.hash;
		from = image->from.hash;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->decision = decision;
	key->hook = hook;
	key->image = who->image;
	if (decision == DECISION_CODE)
		key->origin = detail;
	else
		key->port = detail;
	if (path) {
		remember_name(slot, WORK_FILE);
		hash = work->path[WORK_FILE].hash;
		__builtin_memcpy(key->address, &hash, sizeof(hash));
	}
	record(slot, exe, from, bpf_get_current_pid_tgid() >> 32);
}

#endif
