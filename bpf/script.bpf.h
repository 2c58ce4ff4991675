/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The path of a script under the `signal` mechanism. When the new image is in place the script's file is gone; what is
 * left is the text that exec was asked for, and only a plain absolute path counts. It is unlike a resolved path:
 *   - a symbolic link in it is not followed: it matches as it is spelled
 *   - its origin is not known, so `code: image` denies it
 *   - of a chain (a script whose interpreter is a script) only the first is seen. What runs is the last interpreter, and
 *     with these arguments anybody who may start it could start it
 * The other mechanisms see the files, each of a chain. */
#ifndef UNDERPIN_SCRIPT_BPF_H
#define UNDERPIN_SCRIPT_BPF_H

#include "path.bpf.h"

#define SCRIPT_PATH_MAX 256

static __always_inline bool is_below(const char *text, const char *folder, u32 length)
{
	for (u32 i = 0; i < length; i++)
		if (text[i] != folder[i])
			return false;
	return true;
}

/* Counters live in memory, which keeps the verifier from telling every position apart. */
struct script_walk {
	u32 component; /* bytes of the current one */
	u32 dots;      /* of them, leading dots */
	u64 word;
	u64 levels; /* components so far */
};

__weak __noinline int resolve_script(u32 slot, u64 filename)
{
	struct scratch *scratch = scratch_of(slot);
	struct work *work = work_of(slot);
	struct path_key *key;
	struct control *control = control_row();
	volatile struct script_walk *walk;
	char *text;
	struct sip sip;
	long length;

	if (!scratch || !work)
		return 0;
	key = &work->path[WORK_SCRIPT];
	walk = (void *)scratch->walk;
	text = scratch->text;
	__builtin_memset(key, 0, sizeof(*key));
	if (!control)
		return 0;
	walk->component = walk->dots = 0;
	walk->word = walk->levels = 0;
	sip_start(&sip, control->key);
	length = bpf_probe_read_kernel_str(text, SCRIPT_PATH_MAX, (void *)filename);
	scratch->text_length = length > 0 ? (length - 1) & (TEXT_SIZE - 1) : 0;
	scratch->path_length = scratch->text_length;
	key->state = PATH_RESOLVED;
	/* fail closed: a root or mounts of its own, and the text would be about other files. */
	if (!is_home(work, BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), fs, root.dentry), 1))
		key->state = PATH_UNRESOLVED;
	/* fail closed: relative, too long, with empty or dot components: matches nothing. */
	if (length < 2 || length >= SCRIPT_PATH_MAX || text[0] != '/')
		key->state = PATH_UNRESOLVED;
	/* fail closed: so does an open file by its number, which may have no path at all (a memory file). */
	if (is_below(text, "/dev/fd/", 8) || is_below(text, "/proc/", 6))
		key->state = PATH_UNRESOLVED;
	key->dirs[0] = sip_value(sip);
	key->dir_count = 1;
	for (u32 i = 1; i < SCRIPT_PATH_MAX; i++) {
		u32 n = walk->component;
		u64 levels;
		char c = text[i];

		if (c != '/' && c != 0) {
			if (c == '.' && walk->dots == n)
				walk->dots++;
			walk->word |= (u64)(u8)c << (n % 8 * 8);
			walk->component = n + 1;
			if (n % 8 == 7) {
				sip_absorb(&sip, walk->word);
				walk->word = 0;
			}
			continue;
		}
		if (n == 0 || n > NAME_MAX || (walk->dots == n && n <= 2)) {
			key->state = PATH_UNRESOLVED;
			break;
		}
		if (n % 8)
			sip_absorb(&sip, walk->word);
		sip_absorb(&sip, (u64)'/' << 56 | n);
		walk->component = walk->dots = 0;
		walk->word = 0;
		if (c == 0)
			break;
		walk->levels++;
		levels = walk->levels;
		if (levels < LIMIT_DIRS) {
			key->dirs[levels] = sip_value(sip);
			key->dir_count = levels + 1;
		}
	}
	if (key->state != PATH_RESOLVED) {
		count(COUNTER_PATH_UNRESOLVED);
		sip_absorb(&sip, key->state + 1);
	}
	key->hash = sip_value(sip);
	return 0;
}

#endif
