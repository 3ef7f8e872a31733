/* quantity - numbers of options, good ones and others */
#include <string.h>

#include "quantity.h"
#include "unit.h"

static void
check_hz(void)
{
	static const struct {
		const char *text;
		uint32_t hz;			/* 0: none */
	} given[] = {
		{ "867200000", 867200000 }, { "867.2M", 867200000 },
		{ "125k", 125000 }, { "7.8k", 7800 }, { "62.5k", 62500 },
		{ "2.4G", 2400000000 }, { "4294967295", 4294967295 },
		{ "433.775000M", 433775000 }, { ".868G", 868000000 },
		{ "868.M", 868000000 }, { "868.60000000M", 868600000 },
		{ "", 0 }, { "M", 0 }, { ".", 0 }, { ".M", 0 }, { "-1", 0 },
		{ "4294967296", 0 }, { "4.294967296G", 0 }, { "1.5", 0 },
		{ "868.6 M", 0 }, { "868.6MHz", 0 }, { "868,6M", 0 },
		{ "8.6.8M", 0 }, { "1e9", 0 }, { "868.6m", 0 },
		{ "867.1234567M", 0 }, { "99999999999999999999999999G", 0 },
	};
	size_t i;
	uint32_t hz;
	int good;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		good = ml_quantity_hz(given[i].text, &hz);
		ok(given[i].hz == 0 ? !good : good && hz == given[i].hz,
		    "\"%s\" Hz", given[i].text);
	}
}

static void
check_percent(void)
{
	static const struct {
		const char *text;
		unsigned value;			/* 0: none */
	} given[] = {
		{ "1", 100 }, { "0.1", 10 }, { "10", 1000 }, { "100", 10000 },
		{ "0.01", 1 }, { "1.50", 150 }, { "2.700", 270 },
		{ "0", 0 }, { "0.00", 0 }, { "0.001", 0 }, { "100.01", 0 },
		{ "1%", 0 }, { "", 0 }, { "-1", 0 }, { "none", 0 },
	};
	size_t i;
	unsigned v;
	int good;

	for (i = 0; i < sizeof given / sizeof given[0]; i++) {
		good = ml_quantity_percent(given[i].text, &v);
		ok(given[i].value == 0 ? !good : good && v == given[i].value,
		    "\"%s\" per cent", given[i].text);
	}
}

static void
check_bytes(void)
{
	uint64_t v;

	ok(ml_quantity_bytes("0", &v) && v == 0, "0 bytes");
	ok(ml_quantity_bytes("1.5M", &v) && v == 1500000, "1.5M bytes");
	ok(ml_quantity_bytes("9007199254740991", &v) &&
	    v == (UINT64_C(1) << 53) - 1, "the most bytes");
	ok(!ml_quantity_bytes("9007199254740992", &v) &&
	    !ml_quantity_bytes("99999999999999999999G", &v), "too many");
	ok(!ml_quantity_bytes("1.5", &v) && !ml_quantity_bytes("", &v) &&
	    !ml_quantity_bytes("k", &v) && !ml_quantity_bytes("-1", &v) &&
	    !ml_quantity_bytes("1kB", &v), "no bytes");
}

static void
check_real(void)
{
	double v;

	ok(ml_quantity_real("2.5", 0, 3, &v) && v == 2.5, "2.5 of 0 to 3");
	ok(ml_quantity_real(".000001", 0, 3, &v) && v == 1e-6, "a millionth");
	ok(ml_quantity_real("1e9", 0, 3, &v) == 0 &&
	    ml_quantity_real("nan", 0, 3, &v) == 0 &&
	    ml_quantity_real("0x1", 0, 3, &v) == 0 &&
	    ml_quantity_real("-1", 0, 3, &v) == 0 &&
	    ml_quantity_real("", 0, 3, &v) == 0 &&
	    ml_quantity_real("2 ", 0, 3, &v) == 0, "no number");
	ok(!ml_quantity_real("3.1", 0, 3, &v) &&
	    !ml_quantity_real("0.9", 1, 3, &v), "out of range");
}

static void
check_float(void)
{
	double v;

	ok(ml_quantity_float("1e-3", 0, 1, &v) && v == 1e-3 &&
	    ml_quantity_float("0x1p-2", 0, 1, &v) && v == 0.25 &&
	    ml_quantity_float(" 1", 0, 1, &v) && v == 1, "as strtod() takes it");
	ok(!ml_quantity_float("", 0, 1, &v) &&
	    !ml_quantity_float("1 ", 0, 1, &v) &&
	    !ml_quantity_float("x", 0, 1, &v), "no number at all");
	ok(!ml_quantity_float("1.1", 0, 1, &v) &&
	    !ml_quantity_float("-1e-9", 0, 1, &v) &&
	    !ml_quantity_float("inf", 0, 1, &v) &&
	    !ml_quantity_float("nan", 0, 1, &v), "out of range");
}

static void
check_int(void)
{
	int v;

	ok(ml_quantity_int("12", 5, 12, &v) && v == 12, "12 of 5 to 12");
	ok(ml_quantity_int("-1", -1, 12, &v) && v == -1, "-1 of -1 to 12");
	ok(!ml_quantity_int("13", 5, 12, &v), "13 of 5 to 12");
	ok(!ml_quantity_int("4", 5, 12, &v), "4 of 5 to 12");
	ok(!ml_quantity_int("7.5", 5, 12, &v), "7.5 is not whole");
	ok(!ml_quantity_int("7x", 5, 12, &v), "7x is none");
	ok(!ml_quantity_int("", 0, 12, &v), "nothing is none");
	ok(!ml_quantity_int("99999999999", 0, 12, &v), "a long one");
}

int
main(void)
{
	check_hz();
	check_percent();
	check_bytes();
	check_real();
	check_float();
	check_int();
	return unit_done();
}
