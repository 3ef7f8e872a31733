/* admit - whether an event may come in, by who wrote it */
#include "admit.h"
#include "seal.h"

struct ml_admit
ml_admit_author(const struct ml_trust *t, struct ml_slice own,
    struct ml_slice author)
{
	int mine = own.len > 0 && ml_slice_same(own, author);

	return (struct ml_admit){
		.keyed = mine || ml_trust_keyed(t, author),
		.plain = (mine && !ml_author_is_hash(author)) ||
		    ml_trust_plain(t, author),
		.listed = (uint8_t)ml_trust_is_listed(t, author),
	};
}

enum ml_admit_seal
ml_admit_needs_seal(const struct ml_admit *a, const struct ml_feed *f,
    const struct ml_event *e)
{
	uint8_t public[ML_PUBLIC_LEN];

	if (a->listed)
		return ML_SEAL_NEEDED;
	if (f->tip > 0)
		return f->keyed ? ML_SEAL_NEEDED : ML_SEAL_NOT_NEEDED;
	if (!ml_author_is_hash(f->author))
		return ML_SEAL_NOT_NEEDED;
	if (e->seq > 1)
		return a->plain ? ML_SEAL_OPEN : ML_SEAL_NEEDED;
	return ml_author_key(e, public) == NULL || !a->plain ?
	    ML_SEAL_NEEDED : ML_SEAL_NOT_NEEDED;
}

const char *
ml_admit_event(const struct ml_admit *a, const struct ml_feed *f,
    const struct ml_event *e)
{
	uint8_t public[ML_PUBLIC_LEN];
	enum ml_admit_seal seal = ml_admit_needs_seal(a, f, e);

	if (seal == ML_SEAL_NEEDED ? !a->keyed :
	    seal == ML_SEAL_NOT_NEEDED ? !a->plain : !a->keyed && !a->plain)
		return "author: not trusted";
	if (seal == ML_SEAL_NEEDED && f->tip == 0 && e->seq == 1)
		return ml_author_key(e, public);
	return NULL;
}
