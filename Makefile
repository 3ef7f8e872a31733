# meshlog.  Everything that is built lands under $(B).
#   make            the tools            make check    all tests
#   make install    DESTDIR= PREFIX=     make san      tests under ASan and UBSan
#   make bench      figures              make lint     manual pages, scripts, headers
#   make bench-http ml-fetch beside others, on a server that breaks
#   make bench-merge  ml-merge beside other ways
#   make bench-journal   ml-journal beside what its document sketches
#   make torture    the proofs of meshlog-durability(7) at full length [S=seed] [T=name]
B          ?= build
PREFIX     ?= /usr/local
CFLAGS     ?= -O2 -g
WARN       ?= -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wmissing-prototypes
HARDEN     ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDFLAGS    ?= -pie -Wl,-z,relro,-z,now
PKG_CONFIG ?= pkg-config
DEST        = $(DESTDIR)$(PREFIX)
BASE       := -std=c11 -D_DEFAULT_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
              -Ilib $(shell $(PKG_CONFIG) --cflags nettle libsodium)
# A library's archive where it is installed: a tool that loads none starts sooner.
LIBS       := $(foreach l,nettle libsodium,$(or \
              $(wildcard $(shell $(PKG_CONFIG) --variable=libdir $l)/lib$(l:lib%=%).a), \
              $(shell $(PKG_CONFIG) --libs $l))) -Wl,--as-needed -lm -lz -pthread
SAN         = -fsanitize=address,undefined -fno-sanitize-recover=all
TOOLS      := $(patsubst cmd/%.c,$(B)/%,$(wildcard cmd/*.c))
UNITS      := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
REPLAYS    := $(patsubst tests/fuzz/%.c,$(B)/fuzz/replay-%,$(wildcard tests/fuzz/*.c))
HELPERS    := $(patsubst tests/help/%.c,$(B)/help/%,$(wildcard tests/help/*.c)) \
              $(patsubst tests/preload/%.c,$(B)/help/%.so,$(wildcard tests/preload/*.c))
PAGES      := $(wildcard man/*.[157])

all: $(TOOLS)
$(B)/ml-emit: LIBS += -ldl
$(B)/ml-fetch: LIBS += -lcurl -ljansson
$(B)/ml-radio: LIBS += -lserialport -ljansson
$(B)/ml-%: $(B)/cmd/ml-%.o $(B)/libmeshlog.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/unit/%: $(B)/tests/unit/%.o $(B)/libmeshlog.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/fuzz/replay-%: $(B)/tests/fuzz/%.o $(B)/tests/replay.o $(B)/libmeshlog.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/libmeshlog.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/help/%: $(B)/tests/help/%.o $(B)/libmeshlog.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/help/%.so: tests/preload/%.c $(wildcard tests/preload/*.h)
	@mkdir -p $(@D)
	$(CC) -shared -fPIC -O2 $(BASE) $(WARN) -o $@ $< -ldl
$(B)/libmeshlog.a: $(patsubst %.c,$(B)/%.o,$(wildcard lib/*.c))
	rm -f $@ && $(AR) rcs $@ $^
$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(WARN) $(HARDEN) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
tests: all $(UNITS) $(HELPERS) $(REPLAYS)
check: tests
	tests/run $(B) $(T)
san: ; $(MAKE) B=$(B)/san HARDEN= CFLAGS='-O1 -g -fno-omit-frame-pointer $(SAN)' LDFLAGS='$(SAN)' check
# make fuzz F=trust T=60 (seconds): needs clang; what it finds lands in $(B)/fuzz
fuzz: fuzzers
	mkdir -p $(B)/fuzz/$(F).found
	$(B)/clang/fuzz/$(F) -max_total_time=$(or $(T),60) -artifact_prefix=$(B)/fuzz/ \
	    $(B)/fuzz/$(F).found tests/corpus/$(F)
# a folder called clang may stand before it on the PATH
fuzzers: ; $(MAKE) B=$(B)/clang CC=$$(command -v clang || echo clang) HARDEN= CFLAGS='-O1 -g $(SAN) -fsanitize=fuzzer-no-link' \
	    LDFLAGS='$(SAN) -fsanitize=fuzzer' \
	    $(patsubst tests/fuzz/%.c,$(B)/clang/fuzz/%,$(wildcard tests/fuzz/*.c))
# ml-radio on a kernel's UART driver, in qemu
check-uart:
	scripts/check-uart
bench: all $(HELPERS)
	scripts/bench $(B)
bench-http: all $(HELPERS)
	scripts/bench-http $(B)
# 50 teams and a base camp on the web
bench-camp: tests
	scripts/bench-camp $(B)
bench-merge: all $(HELPERS)
	scripts/bench-merge $(B)
bench-journal: all $(HELPERS)
	scripts/bench-journal $(B)
torture: tests
	scripts/torture $(if $(S),-s $(S)) $(B) $(T)
lint:
	mandoc -Tlint -Wwarning $(PAGES)
	shellcheck .ci/run tests/run $(wildcard scripts/* tests/torture/*)
	for h in lib/*.h; do $(CC) $(BASE) $(WARN) -Werror -fsyntax-only -x c $$h || exit; done
install: all
	install -d $(DEST)/bin $(addprefix $(DEST)/share/man/man,1 5 7)
	install -m 755 $(TOOLS) $(wildcard scripts/ml-*) $(DEST)/bin
	for m in $(PAGES); do install -m 644 $$m $(DEST)/share/man/man$${m##*.}/ || exit; done
clean: ; rm -rf $(B)
.PHONY: all tests check check-uart san fuzz fuzzers bench bench-camp bench-http bench-journal bench-merge torture lint install clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
